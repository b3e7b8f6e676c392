//! What operators do through the plugin, the dashboard or by hand: the patches, and what comes of them.

use crate::world::World;
use serde_json::{Value, json};

fn canary(steps: Value) -> World {
    let mut w = World::new(2, json!({ "canary": { "maxSurge": 1, "maxUnavailable": 0, "steps": steps } }));
    w.run(10);
    w.set_image("2");
    w.run(10);
    w
}

fn count(w: &World, reason: &str) -> usize {
    w.events.iter().filter(|e| e.split(' ').next() == Some(reason)).count()
}

fn at(w: &World) -> (Option<i32>, &str) {
    (w.status().current_step_index, w.status().message.as_str())
}

/// `promote` at a step that is no pause: the step is jumped, without an event.
#[test]
fn promoting_a_step_that_is_no_pause() {
    let mut w = World::new(
        2,
        json!({ "canary": { "maxSurge": 1, "maxUnavailable": 0,
        "steps": [{ "setWeight": 50 }, { "setWeight": 100 }, { "pause": {} }] } }),
    );
    w.run(10);
    w.break_image("2");
    w.set_image("2");
    w.run(10);
    assert_eq!(w.status().current_step_index, Some(0));
    w.rollout.status.current_step_index = Some(1);
    w.run(10);
    assert_eq!((w.status().current_step_index, count(&w, "RolloutStepCompleted")), (Some(1), 0));
}

/// `promote --skip-current-step` at a pause: the next pause inherits the condition with its start.
#[test]
fn skipping_a_pause_leaves_its_condition() {
    let mut w = canary(json!([{ "pause": {} }, { "pause": { "duration": 40 } }, { "setWeight": 50 }]));
    let since = w.status().pause_conditions[0].start_time;
    w.run(15);
    w.rollout.status.current_step_index = Some(1);
    w.run(2);
    assert_eq!(at(&w), (Some(1), "CanaryPauseStep"));
    assert_eq!((w.status().pause_conditions[0].start_time, count(&w, "RolloutPaused")), (since, 1));
    w.run(20);
    assert_eq!(w.status().phase, "Healthy", "its forty seconds began with the first pause");
}

#[test]
fn skipping_all_steps_promotes() {
    let mut w = canary(json!([{ "setWeight": 50 }, { "pause": {} }]));
    w.rollout.status.current_step_index = Some(2);
    w.run(0);
    assert_eq!(w.status().phase, "Paused", "until the promotion");
    w.run(20);
    assert_eq!(w.status().phase, "Healthy");
    assert!(w.events.iter().any(|e| e.ends_with("Completed all 2 canary steps")));
}

/// Under `spec.paused` a resumption is lost, as recorded: the step pauses again.
#[test]
fn promoting_under_a_manual_pause() {
    let mut w = canary(json!([{ "setWeight": 50 }, { "pause": {} }]));
    w.change(|ro| ro.spec.paused = true);
    w.run(10);
    assert_eq!(w.status().message, "manually paused");
    w.promote();
    w.run(10);
    assert_eq!((w.status().current_step_index, w.status().controller_pause), (Some(1), false));
    w.change(|ro| ro.spec.paused = false);
    w.run(10);
    assert_eq!(at(&w), (Some(1), "CanaryPauseStep"));
}

#[test]
fn a_manual_pause_stops_steps_and_their_clock() {
    let mut w = canary(json!([{ "setWeight": 50 }, { "pause": { "duration": 30 } }, { "setWeight": 100 }]));
    w.change(|ro| ro.spec.paused = true);
    w.run(100);
    assert_eq!((at(&w), w.sizes()), ((Some(1), "manually paused"), vec![(1, 1), (2, 1)]));
    w.change(|ro| ro.spec.paused = false);
    w.run(10);
    assert_eq!(w.status().phase, "Healthy");
}

#[test]
fn a_first_version_that_is_paused_has_no_pods() {
    let mut w = World::new(2, json!({ "canary": {} }));
    w.change(|ro| ro.spec.paused = true);
    w.run(10);
    assert_eq!((w.sizes(), w.status().phase.as_str()), (vec![(1, 0)], "Paused"));
    w.change(|ro| ro.spec.paused = false);
    w.run(10);
    assert_eq!((w.sizes(), w.status().phase.as_str()), (vec![(1, 2)], "Healthy"));
}

/// All pods at once, but never more than the surge, and only what is available counts.
#[test]
fn a_full_promotion_skips_steps_not_safety() {
    let mut w = World::new(
        4,
        json!({ "canary": { "maxSurge": 1, "maxUnavailable": 0,
        "steps": [{ "setWeight": 25 }, { "pause": {} }] } }),
    );
    w.run(10);
    w.set_image("2");
    w.run(10);
    w.resizes.clear();
    w.rollout.status.promote_full = true;
    w.run(30);
    assert_eq!((w.status().phase.as_str(), w.status().promote_full), ("Healthy", false));
    assert!(w.resizes.iter().all(|r| r.total <= 5 && r.available.1 >= 4), "{:?}", w.resizes);
    assert!(w.events.iter().any(|e| e.ends_with(": Full promotion requested")));
    assert_eq!(count(&w, "RolloutResumed"), 1, "the controller lifted the pause");
    w.rollout.status.promote_full = true;
    w.run(1);
    assert!(!w.status().promote_full, "there is nothing to promote");
}

