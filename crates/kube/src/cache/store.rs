//! The copy itself: objects by namespace and name, with indexes. No waiting, no network.

use super::decode::Item;
use super::{Cached, Change, Malformed};
use crate::Key;
use rollouts_api::ObjectMeta;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Says under which values an object is filed.
pub(super) type IndexFn<T> = Box<dyn Fn(&T) -> Vec<String> + Send + Sync>;

/// One object as it is known.
enum Entry<T> {
    Good(Arc<T>),
    Bad(Arc<Malformed>),
}

impl<T: Cached> Entry<T> {
    fn meta(&self) -> &ObjectMeta {
        match self {
            Entry::Good(object) => object.meta(),
            Entry::Bad(malformed) => &malformed.meta,
        }
    }

    fn good(&self) -> Option<&Arc<T>> {
        match self {
            Entry::Good(object) => Some(object),
            Entry::Bad(_) => None,
        }
    }
}

pub(super) struct Store<T> {
    /// By namespace and then name, so that both can be looked up without building a key.
    entries: BTreeMap<Arc<str>, BTreeMap<Arc<str>, Entry<T>>>,
    indexes: BTreeMap<&'static str, Index<T>>,
    /// The resourceVersion up to which the copy is complete; empty before the first list.
    pub(super) version: String,
}

struct Index<T> {
    values_of: IndexFn<T>,
    keys: BTreeMap<String, BTreeSet<Key>>,
}

impl<T: Cached> Store<T> {
    pub(super) fn new(indexes: Vec<(&'static str, IndexFn<T>)>) -> Self {
        let indexes =
            indexes.into_iter().map(|(name, values_of)| (name, Index { values_of, keys: BTreeMap::new() })).collect();
        Store { entries: BTreeMap::new(), indexes, version: String::new() }
    }

    pub(super) fn get(&self, namespace: &str, name: &str) -> Option<Arc<T>> {
        self.entries.get(namespace)?.get(name)?.good().cloned()
    }

    pub(super) fn get_malformed(&self, namespace: &str, name: &str) -> Option<Arc<Malformed>> {
        match self.entries.get(namespace)?.get(name)? {
            Entry::Good(_) => None,
            Entry::Bad(malformed) => Some(Arc::clone(malformed)),
        }
    }

    pub(super) fn list(&self, namespace: Option<&str>) -> Vec<Arc<T>> {
        self.each(namespace).filter_map(Entry::good).cloned().collect()
    }

    pub(super) fn malformed(&self, namespace: Option<&str>) -> Vec<Arc<Malformed>> {
        self.each(namespace)
            .filter_map(|entry| match entry {
                Entry::Good(_) => None,
                Entry::Bad(malformed) => Some(Arc::clone(malformed)),
            })
            .collect()
    }

    pub(super) fn by_index(&self, index: &'static str, value: &str) -> Vec<Arc<T>> {
        let index = self.indexes.get(index).unwrap_or_else(|| panic!("no index {index:?} was declared"));
        let keys = index.keys.get(value).into_iter().flatten();
        keys.filter_map(|key| self.get(&key.namespace, &key.name)).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.each(None).filter(|entry| entry.good().is_some()).count()
    }

    pub(super) fn keys(&self) -> BTreeSet<Key> {
        let in_namespace = |(namespace, entries): (&Arc<str>, &BTreeMap<Arc<str>, Entry<T>>)| {
            let namespace = Arc::clone(namespace);
            entries.keys().map(move |name| Key::new(Arc::clone(&namespace), Arc::clone(name))).collect::<Vec<_>>()
        };
        self.entries.iter().flat_map(in_namespace).collect()
    }

    fn each<'a>(&'a self, namespace: Option<&'a str>) -> impl Iterator<Item = &'a Entry<T>> {
        let (one, all) = match namespace {
            Some(namespace) => (self.entries.get(namespace), None),
            None => (None, Some(self.entries.values())),
        };
        one.into_iter().chain(all.into_iter().flatten()).flat_map(BTreeMap::values)
    }

    /// What is known of the object of that key.
    pub(super) fn known(&self, key: &Key) -> Option<&ObjectMeta> {
        self.entries.get(&key.namespace)?.get(&key.name).map(Entry::meta)
    }

    /// Takes in an object as it is now and says what changed, which may be nothing.
    pub(super) fn upsert(&mut self, item: Item<T>) -> Vec<Change<T>> {
        let key = Key::of(item.meta());
        let mut changes = Vec::new();
        if let Some(known) = self.known(&key) {
            let meta = item.meta();
            if known.uid != meta.uid {
                changes.extend(self.remove(&key));
            } else if known.resource_version == meta.resource_version {
                return changes;
            }
        }
        changes.push(match item {
            Item::Good(object) => {
                let new = Arc::new(object);
                match self.put(key, Entry::Good(Arc::clone(&new))) {
                    None => Change::Added(new),
                    Some(old) => Change::Updated { old, new },
                }
            }
            Item::Bad(new) => Change::Malformed { old: self.put(key, Entry::Bad(Arc::clone(&new))), new },
        });
        changes
    }

    /// Holds an object in place of the same version of it; does nothing if another version is held, or none.
    pub(super) fn complete(&mut self, object: T) {
        let (key, meta) = (Key::of(object.meta()), object.meta());
        let identity = |m: &ObjectMeta| (m.uid.clone(), m.resource_version.clone());
        if self.get(&key.namespace, &key.name).is_some_and(|held| identity(held.meta()) == identity(meta)) {
            self.put(key, Entry::Good(Arc::new(object)));
        }
    }

    /// Files an entry, and returns the well-formed object that it replaces. An index function that panics changes
    /// nothing.
    fn put(&mut self, key: Key, entry: Entry<T>) -> Option<Arc<T>> {
        let values = |object: &Arc<T>| {
            let of = self.indexes.iter().map(|(name, index)| (*name, (index.values_of)(object)));
            of.collect::<Vec<(&'static str, Vec<String>)>>()
        };
        let filed = entry.good().map(values).unwrap_or_default();
        let old = self.take(&key).and_then(|entry| entry.good().cloned());
        for (name, values) in filed {
            for value in values {
                if let Some(index) = self.indexes.get_mut(name) {
                    index.keys.entry(value).or_default().insert(key.clone());
                }
            }
        }
        self.entries.entry(Arc::clone(&key.namespace)).or_default().insert(key.name, entry);
        old
    }

    /// Drops an object and says so, if it was known.
    pub(super) fn remove(&mut self, key: &Key) -> Option<Change<T>> {
        Some(match self.take(key)? {
            Entry::Good(object) => Change::Deleted(object),
            Entry::Bad(malformed) => Change::MalformedDeleted(malformed),
        })
    }

    /// Takes an entry out of the maps and the indexes.
    fn take(&mut self, key: &Key) -> Option<Entry<T>> {
        let names = self.entries.get_mut(&key.namespace)?;
        let entry = names.remove(&key.name)?;
        if names.is_empty() {
            self.entries.remove(&key.namespace);
        }
        if let Entry::Good(object) = &entry {
            for index in self.indexes.values_mut() {
                for value in (index.values_of)(object) {
                    let Some(keys) = index.keys.get_mut(&value) else { continue };
                    keys.remove(key);
                    if keys.is_empty() {
                        index.keys.remove(&value);
                    }
                }
            }
        }
        Some(entry)
    }
}
