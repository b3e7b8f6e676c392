//! Deployments that a Rollout takes over from. Their own pods are no matter here.

use super::{World, template};
use rollouts_api::Rollout;
use rollouts_core::{Debt, Referenced, Snapshot, Workload, resolve};
use serde_json::json;
use std::sync::Arc;

impl World {
    /// A Rollout that refers to the Deployment `old` of so many pods.
    pub fn with_deployment(mut self, size: i32, scale_down: &str) -> Self {
        self.add_deployment("old", size);
        self.refer_to("old", scale_down);
        self
    }

    pub fn add_deployment(&mut self, name: &str, size: i32) {
        let deployment = json!({
            "metadata": { "name": name, "namespace": "ns", "uid": format!("{name}-uid"), "generation": 1 },
            "spec": {
                "replicas": size,
                "selector": { "matchLabels": { "app": "web" } },
                "template": template("1"),
            },
        });
        self.deployments.insert(name.into(), serde_json::from_value(deployment).unwrap());
    }

    pub fn refer_to(&mut self, name: &str, scale_down: &str) {
        self.change(|ro| {
            ro.spec.template = Default::default();
            ro.spec.selector = None;
            ro.spec.workload_ref = Some(rollouts_api::rollout::ObjectRef {
                api_version: "apps/v1".into(),
                kind: "Deployment".into(),
                name: name.into(),
                scale_down: scale_down.into(),
            });
        });
    }

    /// Somebody changes a Deployment.
    pub fn change_deployment(&mut self, name: &str, f: impl FnOnce(&mut Workload)) {
        let deployment = self.deployments.get_mut(name).unwrap();
        f(deployment);
        deployment.metadata.generation += 1;
    }

    pub fn scale_deployment(&mut self, name: &str, size: i32) {
        self.change_deployment(name, |d| d.spec.replicas = Some(size));
    }

    pub fn set_deployment_image(&mut self, name: &str, tag: &str) {
        self.change_deployment(name, |d| d.spec.template = serde_json::from_value(template(tag)).unwrap());
    }

    pub fn deployment(&self, name: &str) -> &Workload {
        &self.deployments[name]
    }

    /// The part of a snapshot that concerns Deployments.
    pub(super) fn take_workload(&self, snapshot: &mut Snapshot) {
        let reference = self.rollout.spec.workload_ref.as_ref();
        let found = reference.and_then(|r| self.deployments.get(&r.name)).cloned().map(Arc::new);
        let referenced = found.clone().map_or(Referenced::Missing, Referenced::Found);
        let written: Arc<Rollout> = Arc::clone(&snapshot.rollout);
        match resolve(&written, &referenced) {
            Ok(ro) => snapshot.rollout = ro,
            Err(problem) => snapshot.unresolved = Some(problem),
        }
        snapshot.workload = found;
        snapshot.taken_by = self.taken_by.clone();
        let owed = self.deployments.values().filter(|d| Debt::of(d).is_some_and(|debt| debt.by == "ro"));
        snapshot.scaled_down = owed.cloned().map(Arc::new).collect();
    }

    pub(super) fn apply_scale(&mut self, name: &str, replicas: Option<i32>, debt: Option<Debt>) {
        let deployment = self.deployments.get_mut(name).unwrap();
        if let Some(n) = replicas {
            assert_ne!(deployment.size(), n, "a write without a change");
            deployment.spec.replicas = Some(n);
            deployment.metadata.generation += 1;
            self.deployment_sizes.push((name.into(), n));
        }
        deployment.metadata.labels.clear();
        deployment.metadata.labels.extend(debt.iter().flat_map(Debt::labels).map(|(k, v)| (k.into(), v)));
    }
}
