//! Applies a plan, effect by effect. Every write says which version of the object it was decided on, so a stale cache
//! can at worst cause a conflict, and the first error stops the rest.

pub(crate) mod bodies;
mod confirming;
mod judges;
mod pods;
mod resizes;
pub(crate) mod routes;

use crate::Options;
use crate::caches::Caches;
use crate::routers::Clients;
use pods::{PodPatch, PodWrites};
use resizes::Resizes;
use rollouts_api::analysis::AnalysisRun;
use rollouts_api::{Clock, Experiment, ObjectMeta, Rollout, names};
use rollouts_core::{Effect, EventType, Plan, ReplicaSet, Service, Snapshot, Wanted, Workload};
use rollouts_kube::events::{self, ObjectReference, Recorder};
use rollouts_kube::rest::{Delete, PatchKind, Propagation};
use rollouts_kube::writes::OwnWrites;
use rollouts_kube::{Key, RequestError, Resource, Rest, resource};
use routes::{Failed, RouteWrites};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long to wait for the caches to show our own writes before looking again. Their arrival puts the key back into
/// the queue by itself; this is for a watch that stays silent.
pub(crate) const CATCH_UP: Duration = Duration::from_secs(1);

/// How applying a plan ended, apart from errors.
pub(crate) enum Applied {
    /// Every effect is done.
    All,
    /// The name of the new ReplicaSet is taken by this one, which the caches do not show.
    Collision(Box<ReplicaSet>),
    /// The name of a new AnalysisRun is taken by this one, which the caches do not show.
    RunCollision(Box<AnalysisRun>),
    /// The name of a new Experiment is taken by this one, which the caches do not show.
    ExperimentCollision(Box<Experiment>),
    /// The Rollout, or its namespace, is gone or going.
    Gone,
}

/// Which of our own writes the caches have not shown yet. Planning without them would decide the same again: harmless,
/// since every write is versioned, but noisy.
#[derive(Default)]
struct Writes {
    rollouts: OwnWrites,
    replica_sets: OwnWrites,
    services: OwnWrites,
    /// Deployments that Rollouts refer to.
    deployments: OwnWrites,
    /// Deployments that Rollouts have scaled down.
    debts: OwnWrites,
    analysis_runs: OwnWrites,
    experiments: OwnWrites,
    /// Objects of traffic routers.
    routes: RouteWrites,
}

pub(crate) struct Executor {
    rest: Rest,
    recorder: Recorder,
    clock: Clock,
    pod_writes: PodWrites,
    resizes: Resizes,
    /// Whether no election keeps other controllers away.
    is_unelected: bool,
    /// The only namespace that is watched.
    namespace: Option<String>,
    routers: Clients,
    writes: Writes,
}

/// One plan being applied: the versions of objects that this plan itself has already written.
struct Run<'a> {
    snapshot: &'a Snapshot,
    namespace: &'a str,
    key: Key,
    versions: BTreeMap<(String, String), String>,
}

impl Executor {
    pub fn new(client: kube::Client, recorder: Recorder, options: &Options) -> Self {
        let pod_writes = PodWrites { at_once: options.pod_writes, tries_max: options.pod_write_tries };
        let clock = options.clock.clone();
        let routers = Clients::new(&client, options.istio_primary.as_ref().map(|p| &p.0));
        let (rest, resizes, writes) = (Rest::new(client), Resizes::default(), Writes::default());
        let (is_unelected, namespace) = (options.election.is_none(), options.namespace.clone());
        Executor { rest, recorder, clock, pod_writes, resizes, is_unelected, namespace, routers, writes }
    }

    pub fn rest(&self) -> &Rest {
        &self.rest
    }

    /// Whether the caches still lack a write of ours for this Rollout.
    pub fn behind(&self, key: &Key, caches: &Caches) -> bool {
        let Writes { rollouts, replica_sets, services, deployments, debts, analysis_runs, experiments, routes } =
            &self.writes;
        let missing = rollouts.behind(key, &caches.rollouts);
        let missing = missing.or_else(|| debts.behind(key, &caches.scaled_down));
        let missing = missing.or_else(|| deployments.behind(key, &caches.workloads.deployments()?));
        let missing = missing.or_else(|| replica_sets.behind(key, &caches.replica_sets));
        let missing = missing.or_else(|| analysis_runs.behind(key, &caches.analyses.runs));
        let missing = missing.or_else(|| experiments.behind(key, &caches.experiments));
        let missing = missing.or_else(|| routes.behind(key, caches));
        missing.or_else(|| services.behind(key, &caches.services)).is_some()
    }

