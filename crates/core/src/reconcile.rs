//! The order of one reconcile (rollout.md §1.5).

use crate::plan::Plan;
use crate::planning::Step;
use crate::refused::Wanted;
use crate::roles::Roles;
use crate::{Effect, EventType, ReplicaSet, Service, Snapshot};
use jiff::Timestamp;
use rollouts_api::{Rollout, RolloutStatus, names};
use rollouts_traffic::Write;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// Stops the reconcile early: what was decided so far must be written before more can be decided.
pub(crate) type Flow = ControlFlow<()>;
pub(crate) const STOP: Flow = ControlFlow::Break(());
pub(crate) const GO_ON: Flow = ControlFlow::Continue(());

/// Decides what to do about the Rollout of `snapshot` at `now`.
pub fn plan(snapshot: &Snapshot, now: Timestamp) -> Plan {
    let mut r = Reconcile::new(snapshot, now);
    // Stopping early is a normal end: the effects so far change the snapshot, and that plans again.
    let _ = r.run();
    r.plan
}

/// What to tell when the ReplicaSet `name` could not be created because of `error` (§2.3).
pub fn plan_after_create_error(snapshot: &Snapshot, now: Timestamp, name: &str, error: &str) -> Plan {
    let mut r = Reconcile::new(snapshot, now);
    r.create_failed(name, error);
    r.plan
}

/// What to tell when what is `wanted` under this name could not be created because of `error`. It is told once: the next
/// plan tries again, and what it writes then says that all is well.
pub fn plan_after_refusal(snapshot: &Snapshot, now: Timestamp, wanted: Wanted, name: &str, error: &str) -> Plan {
    let mut r = Reconcile::new(snapshot, now);
    r.refused(wanted, name, error);
    r.plan
}

/// What to tell when a `write` of `router` failed with `error`. The next plan tries again.
pub fn plan_after_route_error(
    snapshot: &Snapshot,
    now: Timestamp,
    (router, write): (&str, &Write),
    error: &str,
) -> Plan {
    let mut r = Reconcile::new(snapshot, now);
    r.route_failed(router, write, error);
    r.plan
}

/// Whether decisions about `ro` need its pods: for a restart, or because pods carry metadata of their role.
pub fn reads_pods(ro: &Rollout, replica_sets: &[std::sync::Arc<ReplicaSet>]) -> bool {
    let restarts = ro.spec.restart_at.is_some() && ro.spec.restart_at != ro.status.restarted_at;
    let strategy = &ro.spec.strategy;
    let canary = strategy.canary.as_ref().is_some_and(|c| c.canary_metadata.is_some() || c.stable_metadata.is_some());
    let blue_green =
        strategy.blue_green.as_ref().is_some_and(|b| b.preview_metadata.is_some() || b.active_metadata.is_some());
    let injected = |s: &std::sync::Arc<ReplicaSet>| s.metadata.annotation(names::EPHEMERAL_METADATA).is_some();
    restarts || canary || blue_green || replica_sets.iter().any(injected)
}

/// Working state of one reconcile: copies that follow every decision.
pub(crate) struct Reconcile<'a> {
    pub snapshot: &'a Snapshot,
    pub now: Timestamp,
    pub ro: Rollout,
    /// Sorted by age.
    pub sets: Vec<ReplicaSet>,
    pub services: BTreeMap<String, Service>,
    pub roles: Roles,
    pub pauses: crate::pauses::PauseChanges,
    pub runs: crate::analyses::Runs,
    /// What `status.canary.currentExperiment` becomes, if this reconcile knows.
    pub experiment: Option<String>,
    /// What this reconcile found out about traffic.
    pub traffic: crate::routing::Traffic,
    /// What is wrong with the spec, and only showed when it should be acted upon.
    pub refusal: Option<String>,
    pub plan: Plan,
    /// Events that belong to the status write and follow it.
    pub status_events: Vec<Effect>,
}

impl<'a> Reconcile<'a> {
    pub(crate) fn new(snapshot: &'a Snapshot, now: Timestamp) -> Self {
        let mut r = Reconcile {
            snapshot,
            now,
            ro: (*snapshot.rollout).clone(),
            sets: snapshot.replica_sets.iter().map(|s| (**s).clone()).collect(),
            services: snapshot.services.iter().map(|(k, v)| (k.clone(), (**v).clone())).collect(),
            roles: Roles::default(),
            pauses: Default::default(),
            runs: Default::default(),
            experiment: None,
            traffic: Default::default(),
            refusal: None,
            plan: Plan::default(),
            status_events: Vec::new(),
        };
        r.annotate_workload_generation();
        r
    }

    fn run(&mut self) -> Flow {
        if self.ro.metadata.deletion_timestamp.is_some() {
            self.note("the Rollout is being deleted");
            return STOP;
        }
        self.warn_of_another();
        self.reject_invalid()?;
        self.warn_of_unknown_arguments();
        self.note_workload_generation();
        self.claim();
        self.assign_roles();
        self.require_new_set()?;
        if self.fully_promoted() && self.ro.status.promote_full {
            self.note("there is nothing to promote");
            self.ro.status.promote_full = false;
        }
        if self.fully_promoted() && self.ro.status.abort {
            self.note("an abort after promotion has no effect");
            self.pauses.remove_abort();
        }
        if self.ro.status.promote_full && self.aborted() && self.ro.status.aborted_at.is_none() {
            self.note("the abort came after the full promotion and stops it");
            self.ro.status.promote_full = false;
        }
        self.default_replicas()?;
        self.sync_paused_conditions()?;
        if self.is_scaling_event(self.canary_frozen()) {
            return self.scale_only();
        }
        match self.ro.spec.strategy.blue_green.is_some() {
            true => self.blue_green(),
            false => self.canary(),
        }
    }

    /// An absent `spec.replicas` is written back as 1: autoscalers and the scale subresource need it.
    fn default_replicas(&mut self) -> Flow {
        if self.ro.spec.replicas.is_some() {
            return GO_ON;
        }
        let effect = Effect::PatchRollout { replicas: Some(1), annotations: BTreeMap::new() };
        self.push(effect, "spec.replicas is absent, which means 1, and the scale subresource needs a number");
        STOP
    }

    /// The hash of the Rollout's pod template.
    pub(crate) fn template_hash(&self) -> &'a str {
        self.snapshot.template_hash.of(&self.snapshot.rollout)
    }

    /// The persisted status.
    pub(crate) fn old_status(&self) -> &'a RolloutStatus {
        &self.snapshot.rollout.status
    }

    pub(crate) fn push(&mut self, effect: Effect, why: impl Into<String>) {
        self.plan.effects.push(Step { effect, why: why.into() });
    }

    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.plan.notes.push(note.into());
    }

    pub(crate) fn event(&mut self, reason: &str, message: String) {
        self.push(event(EventType::Normal, reason, message), "");
    }

    /// An event to follow the status write, so that a rejected write does not tell what did not happen.
    pub(crate) fn status_event(&mut self, r#type: EventType, reason: &str, message: String) {
        self.status_events.push(event(r#type, reason, message));
    }

    /// The Rollout's revision annotation, 0 when it is absent.
    pub(crate) fn revision(&self) -> i64 {
        self.ro.metadata.annotation(names::REVISION).and_then(|r| r.parse().ok()).unwrap_or(0)
    }
}

fn event(r#type: EventType, reason: &str, message: String) -> Effect {
    Effect::Event { r#type, reason: reason.into(), message }
}
