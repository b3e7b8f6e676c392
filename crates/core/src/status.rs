//! Putting a status together and writing it (rollout.md §7.5).

use crate::conditions::{self, PROGRESSING};
use crate::reconcile::Reconcile;
use crate::{Effect, EventType, ReplicaSet, phase};
use rollouts_api::{LabelSelector, RolloutStatus};

/// A selector in text form; "" when there is none that can be read.
fn selector_text(selector: Option<&LabelSelector>) -> String {
    selector.and_then(|s| s.compile().ok()).map(|s| s.to_string()).unwrap_or_default()
}

impl Reconcile<'_> {
    /// The ReplicaSet with this hash label.
    pub(crate) fn set_with_hash(&self, hash: &str) -> Option<&ReplicaSet> {
        (!hash.is_empty()).then(|| self.sets.iter().find(|s| s.hash() == hash)).flatten()
    }

    /// Whether a ReplicaSet has all pods that the Rollout wants, available and counted for that number.
    pub(crate) fn saturated(&self, set: Option<&ReplicaSet>) -> bool {
        let n = self.ro.spec.replicas();
        set.is_some_and(|s| s.size() == n && s.desired_annotation() == Some(n) && s.available() == n)
    }

    /// The present status with fresh counters and selectors.
    pub(crate) fn base_status(&self) -> RolloutStatus {
        let mut next = self.ro.status.clone();
        let sum = |count: fn(&ReplicaSet) -> i32| crate::replicas::sum(self.sets.iter().map(count));
        next.replicas = sum(|s| s.status.replicas);
        next.updated_replicas = self.new_set().map_or(0, |s| s.status.replicas);
        next.ready_replicas = sum(|s| s.status.ready_replicas);
        next.available_replicas = sum(|s| s.status.available_replicas);
        next.hpa_replicas = next.replicas;
        next.selector = selector_text(self.ro.spec.selector.as_ref());
        if let Some(strategy) = &self.ro.spec.strategy.blue_green {
            let status = &self.ro.status.blue_green;
            next.blue_green.preview_selector = self.selected_by(&strategy.preview_service, &status.preview_selector);
            next.blue_green.active_selector = self.selected_by(&strategy.active_service, &status.active_selector);
            if let Some(active) = self.set_with_hash(&next.blue_green.active_selector) {
                next.ready_replicas = active.status.ready_replicas;
                next.available_replicas = active.status.available_replicas;
                next.hpa_replicas = active.status.replicas;
                let mut selector = self.ro.spec.selector.clone().unwrap_or_default();
                selector.match_labels.insert(rollouts_api::names::POD_TEMPLATE_HASH.into(), active.hash().into());
                next.selector = selector_text(Some(&selector));
            }
        }
        next
    }

    /// The hash that a Service selects; what it was `before` if the Service is missing.
    pub(crate) fn selected_by(&self, service: &str, before: &str) -> String {
        let before = if service.is_empty() { "" } else { before };
        self.services.get(service).map_or(before, |s| s.selected_hash()).to_string()
    }

    /// Applies pauses, conditions, duration and phase to a status and writes it, if it differs.
    pub(crate) fn finish(&mut self, mut next: RolloutStatus, why: &str) {
        self.abort_after_deadline(&mut next);
        self.apply_pauses(&mut next);
        self.update_conditions(&mut next);
        self.write_status(next, why);
    }

    /// Writes a status whose conditions are settled.
    pub(crate) fn write_status(&mut self, mut next: RolloutStatus, why: &str) {
        next.observed_generation = self.ro.metadata.generation.to_string();
        next.workload_observed_generation = self.workload_generation().unwrap_or_default();
        self.update_duration(&mut next);
        let (phase, message) = phase::phase(&self.ro, &next, self.now);
        next.phase = phase.into();
        next.message = message;
        self.migrate(&next);
        self.settle_debts();
        let old = self.old_status();
        if next != *old {
            if old.pause_conditions.is_empty()
                && let Some(pause) = next.pause_conditions.first()
            {
                let message = format!("Rollout is paused ({})", pause.reason);
                self.status_event(EventType::Normal, "RolloutPaused", message);
            }
            if !old.pause_conditions.is_empty() && next.pause_conditions.is_empty() && !next.abort {
                self.status_event(EventType::Normal, "RolloutResumed", "Rollout is resumed".into());
            }
            self.push(Effect::PatchStatus { status: Box::new(next) }, why);
        }
        let events = std::mem::take(&mut self.status_events);
        events.into_iter().for_each(|e| self.push(e, ""));
    }

    /// `progressDeadlineAbort` (§7.4).
    fn abort_after_deadline(&mut self, next: &mut RolloutStatus) {
        let completed = next.stable_rs == next.current_pod_hash;
        // Where a user's abort would be lifted at once, the deadline does not abort either.
        let goes_on = self.ro.status.promote_full || self.pauses.lifts_abort();
        if !self.ro.spec.progress_deadline_abort || self.aborted() || goes_on || completed {
            return;
        }
        let old = self.old_status();
        if conditions::progressed(old, next) || self.gets_valid() || !self.timed_out(old) {
            return;
        }
        let cause = format!("{} has timed out progressing.", self.progress_subject());
        self.status_event(EventType::Warning, "RolloutAborted", cause.clone());
        self.pauses.abort(cause);
        self.abort_status(next);
        debug_assert!(conditions::find(&old.conditions, PROGRESSING).is_some());
    }
}
