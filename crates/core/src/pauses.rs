//! Pausing, resuming and aborting as one change of the status (rollout.md §6.1–6.3).

use crate::reconcile::Reconcile;
use rollouts_api::rollout::PauseCondition;
use rollouts_api::{RolloutStatus, Time};

pub(crate) const CANARY_PAUSE_STEP: &str = "CanaryPauseStep";
pub(crate) const BLUE_GREEN_PAUSE: &str = "BlueGreenPause";
pub(crate) const INCONCLUSIVE_ANALYSIS_RUN: &str = "InconclusiveAnalysisRun";
pub(crate) const INCONCLUSIVE_EXPERIMENT: &str = "InconclusiveExperiment";

/// What this reconcile decided about pauses and aborts; applied when the status is written.
#[derive(Debug, Default)]
pub(crate) struct PauseChanges {
    add: Vec<&'static str>,
    remove: Vec<&'static str>,
    clear: bool,
    abort: Option<String>,
    remove_abort: bool,
    keep_resumed: bool,
}

impl PauseChanges {
    pub(crate) fn add(&mut self, reason: &'static str) {
        self.add.push(reason);
    }

    pub(crate) fn remove(&mut self, reason: &'static str) {
        self.remove.push(reason);
    }

    /// Removes all pause conditions.
    pub(crate) fn clear(&mut self) {
        self.clear = true;
    }

    pub(crate) fn remove_abort(&mut self) {
        self.remove_abort = true;
    }

    /// Whether an abort does not count in this reconcile.
    pub(crate) fn lifts_abort(&self) -> bool {
        self.remove_abort
    }

    /// Aborts because of `cause`. What came first stays the reason.
    pub(crate) fn abort(&mut self, cause: String) {
        self.abort.get_or_insert(cause);
    }

    /// Why the controller itself aborts.
    pub(crate) fn abort_cause(&self) -> Option<&str> {
        self.abort.as_deref()
    }

    /// A user resumed, and nobody acted on it yet: remember it in `controllerPause`.
    pub(crate) fn keep_resumed(&mut self) {
        self.keep_resumed = true;
    }

    pub(crate) fn adds(&self, reason: &str) -> bool {
        self.add.contains(&reason)
    }
}

impl Reconcile<'_> {
    /// Whether a pause for this reason is persisted.
    pub(crate) fn pause_condition(&self, reason: &str) -> Option<&PauseCondition> {
        self.ro.status.pause_conditions.iter().find(|c| c.reason == reason)
    }

    /// Whether the update is being aborted, by a user or by this reconcile.
    pub(crate) fn aborted(&self) -> bool {
        !self.pauses.remove_abort && (self.ro.status.abort || self.pauses.abort.is_some())
    }

    /// Whether a client lifted the pause that the controller had set.
    pub(crate) fn resumed_by_user(&self) -> bool {
        self.ro.status.controller_pause && self.ro.status.pause_conditions.is_empty()
    }

    /// Writes the decisions into the status.
    pub(crate) fn apply_pauses(&self, next: &mut RolloutStatus) {
        let now = Time::new(self.now);
        if self.aborted() {
            next.abort = true;
            next.aborted_at = next.aborted_at.or(Some(now));
            next.pause_conditions.clear();
            next.controller_pause = false;
            return;
        }
        next.abort = false;
        next.aborted_at = None;
        let changes = &self.pauses;
        next.pause_conditions.retain(|c| !changes.clear && !changes.remove.contains(&c.reason.as_str()));
        for reason in &changes.add {
            if !next.pause_conditions.iter().any(|c| c.reason == *reason) {
                next.pause_conditions.push(PauseCondition { reason: (*reason).into(), start_time: now });
            }
        }
        next.controller_pause = !next.pause_conditions.is_empty() || changes.keep_resumed;
    }
}
