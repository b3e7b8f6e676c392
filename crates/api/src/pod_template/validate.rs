//! What Kubernetes would refuse a pod spec for, in its words and order. Defaults are expected to be filled in.

mod affinity;
mod container;
mod handler;
mod resources;
mod security;
mod spec;
mod volume;

use super::json::{entries, get, text};
use crate::field::{BadValue, FieldError, Path};
use crate::{LabelSelector, syntax};
use serde_json::Value;
use std::collections::BTreeMap;

pub use affinity::label_selector;
pub use resources::resource_quantity;
pub use spec::{Owner, pod_spec};

/// Complaints about one object, in order.
pub type Errors = Vec<FieldError>;

/// What Kubernetes would refuse a ReplicaSet with this defaulted template and selector for (rollout.md §9). `path` is
/// `spec.template`.
pub fn for_replica_set(template: &Value, selector: &LabelSelector, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let labels = metadata(template).map(|m| string_map(m, "labels")).unwrap_or_default();
    let matches = selector.is_empty() || selector.compile().is_ok_and(|selector| selector.matches(&labels));
    if !matches {
        let labels = metadata(template).and_then(|m| get(m, "labels")).unwrap_or(&Value::Null);
        let detail = "`selector` does not match template `labels`";
        errors.push(FieldError::invalid(&path.child("metadata").child("labels"), labels, detail));
    }
    errors.extend(pod_template(template, path));
    let spec = get(template, "spec").unwrap_or(&Value::Null);
    let spec_path = path.child("spec");
    let policy = text(spec, "restartPolicy");
    if policy != "Always" {
        errors.push(FieldError::not_supported(&spec_path.child("restartPolicy"), policy, &["Always"]));
    }
    if get(spec, "activeDeadlineSeconds").is_some() {
        let detail = "activeDeadlineSeconds in ReplicaSet is not Supported";
        errors.push(FieldError::forbidden(&spec_path.child("activeDeadlineSeconds"), detail));
    }
    errors
}

/// What Kubernetes would refuse any pod template for. Paths of labels and annotations lack `metadata`, as there.
pub fn pod_template(template: &Value, path: &Path) -> Errors {
    let mut errors = Errors::new();
    if let Some(metadata) = metadata(template) {
        labels(metadata, "labels", &path.child("labels"), &mut errors);
        annotations(metadata, &path.child("annotations"), &mut errors);
    }
    let spec = get(template, "spec").unwrap_or(&Value::Null);
    pod_spec(spec, &path.child("spec"), Owner::Template, &mut errors);
    if !super::json::list(spec, "ephemeralContainers").is_empty() {
        let detail = "ephemeral containers not allowed in pod template";
        errors.push(FieldError::forbidden(&path.child("spec").child("ephemeralContainers"), detail));
    }
    errors
}

fn metadata(template: &Value) -> Option<&Value> {
    get(template, "metadata")
}

/// Checks the map of labels at `key`.
pub fn labels(parent: &Value, key: &str, path: &Path, errors: &mut Errors) {
    for (name, value) in entries(parent, key) {
        complain(errors, path, name, syntax::qualified_name(name));
        let value = value.as_str().unwrap_or_default();
        complain(errors, path, value, syntax::label_value(value));
    }
}

/// All annotations together may have this many bytes.
const ANNOTATIONS_MAX_BYTES: usize = 256 * 1024;

/// Checks `annotations` of `metadata`.
pub fn annotations(metadata: &Value, path: &Path, errors: &mut Errors) {
    let entries = entries(metadata, "annotations");
    for (name, _) in &entries {
        complain(errors, path, *name, syntax::qualified_name(&name.to_lowercase()));
    }
    let bytes: usize = entries.iter().map(|(k, v)| k.len() + v.as_str().map_or(0, str::len)).sum();
    if bytes > ANNOTATIONS_MAX_BYTES {
        errors.push(FieldError::too_long(path, ANNOTATIONS_MAX_BYTES));
    }
}

/// The complaints of a check of syntax about `value`, as errors of the field `path`.
pub fn complain(errors: &mut Errors, path: &Path, value: impl Into<BadValue>, complaints: Vec<String>) {
    let value = value.into();
    errors.extend(complaints.into_iter().map(|detail| FieldError::invalid(path, value.clone(), detail)));
}

/// Complains unless `value` is among `supported`.
fn one_of(errors: &mut Errors, path: &Path, value: &str, supported: &[&str]) {
    if !supported.contains(&value) {
        errors.push(FieldError::not_supported(path, value, supported));
    }
}

/// Complains about a number below zero.
pub fn non_negative(errors: &mut Errors, path: &Path, value: i64) {
    if value < 0 {
        errors.push(FieldError::invalid(path, value, "must be greater than or equal to 0"));
    }
}

/// Complains if `value` is empty.
fn require(errors: &mut Errors, path: &Path, value: &str) {
    if value.is_empty() {
        errors.push(FieldError::required(path, ""));
    }
}

fn string_map(parent: &Value, key: &str) -> BTreeMap<String, String> {
    entries(parent, key).into_iter().filter_map(|(k, v)| Some((k.to_string(), v.as_str()?.to_string()))).collect()
}

#[cfg(test)]
mod tests;
