//! Metadata that pods carry while their ReplicaSet has a role (rollout.md §11).

use crate::Effect;
use crate::plan::AnnotationChanges;
use crate::reconcile::Reconcile;
use crate::restart::owned_by;
use rollouts_api::names;
use rollouts_api::pod_template::ephemeral;
use rollouts_api::rollout::PodTemplateMetadata;
use std::collections::BTreeMap;

/// What each role's pods carry.
#[derive(Debug, Default)]
pub(crate) struct RoleMetadata {
    /// Of the new ReplicaSet during an update.
    pub new: Option<PodTemplateMetadata>,
    /// Of the stable ReplicaSet.
    pub stable: Option<PodTemplateMetadata>,
}

impl Reconcile<'_> {
    /// The metadata of both roles.
    pub(crate) fn role_metadata(&self) -> RoleMetadata {
        let strategy = &self.ro.spec.strategy;
        match (&strategy.canary, &strategy.blue_green) {
            (Some(c), _) => RoleMetadata { new: c.canary_metadata.clone(), stable: c.stable_metadata.clone() },
            (None, Some(b)) => RoleMetadata { new: b.preview_metadata.clone(), stable: b.active_metadata.clone() },
            (None, None) => RoleMetadata::default(),
        }
    }

    /// Injects and removes metadata of ReplicaSets and their running pods. Other than upstream, metadata is removed
    /// also after both fields were deleted from the spec.
    pub(crate) fn sync_metadata(&mut self) {
        let metadata = self.role_metadata();
        let updating = self.roles.stable.is_some() && !self.new_is_stable();
        for i in 0..self.sets.len() {
            let desired = match () {
                () if self.roles.new == Some(i) && updating => metadata.new.clone(),
                () if self.roles.new == Some(i) || self.roles.stable == Some(i) => metadata.stable.clone(),
                () => None,
            };
            self.sync_set_metadata(i, desired);
        }
    }

    /// What was injected is forgotten in two steps: the first write takes it out of the template, the second, after the
    /// pods, out of the record. So neither a crash between them nor a pod that is made in the meantime leaves a key
    /// behind that nobody knows any more.
    fn sync_set_metadata(&mut self, index: usize, desired: Option<PodTemplateMetadata>) {
        let set = &self.sets[index];
        if set.metadata.deletion_timestamp.is_some() {
            return;
        }
        let recorded = set.metadata.annotation(names::EPHEMERAL_METADATA).map(str::to_string);
        if desired.is_none() && recorded.is_none() {
            return;
        }
        let existing = ephemeral::parse_annotation(recorded.as_deref()).unwrap_or_default();
        let wanted = self.with_users_values(index, desired.clone().unwrap_or_default(), &existing);
        let mut template = set.spec.template.value();
        let changed = ephemeral::apply(&mut template, Some(&wanted), Some(&existing));
        let record = desired.as_ref().map(ephemeral::annotation);
        let empty = set.size() == 0 && set.status.replicas == 0 && set.observed();
        let why = "its pods carry the metadata of its role";
        if changed {
            let until_pods_follow = union(desired.clone().unwrap_or_default(), &existing);
            let record = if empty { record.clone() } else { Some(ephemeral::annotation(&until_pods_follow)) };
            self.update_set(index, None, None, Some(template), record_as(record), why);
        }
        self.sync_pod_metadata(index, &existing, &wanted);
        if !changed && record != recorded {
            self.update_set(index, None, None, None, record_as(record), why);
        }
    }

    /// What pods should carry, with the values that the user's own template has for what is injected no more. Upstream
    /// deletes those keys. Of older ReplicaSets the user's template is not known.
    fn with_users_values(
        &self,
        index: usize,
        mut desired: PodTemplateMetadata,
        existing: &PodTemplateMetadata,
    ) -> PodTemplateMetadata {
        if self.roles.new == Some(index) {
            let own = |map: BTreeMap<String, String>, injected: &BTreeMap<String, String>| {
                map.into_iter().filter(|(k, _)| injected.contains_key(k)).collect()
            };
            let template = &self.ro.spec.template;
            let labels = own(template.labels(), &existing.labels);
            let annotations = own(template.annotations(), &existing.annotations);
            desired = union(desired, &PodTemplateMetadata { labels, annotations });
        }
        desired
    }

    fn sync_pod_metadata(&mut self, index: usize, existing: &PodTemplateMetadata, desired: &PodTemplateMetadata) {
        let uid = self.sets[index].metadata.uid.clone();
        let snapshot = self.snapshot;
        for pod in snapshot.pods.iter().filter(|p| owned_by(p, &uid)) {
            let labels = changes(&pod.metadata.labels, &existing.labels, &desired.labels);
            let annotations = changes(&pod.metadata.annotations, &existing.annotations, &desired.annotations);
            if !labels.is_empty() || !annotations.is_empty() {
                let name = pod.metadata.name.clone();
                let effect = Effect::PatchPod { name, labels, annotations };
                self.push(effect, "it carries the metadata of its ReplicaSet's role");
            }
        }
    }
}

/// `first`, and of `second` what `first` says nothing about.
fn union(mut first: PodTemplateMetadata, second: &PodTemplateMetadata) -> PodTemplateMetadata {
    let add = |to: &mut BTreeMap<String, String>, from: &BTreeMap<String, String>| {
        from.iter().for_each(|(k, v)| {
            to.entry(k.clone()).or_insert_with(|| v.clone());
        });
    };
    add(&mut first.labels, &second.labels);
    add(&mut first.annotations, &second.annotations);
    first
}

fn record_as(record: Option<String>) -> AnnotationChanges {
    AnnotationChanges::from([(names::EPHEMERAL_METADATA.to_string(), record)])
}

/// Sets what is desired, removes what was injected and is no longer desired.
fn changes(
    present: &BTreeMap<String, String>,
    injected: &BTreeMap<String, String>,
    desired: &BTreeMap<String, String>,
) -> AnnotationChanges {
    let set = desired.iter().filter(|(k, v)| present.get(*k) != Some(v)).map(|(k, v)| (k.clone(), Some(v.clone())));
    let gone = injected.keys().filter(|k| !desired.contains_key(*k) && present.contains_key(*k));
    set.chain(gone.map(|k| (k.clone(), None))).collect()
}
