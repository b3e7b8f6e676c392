//! Autoscalers and disruption budgets.

use super::workloads::{int_or_percent, not_above_100_percent};
use rollouts_api::field::{FieldError, Path};
use rollouts_api::pod_template::json::{get, int, list, text};
use rollouts_api::pod_template::validate::{Errors, complain, label_selector};
use rollouts_api::syntax;
use serde_json::{Value, json};

pub(super) fn autoscaler(obj: &Value, errors: &mut Errors) {
    let (spec, path) = (&obj["spec"], Path::new("spec"));
    let (min, max) = (int(spec, "minReplicas"), int(spec, "maxReplicas").unwrap_or_default());
    if let Some(min) = min.filter(|min| *min < 1) {
        errors.push(FieldError::invalid(&path.child("minReplicas"), min, "must be greater than or equal to 1"));
    }
    let max_path = path.child("maxReplicas");
    if max < 1 {
        errors.push(FieldError::invalid(&max_path, max, "must be greater than 0"));
    }
    if min.is_some_and(|min| max < min) {
        errors.push(FieldError::invalid(&max_path, max, "must be greater than or equal to `minReplicas`"));
    }
    for key in ["kind", "name"] {
        let path = path.child("scaleTargetRef").child(key);
        match text(&spec["scaleTargetRef"], key) {
            "" => errors.push(FieldError::required(&path, "")),
            name => complain(errors, &path, name, syntax::path_segment(name)),
        }
    }
    if !text(&spec["scaleTargetRef"], "apiVersion").contains('/') {
        let version = text(&spec["scaleTargetRef"], "apiVersion");
        let path = path.child("scaleTargetRef").child("apiVersion");
        errors.push(FieldError::invalid(&path, version, "apiVersion must specify API group"));
    }
    let metrics = list(spec, "metrics");
    for (i, metric) in metrics.iter().enumerate() {
        one_metric(metric, &path.child("metrics").index(i), errors);
    }
    let from_outside = metrics.iter().any(|m| matches!(text(m, "type"), "Object" | "External"));
    if min == Some(0) && !from_outside {
        let detail = "must specify at least one Object or External metric to support scaling to zero replicas";
        errors.push(FieldError::forbidden(&path.child("metrics"), detail));
    }
}

const SOURCES: [(&str, &str); 5] = [
    ("ContainerResource", "containerResource"),
    ("External", "external"),
    ("Object", "object"),
    ("Pods", "pods"),
    ("Resource", "resource"),
];

fn one_metric(metric: &Value, path: &Path, errors: &mut Errors) {
    let kind = text(metric, "type");
    if kind.is_empty() {
        errors.push(FieldError::required(&path.child("type"), "must specify a metric source type"));
    }
    let Some((_, field)) = SOURCES.iter().find(|(name, _)| *name == kind) else {
        let supported = SOURCES.map(|(name, _)| name);
        // Kubernetes says it twice.
        for _ in 0..2 {
            errors.push(FieldError::not_supported(&path.child("type"), kind, &supported));
        }
        return;
    };
    if get(metric, field).is_none() {
        let detail = "must populate information for the given metric source";
        errors.push(FieldError::required(&path.child(field), detail));
    }
}

pub(super) fn budget(obj: &Value, errors: &mut Errors) {
    let (spec, path) = (&obj["spec"], Path::new("spec"));
    if get(spec, "minAvailable").is_some() && get(spec, "maxUnavailable").is_some() {
        // Kubernetes shows its internal struct.
        let shown = json!({
            "MinAvailable": spec["minAvailable"],
            "MaxUnavailable": spec["maxUnavailable"],
            "Selector": spec["selector"],
            "UnhealthyPodEvictionPolicy": spec["unhealthyPodEvictionPolicy"],
        });
        errors.push(FieldError::invalid(&path, &shown, "minAvailable and maxUnavailable cannot be both set"));
    }
    for key in ["minAvailable", "maxUnavailable"] {
        if get(spec, key).is_some() {
            int_or_percent(spec, key, &path, errors);
            not_above_100_percent(spec, key, &path, errors);
        }
    }
    if let Some(selector) = get(spec, "selector") {
        label_selector(selector, &path.child("selector"), errors);
    }
    let policy = text(spec, "unhealthyPodEvictionPolicy");
    let supported = ["AlwaysAllow", "IfHealthyBudget"];
    if !policy.is_empty() && !supported.contains(&policy) {
        errors.push(FieldError::not_supported(&path.child("unhealthyPodEvictionPolicy"), policy, &supported));
    }
}
