//! The annotation of client-side `kubectl apply`, which server-side apply by kubectl takes over and keeps up to date.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Writer;
use super::entries::ManagerId;
use super::fieldset::FieldSet;
use super::shape::Shape;
use super::walk::{compare, fields_of};

/// The field manager of `kubectl apply --server-side`; others do not touch the annotation.
const KUBECTL: &str = "kubectl";
const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// All annotations of an object together may hold this many bytes.
const ANNOTATIONS_MAX_BYTES: usize = 256 * 1024;

/// The conflicts that remain: fields that kubectl applied itself from the client, and that nobody changed since, are
/// its own.
pub(super) fn remaining(
    shape: Shape<'_>,
    live: &Value,
    conflicts: &BTreeMap<ManagerId, FieldSet>,
    writer: &Writer<'_>,
) -> BTreeMap<ManagerId, FieldSet> {
    let mut remaining = conflicts.clone();
    let Some(own) = own_fields(shape, live, writer) else { return remaining };
    remaining.values_mut().for_each(|set| set.subtract(&own));
    remaining.retain(|_, set| !set.is_empty());
    remaining
}

fn own_fields(shape: Shape<'_>, live: &Value, writer: &Writer<'_>) -> Option<FieldSet> {
    if writer.manager != KUBECTL {
        return None;
    }
    let applied: Value = serde_json::from_str(annotation(live)?).ok()?;
    if applied.get("apiVersion").and_then(Value::as_str) != Some(writer.api_version) {
        return None;
    }
    let mut own = fields_of(shape, &applied);
    compare(shape, Some(&applied), Some(live)).each(|changed| own.subtract(changed));
    Some(own)
}

fn annotation(object: &Value) -> Option<&str> {
    let annotations = object.get("metadata")?.get("annotations")?;
    annotations.get(ANNOTATION)?.as_str().filter(|text| !text.is_empty())
}

/// After an apply by kubectl: writes the configuration into the annotation, when the object has one.
pub(super) fn sync(object: &mut Value, config: &Value, writer: &Writer<'_>) {
    if writer.manager != KUBECTL || annotation(object).is_none() {
        return;
    }
    let mut config = config.clone();
    if let Some(annotations) = config.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.remove(ANNOTATION);
        if annotations.is_empty()
            && let Some(metadata) = config.get_mut("metadata").and_then(Value::as_object_mut)
        {
            metadata.remove("annotations");
        }
    }
    let Some(annotations) = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) else { return };
    annotations.insert(ANNOTATION.to_owned(), Value::String(format!("{config}\n")));
    if size(annotations) > ANNOTATIONS_MAX_BYTES {
        annotations.remove(ANNOTATION);
    }
}

fn size(annotations: &Map<String, Value>) -> usize {
    annotations.iter().map(|(name, value)| name.len() + value.as_str().map_or(0, str::len)).sum()
}
