//! The objects: one ordered map a resource, one global version counter, and a log of events each.

use crate::log::{Event, EventType, Log};
use crate::meta;
use crate::resource::StoreKey;
use bytes::Bytes;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// One version of one object, immutable and shared by the store, the log and answers under way.
#[derive(Debug)]
pub struct Stored {
    /// `namespace/name`, or `name`.
    pub key: Box<str>,
    /// The object, in its storage version.
    pub value: Value,
    /// Its resourceVersion.
    pub rv: u64,
    json: OnceLock<Bytes>,
}

impl Stored {
    fn new(key: &str, value: Value, rv: u64) -> Self {
        Stored { key: key.into(), value, rv, json: OnceLock::new() }
    }

    /// An object that is not in the store (yet).
    pub fn detached(key: &str, value: Value) -> Self {
        let rv = meta::resource_version(&value).parse().unwrap_or(0);
        Stored::new(key, value, rv)
    }

    /// The object in JSON; serialized once.
    pub fn json(&self) -> &Bytes {
        self.json.get_or_init(|| to_json(&self.value))
    }
}

/// Serializes a value.
pub fn to_json(value: &Value) -> Bytes {
    Bytes::from(serde_json::to_vec(value).expect("a Value with string keys always serializes"))
}

/// All objects of one resource.
#[derive(Debug)]
pub struct Store {
    objects: BTreeMap<Box<str>, Arc<Stored>>,
    log: Arc<Log>,
}

/// All stores.
#[derive(Debug)]
pub struct Stores {
    stores: BTreeMap<StoreKey, Store>,
    rv: u64,
    committed: Arc<AtomicU64>,
    history: usize,
    /// Everything up to this resourceVersion was forgotten by [`Stores::compact`].
    compacted: u64,
}

impl Stores {
    /// No objects; every log keeps `history` events.
    pub fn new(history: usize) -> Self {
        Stores { stores: BTreeMap::new(), rv: 1, committed: Arc::new(AtomicU64::new(1)), history, compacted: 0 }
    }

    /// The resourceVersion of the last write.
    pub fn rv(&self) -> u64 {
        self.rv
    }

    /// The same, readable without the store's lock: every event up to it is in its log.
    pub fn committed(&self) -> Arc<AtomicU64> {
        self.committed.clone()
    }

    fn store(&mut self, key: &StoreKey) -> &mut Store {
        let (history, rv) = (self.history, self.compacted);
        self.stores
            .entry(key.clone())
            .or_insert_with(|| Store { objects: BTreeMap::new(), log: Arc::new(Log::new(history, rv)) })
    }

    /// Makes a store whose history begins now.
    pub fn begin(&mut self, key: &StoreKey) {
        let (history, rv) = (self.history, self.rv);
        self.stores
            .entry(key.clone())
            .or_insert_with(|| Store { objects: BTreeMap::new(), log: Arc::new(Log::new(history, rv)) });
    }

    /// The log of a store.
    pub fn log(&mut self, key: &StoreKey) -> Arc<Log> {
        self.store(key).log.clone()
    }

    /// One object by `namespace/name`.
    pub fn get(&self, store: &StoreKey, key: &str) -> Option<&Arc<Stored>> {
        self.stores.get(store)?.objects.get(key)
    }

