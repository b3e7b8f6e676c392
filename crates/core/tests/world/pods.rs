//! Pods of a [`World`] that has them: one for each that a ReplicaSet wants, from its template at that moment.

use super::{World, apply_changes};
use rollouts_api::{ObjectMeta, Time};
use rollouts_core::{Pod, ReplicaSet};
use serde_json::json;
use std::collections::BTreeMap;

impl World {
    /// From now on ReplicaSets have pods.
    pub fn with_pods(mut self) -> Self {
        self.pods = Some(BTreeMap::new());
        self
    }

    /// Asks for a restart of all present pods.
    pub fn change_restart(&mut self) {
        let now = Time::new(self.now);
        self.change(|ro| ro.spec.restart_at = Some(now));
    }

    /// Metadata of the pods of the ReplicaSet of this revision.
    pub fn pods_of(&self, revision: i64) -> Vec<&ObjectMeta> {
        let set = self.sets.values().find(|s| s.revision() == revision).expect("a ReplicaSet of that revision");
        let pods = self.pods.iter().flatten().map(|(_, p)| &p.metadata);
        pods.filter(|m| m.controller().is_some_and(|c| c.uid == set.metadata.uid)).collect()
    }

    /// Pods carry what their ReplicaSet's template says, no more and no less, and a restart that was asked for is done.
    pub fn check_pods(&self) {
        let Some(pods) = &self.pods else { return };
        for (name, pod) in pods {
            let owner = &pod.metadata.controller().unwrap().uid;
            let set = self.sets.values().find(|s| s.metadata.uid == *owner).unwrap();
            let template = &set.spec.template;
            assert_eq!(
                (&pod.metadata.labels, &pod.metadata.annotations),
                (&template.labels(), &template.annotations()),
                "{name}"
            );
        }
        assert_eq!(self.rollout.spec.restart_at, self.status().restarted_at);
    }

    /// Creates and deletes pods until there are as many as wanted; the newest go first.
    pub(super) fn sync_pods(&mut self, name: &str) {
        let set = &self.sets[name];
        let Some(pods) = &mut self.pods else { return };
        let owned = |p: &Pod| p.metadata.controller().is_some_and(|c| c.uid == set.metadata.uid);
        let present: Vec<String> = pods.iter().filter(|(_, p)| owned(p)).map(|(name, _)| name.clone()).collect();
        let wanted = set.size().max(0) as usize;
        for name in present.iter().skip(wanted) {
            pods.remove(name);
        }
        for _ in present.len()..wanted {
            self.pods_made += 1;
            let pod = new_pod(set, self.pods_made, Time::new(self.now));
            pods.insert(pod.metadata.name.clone(), pod);
        }
    }

    /// Deletes a ReplicaSet and its pods.
    pub fn delete_set(&mut self, name: &str) {
        let set = self.sets.remove(name).expect("deletion of a ReplicaSet that exists");
        let owned = |p: &Pod| p.metadata.controller().is_some_and(|c| c.uid == set.metadata.uid);
        self.pods.iter_mut().for_each(|pods| pods.retain(|_, p| !owned(p)));
    }

    /// The pods of a ReplicaSet become ready, unless its image is broken.
    pub(super) fn ripen_pods(&mut self, name: &str, ready: bool) {
        let uid = &self.sets[name].metadata.uid;
        for pod in self.pods.iter_mut().flat_map(|pods| pods.values_mut()) {
            if pod.metadata.controller().is_some_and(|c| c.uid == *uid) && pod.ready_since().is_some() != ready {
                let status = if ready { "True" } else { "False" };
                let ready = json!({ "conditions": [{
                    "type": "Ready", "status": status, "lastTransitionTime": Time::new(self.now),
                }] });
                pod.status = serde_json::from_value(ready).unwrap();
            }
        }
    }

    /// The pod goes at once, and its ReplicaSet makes another.
    pub(super) fn evict(&mut self, name: &str) {
        // What is gone already is no error.
        let Some(pod) = self.pods.as_mut().and_then(|pods| pods.remove(name)) else { return };
        let owner = pod.metadata.controller().expect("a controller").uid.clone();
        let set = self.sets.values_mut().find(|s| s.metadata.uid == owner).unwrap();
        if pod.ready_since().is_some() {
            set.status.available_replicas -= 1;
            set.status.ready_replicas -= 1;
        }
        let set = set.metadata.name.clone();
        self.evicted.push(name.into());
        self.sync_pods(&set);
        self.ripe_after_a_second(&set);
    }

    pub(super) fn patch_pod(&mut self, name: &str, labels: super::Changes, annotations: super::Changes) {
        let Some(pod) = self.pods.as_mut().and_then(|pods| pods.get_mut(name)) else { return };
        apply_changes(&mut pod.metadata.labels, labels);
        apply_changes(&mut pod.metadata.annotations, annotations);
    }
}

/// Names sort by age.
fn new_pod(set: &ReplicaSet, number: usize, created: Time) -> Pod {
    let name = format!("{}-{number:04}", set.metadata.name);
    serde_json::from_value(json!({
        "metadata": {
            "name": name,
            "uid": name,
            "labels": set.spec.template.labels(),
            "annotations": set.spec.template.annotations(),
            "creationTimestamp": created,
            "ownerReferences": [{
                "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": set.metadata.name, "uid": set.metadata.uid,
                "controller": true,
            }],
        },
    }))
    .unwrap()
}
