//! Kinds that hold data or describe the cluster.

use super::format::{NONE, age, has_condition, int_or_string, name, or, or_none, since};
use jiff::Timestamp;
use rollouts_api::pod_template::json::{entries, get, int, is_true, list, text, texts};
use serde_json::Value;

pub(super) fn config_map(obj: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(obj), (entries(obj, "data").len() + entries(obj, "binaryData").len()).into(), age(obj, now)]
}

pub(super) fn secret(obj: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(obj), text(obj, "type").into(), entries(obj, "data").len().into(), age(obj, now)]
}

pub(super) fn service_account(obj: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(obj), list(obj, "secrets").len().into(), age(obj, now)]
}

pub(super) fn namespace(obj: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(obj), text(&obj["status"], "phase").into(), age(obj, now)]
}

pub(super) fn lease(obj: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(obj), text(&obj["spec"], "holderIdentity").into(), age(obj, now)]
}

pub(super) fn node(obj: &Value, now: Timestamp) -> Vec<Value> {
    let (spec, status) = (&obj["spec"], &obj["status"]);
    let info = &status["nodeInfo"];
    let known = list(status, "conditions").iter().any(|c| text(c, "type") == "Ready");
    let mut state = match known {
        true if has_condition(status, "Ready") => "Ready",
        true => "NotReady",
        false => "Unknown",
    }
    .to_string();
    if is_true(spec, "unschedulable") {
        state.push_str(",SchedulingDisabled");
    }
    let address = |kind| {
        let found = list(status, "addresses").iter().find(|a| text(a, "type") == kind);
        Value::from(found.map_or(NONE, |a| text(a, "address")))
    };
    let fact = |key| Value::from(or(text(info, key), "<unknown>"));
    vec![
        name(obj),
        state.into(),
        or_none(&roles(obj).join(",")).into(),
        age(obj, now),
        text(info, "kubeletVersion").into(),
        address("InternalIP"),
        address("ExternalIP"),
        fact("osImage"),
        fact("kernelVersion"),
        fact("containerRuntimeVersion"),
    ]
}

fn roles(obj: &Value) -> Vec<&str> {
    let labels = entries(&obj["metadata"], "labels");
    let mut roles: Vec<&str> = labels
        .into_iter()
        .filter_map(|(key, value)| match key {
            "kubernetes.io/role" => value.as_str(),
            _ => key.strip_prefix("node-role.kubernetes.io/"),
        })
        .filter(|role| !role.is_empty())
        .collect();
    roles.sort_unstable();
    roles.dedup();
    roles
}

/// An Event of either group.
pub(super) fn event(obj: &Value, now: Timestamp) -> Vec<Value> {
    let newer = get(obj, "regarding").is_some();
    let field = |old, new| text(obj, if newer { new } else { old });
    let object = &obj[if newer { "regarding" } else { "involvedObject" }];
    let source = &obj[if newer { "deprecatedSource" } else { "source" }];
    let first = or(field("firstTimestamp", "deprecatedFirstTimestamp"), text(obj, "eventTime"));
    let last = or(field("lastTimestamp", "deprecatedLastTimestamp"), first);
    let series = get(obj, "series");
    let last = series.map_or(last, |s| text(s, "lastObservedTime"));
    let count = match series {
        Some(series) => int(series, "count").unwrap_or_default(),
        None => int(obj, if newer { "deprecatedCount" } else { "count" }).filter(|n| *n != 0).unwrap_or(1),
    };
    let kind = text(object, "kind").to_lowercase();
    let target = match text(object, "name") {
        "" => kind,
        name => format!("{kind}/{name}"),
    };
    let component = or(text(source, "component"), field("reportingComponent", "reportingController"));
    let instance = or(text(source, "host"), text(obj, "reportingInstance"));
    let source = if instance.is_empty() { component.to_string() } else { format!("{component}, {instance}") };
    vec![
        since(last, now).into(),
        text(obj, "type").into(),
        text(obj, "reason").into(),
        target.into(),
        text(object, "fieldPath").into(),
        source.into(),
        field("message", "note").trim().into(),
        since(first, now).into(),
        count.into(),
        name(obj),
    ]
}

pub(super) fn volume_claim(obj: &Value, now: Timestamp) -> Vec<Value> {
    let (spec, status) = (&obj["spec"], &obj["status"]);
    let deleted = get(&obj["metadata"], "deletionTimestamp").is_some();
    let volume = text(spec, "volumeName");
    let bound = |cell: String| if volume.is_empty() { String::new() } else { cell };
    let capacity = get(&status["capacity"], "storage").map_or_else(|| "0".to_string(), int_or_string);
    vec![
        name(obj),
        if deleted { "Terminating" } else { text(status, "phase") }.into(),
        volume.into(),
        bound(capacity).into(),
        bound(access_modes(status)).into(),
        text(spec, "storageClassName").into(),
        or(text(spec, "volumeAttributesClassName"), "<unset>").into(),
        age(obj, now),
        or(text(spec, "volumeMode"), "<unset>").into(),
    ]
}

fn access_modes(status: &Value) -> String {
    let modes = texts(status, "accessModes");
    let short =
        [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];
    let found: Vec<&str> = short.iter().filter(|(mode, _)| modes.contains(mode)).map(|(_, short)| *short).collect();
    found.join(",")
}

pub(super) fn quota(obj: &Value, now: Timestamp) -> Vec<Value> {
    let status = &obj["status"];
    let (mut requests, mut limits) = (Vec::new(), Vec::new());
    for (resource, hard) in entries(status, "hard") {
        let used = get(&status["used"], resource).map_or_else(|| "0".to_string(), int_or_string);
        let column = if resource.starts_with("limits.") { &mut limits } else { &mut requests };
        column.push(format!("{resource}: {used}/{}", int_or_string(hard)));
    }
    vec![name(obj), requests.join(", ").into(), limits.join(", ").into(), age(obj, now)]
}

pub(super) fn role_binding(obj: &Value, now: Timestamp) -> Vec<Value> {
    let role = &obj["roleRef"];
    let subjects = |kind: &str| {
        let of_kind = list(obj, "subjects").iter().filter(|s| text(s, "kind") == kind);
        let names = of_kind.map(|s| match kind {
            "ServiceAccount" => format!("{}/{}", text(s, "namespace"), text(s, "name")),
            _ => text(s, "name").to_string(),
        });
        Value::from(names.collect::<Vec<_>>().join(", "))
    };
    vec![
        name(obj),
        format!("{}/{}", text(role, "kind"), text(role, "name")).into(),
        age(obj, now),
        subjects("User"),
        subjects("Group"),
        subjects("ServiceAccount"),
    ]
}
