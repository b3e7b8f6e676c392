//! Reading and writing `metadata` of untyped objects.

use serde_json::{Map, Value, json};

/// Finalizer under which an object waits for the garbage collector to delete its dependents first.
pub const FOREGROUND_FINALIZER: &str = "foregroundDeletion";
/// Finalizer under which an object waits for the garbage collector to orphan its dependents.
pub const ORPHAN_FINALIZER: &str = "orphan";

fn text<'v>(obj: &'v Value, key: &str) -> &'v str {
    obj.get("metadata").and_then(|m| m.get(key)).and_then(Value::as_str).unwrap_or_default()
}

/// `metadata.name`, or empty.
pub fn name(obj: &Value) -> &str {
    text(obj, "name")
}

/// `metadata.namespace`, or empty.
pub fn namespace(obj: &Value) -> &str {
    text(obj, "namespace")
}

/// `metadata.uid`, or empty.
pub fn uid(obj: &Value) -> &str {
    text(obj, "uid")
}

/// `metadata.resourceVersion`, or empty.
pub fn resource_version(obj: &Value) -> &str {
    text(obj, "resourceVersion")
}

/// `metadata.generation`, or 0.
pub fn generation(obj: &Value) -> i64 {
    obj.get("metadata").and_then(|m| m.get("generation")).and_then(Value::as_i64).unwrap_or(0)
}

/// Whether `metadata.deletionTimestamp` is set.
pub fn is_deleting(obj: &Value) -> bool {
    obj.get("metadata").and_then(|m| m.get("deletionTimestamp")).is_some_and(|t| !t.is_null())
}

/// `metadata.deletionGracePeriodSeconds`.
pub fn deletion_grace_seconds(obj: &Value) -> Option<i64> {
    obj.get("metadata")?.get("deletionGracePeriodSeconds")?.as_i64()
}

/// `metadata.finalizers`.
pub fn finalizers(obj: &Value) -> Vec<&str> {
    let list = obj.get("metadata").and_then(|m| m.get("finalizers")).and_then(Value::as_array);
    list.map(|l| l.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

/// Replaces `metadata.finalizers`; an empty list removes the field.
pub fn set_finalizers(obj: &mut Value, finalizers: &[String]) {
    if finalizers.is_empty() {
        remove(obj, "finalizers");
    } else {
        set(obj, "finalizers", json!(finalizers));
    }
}

/// A label's value.
pub fn label<'v>(obj: &'v Value, key: &str) -> Option<&'v str> {
    obj.get("metadata")?.get("labels")?.get(key)?.as_str()
}

/// `metadata` as a map, made when missing. An `obj` that is no object stays as it is and gives `None`.
pub fn metadata_mut(obj: &mut Value) -> Option<&mut Map<String, Value>> {
    let map = obj.as_object_mut()?;
    let meta = map.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
    if !meta.is_object() {
        *meta = Value::Object(Map::new());
    }
    meta.as_object_mut()
}

/// Sets a field of `metadata`.
pub fn set(obj: &mut Value, key: &str, value: Value) {
    if let Some(m) = metadata_mut(obj) {
        m.insert(key.to_owned(), value);
    }
}

/// Removes a field of `metadata`.
pub fn remove(obj: &mut Value, key: &str) {
    if let Some(m) = metadata_mut(obj) {
        m.remove(key);
    }
}

/// Removes lists and maps of `metadata` that hold nothing.
pub fn drop_empty(obj: &mut Value) {
    let Some(m) = obj.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    for key in ["annotations", "finalizers", "labels", "ownerReferences"] {
        let empty = match m.get(key) {
            Some(Value::Array(list)) => list.is_empty(),
            Some(Value::Object(map)) => map.is_empty(),
            _ => false,
        };
        if empty {
            m.remove(key);
        }
    }
}

/// The key of an object in its store: `namespace/name`, or `name`.
pub fn store_key(namespace: &str, name: &str) -> String {
    if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") }
}
