//! Bad specs become a condition (rollout.md §9).

mod all;

pub use all::{Concern, Problem, problems};

use crate::Effect;
use crate::conditions::{self, INVALID_SPEC};
use crate::phase::phase;
use crate::planning::Step;
use crate::reconcile::{Flow, GO_ON, Reconcile, STOP};
use crate::roles;
use crate::routing::references;
use rollouts_api::field::{FieldError, Path};
use rollouts_api::validation::{self, References, ServiceRef};
use rollouts_api::{LabelSelector, RolloutStatus, Time, names};
use serde_json::json;

/// From one look for a workload that is not there to the next.
const UNRESOLVED_RETRY_SECONDS: i64 = 20;

/// Where an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// In the Rollout itself: nothing in it can be trusted.
    Spec,
    /// In what it refers to.
    References,
}

impl Reconcile<'_> {
    /// Stops at the first violated rule and tells it. A repair is a change of the Rollout or of an object it refers to,
    /// and both are watched; only what `workloadRef` refers to may be out of sight, for want of a permission, and is
    /// looked for again.
    pub(crate) fn reject_invalid(&mut self) -> Flow {
        let Some((error, scope)) = self.first_error() else { return GO_ON };
        let message = self.invalid(&error);
        self.note(message.clone());
        if self.snapshot.unresolved.is_some() {
            self.plan.look_again(Time::new(self.now).plus_seconds(UNRESOLVED_RETRY_SECONDS));
        }
        let mut next = self.old_status().clone();
        conditions::set_invalid(&mut next.conditions, message, Time::new(self.now));
        let decided = self.plan.effects.len();
        if scope == Scope::References && self.is_sound() && self.follow_size() {
            self.count(&mut next);
        }
        next.observed_generation = self.ro.metadata.generation.to_string();
        let (phase, text) = phase(&self.ro, &next, self.now);
        next.phase = phase.into();
        next.message = text;
        if next != *self.old_status() {
            // First, so that a size that is refused does not keep it from being told.
            let effect = Effect::PatchStatus { status: Box::new(next) };
            self.plan.effects.insert(decided, Step { effect, why: "the spec is invalid".into() });
        }
        STOP
    }

    fn invalid(&self, error: &str) -> String {
        format!("The Rollout \"{}\" is invalid: {error}", self.ro.metadata.name)
    }

    /// Something that the spec asks for cannot be done as it says, which could not be known before.
    pub(crate) fn refuse(&mut self, error: &str) {
        let message = self.invalid(error);
        self.note(message.clone());
        self.refusal.get_or_insert(message);
    }

    /// Tells what was refused, and no longer what once was.
    pub(crate) fn set_refusal(&self, next: &mut RolloutStatus) {
        match &self.refusal {
            Some(message) => conditions::set_invalid(&mut next.conditions, message.clone(), Time::new(self.now)),
            None => conditions::remove(&mut next.conditions, INVALID_SPEC),
        }
    }

    /// Whether nothing is wrong with what the Rollout itself says: only then can sizes be reckoned from it. An error
    /// of a reference may come before one of the spec, and hide it.
    fn is_sound(&self) -> bool {
        validation::unresolved_rollout(&self.ro).is_empty() && self.unsupported().is_none()
    }

    fn unsupported(&self) -> Option<FieldError> {
        validation::unsupported(&self.ro)
    }

    fn first_error(&self) -> Option<(String, Scope)> {
        let first = |errors: Vec<FieldError>| errors.first().map(ToString::to_string);
        let in_spec = || {
            let broken = first(validation::rollout(&self.ro));
            let unsupported = || self.unsupported().map(|e| e.to_string());
            let refused = || self.route_refused().map(|e| e.to_string());
            let releases = || self.releases_its_own().map(|e| e.to_string());
            broken.or_else(unsupported).or_else(refused).or_else(releases).map(|e| (e, Scope::Spec))
        };
        let in_references =
            || first(validation::references(&self.ro, &self.references())).map(|e| (e, Scope::References));
        let unresolved = self.snapshot.unresolved.clone().map(|e| (e, Scope::References));
        unresolved.or_else(in_spec).or_else(in_references)
    }

    /// A selector that does not match the new ReplicaSet would have it released as soon as it is made, and the next one
    /// made, without end. Only the label of the hash can come to that: the selector was copied from a ReplicaSet, or
    /// `workloadRef` takes it from one.
    fn releases_its_own(&self) -> Option<FieldError> {
        const KEY: &str = names::POD_TEMPLATE_HASH;
        let asks =
            |s: &&LabelSelector| s.match_labels.contains_key(KEY) || s.match_expressions.iter().any(|e| e.key == KEY);
        let selector = self.ro.spec.selector.as_ref().filter(asks)?;
        let matching = selector.compile().ok()?;
        let hash = self.template_hash();
        let mut labels = self.ro.spec.template.labels();
        labels.insert(KEY.into(), hash.into());
        let found = roles::find_new(&self.ro, &self.sets, hash).map(|i| &self.sets[i].metadata.labels);
        if matching.matches(&labels) || found.is_some_and(|labels| matching.matches(labels)) {
            return None;
        }
        let detail = format!("must leave the label {KEY} alone, of which every ReplicaSet has a value of its own");
        Some(FieldError::invalid(&Path::new("spec").child("selector"), &json!(selector), detail))
    }

    fn references(&self) -> References {
        let services = self.snapshot.services.iter().map(|(name, service)| {
            let service = ServiceRef {
                selector: service.spec.selector.clone(),
                managed_by: service.metadata.annotation(names::MANAGED_BY_ROLLOUTS).map(str::to_string),
            };
            (name.clone(), service)
        });
        let analysis_templates = self.snapshot.analysis_templates.clone();
        let mut found = References { services: services.collect(), analysis_templates, ..Default::default() };
        references::add(&mut found, self.snapshot, &self.ro);
        found
    }
}
