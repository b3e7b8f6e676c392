//! Something to keep in a cache.

use rollouts_api::ObjectMeta;
use rollouts_kube::cache::Cached;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Debug, Deserialize)]
pub struct ConfigMap {
    pub metadata: ObjectMeta,
    #[serde(default)]
    pub data: BTreeMap<String, String>,
}

impl Cached for ConfigMap {
    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }
}

pub fn config_map(name: &str, value: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"k": value}})
}
