//! Remembering our own writes until the caches show them.
//!
//! A worker that decides from a cache which does not show its last write yet would act a second time. So every
//! write is noted here under the object that it was decided for, and that object is not decided upon again before
//! the caches have caught up.
//!
//! A cache has caught up with a write when it has processed the version the API server gave to the write, or a later
//! one: watches deliver all changes of a kind in the order of their versions (for comparing them see
//! [`crate::version`]). So an object that was created and is not in a cache that has caught up is known to be gone.
//! A deletion may not tell its version; there the object itself must be gone from the cache, or be marked.

use crate::Key;
use crate::cache::limits::WATCH_LAG_MAX;
use crate::cache::{Cache, Cached};
use crate::version::reached;
use rollouts_api::ObjectMeta;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A write that a cache does not show after this long is forgotten: the cache must then be believed. Long before, its
/// watch is given up for a new one ([`Cache::doubt`]).
pub const WRITE_REMEMBERED: Duration = Duration::from_secs(300);

/// Our writes to one kind of objects, not yet seen in its cache. One worker at a time may work for an owner.
#[derive(Default)]
pub struct OwnWrites {
    /// By the object they were decided for, and the object written.
    writes: Mutex<BTreeMap<Key, BTreeMap<Key, Write>>>,
}

struct Write {
    at: Instant,
    what: What,
}

enum What {
    /// The object has this version, or a later one.
    Version(String),
    /// The object of this uid is gone or going.
    Deletion(String),
}

impl OwnWrites {
    /// Notes that `key` was created, updated or patched for `owner`, and the resourceVersion that the API server
    /// answered with.
    pub fn wrote(&self, owner: &Key, key: &Key, version: &str) {
        self.note(owner, key, What::Version(version.to_owned()));
    }

    /// Notes that `key`, of this uid, was deleted for `owner`.
    pub fn deleted(&self, owner: &Key, key: &Key, uid: &str) {
        self.note(owner, key, What::Deletion(uid.to_owned()));
    }

    /// An object written for `owner` that `cache` does not show as written, if there is any. Until there is none,
    /// nothing may be decided for `owner`.
    pub fn behind<T: Cached>(&self, owner: &Key, cache: &Cache<T>) -> Option<Key> {
        let mut writes = self.lock();
        let of_owner = writes.get_mut(owner)?;
        let version = cache.version();
        let now = Instant::now();
        of_owner.retain(|key, write| {
            let seen = cache.get(&key.namespace, &key.name);
            let malformed = cache.get_malformed(&key.namespace, &key.name);
            let meta = seen.as_deref().map(Cached::meta).or(malformed.as_deref().map(|m| &m.meta));
            if write.what.shows(meta, &version) {
                return false;
            }
            let age = now.duration_since(write.at);
            if age >= WATCH_LAG_MAX {
                cache.doubt();
            }
            if age >= WRITE_REMEMBERED {
                let resource = cache.resource();
                tracing::warn!(%resource, %key, "our write was not seen within {WRITE_REMEMBERED:?}: giving up waiting");
                return false;
            }
            true
        });
        let first = of_owner.keys().next().cloned();
        if first.is_none() {
            writes.remove(owner);
        }
        first
    }

    /// Forgets all writes for `owner`, which is gone.
    pub fn forget(&self, owner: &Key) {
        self.lock().remove(owner);
    }

