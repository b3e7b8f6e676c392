//! Going back: to stable, within the rollback window, and the long way.

use crate::world::World;
use serde_json::{Value, json};

/// Five promoted versions, with pods for as long as `strategy` keeps them.
fn five_versions(window: i32, strategy: Value) -> World {
    let mut w = World::new(2, strategy).with_services(&["live"]);
    w.change(|ro| ro.spec.rollback_window = serde_json::from_value(json!({ "revisions": window })).unwrap());
    w.run(10);
    for tag in ["2", "3", "4", "5"] {
        w.set_image(tag);
        w.run(10);
        w.rollout.status.promote_full = true;
        w.run(60);
        assert_eq!(w.status().phase, "Healthy");
    }
    w.events.clear();
    w
}

fn canary() -> Value {
    json!({ "canary": { "maxSurge": 1, "maxUnavailable": 0, "steps": [{ "setWeight": 50 }, { "pause": {} }] } })
}

/// Whether going back to each of the versions 1 to 4 needs no human.
fn fast(window: i32, strategy: fn() -> Value) -> Vec<bool> {
    ["1", "2", "3", "4"]
        .into_iter()
        .map(|tag| {
            let mut w = five_versions(window, strategy());
            w.set_image(tag);
            w.run(60);
            w.status().phase == "Healthy"
        })
        .collect()
}

#[test]
fn the_window_counts_versions_between() {
    assert_eq!(fast(0, canary), [false; 4]);
    assert_eq!(fast(1, canary), [false, false, false, true]);
    assert_eq!(fast(3, canary), [false, true, true, true]);
    let blue_green = || json!({ "blueGreen": { "activeService": "live", "autoPromotionEnabled": false } });
    assert_eq!(fast(1, blue_green), [false, false, false, true]);
}

#[test]
fn a_fast_rollback_walks_no_step() {
    let mut w = five_versions(1, canary());
    w.set_image("4");
    w.run(60);
    let reasons: Vec<&str> = w.events.iter().map(|e| e.split(' ').next().unwrap()).collect();
    assert!(!reasons.contains(&"RolloutStepCompleted") && !reasons.contains(&"RolloutPaused"), "{reasons:?}");
    assert!(w.events.last().unwrap().ends_with(": Rollback within window"), "{:?}", w.events);
}

/// Rolling forward again is no rollback: what was rolled back from may well be broken, and is looked at step by step.
#[test]
fn rolling_forward_again_walks_the_steps() {
    let mut w = five_versions(3, canary());
    w.set_image("3");
    w.run(60);
    assert_eq!(w.status().phase, "Healthy");
    w.set_image("5");
    w.run(60);
    assert_eq!(w.status().message, "CanaryPauseStep");
}

/// Pods of the canary's version still run: the steps are skipped from the start.
#[test]
fn an_active_replica_set_within_the_window_skips_the_steps() {
    let mut w = five_versions(1, canary());
    w.set_image("6");
    w.run(10);
    // The fourth version still has a pod.
    let fourth = w.sets.values_mut().find(|s| s.revision() == 4).unwrap();
    (fourth.spec.replicas, fourth.status.replicas, fourth.status.available_replicas) = (Some(1), 1, 1);
    w.events.clear();
    w.set_image("4");
    w.run(60);
    assert!(
        w.events.contains(&"SkipSteps Rollback to active ReplicaSets within RollbackWindow".to_string()),
        "{:?}",
        w.events
    );
    assert_eq!(w.status().phase, "Healthy");
}

/// While the old version still waits for its scale-down, a blueGreen switches back at once, window or not.
#[test]
fn a_blue_green_returns_before_the_scale_down() {
    let strategy = json!({ "blueGreen": { "activeService": "live", "autoPromotionEnabled": false, "scaleDownDelaySeconds": 300 } });
    for (tag, back) in [("4", true), ("5", false)] {
        let mut w = World::new(2, strategy.clone()).with_services(&["live"]);
        w.run(10);
        for tag in ["4", "6"] {
            w.set_image(tag);
            w.run(10);
            w.promote();
            w.run(10);
        }
        w.events.clear();
        w.set_image(tag);
        w.run(20);
        assert_eq!(w.status().phase == "Healthy", back);
        let completed = w.events.iter().find(|e| e.starts_with("RolloutCompleted"));
        assert_eq!(completed.is_some_and(|e| e.ends_with(": Fast rollback")), back);
    }
}

/// Going back within the window can be stopped like any other update; upstream forgets the abort after a moment.
#[test]
fn a_fast_rollback_can_be_aborted() {
    let mut w = five_versions(1, canary());
    w.break_image("4");
    w.set_image("4");
    w.run(10);
    assert_ne!(w.status().stable_rs, w.status().current_pod_hash);
    w.resizes.clear();
    w.events.clear();
    w.rollout.status.abort = true;
    w.run(60);
    assert_eq!((w.status().phase.as_str(), w.status().abort), ("Degraded", true));
    assert_eq!(w.sets.values().map(|s| s.size()).sum::<i32>(), 2);
    assert!(w.resizes.iter().all(|r| r.to == 0 || r.hash == w.status().stable_rs), "no flap: {:?}", w.resizes);
    assert_eq!(w.events.iter().filter(|e| e.starts_with("RolloutAborted")).count(), 1);
    w.heal();
    w.rollout.status.abort = false;
    w.run(60);
    assert_eq!(w.status().phase, "Healthy");
    assert!(w.events.last().unwrap().ends_with(": Rollback within window"), "{:?}", w.events);
}

#[test]
fn the_deadline_aborts_a_fast_rollback_if_asked() {
    let mut w = five_versions(1, canary());
    w.change(|ro| (ro.spec.progress_deadline_seconds, ro.spec.progress_deadline_abort) = (Some(30), true));
    w.run(10);
    w.break_image("4");
    w.set_image("4");
    w.run(100);
    assert_eq!((w.status().phase.as_str(), w.status().abort), ("Degraded", true));
    let stable = w.sets.values().find(|s| s.hash() == w.status().stable_rs).unwrap();
    assert_eq!((stable.size(), stable.revision()), (2, 5));
}

#[test]
fn a_blue_green_that_goes_back_within_the_window_can_be_aborted() {
    let strategy = json!({ "blueGreen": { "activeService": "live", "autoPromotionEnabled": false } });
    let mut w = five_versions(1, strategy);
    let live = w.services["live"].selected_hash().to_string();
    w.run(60);
    w.break_image("4");
    w.set_image("4");
    w.run(10);
    w.rollout.status.abort = true;
    w.run(100);
    assert_eq!((w.status().phase.as_str(), w.services["live"].selected_hash()), ("Degraded", live.as_str()));
    assert_eq!(w.sets.values().map(|s| s.size()).sum::<i32>(), 2);
}
