//! The recorded table of conditions: what a controller of the original wrote into the measurements.

use rollouts_api::Clock;
use rollouts_expr::{Expr, Value, measure};

/// Columns: what the provider delivered, the two conditions, the phase, the message. Newlines are written `\n`.
const TABLE: &str = include_str!("expressions.tsv");

/// What a provider of the table's first column delivers.
fn delivered(text: &str) -> Value {
    let float = |text: &str| text.parse::<f64>().expect("a number");
    let (provider, rest) = text.split_once(' ').expect("a provider");
    match (provider, rest.split_once(' ')) {
        ("web", Some(("json", json))) => serde_json::from_str::<serde_json::Value>(json).expect("JSON").into(),
        ("web", Some(("text", text))) => Value::String(text.to_owned()),
        _ => match rest.strip_prefix("scalar:") {
            Some(number) => Value::Float(float(number)),
            None => Value::Floats(rest.split(',').map(float).collect()),
        },
    }
}

#[test]
fn every_row() {
    let expr = Expr::new(Clock::new(|| "2026-01-02T03:04:05Z".parse().expect("a time")));
    let mut rows = 0;
    let mut wrong = Vec::new();
    for row in TABLE.lines().skip(1) {
        let [result, success, failure, phase, message] = row.split('\t').collect::<Vec<_>>()[..] else {
            panic!("not five columns: {row}");
        };
        let (success, failure) = (success.replace("\\n", "\n"), failure.replace("\\n", "\n"));
        let (got, said) = measure(&expr, &success, &failure, &delivered(result));
        let said = said.unwrap_or_default().replace('\n', "\\n");
        if (got.as_str(), said.as_str()) != (phase, message) {
            wrong.push(format!("{row}\n    ours: {} {said}", got.as_str()));
        }
        rows += 1;
    }
    assert!(wrong.is_empty(), "{} of {rows} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(rows, 267);
}
