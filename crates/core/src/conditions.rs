//! Conditions (rollout.md §7.1–7.4).

use crate::reconcile::{Flow, GO_ON, Reconcile, STOP};
use crate::{EventType, analyses, refused};
use jiff::Timestamp;
use rollouts_api::rollout::Condition;
use rollouts_api::{RolloutStatus, Time};

pub(crate) const AVAILABLE: &str = "Available";
pub(crate) const COMPLETED: &str = "Completed";
pub(crate) const HEALTHY: &str = "Healthy";
pub(crate) const INVALID_SPEC: &str = "InvalidSpec";
pub(crate) const PAUSED: &str = "Paused";
pub(crate) const PROGRESSING: &str = "Progressing";
pub(crate) const REPLICA_FAILURE: &str = "ReplicaFailure";

pub(crate) const ROLLOUT_ABORTED: &str = "RolloutAborted";
pub(crate) const ROLLOUT_PAUSED: &str = "RolloutPaused";
pub(crate) const DEADLINE_EXCEEDED: &str = "ProgressDeadlineExceeded";

pub(crate) fn find<'c>(conditions: &'c [Condition], r#type: &str) -> Option<&'c Condition> {
    conditions.iter().find(|c| c.r#type == r#type)
}

/// `InvalidSpec` with this message; nothing changes if it has it already.
pub(crate) fn set_invalid(conditions: &mut Vec<Condition>, message: String, now: Time) {
    if find(conditions, INVALID_SPEC).is_some_and(|c| c.message == message) {
        return;
    }
    remove(conditions, INVALID_SPEC);
    conditions.push(Condition {
        r#type: INVALID_SPEC.into(),
        status: "True".into(),
        last_update_time: now,
        last_transition_time: now,
        reason: INVALID_SPEC.into(),
        message,
    });
}

