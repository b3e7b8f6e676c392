//! Table cells: JSONPath for printer columns, and ages.

mod duration;
mod jsonpath;

use jiff::Timestamp;
use serde_json::Value;

pub use duration::human_duration;
pub use jsonpath::JsonPath;

use crate::go::go_float;

/// The cell of a printer column: a string, number or boolean, or `null` when there is nothing to show. `column_type`
/// is the column's `type` (`integer`, `number`, `string`, `boolean`, `date`); dates become ages (`5m3s`).
#[must_use]
pub fn cell(path: &JsonPath, column_type: &str, object: &Value, now: Timestamp) -> Value {
    let Some(value) = path.find(object).into_iter().next() else { return Value::Null };
    match column_type {
        "string" => Value::String(text(value)),
        "integer" => match value.as_i64() {
            Some(n) => Value::from(n),
            None => value.as_f64().map_or(Value::Null, |f| Value::from(f.trunc() as i64)),
        },
        "number" => value.as_f64().map_or(Value::Null, Value::from),
        "boolean" => value.as_bool().map_or(Value::Null, Value::Bool),
        "date" => value.as_str().map_or(Value::Null, |time| Value::String(age(time, now))),
        _ => Value::Null,
    }
}

/// How long ago an RFC 3339 time was: `<unknown>` for an empty one, `<invalid>` for nonsense.
#[must_use]
pub fn age(time: &str, now: Timestamp) -> String {
    if time.is_empty() || time == "null" {
        return "<unknown>".to_owned();
    }
    match time.parse::<Timestamp>() {
        Ok(time) => human_duration(now.duration_since(time).as_secs()),
        Err(_) => "<invalid>".to_owned(),
    }
}

/// A value as client-go's jsonpath prints it: strings bare, objects and lists as JSON.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(s) => s.clone(),
        Value::Number(n) if n.is_f64() => go_float(n.as_f64().unwrap_or_default()),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn cells_by_type() {
        let now: Timestamp = "2024-01-01T01:00:00Z".parse().unwrap();
        let object = json!({
            "metadata": {"creationTimestamp": "2024-01-01T00:54:57Z"},
            "spec": {"replicas": 3, "list": [1, "a"], "f": 2.7, "on": true},
            "status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Other", "status": "False"}]},
        });
        let cases = [
            (".metadata.creationTimestamp", "date", json!("5m3s")),
            (".spec.replicas", "integer", json!(3)),
            (".spec.replicas", "string", json!("3")),
            (".spec.f", "integer", json!(2)),
            (".spec.f", "number", json!(2.7)),
            (".spec.on", "boolean", json!(true)),
            (".spec.list", "string", json!("[1,\"a\"]")),
            (".spec.missing", "string", Value::Null),
            (".spec.replicas", "date", Value::Null),
            (".status.conditions[?(@.type==\"Ready\")].status", "string", json!("True")),
        ];
        for (path, column_type, want) in cases {
            assert_eq!(cell(&JsonPath::parse(path).unwrap(), column_type, &object, now), want, "{path} {column_type}");
        }
        assert_eq!(age("", now), "<unknown>");
        assert_eq!(age("x", now), "<invalid>");
    }
}