    /// The Rollout is gone: nothing to wait for.
    pub fn forget(&self, key: &Key) {
        let Writes { rollouts, replica_sets, services, deployments, debts, analysis_runs, experiments, routes } =
            &self.writes;
        routes.forget(key);
        let all = [rollouts, replica_sets, services, deployments, debts, analysis_runs, experiments];
        all.into_iter().for_each(|writes| writes.forget(key));
    }

    /// Applies the effects in order.
    pub async fn apply(&self, snapshot: &Snapshot, plan: &Plan) -> Result<Applied, RequestError> {
        let meta = &snapshot.rollout.metadata;
        let mut run = Run { snapshot, namespace: &meta.namespace, key: Key::of(meta), versions: BTreeMap::new() };
        let mut refused = None;
        let mut failed = Failed::default();
        let mut effects = plan.effects().peekable();
        while let Some(effect) = effects.next() {
            if !failed.is_empty() && !matches!(effect, Effect::Route { .. }) {
                break;
            }
            match effect {
                Effect::AdoptReplicaSet { name } => {
                    if !self.may_adopt(&run).await? {
                        return Ok(Applied::Gone);
                    }
                    self.patch_set(&mut run, name, bodies::adoption(snapshot, name)).await?;
                }
                Effect::ReleaseReplicaSet { name } => {
                    self.patch_set(&mut run, name, bodies::release(snapshot, name)).await?;
                }
                Effect::CreateReplicaSet { name, object } => {
                    self.confirm(&run).await?;
                    if self.is_unelected {
                        self.confirm_sets(&run).await?;
                    }
                    if let Some(end) = self.create_set(&mut run, name, object).await? {
                        return Ok(end);
                    }
                }
                Effect::UpdateReplicaSet { name, replicas, min_ready_seconds, template, annotations } => {
                    let is_again = replicas.is_some() && self.resizes.again(Key::new(run.namespace, name.as_str()));
                    let is_rivaled = replicas.is_some() && self.is_unelected;
                    if is_again || is_rivaled || annotations.contains_key(names::REVISION) {
                        self.confirm(&run).await?;
                    }
                    let old = find_set(snapshot, name);
                    if self.is_unelected && replicas.zip(old).is_some_and(|(new, old)| new < old.size()) {
                        self.confirm_others(&run, name).await?;
                    }
                    let body = bodies::set_update(old, *replicas, *min_ready_seconds, template.as_ref(), annotations);
                    self.patch_set(&mut run, name, body).await?;
                }
                Effect::DeleteReplicaSet { name } => self.delete_set(&run, name).await?,
                Effect::SwitchService { name, hash } => {
                    self.confirm(&run).await?;
                    self.switch_service(&mut run, name, hash).await?;
                }
                Effect::EvictPods { names, at_most } => self.evict_pods(&run, names, *at_most).await?,
                Effect::PatchPod { .. } => {
                    let mut patches = Vec::from_iter(PodPatch::of(effect));
                    while let Some(patch) = effects.peek().copied().and_then(PodPatch::of) {
                        patches.push(patch);
                        effects.next();
                    }
                    self.patch_pods(&run, &patches).await?;
                }
                Effect::PatchRollout { replicas, annotations } => {
                    let body = bodies::rollout(*replicas, annotations);
                    self.patch_rollout(&mut run, None, body).await?;
                }
                Effect::PatchStatus { status } => {
                    if let Some(body) = bodies::status(&snapshot.rollout.status, status) {
                        self.patch_rollout(&mut run, Some("status"), json!({ "status": body })).await?;
                    }
                }
                Effect::ScaleDeployment { name, replicas, debt } => {
                    let body = bodies::deployment(*replicas, debt.as_ref());
                    match self.scale_deployment(&mut run, name, body).await {
                        // Whoever may not scale it can still tell how the Rollout is.
                        Err(error) if !error.is_conflict() && !error.is_transient() => refused = Some(error),
                        answer => answer?,
                    }
                }
                Effect::CreateAnalysisRun { name, object } => {
                    self.confirm(&run).await?;
                    if let Some(end) = self.create::<AnalysisRun>(&run, name, object).await? {
                        return Ok(end);
                    }
                }
                Effect::TerminateAnalysisRun { name } => {
                    self.confirm(&run).await?;
                    self.terminate::<AnalysisRun>(&mut run, name).await?;
                }
                Effect::DeleteAnalysisRun { name } => self.delete::<AnalysisRun>(&run, name).await?,
                Effect::CreateExperiment { name, object } => {
                    self.confirm(&run).await?;
                    if let Some(end) = self.create::<Experiment>(&run, name, object).await? {
                        return Ok(end);
                    }
                }
                Effect::TerminateExperiment { name } => {
                    self.confirm(&run).await?;
                    self.terminate::<Experiment>(&mut run, name).await?;
                }
                Effect::DeleteExperiment { name } => self.delete::<Experiment>(&run, name).await?,
                Effect::Route { router, write, events } => {
                    if let Some(end) = self.route(&mut run, (router, write, events), &mut failed).await? {
                        return Ok(end);
                    }
                }
                Effect::Event { r#type, reason, message } => match r#type {
                    EventType::Normal => self.tell(meta, reason, message),
                    EventType::Warning => self.warn(meta, reason, message),
                },
            }
        }
        if !failed.is_empty() {
            return self.route_failed(snapshot, failed).await;
        }
        refused.map_or(Ok(Applied::All), Err)
    }

