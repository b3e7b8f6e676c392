//! The real controller against the embedded API server and its actors, under paused time.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

mod cluster;
mod envelope;

use cluster::{Cluster, rollout};
use serde_json::{Value, json};

fn canary() -> Value {
    rollout(&json!({ "canary": { "steps": [{ "setWeight": 20 }, { "pause": {} }] } }))
}

#[tokio::test(start_paused = true)]
async fn a_canary_is_deployed_updated_and_promoted() {
    let cluster = Cluster::start().await;
    cluster.create(&canary()).await;
    let ro = cluster.wait("Healthy").await;
    assert_eq!(ro["status"]["availableReplicas"], 5);
    assert_eq!(ro["status"]["currentStepIndex"], 2);

    let containers = json!([{ "name": "web", "image": "shop/web:2" }]);
    cluster.patch(json!({ "spec": { "template": { "spec": { "containers": containers } } } })).await;
    let ro = cluster.wait("Paused").await;
    assert_eq!(ro["status"]["updatedReplicas"], 1);
    cluster.patch_status(json!({ "pauseConditions": null })).await;
    let ro = cluster.wait("Healthy").await;
    assert_eq!(ro["status"]["updatedReplicas"], 5);
    assert_eq!(ro["status"]["stableRS"], ro["status"]["currentPodHash"]);
}

/// What cannot be read says so each time, not only the first.
#[tokio::test(start_paused = true)]
async fn a_rollout_that_breaks_again_says_so_again() {
    let cluster = Cluster::start().await;
    cluster.create(&canary()).await;
    cluster.wait("Healthy").await;
    for (seconds, phase) in [(3_000_000_000_i64, "Degraded"), (0, "Healthy"), (3_000_000_000, "Degraded")] {
        cluster.patch(json!({ "spec": { "minReadySeconds": seconds } })).await;
        cluster.wait(phase).await;
    }
}
