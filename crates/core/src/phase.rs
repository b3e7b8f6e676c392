//! `status.phase` and `status.message` (rollout.md §7.6).

use crate::conditions::{DEADLINE_EXCEEDED, INVALID_SPEC, ROLLOUT_ABORTED};
use crate::refused;
use jiff::Timestamp;
use rollouts_api::{Rollout, RolloutStatus};

pub(crate) const DEGRADED: &str = "Degraded";
pub(crate) const HEALTHY: &str = "Healthy";
pub(crate) const PAUSED: &str = "Paused";
pub(crate) const PROGRESSING: &str = "Progressing";

/// The first rule that applies at `now`.
pub(crate) fn phase(ro: &Rollout, s: &RolloutStatus, now: Timestamp) -> (&'static str, String) {
    for c in &s.conditions {
        if c.r#type == INVALID_SPEC {
            return (DEGRADED, format!("{INVALID_SPEC}: {}", c.message));
        }
        if c.reason == ROLLOUT_ABORTED || c.reason == DEADLINE_EXCEEDED {
            return (DEGRADED, format!("{}: {}", c.reason, c.message));
        }
    }
    if ro.spec.paused {
        return (PAUSED, "manually paused".into());
    }
    if let Some(pause) = s.pause_conditions.first() {
        return (PAUSED, pause.reason.clone());
    }
    if let Some(refusal) = refused::told(&s.conditions) {
        return (PROGRESSING, format!("{}: {}", refusal.reason, refusal.message));
    }
    match waiting_for(ro, s, now) {
        Some(message) => (PROGRESSING, message.into()),
        None => (HEALTHY, String::new()),
    }
}

fn waiting_for(ro: &Rollout, s: &RolloutStatus, now: Timestamp) -> Option<&'static str> {
    let strategy = &ro.spec.strategy;
    let promoted = s.stable_rs == s.current_pod_hash && !s.stable_rs.is_empty();
    // Other than upstream, a restart that is planned for later is none yet.
    let due = ro.spec.restart_at.is_some_and(|at| at.timestamp() <= now);
    if due && ro.spec.restart_at != s.restarted_at {
        return Some("rollout is restarting");
    }
    if s.updated_replicas < ro.spec.replicas() {
        return Some("more replicas need to be updated");
    }
    if s.available_replicas < s.updated_replicas {
        return Some("updated replicas are still becoming available");
    }
    if let Some(blue_green) = &strategy.blue_green {
        let active = &s.blue_green.active_selector;
        if active.is_empty() || *active != s.current_pod_hash {
            return Some("active service cutover pending");
        }
        if !promoted {
            let run = &s.blue_green.post_promotion_analysis_run_status;
            let finished = run.as_ref().is_some_and(|r| !["", "Pending", "Running"].contains(&r.status.as_str()));
            return Some(match blue_green.post_promotion_analysis.is_some() && !finished {
                true => "waiting for analysis to complete",
                false => "waiting for post-promotion verification to complete",
            });
        }
    }
    if let Some(canary) = &strategy.canary {
        if canary.traffic_routing.is_none() && s.replicas > s.updated_replicas {
            return Some("old replicas are pending termination");
        }
        if !promoted {
            return Some("waiting for all steps to complete");
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// Phase and message of a Rollout of two pods, of which `spec` and `status` are merged into a healthy one.
    fn of(strategy: &str, spec: Value, status: Value) -> String {
        let mut ro = json!({
            "spec": { "replicas": 2, "strategy": { strategy: { "activeService": "live" } } },
            "status": {
                "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2, "stableRS": "a", "currentPodHash": "a",
                "blueGreen": { "activeSelector": "a" },
            },
        });
        if strategy == "canary" {
            ro["spec"]["strategy"] = json!({ "canary": {} });
        }
        for (key, part) in [("spec", spec), ("status", status)] {
            for (field, value) in part.as_object().into_iter().flatten() {
                ro[key][field] = value.clone();
            }
        }
        let ro: Rollout = serde_json::from_value(ro).expect("a Rollout");
        let now = "2026-01-01T00:00:00Z".parse().expect("a time");
        let (phase, message) = phase(&ro, &ro.status, now);
        format!("{phase} {message}").trim_end().to_string()
    }

    fn condition(r#type: &str, reason: &str) -> Value {
        let at = "2026-01-01T00:00:00Z";
        json!([{
            "type": r#type, "reason": reason, "status": "True", "message": "why",
            "lastUpdateTime": at, "lastTransitionTime": at,
        }])
    }

    #[test]
    fn the_first_rule_that_applies() {
        let pause = json!([{ "reason": "CanaryPauseStep", "startTime": "2026-01-01T00:00:00Z" }]);
        let restart = json!({ "restartAt": "2025-12-31T00:00:00Z" });
        // From the last rule to the first: each hides those before it.
        let mut spec = json!({});
        let mut status = json!({});
        let mut rules: Vec<(&str, &str, Value, &str)> = vec![
            ("status", "stableRS", json!("b"), "Progressing waiting for all steps to complete"),
            ("status", "replicas", json!(3), "Progressing old replicas are pending termination"),
            ("status", "availableReplicas", json!(1), "Progressing updated replicas are still becoming available"),
            ("status", "updatedReplicas", json!(1), "Progressing more replicas need to be updated"),
            ("spec", "restartAt", restart["restartAt"].clone(), "Progressing rollout is restarting"),
            ("status", "pauseConditions", pause, "Paused CanaryPauseStep"),
            ("spec", "paused", json!(true), "Paused manually paused"),
        ];
        for reason in ["RolloutAborted", "ProgressDeadlineExceeded"] {
            let text = if reason == "RolloutAborted" { "RolloutAborted: why" } else { "ProgressDeadlineExceeded: why" };
            assert_eq!(
                of("canary", json!({}), json!({ "conditions": condition("Progressing", reason) })),
                format!("Degraded {text}")
            );
        }
        rules.push(("status", "conditions", condition("InvalidSpec", "InvalidSpec"), "Degraded InvalidSpec: why"));
        assert_eq!(of("canary", spec.clone(), status.clone()), "Healthy");
        for (part, field, value, expected) in rules {
            let part = if part == "spec" { &mut spec } else { &mut status };
            part[field] = value;
            assert_eq!(of("canary", spec.clone(), status.clone()), expected);
        }
    }

    #[test]
    fn a_blue_green_waits_for_its_switch() {
        let of = |spec, status| of("blueGreen", spec, status);
        assert_eq!(of(json!({}), json!({})), "Healthy");
        // Old pods are no business of a blueGreen's phase.
        assert_eq!(of(json!({}), json!({ "replicas": 4 })), "Healthy");
        for active in ["", "b"] {
            let status = json!({ "blueGreen": { "activeSelector": active } });
            assert_eq!(of(json!({}), status), "Progressing active service cutover pending");
        }
        let unpromoted = json!({ "stableRS": "b" });
        let waiting = "Progressing waiting for post-promotion verification to complete";
        assert_eq!(of(json!({}), unpromoted), waiting);
    }

    #[test]
    fn a_restart_counts_from_its_time_on() {
        let at = |at: &str| of("canary", json!({ "restartAt": at }), json!({ "restartedAt": "2025-12-01T00:00:00Z" }));
        assert_eq!(at("2025-12-31T00:00:00Z"), "Progressing rollout is restarting");
        assert_eq!(at("2026-01-01T00:00:00Z"), "Progressing rollout is restarting");
        assert_eq!(at("2026-01-01T00:00:01Z"), "Healthy");
        assert_eq!(at("2025-12-01T00:00:00Z"), "Healthy");
    }
}
