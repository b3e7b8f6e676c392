//! Objects that a router makes belong to the Rollout.

use rollouts_api::rollout::Rollout;
use rollouts_api::{ObjectMeta, names};
use serde_json::{Map, Value, json};

/// Labels by which Argo CD knows what it has applied: what is made here it has not.
const TRACKING: [&str; 2] = ["app.kubernetes.io/instance", "argocd.argoproj.io/instance"];
/// What kubectl last applied is no property of a copy.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// `metadata` of a new object that goes with the Rollout.
pub fn metadata(rollout: &ObjectMeta) -> Value {
    json!({ "ownerReferences": [{
        "apiVersion": names::API_VERSION,
        "kind": "Rollout",
        "name": rollout.name,
        "uid": rollout.uid,
        "controller": true,
        "blockOwnerDeletion": true,
    }] })
}

/// `metadata` of a new object that goes with the Rollout, and that whoever selects objects by labels or annotations must
/// take like `original`: many controllers watch only a class of them.
pub fn metadata_like(rollout: &ObjectMeta, original: &Value) -> Value {
    let mut new = metadata(rollout);
    for field in ["labels", "annotations"] {
        let wanted = wanted(original, field);
        if let (false, Some(new)) = (wanted.is_empty(), new.as_object_mut()) {
            new.insert(field.into(), Value::Object(wanted));
        }
    }
    new
}

fn wanted(original: &Value, field: &str) -> Map<String, Value> {
    let is_copied =
        |key: &str| key != LAST_APPLIED && !TRACKING.contains(&key) && !key.starts_with("argocd.argoproj.io/");
    let all = original["metadata"][field].as_object().into_iter().flatten();
    all.filter(|(key, value)| is_copied(key) && value.is_string()).map(|(k, v)| (k.clone(), v.clone())).collect()
}

/// Whether the Rollout's controller made the object.
pub fn owns(rollout: &Rollout, object: &Value) -> bool {
    let owners = object["metadata"]["ownerReferences"].as_array().into_iter().flatten();
    let mut controllers = owners.filter(|owner| owner["controller"] == true);
    !rollout.metadata.uid.is_empty() && controllers.any(|owner| owner["uid"] == rollout.metadata.uid.as_str())
}
