//! ConfigMaps, Secrets, Leases and Events.

use super::immutable;
use rollouts_api::field::{FieldError, Path};
use rollouts_api::pod_template::json::{entries, get, int, is_true, text};
use rollouts_api::pod_template::validate::{Errors, complain};
use rollouts_api::syntax;
use serde_json::Value;

/// All values of a ConfigMap or Secret together may have this many bytes.
const MAX_BYTES: usize = 1024 * 1024;

/// Bytes that a text in base64 stands for.
fn decoded_len(value: &Value) -> usize {
    value.as_str().map_or(0, |s| s.trim_end_matches('=').len() * 3 / 4)
}

fn kept(obj: &Value, old: Option<&Value>, keys: &[&str], errors: &mut Errors) {
    let Some(old) = old.filter(|old| is_true(old, "immutable")) else { return };
    let detail = "field is immutable when `immutable` is set";
    if !is_true(obj, "immutable") {
        errors.push(FieldError::forbidden(&Path::new("immutable"), detail));
    }
    for key in keys.iter().filter(|key| get(obj, key) != get(old, key)) {
        errors.push(FieldError::forbidden(&Path::new(*key), detail));
    }
}

pub(super) fn config_map(obj: &Value, old: Option<&Value>, errors: &mut Errors) {
    kept(obj, old, &["data", "binaryData"], errors);
    let mut bytes = 0;
    for key in ["data", "binaryData"] {
        for (name, value) in entries(obj, key) {
            let path = Path::new(key).key(name);
            complain(errors, &path, name, syntax::config_key(name));
            if key == "data" && obj["binaryData"].get(name).is_some() {
                errors.push(FieldError::invalid(&path, name, "duplicate of key present in binaryData"));
            }
            bytes += if key == "data" { value.as_str().map_or(0, str::len) } else { decoded_len(value) };
        }
    }
    if bytes > MAX_BYTES {
        // Go prints a path of one empty name as nothing at all.
        errors.push(FieldError::too_long(&Path::new("[]"), MAX_BYTES));
    }
}

pub(super) fn secret(obj: &Value, old: Option<&Value>, errors: &mut Errors) {
    if let Some(old) = old {
        immutable(errors, &Path::default(), "core/v1.Secret", "type", obj, old);
    }
    kept(obj, old, &["data"], errors);
    let path = Path::new("data");
    let mut bytes = 0;
    for (name, value) in entries(obj, "data") {
        complain(errors, &path.key(name), name, syntax::config_key(name));
        bytes += decoded_len(value);
    }
    if bytes > MAX_BYTES {
        errors.push(FieldError::too_long(&path, MAX_BYTES));
    }
    let has = |key: &str| obj["data"].get(key).is_some();
    let mut require = |keys: &[&str]| {
        for key in keys.iter().filter(|key| !has(key)) {
            errors.push(FieldError::required(&path.key(key), ""));
        }
    };
    match text(obj, "type") {
        "kubernetes.io/dockercfg" => require(&[".dockercfg"]),
        "kubernetes.io/dockerconfigjson" => require(&[".dockerconfigjson"]),
        "kubernetes.io/basic-auth" if !has("username") && !has("password") => require(&["username", "password"]),
        "kubernetes.io/ssh-auth" => require(&["ssh-privatekey"]),
        "kubernetes.io/tls" => require(&["tls.crt", "tls.key"]),
        "kubernetes.io/service-account-token" => {
            let account = "kubernetes.io/service-account.name";
            if text(&obj["metadata"]["annotations"], account).is_empty() {
                errors.push(FieldError::required(&Path::new("metadata.annotations").key(account), ""));
            }
        }
        _ => {}
    }
}

pub(super) fn lease(obj: &Value, errors: &mut Errors) {
    let (spec, path) = (&obj["spec"], Path::new("spec"));
    if let Some(seconds) = int(spec, "leaseDurationSeconds").filter(|s| *s <= 0) {
        errors.push(FieldError::invalid(&path.child("leaseDurationSeconds"), seconds, "must be greater than 0"));
    }
    if let Some(count) = int(spec, "leaseTransitions").filter(|n| *n < 0) {
        let detail = "must be greater than or equal to 0";
        errors.push(FieldError::invalid(&path.child("leaseTransitions"), count, detail));
    }
}

/// Longest instance, action and reason of an Event, and longest message, in bytes.
const EVENT_LIMITS: [(&str, usize); 4] =
    [("reportingInstance", 128), ("action", 128), ("reason", 128), ("message", 1024)];

/// An Event lives in the namespace of the object it is about; one with `eventTime` says who reported what.
pub(super) fn event(obj: &Value, errors: &mut Errors) {
    let newer = text(obj, "apiVersion").starts_with("events.k8s.io/");
    let (about, note) = if newer { ("regarding", "note") } else { ("involvedObject", "message") };
    let controller = if newer { "reportingController" } else { "reportingComponent" };
    let timed = !text(obj, "eventTime").is_empty();
    if newer && !timed {
        errors.push(FieldError::required(&Path::new("eventTime"), ""));
        let kind = text(obj, "type");
        if !matches!(kind, "Normal" | "Warning") {
            errors.push(FieldError::invalid(&Path::new("type"), kind, format!("has invalid value: {kind}")));
        }
    }
    let namespace = text(&obj["metadata"], "namespace");
    let about = text(&obj[about], "namespace");
    let homeless = if timed { ["default", "kube-system"] } else { ["default", ""] };
    let wrong = match about {
        "" => !homeless.contains(&namespace),
        about => !timed && about != namespace,
    };
    if wrong {
        let path = Path::new("involvedObject.namespace");
        errors.push(FieldError::invalid(&path, about, "does not match event.namespace"));
    }
    if !timed {
        return;
    }
    let path = Path::new(controller);
    if text(obj, controller).is_empty() {
        errors.push(FieldError::required(&path, ""));
    }
    complain(errors, &path, text(obj, controller), syntax::qualified_name(text(obj, controller)));
    for (key, limit) in EVENT_LIMITS {
        let value = text(obj, if key == "message" { note } else { key });
        if value.is_empty() && key != "message" {
            errors.push(FieldError::required(&Path::new(key), ""));
        }
        if value.len() > limit {
            let detail = format!("can have at most {limit} characters");
            errors.push(FieldError::invalid(&Path::new(key), "", detail));
        }
    }
}
