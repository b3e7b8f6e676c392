//! Metadata of pods: many small writes that have nothing to do with each other, so several are under way at once.

use super::{Executor, Run, bodies, ignore_missing};
use futures::{StreamExt, stream};
use rollouts_core::{AnnotationChanges, Effect, Pod};
use rollouts_kube::backoff::Backoff;
use rollouts_kube::{RequestError, resource};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// First wait before the write to a pod is tried again.
const RETRY_MIN: Duration = Duration::from_millis(100);
/// Longest one.
const RETRY_MAX: Duration = Duration::from_secs(10);

/// How patiently, and how many at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct PodWrites {
    /// Pods of one Rollout that are written at once.
    pub at_once: usize,
    /// How often each is tried.
    pub tries_max: usize,
}

/// What is written to one pod.
pub(super) struct PodPatch<'a> {
    name: &'a str,
    labels: &'a AnnotationChanges,
    annotations: &'a AnnotationChanges,
}

impl<'a> PodPatch<'a> {
    /// Of this effect, if it is one.
    pub fn of(effect: &'a Effect) -> Option<Self> {
        match effect {
            Effect::PatchPod { name, labels, annotations } => Some(PodPatch { name, labels, annotations }),
            _ => None,
        }
    }
}

impl Executor {
    /// Writes to all of these pods. After an error no more are begun; those under way end, and the first error, in the
    /// order of the pods, is that of all.
    pub(super) async fn patch_pods(&self, run: &Run<'_>, patches: &[PodPatch<'_>]) -> Result<(), RequestError> {
        let failed = AtomicBool::new(false);
        let writes: Vec<_> = patches.iter().map(|patch| self.patch_pod(run, patch, &failed)).collect();
        let answers: Vec<Result<(), RequestError>> =
            stream::iter(writes).buffered(self.pod_writes.at_once.max(1)).collect().await;
        answers.into_iter().collect()
    }

    async fn patch_pod(&self, run: &Run<'_>, patch: &PodPatch<'_>, failed: &AtomicBool) -> Result<(), RequestError> {
        // All are futures of one task, so no order between memory accesses is at stake.
        if failed.load(Ordering::Relaxed) {
            return Ok(());
        }
        let body = bodies::metadata(patch.labels, patch.annotations);
        let mut backoff = Backoff::new(RETRY_MIN, RETRY_MAX);
        let mut tries = 1;
        loop {
            let answer = self.rest.merge::<Pod>(&resource::PODS, run.namespace, patch.name, None, &body).await;
            match ignore_missing(answer.map(|_| ())) {
                Err(error) if tries < self.pod_writes.tries_max && (error.is_transient() || error.is_conflict()) => {
                    tracing::debug!(rollout = %run.key, pod = patch.name, "Not written yet: {error}");
                    tries += 1;
                    tokio::time::sleep(backoff.failed()).await;
                }
                Err(error) => {
                    failed.store(true, Ordering::Relaxed);
                    return Err(error);
                }
                Ok(()) => return Ok(()),
            }
        }
    }
}
