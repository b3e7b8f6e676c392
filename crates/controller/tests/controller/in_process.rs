//! From the first deployment to a promotion.

use crate::objects::{template, web};
use crate::world::World;
use rollouts_kube::resource::ROLLOUTS;
use serde_json::{Value, json};

fn canary() -> Value {
    web(json!({ "canary": { "steps": [{ "setWeight": 20 }, { "pause": {} }] } }))
}

#[tokio::test(start_paused = true)]
async fn a_canary_is_deployed_updated_and_promoted() {
    let world = World::start();
    world.controller();
    world.create(&ROLLOUTS, canary()).await;
    let ro = world.wait("Healthy").await;
    assert_eq!(ro["status"]["availableReplicas"], 5);
    assert_eq!(ro["status"]["currentStepIndex"], 2);

    world.patch(&ROLLOUTS, "web", json!({ "spec": { "template": template("web", "shop/web:2") } })).await;
    let ro = world.wait("Paused").await;
    assert_eq!(ro["status"]["updatedReplicas"], 1);
    world.patch_status(&ROLLOUTS, "web", json!({ "pauseConditions": null })).await;
    let ro = world.wait("Healthy").await;
    assert_eq!(ro["status"]["updatedReplicas"], 5);
    assert_eq!(ro["status"]["stableRS"], ro["status"]["currentPodHash"]);
}

/// What cannot be read says so each time, not only the first.
#[tokio::test(start_paused = true)]
async fn a_rollout_that_breaks_again_says_so_again() {
    let world = World::start();
    world.controller();
    world.create(&ROLLOUTS, canary()).await;
    world.wait("Healthy").await;
    for (seconds, phase) in [(3_000_000_000_i64, "Degraded"), (0, "Healthy"), (3_000_000_000, "Degraded")] {
        world.patch(&ROLLOUTS, "web", json!({ "spec": { "minReadySeconds": seconds } })).await;
        world.wait(phase).await;
    }
}
