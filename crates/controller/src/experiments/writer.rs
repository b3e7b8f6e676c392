//! Applies the plan of an Experiment, effect by effect. What exists is written as the version that was planned on; before
//! anything is made or resized the API server is asked whether the Experiment still is what it was.

use super::obstacles::Obstacle;
use crate::caches::Caches;
use crate::executor::bodies::{MetaOnly, annotations};
use rollouts_api::analysis::AnalysisRun;
use rollouts_api::experiment::ExperimentStatus;
use rollouts_api::{ObjectMeta, names};
use rollouts_core::experiment::{About, ExperimentEffect, ExperimentPlan, ExperimentSnapshot};
use rollouts_core::{AnnotationChanges, EventType, Warning};
use rollouts_kube::error::Status;
use rollouts_kube::events::{self, ObjectReference, Recorder};
use rollouts_kube::rest::{Delete, Propagation};
use rollouts_kube::writes::OwnWrites;
use rollouts_kube::{Key, RequestError, Resource, Rest, patch, resource};
use serde_json::{Value, json};

/// How applying a plan ended, apart from errors.
pub(super) enum Applied {
    /// Every effect is done.
    All,
    /// Something is in the way that the next plan must know of.
    Obstacle(Obstacle),
    /// The namespace is going.
    Gone,
}

/// Writes for Experiments.
pub(super) struct Writer {
    rest: Rest,
    recorder: Recorder,
    experiments: OwnWrites,
    replica_sets: OwnWrites,
    services: OwnWrites,
    analysis_runs: OwnWrites,
}

/// One plan being applied.
struct Run<'a> {
    snapshot: &'a ExperimentSnapshot,
    meta: &'a ObjectMeta,
    key: Key,
    /// The API server was asked whether the Experiment still is what it was.
    confirmed: bool,
}

impl Writer {
    pub fn new(rest: Rest, recorder: Recorder) -> Self {
        let writes = OwnWrites::default;
        Writer {
            rest,
            recorder,
            experiments: writes(),
            replica_sets: writes(),
            services: writes(),
            analysis_runs: writes(),
        }
    }

    /// Whether the caches still lack a write of ours for this Experiment.
    pub fn behind(&self, key: &Key, caches: &Caches) -> bool {
        let missing = self.experiments.behind(key, &caches.experiments);
        let missing = missing.or_else(|| self.replica_sets.behind(key, &caches.replica_sets));
        let missing = missing.or_else(|| self.services.behind(key, &caches.services));
        missing.or_else(|| self.analysis_runs.behind(key, &caches.analyses.runs)).is_some()
    }

    /// The Experiment is gone: nothing to wait for.
    pub fn forget(&self, key: &Key) {
        let Writer { experiments, replica_sets, services, analysis_runs, .. } = self;
        [experiments, replica_sets, services, analysis_runs].into_iter().for_each(|writes| writes.forget(key));
    }

    /// Applies the effects in order, up to the first that cannot be.
    pub async fn apply(&self, snapshot: &ExperimentSnapshot, plan: &ExperimentPlan) -> Result<Applied, RequestError> {
        let meta = &snapshot.experiment.metadata;
        let mut run = Run { snapshot, meta, key: Key::of(meta), confirmed: false };
        for effect in plan.effects() {
            let error = match self.apply_one(&mut run, effect).await {
                Ok(None) => continue,
                Ok(Some(obstacle)) => return Ok(Applied::Obstacle(obstacle)),
                Err(error) => error,
            };
            if error.is_namespace_terminating() {
                tracing::debug!(experiment = %run.key, "{error}");
                return Ok(Applied::Gone);
            }
            return match effect.refused().filter(|_| is_for_good(&error)) {
                Some(refused) => Ok(Applied::Obstacle(Obstacle::Refused(refused, error.to_string()))),
                None => Err(error),
            };
        }
        Ok(Applied::All)
    }

