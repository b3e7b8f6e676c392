//! Which of our own writes the caches have not shown yet. Planning on caches that lack them would decide the same
//! things again: harmless, since every write is versioned, but noisy.

use crate::caches::Caches;
use jiff::{SignedDuration, Timestamp};
use rollouts_api::ObjectMeta;
use rollouts_kube::Key;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How long a write is waited for. Its event may never come when someone deletes the object right after.
const MAX_WAIT: SignedDuration = SignedDuration::from_secs(5);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Rollout,
    ReplicaSet,
    Service,
}

#[derive(Debug)]
struct Write {
    /// The version written; `None` for a deletion.
    version: Option<String>,
    uid: String,
    at: Timestamp,
}

/// Open writes by Rollout.
#[derive(Debug, Default)]
pub(super) struct Tracking(Mutex<BTreeMap<Key, BTreeMap<(Kind, String), Write>>>);

impl Tracking {
    pub fn wrote_rollout(&self, key: &Key, meta: &ObjectMeta, now: Timestamp) {
        self.wrote(key, Kind::Rollout, meta, now);
    }

    pub fn wrote_set(&self, key: &Key, meta: &ObjectMeta, now: Timestamp) {
        self.wrote(key, Kind::ReplicaSet, meta, now);
    }

    pub fn wrote_service(&self, key: &Key, meta: &ObjectMeta, now: Timestamp) {
        self.wrote(key, Kind::Service, meta, now);
    }

    pub fn deleted_set(&self, key: &Key, meta: &ObjectMeta, now: Timestamp) {
        self.insert(key, Kind::ReplicaSet, meta, None, now);
    }

    pub fn forget(&self, key: &Key) {
        self.lock().remove(key);
    }

    /// Whether the caches lack one of the writes. Those they show are forgotten.
    pub fn behind(&self, key: &Key, caches: &Caches, now: Timestamp) -> bool {
        let mut all = self.lock();
        let Some(writes) = all.get_mut(key) else { return false };
        writes.retain(|(kind, name), write| {
            let cached = match kind {
                Kind::Rollout => caches.rollouts.get(&key.namespace, name).map(|o| o.metadata.clone()),
                Kind::ReplicaSet => caches.replica_sets.get(&key.namespace, name).map(|o| o.metadata.clone()),
                Kind::Service => caches.services.get(&key.namespace, name).map(|o| o.metadata.clone()),
            };
            now.duration_since(write.at) < MAX_WAIT && is_missing(write, cached.as_ref())
        });
        let behind = !writes.is_empty();
        if !behind {
            all.remove(key);
        }
        behind
    }

    fn wrote(&self, key: &Key, kind: Kind, meta: &ObjectMeta, now: Timestamp) {
        self.insert(key, kind, meta, Some(meta.resource_version.clone()), now);
    }

    fn insert(&self, key: &Key, kind: Kind, meta: &ObjectMeta, version: Option<String>, now: Timestamp) {
        let write = Write { version, uid: meta.uid.clone(), at: now };
        self.lock().entry(key.clone()).or_default().insert((kind, meta.name.clone()), write);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, BTreeMap<(Kind, String), Write>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_missing(write: &Write, cached: Option<&ObjectMeta>) -> bool {
    match (&write.version, cached) {
        (None, cached) => cached.is_some_and(|c| c.uid == write.uid && c.deletion_timestamp.is_none()),
        (Some(_), None) => true,
        (Some(version), Some(cached)) => cached.uid == write.uid && older(&cached.resource_version, version),
    }
}

/// Resource versions of one API server grow with every write; where they are no numbers, only equality can be seen.
fn older(cached: &str, written: &str) -> bool {
    match (cached.parse::<u64>(), written.parse::<u64>()) {
        (Ok(cached), Ok(written)) => cached < written,
        _ => cached != written,
    }
}
