//! Resizing ReplicaSets (rollout.md §3.5–3.8).

use crate::plan::AnnotationChanges;
use crate::reconcile::{Flow, Reconcile, STOP};
use crate::replicas::{Counts, Pods, Weight};
use crate::{ReplicaSet, pauses, replicas};
use rollouts_api::{RolloutStatus, names};

fn pods(set: &ReplicaSet) -> Pods {
    Pods::new(set.size(), set.status.ready_replicas, set.available())
}

impl Reconcile<'_> {
    /// Input of the replica maths.
    pub(crate) fn counts(&self) -> Counts {
        let n = self.ro.spec.replicas();
        Counts {
            replicas: n,
            weight: Weight { weight: self.desired_weight(), max: self.max_weight() },
            max_surge: self.ro.spec.max_surge(n),
            max_unavailable: self.ro.spec.max_unavailable(n),
            stable: self.old_stable().map(|i| pods(&self.sets[i])),
            canary: self.new_set().map(pods),
            others: replicas::sum(self.others().iter().map(|i| self.sets[*i].size())),
        }
    }

    /// Whether `spec.replicas` changed since the ReplicaSets were last sized (§3.8). `frozen`: nothing else will size them,
    /// so that what had no pods because none were wanted is looked at too.
    pub(crate) fn is_scaling_event(&self, frozen: bool) -> bool {
        let n = self.ro.spec.replicas();
        let counts = |s: &ReplicaSet| if frozen { self.was_sized(s) } else { s.size() > 0 };
        let stale = |s: &ReplicaSet| counts(s) && s.desired_annotation().is_some_and(|d| d != n);
        [self.new_set(), self.stable_set()].into_iter().flatten().any(stale)
    }

    /// Whether a ReplicaSet has the size that it should have: what is empty although pods were wanted was never begun, or
    /// was left. A canary that is empty has no share in what comes.
    pub(crate) fn was_sized(&self, set: &ReplicaSet) -> bool {
        let is_stable = self.stable_set().is_some_and(|s| s.metadata.name == set.metadata.name);
        let may_return = is_stable || self.ro.spec.strategy.blue_green.is_some();
        set.size() > 0 || (may_return && set.desired_annotation() == Some(0))
    }

    /// Follows `spec.replicas` and leaves everything else for the next reconcile. Other than upstream this happens
    /// while the Rollout is paused too.
    pub(crate) fn scale_only(&mut self) -> Flow {
        let n = self.ro.spec.replicas();
        self.note(format!("spec.replicas changed to {n}: only sizes are reconciled"));
        match () {
            () if self.ro.spec.strategy.blue_green.is_some() => self.size_blue_green(),
            () if self.sizes_frozen() => self.follow_canary(),
            () => {
                self.size_canary();
            }
        }
        let mut next = self.ro.status.clone();
        self.count(&mut next);
        self.keep_pauses();
        self.finish(next, "the sizes changed");
        STOP
    }

    /// Brings the counters of a status up to date, and nothing else.
    pub(crate) fn count(&self, next: &mut RolloutStatus) {
        let fresh = self.base_status();
        next.replicas = fresh.replicas;
        next.updated_replicas = fresh.updated_replicas;
        next.ready_replicas = fresh.ready_replicas;
        next.available_replicas = fresh.available_replicas;
        next.hpa_replicas = fresh.hpa_replicas;
        // That of a workload which is not there now is not forgotten: autoscalers need it.
        if self.ro.spec.selector.is_some() {
            next.selector = fresh.selector;
        }
    }

    /// Sizes one kind of ReplicaSets a reconcile: stable, then new, then others. Returns whether a size changed.
    pub(crate) fn size_canary(&mut self) -> bool {
        if self.is_routed() {
            return self.size_routed();
        }
        self.drop_deadlines();
        let sizes = self.next_sizes();
        let why = format!("the canary's weight is {} of {}", self.desired_weight(), self.max_weight());
        if let Some(stable) = self.old_stable()
            && self.resize(stable, sizes.stable, why.as_str())
        {
            return true;
        }
        if let Some(new) = self.roles.new
            && self.resize(new, sizes.canary, why)
        {
            return true;
        }
        self.size_others() || self.free_room()
    }

    /// Takes stable pods that serve nobody away when nothing else can move: superseded ReplicaSets hold all the surge and all
    /// the availability, so that they cannot shrink, and the canary that would replace them cannot grow. Upstream stands
    /// still here.
    fn free_room(&mut self) -> bool {
        let c = self.counts();
        let (Some(index), Some(stable), Some(canary)) = (self.old_stable(), c.stable, c.canary) else { return false };
        let ideal = replicas::ideal(c.replicas, c.weight, c.max_surge);
        let full = replicas::sum([c.others, canary.size, stable.size]) >= replicas::sum([c.replicas, c.max_surge]);
        if c.others == 0 || !full || canary.size >= ideal.canary {
            return false;
        }
        let useful = stable.size_to_keep(stable.available).max(ideal.stable).min(stable.size);
        self.resize(index, useful, "its other pods are not ready, and the canary needs their room")
    }

    /// Shrinks ReplicaSets of earlier, superseded updates (§3.5).
    pub(crate) fn size_others(&mut self) -> bool {
        let others = self.others();
        if others.iter().all(|i| self.sets[*i].size() == 0) {
            return false;
        }
        let n = self.ro.spec.replicas();
        let unavailable = self.ro.spec.max_unavailable(n);
        let available = replicas::sum(self.sets.iter().map(|s| pods(s).available));
        let mut changed = false;
        for i in &others {
            let set = &self.sets[*i];
            let healthy = pods(set).size_to_keep(set.available());
            if set.size() > healthy {
                changed |= self.resize(*i, healthy, "its other pods are not ready and nobody needs them");
            }
        }
        let mut budget = available - (n - unavailable);
        let mut newest_first = others;
        newest_first.sort_by_key(|i| std::cmp::Reverse(self.sets[*i].revision()));
        for i in newest_first {
            let size = self.sets[i].size();
            if budget <= 0 {
                break;
            }
            if size > 0 {
                let fewer = size.min(budget);
                budget -= fewer;
                changed |= self.resize(i, size - fewer, "a newer update superseded it and enough pods are available");
            }
        }
        changed
    }

    /// A ReplicaSet that is new or stable again has no deadline.
    pub(crate) fn drop_deadlines(&mut self) {
        let held = self.holds_aborted_new();
        let roles = [self.roles.new.filter(|_| !held), self.roles.stable];
        for i in roles.into_iter().flatten() {
            if self.sets[i].deadline().is_some() {
                let changes = AnnotationChanges::from([(names::SCALE_DOWN_DEADLINE.to_string(), None)]);
                self.update_set(i, None, None, None, changes, "it is needed again");
            }
        }
    }

    /// Sets size and desired-replicas annotation. Returns whether the size changed.
    pub(crate) fn resize(&mut self, index: usize, size: i32, why: impl Into<String>) -> bool {
        if size < self.sets[index].size() && self.waits_for_counts(index) {
            return false;
        }
        let n = self.ro.spec.replicas();
        let set = &self.sets[index];
        let from = set.size();
        let mut annotations = AnnotationChanges::new();
        if set.desired_annotation() != Some(n) {
            annotations.insert(names::DESIRED_REPLICAS.into(), Some(n.to_string()));
        }
        if from == size && annotations.is_empty() {
            return false;
        }
        let held = self.roles.new == Some(index) && self.holds_aborted_new();
        if size == 0 && set.deadline().is_some() && !held {
            annotations.insert(names::SCALE_DOWN_DEADLINE.into(), None);
        }
        if from == size {
            self.update_set(index, None, None, None, annotations, "it is counted for the present spec.replicas");
            return false;
        }
        self.change_size(index, size, annotations, why);
        true
    }

    /// Whether pods of a ReplicaSet must stay because nobody knows for sure how many the others have.
    pub(crate) fn waits_for_counts(&mut self, index: usize) -> bool {
        let doubtful = self.sets.iter().enumerate().find(|(i, set)| *i != index && set.in_doubt());
        let Some(doubtful) = doubtful.map(|(_, set)| &set.metadata.name) else { return false };
        self.note(format!(
            "{} stays as it is until the pods of {doubtful} are counted",
            self.sets[index].metadata.name
        ));
        true
    }

    /// Writes a size that is not the present one, and tells it.
    pub(crate) fn change_size(&mut self, index: usize, size: i32, also: AnnotationChanges, why: impl Into<String>) {
        let set = &self.sets[index];
        let (name, revision, from) = (set.metadata.name.clone(), set.revision(), set.size());
        self.update_set(index, Some(size), None, None, also, why);
        let direction = if size > from { "up" } else { "down" };
        let message = format!("Scaled {direction} ReplicaSet {name} (revision {revision}) from {from} to {size}");
        self.event("ScalingReplicaSet", message);
    }

    /// Whether a canary's sizes are frozen and must be told to follow `spec.replicas`.
    pub(crate) fn canary_frozen(&self) -> bool {
        self.ro.spec.strategy.blue_green.is_none() && self.sizes_frozen()
    }

    /// Whether sizes are frozen: a human asked, or an analysis was inconclusive.
    pub(crate) fn sizes_frozen(&self) -> bool {
        self.ro.spec.paused || self.inconclusive()
    }

    pub(crate) fn inconclusive(&self) -> bool {
        let reasons = [pauses::INCONCLUSIVE_ANALYSIS_RUN, pauses::INCONCLUSIVE_EXPERIMENT];
        reasons.into_iter().any(|reason| self.pause_condition(reason).is_some() || self.pauses.adds(reason))
    }

    /// A write that does not look at pauses must not lose a resumption that nobody acted on.
    pub(crate) fn keep_pauses(&mut self) {
        if self.resumed_by_user() {
            self.pauses.keep_resumed();
        }
    }
}
