//! The ReplicaSets of an Experiment: found, made, resized (analysis.md §6.1, §6.2).

use super::machine::Machine;
use super::{ExperimentEffect, NAME, Refused, TEMPLATE_NAME};
use crate::plan::AnnotationChanges;
use crate::roles::controlled_by;
use crate::{EventType, ReplicaSet};
use rollouts_api::experiment::{Experiment, TemplateSpec};
use rollouts_api::{PodTemplate, Time, names, pod_template};
use serde_json::{Value, json};
use std::sync::Arc;

/// Where the pods of a template come from.
pub(super) enum Found {
    /// This ReplicaSet.
    Set(Arc<ReplicaSet>),
    /// There is none, and nothing is in the way of one.
    Nothing,
    /// There is none, and its name is taken: the message says by whom.
    Taken(String),
}

/// Pods of a template as they will be: with the label of the hash.
pub(super) struct Pods {
    /// The hash. One that was inherited does not go into it.
    pub hash: String,
    /// The template with its label.
    pub template: PodTemplate,
}

impl Pods {
    pub fn of(template: &TemplateSpec) -> Self {
        let plain = template.template.without_label(names::POD_TEMPLATE_HASH);
        let hash = pod_template::hash(&plain, None);
        Pods { template: plain.with_label(names::POD_TEMPLATE_HASH, &hash), hash }
    }
}

/// Name of the ReplicaSet of a template.
pub(super) fn set_name(experiment: &Experiment, template: &TemplateSpec) -> String {
    format!("{}-{}", experiment.metadata.name, template.name)
}

/// Annotations of whatever is made for a template.
pub(super) fn annotations(experiment: &Experiment, template: &TemplateSpec) -> Value {
    json!({ NAME: experiment.metadata.name, TEMPLATE_NAME: template.name })
}

