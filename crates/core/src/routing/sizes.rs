//! Sizes of a canary whose traffic is routed (rollout.md §3.9): the canary has the pods of its weight, whatever the
//! stable version has.

use super::going_back::part_up;
use crate::reconcile::Reconcile;
use crate::replicas::Sizes;
use rollouts_api::rollout::SetCanaryScale;

impl Reconcile<'_> {
    /// The `setCanaryScale` that is in effect.
    pub(crate) fn pinned_scale(&self) -> Option<SetCanaryScale> {
        if !self.is_routed() || self.current_step().is_none() {
            return None;
        }
        let kept = self.ro.spec.abort_scale_down_delay_seconds().is_none();
        if self.aborted() && !kept {
            return None;
        }
        let count = usize::try_from(self.step_number()).unwrap_or(0).saturating_add(1);
        let last = self.steps().iter().take(count).filter_map(|s| s.set_canary_scale.clone()).next_back();
        last.filter(|scale| !scale.match_traffic_weight && (scale.weight.is_some() || scale.replicas.is_some()))
    }

    /// The sizes that the two ReplicaSets should have now.
    pub(crate) fn routed_sizes(&self) -> Sizes {
        let (n, max) = (self.ro.spec.replicas(), self.max_weight());
        let Some(_) = self.old_stable() else { return Sizes { stable: 0, canary: n } };
        if self.ro.status.promote_full || self.fully_promoted() {
            return Sizes { stable: self.stable_size(max), canary: n };
        }
        let weight = match self.aborted() && self.is_dynamic() {
            true => self.lower_step_now(),
            false => self.desired_weight(),
        };
        let (pinned, pods) = (self.pinned_scale(), |weight| part_up(weight, n, max));
        let wanted = match pinned {
            Some(SetCanaryScale { replicas: Some(replicas), .. }) if self.is_dynamic() => self.at_least(replicas),
            Some(SetCanaryScale { replicas: Some(replicas), .. }) => replicas.max(0),
            Some(SetCanaryScale { weight: Some(weight), .. }) => self.at_least(pods(weight)),
            _ => self.at_least(pods(weight)),
        };
        let present = self.new_set().map_or(0, |set| set.size());
        let canary = match self.aborted() {
            // It goes step by step, and grows for nothing but the users who are still sent to it.
            true if self.is_dynamic() => wanted.min(present).max(pods(self.canary_weight_of(&self.new_hash()))),
            // Kept for ever.
            true if self.ro.spec.abort_scale_down_delay_seconds().is_none() && self.pinned_scale().is_none() => present,
            // Traffic goes first; what a step pins is its own business, but for the last pod that users are sent to.
            _ => wanted.max(pods(self.canary_weight_of(&self.new_hash())).min(if pinned.is_some() { 1 } else { n })),
        };
        Sizes { stable: self.stable_size(weight), canary }
    }

    /// The stable version has all pods; with `dynamicStableScale` those of the traffic that it has, or is to have.
    fn stable_size(&self, canary_weight: i32) -> i32 {
        let (n, max) = (self.ro.spec.replicas(), self.max_weight());
        if !self.is_dynamic() {
            return n;
        }
        let pods = |canary: i32| part_up(max - canary.clamp(0, max), n, max);
        let recorded = self.recorded_weights();
        // Nobody has been told anything yet, or nobody knows whether it has arrived.
        let unsure = recorded.is_none_or(|w| w.verified == Some(false));
        let present = self.stable_set().map_or(0, |s| s.size().min(n));
        let actual = recorded.map_or(n, |w| part_up(w.stable.weight.clamp(0, max), n, max));
        // What it is to have although its pods are missing for it.
        let wanted = self.traffic.wanted.map_or(0, pods);
        let size = pods(canary_weight).max(actual).max(wanted);
        if unsure { size.max(present) } else { size }
    }

    fn at_least(&self, pods: i32) -> i32 {
        let least = self.ro.spec.strategy.canary.as_ref().and_then(|c| c.min_pods_per_replica_set).unwrap_or(0);
        if pods <= 0 { 0 } else { pods.max(least.min(self.ro.spec.replicas())) }
    }

    /// The weight with which users are sent to this version: what the status has, or what this reconcile writes.
    fn canary_weight_of(&self, hash: &str) -> i32 {
        let known = [self.recorded_weights(), self.traffic.weights.as_ref()].into_iter().flatten();
        known.filter(|w| w.canary.pod_template_hash == hash).map(|w| w.canary.weight).max().unwrap_or(0)
    }

    /// Sizes stable, new and others, one kind a reconcile. Returns whether a size changed.
    pub(crate) fn size_routed(&mut self) -> bool {
        self.drop_deadlines();
        let sizes = self.routed_sizes();
        if let Some(stable) = self.old_stable() {
            let why = match self.is_dynamic() {
                true => "the stable version has the pods of its traffic",
                false => "the stable version has all pods until it is replaced",
            };
            if self.resize(stable, sizes.stable, why) {
                return true;
            }
        }
        if let Some(new) = self.roles.new {
            if self.holds_aborted_new() {
                if self.hold_aborted_new(new) {
                    return true;
                }
            } else {
                let why = format!("the canary's weight is {} of {}", self.desired_weight(), self.max_weight());
                if self.resize(new, sizes.canary, why) {
                    return true;
                }
            }
        }
        self.size_routed_others()
    }

    /// Lets both versions follow `spec.replicas` in the proportion that they have, while nothing else may go on.
    pub(crate) fn follow_routed(&mut self, why: &str) {
        let n = self.ro.spec.replicas();
        let stable = self.old_stable();
        let in_proportion = |set: &crate::ReplicaSet| {
            let of = set.desired_annotation().filter(|of| *of > 0).unwrap_or(n.max(1));
            part_up(n, set.size(), of)
        };
        if let Some(i) = stable {
            let size = if self.is_dynamic() { in_proportion(&self.sets[i]) } else { n };
            self.resize(i, size, why);
        }
        if let Some(i) = self.roles.new
            && self.was_sized(&self.sets[i])
            && !self.holds_aborted_new()
        {
            let pinned = self.pinned_scale().and_then(|scale| scale.replicas);
            let size = match (stable, pinned) {
                (None, _) => n,
                (Some(_), Some(pinned)) => pinned.max(0),
                (Some(_), None) => in_proportion(&self.sets[i]),
            };
            self.resize(i, size, why);
        }
    }
}
