//! Which ReplicaSets were resized a moment ago.

use rollouts_kube::Key;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Resizes of one ReplicaSet that follow each other within this time may be a quarrel with another controller.
const SHORTLY: Duration = Duration::from_secs(10);

/// The last resizes of ReplicaSets; those that are longer ago than [`SHORTLY`] are forgotten.
#[derive(Debug, Default)]
pub(super) struct Resizes(Mutex<BTreeMap<Key, Instant>>);

impl Resizes {
    /// Notes a resize, and says whether the last one was a moment ago.
    pub fn again(&self, set: Key) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        last.retain(|_, at| now.duration_since(*at) < SHORTLY);
        last.insert(set, now).is_some()
    }
}
