//! A pod template, kept as compact JSON.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

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

    /// `metadata.labels`.
    pub fn labels(&self) -> BTreeMap<String, String> {
        string_map(&self.value()["metadata"]["labels"])
    }

    /// `metadata.annotations`.
    pub fn annotations(&self) -> BTreeMap<String, String> {
        string_map(&self.value()["metadata"]["annotations"])
    }
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
