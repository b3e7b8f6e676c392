//! What the decision about traffic rests on.

use super::decision::{Facts, Position};
use super::going_back;
use crate::ReplicaSet;
use crate::reconcile::Reconcile;

impl Reconcile<'_> {
    pub(super) fn traffic_facts(&self) -> Facts {
        let facts = self.unsized_facts();
        Facts { sized: self.at_desired_sizes(true), lower_step: self.lower_step(&facts), ..facts }
    }

    /// The weight to which an aborted canary with `dynamicStableScale` goes back next.
    pub(super) fn lower_step_now(&self) -> i32 {
        self.lower_step(&self.unsized_facts())
    }

    fn lower_step(&self, facts: &Facts) -> i32 {
        let delayed = self.ro.spec.explicit_abort_scale_down_delay_seconds().is_some_and(|s| s != 0);
        let weights: Vec<i32> = self.steps().iter().filter_map(|s| s.set_weight).collect();
        going_back::lower_step(facts, weights.into_iter(), delayed)
    }

    /// All but what follows from the sizes that are wanted.
    fn unsized_facts(&self) -> Facts {
        let steps = self.steps();
        let number = usize::try_from(self.step_number()).unwrap_or(0);
        let last_weight = |count: usize| steps.iter().take(count).filter_map(|s| s.set_weight).next_back().unwrap_or(0);
        let position = match () {
            () if steps.is_empty() => Position::NoSteps,
            () if self.current_step().is_some() => Position::AtStep,
            () => Position::Done,
        };
        let recorded = self.recorded_weights();
        Facts {
            replicas: self.ro.spec.replicas(),
            max: self.max_weight(),
            dynamic: self.is_dynamic(),
            promoted: self.fully_promoted(),
            aborted: self.aborted(),
            promote_full: self.ro.status.promote_full,
            new_available: self.new_set().map(ReplicaSet::staying),
            stable_available: self
                .stable_reached()
                .map(|reached| reached.min(self.stable_set().map_or(0, ReplicaSet::staying))),
            recorded: recorded.map(|w| w.canary.weight),
            recorded_other: recorded.is_some_and(|w| w.canary.pod_template_hash != self.new_hash()),
            remembered_available: self.remembered_available(),
            sized: false,
            pinned: self.pinned_scale().is_some(),
            unwanted: self
                .pinned_scale()
                .is_some_and(|scale| scale.replicas.or(scale.weight).is_some_and(|all| all <= 0)),
            weight_before: last_weight(number),
            weight_now: last_weight(number.saturating_add(1)),
            position,
            lower_step: 0,
        }
    }

    /// Available pods of the canary that the status has weights of.
    pub(super) fn remembered_available(&self) -> i32 {
        let hash = self.recorded_weights().map_or("", |w| w.canary.pod_template_hash.as_str());
        self.set_with_hash(hash).map_or(0, |set| set.available())
    }

    /// `dynamicStableScale`.
    pub(crate) fn is_dynamic(&self) -> bool {
        self.is_routed() && self.ro.spec.strategy.canary.as_ref().is_some_and(|c| c.dynamic_stable_scale)
    }
}
