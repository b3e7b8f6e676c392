//! Jobs that are measurements: one that ends is looked at at once, and not when that was planned; and one of a run that
//! is gone is found.

use super::far_jobs::FarJobs;
use super::measuring::Measurements;
use rollouts_kube::cache::Change;
use rollouts_kube::{Cache, Key, Queue, Troubles, resource};
use rollouts_providers::job::{Job, Jobs, RUN_UID};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Watches the Jobs of runs, wherever they are, until `stop` is cancelled. Nobody waits for this: without it they are
/// looked at now and then. `queue` is that of AnalysisRuns.
pub(crate) fn watch(
    jobs: &Jobs,
    namespace: Option<&str>,
    measurements: &Measurements,
    (far_jobs, queue): (&Arc<FarJobs>, &Queue<Key>),
    troubles: &Troubles,
    stop: &CancellationToken,
) {
    let (measurements, watched) = (measurements.clone(), jobs.clone());
    let (far_jobs, queue) = (Arc::clone(far_jobs), queue.clone());
    // The cache lives as long as the task that fills it.
    let _: Cache<Job> = Cache::builder(jobs.rest().client().clone(), resource::JOBS)
        .troubles(troubles)
        .namespace(jobs.namespace().or(namespace))
        .labels(RUN_UID)
        .on_change(move |change: &Change<Job>| {
            let (ended, before) = match change {
                Change::Added(job) => {
                    far_jobs.appeared(job).into_iter().for_each(|run| queue.add(run));
                    (job, false)
                }
                Change::Updated { old, new } => (new, old.has_ended()),
                Change::Deleted(job) => {
                    far_jobs.went(job);
                    return watched.went(job);
                }
                _ => return,
            };
            if ended.has_ended()
                && !before
                && let Some(of) = ended.of()
            {
                measurements.ended(of);
            }
        })
        .start(stop);
}