    async fn apply_one(&self, run: &mut Run<'_>, effect: &ExperimentEffect) -> Result<Option<Obstacle>, RequestError> {
        match effect {
            ExperimentEffect::CreateReplicaSet { name, object, .. } => {
                self.confirm(run).await?;
                self.create_set(run, name, object).await
            }
            ExperimentEffect::UpdateReplicaSet { name, replicas, annotations: changes, .. } => {
                if replicas.is_some() {
                    self.confirm(run).await?;
                }
                self.update_set(run, name, *replicas, changes).await.map(|()| None)
            }
            ExperimentEffect::CreateService { object, .. } => {
                self.confirm(run).await?;
                // All are watched: a name that is taken after all is known to the next plan.
                self.create(run, &self.services, &resource::SERVICES, object).await.map(|()| None)
            }
            ExperimentEffect::DeleteService { name } => self.delete_service(run, name).await.map(|()| None),
            ExperimentEffect::CreateAnalysisRun { name, object, .. } => {
                self.confirm(run).await?;
                self.create_run(run, name, object).await
            }
            ExperimentEffect::TerminateAnalysisRun { name } => self.terminate_run(run, name).await.map(|()| None),
            ExperimentEffect::PatchStatus(status) => self.patch_status(run, status).await.map(|()| None),
            ExperimentEffect::Event { about, r#type, reason, message } => {
                self.tell(run.meta, *about, *r#type, reason, message);
                Ok(None)
            }
        }
    }

    /// A controller that sees the Experiment late would make or resize what another one, which works or has worked until
    /// a moment ago, has cleared away, and nothing would conflict: they ask first.
    async fn confirm(&self, run: &mut Run<'_>) -> Result<(), RequestError> {
        if run.confirmed {
            return Ok(());
        }
        let live: MetaOnly = self.rest.get(&resource::EXPERIMENTS, &run.key.namespace, &run.key.name).await?;
        if live.metadata.resource_version != run.meta.resource_version {
            return Err(RequestError::Refused(Status {
                code: 409,
                reason: "Conflict".into(),
                message: "the Experiment has been modified since the plan was made".into(),
                ..Default::default()
            }));
        }
        run.confirmed = true;
        Ok(())
    }

    async fn create(
        &self,
        run: &Run<'_>,
        writes: &OwnWrites,
        r: &Resource,
        object: &Value,
    ) -> Result<(), RequestError> {
        let made: MetaOnly = self.rest.create(r, &run.key.namespace, object).await?;
        writes.wrote(&run.key, &Key::of(&made.metadata), &made.metadata.resource_version);
        Ok(())
    }

    async fn create_set(&self, run: &Run<'_>, name: &str, object: &Value) -> Result<Option<Obstacle>, RequestError> {
        let r = &resource::REPLICA_SETS;
        match self.create(run, &self.replica_sets, r, object).await {
            Err(error) if error.is_already_exists() => {
                let found: Option<MetaOnly> = self.rest.get_opt(r, &run.key.namespace, name).await?;
                let Some(MetaOnly { metadata }) = found else { return Err(error) };
                let ours = metadata.controller().is_some_and(|c| c.uid == run.meta.uid);
                // Ours once, but without its label no cache shows it.
                match ours && metadata.label(names::POD_TEMPLATE_HASH).is_some() {
                    true => Err(error),
                    false => Ok(Some(Obstacle::ReplicaSet(name.to_string()))),
                }
            }
            answer => answer.map(|()| None),
        }
    }

    async fn update_set(
        &self,
        run: &Run<'_>,
        name: &str,
        replicas: Option<i32>,
        changes: &AnnotationChanges,
    ) -> Result<(), RequestError> {
        let Some(set) = run.snapshot.replica_sets.iter().find(|s| s.metadata.name == name) else { return Ok(()) };
        let mut body = annotations(changes);
        body["metadata"]["resourceVersion"] = set.metadata.resource_version.as_str().into();
        if let Some(n) = replicas {
            body["spec"]["replicas"] = n.into();
        }
        let r = &resource::REPLICA_SETS;
        let written: MetaOnly = self.rest.merge(r, &run.key.namespace, name, None, &body).await?;
        self.replica_sets.wrote(&run.key, &Key::of(&written.metadata), &written.metadata.resource_version);
        Ok(())
    }

    async fn delete_service(&self, run: &Run<'_>, name: &str) -> Result<(), RequestError> {
        let Some(known) = run.snapshot.services.iter().find(|s| s.metadata.name == name) else { return Ok(()) };
        let uid = &known.metadata.uid;
        let options =
            Delete { uid: Some(uid.clone()), propagation: Some(Propagation::Background), ..Default::default() };
        match self.rest.delete(&resource::SERVICES, &run.key.namespace, name, &options).await {
            Err(error) if !error.is_not_found() => return Err(error),
            _ => self.services.deleted(&run.key, &Key::of(&known.metadata), uid),
        }
        Ok(())
    }

    async fn create_run(&self, run: &Run<'_>, name: &str, object: &Value) -> Result<Option<Obstacle>, RequestError> {
        let r = &resource::ANALYSIS_RUNS;
        match self.create(run, &self.analysis_runs, r, object).await {
            // A stranger of another instance, or ours: an earlier answer was lost.
            Err(error) if error.is_already_exists() => {
                let existing: Option<AnalysisRun> = self.rest.get_opt(r, &run.key.namespace, name).await?;
                existing.map_or(Err(error), |existing| Ok(Some(Obstacle::AnalysisRun(Box::new(existing)))))
            }
            answer => answer.map(|()| None),
        }
    }

    /// A run that is gone is over, too.
    async fn terminate_run(&self, run: &Run<'_>, name: &str) -> Result<(), RequestError> {
        let Some(known) = run.snapshot.analysis_runs.iter().find(|r| r.metadata.name == name) else { return Ok(()) };
        let version = &known.metadata.resource_version;
        let body = json!({ "metadata": { "resourceVersion": version }, "spec": { "terminate": true } });
        let answer: Result<MetaOnly, _> =
            self.rest.merge(&resource::ANALYSIS_RUNS, &run.key.namespace, name, None, &body).await;
        match answer {
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error),
            Ok(MetaOnly { metadata }) => {
                self.analysis_runs.wrote(&run.key, &Key::of(&metadata), &metadata.resource_version);
                Ok(())
            }
        }
    }

