//! What Go's expr 1.17.8 makes of expressions, value by value.

use crate::check;
use crate::env::Environment;
use crate::eval;
use crate::eval::value::Val;
use crate::fold;
use crate::go::print;
use crate::syntax::parser;
use crate::types::Type;
use crate::value::Value;
use rollouts_api::field::quote;
use std::collections::BTreeMap;

/// `tests/go.tsv`: first the results under their names (`@name`, result); then the name of a result, the expression,
/// whether it was refused (`COMPILE`), failed (`RUN`) or had a value (`OK`), and the message or the value. Newlines are
/// written `\n`. The last few thousand expressions are random.
const TABLE: &str = include_str!("../tests/go.tsv");

fn result(text: &str) -> Value {
    let float = |text: &str| crate::go::strconv::parse_float(text).expect("a float");
    if let Some(json) = text.strip_prefix("web json ") {
        return serde_json::from_str::<serde_json::Value>(json).expect("JSON").into();
    }
    if let Some(text) = text.strip_prefix("web text ") {
        return Value::String(text.to_owned());
    }
    if let Some(number) = text.strip_prefix("prometheus scalar:") {
        return Value::Float(float(number));
    }
    let numbers = text.strip_prefix("prometheus ").expect("a known result");
    Value::Floats(numbers.split(',').filter(|number| !number.is_empty()).map(float).collect())
}

fn show(val: &Val) -> String {
    let plain = print::plain(val);
    match val {
        Val::Nil => "nil".to_owned(),
        Val::Float(_) => format!("float {plain}"),
        Val::Time(_) => format!("time {plain}"),
        Val::Duration(_) => format!("duration {plain}"),
        Val::Text(text) => format!("string {}", quote(text)),
        other => format!("{} {plain}", other.type_name()),
    }
}

/// The third and fourth column.
fn outcome(source: &str, result: &Value) -> (&'static str, String) {
    let environment = Environment {
        result: Some((Type::of(result), Val::from(result))),
        now: jiff::Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC),
    };
    let compiled = parser::parse(source).and_then(|mut tree| {
        check::check(&mut tree, &environment)?;
        fold::fold(&mut tree)?;
        Ok(tree)
    });
    match compiled {
        Err(why) => ("COMPILE", why.to_string()),
        Ok(tree) => match eval::run(&tree, &environment) {
            Err(why) => ("RUN", why.to_string()),
            Ok(val) => ("OK", show(&val)),
        },
    }
}

#[test]
fn as_go_does() {
    let mut wrong = Vec::new();
    let (results, rows): (Vec<_>, Vec<_>) = TABLE.lines().partition(|row| row.starts_with('@'));
    let results: BTreeMap<&str, Value> =
        results.iter().filter_map(|row| row.split_once('\t')).map(|(name, text)| (name, result(text))).collect();
    for row in &rows {
        let [from, source, kind, said] = row.split('\t').collect::<Vec<_>>()[..] else { panic!("{row}") };
        let (got_kind, got) = outcome(&source.replace("\\n", "\n"), &results[format!("@{from}").as_str()]);
        let got = got.replace('\n', "\\n").replace('\t', "\\t");
        if (got_kind, got.as_str()) != (kind, said) {
            wrong.push(format!(
                "{source}\n    Go:   {kind} {said}\n    ours: {got_kind} {got}   [{}]",
                &from[..from.len().min(30)]
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}
