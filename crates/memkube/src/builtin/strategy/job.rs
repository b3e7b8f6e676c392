//! Jobs.

use rollouts_api::pod_template::json::{child, fill, get, text};
use serde_json::Value;

/// Generates the selector and the labels of the pods, unless the user manages them. Needs the Job's UID.
pub(super) fn create(job: &mut Value) {
    let metadata = &job["metadata"];
    let (name, uid) = (text(metadata, "name").to_string(), text(metadata, "uid").to_string());
    let spec = child(job, "spec");
    if get(spec, "manualSelector") == Some(&Value::Bool(true)) {
        return;
    }
    let labels = child(child(child(spec, "template"), "metadata"), "labels");
    for key in ["job-name", "batch.kubernetes.io/job-name"] {
        fill(labels, key, name.clone());
    }
    for key in ["controller-uid", "batch.kubernetes.io/controller-uid"] {
        fill(labels, key, uid.clone());
    }
    fill(child(child(spec, "selector"), "matchLabels"), "batch.kubernetes.io/controller-uid", uid);
}
