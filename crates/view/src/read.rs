//! Reading untyped objects: what is absent, or of another type, reads as empty.
//!
//! The view takes objects as JSON so that it shows whatever an API server holds, also what this version does not
//! know or would not accept.

use jiff::Timestamp;
use serde_json::Value;

/// The string at a JSON pointer, or "".
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or("")
}

/// The integer at a JSON pointer.
pub(crate) fn int_opt(object: &Value, pointer: &str) -> Option<i64> {
    object.pointer(pointer).and_then(Value::as_i64)
}

/// The integer at a JSON pointer, or 0.
pub(crate) fn int(object: &Value, pointer: &str) -> i64 {
    int_opt(object, pointer).unwrap_or(0)
}

/// The boolean at a JSON pointer, or false.
pub(crate) fn flag(object: &Value, pointer: &str) -> bool {
    object.pointer(pointer).and_then(Value::as_bool).unwrap_or(false)
}

/// The array at a JSON pointer, or an empty one.
pub(crate) fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Whether there is anything but null at a JSON pointer.
pub(crate) fn present(object: &Value, pointer: &str) -> bool {
    object.pointer(pointer).is_some_and(|v| !v.is_null())
}

/// The RFC 3339 time at a JSON pointer.
pub(crate) fn time(object: &Value, pointer: &str) -> Option<Timestamp> {
    text(object, pointer).parse().ok()
}

/// The value of an annotation.
pub(crate) fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.pointer("/metadata/annotations")?.get(key)?.as_str()
}

/// The value of a label, or "".
pub(crate) fn label<'a>(object: &'a Value, key: &str) -> &'a str {
    object.pointer("/metadata/labels").and_then(|l| l.get(key)).and_then(Value::as_str).unwrap_or("")
}

/// The revision annotation as a number; 0 if absent or not a number.
pub(crate) fn revision(object: &Value) -> i64 {
    annotation(object, rollouts_api::names::REVISION).and_then(|r| r.parse().ok()).unwrap_or(0)
}

/// The object's name.
pub(crate) fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

/// Whether one of the object's owners (controller or not) has this UID.
pub(crate) fn owned_by(object: &Value, uid: &str) -> bool {
    list(object, "/metadata/ownerReferences").iter().any(|owner| text(owner, "/uid") == uid)
}

/// When the object was created.
pub(crate) fn created(object: &Value) -> Option<Timestamp> {
    time(object, "/metadata/creationTimestamp")
}
