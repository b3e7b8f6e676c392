//! Whole updates through `plan`, as an operator sees them.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

mod actions;
mod adoption;
mod analyses;
mod creation;
mod delays;
mod duration;
mod edges;
mod experiments;
mod frozen;
mod invalid;
mod laws;
mod metadata;
mod promotion;
mod restart;
mod rollback;
mod routing;
mod services;
mod status;
mod steps;
mod workloads;
mod world;

use serde_json::json;
use world::World;

fn reasons(world: &World) -> Vec<String> {
    world.events.iter().map(|e| e.split(' ').next().unwrap().to_string()).collect()
}

fn canary(replicas: i32, steps: serde_json::Value) -> World {
    World::new(replicas, json!({ "canary": { "maxSurge": 1, "maxUnavailable": 0, "steps": steps } }))
}

#[test]
fn the_first_version_skips_the_steps() {
    let mut w = canary(3, json!([{ "setWeight": 33 }, { "pause": {} }]));
    w.run(10);
    assert_eq!(
        w.phases,
        [
            "",
            "Progressing @0 more replicas need to be updated",
            "Progressing @2 more replicas need to be updated",
            "Progressing @2 updated replicas are still becoming available",
            "Healthy @2",
        ]
    );
    assert_eq!(w.sizes(), [(1, 3)]);
    assert_eq!(w.status().phase, "Healthy");
}

#[test]
fn a_canary_walks_through_its_steps() {
    let steps = json!([{ "setWeight": 33 }, { "pause": {} }, { "setWeight": 66 }, { "pause": { "duration": 2 } }]);
    let mut w = canary(3, steps);
    w.run(10);
    w.events.clear();
    w.set_image("2");
    w.run(60);
    assert_eq!((w.status().phase.as_str(), w.status().message.as_str()), ("Paused", "CanaryPauseStep"));
    assert_eq!(w.sizes(), [(1, 2), (2, 1)]);
    w.promote();
    w.run(60);
    assert_eq!(w.sizes(), [(1, 0), (2, 3)]);
    assert_eq!(w.status().phase, "Healthy");
    assert_eq!(
        w.events,
        [
            "RolloutUpdated Rollout updated to revision 2",
            "NewReplicaSetCreated Created ReplicaSet web-7445d4664c (revision 2)",
            "RolloutNotCompleted Rollout not completed, started update to revision 2 (7445d4664c)",
            "ScalingReplicaSet Scaled up ReplicaSet web-7445d4664c (revision 2) from 0 to 1",
            "ScalingReplicaSet Scaled down ReplicaSet web-64bf54f494 (revision 1) from 3 to 2",
            "RolloutStepCompleted Rollout step 1/4 completed (setWeight: 33)",
            "RolloutPaused Rollout is paused (CanaryPauseStep)",
            "RolloutStepCompleted Rollout step 2/4 completed (pause)",
            "ScalingReplicaSet Scaled up ReplicaSet web-7445d4664c (revision 2) from 1 to 2",
            "ScalingReplicaSet Scaled down ReplicaSet web-64bf54f494 (revision 1) from 2 to 1",
            "RolloutStepCompleted Rollout step 3/4 completed (setWeight: 66)",
            "RolloutPaused Rollout is paused (CanaryPauseStep)",
            "RolloutStepCompleted Rollout step 4/4 completed (pause: 2)",
            "RolloutResumed Rollout is resumed",
            "ScalingReplicaSet Scaled up ReplicaSet web-7445d4664c (revision 2) from 2 to 3",
            "ScalingReplicaSet Scaled down ReplicaSet web-64bf54f494 (revision 1) from 1 to 0",
            "RolloutCompleted Rollout completed update to revision 2 (7445d4664c): Completed all 4 canary steps",
        ]
    );
}

#[test]
fn abort_returns_to_stable_and_retry_starts_over() {
    let mut w = canary(2, json!([{ "setWeight": 50 }, { "pause": {} }]));
    w.run(10);
    w.set_image("2");
    w.run(30);
    assert_eq!(w.sizes(), [(1, 1), (2, 1)]);
    w.rollout.status.abort = true;
    w.run(30);
    assert_eq!(w.sizes(), [(1, 2), (2, 0)]);
    assert_eq!(w.status().phase, "Degraded");
    assert_eq!(w.status().message, "RolloutAborted: Rollout aborted update to revision 2");
    assert_eq!(w.status().current_step_index, Some(0));
    w.rollout.status.abort = false;
    w.run(30);
    assert_eq!(w.sizes(), [(1, 1), (2, 1)]);
    assert_eq!(w.status().phase, "Paused");
    w.rollout.status.promote_full = true;
    w.run(30);
    assert_eq!(w.sizes(), [(1, 0), (2, 2)]);
    assert_eq!(w.status().phase, "Healthy");
    assert!(!w.status().promote_full);
}

