//! Annotated CSV: tables whose columns have types.

use super::csv;
use rollouts_expr::Value;

/// Column with the value of a record.
const VALUE: &str = "_value";

/// What is known of the table that is being read.
#[derive(Default)]
struct Table {
    datatypes: Vec<String>,
    defaults: Vec<String>,
    header: Option<Vec<String>>,
}

/// The `_value` of each record of all tables; nothing for a record without one.
pub(super) fn values(text: &str) -> Result<Vec<Value>, String> {
    let mut table = Table::default();
    let mut values = Vec::new();
    for record in csv::records(text) {
        match record.first().map_or("", String::as_str) {
            "#datatype" => table = Table { datatypes: record, ..Table::default() },
            "#default" => table.defaults = record,
            "#group" => {}
            _ => match &table.header {
                None => table.header = Some(record),
                Some(header) => values.push(table.value(header, &record)?),
            },
        }
    }
    Ok(values)
}

impl Table {
    fn value(&self, header: &[String], record: &[String]) -> Result<Value, String> {
        let at = |name: &str| header.iter().position(|column| column == name);
        if let Some(error) = at("error") {
            return Err(error_of(record, error, at("reference")));
        }
        if self.datatypes.is_empty() {
            return Err("the answer does not say of what types its columns are".to_owned());
        }
        let Some(column) = at(VALUE) else { return Ok(Value::Nil) };
        let written = record.get(column).filter(|text| !text.is_empty()).or(self.defaults.get(column));
        let datatype = self.datatypes.get(column).map_or("", String::as_str);
        typed(datatype, written.map_or("", String::as_str))
    }
}

/// A query that fails while it runs ends with a table of its own.
fn error_of(record: &[String], error: usize, reference: Option<usize>) -> String {
    let text = |column: usize| record.get(column).map_or("", String::as_str);
    match (text(error), reference.map_or("", text)) {
        ("", _) => "unknown query error".to_owned(),
        (error, "") => error.to_owned(),
        (error, reference) => format!("{error},{reference}"),
    }
}

/// Times, durations and binary data are texts.
fn typed(datatype: &str, text: &str) -> Result<Value, String> {
    let failed = || format!("{text:?} is no {datatype}");
    match datatype {
        "string" | "tag" => Ok(Value::String(text.to_owned())),
        _ if text.is_empty() => Ok(Value::Nil),
        "double" => text.parse().map(Value::Float).map_err(|_| failed()),
        "long" => text.parse().map(Value::Int).map_err(|_| failed()),
        "unsignedLong" => {
            let number: u64 = text.parse().map_err(|_| failed())?;
            // What is beyond the integers of expressions is a float there, too.
            Ok(i64::try_from(number).map_or(Value::Float(number as f64), Value::Int))
        }
        "boolean" => match text {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(failed()),
        },
        _ => Ok(Value::String(text.to_owned())),
    }
}
