//! Checks of `metadata`, schemas and kinds before a write is committed.

use crate::builtin;
use crate::errors::{ApiError, Cause, Result};
use crate::meta;
use crate::names;
use crate::resource::Resource;
use rollouts_schema::{ErrorKind, FieldError};
use serde_json::{Value, json};

/// Total bytes of keys and values of annotations.
const ANNOTATIONS_MAX_BYTES: usize = 256 * 1024;

/// The kinds of events.k8s.io are checked as those of the core group.
fn checked_group(resource: &Resource) -> &str {
    if resource.group == "events.k8s.io" { "" } else { &resource.group }
}

/// Turns field errors into the 422 of the object.
pub fn invalid(resource: &Resource, name: &str, errors: &[FieldError]) -> ApiError {
    let causes = errors.iter().map(cause).collect();
    ApiError::invalid(checked_group(resource), &resource.kind, name, causes)
}

/// A field error as a cause.
pub fn cause(e: &FieldError) -> Cause {
    Cause { reason: e.kind.reason().to_owned(), message: e.body(), field: e.field_or_nil().to_owned() }
}

/// How often an update's fault in the metadata is found.
const UPDATE_CHECKS: usize = 4;
/// Finalizers without a domain.
const STANDARD_FINALIZERS: [&str; 3] = ["kubernetes", meta::ORPHAN_FINALIZER, meta::FOREGROUND_FINALIZER];

fn name_faults(resource: &Resource, name: &str) -> Vec<String> {
    match (resource.group.as_str(), resource.plural.as_str()) {
        ("", "namespaces") => names::label_faults(name),
        ("", "services") => names::dns1035_faults(name),
        ("rbac.authorization.k8s.io", _) => names::path_segment_faults(name),
        _ => names::subdomain_faults(name),
    }
}

fn map_of<'v>(obj: &'v Value, key: &str) -> impl Iterator<Item = (&'v String, &'v Value)> {
    obj.get("metadata").and_then(|m| m.get(key)).and_then(Value::as_object).into_iter().flatten()
}

/// Faults of `metadata`.
pub fn metadata(resource: &Resource, obj: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let name = meta::name(obj);
    if name.is_empty() {
        errors.push(FieldError::required("metadata.name", "name or generateName is required"));
    } else {
        let faults = name_faults(resource, name);
        errors.extend(faults.into_iter().map(|f| FieldError::invalid("metadata.name", json!(name), f)));
    }
    for (key, value) in map_of(obj, "labels") {
        let faults = names::qualified_name_faults(key);
        errors.extend(faults.into_iter().map(|f| FieldError::invalid("metadata.labels", json!(key), f)));
        match value.as_str() {
            Some(v) => {
                let fault = names::label_value_fault(v);
                errors.extend(fault.map(|f| FieldError::invalid("metadata.labels", json!(v), f)));
            }
            None => errors.push(FieldError::invalid("metadata.labels", value.clone(), "must be a string")),
        }
    }
    let mut bytes = 0;
    for (key, value) in map_of(obj, "annotations") {
        let faults = names::qualified_name_faults(&key.to_ascii_lowercase());
        errors.extend(faults.into_iter().map(|f| FieldError::invalid("metadata.annotations", json!(key), f)));
        bytes += key.len() + value.as_str().map_or(0, str::len);
    }
    if bytes > ANNOTATIONS_MAX_BYTES {
        errors.push(FieldError::too_long("metadata.annotations", ANNOTATIONS_MAX_BYTES as u64));
    }
    errors.extend(owner_references(obj));
    for finalizer in meta::finalizers(obj) {
        let faults = names::qualified_name_faults(finalizer);
        errors.extend(faults.into_iter().map(|f| FieldError::invalid("metadata.finalizers", json!(finalizer), f)));
    }
    if !resource.is_custom() {
        for (i, finalizer) in meta::finalizers(obj).into_iter().enumerate() {
            if !finalizer.contains('/') && !STANDARD_FINALIZERS.contains(&finalizer) {
                let why = "name is neither a standard finalizer name nor is it fully qualified";
                errors.push(FieldError::invalid(format!("metadata.finalizers[{i}]"), json!(finalizer), why));
            }
        }
    }
    errors
}

