//! Sizes of a Rollout that may not go on: it refers to something that is not there, is paused by hand, or its analysis
//! was inconclusive.

use crate::plan::AnnotationChanges;
use crate::reconcile::Reconcile;
use crate::replicas::{self, Counts, Sized, Weight};
use crate::roles::{self, Roles};

const WHY: &str = "spec.replicas changed, and what users have must follow whatever keeps the update from going on";

impl Reconcile<'_> {
    /// Lets the ReplicaSets of the present status follow `spec.replicas`, and nothing else: no step, no Service, no new
    /// version. Upstream freezes them, and with them the autoscaler. Says whether there are any.
    pub(crate) fn follow_size(&mut self) -> bool {
        let uid = &self.ro.metadata.uid;
        self.sets.retain(|s| s.metadata.controller().is_some_and(|c| c.uid == *uid));
        roles::sort(&mut self.sets);
        // The pod template may be what is missing, so the new ReplicaSet is the one that was new until now.
        let hash = &self.ro.status.current_pod_hash;
        let new = self.sets.iter().position(|s| !hash.is_empty() && s.hash() == hash);
        self.roles = Roles { new, stable: None };
        self.assign_stable();
        if self.is_scaling_event(true) {
            match self.ro.spec.strategy.blue_green.is_some() {
                true => self.follow_blue_green(),
                false => self.follow_canary(),
            }
        }
        !self.sets.is_empty()
    }

    fn follow_blue_green(&mut self) {
        let n = self.ro.spec.replicas();
        if let Some(stable) = self.old_stable() {
            self.resize(stable, n, WHY);
        }
        if let Some(new) = self.roles.new
            && self.was_sized(&self.sets[new])
        {
            let held = self.holds_aborted_new();
            let size = if held { self.sets[new].size() } else { self.new_size() };
            self.resize(new, size, WHY);
        }
    }

    /// Lets a canary and its stable version follow `spec.replicas` as they are split now. A version that has no pods gets
    /// none: nobody let it begin. A ReplicaSet counts as sized for `spec.replicas` from its last resize on only, so that
    /// what is left to do is recognised, and what the split was.
    pub(crate) fn follow_canary(&mut self) {
        if self.is_routed() {
            return self.follow_routed(WHY);
        }
        let c = Counts { weight: self.kept_weight(), ..self.counts() };
        let (next, goal) = (replicas::follow(&c), replicas::goal(&c));
        let stable = self.old_stable().map(|i| (i, next.stable, goal.stable));
        let new = self.roles.new.map(|i| (i, next.canary, goal.canary));
        // What shrinks makes room, and an interruption must not leave the new version a larger share.
        let shrinks = new.is_some_and(|(i, size, _)| size < self.sets[i].size());
        let moves = if shrinks { [new, stable] } else { [stable, new] };
        let mut changed = false;
        for (i, size, goal) in moves.into_iter().flatten() {
            if size == goal {
                changed |= self.resize(i, size, WHY);
            } else if size > self.sets[i].size() || (size < self.sets[i].size() && !self.waits_for_counts(i)) {
                self.change_size(i, size, AnnotationChanges::new(), WHY);
                changed = true;
            }
        }
        if !changed && next != goal {
            self.size_others();
        }
    }

    fn kept_weight(&self) -> Weight {
        let n = self.ro.spec.replicas();
        let weight = Weight { weight: self.desired_weight(), max: self.max_weight() };
        let sized = |i: usize| {
            let set = &self.sets[i];
            Sized { size: set.size(), of: set.desired_annotation().filter(|of| *of > 0).unwrap_or(n.max(1)) }
        };
        match (self.old_stable(), self.roles.new) {
            (Some(stable), Some(new)) => {
                replicas::kept_weight(weight, sized(stable), sized(new), |n| self.ro.spec.max_surge(n))
            }
            _ => weight,
        }
    }
}
