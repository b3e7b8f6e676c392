//! The new ReplicaSet: creating it, its revision and annotations (rollout.md §2.3, §2.5).

use crate::conditions::{self, PROGRESSING};
use crate::plan::AnnotationChanges;
use crate::reconcile::{Flow, GO_ON, Reconcile, STOP};
use crate::{Effect, EventType, roles};
use rollouts_api::{names, pod_template};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Annotations of the Rollout that ReplicaSets do not get.
const NOT_COPIED: [&str; 6] = [
    names::LAST_APPLIED,
    names::REVISION,
    names::REVISION_HISTORY,
    names::DESIRED_REPLICAS,
    names::NOTIFIED,
    names::TRAFFIC_ROUTING,
];

/// How many entries of a revision history are kept. Every scaling of a referenced Deployment adds one, so an autoscaler
/// would fill the annotation until the API server refuses it.
const HISTORY_MAX: usize = 100;

fn appended(history: Option<&str>, revision: &str) -> String {
    let past = history.into_iter().flat_map(|h| h.split(',')).filter(|r| !r.is_empty());
    let entries: Vec<&str> = past.chain([revision]).collect();
    entries[entries.len().saturating_sub(HISTORY_MAX)..].join(",")
}

impl Reconcile<'_> {
    /// Creates the new ReplicaSet, empty, if there is none yet.
    pub(crate) fn require_new_set(&mut self) -> Flow {
        if self.roles.new.is_some() {
            return GO_ON;
        }
        let hash = self.template_hash();
        let name = self.snapshot.template_hash.replica_set_name(&self.snapshot.rollout);
        // One of our own that someone gave another template and another hash is in the way like a foreign one.
        let ours = self.snapshot.replica_sets.iter().any(|s| s.metadata.name == name);
        if ours || self.snapshot.foreign_replica_sets.contains_key(&name) {
            let mut status = self.old_status().clone();
            status.collision_count = Some(status.collision_count.unwrap_or(0).saturating_add(1));
            let why = format!("ReplicaSet {name} exists and is not what is wanted: the next hash will differ");
            self.push(Effect::PatchStatus { status: Box::new(status) }, why);
            return STOP;
        }
        let revision = self.next_revision();
        let object = self.new_object(&name, hash, revision);
        self.push(
            Effect::CreateReplicaSet { name: name.clone(), object },
            "no ReplicaSet has the current pod template",
        );
        self.set_rollout_revision(&revision.to_string());
        self.event("NewReplicaSetCreated", format!("Created ReplicaSet {name} (revision {revision})"));
        let message = format!("Created new replica set \"{name}\"");
        self.patch_progressing(
            "True",
            "NewReplicaSetCreated",
            message,
            "progress is counted from the new ReplicaSet on",
        );
        STOP
    }

    /// What to tell when the API server refuses to create the new ReplicaSet.
    pub(crate) fn create_failed(&mut self, name: &str, error: &str) {
        let message = format!("Failed to create new replica set \"{name}\": {error}");
        self.status_event(EventType::Warning, "ReplicaSetCreateError", message.clone());
        self.patch_progressing("False", "ReplicaSetCreateError", message, "the API server refused the new ReplicaSet");
        let events = std::mem::take(&mut self.status_events);
        events.into_iter().for_each(|e| self.push(e, ""));
    }

    fn patch_progressing(&mut self, status: &str, reason: &str, message: String, why: &str) {
        let mut next = self.old_status().clone();
        if conditions::set(&mut next.conditions, PROGRESSING, status, reason, message, self.now) {
            self.push(Effect::PatchStatus { status: Box::new(next) }, why);
        }
    }

    fn next_revision(&self) -> i64 {
        let old = self.sets.iter().enumerate().filter(|(i, _)| self.roles.new != Some(*i));
        old.map(|(_, s)| s.revision()).max().unwrap_or(0).saturating_add(1)
    }

    fn new_object(&self, name: &str, hash: &str, revision: i64) -> Value {
        let spec = &self.ro.spec;
        let mut labels = spec.template.labels();
        labels.insert(names::POD_TEMPLATE_HASH.into(), hash.into());
        let mut annotations = self.copied_annotations();
        annotations.insert(names::REVISION.into(), revision.to_string());
        annotations.insert(names::DESIRED_REPLICAS.into(), spec.replicas().to_string());

        let mut template = spec.template.value();
        template["metadata"]["labels"][names::POD_TEMPLATE_HASH] = hash.into();
        if let Some(rule) = self.anti_affinity()
            && !self.ro.status.stable_rs.is_empty()
            && self.ro.status.stable_rs != hash
        {
            pod_template::affinity::inject(&mut template, rule, &self.ro.status.stable_rs, &self.ro.metadata.namespace);
        }
        let metadata = self.role_metadata();
        let fresh = if self.roles.stable.is_some() { metadata.new } else { metadata.stable };
        if let Some(metadata) = &fresh {
            pod_template::ephemeral::apply(&mut template, Some(metadata), None);
            annotations.insert(names::EPHEMERAL_METADATA.into(), pod_template::ephemeral::annotation(metadata));
        }

        let mut selector = json!(spec.selector.clone().unwrap_or_default());
        selector["matchLabels"][names::POD_TEMPLATE_HASH] = hash.into();
        let mut object = json!({
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": name,
                "namespace": self.ro.metadata.namespace,
                "labels": labels,
                "annotations": annotations,
                "ownerReferences": [roles::owner_reference(&self.ro.metadata)],
            },
            "spec": { "replicas": 0, "selector": selector, "template": template },
        });
        if spec.min_ready_seconds != 0 {
            object["spec"]["minReadySeconds"] = spec.min_ready_seconds.into();
        }
        object
    }

    fn copied_annotations(&self) -> BTreeMap<String, String> {
        let all = self.ro.metadata.annotations.iter();
        all.filter(|(k, _)| !NOT_COPIED.contains(&k.as_str())).map(|(k, v)| (k.clone(), v.clone())).collect()
    }

    /// Brings revision, annotations, minReadySeconds and anti-affinity of the new ReplicaSet up to date, and the
    /// Rollout's revision with it (§2.5).
    pub(crate) fn sync_revision(&mut self) {
        let Some(index) = self.roles.new else { return };
        let next = self.next_revision();
        let copied = self.copied_annotations();
        let set = &self.sets[index];
        let mut annotations: AnnotationChanges = copied
            .into_iter()
            .filter(|(k, v)| set.metadata.annotations.get(k) != Some(v))
            .map(|(k, v)| (k, Some(v)))
            .collect();
        let had = set.metadata.annotation(names::REVISION).map(str::to_string);
        let readable = had.as_ref().is_none_or(|r| r.parse::<i64>().is_ok());
        if readable && set.revision() < next {
            annotations.insert(names::REVISION.into(), Some(next.to_string()));
        }
        if !annotations.is_empty()
            && let Some(had) = &had
        {
            let history = appended(set.metadata.annotation(names::REVISION_HISTORY), had);
            annotations.insert(names::REVISION_HISTORY.into(), Some(history));
        }
        let wanted = self.ro.spec.min_ready_seconds;
        let min_ready_seconds = (set.spec.min_ready_seconds != wanted).then_some(wanted);
        let template = self.refreshed_anti_affinity(index);
        if !annotations.is_empty() || min_ready_seconds.is_some() || template.is_some() {
            let why = "revision, copied annotations, minReadySeconds and anti-affinity follow the Rollout";
            self.update_set(index, None, min_ready_seconds, template, annotations, why);
        }
        if let Some(revision) = self.sets[index].metadata.annotation(names::REVISION).map(str::to_string) {
            self.set_rollout_revision(&revision);
        }
        if !self.ro.status.conditions.iter().any(|c| c.r#type == PROGRESSING) {
            let message = format!("Found new replica set \"{}\"", self.sets[index].metadata.name);
            conditions::set(
                &mut self.ro.status.conditions,
                PROGRESSING,
                "True",
                "FoundNewReplicaSet",
                message,
                self.now,
            );
        }
    }

    /// The new ReplicaSet's template with the anti-affinity rule for the present stable hash, if it has one for
    /// another hash (§5.8).
    fn refreshed_anti_affinity(&self, index: usize) -> Option<Value> {
        let rule = self.anti_affinity()?;
        let stable = &self.ro.status.stable_rs;
        let set = &self.sets[index];
        if stable.is_empty() || stable == set.hash() {
            return None;
        }
        let mut template = set.spec.template.value();
        let stale = pod_template::affinity::injected_hash(&template).is_some_and(|h| h != *stable);
        stale.then(|| {
            pod_template::affinity::inject(&mut template, rule, stable, &self.ro.metadata.namespace);
            template
        })
    }

    fn anti_affinity(&self) -> Option<&rollouts_api::rollout::AntiAffinity> {
        let strategy = &self.ro.spec.strategy;
        let canary = strategy.canary.as_ref().and_then(|c| c.anti_affinity.as_ref());
        canary.or_else(|| strategy.blue_green.as_ref().and_then(|b| b.anti_affinity.as_ref()))
    }

    fn set_rollout_revision(&mut self, revision: &str) {
        if self.ro.metadata.annotation(names::REVISION) == Some(revision) {
            return;
        }
        let annotations = AnnotationChanges::from([(names::REVISION.to_string(), Some(revision.to_string()))]);
        self.push(
            Effect::PatchRollout { replicas: None, annotations },
            "the Rollout carries the revision it rolls out",
        );
        self.ro.metadata.annotations.insert(names::REVISION.into(), revision.into());
        self.event("RolloutUpdated", format!("Rollout updated to revision {revision}"));
    }

    /// Records a change of a ReplicaSet and follows it in the working copy.
    pub(crate) fn update_set(
        &mut self,
        index: usize,
        replicas: Option<i32>,
        min_ready_seconds: Option<i32>,
        template: Option<Value>,
        annotations: AnnotationChanges,
        why: impl Into<String>,
    ) {
        let set = &mut self.sets[index];
        set.spec.replicas = replicas.or(set.spec.replicas);
        set.spec.min_ready_seconds = min_ready_seconds.unwrap_or(set.spec.min_ready_seconds);
        if let Some(template) = &template {
            set.spec.template = rollouts_api::PodTemplate::new(template);
        }
        for (key, value) in &annotations {
            match value {
                Some(value) => set.metadata.annotations.insert(key.clone(), value.clone()),
                None => set.metadata.annotations.remove(key),
            };
        }
        let name = set.metadata.name.clone();
        self.push(Effect::UpdateReplicaSet { name, replicas, min_ready_seconds, template, annotations }, why);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_history_has_an_end() {
        assert_eq!(appended(None, "1"), "1");
        assert_eq!(appended(Some(""), "1"), "1");
        assert_eq!(appended(Some("1,2"), "2"), "1,2,2");
        let long = (0..1000).fold(String::new(), |history, n| appended(Some(&history), &n.to_string()));
        assert_eq!(long.split(',').count(), HISTORY_MAX);
        assert!(long.starts_with("900,") && long.ends_with(",999"), "{long}");
    }
}