fn owner_references(obj: &Value) -> Vec<FieldError> {
    const FIELD: &str = "metadata.ownerReferences";
    let list = obj.get("metadata").and_then(|m| m.get("ownerReferences")).and_then(Value::as_array);
    let (mut errors, mut controllers) = (Vec::new(), Vec::new());
    for owner in list.into_iter().flatten() {
        let text = |key: &str| owner.get(key).and_then(Value::as_str).unwrap_or_default();
        for (key, words) in [
            ("apiVersion", "version must not be empty"),
            ("kind", "must not be empty"),
            ("name", "must not be empty"),
            ("uid", "must not be empty"),
        ] {
            if text(key).is_empty() {
                errors.push(FieldError::invalid(format!("{FIELD}.{key}"), json!(""), words));
            }
        }
        if (text("apiVersion"), text("kind")) == ("v1", "Event") {
            let why = "/v1, Kind=Event is disallowed from being an owner";
            errors.push(FieldError::invalid(FIELD, owner.clone(), why));
        }
        if owner.get("controller") == Some(&Value::Bool(true)) {
            controllers.push(format!("{}/{}", text("kind"), text("name")));
        }
    }
    if let [first, second, ..] = controllers.as_slice() {
        let detail = format!(
            "Only one reference can have Controller set to true. Found \"true\" in references for {first} and {second}"
        );
        errors.insert(0, FieldError::invalid(FIELD, list.map_or(Value::Null, |l| json!(l)), detail));
    }
    errors
}

/// Checks an object that is about to be stored.
///
/// # Errors
/// 400 when a built-in kind's field has the wrong JSON type, 422 for everything else.
pub fn object(resource: &Resource, obj: &Value, old: Option<&Value>) -> Result<()> {
    let mut errors = metadata(resource, obj);
    if old.is_some() {
        // The real server looks at the metadata of an update in several places.
        errors = [errors.as_slice(); UPDATE_CHECKS].concat();
    }
    if let Some(schema) = &resource.schema {
        let found = schema.validate(obj, old);
        if resource.is_custom() {
            let blocked = schema.rules_not_checked(&errors);
            let unchecked = found.iter().position(|e| e.field.is_empty() || e.field_or_nil() == "<nil>");
            let mut found = found;
            let unchecked = unchecked.map(|i| found.remove(i));
            errors.extend(found);
            errors.extend(negative_scale(resource, obj));
            errors.extend(unchecked.or(blocked));
        // To Go's decoder null is absence, whatever the field's type; the schema reports its type as `"null"`.
        } else if let Some(e) = found.iter().find(|e| e.kind == ErrorKind::TypeInvalid && e.bad_value != "null") {
            return Err(wrong_type(resource, e));
        }
    }
    if !resource.is_custom() {
        errors.extend(builtin::validate(&resource.group, &resource.kind, obj, old));
    }
    if errors.is_empty() { Ok(()) } else { Err(invalid(resource, meta::name(obj), &errors)) }
}

/// What the scale subresource would not accept, the object may not hold either.
fn negative_scale(resource: &Resource, obj: &Value) -> Option<FieldError> {
    let path = &resource.scale.as_ref()?.spec_replicas;
    let replicas = crate::scale::at(obj, path)?;
    let found = match replicas {
        Value::String(_) => Some("string"),
        Value::Number(n) if n.is_f64() => Some("float64"),
        _ => None,
    };
    if let Some(found) = found {
        let shown = replicas.as_str().map_or_else(|| replicas.to_string(), str::to_owned);
        let why = format!("{path} accessor error: {shown} is of the type {found}, expected int64");
        return Some(FieldError::invalid(path, json!(0), why));
    }
    replicas.as_i64().filter(|n| *n < 0)?;
    Some(FieldError::invalid(path, replicas.clone(), "should be a non-negative integer"))
}

/// Go's decoder refuses a wrong JSON type before any validation.
fn wrong_type(resource: &Resource, e: &FieldError) -> ApiError {
    // A type error names the type it found in place of the value.
    let have = match e.bad_value.as_str() {
        Some("integer" | "number") => "number",
        Some("boolean") => "bool",
        Some(other) => other,
        None => "value",
    };
    let want = e.detail.rsplit_once("must be of type ").map_or("", |(_, t)| t.split(':').next().unwrap_or(t));
    let want = match want.trim().trim_matches('"') {
        "integer" => "int32",
        "number" => "float64",
        "boolean" => "bool",
        "object" => "map",
        other => other,
    };
    ApiError::bad_request(format!(
        "{kind} in version {version:?} cannot be handled as a {kind}: json: cannot unmarshal {have} into Go struct \
         field {kind}.{field} of type {want}",
        kind = resource.kind,
        version = resource.version,
        field = e.field,
    ))
}
