//! Small edits of untyped JSON objects in which `null` means "absent".

use serde_json::{Map, Value};

/// The object at `key` of `parent`, made if it is absent. Something that is no object is replaced.
pub fn child<'a>(parent: &'a mut Value, key: &str) -> &'a mut Value {
    let slot = object(parent).entry(key).or_insert(Value::Null);
    object(slot);
    slot
}

/// `value` as an object; made one if it is not.
pub fn object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().expect("made an object above")
}

/// Sets `key` of the object `parent`.
pub fn set(parent: &mut Value, key: &str, value: impl Into<Value>) {
    object(parent).insert(key.to_string(), value.into());
}

/// Sets `key` of `parent` if it is absent.
pub fn fill(parent: &mut Value, key: &str, value: impl Into<Value>) {
    if parent.get(key).is_none_or(Value::is_null) {
        set(parent, key, value);
    }
}

/// Sets `key` of `parent` if it is absent, an empty string or 0: for fields that Go does not declare as pointers.
pub fn fill_zero(parent: &mut Value, key: &str, value: impl Into<Value>) {
    let zero = |v: &Value| v.is_null() || v == "" || v.as_f64() == Some(0.0);
    if parent.get(key).is_none_or(zero) {
        set(parent, key, value);
    }
}

/// Removes `key` from the map at `path`, and the map if that was its last entry.
pub fn remove_entry(root: &mut Value, path: &[&str], key: &str) {
    let Some((last, parents)) = path.split_last() else { return };
    let Some(parent) = parents.iter().try_fold(root, |v, name| v.get_mut(*name)) else { return };
    let Some(map) = parent.get_mut(*last).and_then(Value::as_object_mut) else { return };
    map.remove(key);
    if map.is_empty()
        && let Some(parent) = parent.as_object_mut()
    {
        parent.remove(*last);
    }
}

/// The object at `key` of `parent`, if there is one.
pub fn get_object<'a>(parent: &'a mut Value, key: &str) -> Option<&'a mut Value> {
    parent.get_mut(key).filter(|v| v.is_object())
}

/// The objects of the list at `key` of `parent`.
pub fn items<'a>(parent: &'a mut Value, key: &str) -> impl Iterator<Item = &'a mut Value> {
    parent.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten().filter(|v| v.is_object())
}

/// The value at `key`, unless it is `null`.
pub fn get<'a>(parent: &'a Value, key: &str) -> Option<&'a Value> {
    parent.get(key).filter(|v| !v.is_null())
}

/// The string at `key`; empty if there is none.
pub fn text<'a>(parent: &'a Value, key: &str) -> &'a str {
    parent.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The whole number at `key`, also if it is written with a fraction of zero.
pub fn int(parent: &Value, key: &str) -> Option<i64> {
    let value = parent.get(key)?;
    value.as_i64().or_else(|| value.as_f64().filter(|f| f.fract() == 0.0).map(|f| f as i64))
}

/// Whether the boolean at `key` is there and true.
pub fn is_true(parent: &Value, key: &str) -> bool {
    parent.get(key).and_then(Value::as_bool).unwrap_or_default()
}

/// The list at `key`; empty if there is none.
pub fn list<'a>(parent: &'a Value, key: &str) -> &'a [Value] {
    parent.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The strings of the list at `key`.
pub fn texts<'a>(parent: &'a Value, key: &str) -> Vec<&'a str> {
    list(parent, key).iter().filter_map(Value::as_str).collect()
}

/// The entries of the map at `key`, in order of their names.
pub fn entries<'a>(parent: &'a Value, key: &str) -> Vec<(&'a str, &'a Value)> {
    let map = parent.get(key).and_then(Value::as_object).into_iter().flatten();
    let mut entries: Vec<_> = map.map(|(k, v)| (k.as_str(), v)).collect();
    entries.sort_by_key(|(k, _)| *k);
    entries
}
