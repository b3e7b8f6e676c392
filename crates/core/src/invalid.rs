//! Bad specs become a condition (rollout.md §9).

use crate::Effect;
use crate::conditions::{self, INVALID_SPEC};
use crate::phase::phase;
use crate::reconcile::{Flow, GO_ON, Reconcile, STOP};
use rollouts_api::Time;
use rollouts_api::rollout::Condition;
use rollouts_api::validation::{self, References, ServiceRef};

impl Reconcile<'_> {
    /// Stops at the first violated rule and tells it. Nothing is retried by time: a repair is a change of the Rollout or
    /// of an object it refers to, and both are watched.
    pub(crate) fn reject_invalid(&mut self) -> Flow {
        let Some(error) = self.first_error() else { return GO_ON };
        let message = format!("The Rollout \"{}\" is invalid: {error}", self.ro.metadata.name);
        self.note(message.clone());
        let mut next = self.old_status().clone();
        if conditions::find(&next.conditions, INVALID_SPEC).is_none_or(|c| c.message != message) {
            conditions::remove(&mut next.conditions, INVALID_SPEC);
            let now = Time::new(self.now);
            next.conditions.push(Condition {
                r#type: INVALID_SPEC.into(),
                status: "True".into(),
                last_update_time: now,
                last_transition_time: now,
                reason: INVALID_SPEC.into(),
                message,
            });
        }
        next.observed_generation = self.ro.metadata.generation.to_string();
        let (phase, text) = phase(&self.ro, &next, self.now);
        next.phase = phase.into();
        next.message = text;
        if next != *self.old_status() {
            self.push(Effect::PatchStatus { status: Box::new(next) }, "the spec is invalid");
        }
        STOP
    }

    fn first_error(&self) -> Option<String> {
        let first = |errors: Vec<rollouts_api::field::FieldError>| errors.first().map(ToString::to_string);
        // A template that is taken from elsewhere is not there yet: judging it would only hide the reason.
        let unresolved = self.ro.spec.workload_ref.is_some();
        let early = if unresolved { validation::unsupported(&self.ro).map(|e| e.to_string()) } else { None };
        early
            .or_else(|| first(validation::rollout(&self.ro)))
            .or_else(|| validation::unsupported(&self.ro).map(|e| e.to_string()))
            .or_else(|| first(validation::references(&self.ro, &self.references())))
    }

    fn references(&self) -> References {
        let services = self.snapshot.services.iter().map(|(name, service)| {
            let service = ServiceRef {
                selector: service.spec.selector.clone(),
                managed_by: service.metadata.annotation(rollouts_api::names::MANAGED_BY_ROLLOUTS).map(str::to_string),
            };
            (name.clone(), service)
        });
        References { services: services.collect(), ..Default::default() }
    }
}
