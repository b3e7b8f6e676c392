//! A blueGreen's delays: old versions that are kept, aborted ones, previews and pauses before the switch.

use crate::world::World;
use rollouts_api::names;
use serde_json::{Value, json};

fn blue_green(extra: Value) -> World {
    let mut strategy = json!({ "activeService": "live", "previewService": "next" });
    strategy.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    let mut w = World::new(2, json!({ "blueGreen": strategy })).with_services(&["live", "next"]);
    w.run(10);
    w
}

fn update(w: &mut World, tag: &str) {
    w.set_image(tag);
    w.run(10);
}

fn deadline(w: &World, revision: i64) -> Option<&str> {
    w.sets.values().find(|s| s.revision() == revision).unwrap().metadata.annotation(names::SCALE_DOWN_DEADLINE)
}

#[test]
fn an_old_version_is_kept_for_its_delay() {
    let mut w = blue_green(json!({ "scaleDownDelaySeconds": 60 }));
    update(&mut w, "2");
    assert_eq!(w.sizes(), [(1, 2), (2, 2)]);
    assert!(deadline(&w, 1).unwrap().ends_with('Z'));
    w.run(45);
    assert_eq!(w.sizes(), [(1, 2), (2, 2)]);
    w.run(20);
    assert_eq!((w.sizes(), deadline(&w, 1)), (vec![(1, 0), (2, 2)], None));
}

/// It could take over again, so it follows the autoscaler; a deadline that cannot be read is over.
#[test]
fn what_waits_for_its_scale_down_is_ready_to_take_over() {
    let mut w = blue_green(json!({ "scaleDownDelaySeconds": 600 }));
    update(&mut w, "2");
    w.change(|ro| ro.spec.replicas = Some(5));
    w.run(10);
    assert_eq!(w.sizes(), [(1, 5), (2, 5)]);
    let old = w.sets.values_mut().find(|s| s.revision() == 1).unwrap();
    old.metadata.annotations.insert(names::SCALE_DOWN_DEADLINE.into(), "soon".into());
    w.run(10);
    assert_eq!(w.sizes(), [(1, 0), (2, 5)]);
}

#[test]
fn the_newest_old_versions_are_kept() {
    for (limit, kept) in [(json!(0), 0), (json!(1), 1), (json!(2), 2), (Value::Null, 3)] {
        let mut w = blue_green(json!({ "scaleDownDelaySeconds": 600, "scaleDownDelayRevisionLimit": limit }));
        ["2", "3", "4"].iter().for_each(|tag| update(&mut w, tag));
        let expected: Vec<(i64, i32)> = (1..=4).map(|r| (r, if r + kept >= 4 { 2 } else { 0 })).collect();
        assert_eq!(w.sizes(), expected, "limit {limit}");
    }
}

#[test]
fn what_is_needed_again_has_no_deadline() {
    let mut w = blue_green(json!({ "scaleDownDelaySeconds": 600, "autoPromotionEnabled": false }));
    update(&mut w, "2");
    w.promote();
    w.run(10);
    assert!(deadline(&w, 1).is_some());
    update(&mut w, "1");
    assert_eq!(deadline(&w, 3), None);
    assert!(deadline(&w, 2).is_some());
}

/// The delay starts when stable has all its pods; `0` is for ever.
#[test]
fn an_aborted_version_is_kept_for_its_delay() {
    for (seconds, after_20, after_60) in [(json!(30), 2, 0), (json!(0), 2, 2), (Value::Null, 2, 0)] {
        let mut w = blue_green(json!({ "abortScaleDownDelaySeconds": seconds, "autoPromotionEnabled": false }));
        update(&mut w, "2");
        w.rollout.status.abort = true;
        w.run(20);
        assert_eq!(w.sizes(), [(1, 2), (2, after_20)], "{seconds}");
        w.run(40);
        assert_eq!(w.sizes(), [(1, 2), (2, after_60)], "{seconds}");
        assert_eq!(deadline(&w, 2).is_some(), seconds != json!(0));
        w.rollout.status.abort = false;
        w.run(10);
        assert_eq!((w.sizes(), deadline(&w, 2)), (vec![(1, 2), (2, 2)], None));
        assert_eq!(w.services["next"].selected_hash(), w.status().current_pod_hash);
    }
}

