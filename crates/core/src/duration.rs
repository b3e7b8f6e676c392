//! `status.duration`: how long this update has taken (rollout.md §7.7).

use crate::reconcile::Reconcile;
use rollouts_api::rollout::RolloutDuration;
use rollouts_api::{RolloutStatus, Time};

impl Reconcile<'_> {
    pub(crate) fn update_duration(&self, next: &mut RolloutStatus) {
        let now = Time::new(self.now);
        let old = self.old_status();
        let mut d = old.duration.clone().unwrap_or_default();
        let running = d.rollout_started_at.is_some() && d.finished_at.is_none();
        let promoted = !next.stable_rs.is_empty() && next.stable_rs == next.current_pod_hash;
        let changed = old.current_pod_hash != next.current_pod_hash || old.current_step_hash != next.current_step_hash;
        // A user sets and clears `abort`; only the controller sets and clears `abortedAt`.
        let retried = old.aborted_at.is_some() && next.aborted_at.is_none() && !promoted;
        let promoted_now = old.stable_rs != next.stable_rs && promoted;
        let start = RolloutDuration { rollout_started_at: Some(now), ..Default::default() };

        if changed && running && (promoted || self.rolls_back()) {
            let fast = promoted || self.rolls_back_within_window() || self.returns_in_time();
            d.completion_status = if fast { "FastRolledBack" } else { "RolledBack" }.into();
        } else if (changed && (promoted_now || !promoted)) || retried {
            d = start;
        }
        let begun = d.rollout_started_at.is_some() && d.finished_at.is_none();
        let aborted_now = begun && next.abort && next.aborted_at != old.aborted_at;
        if aborted_now {
            d.completion_status = "Aborted".into();
        }
        if promoted_now && d.completion_status.is_empty() {
            let fast = old.promote_full || self.fast_rollback() || self.returns_in_time();
            d.completion_status = if fast { "FastPromoted" } else { "Promoted" }.into();
        }
        let available = self.new_set().is_some_and(|s| s.available() >= self.ro.spec.replicas());
        let finished = aborted_now || (promoted && available);
        if begun {
            // What ends in a pause has paused until now.
            count_manual_pause(&mut d, !finished && self.waits_for_human(next), now);
        }
        if begun && finished {
            d.finished_at = Some(now);
        }
        next.duration = (d != RolloutDuration::default()).then_some(d);
    }

    fn waits_for_human(&self, next: &RolloutStatus) -> bool {
        let indefinite = || {
            let step = self.step_at(next.current_step_index);
            step.and_then(|s| s.pause.as_ref()).is_some_and(|p| p.duration.is_none())
        };
        let manual_gate = || self.ro.spec.strategy.blue_green.as_ref().is_some_and(|b| !b.auto_promotion_enabled());
        self.ro.spec.paused
            || next.pause_conditions.iter().any(|c| match c.reason.as_str() {
                crate::pauses::CANARY_PAUSE_STEP => indefinite(),
                crate::pauses::BLUE_GREEN_PAUSE => manual_gate(),
                _ => true,
            })
    }

    /// Whether a blueGreen goes back to a version that still runs: no pause, no steps.
    fn returns_in_time(&self) -> bool {
        self.ro.spec.strategy.blue_green.is_some() && self.returns_before_scale_down()
    }

    /// Whether the new ReplicaSet is older than the stable one.
    fn rolls_back(&self) -> bool {
        match (self.new_set(), self.stable_set()) {
            (Some(new), Some(stable)) => new.created() < stable.created(),
            _ => false,
        }
    }
}

fn count_manual_pause(d: &mut RolloutDuration, paused: bool, now: Time) {
    match (paused, d.manual_pause_started_at) {
        (true, None) => d.manual_pause_started_at = Some(now),
        (false, Some(since)) => {
            let paused = now.timestamp().as_second() - since.timestamp().as_second();
            d.total_manual_pause_duration_seconds = d.total_manual_pause_duration_seconds.saturating_add(paused);
            d.manual_pause_started_at = None;
        }
        _ => {}
    }
}