impl Machine<'_> {
    /// The ReplicaSet of a template. Should there be several, it is the one with the right name.
    pub(super) fn find_set(&self, template: &TemplateSpec) -> Found {
        let name = set_name(self.experiment, template);
        let of_template = |s: &&Arc<ReplicaSet>| s.metadata.annotation(TEMPLATE_NAME) == Some(&template.name);
        let alive = |s: &&Arc<ReplicaSet>| s.metadata.deletion_timestamp.is_none();
        let sets = || self.snapshot.replica_sets.iter();
        let set = sets().filter(of_template).filter(alive).min_by_key(|s| (s.metadata.name != name, &s.metadata.name));
        if let Some(set) = set {
            return Found::Set(set.clone());
        }
        if sets().any(|s| s.metadata.name == name) {
            return Found::Taken(format!("ReplicaSet '{name}' is being deleted, or belongs to another template"));
        }
        if self.snapshot.foreign_replica_sets.contains(&name) {
            let template = &template.name;
            let message = format!("ReplicaSet '{name}' already exists and is not owned by experiment template");
            return Found::Taken(format!("{message} '{template}'"));
        }
        Found::Nothing
    }

    /// Creates an empty ReplicaSet. The error is for the user.
    pub(super) fn create_set(&mut self, template: &TemplateSpec, pods: &Pods) -> Result<(), String> {
        if let Some(error) = self.snapshot.refused.get(&Refused::ReplicaSet(template.name.clone())) {
            return Err(format!("Failed to create ReplicaSet for template '{}': {error}", template.name));
        }
        let name = set_name(self.experiment, template);
        let mut selector = json!(template.selector.clone().unwrap_or_default());
        selector["matchLabels"][names::POD_TEMPLATE_HASH] = pods.hash.as_str().into();
        let mut object = json!({
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": name,
                "namespace": self.experiment.metadata.namespace,
                "labels": pods.template.labels(),
                "annotations": annotations(self.experiment, template),
                "ownerReferences": [controlled_by("Experiment", &self.experiment.metadata)],
            },
            "spec": { "replicas": 0, "selector": selector, "template": pods.template.value() },
        });
        if template.min_ready_seconds != 0 {
            object["spec"]["minReadySeconds"] = template.min_ready_seconds.into();
        }
        let template = template.name.clone();
        self.push(ExperimentEffect::CreateReplicaSet { template, name, object }, "the template has no ReplicaSet");
        Ok(())
    }

    /// Resizes a ReplicaSet if it is time to; says whether it did. Nothing is scaled to zero before the delay is over.
    /// The error is for the user.
    pub(super) fn resize(&mut self, template: &str, set: &ReplicaSet, wanted: i32) -> Result<bool, String> {
        let size = set.spec.replicas.unwrap_or(1);
        let name = &set.metadata.name;
        let mut annotations = AnnotationChanges::new();
        if wanted != 0 && set.metadata.annotation(names::SCALE_DOWN_DEADLINE).is_some() {
            annotations.insert(names::SCALE_DOWN_DEADLINE.into(), None);
        }
        if size == wanted {
            if !annotations.is_empty() {
                self.update_set(template, name, None, annotations, "it is needed again");
            }
            return Ok(false);
        }
        if wanted == 0 && !self.delay_is_over(template, set) {
            return Ok(false);
        }
        if let Some(error) = self.snapshot.refused.get(&Refused::Size(template.to_string())) {
            let message = format!("Unable to scale ReplicaSet for template '{template}' to desired replica count");
            return Err(format!("{message} '{wanted}': {error}"));
        }
        let why = if wanted == 0 { "its pods are needed no more" } else { "the template asks for as many" };
        self.update_set(template, name, Some(wanted), annotations, why);
        let direction = if wanted > size { "up" } else { "down" };
        let message = format!("Scaled {direction} ReplicaSet {name} from {size} to {wanted}");
        self.event(EventType::Normal, "ScalingReplicaSet", message);
        Ok(true)
    }

    /// Whether a ReplicaSet that is needed no more has been kept long enough. The deadline is written first.
    fn delay_is_over(&mut self, template: &str, set: &ReplicaSet) -> bool {
        let delay = self.experiment.spec.scale_down_delay_seconds();
        if delay <= 0 {
            return true;
        }
        match set.deadline() {
            None => {
                let at = Time::new(Time::new(self.now).plus_seconds(delay.into()));
                let annotations = [(names::SCALE_DOWN_DEADLINE.to_string(), Some(at.to_string()))].into();
                let why = format!("its pods are needed no more, and stay for scaleDownDelaySeconds ({delay})");
                self.update_set(template, &set.metadata.name, None, annotations, why);
                self.wake(at.timestamp());
                false
            }
            Some(Some(at)) if self.now < at.timestamp() => {
                self.wake(at.timestamp());
                false
            }
            // What cannot be read is no reason to stay.
            Some(_) => true,
        }
    }

    fn update_set(
        &mut self,
        template: &str,
        name: &str,
        replicas: Option<i32>,
        annotations: AnnotationChanges,
        why: impl Into<String>,
    ) {
        let (template, name) = (template.to_string(), name.to_string());
        self.push(ExperimentEffect::UpdateReplicaSet { template, name, replicas, annotations }, why);
    }

    /// ReplicaSets of templates that are not in the spec any more, and second ones of those that are.
    pub(super) fn remove_left_over_sets(&mut self) {
        let used: Vec<String> = self.experiment.spec.templates.iter().filter_map(|t| self.used_name(t)).collect();
        let snapshot = self.snapshot;
        let left = snapshot.replica_sets.iter().filter(|s| s.metadata.deletion_timestamp.is_none());
        for set in left.filter(|s| !used.contains(&s.metadata.name)) {
            let template = set.metadata.annotation(TEMPLATE_NAME).unwrap_or_default();
            if let Err(problem) = self.resize(template, set, 0) {
                self.retry(problem);
            }
        }
    }

    fn used_name(&self, template: &TemplateSpec) -> Option<String> {
        match self.find_set(template) {
            Found::Set(set) => Some(set.metadata.name.clone()),
            Found::Nothing | Found::Taken(_) => None,
        }
    }
}
