//! Jobs that had ended when they went, some as soon as they had (`ttlSecondsAfterFinished: 0`): how they ended is the
//! measurement all the same.

use super::{Job, Jobs};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many are remembered. A measurement asks for its Job as soon as that has ended.
const GONE_MAX: usize = 1_000;
/// How much later it may be told that a Job went than that it is not there any more.
const NEWS_DELAY: Duration = Duration::from_secs(1);

/// The last of them, the oldest first. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Gone(Arc<Mutex<VecDeque<Ended>>>);

struct Ended {
    namespace: String,
    name: String,
    complete: bool,
}

impl Gone {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Ended>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, namespace: &str, name: &str) -> Option<bool> {
        let gone = self.lock();
        let found = gone.iter().rev().find(|ended| ended.name == name && ended.namespace == namespace);
        found.map(|ended| ended.complete)
    }
}

impl Jobs {
    /// A Job is gone: for whoever watches them. Without this, a Job that went before anybody looked at it is lost.
    pub fn went(&self, job: &Job) {
        if !job.has_ended() {
            return;
        }
        let mut gone = self.gone.lock();
        if gone.len() == GONE_MAX {
            gone.pop_front();
        }
        let (namespace, name) = (job.metadata.namespace.clone(), job.metadata.name.clone());
        gone.push_back(Ended { namespace, name, complete: job.is_complete() });
    }

    /// Whether a Job that is gone was complete, or had failed; `None` if nothing is known of it.
    pub(super) async fn was_complete(&self, namespace: &str, name: &str) -> Option<bool> {
        let known = self.gone.find(namespace, name);
        if known.is_some() {
            return known;
        }
        tokio::time::sleep(NEWS_DELAY).await;
        self.gone.find(namespace, name)
    }
}
