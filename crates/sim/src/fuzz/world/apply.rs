//! Effects, applied at once. One that an API server would refuse, or that does what no plan should do, breaks a rule.

use super::World;
use rollouts_api::{Time, names};
use rollouts_core::{AnnotationChanges, Debt, Effect, ReplicaSet};
use serde_json::json;
use std::collections::BTreeMap;

impl World {
    pub(super) fn apply(&mut self, effect: Effect) -> Result<(), String> {
        match effect {
            Effect::Route { write, .. } => write.apply(&mut self.routers),
            Effect::AdoptReplicaSet { name } => {
                let owner = rollouts_core::owner_reference(&self.rollout.metadata);
                self.set(&name)?.metadata.owner_references.push(owner);
            }
            Effect::ReleaseReplicaSet { name } => {
                let uid = self.rollout.metadata.uid.clone();
                self.set(&name)?.metadata.owner_references.retain(|o| o.uid != uid);
            }
            Effect::CreateReplicaSet { name, object } => {
                let mut set: ReplicaSet = serde_json::from_value(object).map_err(|e| e.to_string())?;
                set.metadata.uid = format!("uid-of-{name}");
                set.metadata.generation = 1;
                set.metadata.creation_timestamp = Some(Time::new(self.now));
                if self.sets.insert(name, set).is_some() {
                    return Err("it exists".into());
                }
            }
            Effect::UpdateReplicaSet { name, replicas, min_ready_seconds, template, annotations } => {
                if replicas.is_some_and(|n| n < 0) {
                    return Err("a negative size".into());
                }
                let set = self.set(&name)?;
                let before = set.clone();
                if replicas.is_some() || min_ready_seconds.is_some() || template.is_some() {
                    set.metadata.generation = set.metadata.generation.saturating_add(1);
                }
                set.spec.replicas = replicas.or(set.spec.replicas);
                set.spec.min_ready_seconds = min_ready_seconds.unwrap_or(set.spec.min_ready_seconds);
                if let Some(template) = template {
                    set.spec.template = rollouts_api::PodTemplate::new(&template);
                }
                change(&mut set.metadata.annotations, annotations);
                if *set == before {
                    return Err("it changes nothing".into());
                }
            }
            Effect::DeleteReplicaSet { name } => {
                self.sets.remove(&name).ok_or("it does not exist")?;
            }
            Effect::SwitchService { name, hash } => {
                let rollout = self.rollout.metadata.name.clone();
                let service = self.services.get_mut(&name).ok_or("it does not exist")?;
                service.spec.selector.insert(names::POD_TEMPLATE_HASH.into(), hash);
                service.metadata.annotations.entry(names::MANAGED_BY_ROLLOUTS.into()).or_insert(rollout);
            }
            Effect::EvictPods { names, at_most } => {
                for name in names.iter().take(at_most) {
                    let pod = self.pods.get_mut(name).ok_or("it does not exist")?;
                    pod.metadata.deletion_timestamp = Some(Time::new(self.now));
                }
            }
            Effect::PatchPod { name, labels, annotations } => {
                let pod = self.pods.get_mut(&name).ok_or("it does not exist")?;
                change(&mut pod.metadata.labels, labels);
                change(&mut pod.metadata.annotations, annotations);
            }
            Effect::PatchRollout { replicas, annotations } => {
                change(&mut self.rollout.metadata.annotations, annotations);
                if replicas.is_some() {
                    self.rollout.spec.replicas = replicas;
                    self.rollout.metadata.generation = self.rollout.metadata.generation.saturating_add(1);
                }
            }
            Effect::PatchStatus { status } => {
                if json!(status) == json!(self.rollout.status) {
                    return Err("it changes nothing".into());
                }
                self.rollout.status = *status;
            }
            Effect::ScaleDeployment { name, replicas, debt } => self.scale_deployment(&name, replicas, debt)?,
            Effect::CreateAnalysisRun { .. }
            | Effect::TerminateAnalysisRun { .. }
            | Effect::DeleteAnalysisRun { .. }
            | Effect::CreateExperiment { .. }
            | Effect::TerminateExperiment { .. }
            | Effect::DeleteExperiment { .. } => return Err("there are no runs and Experiments in this world".into()),
            Effect::Event { .. } => {}
        }
        Ok(())
    }

    fn scale_deployment(&mut self, name: &str, replicas: Option<i32>, debt: Option<Debt>) -> Result<(), String> {
        let (serving, wanted) = (self.serving(), i64::from(self.rollout.spec.replicas()));
        let deployment = self.deployment(name).ok_or("it does not exist")?;
        let before = deployment.clone();
        if let Some(size) = replicas {
            if size < 0 {
                return Err("a negative size".into());
            }
            let promised = wanted.min(before.size().into());
            if size < before.size() && i64::from(size) + serving < promised {
                return Err(format!("it takes pods that nobody replaces: {serving} serve, {promised} must"));
            }
            deployment.spec.replicas = replicas;
            deployment.metadata.generation = deployment.metadata.generation.saturating_add(1);
        }
        for label in [names::SCALED_DOWN_BY, names::SCALED_DOWN_FROM, names::SCALED_DOWN_TO] {
            deployment.metadata.labels.remove(label);
        }
        for (label, value) in debt.iter().flat_map(Debt::labels) {
            deployment.metadata.labels.insert(label.into(), value);
        }
        if *deployment == before {
            return Err("it changes nothing".into());
        }
        if Debt::of(deployment) != debt {
            return Err("the debt cannot be read back".into());
        }
        let (old, new) = (before.size(), deployment.size());
        self.outcome.taken += u64::from(new < old);
        self.outcome.given_back += u64::from(new > old);
        Ok(())
    }

    /// Available pods of the Rollout that stay.
    fn serving(&self) -> i64 {
        let uid = &self.rollout.metadata.uid;
        let ours = self.sets.values().filter(|s| s.metadata.controller().is_some_and(|c| c.uid == *uid));
        ours.map(|s| i64::from(s.available().min(s.size()))).sum()
    }

    fn set(&mut self, name: &str) -> Result<&mut ReplicaSet, String> {
        self.sets.get_mut(name).ok_or_else(|| "it does not exist".into())
    }
}

fn change(map: &mut BTreeMap<String, String>, changes: AnnotationChanges) {
    for (key, value) in changes {
        match value {
            Some(value) => map.insert(key, value),
            None => map.remove(&key),
        };
    }
}
