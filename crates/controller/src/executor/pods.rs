//! Evictions of pods, and their metadata: many small writes that have nothing to do with each other, so several are under
//! way at once.

use super::{Executor, Run, bodies, ignore_missing};
use futures::{StreamExt, stream};
use rollouts_core::{AnnotationChanges, Effect, Pod};
use rollouts_kube::backoff::Backoff;
use rollouts_kube::rest::{Body, send};
use rollouts_kube::{RequestError, resource};
use serde_json::Value;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// First wait before the write to a pod is tried again.
const RETRY_MIN: Duration = Duration::from_millis(100);
/// Longest one.
const RETRY_MAX: Duration = Duration::from_secs(10);

/// Evictions that may be refused before the rest has to wait for the next look: most often one disruption budget stands
/// behind all of them.
const REFUSED_EVICTIONS_MAX: usize = 25;

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
    /// Evicts the first `at_most` of these pods that may go.
    pub(super) async fn evict_pods(&self, run: &Run<'_>, names: &[String], at_most: usize) -> Result<(), RequestError> {
        let (mut evicted, mut refused) = (0, 0);
        for name in names {
            if evicted == at_most || refused == REFUSED_EVICTIONS_MAX {
                break;
            }
            match self.evict(run, name).await? {
                true => evicted += 1,
                false => refused += 1,
            }
        }
        Ok(())
    }

    /// Whether the pod goes; a disruption budget, or a webhook in its place, may refuse (429).
    async fn evict(&self, run: &Run<'_>, name: &str) -> Result<bool, RequestError> {
        let pod = run.snapshot.pods.iter().find(|p| p.metadata.name == *name);
        let uid = pod.map(|p| p.metadata.uid.as_str());
        let body = Body::json(&bodies::eviction(run.namespace, name, uid))?;
        let path = resource::PODS.object(run.namespace, name, Some("eviction"));
        let answer: Result<Value, RequestError> = send(self.rest.client(), http::Method::POST, &path, Some(body)).await;
        match answer {
            Err(error) if error.status().is_some_and(|s| s.code == 429) => {
                tracing::debug!(rollout = %run.key, pod = name, "Eviction refused for now: {error}");
                Ok(false)
            }
            other => ignore_missing(other.map(|_| ())).map(|()| true),
        }
    }

    /// Writes to all of these pods. What is refused for one pod stops no other; once the API server is in trouble no
    /// more are begun. The first error, in the order of the pods, is that of all.
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
                    failed.fetch_or(error.is_transient(), Ordering::Relaxed);
                    return Err(error);
                }
                Ok(()) => return Ok(()),
            }
        }
    }
}
