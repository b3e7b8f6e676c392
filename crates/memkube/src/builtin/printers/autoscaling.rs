//! Autoscalers and disruption budgets.

use super::format::{age, int_or_string, name, number};
use jiff::Timestamp;
use rollouts_api::pod_template::json::{get, int, list, text};
use serde_json::Value;

/// How many metrics a cell shows.
const SHOWN: usize = 2;
const UNKNOWN: &str = "<unknown>";

pub(super) fn autoscaler(obj: &Value, now: Timestamp) -> Vec<Value> {
    let (spec, status) = (&obj["spec"], &obj["status"]);
    let target = &spec["scaleTargetRef"];
    let min = int(spec, "minReplicas").map_or_else(|| "<unset>".to_string(), |n| n.to_string());
    vec![
        name(obj),
        format!("{}/{}", text(target, "kind"), text(target, "name")).into(),
        metrics(spec, status).into(),
        min.into(),
        number(spec, "maxReplicas"),
        number(status, "currentReplicas"),
        age(obj, now),
    ]
}

fn metrics(spec: &Value, status: &Value) -> String {
    let current = list(status, "currentMetrics");
    let mut shown: Vec<String> = list(spec, "metrics")
        .iter()
        .enumerate()
        .map(|(i, metric)| one_metric(metric, current.get(i).unwrap_or(&Value::Null)))
        .collect();
    if let Some(percent) = int(spec, "targetCPUUtilizationPercentage") {
        let current = int(status, "currentCPUUtilizationPercentage");
        let current = current.map_or_else(|| UNKNOWN.to_string(), |n| format!("{n}%"));
        shown.push(format!("cpu: {current}/{percent}%"));
    }
    match shown.len() {
        0 => "<none>".to_string(),
        n if n > SHOWN => format!("{} + {} more...", shown[..SHOWN].join(", "), n - SHOWN),
        _ => shown.join(", "),
    }
}

fn one_metric(metric: &Value, status: &Value) -> String {
    let kind = text(metric, "type");
    let field = match kind {
        "External" => "external",
        "Pods" => "pods",
        "Object" => "object",
        "Resource" => "resource",
        "ContainerResource" => "containerResource",
        _ => return "<unknown type>".to_string(),
    };
    let (source, target) = (&metric[field], &metric[field]["target"]);
    let current = get(status, field).map(|s| &s["current"]);
    let amount = |key: &str| current.and_then(|c| get(c, key)).map_or_else(|| absent(current), int_or_string);
    let average = get(target, "averageValue").map(int_or_string);
    match (kind, average) {
        ("Pods", average) => format!("{}/{}", amount("averageValue"), average.unwrap_or_else(|| "0".to_string())),
        ("External" | "Object", Some(average)) => {
            let current = current.and_then(|c| get(c, "averageValue")).map_or(UNKNOWN.to_string(), int_or_string);
            format!("{current}/{average} (avg)")
        }
        ("External" | "Object", None) => {
            format!("{}/{}", amount("value"), get(target, "value").map_or("<nil>".to_string(), int_or_string))
        }
        (_, Some(average)) => format!("{}: {}/{average}", text(source, "name"), amount("averageValue")),
        (_, None) => {
            let percent = |v: Option<i64>, instead: &str| v.map_or_else(|| instead.to_string(), |n| format!("{n}%"));
            let current = percent(current.and_then(|c| int(c, "averageUtilization")), UNKNOWN);
            let target = percent(int(target, "averageUtilization"), "<auto>");
            format!("{}: {current}/{target}", text(source, "name"))
        }
    }
}

/// What Go prints for an amount that a present status lacks.
fn absent(current: Option<&Value>) -> String {
    if current.is_some() { "<nil>" } else { UNKNOWN }.to_string()
}

pub(super) fn budget(obj: &Value, now: Timestamp) -> Vec<Value> {
    let bound = |key| Value::from(get(&obj["spec"], key).map_or_else(|| "N/A".to_string(), int_or_string));
    vec![
        name(obj),
        bound("minAvailable"),
        bound("maxUnavailable"),
        number(&obj["status"], "disruptionsAllowed"),
        age(obj, now),
    ]
}