#[test]
fn going_back_to_the_stable_version_skips_the_steps() {
    let mut w = canary(4, json!([{ "setWeight": 50 }, { "pause": {} }]));
    w.run(10);
    w.set_image("2");
    w.run(30);
    w.events.clear();
    w.set_image("1");
    w.run(30);
    assert_eq!(w.status().phase, "Healthy");
    assert_eq!(w.sizes(), [(2, 0), (3, 4)]);
    assert_eq!(reasons(&w)[..3], ["RolloutUpdated", "SkipSteps", "RolloutResumed"]);
    assert!(!reasons(&w).contains(&"RolloutCompleted".into()), "stable never changed");
}

#[test]
fn a_timed_pause_ends_by_itself_and_every_wait_is_announced() {
    let mut w = canary(1, json!([{ "pause": { "duration": "1m" } }]));
    w.run(10);
    w.set_image("2");
    w.run(50);
    assert_eq!(w.status().phase, "Paused");
    w.run(20);
    assert_eq!(w.status().phase, "Healthy");
}

#[test]
fn a_new_version_in_mid_update_replaces_the_canary() {
    let mut w = canary(4, json!([{ "setWeight": 25 }, { "pause": {} }]));
    w.run(10);
    w.set_image("2");
    w.run(30);
    w.set_image("3");
    w.run(30);
    assert_eq!(w.status().phase, "Paused");
    assert_eq!(w.sizes(), [(1, 3), (2, 0), (3, 1)]);
}

#[test]
fn scaling_at_a_pause_keeps_the_weight() {
    let mut w = canary(2, json!([{ "setWeight": 50 }, { "pause": {} }]));
    w.run(10);
    w.set_image("2");
    w.run(30);
    w.change(|ro| ro.spec.replicas = Some(6));
    w.run(30);
    assert_eq!(w.sizes(), [(1, 3), (2, 3)]);
    assert_eq!(w.status().phase, "Paused");
}

/// Upstream ignores scaling while `spec.paused` is set.
#[test]
fn a_paused_rollout_still_scales() {
    let mut w = canary(2, json!([{ "setWeight": 50 }, { "pause": {} }]));
    w.run(10);
    w.change(|ro| ro.spec.paused = true);
    w.run(10);
    w.change(|ro| ro.spec.replicas = Some(5));
    w.run(10);
    assert_eq!(w.sizes(), [(1, 5)]);
    assert_eq!(w.status().message, "manually paused");
}

#[test]
fn a_broken_version_passes_the_deadline_and_aborts_if_asked() {
    let mut w = canary(2, json!([{ "setWeight": 50 }, { "pause": {} }]));
    w.change(|ro| {
        ro.spec.progress_deadline_seconds = Some(30);
        ro.spec.progress_deadline_abort = true;
    });
    w.run(10);
    w.broken.push("7445d4664c".into());
    w.set_image("2");
    w.run(100);
    assert_eq!(w.status().phase, "Degraded");
    assert_eq!(
        w.status().message,
        "RolloutAborted: Rollout aborted update to revision 2: ReplicaSet \"web-7445d4664c\" has timed out progressing."
    );
    assert_eq!(w.sizes(), [(1, 2), (2, 0)]);
}

#[test]
fn history_is_bounded() {
    let mut w = World::new(1, json!({ "canary": {} }));
    w.change(|ro| ro.spec.revision_history_limit = Some(1));
    w.run(10);
    for tag in ["2", "3", "4"] {
        w.set_image(tag);
        w.run(10);
    }
    assert_eq!(w.sizes(), [(3, 0), (4, 1)]);
}

fn blue_green(replicas: i32, extra: serde_json::Value) -> World {
    let mut strategy = json!({ "activeService": "live", "previewService": "next" });
    strategy.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    World::new(replicas, json!({ "blueGreen": strategy })).with_services(&["live", "next"])
}

fn selected(w: &World, service: &str) -> String {
    w.services[service].selected_hash().to_string()
}

#[test]
fn blue_green_waits_for_promotion_and_keeps_the_old_version_for_a_while() {
    let mut w = blue_green(2, json!({ "autoPromotionEnabled": false }));
    w.run(10);
    assert_eq!(w.status().phase, "Healthy");
    let first = selected(&w, "live");
    w.events.clear();
    w.set_image("2");
    w.run(60);
    assert_eq!((w.status().phase.as_str(), w.status().message.as_str()), ("Paused", "BlueGreenPause"));
    assert_eq!(selected(&w, "live"), first);
    assert_ne!(selected(&w, "next"), first);
    w.promote();
    w.run(10);
    assert_eq!(w.status().phase, "Healthy");
    assert_eq!(selected(&w, "live"), selected(&w, "next"));
    assert_eq!(w.sizes(), [(1, 2), (2, 2)]);
    w.run(60);
    assert_eq!(w.sizes(), [(1, 0), (2, 2)]);
    assert_eq!(
        reasons(&w),
        [
            "RolloutUpdated",
            "NewReplicaSetCreated",
            "SwitchService",
            "RolloutNotCompleted",
            "ScalingReplicaSet",
            "RolloutPaused",
            "SwitchService",
            "RolloutCompleted",
            "ScalingReplicaSet",
        ]
    );
}

