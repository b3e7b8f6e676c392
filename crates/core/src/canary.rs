//! The canary strategy (rollout.md §3.6, §4).

use crate::EventType;
use crate::reconcile::{Flow, Reconcile, STOP};
use rollouts_api::{RolloutStatus, step_hash};

impl Reconcile<'_> {
    pub(crate) fn canary(&mut self) -> Flow {
        self.sync_revision();
        let step_hash = step_hash::of(&self.ro);
        let status = &self.ro.status;
        let new_hash = self.new_hash();
        let steps_changed = status.current_step_hash != step_hash;
        let template_changed = !status.current_pod_hash.is_empty() && status.current_pod_hash != new_hash;
        if steps_changed || template_changed {
            let why = if template_changed { "the pod template changed" } else { "the steps changed" };
            self.reset_canary(step_hash, why);
            return STOP;
        }
        self.sync_metadata();
        self.clean_history();
        match self.is_routed() {
            true => self.switch_routed_services(),
            false => self.switch_canary_services(),
        }
        if self.remember_routing() {
            return STOP;
        }
        if !self.route_traffic() {
            self.routing_failed(step_hash);
            return STOP;
        }
        let held = self.experiment_in_canary() | self.analyse_canary();
        let scaled = !held && !self.sizes_frozen() && !self.counts_evicted_pods() && self.size_canary();
        self.restart_pods();
        if !scaled && !held {
            self.pause_step();
        }
        self.canary_status(step_hash);
        STOP
    }

    pub(crate) fn canary_base(&self, step_hash: String) -> RolloutStatus {
        let mut next = self.base_status();
        next.current_pod_hash = self.new_hash();
        next.current_step_hash = step_hash;
        next.current_step_index = next.current_step_index.or(self.last_index().map(|_| 0));
        // What another strategy, or a router, left in the status.
        next.blue_green = Default::default();
        self.traffic_status(&mut next);
        next
    }

    /// A new update starts from the first step (§4.3).
    fn reset_canary(&mut self, step_hash: String, why: &str) {
        let mut next = self.canary_base(step_hash);
        self.reset(&mut next);
        next.canary.current_step_analysis_run_status = None;
        next.canary.current_background_analysis_run_status = None;
        next.canary.current_experiment.clear();
        next.canary.step_plugin_statuses.clear();
        next.current_step_index = self.last_index().map(|_| 0);
        if self.last_index().is_some() {
            let active = self.new_set().is_some_and(|s| s.size() > 0);
            let skip = match () {
                () if self.new_is_stable() => Some("Rollback to stable ReplicaSets"),
                () if active && self.rolls_back_within_window() => {
                    Some("Rollback to active ReplicaSets within RollbackWindow")
                }
                () => None,
            };
            if let Some(message) = skip {
                next.current_step_index = self.last_index();
                self.status_event(EventType::Normal, "SkipSteps", message.into());
            }
        }
        self.finish(next, why);
    }

    /// What every new update clears.
    pub(crate) fn reset(&mut self, next: &mut RolloutStatus) {
        self.pauses.clear();
        self.pauses.remove_abort();
        next.promote_full = false;
        next.blue_green.pre_promotion_analysis_run_status = None;
        next.blue_green.post_promotion_analysis_run_status = None;
        next.blue_green.scale_up_preview_check_point = false;
    }

    fn canary_status(&mut self, step_hash: String) {
        let mut next = self.canary_base(step_hash);
        self.write_entries(&mut next);
        next.canary.current_experiment = self.named_experiment().to_string();
        let why;
        if let Some(reason) = self.canary_promotion() {
            next.current_step_index = self.last_index();
            self.promote(&mut next, &reason);
            why = "the update is complete".to_string();
        } else if self.ro.status.promote_full || (self.rolls_back_within_window() && !self.aborted()) {
            self.pauses.clear();
            // Going back within the window can be aborted, also by the deadline.
            if self.ro.status.promote_full {
                self.pauses.remove_abort();
            }
            next.current_step_index = self.last_index();
            self.note_wait_of_canary();
            why = "steps are skipped".into();
        } else if self.aborted() {
            self.abort_status(&mut next);
            why = "the update is aborted".into();
        } else if self.step_completed() {
            self.complete_step(&mut next);
            why = "the step is complete".into();
        } else {
            self.note_wait_of_canary();
            why = "counters, pauses or conditions changed".into();
        }
        self.finish(next, &why);
    }

    /// Where an abort leaves the steps (§6.2).
    pub(crate) fn abort_status(&self, next: &mut RolloutStatus) {
        next.current_step_index = match self.new_is_stable() {
            true => self.last_index(),
            false => self.last_index().map(|_| 0),
        };
    }

    /// Why the new ReplicaSet may become the stable one (§4.4); `None` when it may not yet.
    fn canary_promotion(&self) -> Option<String> {
        if self.roles.stable.is_none() {
            return Some("Initial deploy".into());
        }
        let n = self.ro.spec.replicas();
        let new = self.new_set()?;
        if self.aborted() || !new.observed() || (new.available() < n && !self.meets_explicit_threshold(new, n)) {
            return None;
        }
        if self.ro.status.promote_full && (self.traffic.settled || !self.is_dynamic()) {
            return Some("Full promotion requested".into());
        }
        if self.new_is_stable() {
            return Some("Fast rollback".into());
        }
        if self.is_routed() && !self.traffic.settled {
            // Users are not with it yet.
            return None;
        }
        // What is inconclusive waits for a human, also after the last step. And where nobody let it begin, that no pods are
        // wanted meanwhile proves nothing.
        if self.inconclusive() || (new.size() == 0 && self.sizes_frozen()) {
            return None;
        }
        if self.rolls_back_within_window() {
            return Some("Rollback within window".into());
        }
        let done = self.current_step().is_none();
        done.then(|| format!("Completed all {} canary steps", self.steps().len()))
    }

    fn meets_explicit_threshold(&self, set: &crate::ReplicaSet, desired: i32) -> bool {
        let canary = self.ro.spec.strategy.canary.as_ref();
        canary.is_some_and(|c| c.replica_progress_threshold.is_some()) && self.meets_threshold(set, desired)
    }

    /// Makes the new ReplicaSet the stable one.
    pub(crate) fn promote(&mut self, next: &mut RolloutStatus, reason: &str) {
        self.pauses.clear();
        self.pauses.remove_abort();
        next.promote_full = false;
        if next.stable_rs != next.current_pod_hash {
            next.stable_rs = next.current_pod_hash.clone();
            if let Some(stable) = self.swapped_ping_pong() {
                next.canary.stable_ping_pong = stable;
            }
            let (revision, hash) = (self.revision(), &next.stable_rs);
            let message = format!("Rollout completed update to revision {revision} ({hash}): {reason}");
            self.status_event(EventType::Normal, "RolloutCompleted", message);
        }
    }

    /// Whether the new ReplicaSet is a recent earlier one (§4.6).
    pub(crate) fn rolls_back_within_window(&self) -> bool {
        let Some(window) = self.ro.spec.rollback_window_revisions() else { return false };
        let (Some(new), Some(stable)) = (self.new_set(), self.stable_set()) else { return false };
        let (new, stable) = (new.created(), stable.created());
        let between = self.sets.iter().filter(|s| new < s.created() && s.created() < stable).count();
        new < stable && (between as i32) < window
    }

    /// Whether going back needs no waiting: to the stable ReplicaSet or within the window.
    pub(crate) fn fast_rollback(&self) -> bool {
        self.new_is_stable() || self.rolls_back_within_window()
    }
}
