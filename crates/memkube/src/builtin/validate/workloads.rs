//! Deployments, ReplicaSets, StatefulSets and DaemonSets.

use super::{immutable, non_negative};
use rollouts_api::LabelSelector;
use rollouts_api::field::{FieldError, Path};
use rollouts_api::go_json::semantic;
use rollouts_api::pod_template::json::{get, int, set, text};
use rollouts_api::pod_template::validate::{Errors, for_replica_set, label_selector};
use serde_json::{Value, json};

/// Checks selector and template, which must match each other.
fn selector_and_template(spec: &Value, path: &Path, empty: &str, errors: &mut Errors) {
    let selector_path = path.child("selector");
    let selector = match get(spec, "selector") {
        None => {
            errors.push(FieldError::required(&selector_path, ""));
            LabelSelector::default()
        }
        Some(value) => {
            label_selector(value, &selector_path, errors);
            let selector: LabelSelector = serde_json::from_value(value.clone()).unwrap_or_default();
            if selector.is_empty() {
                errors.push(FieldError::invalid(&selector_path, value, empty));
            } else if selector.compile().is_err() {
                errors.push(FieldError::invalid(&selector_path, value, "invalid label selector"));
                return;
            }
            selector
        }
    };
    // Without a selector Kubernetes compares with one that matches nothing.
    let template = get(spec, "template").unwrap_or(&Value::Null);
    let template_path = path.child("template");
    if get(spec, "selector").is_none() {
        let labels = template.get("metadata").and_then(|m| get(m, "labels")).unwrap_or(&Value::Null);
        let detail = "`selector` does not match template `labels`";
        errors.push(FieldError::invalid(&template_path.child("metadata").child("labels"), labels, detail));
    }
    errors.extend(for_replica_set(template, &selector, &template_path));
}

const EMPTY_SELECTOR: &str = "empty selector is invalid for deployment";

pub(super) fn replica_set(obj: &Value, old: Option<&Value>, errors: &mut Errors) {
    let (spec, path) = (&obj["spec"], Path::new("spec"));
    non_negative(errors, &path, spec, &["replicas", "minReadySeconds"]);
    selector_and_template(spec, &path, EMPTY_SELECTOR, errors);
    if let Some(old) = old {
        immutable(errors, &path, "apps/v1.ReplicaSetSpec", "selector", spec, &old["spec"]);
        status(obj, old, &["fullyLabeledReplicas", "readyReplicas", "availableReplicas"], errors);
    }
}

pub(super) fn deployment(obj: &Value, old: Option<&Value>, errors: &mut Errors) {
    let (spec, path) = (&obj["spec"], Path::new("spec"));
    non_negative(errors, &path, spec, &["replicas"]);
    selector_and_template(spec, &path, EMPTY_SELECTOR, errors);
    strategy(&spec["strategy"], &path.child("strategy"), errors);
    non_negative(errors, &path, spec, &["minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"]);
    let deadline = int(spec, "progressDeadlineSeconds");
    if let Some(deadline) = deadline.filter(|d| *d <= int(spec, "minReadySeconds").unwrap_or_default()) {
        let detail = "must be greater than minReadySeconds";
        errors.push(FieldError::invalid(&path.child("progressDeadlineSeconds"), deadline, detail));
    }
    if let Some(old) = old {
        immutable(errors, &path, "apps/v1.DeploymentSpec", "selector", spec, &old["spec"]);
        status(obj, old, &["updatedReplicas", "readyReplicas", "availableReplicas"], errors);
    }
}

fn strategy(strategy: &Value, path: &Path, errors: &mut Errors) {
    let rolling = get(strategy, "rollingUpdate");
    match (text(strategy, "type"), rolling) {
        ("Recreate", Some(_)) => {
            let detail = "may not be specified when strategy `type` is 'Recreate'";
            errors.push(FieldError::forbidden(&path.child("rollingUpdate"), detail));
        }
        ("RollingUpdate", Some(rolling)) => {
            let path = path.child("rollingUpdate");
            let unavailable = int_or_percent(rolling, "maxUnavailable", &path, errors);
            let surge = int_or_percent(rolling, "maxSurge", &path, errors);
            let value = get(rolling, "maxUnavailable").unwrap_or(&Value::Null);
            if unavailable == 0 && surge == 0 {
                let detail = "may not be 0 when `maxSurge` is 0";
                errors.push(FieldError::invalid(&path.child("maxUnavailable"), value, detail));
            }
            not_above_100_percent(rolling, "maxUnavailable", &path, errors);
        }
        ("Recreate" | "RollingUpdate", None) => {}
        _ => {
            // Kubernetes shows its internal struct.
            let shown = json!({"Type": strategy["type"], "RollingUpdate": strategy["rollingUpdate"]});
            errors.push(FieldError::not_supported(path, &shown, &["Recreate", "RollingUpdate"]));
        }
    }
}

