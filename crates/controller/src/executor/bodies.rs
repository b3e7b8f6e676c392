//! What is sent for each effect: minimal merge patches.

use rollouts_api::{ObjectMeta, OwnerReference, PodTemplate, RolloutStatus, names};
use rollouts_core::{AnnotationChanges, Debt, ReplicaSet, Service, Snapshot};
use rollouts_kube::patch;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// An answer of which only the metadata matters.
#[derive(Debug, Deserialize)]
pub(crate) struct MetaOnly {
    pub metadata: ObjectMeta,
}

impl rollouts_kube::cache::Cached for MetaOnly {
    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }
}

pub(super) fn adoption(snapshot: &Snapshot, name: &str) -> Value {
    let mut owners = owners(snapshot, name);
    owners.push(rollouts_core::owner_reference(&snapshot.rollout.metadata));
    json!({ "metadata": { "ownerReferences": owners } })
}

pub(super) fn release(snapshot: &Snapshot, name: &str) -> Value {
    let mut owners = owners(snapshot, name);
    owners.retain(|o| o.uid != snapshot.rollout.metadata.uid);
    json!({ "metadata": { "ownerReferences": owners } })
}

fn owners(snapshot: &Snapshot, name: &str) -> Vec<OwnerReference> {
    let set = snapshot.replica_sets.iter().find(|s| s.metadata.name == name);
    set.map(|s| s.metadata.owner_references.clone()).unwrap_or_default()
}

pub(super) fn set_update(
    old: Option<&ReplicaSet>,
    replicas: Option<i32>,
    min_ready_seconds: Option<i32>,
    template: Option<&Value>,
    annotations: &AnnotationChanges,
) -> Value {
    let mut body = self::annotations(annotations);
    if let Some(n) = replicas {
        body["spec"]["replicas"] = n.into();
    }
    if let Some(n) = min_ready_seconds {
        body["spec"]["minReadySeconds"] = n.into();
    }
    let present = old.map(|s| &s.spec.template).map(PodTemplate::value);
    if let Some(change) = template.and_then(|t| patch::diff(&present.unwrap_or_default(), t)) {
        body["spec"]["template"] = change;
    }
    body
}

/// Changes of annotations alone.
pub(crate) fn annotations(changes: &AnnotationChanges) -> Value {
    metadata(&AnnotationChanges::new(), changes)
}

pub(super) fn metadata(labels: &AnnotationChanges, annotations: &AnnotationChanges) -> Value {
    let mut metadata = Map::new();
    for (field, changes) in [("labels", labels), ("annotations", annotations)] {
        if !changes.is_empty() {
            metadata.insert(field.into(), json!(changes));
        }
    }
    json!({ "metadata": metadata })
}

pub(super) fn rollout(replicas: Option<i32>, annotations: &AnnotationChanges) -> Value {
    let mut body = self::annotations(annotations);
    if let Some(n) = replicas {
        body["spec"]["replicas"] = n.into();
    }
    body
}

/// The change of a status. Until the Rollout has a ReplicaSet, `canary` and `blueGreen` may be missing and are written
/// even if empty, as Go does; not so with an invalid spec, which adds its condition alone.
pub(super) fn status(old: &RolloutStatus, new: &RolloutStatus) -> Option<Value> {
    let invalid = new.conditions.iter().any(|c| c.r#type == "InvalidSpec");
    let mut present = json!(old);
    if let Some(present) = present.as_object_mut().filter(|_| old.current_pod_hash.is_empty() && !invalid) {
        present.remove("canary");
        present.remove("blueGreen");
    }
    patch::diff(&present, &json!(new))
}

pub(super) fn service_switch(service: &Service, hash: &str, rollout: &str) -> Value {
    let mut body = json!({ "spec": { "selector": { names::POD_TEMPLATE_HASH: hash } } });
    if service.metadata.annotation(names::MANAGED_BY_ROLLOUTS).is_none() {
        body["metadata"]["annotations"][names::MANAGED_BY_ROLLOUTS] = rollout.into();
    }
    body
}

/// The size of a Deployment, and what its Rollout owes it.
pub(crate) fn deployment(replicas: Option<i32>, debt: Option<&Debt>) -> Value {
    let mut labels: AnnotationChanges =
        [names::SCALED_DOWN_BY, names::SCALED_DOWN_FROM, names::SCALED_DOWN_TO].map(|key| (key.into(), None)).into();
    for (key, value) in debt.iter().flat_map(|debt| debt.labels()) {
        labels.insert(key.into(), Some(value));
    }
    let mut body = metadata(&labels, &AnnotationChanges::new());
    if let Some(n) = replicas {
        body["spec"]["replicas"] = n.into();
    }
    body
}

pub(super) fn eviction(namespace: &str, name: &str, uid: Option<&str>) -> Value {
    let mut body = json!({
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": { "name": name, "namespace": namespace },
    });
    if let Some(uid) = uid {
        body["deleteOptions"]["preconditions"]["uid"] = uid.into();
    }
    body
}
