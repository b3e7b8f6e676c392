//! An event as it is recorded, and as the API server stores it.

use rollouts_api::{ObjectMeta, Time};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fmt;

/// How alarming an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventType {
    /// Things go their way.
    Normal,
    /// Somebody should look.
    Warning,
}

/// The name in the API, also used as a metric label.
impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            EventType::Normal => "Normal",
            EventType::Warning => "Warning",
        })
    }
}

/// `v1.ObjectReference`: which object an event is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectReference {
    /// Kind.
    pub kind: String,
    /// Namespace; empty for cluster-scoped objects, whose events go to `default`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Name.
    pub name: String,
    /// UID.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// Group and version.
    pub api_version: String,
    /// Version of the object that was looked at.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub resource_version: String,
}

impl ObjectReference {
    /// A reference to the object of a kind that `meta` belongs to.
    pub fn new(resource: &crate::Resource, meta: &ObjectMeta) -> Self {
        ObjectReference {
            kind: resource.kind.to_string(),
            namespace: meta.namespace.clone(),
            name: meta.name.clone(),
            uid: meta.uid.clone(),
            api_version: resource.api_version(),
            resource_version: meta.resource_version.clone(),
        }
    }
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Name of the event object: the object's name and the time in hexadecimal nanoseconds.
    pub name: String,
    /// What it is about.
    pub object: ObjectReference,
    /// How alarming it is.
    pub kind: EventType,
    /// Why, in CamelCase.
    pub reason: String,
    /// What happened, in words.
    pub message: String,
    /// Who says so.
    pub component: String,
    /// When it was seen first.
    pub first: Time,
    /// When it was seen last.
    pub last: Time,
    /// How often it was seen.
    pub count: u64,
}

impl Event {
    /// Namespace in which the event is stored.
    pub fn namespace(&self) -> &str {
        if self.object.namespace.is_empty() { "default" } else { &self.object.namespace }
    }

    /// The whole object, as the API server takes it.
    pub fn to_json(&self) -> Value {
        json!({
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": self.name, "namespace": self.namespace()},
            "involvedObject": self.object,
            "reason": self.reason,
            "message": self.message,
            "source": {"component": self.component},
            "firstTimestamp": self.first,
            "lastTimestamp": self.last,
            "count": self.count,
            "type": self.kind.to_string(),
            "eventTime": null,
            "reportingComponent": self.component,
            "reportingInstance": "",
        })
    }

    /// What changes in the stored object when the event is seen again.
    pub fn to_patch(&self) -> Value {
        json!({"count": self.count, "lastTimestamp": self.last, "message": self.message})
    }
}
