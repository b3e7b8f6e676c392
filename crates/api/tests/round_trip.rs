//! Nothing that users or the Go controller write gets lost between reading and writing an object.

use rollouts_api::{AnalysisRun, AnalysisTemplate, Experiment, Rollout};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

fn round_trip<T: DeserializeOwned + Serialize>(object: &Value) -> Value {
    let typed: T = serde_json::from_value(object.clone()).unwrap_or_else(|e| panic!("{e}: {object}"));
    serde_json::to_value(typed).expect("types serialise")
}

/// Paths of what is in `before` and not in `after`. A zero value may go: absent means the same.
fn lost(before: &Value, after: &Value, path: &str, out: &mut Vec<String>) {
    let zero = match before {
        Value::Null | Value::Bool(false) => true,
        Value::Number(n) => n.as_f64() == Some(0.0),
        Value::String(s) => s.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(true) => false,
    };
    match (before, after) {
        (Value::Object(b), Value::Object(_)) => {
            b.iter().for_each(|(k, v)| lost(v, &after[k], &format!("{path}.{k}"), out))
        }
        (Value::Array(b), Value::Array(a)) if a.len() == b.len() => {
            b.iter().zip(a).enumerate().for_each(|(i, (b, a))| lost(b, a, &format!("{path}[{i}]"), out));
        }
        (_, Value::Null) if zero => {}
        _ if before == after => {}
        _ => out.push(format!("{path}: {before} became {after}")),
    }
}

#[test]
fn recorded_objects() {
    let mut losses = Vec::new();
    for line in include_str!("data/objects.jsonl").lines() {
        let case: Value = serde_json::from_str(line).expect("JSON");
        let (kind, before) = (case["kind"].as_str().expect("kind"), &case["object"]);
        let after = match kind {
            "Rollout" => round_trip::<Rollout>(before),
            "AnalysisTemplate" => round_trip::<AnalysisTemplate>(before),
            "AnalysisRun" => round_trip::<AnalysisRun>(before),
            "Experiment" => round_trip::<Experiment>(before),
            other => panic!("{other}"),
        };
        lost(before, &after, kind, &mut losses);
        if !before["spec"].is_null() {
            added(&before["spec"], &after["spec"], &format!("{kind}.spec"), &mut losses);
        }
    }
    assert!(losses.is_empty(), "{}", losses.join("\n"));
}

/// Paths of what is in `after` and not in `before`: writing an object back must not change its spec.
fn added(before: &Value, after: &Value, path: &str, out: &mut Vec<String>) {
    // Go writes these even when they are empty, and the hash of the steps depends on it.
    let always = [".metadata", ".analysisRunMetadata"].iter().any(|name| path.ends_with(name)) && *after == json!({});
    match (before, after) {
        (Value::Object(_), Value::Object(a)) => {
            a.iter().for_each(|(k, v)| added(&before[k], v, &format!("{path}.{k}"), out));
        }
        (Value::Array(b), Value::Array(a)) => {
            b.iter().zip(a).for_each(|(b, a)| added(b, a, &format!("{path}[]"), out));
        }
        (Value::Null, after) if !always => out.push(format!("{path}: {after} was added")),
        _ => {}
    }
}
