//! What is left of measurements when nobody looks at it any more.

use super::{JOB_NAME, Job, Jobs, RUN_UID, patiently};
use rollouts_api::analysis::{AnalysisRun, AnalysisRunStatus};
use rollouts_core::analysis::Phase;
use rollouts_kube::rest::{Delete, Propagation, Query};
use rollouts_kube::{Key, RequestError, resource};
use std::cmp::Reverse;
use std::collections::BTreeSet;

impl Jobs {
    /// Deletes the Jobs of one metric of a run but for the newest `limit`. `metric` is the name under which the result
    /// stands. Deleting again what is being deleted does no harm.
    pub async fn collect_garbage(&self, run: &AnalysisRun, metric: &str, limit: usize) -> Result<(), RequestError> {
        let mut jobs = self.of(run).await?;
        jobs.retain(|job| job.of().is_some_and(|of| of.uid == run.metadata.uid && of.metric == metric));
        // Of one second, the later measurement has the higher number.
        jobs.sort_by_cached_key(|job| Reverse((job.metadata.creation_timestamp, number(&job.metadata.name))));
        self.delete_all(jobs.into_iter().skip(limit)).await
    }

    /// Deletes the Jobs of a run that have not ended, but for those that a measurement in `status` names which is no
    /// Error: they have ended, or are left to be looked at. `status` is what the run ends with.
    pub async fn end(&self, run: &AnalysisRun, status: &AnalysisRunStatus) -> Result<(), RequestError> {
        let measurements = status.metric_results.iter().flat_map(|result| &result.measurements);
        let known = measurements.filter(|measurement| measurement.phase != Phase::Error.as_str());
        let known: BTreeSet<&String> = known.filter_map(|measurement| measurement.metadata.get(JOB_NAME)).collect();
        let jobs = self.of(run).await?.into_iter();
        let mine = jobs.filter(|job| job.of().is_some_and(|of| of.uid == run.metadata.uid));
        self.delete_all(mine.filter(|job| !job.has_ended() && !known.contains(&job.metadata.name))).await
    }

    /// Deletes a Job of a run with this uid that is gone, unless it has ended. In another cluster it is left alone, with a
    /// word in the log: the run may be in yet another one that has its Jobs there, too.
    pub async fn end_left_behind(&self, key: &Key, uid: &str) -> Result<(), RequestError> {
        let r = &resource::JOBS;
        let job = patiently(|| self.rest.get_opt::<Job>(r, &key.namespace, &key.name)).await?;
        let is_left = |job: &Job| job.of().is_some_and(|of| of.uid == uid) && !job.has_ended();
        let Some(job) = job.filter(is_left) else { return Ok(()) };
        if self.elsewhere {
            tracing::warn!(
                job = %key,
                "A Job runs whose AnalysisRun is not in this cluster; delete it if no other cluster has its Jobs there"
            );
            return Ok(());
        }
        self.delete_all(std::iter::once(job)).await
    }

    async fn of(&self, run: &AnalysisRun) -> Result<Vec<Job>, RequestError> {
        let query = Query::default().labels(format!("{RUN_UID}={}", run.metadata.uid));
        Ok(self.rest.list(&resource::JOBS, Some(self.namespace_for(run)), &query).await?.items)
    }

    /// Deletes them all; the answer is the first error.
    async fn delete_all(&self, jobs: impl Iterator<Item = Job>) -> Result<(), RequestError> {
        let mut answer = Ok(());
        for job in jobs.filter(|job| job.metadata.deletion_timestamp.is_none()) {
            let meta = &job.metadata;
            tracing::debug!(namespace = meta.namespace, job = meta.name, "deleting a Job of an analysis");
            answer = answer.and(self.delete(&meta.namespace, &meta.name, Some(&meta.uid)).await);
        }
        answer
    }

    /// Deletes a Job and its pods, which go first: it is gone when nothing of it runs any more. One that is gone is
    /// deleted.
    pub(super) async fn delete(&self, namespace: &str, name: &str, uid: Option<&str>) -> Result<(), RequestError> {
        let (propagation, uid) = (Some(Propagation::Foreground), uid.map(str::to_owned));
        let options = Delete { propagation, uid, ..Default::default() };
        let r = &resource::JOBS;
        match patiently(|| self.rest.delete(r, namespace, name, &options)).await {
            Err(e) if e.is_not_found() || e.is_conflict() && options.uid.is_some() => Ok(()),
            done => done,
        }
    }
}

/// The number at the end of a Job's name.
fn number(name: &str) -> u64 {
    name.rsplit(['.', '-']).next().and_then(|number| number.parse().ok()).unwrap_or_default()
}