    /// Tells the user what is wrong, as a line of log and as an event.
    pub fn warn(&self, rollout: &ObjectMeta, reason: &str, message: &str) {
        tracing::warn!(rollout = %Key::of(rollout), event_reason = reason, "{message}");
        self.event(rollout, events::EventType::Warning, reason, message);
    }

    fn event(&self, rollout: &ObjectMeta, kind: events::EventType, reason: &str, message: &str) {
        self.recorder.event(&ObjectReference::new(&resource::ROLLOUTS, rollout), kind, reason, message);
    }

    /// Merges this into a status without a snapshot, for Rollouts that cannot be decoded.
    pub async fn patch_rollout_status(&self, key: &Key, body: &Value) -> Result<(), RequestError> {
        let (r, sub) = (&resource::ROLLOUTS, Some("status"));
        let answer: Result<Value, _> = self.rest.patch(r, &key.namespace, &key.name, sub, PatchKind::Merge, body).await;
        answer.map(|_| ())
    }

    /// Adopting asks the API server, not the cache: a Rollout that is being deleted, or was replaced by another of
    /// its name, must not become an owner (rollout.md §2.4).
    async fn may_adopt(&self, run: &Run<'_>) -> Result<bool, RequestError> {
        let live: Option<Rollout> = self.rest.get_opt(&resource::ROLLOUTS, run.namespace, &run.key.name).await?;
        let uid = &run.snapshot.rollout.metadata.uid;
        Ok(live.is_some_and(|ro| ro.metadata.uid == *uid && ro.metadata.deletion_timestamp.is_none()))
    }

    async fn patch_set(&self, run: &mut Run<'_>, name: &str, body: Value) -> Result<(), RequestError> {
        let known = find_set(run.snapshot, name).map(|s| s.metadata.resource_version.clone());
        let set: ReplicaSet = self.patch_versioned(run, &resource::REPLICA_SETS, name, None, known, body).await?;
        self.writes.replica_sets.wrote(&run.key, &Key::of(&set.metadata), &set.metadata.resource_version);
        Ok(())
    }

    async fn patch_rollout(&self, run: &mut Run<'_>, sub: Option<&str>, body: Value) -> Result<(), RequestError> {
        let (name, version) = (run.key.name.to_string(), run.snapshot.rollout.metadata.resource_version.clone());
        let ro: bodies::MetaOnly =
            self.patch_versioned(run, &resource::ROLLOUTS, &name, sub, Some(version), body).await?;
        self.writes.rollouts.wrote(&run.key, &Key::of(&ro.metadata), &ro.metadata.resource_version);
        Ok(())
    }

    /// A merge patch that conflicts unless the object is still the version it was decided on.
    async fn patch_versioned<T: serde::de::DeserializeOwned + rollouts_kube::cache::Cached>(
        &self,
        run: &mut Run<'_>,
        r: &Resource,
        name: &str,
        sub: Option<&str>,
        known: Option<String>,
        mut body: Value,
    ) -> Result<T, RequestError> {
        let slot = slot(r, name);
        if let Some(version) = run.versions.get(&slot).cloned().or(known) {
            body["metadata"]["resourceVersion"] = version.into();
        }
        let object: T = self.rest.merge(r, run.namespace, name, sub, &body).await?;
        run.versions.insert(slot, object.meta().resource_version.clone());
        Ok(object)
    }

