//! The blueGreen strategy (rollout.md §5).

use crate::ReplicaSet;
use crate::pauses::BLUE_GREEN_PAUSE;
use crate::plan::AnnotationChanges;
use crate::reconcile::{Flow, Reconcile, STOP};
use crate::services::Gate;
use rollouts_api::rollout::BlueGreenStrategy;
use rollouts_api::{RolloutStatus, Time, names};

impl Reconcile<'_> {
    pub(crate) fn blue_green(&mut self) -> Flow {
        let strategy = self.ro.spec.strategy.blue_green.clone().unwrap_or_default();
        self.sync_revision();
        self.remember_routing();
        if let Some(new) = self.roles.new
            && !self.sizes_frozen()
        {
            self.switch_service(&strategy.preview_service, new, Gate::Open);
        }
        let new_hash = self.new_hash();
        let status = &self.ro.status;
        if !status.current_pod_hash.is_empty() && status.current_pod_hash != new_hash {
            let mut next = self.blue_green_base();
            self.reset(&mut next);
            self.finish(next, "the pod template changed");
            return STOP;
        }
        if self.ro.status.promote_full {
            self.pauses.clear();
            self.pauses.remove_abort();
        }
        let returns = self.returns_before_scale_down();
        let fast = self.fast_tracked(&strategy, returns);
        self.size_blue_green();
        self.restart_pods();
        self.clean_history();
        self.pause_blue_green(&strategy, fast);
        self.switch_active(&strategy, fast);
        self.analyse_blue_green(returns);
        self.end_experiments();
        self.sync_metadata();
        self.blue_green_status(&strategy);
        STOP
    }

    fn blue_green_base(&self) -> RolloutStatus {
        let mut next = self.base_status();
        next.current_pod_hash = self.new_hash();
        next.current_step_hash = String::new();
        next.current_step_index = None;
        next.canary = Default::default();
        (next.alb, next.albs) = (None, Vec::new());
        next
    }

    fn active_hash(&self) -> String {
        let strategy = self.ro.spec.strategy.blue_green.as_ref();
        strategy
            .map(|b| self.selected_by(&b.active_service, &self.ro.status.blue_green.active_selector))
            .unwrap_or_default()
    }

    /// Whether the switch needs no pause: going back, promoted in full, first deployment, or already switched (§5.2).
    fn fast_tracked(&self, strategy: &BlueGreenStrategy, returns: bool) -> bool {
        let active = self.services.get(&strategy.active_service).map_or("", |s| s.selected_hash());
        let first = active.is_empty() && self.lost_stable(strategy).is_none();
        self.ro.status.promote_full || self.fast_rollback() || returns || first || active == self.new_hash()
    }

    /// The stable ReplicaSet, if the active Service selects nothing (somebody has made it anew, say) in the middle of an
    /// update that was aborted, or is to be analysed: users go back there, and not on to what nobody has found good.
    /// Upstream takes the update for the first one.
    fn lost_stable(&self, strategy: &BlueGreenStrategy) -> Option<usize> {
        let selected = self.services.get(&strategy.active_service)?.selected_hash();
        let stable = self.old_stable().filter(|stable| self.sets[*stable].available() > 0)?;
        let is_judged = self.aborted() || self.is_analysed_around_promotion();
        let decided =
            self.ro.status.promote_full || self.rolls_back_within_window() || self.returns_before_scale_down();
        (selected.is_empty() && is_judged && !decided).then_some(stable)
    }

    /// The new ReplicaSet is an earlier one that still waits for its scale-down. Looks at the snapshot: the deadline
    /// is dropped as soon as the ReplicaSet is needed again.
    pub(crate) fn returns_before_scale_down(&self) -> bool {
        let (Some(new), Some(stable)) = (self.new_set(), self.stable_set()) else { return false };
        let before = self.snapshot.replica_sets.iter().find(|s| s.metadata.name == new.metadata.name);
        let unexpired = before.and_then(|s| s.deadline().flatten()).is_some_and(|d| self.now < d.timestamp());
        new.created() < stable.created() && unexpired
    }

    /// Sizes all ReplicaSets (§5.3, §5.5, §5.7); unlike a canary's, several at once.
    pub(crate) fn size_blue_green(&mut self) {
        self.drop_deadlines();
        let n = self.ro.spec.replicas();
        if let Some(stable) = self.old_stable() {
            self.resize(stable, n, "the stable ReplicaSet has all pods until it is replaced");
        }
        if let Some(new) = self.roles.new {
            match self.holds_aborted_new() {
                true => {
                    self.hold_aborted_new(new);
                }
                false => {
                    let size = self.new_size();
                    self.resize(new, size, "the new ReplicaSet grows next to the stable one");
                }
            }
        }
        self.delay_others();
    }

    /// The size rule of the new ReplicaSet (§5.3).
    pub(crate) fn new_size(&self) -> i32 {
        let n = self.ro.spec.replicas();
        let strategy = self.ro.spec.strategy.blue_green.as_ref();
        let Some(preview) = strategy.and_then(|b| b.preview_replica_count) else { return n };
        let (active, new) = (self.active_hash(), self.new_hash());
        let status = &self.ro.status;
        let known = self.set_with_hash(&active).is_some();
        // What is stable is no preview, also while users still reach another version that was not promoted.
        if !known || active == new || status.promote_full || self.new_is_stable() {
            return n;
        }
        if new != status.current_pod_hash {
            return preview;
        }
        let paused = self.ro.spec.paused || !status.pause_conditions.is_empty();
        if !paused && status.blue_green.scale_up_preview_check_point { n } else { preview }
    }

    /// Whether an aborted new ReplicaSet is kept for a while (§5.7).
    pub(crate) fn holds_aborted_new(&self) -> bool {
        let spec = &self.ro.spec;
        let kept_for_ever = spec.abort_scale_down_delay_seconds().is_none();
        // A dynamic canary goes with its traffic, unless somebody asked for more.
        let delays = match self.is_routed() {
            true => !self.is_dynamic() || spec.explicit_abort_scale_down_delay_seconds().is_some(),
            false => spec.strategy.blue_green.is_some(),
        };
        delays && self.aborted() && self.old_stable().is_some() && !kept_for_ever
    }

    /// Keeps an aborted new ReplicaSet until its deadline (§5.7), with either strategy. Says whether its size changed.
    pub(crate) fn hold_aborted_new(&mut self, new: usize) -> bool {
        let n = self.ro.spec.replicas();
        let delay = self.ro.spec.abort_scale_down_delay_seconds().unwrap_or_default();
        let size = self.sets[new].size();
        self.resize(new, size, "");
        let stable_ready = self.stable_set().is_some_and(|s| s.available() >= n);
        if size == 0 || !stable_ready {
            return false;
        }
        match self.sets[new].deadline() {
            None => self.set_deadline(new, delay, "the update was aborted"),
            Some(Some(deadline)) if self.now < deadline.timestamp() => self.goes_at(new, deadline),
            Some(_) => match self.reached_all_the_same(new) {
                // Never take away what users reach (upstream may).
                Some(why) => self.note(why),
                None => return self.resize(new, 0, "the update was aborted and its delay is over"),
            },
        }
        false
    }

    /// Why users still reach an aborted ReplicaSet, if they do.
    fn reached_all_the_same(&self, new: usize) -> Option<&'static str> {
        let hash = self.sets[new].hash();
        match self.is_routed() {
            true => self.is_sent_traffic(hash).then_some("the aborted canary stays: traffic is still sent to it"),
            false => (self.active_hash() == hash)
                .then_some("the aborted ReplicaSet stays: the active Service still selects it"),
        }
    }

    /// Old ReplicaSets stay for `scaleDownDelaySeconds` (§5.5).
    fn delay_others(&mut self) {
        let strategy = self.ro.spec.strategy.blue_green.clone().unwrap_or_default();
        if self.inconclusive() || self.keeps_others_until_verified(&strategy) {
            return;
        }
        let n = self.ro.spec.replicas();
        let mut kept = 0;
        let mut others = self.others();
        others.sort_by_key(|i| std::cmp::Reverse(self.sets[*i].revision()));
        for i in others {
            if self.sets[i].size() == 0 || self.is_referenced(&self.sets[i], &strategy) {
                continue;
            }
            let waits = self.sets[i].deadline().is_some();
            match self.stays_for_now(i, &mut kept) {
                true if waits => self.resize(i, n, "until its scale-down it could take over again"),
                true => false,
                false => self.resize(i, 0, "it was replaced and its delay is over"),
            };
        }
    }

    /// The delay of a replaced ReplicaSet, with either strategy: it begins, or goes on, for as many as may be `kept`.
    pub(crate) fn stays_for_now(&mut self, index: usize, kept: &mut i32) -> bool {
        let (delay, limit) = (self.ro.spec.scale_down_delay_seconds(), self.ro.spec.scale_down_delay_revision_limit());
        if *kept >= limit {
            return false;
        }
        match self.sets[index].deadline() {
            // Upstream keeps the ReplicaSet for ever when the delay is 0.
            None if delay > 0 => self.set_deadline(index, delay, "a newer ReplicaSet was promoted"),
            Some(Some(deadline)) if self.now < deadline.timestamp() => self.goes_at(index, deadline),
            _ => return false,
        }
        *kept += 1;
        true
    }

    /// Whether nobody said how long old ReplicaSets stay, and the analysis after the switch may still go wrong.
    fn keeps_others_until_verified(&self, strategy: &BlueGreenStrategy) -> bool {
        let goes_on = !self.fully_promoted() && !self.aborted() && !self.ro.status.promote_full;
        strategy.scale_down_delay_seconds.is_none() && goes_on && !self.verified_after_promotion()
    }

    fn set_deadline(&mut self, index: usize, delay_seconds: i32, why: &str) {
        let deadline = Time::new(Time::new(self.now).plus_seconds(delay_seconds.into()));
        let changes = AnnotationChanges::from([(names::SCALE_DOWN_DEADLINE.to_string(), Some(deadline.to_string()))]);
        self.update_set(index, None, None, None, changes, why);
        self.goes_at(index, deadline);
    }

    fn goes_at(&mut self, index: usize, deadline: Time) {
        let name = &self.sets[index].metadata.name;
        self.plan.wake(deadline.timestamp(), format!("ReplicaSet {name} is scaled down"));
    }

    /// Whether status or Services still point at the ReplicaSet (§5.6).
    fn is_referenced(&self, set: &ReplicaSet, strategy: &BlueGreenStrategy) -> bool {
        let status = &self.ro.status;
        let live = [&strategy.active_service, &strategy.preview_service];
        let live = live.into_iter().filter_map(|name| self.services.get(name)).map(|s| s.selected_hash());
        let known = [
            &status.stable_rs,
            &status.current_pod_hash,
            &status.blue_green.active_selector,
            &status.blue_green.preview_selector,
        ];
        live.chain(known.into_iter().map(String::as_str)).any(|hash| hash == set.hash())
    }

    /// Whether the new ReplicaSet has all pods of its present size available.
    pub(crate) fn new_is_ready(&self) -> bool {
        let size = self.new_size();
        self.new_set().is_some_and(|s| s.observed() && s.size() == size && s.available() == size)
    }

    /// Adds, times and removes the pause before the switch (§5.4).
    fn pause_blue_green(&mut self, strategy: &BlueGreenStrategy, fast: bool) {
        if self.aborted() || self.sizes_frozen() || !self.new_is_ready() {
            return;
        }
        let seconds = strategy.auto_promotion_seconds;
        let needless = fast
            || self.ro.status.blue_green.scale_up_preview_check_point
            || (strategy.auto_promotion_enabled() && seconds == 0);
        match self.pause_condition(BLUE_GREEN_PAUSE).map(|c| c.start_time) {
            Some(_) if needless || self.blue_green_pause_over(strategy) => self.pauses.remove(BLUE_GREEN_PAUSE),
            Some(since) if strategy.auto_promotion_enabled() && seconds > 0 => {
                let what = "the pause ends, and users are sent to the new version";
                self.plan.wake_after(since.plus_seconds(seconds.into()), what);
            }
            None if !needless && !self.ro.status.controller_pause && self.verified_before_promotion() => {
                self.pauses.add(BLUE_GREEN_PAUSE);
            }
            _ => {}
        }
    }

    /// Whether nothing holds the switch back any more. A user's resumption counts however the pause would have ended
    /// (upstream loses it with `autoPromotionSeconds`).
    fn blue_green_pause_over(&self, strategy: &BlueGreenStrategy) -> bool {
        if self.pauses.adds(BLUE_GREEN_PAUSE) {
            return false;
        }
        if self.ro.status.blue_green.scale_up_preview_check_point || self.resumed_by_user() {
            return true;
        }
        let seconds = strategy.auto_promotion_seconds;
        let elapsed =
            self.pause_condition(BLUE_GREEN_PAUSE).map(|c| self.now > c.start_time.plus_seconds(seconds.into()));
        strategy.auto_promotion_enabled() && (seconds == 0 || elapsed == Some(true))
    }

    /// Points the active Service at the ReplicaSet that users should reach (§5.2).
    fn switch_active(&mut self, strategy: &BlueGreenStrategy, fast: bool) {
        if self.sizes_frozen() {
            return;
        }
        if self.aborted() {
            self.switch_active_back(strategy);
            return;
        }
        if let Some(stable) = self.lost_stable(strategy) {
            return self.switch_service(&strategy.active_service, stable, self.active_gate(strategy));
        }
        let Some(new) = self.roles.new else { return };
        let free = || self.blue_green_pause_over(strategy) && self.verified_before_promotion();
        if self.new_is_ready() && self.saturated(self.new_set()) && (fast || free()) {
            self.switch_service(&strategy.active_service, new, self.active_gate(strategy));
        }
    }

    /// An abort after the switch goes back to the stable ReplicaSet as soon as that serves no fewer pods. Upstream
    /// waits for the aborted ReplicaSet to be healthy.
    fn switch_active_back(&mut self, strategy: &BlueGreenStrategy) {
        let Some(stable) = self.old_stable() else { return };
        let new_available = self.new_set().map_or(0, |s| s.available());
        let set = &self.sets[stable];
        let gate = self.active_gate(strategy);
        let enough = set.available() > 0 && (self.saturated(Some(set)) || set.available() >= new_available);
        if (enough || gate == Gate::Open) && self.active_hash() != set.hash() {
            self.switch_service(&strategy.active_service, stable, gate);
        }
    }

    /// A Rollout of no pods has nothing to wait for; upstream waits for ever. But it takes no Service away from others,
    /// a Deployment perhaps, before it can serve in their place.
    fn active_gate(&self, strategy: &BlueGreenStrategy) -> Gate {
        let service = self.services.get(&strategy.active_service);
        let is_ours =
            service.and_then(|s| s.metadata.annotation(names::MANAGED_BY_ROLLOUTS)) == Some(&self.ro.metadata.name);
        if self.ro.spec.replicas() == 0 && is_ours { Gate::Open } else { Gate::Available }
    }

    fn blue_green_status(&mut self, strategy: &BlueGreenStrategy) {
        let mut next = self.blue_green_base();
        self.write_entries(&mut next);
        let preview_ready = || {
            let available = self.new_set().map(|s| s.available());
            strategy.preview_replica_count.is_some() && available == strategy.preview_replica_count
        };
        let verified = || self.blue_green_pause_over(strategy) && self.verified_before_promotion();
        if self.aborted() {
            // The next attempt is looked at again; upstream sends it to users at once.
            next.blue_green.scale_up_preview_check_point = false;
        } else if preview_ready() && verified() {
            next.blue_green.scale_up_preview_check_point = true;
        }
        let switched = next.blue_green.active_selector == next.current_pod_hash;
        let mut why = "counters, selectors, pauses or conditions changed";
        let promotion = self.blue_green_promotion(strategy, &next);
        if promotion.is_none() || self.new_is_stable() {
            self.note_wait_of_blue_green(strategy);
        }
        if let Some(reason) = promotion {
            self.promote(&mut next, &reason);
            next.blue_green.scale_up_preview_check_point = false;
            why = "the update is complete";
        } else if self.resumed_by_user()
            && !switched
            && !next.blue_green.scale_up_preview_check_point
            && !self.runs.used_resumption()
        {
            self.pauses.keep_resumed();
        }
        self.finish(next, why);
    }

    /// Why the new ReplicaSet may become the stable one (§5.9); `None` when it may not yet.
    fn blue_green_promotion(&self, strategy: &BlueGreenStrategy, next: &RolloutStatus) -> Option<String> {
        let active = &next.blue_green.active_selector;
        if self.lost_stable(strategy).is_some() {
            return None;
        }
        if self.roles.stable.is_none() || active.is_empty() {
            return Some("Initial deploy".into());
        }
        if *active != next.current_pod_hash {
            return None;
        }
        if self.ro.status.promote_full {
            return Some("Full promotion requested".into());
        }
        if self.rolls_back_within_window() {
            return Some("Rollback within window".into());
        }
        if self.new_is_stable() || self.returns_before_scale_down() {
            return Some("Fast rollback".into());
        }
        // Its pods were ready when users came to it; an analysis takes its time.
        let still_serves = strategy.post_promotion_analysis.is_none() || self.new_is_ready();
        (!self.aborted() && self.verified_after_promotion() && still_serves)
            .then(|| "Completed blue-green update".into())
    }
}
