//! Who owns whom, over all kinds.

use crate::machinery::ServedResource;
use rollouts_api::ObjectMeta;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(super) const FOREGROUND: &str = "foregroundDeletion";
pub(super) const ORPHAN: &str = "orphan";

/// One object.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub resource: Arc<ServedResource>,
    pub meta: ObjectMeta,
}

impl Node {
    pub(super) fn terminating(&self) -> bool {
        self.meta.deletion_timestamp.is_some()
    }

    /// Being deleted after its dependents.
    pub(super) fn foreground(&self) -> bool {
        self.terminating() && self.meta.finalizers.iter().any(|f| f == FOREGROUND)
    }

    /// Being deleted once its dependents are set free.
    pub(super) fn orphaning(&self) -> bool {
        self.terminating() && self.meta.finalizers.iter().any(|f| f == ORPHAN)
    }

    pub(super) fn path(&self) -> String {
        format!("{}/{}", self.resource.path_in(&self.meta.namespace), self.meta.name)
    }

    /// Whether foreground deletion of `owner` waits for this object.
    pub(super) fn blocks(&self, owner: &str) -> bool {
        self.meta.owner_references.iter().any(|o| o.uid == owner && o.block_owner_deletion == Some(true))
    }
}

/// All known objects by uid, and the way from owners to dependents, also for owners that are not known.
#[derive(Debug, Default)]
pub(super) struct Graph {
    nodes: BTreeMap<String, Node>,
    dependents: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    pub(super) fn get(&self, uid: &str) -> Option<&Node> {
        self.nodes.get(uid)
    }

    pub(super) fn dependents(&self, uid: &str) -> impl Iterator<Item = (&String, &Node)> {
        self.dependents.get(uid).into_iter().flatten().filter_map(|d| Some((d, self.nodes.get(d)?)))
    }

    /// Takes the object's newest state; returns the uids to look at.
    pub(super) fn upsert(&mut self, node: Node) -> Vec<String> {
        let uid = node.meta.uid.clone();
        let old = self.nodes.insert(uid.clone(), node.clone());
        let mut look = Vec::new();
        for owner in old.iter().flat_map(|o| &o.meta.owner_references) {
            self.unlink(&owner.uid, &uid);
            look.push(owner.uid.clone());
        }
        let mut own = node.foreground() || node.orphaning();
        for owner in &node.meta.owner_references {
            self.dependents.entry(owner.uid.clone()).or_default().insert(uid.clone());
            own |= self.nodes.get(&owner.uid).is_none_or(Node::foreground);
            look.push(owner.uid.clone());
        }
        look.retain(|owner| self.nodes.get(owner).is_some_and(Node::foreground));
        if own {
            look.push(uid);
        }
        look
    }

    /// The object is gone; returns the uids to look at: what it owned, and owners that may have waited for it.
    pub(super) fn remove(&mut self, uid: &str) -> Vec<String> {
        let Some(node) = self.nodes.remove(uid) else { return Vec::new() };
        let mut look: Vec<String> = self.dependents.get(uid).into_iter().flatten().cloned().collect();
        for owner in &node.meta.owner_references {
            self.unlink(&owner.uid, uid);
            if self.nodes.get(&owner.uid).is_some_and(Node::foreground) {
                look.push(owner.uid.clone());
            }
        }
        look
    }

    /// Objects with an owner that is not known here.
    pub(super) fn unresolved(&self) -> Vec<String> {
        let unknown = self.dependents.iter().filter(|(owner, _)| !self.nodes.contains_key(*owner));
        let set: BTreeSet<&String> = unknown.flat_map(|(_, dependents)| dependents).collect();
        set.into_iter().cloned().collect()
    }

    /// Forgets a kind that is served no more; returns the uids to look at.
    pub(super) fn remove_kind(&mut self, resource: &ServedResource) -> Vec<String> {
        let of_kind = self.nodes.iter().filter(|(_, n)| n.resource.as_ref() == resource);
        let gone: Vec<String> = of_kind.map(|(uid, _)| uid.clone()).collect();
        gone.iter().flat_map(|uid| self.remove(uid)).collect()
    }

    fn unlink(&mut self, owner: &str, dependent: &str) {
        if let Some(set) = self.dependents.get_mut(owner) {
            set.remove(dependent);
            if set.is_empty() {
                self.dependents.remove(owner);
            }
        }
    }
}