/// Upstream may leave users on it, and then scale it to 0.
#[test]
fn an_abort_after_the_switch_never_takes_users_pods_away() {
    let mut w = blue_green(json!({ "abortScaleDownDelaySeconds": 5, "scaleDownDelaySeconds": 600 }));
    update(&mut w, "2");
    // As if a check after the promotion were still running.
    w.rollout.status.stable_rs = w.sets.values().find(|s| s.revision() == 1).unwrap().hash().to_string();
    let first = w.rollout.status.stable_rs.clone();
    for set in w.sets.values_mut() {
        // The stable version has lost its pods, the new one is not whole.
        let available = if set.hash() == first { 0 } else { 1 };
        (set.status.available_replicas, set.status.ready_replicas) = (available, available);
    }
    w.rollout.status.abort = true;
    w.run(60);
    let live = w.services["live"].selected_hash().to_string();
    assert_ne!(live, first);
    assert_eq!(w.sets.values().find(|s| s.hash() == live).unwrap().size(), 2);
    w.heal();
    w.run(60);
    assert_eq!(w.services["live"].selected_hash(), first);
    assert_eq!(w.sizes(), [(1, 2), (2, 0)]);
}

#[test]
fn the_countdown_starts_with_the_pause() {
    let mut w = blue_green(json!({ "autoPromotionSeconds": 40 }));
    w.break_image("2");
    w.set_image("2");
    w.run(60);
    assert!(w.status().pause_conditions.is_empty(), "nothing to look at yet");
    w.heal();
    w.run(35);
    assert_eq!(w.status().message, "BlueGreenPause");
    w.run(10);
    assert_eq!(w.status().phase, "Healthy");
    assert!(w.events.iter().any(|e| e.starts_with("RolloutResumed")), "nobody else lifted the pause");
}

/// `autoPromotionEnabled: false` makes the seconds meaningless.
#[test]
fn a_manual_gate_has_no_clock() {
    let mut w = blue_green(json!({ "autoPromotionEnabled": false, "autoPromotionSeconds": 5 }));
    update(&mut w, "2");
    w.run(1000);
    assert_eq!(w.status().message, "BlueGreenPause");
}

/// Upstream forgets a resumption that comes while a pod is not ready.
#[test]
fn a_resumption_is_kept_until_pods_are_ready() {
    let mut w = blue_green(json!({ "autoPromotionEnabled": false }));
    update(&mut w, "2");
    let new = w.sets.values_mut().find(|s| s.revision() == 2).unwrap();
    new.status.available_replicas = 1;
    w.promote();
    w.run(10);
    assert_eq!(w.services["live"].selected_hash(), w.status().stable_rs);
    w.heal();
    w.run(10);
    assert_eq!(
        (w.status().phase.as_str(), w.services["live"].selected_hash()),
        ("Healthy", w.status().current_pod_hash.as_str())
    );
}

#[test]
fn a_preview_grows_before_the_switch() {
    let mut w = blue_green(json!({ "autoPromotionEnabled": false, "previewReplicaCount": 1 }));
    update(&mut w, "2");
    assert_eq!((w.sizes(), w.status().blue_green.scale_up_preview_check_point), (vec![(1, 2), (2, 1)], false));
    // Scaling does not change a preview.
    w.change(|ro| ro.spec.replicas = Some(4));
    w.run(10);
    assert_eq!(w.sizes(), [(1, 4), (2, 1)]);
    w.promote();
    w.run(0);
    assert!(w.status().blue_green.scale_up_preview_check_point);
    assert_ne!(w.services["live"].selected_hash(), w.status().current_pod_hash, "not before all pods are there");
    w.run(10);
    assert_eq!((w.sizes(), w.status().phase.as_str()), (vec![(1, 4), (2, 4)], "Healthy"));
    assert!(!w.status().blue_green.scale_up_preview_check_point);
    // A new version starts small again.
    update(&mut w, "3");
    assert_eq!(w.sizes()[2], (3, 1));
    w.rollout.status.promote_full = true;
    w.run(10);
    assert_eq!((w.sizes()[2], w.status().phase.as_str()), ((3, 4), "Healthy"));
}

/// What was looked at before an abort must be looked at again before the next attempt reaches users.
#[test]
fn a_retry_asks_again() {
    for held in [true, false] {
        let mut w = blue_green(json!({
            "autoPromotionEnabled": false, "previewReplicaCount": 1, "abortScaleDownDelaySeconds": if held { 60 } else { 0 },
        }));
        update(&mut w, "2");
        w.promote();
        w.run(0);
        assert!(w.status().blue_green.scale_up_preview_check_point);
        w.rollout.status.abort = true;
        w.run(5);
        assert!(!w.status().blue_green.scale_up_preview_check_point);
        w.rollout.status.abort = false;
        w.run(20);
        assert_eq!((w.status().message.as_str(), w.sizes()), ("BlueGreenPause", vec![(1, 2), (2, 1)]));
        assert_eq!(w.services["live"].selected_hash(), w.status().stable_rs);
        w.promote();
        w.run(10);
        assert_eq!((w.status().phase.as_str(), w.sizes()), ("Healthy", vec![(1, 2), (2, 2)]));
    }
}
