use super::object::{Cached, Key};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The objects of a store, found by name and by controller: what an owner looks for must not cost a walk through all.
pub(super) struct Objects<K> {
    by_key: BTreeMap<Key, Arc<K>>,
    /// By uid of the controller.
    controlled: BTreeMap<String, BTreeSet<Key>>,
    orphans: BTreeSet<Key>,
}

impl<K> Default for Objects<K> {
    fn default() -> Self {
        Objects { by_key: BTreeMap::new(), controlled: BTreeMap::new(), orphans: BTreeSet::new() }
    }
}

impl<K: Cached> Objects<K> {
    pub(super) fn get(&self, key: &Key) -> Option<Arc<K>> {
        self.by_key.get(key).cloned()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Key, &Arc<K>)> {
        self.by_key.iter()
    }

    pub(super) fn in_namespace(&self, namespace: &str) -> Vec<Arc<K>> {
        let from = Key::new(namespace, "");
        self.by_key.range(from..).take_while(|(k, _)| k.namespace == namespace).map(|(_, v)| v.clone()).collect()
    }

    /// Those that the owner of this uid controls, by name.
    pub(super) fn controlled_by(&self, uid: &str) -> Vec<Arc<K>> {
        self.controlled.get(uid).into_iter().flatten().filter_map(|key| self.get(key)).collect()
    }

    /// Those, and the ones of the namespace that nobody controls, by name.
    pub(super) fn claimable(&self, namespace: &str, uid: &str) -> Vec<Arc<K>> {
        let from = Key::new(namespace, "");
        let orphans = self.orphans.range(from..).take_while(|k| k.namespace == namespace);
        let keys: BTreeSet<&Key> = self.controlled.get(uid).into_iter().flatten().chain(orphans).collect();
        keys.into_iter().filter_map(|key| self.get(key)).collect()
    }

    pub(super) fn insert(&mut self, key: Key, object: Arc<K>) -> Option<Arc<K>> {
        let old = self.remove(&key);
        match object.controller_uid() {
            Some(uid) => self.controlled.entry(uid.into()).or_default().insert(key.clone()),
            None => self.orphans.insert(key.clone()),
        };
        self.by_key.insert(key, object);
        old
    }

    pub(super) fn remove(&mut self, key: &Key) -> Option<Arc<K>> {
        let old = self.by_key.remove(key)?;
        match old.controller_uid() {
            Some(uid) => {
                if let Some(keys) = self.controlled.get_mut(uid) {
                    keys.remove(key);
                    if keys.is_empty() {
                        self.controlled.remove(uid);
                    }
                }
            }
            None => {
                self.orphans.remove(key);
            }
        }
        Some(old)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::Pod;
    use serde_json::json;

    fn pod(name: &str, owner: Option<&str>) -> (Key, Arc<Pod>) {
        let reference =
            |uid| json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "x", "uid": uid, "controller": true});
        let owners: Vec<_> = owner.map(reference).into_iter().collect();
        let metadata = json!({"namespace": "shop", "name": name, "ownerReferences": owners});
        let pod: Pod = serde_json::from_value(json!({"metadata": metadata})).expect("a pod");
        (Cached::key(&pod), Arc::new(pod))
    }

    fn names(pods: Vec<Arc<Pod>>) -> Vec<String> {
        pods.iter().map(|p| Cached::key(&**p).name).collect()
    }

    #[test]
    fn owners_find_their_own_and_orphans_in_the_order_of_names() {
        let mut objects = Objects::default();
        for (key, pod) in [pod("d", Some("u")), pod("b", None), pod("a", Some("u")), pod("c", Some("v"))] {
            objects.insert(key, pod);
        }
        assert_eq!(names(objects.claimable("shop", "u")), ["a", "b", "d"]);
        assert_eq!(names(objects.controlled_by("v")), ["c"]);
        assert!(objects.claimable("other", "w").is_empty());
        // Adopted, then gone.
        let (key, adopted) = pod("b", Some("v"));
        objects.insert(key.clone(), adopted);
        assert_eq!(names(objects.claimable("shop", "u")), ["a", "d"]);
        assert_eq!(names(objects.controlled_by("v")), ["b", "c"]);
        objects.remove(&key);
        assert_eq!(names(objects.controlled_by("v")), ["c"]);
        assert_eq!(names(objects.in_namespace("shop")), ["a", "c", "d"]);
    }
}
