//! The Lease object.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// `coordination.k8s.io/v1` Lease with the fields that matter, and those of others kept as they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Lease {
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) metadata: Metadata,
    #[serde(default)]
    pub(super) spec: Spec,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) namespace: String,
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) resource_version: String,
    /// What others put there (labels, annotations, owners), sent back unchanged.
    #[serde(flatten)]
    pub(super) rest: serde_json::Map<String, serde_json::Value>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Spec {
    pub(super) holder_identity: Option<String>,
    pub(super) lease_duration_seconds: Option<i64>,
    pub(super) acquire_time: Option<String>,
    pub(super) renew_time: Option<String>,
    pub(super) lease_transitions: Option<i64>,
    /// Fields of newer API versions, sent back unchanged.
    #[serde(flatten)]
    pub(super) rest: serde_json::Map<String, serde_json::Value>,
}

impl Lease {
    pub(super) fn new(namespace: &str, name: &str, spec: Spec) -> Self {
        let metadata = Metadata {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            resource_version: String::new(),
            rest: serde_json::Map::new(),
        };
        Lease { api_version: "coordination.k8s.io/v1".into(), kind: "Lease".into(), metadata, spec }
    }
}

impl Spec {
    /// The holder; empty when nobody holds the lease.
    pub(super) fn holder(&self) -> &str {
        self.holder_identity.as_deref().unwrap_or("")
    }

    /// How long the holder's claim lasts after a renewal. A record without it claims nothing.
    pub(super) fn duration(&self) -> Duration {
        Duration::from_secs(self.lease_duration_seconds.and_then(|s| s.try_into().ok()).unwrap_or(0))
    }
}

/// `metav1.MicroTime`.
pub(super) fn micro_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}