    /// How many writes are remembered.
    pub fn len(&self) -> usize {
        self.lock().values().map(BTreeMap::len).sum()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn note(&self, owner: &Key, key: &Key, what: What) {
        let write = Write { at: Instant::now(), what };
        self.lock().entry(owner.clone()).or_default().insert(key.clone(), write);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, BTreeMap<Key, Write>>> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl What {
    /// Whether a cache that has processed `version`, and has `meta` for the object, shows this.
    fn shows(&self, meta: Option<&ObjectMeta>, version: &str) -> bool {
        match self {
            What::Version(written) => {
                reached(version, written) || meta.is_some_and(|meta| reached(&meta.resource_version, written))
            }
            What::Deletion(uid) => meta.is_none_or(|meta| meta.uid != *uid || meta.deletion_timestamp.is_some()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::PODS;
    use crate::testing::{Piece, Reply, Script};
    use serde::Deserialize;
    use serde_json::{Value, json};
    use tokio::time::sleep;
    use tokio_util::sync::CancellationToken;

    #[derive(Deserialize)]
    struct Pod {
        metadata: ObjectMeta,
    }

    impl Cached for Pod {
        fn meta(&self) -> &ObjectMeta {
            &self.metadata
        }
    }

    fn pod(name: &str, version: u32) -> Value {
        json!({"metadata": {"namespace": "ns", "name": name, "uid": name, "resourceVersion": version.to_string()}})
    }

    fn key(name: &str) -> Key {
        Key::new("ns", name)
    }

    /// A cache at version 5 with pod `a`, then the events, one a second.
    fn cache(events: &[(&str, Value)]) -> Cache<Pod> {
        let line = |(kind, object): &(&str, Value)| Piece::line(&json!({"type": kind, "object": object}));
        let second = || Piece::Wait(Duration::from_secs(1));
        let pieces = events.iter().flat_map(|event| [second(), line(event)]).chain([Piece::Hang]).collect();
        let list = json!({"metadata": {"resourceVersion": "5"}, "items": [pod("a", 1)]});
        let script = Script::new([Reply::json(&list), Reply::Stream(pieces)]);
        Cache::builder(script.client(), PODS).start(&CancellationToken::new())
    }

    #[tokio::test(start_paused = true)]
    async fn waits_until_the_write_is_seen() {
        let cache = cache(&[("MODIFIED", pod("a", 9)), ("MODIFIED", pod("a", 10))]);
        cache.synced().await;
        let (writes, owner) = (OwnWrites::default(), key("owner"));
        assert_eq!(writes.behind(&owner, &cache), None, "nothing was written");
        writes.wrote(&owner, &key("a"), "10");
        assert_eq!(writes.behind(&owner, &cache), Some(key("a")));
        assert_eq!(writes.behind(&key("other"), &cache), None);
        sleep(Duration::from_millis(1500)).await;
        assert_eq!(writes.behind(&owner, &cache), Some(key("a")), "9 is older than 10");
        sleep(Duration::from_secs(1)).await;
        assert_eq!(writes.behind(&owner, &cache), None);
    }

    #[tokio::test(start_paused = true)]
    async fn waits_for_what_was_created_even_if_it_never_shows() {
        let bookmark = json!({"metadata": {"resourceVersion": "20"}});
        let cache = cache(&[("ADDED", pod("b", 6)), ("BOOKMARK", bookmark)]);
        cache.synced().await;
        let (writes, owner) = (OwnWrites::default(), key("owner"));
        writes.wrote(&owner, &key("b"), "6");
        writes.wrote(&owner, &key("gone"), "7");
        assert_eq!(writes.behind(&owner, &cache), Some(key("b")));
        sleep(Duration::from_millis(1500)).await;
        assert_eq!(writes.behind(&owner, &cache), Some(key("gone")));
        sleep(Duration::from_secs(1)).await;
        assert_eq!(writes.behind(&owner, &cache), None, "the cache is past 7, so it must be gone again");
    }

    #[tokio::test(start_paused = true)]
    async fn waits_for_deletions() {
        let mut going = pod("a", 6);
        going["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        let cache = cache(&[
            ("MODIFIED", pod("a", 6)),
            ("MODIFIED", {
                going["metadata"]["resourceVersion"] = json!("7");
                going
            }),
        ]);
        cache.synced().await;
        let (writes, owner) = (OwnWrites::default(), key("owner"));
        writes.deleted(&owner, &key("a"), "a");
        writes.deleted(&owner, &key("unknown"), "x");
        sleep(Duration::from_millis(1500)).await;
        assert_eq!(writes.behind(&owner, &cache), Some(key("a")));
        sleep(Duration::from_secs(1)).await;
        assert_eq!(writes.behind(&owner, &cache), None);
    }

    #[tokio::test(start_paused = true)]
    async fn gives_up_in_the_end_and_forgets() {
        let cache = cache(&[]);
        cache.synced().await;
        let (writes, owner) = (OwnWrites::default(), key("owner"));
        writes.wrote(&owner, &key("a"), "99");
        sleep(WRITE_REMEMBERED - Duration::from_secs(1)).await;
        assert_eq!(writes.behind(&owner, &cache), Some(key("a")));
        sleep(Duration::from_secs(1)).await;
        assert_eq!(writes.behind(&owner, &cache), None);
        writes.wrote(&owner, &key("a"), "99");
        writes.forget(&owner);
        assert_eq!(writes.behind(&owner, &cache), None);
    }
}
