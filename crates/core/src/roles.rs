//! Which ReplicaSet is the new one, which the stable one (rollout.md §2.2, §2.4).

use crate::reconcile::Reconcile;
use crate::{Effect, ReplicaSet};
use rollouts_api::pod_template::{self, affinity, ephemeral};
use rollouts_api::{ObjectMeta, OwnerReference, Rollout, names};

/// Positions in [`Reconcile::sets`].
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Roles {
    pub new: Option<usize>,
    pub stable: Option<usize>,
}

/// Sorts by age, as "first" and "oldest" mean everywhere (ties by name).
pub(crate) fn sort(sets: &mut [ReplicaSet]) {
    sets.sort_by(|a, b| (a.created(), &a.metadata.name).cmp(&(b.created(), &b.metadata.name)));
}

/// How an object names the Rollout with this metadata as its controller.
pub fn owner_reference(meta: &ObjectMeta) -> OwnerReference {
    controlled_by("Rollout", meta)
}

/// How an object names the custom resource of this kind with this metadata as its controller.
pub(crate) fn controlled_by(kind: &str, meta: &ObjectMeta) -> OwnerReference {
    OwnerReference {
        api_version: names::API_VERSION.into(),
        kind: kind.into(),
        name: meta.name.clone(),
        uid: meta.uid.clone(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

impl Reconcile<'_> {
    /// Adopts orphans that the selector matches, releases what it no longer matches (§2.4).
    pub(crate) fn claim(&mut self) {
        let uid = self.ro.metadata.uid.clone();
        let Some(Ok(selector)) = self.ro.spec.selector.as_ref().map(|s| s.compile()) else { return };
        let mut kept = Vec::with_capacity(self.sets.len());
        for mut set in std::mem::take(&mut self.sets) {
            let ours = set.metadata.controller().is_some_and(|c| c.uid == uid);
            let name = set.metadata.name.clone();
            match (selector.matches(&set.metadata.labels), ours) {
                (true, true) => kept.push(set),
                (true, false) if set.metadata.deletion_timestamp.is_none() && set.metadata.controller().is_none() => {
                    self.push(Effect::AdoptReplicaSet { name }, "it matches the selector and nobody controls it");
                    set.metadata.owner_references.push(owner_reference(&self.ro.metadata));
                    kept.push(set);
                }
                (false, true) => self.push(Effect::ReleaseReplicaSet { name }, "the selector no longer matches it"),
                _ => {}
            }
        }
        self.sets = kept;
    }

    /// Finds the two roles.
    pub(crate) fn assign_roles(&mut self) {
        sort(&mut self.sets);
        let new = find_new(&self.ro, &self.sets, self.template_hash());
        self.roles = Roles { new, stable: None };
        self.assign_stable();
    }

    /// Finds the stable ReplicaSet for the present `status.stableRS`.
    pub(crate) fn assign_stable(&mut self) {
        let hash = &self.ro.status.stable_rs;
        self.roles.stable = (!hash.is_empty()).then(|| self.sets.iter().position(|s| s.hash() == hash)).flatten();
    }

    pub(crate) fn new_set(&self) -> Option<&ReplicaSet> {
        self.roles.new.map(|i| &self.sets[i])
    }

    pub(crate) fn stable_set(&self) -> Option<&ReplicaSet> {
        self.roles.stable.map(|i| &self.sets[i])
    }

    /// The stable ReplicaSet, unless it is also the new one.
    pub(crate) fn old_stable(&self) -> Option<usize> {
        self.roles.stable.filter(|s| self.roles.new != Some(*s))
    }

    /// Positions of all ReplicaSets that are neither new nor stable, oldest first.
    pub(crate) fn others(&self) -> Vec<usize> {
        (0..self.sets.len()).filter(|i| self.roles.new != Some(*i) && self.roles.stable != Some(*i)).collect()
    }

    /// The hash label of the new ReplicaSet, or "".
    pub(crate) fn new_hash(&self) -> String {
        self.new_set().map(|s| s.hash().to_string()).unwrap_or_default()
    }

    /// Whether the update is over: both hashes agree, also when both are empty.
    pub(crate) fn fully_promoted(&self) -> bool {
        self.ro.status.stable_rs == self.ro.status.current_pod_hash
    }

    /// Whether the new ReplicaSet is the stable one.
    pub(crate) fn new_is_stable(&self) -> bool {
        self.roles.new.is_some() && self.roles.new == self.roles.stable
    }
}

/// By hash label first, so that what we made is found without looking inside, then by the hash of older controllers,
/// which holds whatever API servers have made of the template since; then by meaning, so that what a controller made
/// under any other hash is found too.
pub(crate) fn find_new(ro: &Rollout, sets: &[ReplicaSet], hash: &str) -> Option<usize> {
    let labelled = |hash: &str| sets.iter().position(|s| s.hash() == hash);
    if let Some(i) = labelled(hash) {
        return Some(i);
    }
    let older = pod_template::hash_with_null_timestamps(&ro.spec.template, ro.status.collision_count);
    labelled(&older).or_else(|| equal_in_meaning(ro, sets))
}

fn equal_in_meaning(ro: &Rollout, sets: &[ReplicaSet]) -> Option<usize> {
    sets.iter().position(|s| {
        let recorded = ephemeral::parse_annotation(s.metadata.annotation(names::EPHEMERAL_METADATA));
        let written = s.spec.template.map(|template| {
            ephemeral::remove(template, &recorded.unwrap_or_default());
            affinity::remove(template);
        });
        // The user's own empty affinity means the same as none.
        pod_template::equal_ignoring_hash(&written, &ro.spec.template.map(affinity::remove))
    })
}