    /// The status is part of the object itself.
    async fn patch_status(&self, run: &Run<'_>, status: &ExperimentStatus) -> Result<(), RequestError> {
        let old = json!(run.snapshot.experiment.status);
        let Some(change) = patch::diff(&old, &json!(status)) else { return Ok(()) };
        let body = json!({ "metadata": { "resourceVersion": run.meta.resource_version }, "status": change });
        let (r, key) = (&resource::EXPERIMENTS, &run.key);
        let written: MetaOnly = self.rest.merge(r, &key.namespace, &key.name, None, &body).await?;
        self.experiments.wrote(key, key, &written.metadata.resource_version);
        Ok(())
    }

    /// Tells the user what is wrong, as a line of log and as an event.
    pub fn warn(&self, experiment: &ObjectMeta, Warning { reason, message }: &Warning) {
        self.tell(experiment, About::Experiment, EventType::Warning, reason, message);
    }

    fn tell(&self, experiment: &ObjectMeta, about: About, kind: EventType, reason: &str, message: &str) {
        let reference = match (about, experiment.controller()) {
            (About::Experiment, _) => ObjectReference::new(&resource::EXPERIMENTS, experiment),
            (About::Rollout, Some(owner)) => ObjectReference {
                kind: owner.kind.clone(),
                namespace: experiment.namespace.clone(),
                name: owner.name.clone(),
                uid: owner.uid.clone(),
                api_version: owner.api_version.clone(),
                resource_version: String::new(),
            },
            (About::Rollout, None) => return,
        };
        let experiment = Key::of(experiment);
        let kind = match (kind, about) {
            (EventType::Normal, _) => {
                tracing::info!(%experiment, event_reason = reason, "{message}");
                events::EventType::Normal
            }
            (EventType::Warning, About::Experiment) => {
                tracing::warn!(%experiment, event_reason = reason, "{message}");
                events::EventType::Warning
            }
            // It was logged as one of the Experiment, and may be good news.
            (EventType::Warning, About::Rollout) => events::EventType::Warning,
        };
        self.recorder.event(&reference, kind, reason, message);
    }
}

/// Whether trying again would not help. A webhook that cannot be called answers 500, and may do so for days.
fn is_for_good(error: &RequestError) -> bool {
    let passing = [401, 404, 409, 429, 503, 504];
    error.status().is_some_and(|s| !passing.contains(&s.code))
}
