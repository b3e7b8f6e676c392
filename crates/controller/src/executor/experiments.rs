//! Experiments of a Rollout: made, told to end, cleared away.

use super::{Applied, Executor, Run, bodies, ignore_missing};
use rollouts_api::Experiment;
use rollouts_core::Wanted;
use rollouts_kube::rest::{Delete, Propagation};
use rollouts_kube::{Key, RequestError, resource};
use serde_json::{Value, json};

impl Executor {
    /// Returns how the plan ends if no Experiment could be created and that is no error.
    pub(super) async fn create_experiment(
        &self,
        run: &Run<'_>,
        name: &str,
        object: &Value,
    ) -> Result<Option<Applied>, RequestError> {
        let r = &resource::EXPERIMENTS;
        let created: Result<bodies::MetaOnly, _> = self.rest.create(r, run.namespace, object).await;
        match created {
            Ok(made) => {
                let (key, version) = (Key::of(&made.metadata), made.metadata.resource_version);
                self.writes.experiments.wrote(&run.key, &key, &version);
                Ok(None)
            }
            // A stranger of another instance, or ours: an earlier answer was lost. The next plan knows it.
            Err(error) if error.is_already_exists() => {
                let existing: Option<Experiment> = self.rest.get_opt(r, run.namespace, name).await?;
                existing.map_or(Err(error), |existing| Ok(Some(Applied::ExperimentCollision(Box::new(existing)))))
            }
            Err(error) if error.is_namespace_terminating() => {
                tracing::debug!(rollout = %run.key, "{error}");
                Ok(Some(Applied::Gone))
            }
            Err(error) => self.refused(run, Wanted::Experiment, name, error).await,
        }
    }

    /// One that is gone is over, too.
    pub(super) async fn terminate_experiment(&self, run: &mut Run<'_>, name: &str) -> Result<(), RequestError> {
        let Some(known) = find(run, name) else { return Ok(()) };
        let (version, body) = (known.metadata.resource_version.clone(), json!({ "spec": { "terminate": true } }));
        let answer: Result<bodies::MetaOnly, _> =
            self.patch_versioned(run, &resource::EXPERIMENTS, name, None, Some(version), body).await;
        match answer {
            Ok(told) => {
                let (key, version) = (Key::of(&told.metadata), told.metadata.resource_version);
                self.writes.experiments.wrote(&run.key, &key, &version);
                Ok(())
            }
            Err(error) => ignore_missing(Err(error)),
        }
    }

    /// What an Experiment does to itself until then does not make it another one: its uid is enough.
    pub(super) async fn delete_experiment(&self, run: &Run<'_>, name: &str) -> Result<(), RequestError> {
        let Some(known) = find(run, name) else { return Ok(()) };
        let options = Delete {
            propagation: Some(Propagation::Background),
            uid: Some(known.metadata.uid.clone()),
            ..Default::default()
        };
        ignore_missing(self.rest.delete(&resource::EXPERIMENTS, run.namespace, name, &options).await)?;
        self.writes.experiments.deleted(&run.key, &Key::of(&known.metadata), &known.metadata.uid);
        Ok(())
    }
}

fn find<'a>(run: &Run<'a>, name: &str) -> Option<&'a Experiment> {
    run.snapshot.experiments.iter().find(|e| e.metadata.name == name).map(|e| &**e)
}
