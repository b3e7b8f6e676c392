//! Phase and message of a Rollout.

use crate::read::{annotation, flag, int, int_opt, list, present, text};
use rollouts_api::names;
use serde_json::Value;

/// What a Rollout is doing, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase {
    /// `Healthy`, `Degraded`, `Progressing`, `Paused`, or whatever the controller wrote.
    pub name: String,
    /// Why; may be empty.
    pub message: String,
}

impl Phase {
    /// Reads a Rollout: what its controller has not seen yet counts more than what it wrote, and what it wrote more
    /// than what can be guessed (controllers before 1.0 wrote no phase).
    pub fn of(rollout: &Value) -> Phase {
        if let Some(message) = unobserved(rollout) {
            return Phase::new("Progressing", message);
        }
        let phase = text(rollout, "/status/phase");
        if !phase.is_empty() {
            return Phase::new(phase, text(rollout, "/status/message"));
        }
        guess(rollout)
    }

    fn new(name: impl Into<String>, message: impl Into<String>) -> Phase {
        Phase { name: name.into(), message: message.into() }
    }
}

/// Why the written status is not of the present, if it is not.
fn unobserved(rollout: &Value) -> Option<&'static str> {
    let generation = int(rollout, "/metadata/generation");
    // A non-numeric one is of a controller that stored a hash there; one ahead of the generation is of an object
    // restored from a backup. Both count as observed.
    let observed = text(rollout, "/status/observedGeneration").parse::<i64>().ok();
    if observed.is_some_and(|observed| observed < generation) {
        return Some("waiting for rollout spec update to be observed");
    }
    let paused_by_controller = flag(rollout, "/status/controllerPause");
    if paused_by_controller && list(rollout, "/status/pauseConditions").is_empty() {
        return Some("waiting for rollout to unpause");
    }
    workload_is_ahead(rollout).then_some("waiting for rollout spec update to be observed for the reference workload")
}

/// Whether the referenced workload is of a later generation than the status. Either number may be missing: before the
/// first status, or while the workload cannot be found.
fn workload_is_ahead(rollout: &Value) -> bool {
    if !present(rollout, "/spec/workloadRef") {
        return false;
    }
    let number = |text: Option<&str>| text.and_then(|text| text.parse::<i64>().ok());
    let latest = number(annotation(rollout, names::WORKLOAD_GENERATION));
    let observed = number(Some(text(rollout, "/status/workloadObservedGeneration")));
    matches!((observed, latest), (Some(observed), Some(latest)) if observed < latest)
}

/// The phase as it follows from the rest of the status.
fn guess(rollout: &Value) -> Phase {
    if let Some(degraded) = degraded(rollout) {
        return degraded;
    }
    if flag(rollout, "/spec/paused") {
        return Phase::new("Paused", "manually paused");
    }
    if let Some(pause) = list(rollout, "/status/pauseConditions").first() {
        return Phase::new("Paused", text(pause, "/reason"));
    }
    match unfinished(rollout) {
        Some(message) => Phase::new("Progressing", message),
        None => Phase::new("Healthy", ""),
    }
}

fn degraded(rollout: &Value) -> Option<Phase> {
    let mut conditions = list(rollout, "/status/conditions").iter();
    conditions.find_map(|c| {
        let reason = match (text(c, "/type"), text(c, "/reason")) {
            ("InvalidSpec", _) => "InvalidSpec",
            (_, reason @ ("RolloutAborted" | "ProgressDeadlineExceeded")) => reason,
            _ => return None,
        };
        Some(Phase::new("Degraded", format!("{reason}: {}", text(c, "/message"))))
    })
}