fn is_true(conditions: &[Condition], r#type: &str) -> bool {
    find(conditions, r#type).is_some_and(|c| c.status == "True")
}

/// Sets a condition unless it has that status and reason already (§7.1). Returns whether it changed.
pub(crate) fn set(
    conditions: &mut Vec<Condition>,
    r#type: &str,
    status: &str,
    reason: &str,
    message: String,
    now: Timestamp,
) -> bool {
    if find(conditions, r#type).is_some_and(|c| c.status == status && c.reason == reason) {
        return false;
    }
    rewrite(conditions, r#type, status, reason, message, now);
    true
}

/// Replaces a condition; the new one goes to the end and keeps the transition time if the status stays.
fn rewrite(conditions: &mut Vec<Condition>, r#type: &str, status: &str, reason: &str, message: String, now: Timestamp) {
    let now = Time::new(now);
    let same = find(conditions, r#type).filter(|c| c.status == status);
    let last_transition_time = same.map_or(now, |c| c.last_transition_time);
    remove(conditions, r#type);
    conditions.push(Condition {
        r#type: r#type.into(),
        status: status.into(),
        last_update_time: now,
        last_transition_time,
        reason: reason.into(),
        message,
    });
}

pub(crate) fn remove(conditions: &mut Vec<Condition>, r#type: &str) {
    conditions.retain(|c| c.r#type != r#type);
}

fn truth(b: bool) -> &'static str {
    if b { "True" } else { "False" }
}

impl Reconcile<'_> {
    /// Brings Paused and Progressing in line with what a user did to pauses and aborts (§6.4), in a write of its own:
    /// clients wait for exactly these states.
    pub(crate) fn sync_paused_conditions(&mut self) -> Flow {
        let old = &self.ro.status;
        if old.observed_generation != self.ro.metadata.generation.to_string() {
            return GO_ON;
        }
        let paused = self.ro.spec.paused || !old.pause_conditions.is_empty();
        let reason = find(&old.conditions, PROGRESSING).map(|c| c.reason.clone());
        let aborted = reason.as_deref() == Some(ROLLOUT_ABORTED);
        let was_paused = reason.as_deref() == Some(ROLLOUT_PAUSED);
        let mut next = old.clone();
        let mut changed = false;
        if reason.is_some() && paused != was_paused && !aborted && !self.fully_promoted() {
            let (reason, message) = match paused {
                true => (ROLLOUT_PAUSED, "Rollout is paused"),
                false => ("RolloutResumed", "Rollout is resumed"),
            };
            changed |= set(&mut next.conditions, PROGRESSING, "Unknown", reason, message.into(), self.now);
        }
        if aborted && !old.abort {
            let message = "Retrying Rollout after abort".to_string();
            changed |= set(&mut next.conditions, PROGRESSING, "Unknown", "RolloutRetry", message, self.now);
        }
        if paused != is_true(&old.conditions, PAUSED) && !aborted {
            let message = "Rollout is paused".to_string();
            changed |= set(&mut next.conditions, PAUSED, truth(paused), ROLLOUT_PAUSED, message, self.now);
        }
        if !changed {
            return GO_ON;
        }
        self.write_status(next, "the conditions follow the pause, resumption or retry");
        STOP
    }

    /// Evaluates all conditions of a status that is about to be written (§7.3).
    pub(crate) fn update_conditions(&mut self, next: &mut RolloutStatus) {
        let now = self.now;
        let n = self.ro.spec.replicas();
        let old = self.old_status();
        self.set_refusal(next);

        let completed = !next.stable_rs.is_empty() && next.stable_rs == next.current_pod_hash;
        let text = COMPLETED_REASON.to_string();
        let changed = set(&mut next.conditions, COMPLETED, truth(completed), COMPLETED_REASON, text, now);
        if changed && !completed {
            let (revision, hash) = (self.revision(), &next.current_pod_hash);
            let message = format!("Rollout not completed, started update to revision {revision} ({hash})");
            self.status_event(EventType::Normal, "RolloutNotCompleted", message);
        }

        let healthy = self.is_healthy(next);
        let paused = self.ro.spec.paused || !next.pause_conditions.is_empty();
        let mut became_unhealthy = false;
        if healthy && !paused {
            set(&mut next.conditions, HEALTHY, "True", "RolloutHealthy", "Rollout is healthy".into(), now);
        } else if find(&next.conditions, HEALTHY).is_some() {
            let message = "Rollout is not healthy".to_string();
            became_unhealthy = set(&mut next.conditions, HEALTHY, "False", "RolloutHealthy", message, now);
        }

        let available = match &self.ro.spec.strategy.blue_green {
            Some(_) => self.saturated(self.set_with_hash(&next.blue_green.active_selector)),
            None => crate::replicas::sum(self.sets.iter().map(|s| s.available())) >= n,
        };
        let not = if available { "has" } else { "does not have" };
        let message = format!("Rollout {not} minimum availability");
        set(&mut next.conditions, AVAILABLE, truth(available), "AvailableReason", message, now);

        self.copy_replica_failure(next);

        if next.abort {
            self.set_aborted(next);
            return;
        }
        let subject = self.progress_subject();
        // Users reach the new version, and an analysis has paused what is left: upstream writes these two by turns, for ever.
        let rests =
            paused && !completed && find(&next.conditions, PROGRESSING).is_some_and(|c| c.reason == ROLLOUT_PAUSED);
        if healthy && !rests {
            let message = format!("{subject} has successfully progressed.");
            set(&mut next.conditions, PROGRESSING, "True", "NewReplicaSetAvailable", message, now);
        } else if progressed(old, next) || became_unhealthy || self.gets_valid() || is_no_more_refused(next) {
            let (reason, message) = match completed && became_unhealthy {
                true => ("ReplicaSetNotAvailable", "Rollout does not have minimum availability".to_string()),
                false => ("ReplicaSetUpdated", format!("{subject} is progressing.")),
            };
            rewrite(&mut next.conditions, PROGRESSING, "True", reason, message, now);
        } else if self.timed_out(next) {
            let message = format!("{subject} has timed out progressing.");
            set(&mut next.conditions, PROGRESSING, "False", DEADLINE_EXCEEDED, message, now);
        }
    }

    /// Whether this is the first valid status after an invalid one. It counts as progress: in the meantime nothing could be
    /// done about the update, and what its pods did was not looked at.
    pub(crate) fn gets_valid(&self) -> bool {
        let old = &self.old_status().conditions;
        let runs = find(old, PROGRESSING).is_some_and(|c| c.reason != ROLLOUT_PAUSED);
        runs && self.refusal.is_none() && find(old, INVALID_SPEC).is_some()
    }

    fn set_aborted(&mut self, next: &mut RolloutStatus) {
        let mut message = format!("Rollout aborted update to revision {}", self.revision());
        if let Some(cause) = self.pauses.abort_cause() {
            message = format!("{message}: {cause}");
        }
        if set(&mut next.conditions, PROGRESSING, "False", ROLLOUT_ABORTED, message.clone(), self.now) {
            self.status_event(EventType::Warning, "RolloutAborted", message);
        }
    }

    /// `ReplicaSet "x"`, or the Rollout while there is no new ReplicaSet.
    pub(crate) fn progress_subject(&self) -> String {
        match self.new_set() {
            Some(set) => format!("ReplicaSet \"{}\"", set.metadata.name),
            None => format!("Rollout \"{}\"", self.ro.metadata.name),
        }
    }

    /// Everything is as the spec wants it (§7.3). The persisted observedGeneration counts: right after a change of
    /// the spec nothing is known to be healthy.
    fn is_healthy(&self, next: &RolloutStatus) -> bool {
        let n = self.ro.spec.replicas();
        let observed = self.old_status().observed_generation == self.ro.metadata.generation.to_string();
        if !observed || next.updated_replicas != n || next.available_replicas != n {
            return false;
        }
        match &self.ro.spec.strategy.blue_green {
            Some(strategy) => {
                let hash = &next.current_pod_hash;
                let preview = strategy.preview_service.is_empty() || next.blue_green.preview_selector == *hash;
                next.blue_green.active_selector == *hash && preview
            }
            None => {
                let steps = self.steps().len() as i32;
                let done = next.current_step_index.is_none_or(|i| i == steps);
                let promoted = !next.stable_rs.is_empty() && next.stable_rs == next.current_pod_hash;
                done && promoted && next.replicas == n
            }
        }
    }

    fn copy_replica_failure(&self, next: &mut RolloutStatus) {
        let failure = |s: &crate::ReplicaSet| s.status.conditions.iter().find(|c| c.r#type == REPLICA_FAILURE).cloned();
        let found = self.new_set().and_then(failure).or_else(|| self.sets.iter().find_map(failure));
        match found {
            Some(c) => {
                set(&mut next.conditions, REPLICA_FAILURE, &c.status, &c.reason, c.message, self.now);
            }
            None => remove(&mut next.conditions, REPLICA_FAILURE),
        }
    }

    /// Whether the deadline has passed without progress (§7.4), and when it will, as a wake-up.
    pub(crate) fn timed_out(&mut self, status: &RolloutStatus) -> bool {
        let Some(progressing) = find(&status.conditions, PROGRESSING) else { return false };
        if [ROLLOUT_ABORTED, ROLLOUT_PAUSED].contains(&progressing.reason.as_str()) || self.deadline_rests(status) {
            return false;
        }
        if progressing.reason == DEADLINE_EXCEEDED {
            return true;
        }
        let deadline = i64::from(self.ro.spec.progress_deadline_seconds());
        if progressing.last_update_time.plus_seconds(deadline) < self.now {
            return true;
        }
        let at = progressing.last_update_time.plus_seconds(deadline.saturating_add(1));
        let end = match self.ro.spec.progress_deadline_abort {
            true => "without progress until then the update is aborted",
            false => "without progress until then the Rollout counts as Degraded (progressDeadlineSeconds)",
        };
        self.plan.wake(at, end);
        false
    }

    /// Waiting for a human, a measurement or a delay is not a lack of progress.
    fn deadline_rests(&self, status: &RolloutStatus) -> bool {
        let step = self.step_at(status.current_step_index);
        let waits = step.is_some_and(|s| s.pause.is_some() || s.analysis.is_some() || s.experiment.is_some());
        // The annotation outlives the pods after an abort; what is empty delays nothing.
        let delayed = self.others().iter().map(|i| &self.sets[*i]).any(|s| s.size() > 0 && s.deadline().is_some());
        let nothing_comes = self.ro.spec.replicas() == 0;
        waits || delayed || nothing_comes || self.verifies_promotion() || is_true(&status.conditions, PAUSED)
    }
}

const COMPLETED_REASON: &str = "RolloutCompleted";

/// A status that is decided on after a refusal is written only when what was refused is there, or wanted no more.
fn is_no_more_refused(status: &RolloutStatus) -> bool {
    refused::told(&status.conditions).is_some()
}

/// Whether anything moved towards the goal between two statuses (§7.3). Only canaries have a step hash, and only for
/// them a new stable ReplicaSet is progress. Other than upstream, so is the end of an analysis around a switch: while it
/// went on nothing else did, and the deadline must not pass with its verdict.
pub(crate) fn progressed(old: &RolloutStatus, next: &RolloutStatus) -> bool {
    let remaining = |s: &RolloutStatus| s.replicas.saturating_sub(s.updated_replicas);
    let steps = match (old.current_step_index, next.current_step_index) {
        (Some(a), Some(b)) => a != b,
        _ => false,
    };
    old.updated_replicas != next.updated_replicas
        || remaining(next) < remaining(old)
        || next.ready_replicas > old.ready_replicas
        || next.available_replicas > old.available_replicas
        || old.blue_green.active_selector != next.blue_green.active_selector
        || old.blue_green.preview_selector != next.blue_green.preview_selector
        || analyses::end_between(old, next)
        || (!next.current_step_hash.is_empty()
            && (old.stable_rs != next.stable_rs || steps || old.current_step_hash != next.current_step_hash))
}
