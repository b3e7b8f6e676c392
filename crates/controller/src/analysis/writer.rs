//! Applies the plan of a run. Its status is part of the object itself, and written as the version that was planned on.

use crate::executor::bodies::MetaOnly;
use rollouts_api::analysis::{AnalysisRun, AnalysisRunStatus};
use rollouts_core::EventType;
use rollouts_core::analysis::run::{RunEffect, RunPlan};
use rollouts_kube::events::{self, ObjectReference, Recorder};
use rollouts_kube::rest::{Delete, Propagation};
use rollouts_kube::writes::OwnWrites;
use rollouts_kube::{Cache, Key, RequestError, Rest, patch, resource};
use rollouts_providers::job::Jobs;
use serde_json::json;

/// Writes to AnalysisRuns.
pub(crate) struct Writer {
    rest: Rest,
    recorder: Recorder,
    jobs: Option<Jobs>,
    writes: OwnWrites,
}

impl Writer {
    pub fn new(rest: Rest, recorder: Recorder, jobs: Option<Jobs>) -> Self {
        Writer { rest, recorder, jobs, writes: OwnWrites::default() }
    }

    /// Whether the cache still lacks a write of ours to this run.
    pub fn behind(&self, key: &Key, cache: &Cache<AnalysisRun>) -> bool {
        self.writes.behind(key, cache).is_some()
    }

    /// The run is gone: nothing to wait for.
    pub fn forget(&self, key: &Key) {
        self.writes.forget(key);
    }

    /// How many writes of ours are being waited for.
    pub fn unseen(&self) -> usize {
        self.writes.len()
    }

    /// Applies the effects in order, up to the first error.
    pub async fn apply(&self, run: &AnalysisRun, plan: &RunPlan) -> Result<(), RequestError> {
        let key = Key::of(&run.metadata);
        for effect in plan.effects() {
            match effect {
                RunEffect::PatchStatus(status) => self.write(&key, run, status).await?,
                RunEffect::Event { r#type, reason, message } => self.tell(&key, run, *r#type, reason, message),
                RunEffect::CollectGarbage { metric, limit, .. } => {
                    // The status is written; the next measurement that is dropped takes what stays now with it.
                    if let Some(Err(error)) = self.collect_garbage(run, metric, *limit).await {
                        tracing::warn!(analysisrun = %key, metric, "Cannot delete old Jobs: {error}");
                    }
                }
                RunEffect::EndJobs => self.end_jobs(run, plan).await?,
                RunEffect::Delete => self.delete(&key, run).await?,
            }
        }
        Ok(())
    }

    async fn write(&self, key: &Key, run: &AnalysisRun, status: &AnalysisRunStatus) -> Result<(), RequestError> {
        let Some(change) = patch::diff(&json!(run.status), &json!(status)) else { return Ok(()) };
        let version = &run.metadata.resource_version;
        let body = json!({ "metadata": { "resourceVersion": version }, "status": change });
        let written: MetaOnly =
            self.rest.merge(&resource::ANALYSIS_RUNS, &key.namespace, &key.name, None, &body).await?;
        self.writes.wrote(key, key, &written.metadata.resource_version);
        Ok(())
    }

    async fn collect_garbage(&self, run: &AnalysisRun, metric: &str, limit: usize) -> Option<Result<(), RequestError>> {
        Some(self.jobs.as_ref()?.collect_garbage(run, metric, limit).await)
    }

    /// Of a run that ends with the status in this plan. Where Jobs may not even be listed there are none.
    async fn end_jobs(&self, run: &AnalysisRun, plan: &RunPlan) -> Result<(), RequestError> {
        let status = plan.effects().find_map(|effect| match effect {
            RunEffect::PatchStatus(status) => Some(&**status),
            _ => None,
        });
        let Some(jobs) = &self.jobs else { return Ok(()) };
        match jobs.end(run, status.unwrap_or(&run.status)).await {
            Err(error) if error.is_forbidden() => {
                tracing::warn!(analysisrun = %Key::of(&run.metadata), "Cannot end the Jobs that are left: {error}");
                Ok(())
            }
            answer => answer,
        }
    }

    async fn delete(&self, key: &Key, run: &AnalysisRun) -> Result<(), RequestError> {
        let options = Delete {
            propagation: Some(Propagation::Background),
            uid: Some(run.metadata.uid.clone()),
            resource_version: Some(run.metadata.resource_version.clone()),
            ..Default::default()
        };
        match self.rest.delete(&resource::ANALYSIS_RUNS, &key.namespace, &key.name, &options).await {
            Err(error) if !error.is_not_found() => return Err(error),
            _ => self.writes.deleted(key, key, &run.metadata.uid),
        }
        Ok(())
    }

    fn tell(&self, key: &Key, run: &AnalysisRun, kind: EventType, reason: &str, message: &str) {
        let kind = match kind {
            EventType::Normal => {
                tracing::info!(analysisrun = %key, event_reason = reason, "{message}");
                events::EventType::Normal
            }
            EventType::Warning => {
                tracing::warn!(analysisrun = %key, event_reason = reason, "{message}");
                events::EventType::Warning
            }
        };
        let reference = ObjectReference::new(&resource::ANALYSIS_RUNS, &run.metadata);
        self.recorder.event(&reference, kind, reason, message);
    }
}