    /// Returns how the plan ends if no ReplicaSet could be created and that is no error.
    async fn create_set(&self, run: &mut Run<'_>, name: &str, object: &Value) -> Result<Option<Applied>, RequestError> {
        let created: Result<ReplicaSet, _> = self.rest.create(&resource::REPLICA_SETS, run.namespace, object).await;
        let error = match created {
            Ok(set) => {
                run.versions.insert(slot(&resource::REPLICA_SETS, name), set.metadata.resource_version.clone());
                self.writes.replica_sets.wrote(&run.key, &Key::of(&set.metadata), &set.metadata.resource_version);
                return Ok(None);
            }
            Err(error) => error,
        };
        if error.is_already_exists() {
            let existing: Option<ReplicaSet> = self.rest.get_opt(&resource::REPLICA_SETS, run.namespace, name).await?;
            let uid = &run.snapshot.rollout.metadata.uid;
            return match existing {
                Some(set) if set.metadata.controller().is_none_or(|c| c.uid != *uid) => {
                    Ok(Some(Applied::Collision(Box::new(set))))
                }
                // Ours once, but without its label no cache shows it.
                Some(set) if set.metadata.label(names::POD_TEMPLATE_HASH).is_none() => {
                    Ok(Some(Applied::Collision(Box::new(set))))
                }
                // Ours: an earlier answer was lost, or the cache is late. Planning again finds it.
                _ => Err(error),
            };
        }
        if error.is_namespace_terminating() {
            // Whoever deletes the namespace knows, and all that is in it goes, this Rollout too: nothing to tell, and
            // nothing to try again. Deployments do the same.
            tracing::debug!(rollout = %run.key, "{error}");
            return Ok(Some(Applied::Gone));
        }
        if !is_brief(&error) {
            let plan = rollouts_core::plan_after_create_error(run.snapshot, self.clock.now(), name, &error.to_string());
            Box::pin(self.apply(run.snapshot, &plan)).await?;
        }
        Err(error)
    }

    /// Tells that the update waits for something that cannot be made, and goes on failing with that.
    async fn refused(
        &self,
        run: &Run<'_>,
        wanted: Wanted,
        name: &str,
        error: RequestError,
    ) -> Result<Option<Applied>, RequestError> {
        if !is_brief(&error) {
            let (now, said) = (self.clock.now(), error.to_string());
            let plan = rollouts_core::plan_after_refusal(run.snapshot, now, wanted, name, &said);
            Box::pin(self.apply(run.snapshot, &plan)).await?;
        }
        Err(error)
    }

    async fn delete_set(&self, run: &Run<'_>, name: &str) -> Result<(), RequestError> {
        let Some(set) = find_set(run.snapshot, name) else { return Ok(()) };
        let slot = slot(&resource::REPLICA_SETS, name);
        let version = run.versions.get(&slot).unwrap_or(&set.metadata.resource_version);
        let options = Delete {
            propagation: Some(Propagation::Background),
            uid: Some(set.metadata.uid.clone()),
            resource_version: Some(version.clone()),
            ..Default::default()
        };
        ignore_missing(self.rest.delete(&resource::REPLICA_SETS, run.namespace, name, &options).await)?;
        self.writes.replica_sets.deleted(&run.key, &Key::of(&set.metadata), &set.metadata.uid);
        Ok(())
    }

    async fn switch_service(&self, run: &mut Run<'_>, name: &str, hash: &str) -> Result<(), RequestError> {
        let Some(service) = run.snapshot.services.get(name) else { return Ok(()) };
        let body = bodies::service_switch(service, hash, &run.key.name);
        let version = Some(service.metadata.resource_version.clone());
        let service: Service = self.patch_versioned(run, &resource::SERVICES, name, None, version, body).await?;
        self.writes.services.wrote(&run.key, &Key::of(&service.metadata), &service.metadata.resource_version);
        Ok(())
    }

    async fn scale_deployment(&self, run: &mut Run<'_>, name: &str, body: Value) -> Result<(), RequestError> {
        let known = run.snapshot.workload.iter().chain(&run.snapshot.scaled_down);
        let known = known.map(|d| &d.metadata).find(|m| m.name == *name).map(|m| m.resource_version.clone());
        let answer: Result<Workload, _> =
            self.patch_versioned(run, &resource::DEPLOYMENTS, name, None, known, body).await;
        match answer {
            Ok(deployment) => {
                let (key, version) = (Key::of(&deployment.metadata), deployment.metadata.resource_version);
                self.writes.debts.wrote(&run.key, &key, &version);
                if run.snapshot.workload.as_ref().is_some_and(|d| d.metadata.name == name) {
                    self.writes.deployments.wrote(&run.key, &key, &version);
                }
                Ok(())
            }
            // Its deletion brings the Rollout back into the queue.
            Err(error) => ignore_missing(Err(error)),
        }
    }
}

fn find_set<'a>(snapshot: &'a Snapshot, name: &str) -> Option<&'a ReplicaSet> {
    snapshot.replica_sets.iter().find(|s| s.metadata.name == name).map(|s| &**s)
}

/// Under what the version of an object is kept.
fn slot(r: &Resource, name: &str) -> (String, String) {
    (r.plural.to_string(), name.to_string())
}

/// Trouble of the moment is no news. But a webhook that cannot be called answers 500, and may do so for days.
fn is_brief(error: &RequestError) -> bool {
    match error {
        RequestError::Lost(_) => true,
        error => error.status().is_some_and(|s| [429, 503, 504].contains(&s.code)),
    }
}

fn ignore_missing(answer: Result<(), RequestError>) -> Result<(), RequestError> {
    match answer {
        Err(error) if error.is_not_found() => Ok(()),
        other => other,
    }
}
