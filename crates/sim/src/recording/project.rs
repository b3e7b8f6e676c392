//! The part of an object that two runs can share: names, hashes and words, but no times, uids or versions.

use rollouts_actors::foreign;
use rollouts_api::names::POD_TEMPLATE_HASH;
use rollouts_kube::{Resource, resource};
use serde_json::{Map, Value, json};

/// The kinds that are recorded.
pub const KINDS: [Resource; 13] = [
    resource::ROLLOUTS,
    resource::REPLICA_SETS,
    resource::SERVICES,
    resource::EVENTS,
    resource::ANALYSIS_RUNS,
    resource::EXPERIMENTS,
    resource::JOBS,
    resource::DEPLOYMENTS,
    resource::INGRESSES,
    foreign::VIRTUAL_SERVICES,
    foreign::DESTINATION_RULES,
    foreign::TRAFFIC_SPLITS,
    foreign::APISIX_ROUTES,
];

/// Fields that are left out wherever they occur.
const DROPPED: [&str; 25] = [
    "startTime",
    "lastUpdateTime",
    "lastTransitionTime",
    "startedAt",
    "finishedAt",
    "completedAt",
    "abortedAt",
    "restartedAt",
    "resumeAt",
    "availableAt",
    "lastHeartbeatTime",
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "managedFields",
    "observedGeneration",
    "readyReplicas",
    "availableReplicas",
    "fullyLabeledReplicas",
    "duration",
    "clusterIP",
    "clusterIPs",
    "generation",
    rollouts_api::names::LAST_APPLIED,
    "ttl",
];

/// What is kept of `object`, one of the resource with this plural name.
pub fn project(plural: &str, object: &Value) -> Value {
    let (meta, spec, status) = (&object["metadata"], &object["spec"], &object["status"]);
    let annotations = &meta["annotations"];
    match plural {
        "rollouts" => rollout(spec, status, annotations),
        "replicasets" => replica_set(meta, spec),
        "services" => json!({
            "selector": spec["selector"], "annotations": kept_or_empty(annotations), "ports": spec["ports"],
        }),
        "jobs" => {
            json!({ "labels": without_uids(&meta["labels"]), "conditions": conditions(status, &["type", "status"]) })
        }
        "deployments" => json!({ "replicas": spec["replicas"], "annotations": kept_or_empty(annotations) }),
        "analysisruns" | "experiments" => json!({
            "labels": meta["labels"],
            "annotations": kept_or_empty(annotations),
            "spec": if plural == "analysisruns" { kept(spec) } else { json!({ "terminate": spec["terminate"] }) },
            "status": kept_or_empty(status),
            "owner": owners(meta),
        }),
        _ => json!({
            "annotations": kept_or_empty(annotations), "labels": meta["labels"], "spec": spec, "owner": owners(meta),
        }),
    }
}

fn rollout(spec: &Value, status: &Value, annotations: &Value) -> Value {
    let mut state = kept_or_empty(status);
    // These follow the pods, whose timing is noise; a recording has the last ones.
    for counter in ["replicas", "HPAReplicas", "updatedReplicas"] {
        if let Some(state) = state.as_object_mut() {
            state.remove(counter);
        }
    }
    state["conditions"] = conditions(status, &["type", "status", "reason", "message"]);
    json!({ "revision": annotations[rollouts_api::names::REVISION], "replicas": spec["replicas"], "status": state })
}

fn replica_set(meta: &Value, spec: &Value) -> Value {
    let mut annotations = kept_or_empty(&meta["annotations"]);
    if let Some(deadline) = annotations.get_mut(rollouts_api::names::SCALE_DOWN_DEADLINE) {
        *deadline = "set".into();
    }
    let (template, pod) = (&spec["template"]["metadata"], &spec["template"]["spec"]);
    let images: Vec<&Value> = pod["containers"].as_array().into_iter().flatten().map(|c| &c["image"]).collect();
    json!({
        "replicas": spec["replicas"],
        "hash": meta["labels"][POD_TEMPLATE_HASH],
        "minReadySeconds": spec["minReadySeconds"],
        "annotations": annotations,
        "podLabels": template["labels"],
        "podAnnotations": template["annotations"],
        "affinity": pod["affinity"],
        "images": images,
    })
}

/// `value` without the dropped fields, at any depth.
fn kept(value: &Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.iter().filter(|(key, _)| !DROPPED.contains(&key.as_str())).map(|(k, v)| (k.clone(), kept(v))).collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(kept).collect()),
        other => other.clone(),
    }
}

fn kept_or_empty(value: &Value) -> Value {
    if value.is_null() { Value::Object(Map::new()) } else { kept(value) }
}

/// Each condition as the list of these fields, sorted.
fn conditions(status: &Value, fields: &[&str]) -> Value {
    let conditions = status["conditions"].as_array().into_iter().flatten();
    let mut rows: Vec<Vec<&str>> =
        conditions.map(|c| fields.iter().map(|field| c[field].as_str().unwrap_or_default()).collect()).collect();
    rows.sort();
    json!(rows)
}

fn owners(meta: &Value) -> Vec<Value> {
    let owners = meta["ownerReferences"].as_array().into_iter().flatten();
    owners.map(|owner| json!([owner["kind"], owner["name"]])).collect()
}

fn without_uids(labels: &Value) -> Value {
    let labels = labels.as_object().into_iter().flatten().filter(|(key, _)| !key.contains("uid"));
    Value::Object(labels.map(|(k, v)| (k.clone(), v.clone())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rollout_keeps_words_and_loses_times() {
        let object = json!({
            "metadata": {"annotations": {"rollout.argoproj.io/revision": "3"}, "uid": "u"},
            "spec": {"replicas": 2},
            "status": {
                "replicas": 3, "readyReplicas": 2, "phase": "Paused", "observedGeneration": "4",
                "conditions": [
                    {"type": "B", "status": "True", "lastUpdateTime": "t", "reason": "r", "message": "m"},
                    {"type": "A", "status": "False"},
                ],
                "pauseConditions": [{"reason": "CanaryPauseStep", "startTime": "t"}],
            },
        });
        let expected = json!({
            "revision": "3", "replicas": 2,
            "status": {
                "phase": "Paused",
                "conditions": [["A", "False", "", ""], ["B", "True", "r", "m"]],
                "pauseConditions": [{"reason": "CanaryPauseStep"}],
            },
        });
        assert_eq!(project("rollouts", &object), expected);
    }

    #[test]
    fn a_deadline_is_only_set_or_not() {
        let object = json!({"metadata": {"annotations": {"scale-down-deadline": "2026-01-01T00:00:00Z"}}});
        assert_eq!(project("replicasets", &object)["annotations"], json!({"scale-down-deadline": "set"}));
    }
}
