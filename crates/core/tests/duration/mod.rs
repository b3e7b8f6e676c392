//! `status.duration`: when an attempt starts, how it ends, and how long humans kept it waiting.

use crate::world::World;
use rollouts_api::rollout::RolloutDuration;
use serde_json::{Value, json};

fn canary(steps: Value) -> World {
    World::new(2, json!({ "canary": { "maxSurge": 1, "maxUnavailable": 0, "steps": steps } }))
}

fn duration(w: &World) -> RolloutDuration {
    w.status().duration.clone().expect("a duration")
}

/// How the present attempt ended; "" while it goes on or before its end is decided.
fn ended(w: &World) -> (String, bool) {
    let d = duration(w);
    (d.completion_status, d.finished_at.is_some())
}

#[test]
fn an_attempt_starts_with_a_new_version_and_ends_with_its_pods() {
    let mut w = canary(json!([{ "setWeight": 50 }, { "pause": { "duration": 20 } }]));
    w.run(10);
    let first = duration(&w);
    assert_eq!(ended(&w), ("Promoted".into(), true));
    w.set_image("2");
    w.run(10);
    assert_ne!(duration(&w).rollout_started_at, first.rollout_started_at);
    assert_eq!(ended(&w), (String::new(), false));
    w.run(60);
    assert_eq!(ended(&w), ("Promoted".into(), true));
    // Twenty seconds of a timed pause are nobody's fault.
    assert_eq!(duration(&w).total_manual_pause_duration_seconds, 0);
    let last = duration(&w);
    w.change(|ro| ro.spec.replicas = Some(5));
    w.run(10);
    assert_eq!(duration(&w), last, "scaling is no attempt");
}

#[test]
fn a_blue_green_attempt_ends_when_all_pods_serve() {
    let strategy = json!({ "blueGreen": { "activeService": "live", "autoPromotionEnabled": false } });
    let mut w = World::new(2, strategy).with_services(&["live"]);
    w.run(10);
    assert_eq!(ended(&w), ("Promoted".into(), true));
    w.set_image("2");
    w.run(31);
    w.promote();
    w.run(10);
    assert_eq!(ended(&w), ("Promoted".into(), true));
    let waited = duration(&w).total_manual_pause_duration_seconds;
    assert_eq!(waited, 30, "from the first available pods to the promotion");
}

#[test]
fn a_full_promotion_is_fast() {
    let mut w = canary(json!([{ "setWeight": 50 }, { "pause": {} }]));
    w.run(10);
    w.set_image("2");
    w.run(10);
    w.rollout.status.promote_full = true;
    w.run(10);
    assert_eq!(ended(&w), ("FastPromoted".into(), true));
}

#[test]
fn an_abort_ends_the_attempt_and_a_retry_starts_another() {
    let mut w = canary(json!([{ "setWeight": 50 }, { "pause": {} }]));
    w.run(10);
    w.set_image("2");
    w.run(30);
    assert!(duration(&w).manual_pause_started_at.is_some());
    w.rollout.status.abort = true;
    w.run(30);
    assert_eq!(ended(&w), ("Aborted".into(), true));
    let aborted = duration(&w);
    assert_eq!(aborted.manual_pause_started_at, None);
    assert!((25..30).contains(&aborted.total_manual_pause_duration_seconds), "{aborted:?}");
    w.rollout.status.abort = false;
    w.run(5);
    assert_eq!(ended(&w), (String::new(), false));
    assert!(duration(&w).rollout_started_at > aborted.finished_at);
}

/// Going back to stable after an abort starts nothing: everything is where it was.
#[test]
fn nothing_starts_without_a_way_to_go() {
    let mut w = canary(json!([{ "setWeight": 50 }, { "pause": {} }]));
    w.run(10);
    w.set_image("2");
    w.run(10);
    w.rollout.status.abort = true;
    w.run(10);
    let aborted = duration(&w);
    w.set_image("1");
    w.run(10);
    assert_eq!(duration(&w), aborted);
    w.change(|ro| ro.spec.strategy.canary.as_mut().expect("a canary").steps.clear());
    w.run(10);
    assert_eq!(duration(&w), aborted, "steps of an idle Rollout");
}

#[test]
fn in_mid_flight_a_newer_version_supersedes_and_an_older_rolls_back() {
    let mut w = canary(json!([{ "setWeight": 50 }, { "pause": {} }]));
    w.change(|ro| ro.spec.revision_history_limit = None);
    w.run(10);
    w.set_image("2");
    w.run(10);
    w.rollout.status.promote_full = true;
    w.run(10);
    w.set_image("3");
    w.run(10);
    let third = duration(&w);
    w.set_image("4");
    w.run(10);
    assert_eq!(ended(&w), (String::new(), false), "superseded: the new attempt takes its place");
    assert!(duration(&w).rollout_started_at > third.rollout_started_at);
    let fourth = duration(&w);
    w.set_image("1");
    w.run(10);
    assert_eq!(ended(&w), ("RolledBack".into(), false), "older than stable: step by step");
    assert_eq!(duration(&w).rollout_started_at, fourth.rollout_started_at);
    w.set_image("2");
    w.run(10);
    assert_eq!(ended(&w), ("FastRolledBack".into(), true), "to stable");
    assert_eq!(duration(&w).rollout_started_at, fourth.rollout_started_at);
}

/// A blueGreen goes back without a pause while the earlier version still waits for its scale-down.
#[test]
fn going_back_before_the_scale_down_is_fast() {
    let strategy = json!({ "blueGreen": { "activeService": "live", "autoPromotionEnabled": false, "scaleDownDelaySeconds": 300 } });
    let mut w = World::new(2, strategy).with_services(&["live"]);
    w.run(10);
    w.set_image("2");
    w.run(20);
    w.promote();
    w.run(10);
    let mut in_flight = w.clone();
    w.set_image("1");
    w.run(20);
    assert_eq!(ended(&w), ("FastPromoted".into(), true), "an attempt of its own");
    in_flight.set_image("3");
    in_flight.run(20);
    let third = duration(&in_flight);
    in_flight.set_image("1");
    in_flight.run(20);
    assert_eq!(ended(&in_flight), ("FastRolledBack".into(), true));
    assert_eq!(duration(&in_flight).rollout_started_at, third.rollout_started_at);
}