/// Checks a count or percentage and gives its number.
pub(super) fn int_or_percent(parent: &Value, key: &str, path: &Path, errors: &mut Errors) -> i64 {
    let path = path.child(key);
    match get(parent, key) {
        Some(Value::String(s)) => {
            let digits = s.strip_suffix('%').filter(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()));
            if digits.is_none() {
                let detail = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or \
                              '93%', regex used for validation is '[0-9]+%')";
                errors.push(FieldError::invalid(&path, s, detail));
            }
            digits.and_then(|d| d.parse().ok()).unwrap_or_default()
        }
        _ => {
            let value = int(parent, key).unwrap_or_default();
            rollouts_api::pod_template::validate::non_negative(errors, &path, value);
            value
        }
    }
}

/// Complains about a percentage above 100.
pub(super) fn not_above_100_percent(parent: &Value, key: &str, path: &Path, errors: &mut Errors) {
    let percent = text(parent, key).strip_suffix('%').and_then(|d| d.parse::<i64>().ok());
    if percent.is_some_and(|percent| percent > 100) {
        errors.push(FieldError::invalid(&path.child(key), text(parent, key), "must not be greater than 100%"));
    }
}

/// Checks the counters of a status that has changed.
fn status(obj: &Value, old: &Value, counters: &[&str], errors: &mut Errors) {
    let status = &obj["status"];
    if status == &old["status"] {
        return;
    }
    let path = Path::new("status");
    let number = |key: &str| int(status, key).unwrap_or_default();
    non_negative(errors, &path, status, &["replicas"]);
    non_negative(errors, &path, status, counters);
    non_negative(errors, &path, status, &["observedGeneration"]);
    for key in counters.iter().filter(|key| number(key) > number("replicas")) {
        let detail = "cannot be greater than status.replicas";
        errors.push(FieldError::invalid(&path.child(key), number(key), detail));
    }
    if number("availableReplicas") > number("readyReplicas") {
        let detail = "cannot be greater than readyReplicas";
        errors.push(FieldError::invalid(&path.child("availableReplicas"), number("availableReplicas"), detail));
    }
}

pub(super) fn stateful_set(obj: &Value, old: Option<&Value>, errors: &mut Errors) {
    let (spec, path) = (&obj["spec"], Path::new("spec"));
    non_negative(errors, &path, spec, &["replicas", "minReadySeconds", "revisionHistoryLimit"]);
    selector_and_template(spec, &path, "empty selector is invalid for statefulset", errors);
    let Some(old) = old else { return };
    let mutable = [
        "replicas",
        "template",
        "updateStrategy",
        "minReadySeconds",
        "ordinals",
        "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy",
    ];
    let mut frozen = spec.clone();
    for key in mutable {
        set(&mut frozen, key, old["spec"].get(key).cloned().unwrap_or_default());
    }
    if !semantic::equal("apps/v1.StatefulSetSpec", &frozen, &old["spec"]) {
        let detail = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', \
                      'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and \
                      'minReadySeconds' are forbidden";
        errors.push(FieldError::forbidden(&path, detail));
    }
}

pub(super) fn daemon_set(obj: &Value, old: Option<&Value>, errors: &mut Errors) {
    let (spec, path) = (&obj["spec"], Path::new("spec"));
    selector_and_template(spec, &path, "empty selector is invalid for daemonset", errors);
    non_negative(errors, &path, spec, &["minReadySeconds", "revisionHistoryLimit"]);
    if let Some(old) = old {
        immutable(errors, &path, "apps/v1.DaemonSetSpec", "selector", spec, &old["spec"]);
    }
}
