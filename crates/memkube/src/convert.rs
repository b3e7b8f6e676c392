//! Between the version a client speaks and the version objects are stored in.

use crate::resource::Resource;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// The object as clients of `resource` see it.
pub fn from_storage<'v>(resource: &Resource, stored: &'v Value) -> Cow<'v, Value> {
    let api_version = resource.api_version();
    if stored.get("apiVersion").and_then(Value::as_str) == Some(api_version.as_str()) {
        return Cow::Borrowed(stored);
    }
    let mut object = stored.clone();
    object["apiVersion"] = json!(api_version);
    match (resource.group.as_str(), resource.plural.as_str()) {
        ("events.k8s.io", "events") => {
            rename(&mut object, EVENT_FIELDS, false);
            if let Some(map) = object.as_object_mut() {
                map.retain(|k, v| !(matches!(k.as_str(), "reportingController" | "reportingInstance") && v == ""));
            }
        }
        ("autoscaling", _) if resource.version == "v1" => hpa_to_v1(&mut object),
        _ => {}
    }
    Cow::Owned(object)
}

/// The object as it is stored.
pub fn to_storage(resource: &Resource, mut object: Value) -> Value {
    let storage = resource.storage_api_version();
    if object.get("apiVersion").and_then(Value::as_str) == Some(storage.as_str()) {
        return object;
    }
    object["apiVersion"] = json!(storage);
    match (resource.group.as_str(), resource.plural.as_str()) {
        ("events.k8s.io", "events") => rename(&mut object, EVENT_FIELDS, true),
        ("autoscaling", _) if resource.version == "v1" => hpa_to_v2(&mut object),
        _ => {}
    }
    object
}

/// Core name and newer name of event fields.
const EVENT_FIELDS: &[(&str, &str)] = &[
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("reportingComponent", "reportingController"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
];

fn rename(object: &mut Value, fields: &[(&str, &str)], to_first: bool) {
    let Some(map) = object.as_object_mut() else { return };
    for (core, newer) in fields {
        let (from, to) = if to_first { (newer, core) } else { (core, newer) };
        if let Some(value) = map.remove(*from) {
            map.insert((*to).to_owned(), value);
        }
    }
}

fn part<'v>(object: &'v mut Value, key: &str) -> Option<&'v mut Map<String, Value>> {
    object.get_mut(key)?.as_object_mut()
}

fn cpu_utilization(target: Value) -> Value {
    json!([{"type": "Resource", "resource": {
        "name": "cpu", "target": {"type": "Utilization", "averageUtilization": target}}}])
}

fn hpa_to_v2(object: &mut Value) {
    if let Some(spec) = part(object, "spec")
        && let Some(target) = spec.remove("targetCPUUtilizationPercentage")
    {
        spec.insert("metrics".into(), cpu_utilization(target));
    }
    if let Some(status) = part(object, "status") {
        let metric = status.remove("currentCPUUtilizationPercentage").map_or(Value::Null, |current| {
            json!([{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": current}}}])
        });
        status.insert("currentMetrics".into(), metric);
        if status.get("currentReplicas") == Some(&json!(0)) {
            status.remove("currentReplicas");
        }
    }
}

fn is_cpu(metric: &Value) -> bool {
    metric["type"] == "Resource" && metric["resource"]["name"] == "cpu"
}

/// Metrics other than CPU utilization do not fit into v1: the real server moves them into annotations, so here.
fn hpa_to_v1(object: &mut Value) {
    let mut annotations: Vec<(&str, Value)> = Vec::new();
    if let Some(spec) = part(object, "spec") {
        if let Some(Value::Array(metrics)) = spec.remove("metrics") {
            let (cpu, rest): (Vec<_>, Vec<_>) = metrics
                .into_iter()
                .partition(|m| is_cpu(m) && m["resource"]["target"]["averageUtilization"].is_number());
            if let Some(metric) = cpu.first() {
                let target = metric["resource"]["target"]["averageUtilization"].clone();
                spec.insert("targetCPUUtilizationPercentage".into(), target);
            }
            if !rest.is_empty() {
                annotations.push(("autoscaling.alpha.kubernetes.io/metrics", Value::Array(rest)));
            }
        }
        if let Some(behavior) = spec.remove("behavior") {
            annotations.push(("autoscaling.alpha.kubernetes.io/behavior", behavior));
        }
    }
    if let Some(status) = part(object, "status") {
        status.entry("currentReplicas").or_insert_with(|| json!(0));
        if let Some(Value::Array(metrics)) = status.remove("currentMetrics")
            && let Some(current) = metrics.iter().find(|m| is_cpu(m))
        {
            let value = current["resource"]["current"]["averageUtilization"].clone();
            status.insert("currentCPUUtilizationPercentage".into(), value);
        }
        if let Some(conditions) = status.remove("conditions") {
            annotations.push(("autoscaling.alpha.kubernetes.io/conditions", conditions));
        }
    }
    for (key, value) in annotations {
        object["metadata"]["annotations"][key] = json!(value.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Registry;

    #[test]
    fn events_round_trip() {
        let registry = Registry::new();
        let newer = registry.find("events.k8s.io", "v1", "events").unwrap();
        let core = json!({"apiVersion": "v1", "kind": "Event", "involvedObject": {"name": "x"}, "message": "m"});
        let seen = from_storage(newer, &core).into_owned();
        assert_eq!(seen["regarding"]["name"], "x");
        assert_eq!(seen["note"], "m");
        assert_eq!(to_storage(newer, seen), core);
    }

    #[test]
    fn an_old_autoscaler_is_stored_with_metrics() {
        let registry = Registry::new();
        let v1 = registry.find("autoscaling", "v1", "horizontalpodautoscalers").unwrap();
        let old = json!({"apiVersion": "autoscaling/v1", "spec": {"targetCPUUtilizationPercentage": 50}});
        let stored = to_storage(v1, old.clone());
        assert_eq!(stored["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"], 50);
        assert_eq!(from_storage(v1, &stored).into_owned(), old);
    }
}
