//! Pods, Secrets, Namespaces and other kinds with few defaults.

use base64::Engine;
use rollouts_api::pod_template::defaults::pod_spec;
use rollouts_api::pod_template::json::{child, fill, fill_zero, get, get_object, int, items, list, object, set, text};
use serde_json::{Value, json};

/// Defaults that a pod has and a template has not.
pub(super) fn pod(spec: &mut Value) {
    pod_spec(spec);
    for containers in ["containers", "initContainers"] {
        items(spec, containers).for_each(requests_from_limits);
    }
    fill(spec, "enableServiceLinks", true);
    if get(spec, "hostNetwork") == Some(&Value::Bool(true)) {
        for containers in ["containers", "initContainers"] {
            for port in items(spec, containers).flat_map(|c| items(c, "ports")) {
                let number = int(port, "containerPort").unwrap_or_default();
                fill_zero(port, "hostPort", number);
            }
        }
    }
    if get(spec, "resources").and_then(|r| get(r, "limits")).is_some() {
        requests_from_limits(spec);
    }
}

fn requests_from_limits(parent: &mut Value) {
    let Some(resources) = get_object(parent, "resources") else { return };
    let Some(limits) = get(resources, "limits").and_then(Value::as_object).cloned() else { return };
    let requests = child(resources, "requests");
    for (name, amount) in limits {
        fill(requests, &name, amount);
    }
}

pub(super) fn replication_controller(rc: &mut Value) {
    let spec = child(rc, "spec");
    fill(spec, "replicas", 1);
    let Some(template) = get_object(spec, "template") else { return };
    pod_spec(child(template, "spec"));
    let Some(labels) = get(template, "metadata").and_then(|m| get(m, "labels")).cloned() else { return };
    fill(spec, "selector", labels.clone());
    fill(child(rc, "metadata"), "labels", labels);
}

/// `stringData` is written over `data` and forgotten.
pub(super) fn secret(secret: &mut Value) {
    fill_zero(secret, "type", "Opaque");
    let Some(strings) = object(secret).remove("stringData") else { return };
    for (key, value) in strings.as_object().into_iter().flatten() {
        let encoded = base64::engine::general_purpose::STANDARD.encode(value.as_str().unwrap_or_default());
        set(child(secret, "data"), key, encoded);
    }
}

pub(super) fn namespace(namespace: &mut Value) {
    let name = get(namespace, "metadata").map(|m| text(m, "name").to_string()).unwrap_or_default();
    if !name.is_empty() {
        set(child(child(namespace, "metadata"), "labels"), "kubernetes.io/metadata.name", name);
    }
    fill_zero(child(namespace, "status"), "phase", "Active");
}

pub(super) fn node(node: &mut Value) {
    if let Some(status) = get_object(node, "status")
        && let Some(capacity) = get(status, "capacity").cloned()
    {
        fill(status, "allocatable", capacity);
    }
}

/// A PersistentVolumeClaim, also as a template in a StatefulSet.
pub(super) fn volume_claim(claim: &mut Value) {
    fill(child(claim, "spec"), "volumeMode", "Filesystem");
    fill_zero(child(claim, "status"), "phase", "Pending");
}

pub(super) fn limit_range(range: &mut Value) {
    for item in items(child(range, "spec"), "limits").filter(|item| text(item, "type") == "Container") {
        for (from, to) in [("max", "default"), ("default", "defaultRequest"), ("min", "defaultRequest")] {
            let amounts = get(item, from).and_then(Value::as_object).cloned().unwrap_or_default();
            let target = child(item, to);
            for (name, amount) in amounts {
                fill(target, &name, amount);
            }
        }
    }
}

pub(super) fn network_policy(spec: &mut Value) {
    for rules in ["ingress", "egress"] {
        for port in items(spec, rules).flat_map(|rule| items(rule, "ports")) {
            fill(port, "protocol", "TCP");
        }
    }
    if list(spec, "policyTypes").is_empty() {
        let egress = !list(spec, "egress").is_empty();
        set(spec, "policyTypes", if egress { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) });
    }
}

const RBAC_GROUP: &str = "rbac.authorization.k8s.io";

pub(super) fn binding(binding: &mut Value) {
    fill_zero(child(binding, "roleRef"), "apiGroup", RBAC_GROUP);
    for subject in items(binding, "subjects") {
        if matches!(text(subject, "kind"), "User" | "Group") {
            fill_zero(subject, "apiGroup", RBAC_GROUP);
        }
    }
}