/// What is still to be done.
fn unfinished(rollout: &Value) -> Option<&'static str> {
    if text(rollout, "/spec/restartAt") != text(rollout, "/status/restartedAt") {
        return Some("rollout is restarting");
    }
    let desired = int_opt(rollout, "/spec/replicas").unwrap_or(1);
    let updated = int(rollout, "/status/updatedReplicas");
    if updated < desired {
        return Some("more replicas need to be updated");
    }
    if int(rollout, "/status/availableReplicas") < updated {
        return Some("updated replicas are still becoming available");
    }
    let current = text(rollout, "/status/currentPodHash");
    let stable = text(rollout, "/status/stableRS");
    let promoted = !stable.is_empty() && stable == current;
    if present(rollout, "/spec/strategy/blueGreen") {
        let active = text(rollout, "/status/blueGreen/activeSelector");
        if active.is_empty() || active != current {
            return Some("active service cutover pending");
        }
        if !promoted {
            let run = text(rollout, "/status/blueGreen/postPromotionAnalysisRunStatus/status");
            let running = !matches!(run, "Successful" | "Failed" | "Error" | "Inconclusive");
            let analysed = present(rollout, "/spec/strategy/blueGreen/postPromotionAnalysis");
            return Some(match analysed && running {
                true => "waiting for analysis to complete",
                false => "waiting for post-promotion verification to complete",
            });
        }
        return None;
    }
    if !present(rollout, "/spec/strategy/canary") {
        return None;
    }
    let routed = present(rollout, "/spec/strategy/canary/trafficRouting");
    if !routed && int(rollout, "/status/replicas") > updated {
        return Some("old replicas are pending termination");
    }
    (!promoted).then_some("waiting for all steps to complete")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn phase(rollout: Value) -> String {
        let phase = Phase::of(&rollout);
        format!("{}|{}", phase.name, phase.message)
    }

    #[test]
    fn what_the_controller_wrote() {
        let status = |observed: &str| {
            let status = json!({"observedGeneration": observed, "phase": "Paused", "message": "CanaryPauseStep"});
            json!({"metadata": {"generation": 3}, "status": status})
        };
        assert_eq!(phase(status("2")), "Progressing|waiting for rollout spec update to be observed");
        for observed in ["3", "4", "", "7d5c8f6b9"] {
            assert_eq!(phase(status(observed)), "Paused|CanaryPauseStep", "{observed}");
        }
        let mut unpausing = status("3");
        unpausing["status"]["controllerPause"] = json!(true);
        assert_eq!(phase(unpausing), "Progressing|waiting for rollout to unpause");
    }

    #[test]
    fn a_workload_that_is_ahead_of_the_status() {
        let rollout = |latest: &str, observed: &str, reference: Value| {
            json!({
                "metadata": {"annotations": {"rollout.argoproj.io/workload-generation": latest}},
                "spec": {"workloadRef": reference},
                "status": {"phase": "Healthy", "workloadObservedGeneration": observed},
            })
        };
        let reference = json!({"kind": "Deployment", "name": "old"});
        let ahead = "Progressing|waiting for rollout spec update to be observed for the reference workload";
        assert_eq!(phase(rollout("10", "9", reference.clone())), ahead);
        for (latest, observed) in [("9", "9"), ("9", "10"), ("9", ""), ("", "9"), ("x", "9")] {
            assert_eq!(phase(rollout(latest, observed, reference.clone())), "Healthy|", "{latest} {observed}");
        }
        assert_eq!(phase(rollout("10", "9", Value::Null)), "Healthy|", "a reference that is no more");
    }

    #[test]
    fn guessed_when_nothing_was_written() {
        let aborted = json!({"status": {"conditions": [
            {"type": "Available", "reason": "AvailableReason"},
            {"type": "Progressing", "reason": "RolloutAborted", "message": "why"},
        ]}});
        assert_eq!(phase(aborted), "Degraded|RolloutAborted: why");
        let invalid =
            json!({"status": {"conditions": [{"type": "InvalidSpec", "reason": "InvalidSpec", "message": "m"}]}});
        assert_eq!(phase(invalid), "Degraded|InvalidSpec: m");
        assert_eq!(phase(json!({"spec": {"paused": true}})), "Paused|manually paused");
        assert_eq!(phase(json!({})), "Progressing|more replicas need to be updated");
        let mut canary = json!({
            "spec": {"replicas": 1, "strategy": {"canary": {}}},
            "status": {"replicas": 2, "updatedReplicas": 1, "availableReplicas": 1, "currentPodHash": "b", "stableRS": "a"},
        });
        assert_eq!(phase(canary.clone()), "Progressing|old replicas are pending termination");
        canary["status"]["replicas"] = json!(1);
        assert_eq!(phase(canary.clone()), "Progressing|waiting for all steps to complete");
        canary["status"]["stableRS"] = json!("b");
        assert_eq!(phase(canary.clone()), "Healthy|");
        canary["spec"]["restartAt"] = json!("2026-01-01T00:00:00Z");
        assert_eq!(phase(canary), "Progressing|rollout is restarting");
        let mut blue_green = json!({
            "spec": {"strategy": {"blueGreen": {"postPromotionAnalysis": {}}}},
            "status": {"updatedReplicas": 1, "availableReplicas": 1, "currentPodHash": "b", "stableRS": "a",
                "blueGreen": {"activeSelector": "a"}},
        });
        assert_eq!(phase(blue_green.clone()), "Progressing|active service cutover pending");
        blue_green["status"]["blueGreen"]["activeSelector"] = json!("b");
        assert_eq!(phase(blue_green.clone()), "Progressing|waiting for analysis to complete");
        blue_green["status"]["blueGreen"]["postPromotionAnalysisRunStatus"] = json!({"status": "Successful"});
        assert_eq!(phase(blue_green), "Progressing|waiting for post-promotion verification to complete");
    }
}
