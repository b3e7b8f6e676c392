//! AnalysisRuns of a Rollout: made, told to end, cleared away.

use super::{Applied, Executor, Run, bodies, ignore_missing};
use rollouts_api::analysis::AnalysisRun;
use rollouts_core::Wanted;
use rollouts_kube::rest::{Delete, Propagation};
use rollouts_kube::{Key, RequestError, resource};
use serde_json::{Value, json};

impl Executor {
    /// Returns how the plan ends if no run could be created and that is no error.
    pub(super) async fn create_analysis_run(
        &self,
        run: &Run<'_>,
        name: &str,
        object: &Value,
    ) -> Result<Option<Applied>, RequestError> {
        let r = &resource::ANALYSIS_RUNS;
        let created: Result<bodies::MetaOnly, _> = self.rest.create(r, run.namespace, object).await;
        match created {
            Ok(made) => {
                let (key, version) = (Key::of(&made.metadata), made.metadata.resource_version);
                self.writes.analysis_runs.wrote(&run.key, &key, &version);
                Ok(None)
            }
            // A stranger of another instance, or ours: an earlier answer was lost. The next plan knows it.
            Err(error) if error.is_already_exists() => {
                let existing: Option<AnalysisRun> = self.rest.get_opt(r, run.namespace, name).await?;
                existing.map_or(Err(error), |existing| Ok(Some(Applied::RunCollision(Box::new(existing)))))
            }
            Err(error) if error.is_namespace_terminating() => {
                tracing::debug!(rollout = %run.key, "{error}");
                Ok(Some(Applied::Gone))
            }
            Err(error) => self.refused(run, Wanted::AnalysisRun, name, error).await,
        }
    }

    /// A run that is gone is over, too.
    pub(super) async fn terminate_analysis_run(&self, run: &mut Run<'_>, name: &str) -> Result<(), RequestError> {
        let Some(known) = find(run, name) else { return Ok(()) };
        let (version, body) = (known.metadata.resource_version.clone(), json!({ "spec": { "terminate": true } }));
        let answer: Result<bodies::MetaOnly, _> =
            self.patch_versioned(run, &resource::ANALYSIS_RUNS, name, None, Some(version), body).await;
        match answer {
            Ok(told) => {
                let (key, version) = (Key::of(&told.metadata), told.metadata.resource_version);
                self.writes.analysis_runs.wrote(&run.key, &key, &version);
                Ok(())
            }
            Err(error) => ignore_missing(Err(error)),
        }
    }

    /// What a run does to itself until then does not make it another one: its uid is enough.
    pub(super) async fn delete_analysis_run(&self, run: &Run<'_>, name: &str) -> Result<(), RequestError> {
        let Some(known) = find(run, name) else { return Ok(()) };
        let options = Delete {
            propagation: Some(Propagation::Background),
            uid: Some(known.metadata.uid.clone()),
            ..Default::default()
        };
        ignore_missing(self.rest.delete(&resource::ANALYSIS_RUNS, run.namespace, name, &options).await)?;
        self.writes.analysis_runs.deleted(&run.key, &Key::of(&known.metadata), &known.metadata.uid);
        Ok(())
    }
}

fn find<'a>(run: &Run<'a>, name: &str) -> Option<&'a AnalysisRun> {
    run.snapshot.analysis_runs.iter().find(|r| r.metadata.name == name).map(|r| &**r)
}
