//! Conditions and counters, as they stand in each state.

use crate::world::World;
use jiff::SignedDuration;
use rollouts_api::rollout::Condition;
use serde_json::json;

fn canary(replicas: i32) -> World {
    let steps = json!([{ "setWeight": 50 }, { "pause": {} }]);
    World::new(replicas, json!({ "canary": { "maxSurge": 1, "maxUnavailable": 0, "steps": steps } }))
}

fn blue_green() -> World {
    let strategy = json!({ "blueGreen": {
        "activeService": "live", "previewService": "next", "autoPromotionEnabled": false, "previewReplicaCount": 1,
    } });
    World::new(3, strategy).with_services(&["live", "next"])
}

fn condition<'w>(w: &'w World, r#type: &str) -> &'w Condition {
    w.status().conditions.iter().find(|c| c.r#type == r#type).unwrap()
}

fn state(w: &World, r#type: &str) -> String {
    w.status()
        .conditions
        .iter()
        .find(|c| c.r#type == r#type)
        .map_or("-".into(), |c| format!("{} {}", c.status, c.reason))
}

/// replicas, updated, ready, available, HPA.
fn counters(w: &World) -> [i32; 5] {
    let s = w.status();
    [s.replicas, s.updated_replicas, s.ready_replicas, s.available_replicas, s.hpa_replicas]
}

/// The status after one write and those before it, as `TYPE: STATUS REASON` of one condition.
fn history(w: &mut World, r#type: &str, seconds: i64) -> Vec<String> {
    let end = w.now + SignedDuration::from_secs(seconds);
    let mut seen = vec![state(w, r#type)];
    while w.now < end {
        w.step();
        let now = state(w, r#type);
        if seen.last() != Some(&now) {
            seen.push(now);
        }
    }
    seen
}

#[test]
fn a_canary_counts_all_its_pods() {
    let mut w = canary(4);
    w.run(10);
    assert_eq!(counters(&w), [4, 4, 4, 4, 4]);
    w.set_image("2");
    w.run(10);
    assert_eq!(counters(&w), [4, 2, 4, 4, 4]);
    assert_eq!(w.status().selector, "app=web");
}

/// Autoscalers see the pods that serve: those of the active ReplicaSet.
#[test]
fn a_blue_green_counts_the_active_pods() {
    let mut w = blue_green();
    w.run(10);
    w.set_image("2");
    w.run(10);
    assert_eq!(counters(&w), [4, 1, 3, 3, 3]);
    assert_eq!(w.status().selector, format!("app=web,rollouts-pod-template-hash={}", w.status().stable_rs));
    w.promote();
    w.run(10);
    assert_eq!(counters(&w), [6, 3, 3, 3, 3]);
    assert_eq!(w.status().selector, format!("app=web,rollouts-pod-template-hash={}", w.status().current_pod_hash));
    w.run(60);
    assert_eq!(counters(&w), [3, 3, 3, 3, 3]);
}

#[test]
fn a_healthy_rollout_has_four_conditions() {
    let mut w = canary(2);
    w.run(10);
    let texts: Vec<String> = w
        .status()
        .conditions
        .iter()
        .map(|c| format!("{} {} {}: {}", c.r#type, c.status, c.reason, c.message))
        .collect();
    let mut sorted = texts.clone();
    sorted.sort();
    assert_eq!(
        sorted,
        [
            "Available True AvailableReason: Rollout has minimum availability",
            "Completed True RolloutCompleted: RolloutCompleted",
            "Healthy True RolloutHealthy: Rollout is healthy",
            "Progressing True NewReplicaSetAvailable: ReplicaSet \"web-64bf54f494\" has successfully progressed.",
        ]
    );
}

/// Right after a change of the spec nothing is known to be healthy.
#[test]
fn any_change_of_the_spec_is_unhealthy_for_one_write() {
    let mut w = canary(2);
    w.run(10);
    w.phases.clear();
    w.change(|ro| ro.spec.min_ready_seconds = 1);
    let progressing = history(&mut w.clone(), "Progressing", 5);
    assert_eq!(
        progressing,
        ["True NewReplicaSetAvailable", "True ReplicaSetNotAvailable", "True NewReplicaSetAvailable"]
    );
    let healthy = history(&mut w, "Healthy", 5);
    assert_eq!(healthy, ["True RolloutHealthy", "False RolloutHealthy", "True RolloutHealthy"]);
    assert_eq!(w.phases, ["Healthy @2"]);
}

#[test]
fn progressing_and_paused_follow_a_pause() {
    let mut w = canary(2);
    w.run(10);
    assert_eq!(state(&w, "Paused"), "-", "until the first pause");
    w.set_image("2");
    let progressing = history(&mut w.clone(), "Progressing", 10);
    let before = ["True NewReplicaSetAvailable", "True NewReplicaSetCreated", "True ReplicaSetUpdated"];
    assert_eq!(progressing, [&before[..], &["Unknown RolloutPaused"]].concat());
    assert_eq!(history(&mut w, "Paused", 10), ["-", "True RolloutPaused"]);
    w.promote();
    let resumed =
        ["Unknown RolloutPaused", "Unknown RolloutResumed", "True ReplicaSetUpdated", "True NewReplicaSetAvailable"];
    assert_eq!(history(&mut w.clone(), "Progressing", 10), resumed);
    assert_eq!(history(&mut w, "Paused", 10), ["True RolloutPaused", "False RolloutPaused"]);
    assert!(!w.events.iter().any(|e| e.starts_with("RolloutResumed")), "a client lifted the pause");
}

#[test]
fn an_abort_and_a_retry_show_in_progressing() {
    let mut w = canary(2);
    w.run(10);
    w.set_image("2");
    w.run(10);
    w.rollout.status.abort = true;
    assert_eq!(history(&mut w, "Progressing", 10), ["Unknown RolloutPaused", "False RolloutAborted"]);
    assert_eq!(condition(&w, "Progressing").message, "Rollout aborted update to revision 2");
    assert_eq!(state(&w, "Paused"), "True RolloutPaused", "as the abort found it");
    assert!(w.status().aborted_at.is_some());
    w.rollout.status.abort = false;
    let retried = ["False RolloutAborted", "Unknown RolloutRetry", "True ReplicaSetUpdated", "Unknown RolloutPaused"];
    assert_eq!(history(&mut w, "Progressing", 10), retried);
    assert_eq!(w.status().aborted_at, None);
}

#[test]
fn a_manual_pause_is_no_lack_of_progress() {
    let mut w = canary(2);
    w.change(|ro| ro.spec.progress_deadline_seconds = Some(30));
    w.run(10);
    w.set_image("2");
    w.run(1000);
    assert_eq!(w.status().message, "CanaryPauseStep");
    w.break_image("2");
    w.change(|ro| ro.spec.paused = true);
    w.run(1000);
    assert_eq!((w.status().phase.as_str(), w.status().message.as_str()), ("Paused", "manually paused"));
}

/// Pods that are lost start the clock, and those that come back end the matter.
#[test]
fn the_deadline_passes_and_recovers() {
    let mut w = canary(2);
    w.change(|ro| ro.spec.progress_deadline_seconds = Some(30));
    w.run(10);
    w.sets.values_mut().for_each(|s| s.status.available_replicas = 1);
    w.run(10);
    assert_eq!(state(&w, "Progressing"), "True ReplicaSetNotAvailable");
    assert_eq!(w.status().phase, "Progressing");
    w.run(30);
    assert_eq!(state(&w, "Progressing"), "False ProgressDeadlineExceeded");
    let late = "ReplicaSet \"web-64bf54f494\" has timed out progressing.";
    assert_eq!(w.status().message, format!("ProgressDeadlineExceeded: {late}"));
    assert_eq!(state(&w, "Available"), "False AvailableReason");
    w.heal();
    w.run(10);
    assert_eq!(w.status().phase, "Healthy");
    assert!(!w.events.iter().any(|e| e.contains("timed out")), "no event");
}

#[test]
fn the_failure_of_a_replica_set_is_copied() {
    let mut w = canary(2);
    w.run(10);
    let failure = json!({
        "type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "quota exceeded",
    });
    w.sets.values_mut().for_each(|s| s.status.conditions = vec![serde_json::from_value(failure.clone()).unwrap()]);
    w.run(10);
    assert_eq!(state(&w, "ReplicaFailure"), "True FailedCreate");
    assert_eq!(condition(&w, "ReplicaFailure").message, "quota exceeded");
    w.sets.values_mut().for_each(|s| s.status.conditions.clear());
    w.run(10);
    assert_eq!(state(&w, "ReplicaFailure"), "-");
}

/// A message alone changes nothing; a status that stays keeps the time of its transition.
#[test]
fn times_of_conditions() {
    let mut w = canary(2);
    w.run(10);
    let before = condition(&w, "Progressing").clone();
    w.set_image("2");
    w.run(5);
    w.rollout.status.promote_full = true;
    w.run(10);
    let after = condition(&w, "Progressing").clone();
    assert_eq!(after.status, before.status);
    assert!(after.last_transition_time > before.last_transition_time, "it was Unknown in between");
    let healthy = condition(&w, "Healthy").clone();
    w.change(|ro| ro.spec.min_ready_seconds = 0);
    w.run(10);
    let again = condition(&w, "Progressing").clone();
    assert_eq!(again.last_transition_time, after.last_transition_time, "True all the time");
    assert!(again.last_update_time > after.last_update_time);
    assert!(condition(&w, "Healthy").last_transition_time > healthy.last_transition_time);
}
