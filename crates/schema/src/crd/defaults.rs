//! What the API server fills in on CRD objects.

use serde_json::{Map, Value, json};

/// Fills in what the API server fills in on a CRD object: `spec.names.singular`, `spec.names.listKind` and
/// `spec.conversion`.
pub fn default_crd(object: &mut Value) {
    let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) else { return };
    if let Some(names) = spec.get_mut("names").and_then(Value::as_object_mut) {
        let kind = names.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
        if !kind.is_empty() {
            fill(names, "singular", || kind.to_lowercase());
            fill(names, "listKind", || format!("{kind}List"));
        }
    }
    if spec.get("conversion").is_none_or(Value::is_null) {
        spec.insert("conversion".to_owned(), json!({"strategy": "None"}));
    }
}

fn fill(names: &mut Map<String, Value>, key: &str, value: impl FnOnce() -> String) {
    if names.get(key).and_then(Value::as_str).unwrap_or_default().is_empty() {
        names.insert(key.to_owned(), Value::String(value()));
    }
}
