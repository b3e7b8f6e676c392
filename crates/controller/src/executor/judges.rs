//! AnalysisRuns and Experiments of a Rollout: made, told to end, cleared away.

use super::{Applied, Executor, Run, Writes, bodies, ignore_missing};
use rollouts_api::Experiment;
use rollouts_api::analysis::AnalysisRun;
use rollouts_core::{Snapshot, Wanted};
use rollouts_kube::cache::Cached;
use rollouts_kube::rest::{Delete, Propagation};
use rollouts_kube::writes::OwnWrites;
use rollouts_kube::{Key, RequestError, Resource, resource};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;

/// A kind of object that judges updates, and works by itself until it has ended or is told to.
pub(super) trait Judge: Cached + DeserializeOwned {
    const RESOURCE: Resource;
    const WANTED: Wanted;

    /// Those of the Rollout.
    fn known(snapshot: &Snapshot) -> &[Arc<Self>];

    /// Our own writes to objects of this kind.
    fn writes(writes: &Writes) -> &OwnWrites;

    /// How a plan ends whose new object has the name of this one.
    fn collision(existing: Box<Self>) -> Applied;
}

impl Judge for AnalysisRun {
    const RESOURCE: Resource = resource::ANALYSIS_RUNS;
    const WANTED: Wanted = Wanted::AnalysisRun;

    fn known(snapshot: &Snapshot) -> &[Arc<Self>] {
        &snapshot.analysis_runs
    }

    fn writes(writes: &Writes) -> &OwnWrites {
        &writes.analysis_runs
    }

    fn collision(existing: Box<Self>) -> Applied {
        Applied::RunCollision(existing)
    }
}

impl Judge for Experiment {
    const RESOURCE: Resource = resource::EXPERIMENTS;
    const WANTED: Wanted = Wanted::Experiment;

    fn known(snapshot: &Snapshot) -> &[Arc<Self>] {
        &snapshot.experiments
    }

    fn writes(writes: &Writes) -> &OwnWrites {
        &writes.experiments
    }

    fn collision(existing: Box<Self>) -> Applied {
        Applied::ExperimentCollision(existing)
    }
}

impl Executor {
    /// Returns how the plan ends if none could be created and that is no error.
    pub(super) async fn create<J: Judge>(
        &self,
        run: &Run<'_>,
        name: &str,
        object: &Value,
    ) -> Result<Option<Applied>, RequestError> {
        let created: Result<bodies::MetaOnly, _> = self.rest.create(&J::RESOURCE, run.namespace, object).await;
        match created {
            Ok(made) => {
                let (key, version) = (Key::of(&made.metadata), made.metadata.resource_version);
                J::writes(&self.writes).wrote(&run.key, &key, &version);
                Ok(None)
            }
            // A stranger of another instance, or ours: an earlier answer was lost. The next plan knows it.
            Err(error) if error.is_already_exists() => {
                let existing: Option<J> = self.rest.get_opt(&J::RESOURCE, run.namespace, name).await?;
                existing.map_or(Err(error), |existing| Ok(Some(J::collision(Box::new(existing)))))
            }
            Err(error) if error.is_namespace_terminating() => {
                tracing::debug!(rollout = %run.key, "{error}");
                Ok(Some(Applied::Gone))
            }
            Err(error) => self.refused(run, J::WANTED, name, error).await,
        }
    }

    /// One that is gone is over, too.
    pub(super) async fn terminate<J: Judge>(&self, run: &mut Run<'_>, name: &str) -> Result<(), RequestError> {
        let Some(known) = find::<J>(run.snapshot, name) else { return Ok(()) };
        let (version, body) = (known.meta().resource_version.clone(), json!({ "spec": { "terminate": true } }));
        let answer: Result<bodies::MetaOnly, _> =
            self.patch_versioned(run, &J::RESOURCE, name, None, Some(version), body).await;
        match answer {
            Ok(told) => {
                let (key, version) = (Key::of(&told.metadata), told.metadata.resource_version);
                J::writes(&self.writes).wrote(&run.key, &key, &version);
                Ok(())
            }
            Err(error) => ignore_missing(Err(error)),
        }
    }

    /// What it does to itself until then does not make it another one: its uid is enough.
    pub(super) async fn delete<J: Judge>(&self, run: &Run<'_>, name: &str) -> Result<(), RequestError> {
        let Some(known) = find::<J>(run.snapshot, name).map(Cached::meta) else { return Ok(()) };
        let options =
            Delete { propagation: Some(Propagation::Background), uid: Some(known.uid.clone()), ..Default::default() };
        ignore_missing(self.rest.delete(&J::RESOURCE, run.namespace, name, &options).await)?;
        J::writes(&self.writes).deleted(&run.key, &Key::of(known), &known.uid);
        Ok(())
    }
}

fn find<'a, J: Judge>(snapshot: &'a Snapshot, name: &str) -> Option<&'a J> {
    J::known(snapshot).iter().find(|judge| judge.meta().name == name).map(|judge| &**judge)
}
