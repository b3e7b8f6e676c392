//! Fields that decisions read and that a deformed object may suddenly have.

use super::values::{amount, boolean, count, integer, pick, text, time};
use rollouts_memkube::Rng;
use serde_json::{Value, json};

/// Where, and what may be there.
pub(super) type Field = (&'static str, fn(&Rng) -> Value);

/// Of a Rollout.
pub(super) const ROLLOUT: &[Field] = &[
    ("/metadata/generation", integer),
    ("/metadata/deletionTimestamp", time),
    ("/metadata/creationTimestamp", time),
    ("/metadata/annotations/rollout.argoproj.io~1revision", text),
    ("/metadata/labels/x", text),
    ("/spec/replicas", count),
    ("/spec/minReadySeconds", count),
    ("/spec/progressDeadlineSeconds", count),
    ("/spec/progressDeadlineAbort", boolean),
    ("/spec/revisionHistoryLimit", count),
    ("/spec/rollbackWindow/revisions", integer),
    ("/spec/paused", boolean),
    ("/spec/restartAt", time),
    ("/spec/selector", selector),
    ("/spec/template/spec/containers/0/image", text),
    ("/spec/template/spec/containers/0/resources/limits/cpu", text),
    ("/spec/template/metadata/annotations/x", text),
    ("/spec/workloadRef/apiVersion", |rng| json!(pick(rng, &["", "v1", "apps/v1", "apps/v2", "a/b/c", "/"]))),
    ("/spec/workloadRef/kind", |rng| json!(pick(rng, &["", "Deployment", "ReplicaSet", "PodTemplate", "StatefulSet"]))),
    ("/spec/workloadRef/name", |rng| json!(pick(rng, &["", "old", "other", "old-1", "other-1", "web", "ß/../🦀"]))),
    ("/spec/workloadRef/scaleDown", |rng| {
        json!(pick(rng, &["", "never", "onsuccess", "progressively", "Never", "\0"]))
    }),
    ("/spec/workloadRef/scaleDown", |rng| json!(pick(rng, &["onsuccess", "progressively"]))),
    ("/metadata/annotations/rollout.argoproj.io~1workload-generation", text),
    ("/status/workloadObservedGeneration", text),
    ("/spec/strategy/canary/maxSurge", amount),
    ("/spec/strategy/canary/maxUnavailable", amount),
    ("/spec/strategy/canary/steps", steps),
    ("/spec/strategy/canary/stableService", text),
    ("/spec/strategy/canary/canaryMetadata", metadata),
    ("/spec/strategy/canary/stableMetadata", metadata),
    ("/spec/strategy/canary/replicaProgressThreshold", threshold),
    ("/spec/strategy/canary/scaleDownDelaySeconds", integer),
    ("/spec/strategy/canary/abortScaleDownDelaySeconds", integer),
    ("/spec/strategy/canary/minPodsPerReplicaSet", integer),
    ("/spec/strategy/blueGreen/previewReplicaCount", count),
    ("/spec/strategy/blueGreen/autoPromotionSeconds", integer),
    ("/spec/strategy/blueGreen/autoPromotionEnabled", boolean),
    ("/spec/strategy/blueGreen/maxUnavailable", amount),
    ("/spec/strategy/blueGreen/scaleDownDelaySeconds", integer),
    ("/spec/strategy/blueGreen/scaleDownDelayRevisionLimit", integer),
    ("/spec/strategy/blueGreen/abortScaleDownDelaySeconds", integer),
    ("/spec/strategy/blueGreen/previewMetadata", metadata),
    ("/status/abort", boolean),
    ("/status/abortedAt", time),
    ("/status/promoteFull", boolean),
    ("/status/controllerPause", boolean),
    ("/status/pauseConditions", pauses),
    ("/status/currentPodHash", text),
    ("/status/currentStepHash", text),
    ("/status/stableRS", text),
    ("/status/currentStepIndex", integer),
    ("/status/collisionCount", integer),
    ("/status/replicas", integer),
    ("/status/updatedReplicas", integer),
    ("/status/readyReplicas", integer),
    ("/status/availableReplicas", integer),
    ("/status/observedGeneration", text),
    ("/status/conditions", conditions),
    ("/status/restartedAt", time),
    ("/status/blueGreen/activeSelector", text),
    ("/status/blueGreen/scaleUpPreviewCheckPoint", boolean),
    ("/status/canary/weights", weights),
    ("/status/duration", duration),
    ("/status/phase", text),
];

/// Of a ReplicaSet.
pub(super) const REPLICA_SET: &[Field] = &[
    ("/spec/replicas", count),
    ("/spec/minReadySeconds", integer),
    ("/status/replicas", integer),
    ("/status/readyReplicas", integer),
    ("/status/availableReplicas", integer),
    ("/status/observedGeneration", integer),
    ("/status/conditions", conditions),
    ("/metadata/generation", integer),
    ("/metadata/creationTimestamp", time),
    ("/metadata/deletionTimestamp", time),
    ("/metadata/labels/rollouts-pod-template-hash", text),
    ("/metadata/labels/app", text),
    ("/metadata/ownerReferences", owners),
    ("/metadata/annotations/scale-down-deadline", time),
    ("/metadata/annotations/scale-down-deadline", text),
    ("/metadata/annotations/rollout.argoproj.io~1revision", text),
    ("/metadata/annotations/rollout.argoproj.io~1revision-history", text),
    ("/metadata/annotations/rollout.argoproj.io~1desired-replicas", text),
    ("/metadata/annotations/rollout.argoproj.io~1ephemeral-metadata", text),
    ("/spec/template/metadata/labels/app", text),
    ("/spec/template/spec/affinity", affinity),
];

/// Of a Service.
pub(super) const SERVICE: &[Field] = &[
    ("/spec/selector/rollouts-pod-template-hash", text),
    ("/spec/selector/app", text),
    ("/spec/selector", |_| json!({})),
    ("/metadata/annotations/argo-rollouts.argoproj.io~1managed-by-rollouts", text),
    ("/metadata/deletionTimestamp", time),
];

/// Of a pod.
pub(super) const POD: &[Field] = &[
    ("/metadata/creationTimestamp", time),
    ("/metadata/deletionTimestamp", time),
    ("/metadata/ownerReferences", owners),
    ("/metadata/labels/role", text),
    ("/status/conditions", conditions),
];

fn list(rng: &Rng, most: u64, item: impl Fn() -> Value) -> Value {
    (0..rng.below(most)).map(|_| item()).collect()
}

pub(super) fn selector(rng: &Rng) -> Value {
    let operator = || pick(rng, &["In", "NotIn", "Exists", "DoesNotExist", "", "Near"]).to_string();
    let values = || list(rng, if rng.below(30) == 0 { 2_000 } else { 3 }, || text(rng));
    let key = || match rng.below(8) {
        0..=3 => json!("app"),
        4 => json!("rollouts-pod-template-hash"),
        _ => text(rng),
    };
    let expression = || json!({ "key": key(), "operator": operator(), "values": values() });
    let most = if rng.below(50) == 0 { 300 } else { 4 };
    json!({ "matchLabels": { "app": "web" }, "matchExpressions": list(rng, most, expression) })
}

fn metadata(rng: &Rng) -> Value {
    let key = |n: u64| ["app", "role", "rollouts-pod-template-hash", "", "why"][n as usize % 5];
    let mut map = serde_json::Map::new();
    for _ in 0..rng.below(4) {
        map.insert(key(rng.next_u64()).into(), text(rng));
    }
    json!({ pick(rng, &["labels", "annotations"]).to_string(): map })
}

fn threshold(rng: &Rng) -> Value {
    json!({ "type": pick(rng, &["Percent", "Pods", "", "x"]), "value": integer(rng) })
}

fn steps(rng: &Rng) -> Value {
    let step = || match rng.below(9) {
        0..=2 => json!({ "setWeight": rng.below(101) }),
        3 => json!({ "setWeight": integer(rng) }),
        4 => json!({ "pause": {} }),
        5 => json!({ "pause": { "duration": amount(rng) } }),
        6 => json!({ "setCanaryScale": { "replicas": integer(rng), "weight": integer(rng) } }),
        7 => json!({ "setWeight": 10, "pause": {} }),
        _ => json!({ "plugin": { "name": text(rng), "config": { "a": [amount(rng)] } } }),
    };
    match rng.below(300) {
        0 => (0..10_000).map(|n| json!({ "setWeight": n % 101 })).collect(),
        1 => (0..10_000).map(|_| step()).collect(),
        2..=99 => list(rng, 60, || json!({ "setWeight": rng.below(101) })),
        _ => list(rng, 8, step),
    }
}

fn pauses(rng: &Rng) -> Value {
    list(rng, 4, || json!({ "reason": text(rng), "startTime": time(rng) }))
}

fn conditions(rng: &Rng) -> Value {
    let kinds =
        ["Available", "Completed", "Healthy", "InvalidSpec", "Paused", "Progressing", "ReplicaFailure", "Ready"];
    list(rng, 9, || {
        json!({
            "type": pick(rng, &kinds), "status": pick(rng, &["True", "False", "Unknown", ""]),
            "reason": text(rng), "message": text(rng), "lastUpdateTime": time(rng), "lastTransitionTime": time(rng),
        })
    })
}

fn weights(rng: &Rng) -> Value {
    json!({ "canary": { "weight": integer(rng) }, "stable": { "weight": integer(rng) }, "verified": boolean(rng) })
}

fn duration(rng: &Rng) -> Value {
    json!({
        "rolloutStartedAt": time(rng),
        "manualPauseStartedAt": if rng.below(2) == 0 { time(rng) } else { Value::Null },
        "totalManualPauseDurationSeconds": pick(rng, &[0, -1, i64::MAX, i64::MIN, 7]),
        "finishedAt": if rng.below(2) == 0 { time(rng) } else { Value::Null },
        "completionStatus": text(rng),
    })
}

fn owners(rng: &Rng) -> Value {
    let owner = || {
        json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": pick(rng, &["Rollout", "ReplicaSet", ""]), "name": "web",
            "uid": pick(rng, &["rollout", "other", "uid-of-web-55fc647469", ""]), "controller": rng.below(3) > 0,
        })
    };
    list(rng, 4, owner)
}

fn affinity(rng: &Rng) -> Value {
    let hash = text(rng);
    let term = json!({ "labelSelector": { "matchExpressions": [
        { "key": "rollouts-pod-template-hash", "operator": "In", "values": [hash] }] } });
    let terms = match rng.below(4) {
        0 => json!([term, term]),
        1 => json!({ "not": "a list" }),
        2 => json!([{ "podAffinityTerm": term }, null, 7]),
        _ => Value::Null,
    };
    json!({ "podAntiAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": terms,
        "preferredDuringSchedulingIgnoredDuringExecution": terms,
    } })
}
