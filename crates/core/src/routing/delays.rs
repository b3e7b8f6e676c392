//! When ReplicaSets go to which no traffic is sent any more (traffic.md §1.11, rollout.md §5.5, §5.7).

use crate::reconcile::Reconcile;
use crate::{ReplicaSet, replicas};

impl Reconcile<'_> {
    /// Whether a router may still send requests to this version.
    pub(crate) fn is_sent_traffic(&self, hash: &str) -> bool {
        let known = [self.recorded_weights(), self.traffic.weights.as_ref()].into_iter().flatten();
        let mut ends = known.flat_map(|w| std::iter::once(&w.canary).chain(&w.additional));
        !self.traffic.settled || ends.any(|end| end.weight > 0 && end.pod_template_hash == hash)
    }

    /// Shrinks what is neither new nor stable: what has been replaced stays for `scaleDownDelaySeconds`, a superseded
    /// canary goes at once, and what Services, routers or the status still point at stays.
    pub(super) fn size_routed_others(&mut self) -> bool {
        let mut others = self.others();
        if others.iter().all(|i| self.sets[*i].size() == 0) {
            return false;
        }
        let n = self.ro.spec.replicas();
        // Before anybody is told where users go, Services lead to pods of any version.
        let serve = |i: &usize| self.recorded_weights().is_some() || !others.contains(i);
        let available = replicas::sum((0..self.sets.len()).filter(serve).map(|i| self.sets[i].available()));
        let least = n - self.ro.spec.max_unavailable(n);
        if available < least || (available == least && self.recorded_weights().is_some()) {
            self.note("replaced versions keep their pods until enough others are available");
            // Those that are not available are missed by nobody.
            others.retain(|i| self.sets[*i].available() == 0);
        }
        others.sort_by_key(|i| std::cmp::Reverse(self.sets[*i].revision()));
        others.retain(|i| self.sets[*i].size() > 0);
        if n == 0 {
            // Its Services wait for pods of a newer version, and there will be none.
            let sizes = others.into_iter().map(|i| self.resize(i, 0, "the Rollout is to have no pods"));
            return sizes.fold(false, |any, changed| any | changed);
        }
        others.retain(|i| !self.is_referenced_by_traffic(&self.sets[*i]));
        let candidates = others.len();
        others.retain(|i| !self.is_still_reached(&self.sets[*i]));
        if others.len() < candidates {
            self.wait_until_left();
        }
        let is_replaced = |set: &ReplicaSet| self.fully_promoted() && set.deadline().is_none();
        let mut registered = Vec::new();
        if others.iter().any(|i| is_replaced(&self.sets[*i])) {
            match self.has_targets() {
                Some(told) => registered = told,
                None => {
                    self.note("replaced versions keep their pods until target groups have those of the stable version");
                    others.retain(|i| self.sets[*i].deadline().is_some());
                }
            }
        }
        let decided = self.plan.effects.len();
        let (mut changed, mut kept) = (false, 0);
        for i in others {
            let set = &self.sets[i];
            let was_stable = self.fully_promoted() || set.deadline().is_some();
            changed |= match () {
                () if !was_stable => self.resize(i, 0, "a newer update superseded it"),
                () if self.is_dynamic() => self.resize(i, 0, "it was replaced and has no traffic"),
                () if self.stays_for_now(i, &mut kept) => false,
                () => self.resize(i, 0, "it was replaced and its delay is over"),
            };
        }
        if self.plan.effects.len() > decided {
            registered.into_iter().for_each(|told| self.event("TargetGroupVerified", told));
        }
        changed
    }

    /// Whether the status, a Service or a router still points at the ReplicaSet (§5.6).
    fn is_referenced_by_traffic(&self, set: &ReplicaSet) -> bool {
        let hash = set.hash();
        let status = &self.ro.status;
        let weights = [self.recorded_weights(), self.traffic.weights.as_ref()].into_iter().flatten();
        let mut known = weights.flat_map(|w| [&w.canary.pod_template_hash, &w.stable.pod_template_hash]);
        let canary = self.ro.spec.strategy.canary.as_ref();
        // Of a ping-pong pair, the one without traffic selects what was replaced until the next update.
        let live = canary.into_iter().flat_map(|c| [&c.canary_service, &c.stable_service]);
        let selected = live.filter_map(|name| self.services.get(name)).any(|service| service.selected_hash() == hash);
        let named = [&status.stable_rs, &status.current_pod_hash].into_iter().any(|h| h == hash);
        named || selected || known.any(|h| h == hash) || rollouts_traffic::selects(&self.snapshot.routers, hash)
    }
}
