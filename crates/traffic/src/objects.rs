//! The objects of routers as they are.

use crate::{Kind, ObjectRef};
use rollouts_api::LabelSelector;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a router must see before it can decide. Some are found only in other objects, so a router is asked again until it
/// wants nothing more.
#[derive(Debug, Clone, PartialEq)]
pub enum Want {
    /// One object, whether it exists or not.
    Named(ObjectRef),
    /// All objects of a namespace that a selector matches.
    Selected {
        /// Their kind.
        kind: Kind,
        /// Their namespace.
        namespace: String,
        /// What their labels must be.
        selector: LabelSelector,
    },
}

/// The objects that routers of one Rollout read, as the caches knew them at one moment. What was asked for and is not in
/// here does not exist.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Objects {
    found: BTreeMap<ObjectRef, Arc<Value>>,
    /// Kinds that the API server does not serve: their CRDs are not installed.
    pub unserved: BTreeSet<Kind>,
}

impl Objects {
    /// Adds an object.
    pub fn insert(&mut self, at: ObjectRef, object: Arc<Value>) {
        self.found.insert(at, object);
    }

    /// Removes an object.
    pub fn remove(&mut self, at: &ObjectRef) {
        self.found.remove(at);
    }

    /// One object.
    pub fn get(&self, at: &ObjectRef) -> Option<&Arc<Value>> {
        self.found.get(at)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&ObjectRef, &Arc<Value>)> {
        self.found.iter()
    }
}

/// Whether one of the objects picks pods with this hash: a subset of a DestinationRule, a VirtualNode.
pub fn selects(objects: &Objects, hash: &str) -> bool {
    let is_hash = |labels: &Value| labels[rollouts_api::names::POD_TEMPLATE_HASH] == hash;
    objects.iter().any(|(_, object)| {
        let spec = &object["spec"];
        let mut subsets = spec["subsets"].as_array().into_iter().flatten();
        subsets.any(|subset| is_hash(&subset["labels"])) || is_hash(&spec["podSelector"]["matchLabels"])
    })
}

/// The Services in `namespace` whose pods the objects divide into subsets (`spec.host` of DestinationRules).
pub fn divided_services(objects: &Objects, namespace: &str) -> BTreeSet<String> {
    let divided = objects.iter().filter(|(_, object)| object["spec"]["subsets"].is_array());
    let names = divided.filter_map(|(at, object)| {
        let mut parts = object["spec"]["host"].as_str()?.split('.');
        let name = parts.next().filter(|name| !name.is_empty())?;
        (parts.next().unwrap_or(&at.namespace) == namespace).then(|| name.to_string())
    });
    names.collect()
}

impl FromIterator<(ObjectRef, Value)> for Objects {
    fn from_iter<I: IntoIterator<Item = (ObjectRef, Value)>>(objects: I) -> Self {
        let found = objects.into_iter().map(|(at, object)| (at, Arc::new(object))).collect();
        Objects { found, unserved: BTreeSet::new() }
    }
}