#[test]
fn blue_green_promotes_by_itself_after_the_time_given() {
    let mut w = blue_green(1, json!({ "autoPromotionSeconds": 20 }));
    w.run(10);
    w.set_image("2");
    w.run(15);
    assert_eq!(w.status().message, "BlueGreenPause");
    w.run(15);
    assert_eq!(w.status().phase, "Healthy");
}

/// Upstream takes the resumption for a mistake and starts the pause again.
#[test]
fn blue_green_promoted_by_hand_before_its_time_does_not_pause_again() {
    let mut w = blue_green(1, json!({ "autoPromotionSeconds": 300 }));
    w.run(10);
    w.set_image("2");
    w.run(15);
    w.promote();
    w.run(15);
    assert_eq!(w.status().phase, "Healthy");
}

#[test]
fn blue_green_previews_with_fewer_pods() {
    let mut w = blue_green(3, json!({ "autoPromotionEnabled": false, "previewReplicaCount": 1 }));
    w.run(10);
    w.set_image("2");
    w.run(30);
    assert_eq!(w.sizes(), [(1, 3), (2, 1)]);
    w.promote();
    w.run(10);
    assert_eq!(w.status().phase, "Healthy");
    assert_eq!(w.sizes(), [(1, 3), (2, 3)]);
}

#[test]
fn blue_green_abort_scales_the_preview_down_after_its_delay() {
    let mut w = blue_green(2, json!({ "autoPromotionEnabled": false, "abortScaleDownDelaySeconds": 10 }));
    w.run(10);
    w.set_image("2");
    w.run(30);
    w.rollout.status.abort = true;
    w.run(5);
    assert_eq!(w.sizes(), [(1, 2), (2, 2)]);
    assert_eq!(w.status().phase, "Degraded");
    w.run(20);
    assert_eq!(w.sizes(), [(1, 2), (2, 0)]);
    w.rollout.status.abort = false;
    w.run(20);
    assert_eq!(w.status().message, "BlueGreenPause");
    assert_eq!(w.sizes(), [(1, 2), (2, 2)]);
}

/// Upstream keeps the old ReplicaSet for ever and reconciles it in a busy loop.
#[test]
fn blue_green_without_delay_scales_the_old_version_down_at_once() {
    let mut w = blue_green(2, json!({ "scaleDownDelaySeconds": 0 }));
    w.run(10);
    w.set_image("2");
    w.run(10);
    assert_eq!(w.sizes(), [(1, 0), (2, 2)]);
}

#[test]
fn blue_green_goes_back_at_once_while_the_old_version_still_runs() {
    let mut w = blue_green(2, json!({ "autoPromotionEnabled": false }));
    w.run(10);
    let first = selected(&w, "live");
    w.set_image("2");
    w.run(10);
    w.promote();
    w.run(10);
    w.set_image("1");
    w.run(10);
    assert_eq!(w.status().phase, "Healthy", "{:?}", w.phases);
    assert_eq!(selected(&w, "live"), first);
}

/// Upstream waits for an available pod of none, and the update never ends.
#[test]
fn blue_green_updates_without_pods() {
    let mut w = blue_green(1, json!({ "autoPromotionEnabled": true }));
    w.run(10);
    w.change(|ro| ro.spec.replicas = Some(0));
    w.run(10);
    w.set_image("2");
    w.run(60);
    assert_eq!(w.status().phase, "Healthy", "{}", w.status().message);
    assert_eq!(selected(&w, "live"), w.status().current_pod_hash);
}

#[test]
fn a_plan_prints_what_it_does_and_why() {
    let mut w = canary(3, json!([{ "setWeight": 33 }, { "pause": { "duration": "1m" } }]));
    w.run(10);
    w.plans.clear();
    w.set_image("2");
    w.run(5);
    let scaling = w.plans.iter().find(|p| p.contains("update ReplicaSet web-7445d4664c: replicas=1")).unwrap();
    let expected = "\
- update ReplicaSet web-7445d4664c: replicas=1
    because the canary's weight is 33 of 100
- Normal event ScalingReplicaSet: Scaled up ReplicaSet web-7445d4664c (revision 2) from 0 to 1
";
    assert!(scaling.starts_with(expected), "{scaling}");
    let pause = w.plans.iter().find(|p| p.contains("write status: Paused (CanaryPauseStep), step 1")).unwrap();
    assert!(pause.contains("event RolloutPaused: Rollout is paused (CanaryPauseStep)"), "{pause}");
}
