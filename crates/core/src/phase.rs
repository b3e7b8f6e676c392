//! `status.phase` and `status.message` (rollout.md §7.6).

use crate::conditions::{DEADLINE_EXCEEDED, INVALID_SPEC, ROLLOUT_ABORTED};
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
