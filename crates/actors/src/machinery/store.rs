use super::object::{Cached, Key};
use super::objects::Objects;
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// One change of a cache: `old` is absent when the object is new, `new` when it is gone.
pub(crate) struct Change<'a, K> {
    pub old: Option<&'a Arc<K>>,
    pub new: Option<&'a Arc<K>>,
}

impl<'a, K> Change<'a, K> {
    /// Every state the change knows, old first.
    pub(crate) fn states(&self) -> impl Iterator<Item = &'a Arc<K>> + use<'a, K> {
        self.old.into_iter().chain(self.new)
    }

    /// The newest state.
    pub(crate) fn latest(&self) -> Option<&'a Arc<K>> {
        self.new.or(self.old)
    }
}

type Handler<K> = Arc<dyn Fn(Change<'_, K>) + Send + Sync>;

#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    synced: bool,
    /// Highest resource version up to which this cache has seen everything.
    version: u64,
    /// The newest call of [`Store::refresh`] that a complete list, begun after it, has answered.
    refreshed: u64,
}

/// The cache of one kind over all namespaces, filled by a reflector.
pub(crate) struct Store<K> {
    objects: Mutex<Objects<K>>,
    handlers: Mutex<Vec<Handler<K>>>,
    progress: Mutex<Progress>,
    /// Wakes in the order of waiting; tokio's watch channel would wake at random.
    moved: Notify,
    refreshes: AtomicU64,
    relist: Notify,
}

impl<K: Cached> Store<K> {
    pub(crate) fn new() -> Self {
        Store {
            objects: Mutex::default(),
            handlers: Mutex::default(),
            progress: Mutex::default(),
            moved: Notify::new(),
            refreshes: AtomicU64::new(0),
            relist: Notify::new(),
        }
    }

    /// Calls `handler` for every later change, in order. It must be quick and must not change this store.
    pub(crate) fn on_change(&self, handler: impl Fn(Change<'_, K>) + Send + Sync + 'static) {
        lock(&self.handlers).push(Arc::new(handler));
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Arc<K>> {
        lock(&self.objects).get(key)
    }

    /// All objects of a namespace, by name.
    pub(crate) fn in_namespace(&self, namespace: &str) -> Vec<Arc<K>> {
        lock(&self.objects).in_namespace(namespace)
    }

    /// All objects that the owner of this uid controls, by name.
    pub(crate) fn controlled_by(&self, uid: &str) -> Vec<Arc<K>> {
        lock(&self.objects).controlled_by(uid)
    }

    /// All objects that an owner may claim: those that it controls, and orphans of its namespace, by name.
    pub(crate) fn claimable(&self, namespace: &str, uid: &str) -> Vec<Arc<K>> {
        lock(&self.objects).claimable(namespace, uid)
    }

    pub(crate) fn all(&self) -> Vec<Arc<K>> {
        lock(&self.objects).iter().map(|(_, object)| object.clone()).collect()
    }

    /// Waits for the first complete list.
    pub(crate) async fn synced(&self) {
        self.until(|p| p.synced).await;
    }

    /// Waits until the cache shows the state that a write returned, or a later one.
    pub(crate) async fn seen(&self, written: &K) {
        let version = written.version();
        self.until(|p| p.version >= version).await;
    }

    /// Waits until the cache shows that the object is deleted or being deleted.
    pub(crate) async fn seen_deleted(&self, key: &Key, uid: &str) {
        self.until(|_| self.get(key).is_none_or(|o| o.uid() != uid || o.terminating())).await;
    }

    /// Lists afresh and waits for it: afterwards the cache shows whatever was written before the call.
    pub(crate) async fn refresh(&self) {
        let call = self.refreshes.fetch_add(1, Ordering::SeqCst) + 1;
        self.relist.notify_one();
        self.until(|p| p.refreshed >= call).await;
    }

    async fn until(&self, done: impl Fn(&Progress) -> bool) {
        loop {
            let mut moved = pin!(self.moved.notified());
            // From here on no move is missed.
            moved.as_mut().enable();
            let progress = *lock(&self.progress);
            if done(&progress) {
                return;
            }
            moved.await;
        }
    }

    pub(super) async fn relist_wanted(&self) {
        self.relist.notified().await;
    }

    /// The newest call of [`Store::refresh`]: a list begun now answers it.
    pub(super) fn refreshes(&self) -> u64 {
        self.refreshes.load(Ordering::SeqCst)
    }

    /// Takes one watch event: `gone` when the object was deleted.
    pub(super) fn apply(&self, mut object: K, gone: bool) {
        object.trim();
        let (key, version, object) = (object.key(), object.version(), Arc::new(object));
        let old = match gone {
            true => lock(&self.objects).remove(&key),
            false => lock(&self.objects).insert(key, object.clone()),
        };
        match gone {
            // Handlers get the final state, as it was deleted.
            true => self.tell(Change { old: Some(&object), new: None }),
            false => self.tell(Change { old: old.as_ref(), new: Some(&object) }),
        }
        self.advance(version);
    }

    /// Everything up to `version` has been seen.
    pub(super) fn advance(&self, version: u64) {
        {
            let mut progress = lock(&self.progress);
            progress.version = progress.version.max(version);
        }
        self.moved.notify_waiters();
    }

    /// Takes a complete list as of `version`, begun after the call `refreshed` of [`Store::refresh`].
    pub(super) fn replace(&self, list: Vec<K>, version: u64, refreshed: u64) {
        let mut fresh = BTreeMap::new();
        let mut objects = Objects::default();
        for mut object in list {
            object.trim();
            let (key, object) = (object.key(), Arc::new(object));
            objects.insert(key.clone(), object.clone());
            fresh.insert(key, object);
        }
        let before = std::mem::replace(&mut *lock(&self.objects), objects);
        for (key, old) in before.iter() {
            if fresh.get(key).is_none_or(|new| new.uid() != old.uid()) {
                self.tell(Change { old: Some(old), new: None });
            }
        }
        for (key, new) in &fresh {
            let old = before.get(key).filter(|old| old.uid() == new.uid());
            if old.as_ref().is_none_or(|old| old.version() != new.version()) {
                self.tell(Change { old: old.as_ref(), new: Some(new) });
            }
        }
        // A restored backup may have gone back in time: the list's version counts, not the maximum.
        *lock(&self.progress) = Progress { synced: true, version, refreshed };
        self.moved.notify_waiters();
    }

    fn tell(&self, change: Change<'_, K>) {
        // Cloned, so that a handler may register another one and nothing is locked while it runs.
        let handlers = lock(&self.handlers).clone();
        for handler in handlers {
            handler(Change { old: change.old, new: change.new });
        }
    }
}

/// A panic while holding one of these locks leaves plain data behind, so poisoning means nothing.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
