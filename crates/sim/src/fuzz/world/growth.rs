//! What Kubernetes does in a world: Deployments size their ReplicaSets, and ReplicaSets get their pods.

use super::World;
use jiff::Timestamp;
use rollouts_api::Time;
use rollouts_core::{Pod, ReplicaSet};
use serde_json::json;

/// Pods that are made for one ReplicaSet; counters do not stop there.
const PODS_PER_SET: i32 = 8;

impl World {
    /// ReplicaSets get the pods they want, pods on their way out go.
    pub fn grow(&mut self) {
        self.follow_deployments();
        self.pods.retain(|_, pod| pod.metadata.deletion_timestamp.is_none());
        for (name, set) in &mut self.sets {
            let size = set.size().max(0);
            let status = &mut set.status;
            (status.replicas, status.ready_replicas, status.available_replicas) = (size, size, size);
            status.observed_generation = set.metadata.generation;
            for n in 0..PODS_PER_SET {
                let pod = format!("{name}-{n}");
                if n >= size {
                    self.pods.remove(&pod);
                } else if !self.pods.contains_key(&pod) {
                    self.births += 1;
                    self.pods.insert(pod.clone(), new_pod(&pod, self.births, set, self.now));
                }
            }
        }
    }

    /// The first ReplicaSet of a Deployment gets all its pods.
    fn follow_deployments(&mut self) {
        let sizes: Vec<(String, i32)> = self.deployments().map(|d| (d.metadata.uid.clone(), d.size())).collect();
        for (uid, mut size) in sizes {
            let is_owned = |s: &ReplicaSet| s.metadata.controller().is_some_and(|c| c.uid == uid);
            for set in self.sets.values_mut().filter(|s| is_owned(s)) {
                if set.size() != size {
                    set.spec.replicas = Some(size);
                    set.metadata.generation = set.metadata.generation.saturating_add(1);
                }
                size = 0;
            }
        }
    }
}

fn new_pod(name: &str, number: u64, set: &ReplicaSet, now: Timestamp) -> Pod {
    let now = Time::new(now);
    let pod = json!({
        "metadata": {
            "name": name,
            "uid": format!("pod-{number}"),
            "creationTimestamp": now,
            "labels": set.spec.template.labels(),
            "annotations": set.spec.template.annotations(),
            "ownerReferences": [{
                "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": set.metadata.name, "uid": set.metadata.uid,
                "controller": true,
            }],
        },
        "status": { "conditions": [{ "type": "Ready", "status": "True", "lastTransitionTime": now }] },
    });
    serde_json::from_value(pod).expect("a pod of ours can be read")
}
