//! Probes, hooks and references to fields.

use super::{Errors, complain, non_negative, one_of, require};
use crate::field::{FieldError, Path};
use crate::pod_template::json::{get, int, list, text};
use crate::syntax;
use serde_json::Value;

/// Checks the probes and hooks of a container.
pub fn of_container(container: &Value, path: &Path, grace: Option<i64>, errors: &mut Errors) {
    if let Some(lifecycle) = get(container, "lifecycle") {
        for hook in ["postStart", "preStop"] {
            if let Some(handler) = get(lifecycle, hook) {
                check(handler, &path.child("lifecycle").child(hook), grace, errors);
            }
        }
    }
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let Some(p) = get(container, name) else { continue };
        let path = path.child(name);
        probe(p, &path, grace, errors);
        let threshold = int(p, "successThreshold").unwrap_or_default();
        if name != "readinessProbe" {
            if threshold != 1 {
                errors.push(FieldError::invalid(&path.child("successThreshold"), threshold, "must be 1"));
            }
        } else if let Some(seconds) = int(p, "terminationGracePeriodSeconds") {
            let path = path.child("terminationGracePeriodSeconds");
            errors.push(FieldError::invalid(&path, seconds, "must not be set for readinessProbes"));
        }
    }
}

fn probe(p: &Value, path: &Path, grace: Option<i64>, errors: &mut Errors) {
    check(p, path, grace, errors);
    for key in ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"] {
        non_negative(errors, &path.child(key), int(p, key).unwrap_or_default());
    }
    if let Some(seconds) = int(p, "terminationGracePeriodSeconds").filter(|s| *s <= 0) {
        errors.push(FieldError::invalid(
            &path.child("terminationGracePeriodSeconds"),
            seconds,
            "must be greater than 0",
        ));
    }
}

/// Checks that exactly one action is given, and that one.
fn check(handler: &Value, path: &Path, grace: Option<i64>, errors: &mut Errors) {
    let kinds = ["exec", "httpGet", "tcpSocket", "grpc", "sleep"];
    let mut given = kinds.into_iter().filter_map(|kind| Some((kind, get(handler, kind)?)));
    let Some((kind, action)) = given.next() else {
        errors.push(FieldError::required(path, "must specify a handler type"));
        return;
    };
    let action_path = path.child(kind);
    match kind {
        "exec" if list(action, "command").is_empty() => {
            errors.push(FieldError::required(&action_path.child("command"), ""));
        }
        "exec" => {}
        "httpGet" => http_get(action, &action_path, errors),
        "sleep" => sleep(action, &action_path, grace, errors),
        _ => port(action, &action_path, errors),
    }
    for (kind, _) in given {
        errors.push(FieldError::forbidden(&path.child(kind), "may not specify more than 1 handler type"));
    }
}

fn http_get(action: &Value, path: &Path, errors: &mut Errors) {
    require(errors, &path.child("path"), text(action, "path"));
    port(action, path, errors);
    one_of(errors, &path.child("scheme"), text(action, "scheme"), &["HTTP", "HTTPS"]);
    for header in list(action, "httpHeaders") {
        complain(errors, &path.child("httpHeaders"), text(header, "name"), syntax::header_name(text(header, "name")));
    }
}

fn port(action: &Value, path: &Path, errors: &mut Errors) {
    let path = path.child("port");
    match action.get("port").and_then(Value::as_str) {
        Some(name) => complain(errors, &path, name, syntax::port_name(name)),
        None => {
            let number = int(action, "port").unwrap_or_default();
            complain(errors, &path, number, syntax::port_number(number));
        }
    }
}

fn sleep(action: &Value, path: &Path, grace: Option<i64>, errors: &mut Errors) {
    let seconds = int(action, "seconds").unwrap_or_default();
    if let Some(grace) = grace.filter(|grace| !(0..=*grace).contains(&seconds)) {
        let detail = format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})");
        errors.push(FieldError::invalid(path, seconds, detail));
    }
}

/// Checks a reference to a field of the pod, one of `fields` or a label or annotation.
pub fn field_selector(selector: &Value, fields: &[&str], path: &Path, errors: &mut Errors) {
    for key in ["apiVersion", "fieldPath"] {
        if text(selector, key).is_empty() {
            errors.push(FieldError::required(&path.child(key), ""));
            return;
        }
    }
    let field = text(selector, "fieldPath");
    let subscripted = field.strip_suffix("']").and_then(|f| f.split_once("['"));
    let known = |name: &str| {
        fields.contains(&name)
            || ["metadata.name", "metadata.namespace", "metadata.uid", "metadata.labels", "metadata.annotations"]
                .contains(&name)
            || ["spec.nodeName", "spec.restartPolicy", "spec.serviceAccountName", "spec.schedulerName"].contains(&name)
            || ["status.phase", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"].contains(&name)
    };
    let field_path = path.child("fieldPath");
    match subscripted {
        Some(("metadata.labels", key)) => complain(errors, path, key, syntax::qualified_name(key)),
        Some(("metadata.annotations", key)) => {
            let key = key.to_lowercase();
            complain(errors, path, key.as_str(), syntax::qualified_name(&key));
        }
        Some(_) => {
            let detail = format!("error converting fieldPath: field label does not support subscript: {field}");
            errors.push(FieldError::invalid(&field_path, field, detail));
        }
        _ if !known(field) => {
            let detail = format!("error converting fieldPath: field label not supported: {field}");
            errors.push(FieldError::invalid(&field_path, field, detail));
        }
        _ => one_of(errors, &field_path, field, fields),
    }
}