    /// Objects in key order, of one namespace or of all (`None`).
    pub fn range<'s>(
        &'s self,
        store: &StoreKey,
        namespace: Option<&str>,
    ) -> Box<dyn Iterator<Item = &'s Arc<Stored>> + 's> {
        let Some(store) = self.stores.get(store) else { return Box::new(std::iter::empty()) };
        match namespace {
            None => Box::new(store.objects.values()),
            Some(ns) => {
                // '0' follows '/', so this is exactly the keys that start with "ns/".
                let (from, to) = (format!("{ns}/"), format!("{ns}0"));
                let bounds: (Bound<&str>, Bound<&str>) = (Bound::Included(&from), Bound::Excluded(&to));
                Box::new(store.objects.range::<str, _>(bounds).map(|(_, o)| o))
            }
        }
    }

    /// Writes an object under the next resourceVersion.
    pub fn put(&mut self, store: &StoreKey, key: &str, mut value: Value) -> Arc<Stored> {
        self.rv += 1;
        let rv = self.rv;
        meta::set(&mut value, "resourceVersion", json!(rv.to_string()));
        let stored = Arc::new(Stored::new(key, value, rv));
        let store = self.store(store);
        let previous = store.objects.insert(key.into(), stored.clone());
        let event_type = if previous.is_some() { EventType::Modified } else { EventType::Added };
        store.log.push(Event::new(rv, event_type, stored.clone(), previous));
        self.committed.store(rv, Ordering::Release);
        stored
    }

    /// Removes an object; gives its last state under the deletion's resourceVersion.
    pub fn remove(&mut self, store: &StoreKey, key: &str) -> Option<Arc<Stored>> {
        let value = self.get(store, key)?.value.clone();
        self.remove_as(store, key, value)
    }

    /// As [`Stores::remove`], with the last state given.
    pub fn remove_as(&mut self, store: &StoreKey, key: &str, mut value: Value) -> Option<Arc<Stored>> {
        let rv = self.rv + 1;
        let store = self.store(store);
        let previous = store.objects.remove(key)?;
        meta::set(&mut value, "resourceVersion", json!(rv.to_string()));
        let last = Arc::new(Stored::new(key, value, rv));
        store.log.push(Event::new(rv, EventType::Deleted, last.clone(), Some(previous)));
        self.rv = rv;
        self.committed.store(rv, Ordering::Release);
        Some(last)
    }

    /// The objects as they were at `rv`.
    ///
    /// # Errors
    /// The oldest known resourceVersion, when `rv` lies before it.
    pub fn snapshot(&mut self, key: &StoreKey, namespace: Option<&str>, rv: u64) -> Result<Vec<Arc<Stored>>, u64> {
        let undo = self.log(key).undo_to(rv)?;
        let mut objects: BTreeMap<Box<str>, Arc<Stored>> =
            self.range(key, namespace).map(|o| (o.key.clone(), o.clone())).collect();
        let prefix = namespace.map(|ns| format!("{ns}/"));
        for event in undo {
            let key = &event.object.key;
            if prefix.as_ref().is_some_and(|p| !key.starts_with(p.as_str())) {
                continue;
            }
            match &event.previous {
                Some(previous) => objects.insert(key.clone(), previous.clone()),
                None => objects.remove(key),
            };
        }
        Ok(objects.into_values().collect())
    }

    /// Forgets all history.
    pub fn compact(&mut self) {
        self.compacted = self.rv;
        self.stores.values().for_each(|s| s.log.compact(self.rv));
    }

    /// Ends all watches.
    pub fn drop_watches(&self) {
        self.stores.values().for_each(|s| s.log.drop_watches());
    }

    /// Every stored object, for inspection.
    pub fn all(&self) -> impl Iterator<Item = (&StoreKey, &Arc<Stored>)> {
        self.stores.iter().flat_map(|(k, s)| s.objects.values().map(move |o| (k, o)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pods() -> StoreKey {
        StoreKey::new("", "pods")
    }

    fn pod(n: i64) -> Value {
        json!({"metadata": {"name": "a"}, "n": n})
    }

    #[test]
    fn versions_grow_and_namespaces_do_not_mix() {
        let mut s = Stores::new(10);
        s.put(&pods(), "a/x", pod(1));
        s.put(&pods(), "a-b/x", pod(1));
        let last = s.put(&pods(), "a/x", pod(2));
        assert_eq!(last.rv, s.rv());
        assert_eq!(s.range(&pods(), Some("a")).count(), 1);
        assert_eq!(s.range(&pods(), None).count(), 2);
    }

    #[test]
    fn a_snapshot_undoes_later_writes() {
        let mut s = Stores::new(10);
        let first = s.put(&pods(), "a/x", pod(1)).rv;
        s.put(&pods(), "a/y", pod(1));
        s.put(&pods(), "a/x", pod(2));
        s.remove(&pods(), "a/x");
        let then = s.snapshot(&pods(), Some("a"), first).unwrap();
        assert_eq!(then.len(), 1);
        assert_eq!(then[0].value["n"], 1);
        s.compact();
        assert!(s.snapshot(&pods(), None, first).is_err());
    }
}
