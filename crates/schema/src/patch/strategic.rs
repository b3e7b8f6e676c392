//! Strategic merge patch: a merge patch that knows which lists merge by key.
//!
//! Directives: `$patch: delete|replace|merge` in an object or list item, `$deleteFromPrimitiveList/<field>`,
//! `$setElementOrder/<field>` and `$retainKeys` beside the fields they are about.

use serde_json::{Map, Value};

use super::{PatchError, order};
use crate::Schema;
use crate::go::go_value;
use crate::schema::Additional;

pub(super) const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_PREFIX: &str = "$deleteFromPrimitiveList/";
const ORDER_PREFIX: &str = "$setElementOrder/";

/// Strategic merge patch (`application/strategic-merge-patch+json`), for built-in kinds only: the server answers 415
/// for custom resources.
///
/// # Errors
/// 400 for malformed directives, 422 for lists of lists, 500 for list items without their merge key (as upstream).
pub fn strategic_merge_patch(schema: &Schema, doc: &Value, patch: &Value) -> Result<Value, PatchError> {
    let (Value::Object(doc), Value::Object(patch)) = (doc, patch) else {
        return Err(PatchError::bad_request("invalid JSON document"));
    };
    merge_map(Some(schema), doc.clone(), patch.clone()).map(Value::Object)
}

type Object = Map<String, Value>;

fn merge_map(schema: Option<&Schema>, mut original: Object, mut patch: Object) -> Result<Object, PatchError> {
    if let Some(directive) = patch.remove(DIRECTIVE) {
        return match directive.as_str() {
            Some("replace") => Ok(patch),
            Some("delete") => Ok(Object::new()),
            _ => Err(unknown_directive(&directive, patch)),
        };
    }
    retain_keys(&mut original, &mut patch)?;
    merge_ordered_lists(schema, &mut original, &mut patch)?;
    for (key, value) in patch {
        if let Some(name) = key.strip_prefix(DELETE_PREFIX) {
            delete_from_list(&mut original, name, &value);
        } else {
            merge_field(schema, &mut original, key, value)?;
        }
    }
    Ok(original)
}

fn merge_field(schema: Option<&Schema>, original: &mut Object, key: String, patch: Value) -> Result<(), PatchError> {
    if patch.is_null() {
        original.remove(&key);
        return Ok(());
    }
    let field = field_schema(schema, &key);
    let merged = match (original.remove(&key), patch) {
        (Some(Value::Object(old)), Value::Object(patch)) => Some(Value::Object(merge_map(field, old, patch)?)),
        (Some(Value::Array(old)), Value::Array(patch)) => Some(Value::Array(merge_list(field, old, patch)?)),
        (_, patch) => without_directives(patch),
    };
    if let Some(merged) = merged {
        original.insert(key, merged);
    }
    Ok(())
}

fn field_schema<'s>(schema: Option<&'s Schema>, name: &str) -> Option<&'s Schema> {
    let schema = schema?;
    if let Some(field) = schema.properties.get(name) {
        return Some(field);
    }
    match &schema.additional {
        Additional::Schema(field) => Some(field),
        _ => None,
    }
}

/// `$retainKeys`: what the list does not name is dropped from the original.
fn retain_keys(original: &mut Object, patch: &mut Object) -> Result<(), PatchError> {
    let Some(directive) = patch.remove(RETAIN_KEYS) else { return Ok(()) };
    let bad = || PatchError::bad_request("invalid patch format of retainKeys");
    let retained = directive.as_array().ok_or_else(bad)?;
    let names = |key: &str| retained.iter().any(|name| name == key);
    let stray = patch.iter().any(|(key, value)| {
        !value.is_null() && !key.starts_with(DELETE_PREFIX) && !key.starts_with(ORDER_PREFIX) && !names(key)
    });
    if stray {
        return Err(bad());
    }
    original.retain(|key, _| names(key));
    Ok(())
}

/// `$setElementOrder/<field>`: merges the list it is about, then puts it in that order.
fn merge_ordered_lists(schema: Option<&Schema>, original: &mut Object, patch: &mut Object) -> Result<(), PatchError> {
    let directives: Vec<String> = patch.keys().filter(|key| key.starts_with(ORDER_PREFIX)).cloned().collect();
    for directive in directives {
        let name = directive.strip_prefix(ORDER_PREFIX).unwrap_or_default().to_owned();
        let Some(Value::Array(wanted)) = patch.remove(&directive) else {
            return Err(PatchError::bad_request("invalid patch format of setElementOrder list"));
        };
        let field = field_schema(schema, &name);
        let merge_key = field.and_then(|field| field.patch.merge_key.as_deref());
        let patch_list = match patch.remove(&name) {
            None => None,
            Some(Value::Array(list)) => Some(list),
            Some(other) => return Err(wrong_type("[]interface {}", &other)),
        };
        if let Some(list) = &patch_list
            && !wanted.is_empty()
            && !order::agrees(list, &wanted, merge_key)
        {
            let (list, wanted) = (go_value(&Value::Array(list.clone())), go_value(&Value::Array(wanted)));
            let message =
                format!("The order in patch list:\n{list}\n doesn't match $setElementOrder list:\n{wanted}\n");
            return Err(PatchError::internal(message));
        }
        let live = match original.remove(&name) {
            None => None,
            Some(Value::Array(list)) => Some(list),
            Some(other) => return Err(wrong_type("[]interface {}", &other)),
        };
        let merged = match (live.clone(), patch_list) {
            (None, None) => continue,
            (Some(live), None) => live,
            (None, Some(list)) => list.into_iter().filter_map(without_directives).collect(),
            (Some(live), Some(list)) => merge_list(field, live, list)?,
        };
        let merged = order::normalize(merged, &wanted, live.as_deref().unwrap_or_default(), merge_key);
        original.insert(name, Value::Array(merged));
    }
    Ok(())
}

