//! The ReplicaSets of a Deployment: which is the new one, and writing them.

use super::{Actor, COMPONENT, annotations, bounds, maths, size, spec, wanted};
use crate::machinery::{Key, controller_ref, is_exists, is_not_found, owned_by, request};
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, ReplicaSetSpec};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt;
use kube::api::{DeleteParams, PostParams, Preconditions};
use rollouts_api::go_json::fnv_safe_hash;
use serde_json::json;
use std::sync::Arc;

const HASH_LABEL: &str = "pod-template-hash";

/// All ReplicaSets of a Deployment, old ones oldest first.
pub(super) struct Sets {
    pub new: Option<ReplicaSet>,
    pub old: Vec<ReplicaSet>,
}

impl Sets {
    pub(super) fn new(owned: Vec<Arc<ReplicaSet>>, d: &Deployment) -> Self {
        let mut all: Vec<ReplicaSet> = owned.iter().map(|rs| ReplicaSet::clone(rs)).collect();
        all.sort_by_key(age);
        let template = spec(d).template;
        let new = all.iter().position(|rs| same_template(rs, &template)).map(|at| all.remove(at));
        Sets { new, old: all }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &ReplicaSet> {
        self.old.iter().chain(&self.new)
    }

    /// Puts back a ReplicaSet that was written.
    pub(super) fn put(&mut self, written: ReplicaSet) {
        let same = |rs: &&mut ReplicaSet| rs.metadata.uid == written.metadata.uid;
        if let Some(rs) = self.old.iter_mut().chain(&mut self.new).find(same) {
            *rs = written;
        }
    }
}

fn age(rs: &ReplicaSet) -> (Option<Timestamp>, String) {
    (rs.metadata.creation_timestamp.as_ref().map(|t| t.0), rs.name_any())
}

fn same_template(rs: &ReplicaSet, template: &PodTemplateSpec) -> bool {
    let without_hash = |mut t: PodTemplateSpec| {
        if let Some(labels) = t.metadata.as_mut().and_then(|m| m.labels.as_mut()) {
            labels.remove(HASH_LABEL);
        }
        t
    };
    let own = rs.spec.as_ref().and_then(|s| s.template.clone()).unwrap_or_default();
    without_hash(own) == without_hash(template.clone())
}

/// The name's and label's hash. Go hashes its own memory layout; equality of templates decides, so any hash serves.
fn hash(template: &PodTemplateSpec, collisions: Option<i32>) -> String {
    fnv_safe_hash(json!(template).to_string().as_bytes(), collisions)
}

impl Actor {
    /// Gives the new ReplicaSet its revision and annotations, and creates it when `create` and it is missing.
    pub(super) async fn sync_revision(&self, d: &mut Deployment, sets: &mut Sets, create: bool) -> kube::Result<()> {
        let newest_old = sets.old.iter().map(annotations::revision).max().unwrap_or_default();
        let revision = newest_old + 1;
        match sets.new.clone() {
            Some(rs) => {
                let wanted = annotations::of_new_set(d, Some(&rs), revision);
                let min_ready = spec(d).min_ready_seconds.unwrap_or_default();
                let has = rs.spec.as_ref().and_then(|s| s.min_ready_seconds).unwrap_or_default();
                if rs.annotations() != &wanted || has != min_ready {
                    let patch = json!({"metadata": {"annotations": wanted}, "spec": {"minReadySeconds": min_ready}});
                    let written = self.patch_set(&rs, patch).await?;
                    sets.put(written);
                }
            }
            None if create => sets.new = Some(self.create_set(d, sets, revision).await?),
            None => return Ok(()),
        }
        let current = sets.new.as_ref().map(annotations::revision).unwrap_or_default().to_string();
        if d.annotations().get(annotations::REVISION) != Some(&current) {
            // Through the status, which leaves the generation alone, and with the conditions noted so far.
            let mut update = d.clone();
            update.annotations_mut().insert(annotations::REVISION.into(), current);
            let key = Key::of(&d.metadata);
            let api = self.ctx.api::<Deployment>(&key.namespace);
            let written = api.replace_status(&key.name, &PostParams::default(), &update).await?;
            self.deployments.seen(&written).await;
            *d = written;
        }
        Ok(())
    }

