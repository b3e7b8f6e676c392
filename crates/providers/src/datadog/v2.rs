//! The second version of the API: scalars, one for each group if the query groups.

use super::{Query, body, nothing};
use crate::http::{Request, Response};
use crate::reading::{Failure, Reading, Result};
use crate::text;
use rollouts_expr::Value;
use serde::{Deserialize, Serialize};

/// Makes one value of each series unless the metric says otherwise.
const AGGREGATOR: &str = "last";
/// How many groups the metadata shows: half of them the lowest, half the highest.
const GROUPS_MAX: usize = 100;

#[derive(Serialize)]
struct Question<'a> {
    data: QuestionData<'a>,
}

#[derive(Serialize)]
struct QuestionData<'a> {
    attributes: Attributes<'a>,
    r#type: &'static str,
}

#[derive(Serialize)]
struct Attributes<'a> {
    /// Milliseconds.
    from: i64,
    to: i64,
    queries: Vec<Named<'a>>,
    formulas: Vec<Formula<'a>>,
}

#[derive(Serialize)]
struct Named<'a> {
    aggregator: &'a str,
    data_source: &'static str,
    name: &'a str,
    query: &'a str,
}

#[derive(Serialize)]
struct Formula<'a> {
    formula: &'a str,
}

pub(super) fn request(query: &Query<'_>) -> Request {
    let metric = query.metric;
    let aggregator = if metric.aggregator.is_empty() { AGGREGATOR } else { &metric.aggregator };
    let named = |(name, query)| Named { aggregator, data_source: "metrics", name, query };
    let lone = Some(("query", metric.query.as_str())).filter(|(_, query)| !query.is_empty());
    let many = metric.queries.iter().map(|(name, query)| (name.as_str(), query.as_str()));
    let formula = Some(metric.formula.as_str()).filter(|formula| !formula.is_empty());
    let attributes = Attributes {
        from: query.from.as_millisecond(),
        to: query.to.as_millisecond(),
        queries: lone.into_iter().chain(many).map(named).collect(),
        formulas: formula.map(|formula| Formula { formula }).into_iter().collect(),
    };
    let question = Question { data: QuestionData { attributes, r#type: "scalar_request" } };
    Request::new("POST", "/api/v2/query/scalar", query.timeout).body(text::marshal(&question))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    data: Data,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Data {
    attributes: Columns,
    errors: Option<serde_json::Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Columns {
    columns: Vec<Column>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Column {
    name: String,
    r#type: String,
    values: Vec<serde_json::Value>,
}

/// A group as the metadata shows it.
struct Group {
    name: String,
    value: f64,
}

pub(super) fn parse(response: &Response) -> Result {
    let Data { attributes: Columns { columns }, errors } = body::<Answer>(response)?.data;
    let errors = errors.filter(|errors| !errors.is_null() && errors.as_str() != Some(""));
    if let Some(errors) = errors {
        let errors = errors.as_str().map_or_else(|| errors.to_string(), str::to_owned);
        return Err(Failure::new(format!("There were errors in your query: {errors}")));
    }
    let (labels, others): (Vec<Column>, Vec<Column>) = columns.into_iter().partition(|c| c.r#type == "group");
    let Some(numbers) = others.into_iter().find(|c| matches!(c.r#type.as_str(), "number" | "")) else {
        return Ok(nothing("[]"));
    };
    let mut groups = Vec::new();
    for (index, raw) in numbers.values.iter().enumerate().filter(|(_, raw)| !raw.is_null()) {
        let value = raw.as_f64().ok_or_else(|| {
            let column = &numbers.name;
            Failure::new(format!("could not parse numeric value \"{raw}\" in column \"{column}\": it is no number"))
        })?;
        let name = labels.iter().map(|column| label(column, index)).collect::<Result<Vec<_>>>()?.join(",");
        groups.push(Group { name, value });
    }
    match groups.first() {
        None => Ok(nothing("[]")),
        Some(only) if labels.is_empty() => Ok(Reading::new(Value::Float(only.value), text::float(only.value))),
        Some(_) => Ok(grouped(groups)),
    }
}

/// The label of a group in one column: its tags.
fn label(column: &Column, index: usize) -> Result<String> {
    let failed = || Failure::new(format!("could not parse group label at index {index}"));
    match column.values.get(index).ok_or_else(failed)? {
        serde_json::Value::String(tag) => Ok(tag.clone()),
        serde_json::Value::Array(tags) => {
            let tags = tags.iter().map(|tag| tag.as_str().ok_or_else(failed)).collect::<Result<Vec<_>>>()?;
            Ok(tags.join(","))
        }
        _ => Err(failed()),
    }
}

fn grouped(mut groups: Vec<Group>) -> Reading {
    let values: Vec<f64> = groups.iter().map(|group| group.value).collect();
    let text = text::floats(&values);
    let mut reading = Reading::new(Value::Floats(values), text);
    if groups.len() > GROUPS_MAX {
        groups.sort_by(|a, b| a.value.total_cmp(&b.value));
        groups.drain(GROUPS_MAX / 2..groups.len() - GROUPS_MAX / 2);
        reading.metadata.insert("groups_truncated".to_owned(), "true".to_owned());
    }
    let shown = groups.into_iter().map(|group| {
        let pairs = [("name", Value::String(group.name)), ("value", Value::Float(group.value))];
        Value::Map(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    });
    reading.metadata.insert("groups".to_owned(), text::json(&Value::List(shown.collect())));
    reading
}