#[test]
fn aborting_what_is_promoted_is_nothing() {
    let mut w = canary(json!([]));
    w.run(20);
    assert_eq!(w.status().phase, "Healthy");
    w.rollout.status.abort = true;
    w.run(10);
    assert_eq!((w.status().phase.as_str(), w.status().abort, count(&w, "RolloutAborted")), ("Healthy", false, 0));
}

#[test]
fn going_back_to_stable_after_an_abort_is_healthy() {
    let mut w = canary(json!([{ "setWeight": 50 }, { "pause": {} }]));
    w.rollout.status.abort = true;
    w.run(10);
    assert_eq!(w.status().phase, "Degraded");
    w.set_image("1");
    w.run(10);
    assert_eq!((w.status().phase.as_str(), w.status().abort), ("Healthy", false));
    assert_eq!(w.status().current_step_index, Some(2));
}

/// An abort in the name of the deadline: its cause stands in condition and events, as recorded in two of them.
#[test]
fn the_deadline_aborts_with_its_cause() {
    let mut w = World::new(
        2,
        json!({ "canary": { "maxSurge": 1, "maxUnavailable": 0,
        "steps": [{ "setWeight": 50 }, { "pause": {} }] } }),
    );
    w.change(|ro| (ro.spec.progress_deadline_seconds, ro.spec.progress_deadline_abort) = (Some(20), true));
    w.run(10);
    w.break_image("2");
    w.set_image("2");
    w.run(60);
    let cause = format!("ReplicaSet \"web-{}\" has timed out progressing.", w.status().current_pod_hash);
    let aborted: Vec<&String> = w.events.iter().filter(|e| e.starts_with("RolloutAborted")).collect();
    let whole = format!("RolloutAborted Rollout aborted update to revision 2: {cause}");
    assert_eq!(aborted, [&format!("RolloutAborted {cause}"), &whole]);
    assert_eq!(w.status().current_step_index, Some(0));
}

/// Scaling takes the pods where the weight wants them, whatever the Rollout waits for.
#[test]
fn inconclusive_analysis_does_not_lock_the_autoscaler_out() {
    let mut w = canary(json!([{ "setWeight": 50 }, { "pause": {} }]));
    w.rollout.status.pause_conditions[0].reason = "InconclusiveAnalysisRun".into();
    w.change(|ro| ro.spec.replicas = Some(6));
    w.run(20);
    assert_eq!((w.sizes(), w.status().message.as_str()), (vec![(1, 3), (2, 3)], "InconclusiveAnalysisRun"));
}

/// Whatever a client writes into the index, no step is taken for done that was not.
#[test]
fn an_index_that_cannot_be() {
    let mut w = canary(json!([{ "setWeight": 50 }, { "pause": {} }]));
    w.rollout.status.current_step_index = Some(-7);
    w.rollout.status.pause_conditions.clear();
    w.rollout.status.controller_pause = false;
    w.run(20);
    assert_eq!((at(&w), w.sizes()), ((Some(1), "CanaryPauseStep"), vec![(1, 1), (2, 1)]));
}

/// Also an index that was taken away stands for the first step, not for the end of all of them.
#[test]
fn no_index_is_the_first_step() {
    let mut w = canary(json!([{ "setWeight": 50 }, { "pause": {} }]));
    w.rollout.status.current_step_index = None;
    w.rollout.status.pause_conditions.clear();
    w.rollout.status.controller_pause = false;
    w.run(20);
    assert_eq!((at(&w), w.sizes()), ((Some(1), "CanaryPauseStep"), vec![(1, 1), (2, 1)]));
    // The broken step cannot complete: it is the first one all the same.
    w.break_image("3");
    w.set_image("3");
    w.run(10);
    w.rollout.status.current_step_index = None;
    w.run(10);
    assert_eq!(w.status().current_step_index, Some(0));
    // What is promoted stays so.
    w.set_image("1");
    w.run(10);
    w.rollout.status.current_step_index = None;
    w.run(10);
    assert_eq!((w.status().current_step_index, w.status().phase.as_str()), (Some(2), "Healthy"));
}

/// It does not wait for pods that are broken, and does not skip what comes next.
#[test]
fn a_full_promotion_of_nothing_is_forgotten() {
    let mut w = canary(json!([{ "pause": {} }]));
    w.promote();
    w.run(20);
    w.sets.values_mut().for_each(|s| s.status.available_replicas = 0);
    w.rollout.status.promote_full = true;
    w.run(1);
    assert!(!w.status().promote_full);
}
