//! A local copy of one resource, kept up to date by list and watch.
//!
//! # Why not kube's watcher and reflector
//!
//! Those decode each object as a whole (a `DynamicObject` is a tree of `serde_json::Value`s, five to ten times the
//! size of its text), fail a whole page when one object does not decode, and hold a relisted collection twice until
//! it is swapped in. This cache cuts pages and watch lines into the raw text of objects and decodes each by itself
//! into the caller's small struct, so one malformed object stops nothing and the only large thing in memory is one
//! page of [`limits::LIST_PAGE_OBJECTS`] objects as text. It also waits without randomness, so a run can be repeated.
//!
//! # What a caller sees
//!
//! Changes are applied one at a time by one task and reported, in order, to the handlers given at the start, after
//! the copy shows them. A relist reports only what differs. An object that does not decode is not in the copy but
//! among [`Cache::malformed`], with as much of its metadata as could be read.

mod builder;
mod change;
mod decode;
mod kinds;
pub mod limits;
mod lines;
mod reflector;
mod store;

pub use builder::Builder;
pub use change::{Change, Malformed};

use crate::Resource;
use crate::signal::Signal;
use rollouts_api::ObjectMeta;
use serde::de::DeserializeOwned;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use store::Store;
use tokio::time::Instant;

/// What a cache can hold: the fields of an object that its users read, decoded from the object's JSON.
pub trait Cached: DeserializeOwned + Send + Sync + 'static {
    /// The object's metadata.
    fn meta(&self) -> &ObjectMeta;

    /// Forgets what was decoded and nobody reads, before the object is kept.
    fn slim(&mut self) {}
}

/// A handle on a cache; clones share it.
pub struct Cache<T> {
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    resource: Resource,
    store: RwLock<Store<T>>,
    health: Signal<Health>,
    revision: Signal<u64>,
    watching: Signal<Watching>,
}

/// The watch that keeps a copy up to date.
#[derive(Default)]
struct Watching {
    /// When it was opened; `None` while there is none.
    since: Option<Instant>,
    /// Somebody misses an event that it should have brought.
    is_doubted: bool,
}

/// How a cache is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health {
    /// The first list is complete and was reported.
    pub synced: bool,
    /// Why the copy is not being kept up to date at the moment.
    pub lost: Option<String>,
    /// The API server does not know the kind, and that is expected ([`Builder::may_be_unserved`]). The copy is empty.
    pub unserved: bool,
}

impl<T: Cached> Cache<T> {
    /// Prepares a cache of `resource`, to be started with [`Builder::start`].
    pub fn builder(client: kube::Client, resource: Resource) -> Builder<T> {
        Builder::new(client, resource)
    }

    fn new(resource: Resource, store: Store<T>) -> Self {
        let shared = Shared {
            resource,
            store: RwLock::new(store),
            health: Signal::new(Health::default()),
            revision: Signal::new(0),
            watching: Signal::new(Watching::default()),
        };
        Cache { shared: Arc::new(shared) }
    }

    /// Which resource is cached.
    pub fn resource(&self) -> &Resource {
        &self.shared.resource
    }

    /// The object of that name (`namespace` is empty for cluster-scoped kinds).
    pub fn get(&self, namespace: &str, name: &str) -> Option<Arc<T>> {
        self.read().get(namespace, name)
    }

    /// All objects of a namespace, or of all namespaces, ordered by namespace and name.
    pub fn list(&self, namespace: Option<&str>) -> Vec<Arc<T>> {
        self.read().list(namespace)
    }

    /// All objects that the index function of the name given to [`Builder::index`] filed under `value`, ordered by
    /// namespace and name. Panics if no such index was declared: a mistake in the program.
    pub fn by_index(&self, index: &'static str, value: &str) -> Vec<Arc<T>> {
        self.read().by_index(index, value)
    }

    /// Objects of a namespace, or of all namespaces, that exist but do not decode.
    pub fn malformed(&self, namespace: Option<&str>) -> Vec<Arc<Malformed>> {
        self.read().malformed(namespace)
    }

    /// The object of that name, if it exists but does not decode.
    pub fn get_malformed(&self, namespace: &str, name: &str) -> Option<Arc<Malformed>> {
        self.read().get_malformed(namespace, name)
    }

    /// The resourceVersion up to which the copy is complete: it shows every change up to this version, and maybe
    /// later ones. Empty before the first list.
    pub fn version(&self) -> String {
        self.read().version.clone()
    }

    /// Holds this object, as it was read from the API server, in place of the same version of it without what was
    /// trimmed. Does nothing if that is not what is held: then the watch has newer things to say. No handler is told.
    pub fn complete(&self, mut object: T) {
        object.slim();
        let mut store = self.shared.store.write().unwrap_or_else(PoisonError::into_inner);
        store.complete(object);
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.read().len()
    }

    /// Whether there are no objects.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until the first list is complete and was reported to the handlers. Waits for ever if the cache is
    /// stopped before that.
    pub async fn synced(&self) {
        self.shared.health.until(|health| health.synced).await;
    }

    /// How the cache is doing now.
    pub fn health(&self) -> Health {
        self.shared.health.look(Health::clone)
    }

    /// Waits until it does as wanted. Waits for ever if the cache is stopped before that.
    pub async fn until(&self, is_wanted: impl Fn(&Health) -> bool) {
        self.shared.health.until(is_wanted).await;
    }

    /// For those who redraw everything on any change and need no more than to be woken.
    pub fn changes(&self) -> Changes {
        let revision = self.shared.revision.clone();
        Changes { seen: revision.look(|revision| *revision), revision }
    }

    /// Says that the watch should have brought something by now. If it is older than [`limits::WATCH_LAG_MAX`], it is
    /// given up for a new one.
    pub fn doubt(&self) {
        self.shared.watching.change(|watching| {
            let is_old = watching.since.is_some_and(|since| since.elapsed() >= limits::WATCH_LAG_MAX);
            is_old && !std::mem::replace(&mut watching.is_doubted, true)
        });
    }

    fn read(&self) -> RwLockReadGuard<'_, Store<T>> {
        // Callers' code (index functions) runs before an object is taken in, so no panic leaves it half there.
        self.shared.store.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells of changes since it was asked last, all in one.
pub struct Changes {
    revision: Signal<u64>,
    seen: u64,
}

impl Changes {
    /// Waits until something has changed since the last call, or since it was made.
    pub async fn changed(&mut self) {
        self.revision.until(|revision| *revision != self.seen).await;
        self.seen = self.revision.look(|revision| *revision);
    }
}

impl<T> Clone for Cache<T> {
    fn clone(&self) -> Self {
        Cache { shared: Arc::clone(&self.shared) }
    }
}

#[cfg(test)]
mod tests;
