//! Jobs that are measurements: one that ends is looked at at once, and not when that was planned.

use super::measuring::Measurements;
use rollouts_kube::cache::Change;
use rollouts_kube::{Cache, Troubles, resource};
use rollouts_providers::job::{Job, Jobs, RUN_UID};
use tokio_util::sync::CancellationToken;

/// Watches the Jobs of runs, wherever they are, until `stop` is cancelled. Nobody waits for this: without it they are
/// looked at now and then.
pub(crate) fn watch(
    jobs: &Jobs,
    namespace: Option<&str>,
    measurements: &Measurements,
    troubles: &Troubles,
    stop: &CancellationToken,
) {
    let (measurements, watched) = (measurements.clone(), jobs.clone());
    // The cache lives as long as the task that fills it.
    let _: Cache<Job> = Cache::builder(jobs.rest().client().clone(), resource::JOBS)
        .troubles(troubles)
        .namespace(jobs.namespace().or(namespace))
        .labels(RUN_UID)
        .on_change(move |change: &Change<Job>| {
            let (ended, before) = match change {
                Change::Added(job) => (job, false),
                Change::Updated { old, new } => (new, old.has_ended()),
                Change::Deleted(job) => return watched.went(job),
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