fn delete_from_list(original: &mut Object, name: &str, gone: &Value) {
    if let (Some(Value::Array(list)), Some(gone)) = (original.get_mut(name), gone.as_array()) {
        list.retain(|item| !gone.contains(item));
    }
}

fn merge_list(schema: Option<&Schema>, original: Vec<Value>, patch: Vec<Value>) -> Result<Vec<Value>, PatchError> {
    let Some(schema) = schema.filter(|schema| schema.patch.merge) else {
        return Ok(patch);
    };
    if original.iter().chain(&patch).any(Value::is_array) {
        return Err(PatchError::unprocessable("lists of lists are not supported"));
    }
    let objects = original.iter().chain(&patch).filter(|item| item.is_object()).count();
    if objects == 0 {
        return Ok(merge_scalars(original, patch));
    }
    if objects != original.len() + patch.len() {
        let both = go_value(&Value::from(vec![Value::Array(original), Value::Array(patch)]));
        return Err(PatchError::internal(format!("list element types are not identical: {both}")));
    }
    let Some(key) = schema.patch.merge_key.as_deref() else {
        return Err(PatchError::internal("cannot merge lists without merge key"));
    };
    merge_objects(schema.items.as_deref(), key, original, patch)
}

fn merge_scalars(original: Vec<Value>, patch: Vec<Value>) -> Vec<Value> {
    let mut merged: Vec<Value> = Vec::with_capacity(original.len() + patch.len());
    for item in original.iter().chain(&patch) {
        if !merged.contains(item) {
            merged.push(item.clone());
        }
    }
    order::normalize(merged, &patch, &original, None)
}

fn merge_objects(
    items: Option<&Schema>,
    key: &str,
    original: Vec<Value>,
    patch: Vec<Value>,
) -> Result<Vec<Value>, PatchError> {
    let live = original.clone();
    let mut merged = original;
    let mut plain = Vec::with_capacity(patch.len());
    let mut replace = false;
    for item in patch {
        let Some(directive) = item.get(DIRECTIVE) else {
            plain.push(item);
            continue;
        };
        match directive.as_str() {
            Some("delete") => {
                let gone = item.get(key).ok_or_else(|| no_merge_key(&item, key))?;
                merged.retain(|other| other.get(key) != Some(gone));
            }
            Some("replace") => replace = true,
            Some("merge") => return Err(PatchError::internal("merging lists cannot yet be specified in the patch")),
            _ => {
                let directive = directive.clone();
                return Err(unknown_directive(&directive, item.as_object().cloned().unwrap_or_default()));
            }
        }
    }
    if replace {
        merged = Vec::new();
    }
    for item in &plain {
        let wanted = item.get(key).ok_or_else(|| no_merge_key(item, key))?;
        let found = merged.iter().position(|other| other.get(key) == Some(wanted));
        match (found, item) {
            (Some(place), Value::Object(patch)) => {
                let old = merged[place].take();
                let Value::Object(old) = old else { continue };
                merged[place] = Value::Object(merge_map(items, old, patch.clone())?);
            }
            _ => merged.extend(without_directives(item.clone())),
        }
    }
    for item in &merged {
        if item.get(key).is_none() {
            return Err(no_merge_key(item, key));
        }
    }
    Ok(order::normalize(merged, &plain, &live, Some(key)))
}

/// A new value taken from the patch: objects with a directive vanish, as do nulls.
fn without_directives(value: Value) -> Option<Value> {
    match value {
        Value::Object(fields) if fields.contains_key(DIRECTIVE) => None,
        Value::Object(fields) => Some(Value::Object(
            fields
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .filter_map(|(name, value)| Some((name, without_directives(value)?)))
                .collect(),
        )),
        Value::Array(items) => Some(Value::Array(items.into_iter().filter_map(without_directives).collect())),
        other => Some(other),
    }
}

fn no_merge_key(item: &Value, key: &str) -> PatchError {
    PatchError::internal(format!("map: {} does not contain declared merge key: {key}", go_value(item)))
}

fn unknown_directive(directive: &Value, mut patch: Object) -> PatchError {
    patch.insert(DIRECTIVE.to_owned(), directive.clone());
    let (directive, patch) = (go_value(directive), go_value(&Value::Object(patch)));
    PatchError::internal(format!("unknown patch type: {directive} in map: {patch}"))
}

fn wrong_type(wanted: &str, got: &Value) -> PatchError {
    let got = match got {
        Value::Object(_) => "map[string]interface {}",
        Value::String(_) => "string",
        Value::Bool(_) => "bool",
        Value::Number(n) if n.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::Array(_) => "[]interface {}",
        Value::Null => "%!s(<nil>)",
    };
    PatchError::internal(format!("expected a {wanted}, but received a {got}"))
}

#[cfg(test)]
mod tests;
