//! Pod templates: kept as compact JSON, hashed, defaulted, compared and validated as Kubernetes' Go types would be
//! (rollout.md §2).

pub mod affinity;
pub mod defaults;
pub mod ephemeral;
mod image;
pub mod json;
pub mod validate;

pub use affinity as anti_affinity;
pub use defaults::default;
pub use image::pull_policy;

use crate::go_json::{self, shape, shape::Dialect};
use crate::names;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The Go struct of a pod template.
const STRUCT: &str = "core/v1.PodTemplateSpec";

/// A `PodTemplateSpec`. Caches hold many of them and almost nobody looks inside, so it is kept as one compact,
/// shared string of JSON with sorted keys and is parsed when asked.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PodTemplate(Arc<str>);

impl PodTemplate {
    /// Takes any JSON object.
    pub fn new(value: &Value) -> Self {
        PodTemplate(value.to_string().into())
    }

    /// The template as a JSON object.
    pub fn value(&self) -> Value {
        serde_json::from_str(&self.0).unwrap_or(Value::Null)
    }

    /// The compact JSON text.
    pub fn as_json(&self) -> &str {
        &self.0
    }

    /// Whether nothing is in it, as when `workloadRef` supplies the template.
    pub fn is_empty(&self) -> bool {
        matches!(&*self.0, "{}" | "null")
    }

    /// `metadata.labels`.
    pub fn labels(&self) -> BTreeMap<String, String> {
        string_map(&self.value()["metadata"]["labels"])
    }

    /// `metadata.annotations`.
    pub fn annotations(&self) -> BTreeMap<String, String> {
        string_map(&self.value()["metadata"]["annotations"])
    }

    /// The same template after `change`.
    #[must_use]
    pub fn map(&self, change: impl FnOnce(&mut Value)) -> Self {
        let mut value = self.value();
        change(&mut value);
        PodTemplate::new(&value)
    }

    /// The same template with `metadata.labels[key]` set.
    #[must_use]
    pub fn with_label(&self, key: &str, label: &str) -> Self {
        self.map(|t| json::set(json::child(json::child(t, "metadata"), "labels"), key, label))
    }

    /// The same template without `metadata.labels[key]`; an empty map of labels goes too.
    #[must_use]
    pub fn without_label(&self, key: &str) -> Self {
        self.map(|t| json::remove_entry(t, &["metadata", "labels"], key))
    }

    /// The same template with `metadata.annotations[key]` set.
    #[must_use]
    pub fn with_annotation(&self, key: &str, annotation: &str) -> Self {
        self.map(|t| json::set(json::child(json::child(t, "metadata"), "annotations"), key, annotation))
    }

    /// The same template without `metadata.annotations[key]`; an empty map of annotations goes too.
    #[must_use]
    pub fn without_annotation(&self, key: &str) -> Self {
        self.map(|t| json::remove_entry(t, &["metadata", "annotations"], key))
    }

    /// The compact JSON that Go writes for the template, which [`hash`] reads.
    pub fn go_json(&self) -> String {
        shape::marshal(STRUCT, &self.value(), Dialect::Current)
    }
}

/// The value of the label `rollouts-pod-template-hash` for a template (rollout.md §2.1).
pub fn hash(template: &PodTemplate, collision_count: Option<i32>) -> String {
    go_json::fnv_safe_hash(template.go_json().as_bytes(), collision_count)
}

/// [`hash`] as controllers built with Kubernetes' libraries before 0.34 computed it: ReplicaSets of theirs carry it.
pub fn hash_with_null_timestamps(template: &PodTemplate, collision_count: Option<i32>) -> String {
    let text = shape::marshal(STRUCT, &template.value(), Dialect::NullTimestamps);
    go_json::fnv_safe_hash(text.as_bytes(), collision_count)
}

/// Whether a ReplicaSet's template is the desired one (rollout.md §2.2, rule 3): equal in meaning after defaulting
/// the desired side and without the hash label and the deprecated `serviceAccount` on both. What the controller
/// injected ([`affinity::remove`], [`ephemeral::remove`]) is the caller's to take out of the ReplicaSet's template.
pub fn equal_ignoring_hash(actual: &PodTemplate, desired: &PodTemplate) -> bool {
    let comparable = |template: &PodTemplate| {
        let mut value = template.value();
        json::remove_entry(&mut value, &["metadata", "labels"], names::POD_TEMPLATE_HASH);
        value
    };
    let (mut actual, mut desired) = (comparable(actual), comparable(desired));
    default(&mut desired);
    for side in [&mut actual, &mut desired] {
        defaults::gated(side);
        if let Some(spec) = side.get_mut("spec").and_then(Value::as_object_mut) {
            spec.remove("serviceAccount");
        }
    }
    go_json::semantic::equal(STRUCT, &actual, &desired)
}

fn string_map(v: &Value) -> BTreeMap<String, String> {
    let entries = v.as_object().into_iter().flatten();
    entries.filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_string()))).collect()
}

impl Default for PodTemplate {
    fn default() -> Self {
        PodTemplate("{}".into())
    }
}

impl std::fmt::Debug for PodTemplate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for PodTemplate {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.value().serialize(s)
    }
}

impl<'de> Deserialize<'de> for PodTemplate {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Ok(PodTemplate::new(&Value::deserialize(d)?))
    }
}

#[cfg(test)]
mod tests;