    async fn create_set(&self, d: &mut Deployment, sets: &Sets, revision: i64) -> kube::Result<ReplicaSet> {
        let namespace = d.namespace().unwrap_or_default();
        let spec = spec(d);
        let collisions = d.status.as_ref().and_then(|s| s.collision_count);
        let hash = hash(&spec.template, collisions);
        let mut template = spec.template.clone();
        let meta = template.metadata.get_or_insert_default();
        meta.labels.get_or_insert_default().insert(HASH_LABEL.into(), hash.clone());
        let labels = meta.labels.clone();
        let mut selector = spec.selector.clone();
        selector.match_labels.get_or_insert_default().insert(HASH_LABEL.into(), hash.clone());
        let (surge, _) = bounds(d);
        let others: i32 = sets.old.iter().map(size).sum();
        let replicas = match super::is_recreate(d) {
            true => wanted(d),
            false => maths::new_set_size(wanted(d), surge, others, 0),
        };
        let mut annotations = annotations::of_new_set(d, None, revision);
        annotations::set_sizes(&mut annotations, wanted(d), wanted(d) + surge);
        let rs = ReplicaSet {
            metadata: ObjectMeta {
                name: Some(format!("{}-{hash}", d.name_any())),
                namespace: Some(namespace.clone()),
                labels,
                annotations: Some(annotations),
                owner_references: Some(vec![controller_ref(d)]),
                ..Default::default()
            },
            spec: Some(ReplicaSetSpec {
                replicas: Some(replicas),
                min_ready_seconds: spec.min_ready_seconds,
                selector,
                template: Some(template),
            }),
            status: None,
        };
        let api = self.ctx.api::<ReplicaSet>(&namespace);
        match api.create(&PostParams::default(), &rs).await {
            Ok(created) => {
                self.sets.seen(&created).await;
                if replicas > 0 {
                    let message = format!("Scaled up replica set {} from 0 to {replicas}", created.name_any());
                    self.ctx.events.normal(COMPONENT, &self.note(d), "ScalingReplicaSet", message);
                }
                super::progress::note_created(d, &created, self.ctx.now());
                Ok(created)
            }
            Err(e) if is_exists(&e) => {
                let existing = api.get(&rs.name_any()).await?;
                if owned_by(&existing.metadata, &d.metadata) && same_template(&existing, &spec.template) {
                    // Ours: the answer to an earlier request was lost.
                    self.sets.seen(&existing).await;
                    return Ok(existing);
                }
                // Another template with this hash: count the collision, so that the next name differs.
                let mut status = d.status.clone().unwrap_or_default();
                status.collision_count = Some(collisions.unwrap_or_default() + 1);
                self.write_status(d, status).await?;
                Err(e)
            }
            Err(e) => {
                let failed = super::progress::failed_create(d, &e, self.ctx.now());
                self.set_condition(d, failed).await?;
                Err(e)
            }
        }
    }

    /// Scales a ReplicaSet and notes the Deployment's sizes on it.
    pub(super) async fn resize(&self, d: &Deployment, rs: &ReplicaSet, to: i32) -> kube::Result<ReplicaSet> {
        let (surge, _) = bounds(d);
        let mut annotations = rs.annotations().clone();
        annotations::set_sizes(&mut annotations, wanted(d), wanted(d) + surge);
        let from = size(rs);
        if from == to && rs.annotations() == &annotations {
            return Ok(rs.clone());
        }
        let patch = json!({"metadata": {"annotations": annotations}, "spec": {"replicas": to}});
        let written = self.patch_set(rs, patch).await?;
        if from != to {
            let verb = if to > from { "up" } else { "down" };
            let message = format!("Scaled {verb} replica set {} from {from} to {to}", rs.name_any());
            self.ctx.events.normal(COMPONENT, &self.note(d), "ScalingReplicaSet", message);
        }
        Ok(written)
    }

    async fn patch_set(&self, rs: &ReplicaSet, mut patch: serde_json::Value) -> kube::Result<ReplicaSet> {
        patch["metadata"]["resourceVersion"] = json!(rs.metadata.resource_version);
        let key = Key::of(&rs.metadata);
        let path = format!("/apis/apps/v1/namespaces/{}/replicasets/{}", key.namespace, key.name);
        let written: ReplicaSet = request::merge_patch(&self.ctx.client, &path, &patch).await?;
        self.sets.seen(&written).await;
        Ok(written)
    }

    /// Deletes old ReplicaSets beyond `revisionHistoryLimit`, lowest revisions first.
    pub(super) async fn clean_up(&self, d: &Deployment, sets: &Sets) -> kube::Result<()> {
        let Some(limit) = spec(d).revision_history_limit.and_then(|l| usize::try_from(l).ok()) else { return Ok(()) };
        let mut old: Vec<&ReplicaSet> = sets.old.iter().filter(|rs| rs.metadata.deletion_timestamp.is_none()).collect();
        old.sort_by_key(|rs| annotations::revision(rs));
        for rs in old.iter().take(old.len().saturating_sub(limit)) {
            let status = rs.status.clone().unwrap_or_default();
            if status.replicas != 0 || size(rs) != 0 || status.observed_generation < rs.metadata.generation {
                continue;
            }
            let key = Key::of(&rs.metadata);
            let exact = DeleteParams {
                preconditions: Some(Preconditions { uid: rs.uid(), resource_version: None }),
                ..Default::default()
            };
            match self.ctx.api::<ReplicaSet>(&key.namespace).delete(&key.name, &exact).await {
                Err(e) if !is_not_found(&e) => return Err(e),
                _ => self.sets.seen_deleted(&key, &rs.uid().unwrap_or_default()).await,
            }
        }
        Ok(())
    }
}
