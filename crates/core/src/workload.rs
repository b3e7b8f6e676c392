//! Taking pod template and selector from another object (rollout.md §10).

use crate::reconcile::Reconcile;
use crate::{AnnotationChanges, Effect};
use rollouts_api::{LabelSelector, ObjectMeta, PodTemplate, Rollout, names};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// An object that `spec.workloadRef` refers to, of any supported kind, as far as decisions read it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Workload {
    /// Standard metadata.
    pub metadata: ObjectMeta,
    /// Desired state; a PodTemplate has none.
    pub spec: WorkloadSpec,
    /// The pod template of a PodTemplate.
    #[serde(skip_serializing_if = "PodTemplate::is_empty")]
    pub template: PodTemplate,
}

/// `spec` of a [`Workload`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkloadSpec {
    /// Desired pods; absent means 1.
    pub replicas: Option<i32>,
    /// Which pods are its own.
    pub selector: Option<LabelSelector>,
    /// The pod template of a Deployment or ReplicaSet.
    #[serde(skip_serializing_if = "PodTemplate::is_empty")]
    pub template: PodTemplate,
}

impl Workload {
    /// The pod template, wherever the kind keeps it.
    pub fn pod_template(&self) -> &PodTemplate {
        if self.spec.template.is_empty() { &self.template } else { &self.spec.template }
    }

    /// Desired pods; never negative, whatever is written there.
    pub fn size(&self) -> i32 {
        self.spec.replicas.unwrap_or(1).max(0)
    }

    /// Whether a change from `old` can change a decision.
    pub fn differs(&self, old: &Workload) -> bool {
        let (new_meta, old_meta) = (&self.metadata, &old.metadata);
        (new_meta.generation, &new_meta.uid, &new_meta.labels) != (old_meta.generation, &old_meta.uid, &old_meta.labels)
            || (&self.spec, &self.template) != (&old.spec, &old.template)
    }
}

/// What was found where `spec.workloadRef` points.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Referenced {
    /// Nothing.
    #[default]
    Missing,
    /// The object.
    Found(Arc<Workload>),
    /// The object cannot be read; why, for the user.
    Unreadable(String),
}

/// The Rollout with the template, and if it has none of its own the selector, of the workload it refers to. It is for
/// decisions alone: the spec is never written back.
///
/// # Errors
/// Why there is no template, in the words that users see.
pub fn resolve(written: &Arc<Rollout>, found: &Referenced) -> Result<Arc<Rollout>, String> {
    let Some(reference) = &written.spec.workload_ref else { return Ok(Arc::clone(written)) };
    let template = &written.spec.template;
    if !template.labels().is_empty() || !template.annotations().is_empty() {
        return Err("template must be empty for workload reference rollout".into());
    }
    let kind = reference.workload_kind()?;
    let workload = match found {
        Referenced::Found(workload) => workload,
        Referenced::Missing => return Err(kind.not_found(&written.metadata.namespace, &reference.name)),
        Referenced::Unreadable(problem) => return Err(problem.clone()),
    };
    let mut ro = (**written).clone();
    ro.spec.template = workload.pod_template().clone();
    ro.spec.selector = ro.spec.selector.or_else(|| workload.spec.selector.clone());
    Ok(Arc::new(ro))
}

impl Reconcile<'_> {
    /// The generation of the workload as an annotation, as ReplicaSets inherit it. That of a reference that is no more
    /// is not inherited.
    pub(crate) fn annotate_workload_generation(&mut self) {
        let annotations = &mut self.ro.metadata.annotations;
        match &self.snapshot.workload {
            Some(workload) => {
                annotations.insert(names::WORKLOAD_GENERATION.into(), workload.metadata.generation.to_string());
            }
            None => {
                annotations.remove(names::WORKLOAD_GENERATION);
            }
        }
    }

    /// Writes the generation of the workload down: clients compare it with the observed one.
    pub(crate) fn note_workload_generation(&mut self) {
        let Some(generation) = self.workload_generation() else { return };
        if self.snapshot.rollout.metadata.annotation(names::WORKLOAD_GENERATION) == Some(generation.as_str()) {
            return;
        }
        let annotations = AnnotationChanges::from([(names::WORKLOAD_GENERATION.to_string(), Some(generation))]);
        self.push(Effect::PatchRollout { replicas: None, annotations }, "the referenced workload has changed");
    }

    /// The generation of the workload that supplies the template; `None` without `workloadRef`.
    pub(crate) fn workload_generation(&self) -> Option<String> {
        self.snapshot.workload.as_ref().map(|w| w.metadata.generation.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rollout(spec: serde_json::Value) -> Arc<Rollout> {
        let metadata = json!({"name": "web", "namespace": "ns"});
        serde_json::from_value(json!({"metadata": metadata, "spec": spec})).map(Arc::new).unwrap()
    }

    fn reference(kind: &str) -> serde_json::Value {
        json!({"apiVersion": if kind == "PodTemplate" { "v1" } else { "apps/v1" }, "kind": kind, "name": "old"})
    }

    fn found(object: serde_json::Value) -> Referenced {
        Referenced::Found(Arc::new(serde_json::from_value(object).unwrap()))
    }

    #[test]
    fn template_and_selector_are_taken() {
        let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": []}});
        let selector = json!({"matchLabels": {"app": "web"}});
        let deployment = found(json!({"spec": {"selector": selector, "template": template}}));
        let ro = resolve(&rollout(json!({"workloadRef": reference("Deployment")})), &deployment).unwrap();
        assert_eq!(ro.spec.template.value(), template);
        assert_eq!(json!(ro.spec.selector), selector);

        let own = json!({"matchLabels": {"tier": "front"}});
        let ro = rollout(json!({"workloadRef": reference("ReplicaSet"), "selector": own}));
        assert_eq!(json!(resolve(&ro, &deployment).unwrap().spec.selector), own, "the Rollout's own selector counts");

        let ro = rollout(json!({"workloadRef": reference("PodTemplate")}));
        let ro = resolve(&ro, &found(json!({"template": template}))).unwrap();
        assert_eq!(ro.spec.template.value(), template);
        assert_eq!(ro.spec.selector, None, "a PodTemplate has none");

        let plain = rollout(json!({"template": template}));
        assert_eq!(resolve(&plain, &Referenced::Missing), Ok(plain));
    }

    #[test]
    fn what_cannot_be_resolved_says_why() {
        let refused = |spec, found: &Referenced| resolve(&rollout(spec), found).unwrap_err();
        let missing = Referenced::Missing;
        let spec = json!({"workloadRef": reference("Deployment")});
        assert_eq!(refused(spec.clone(), &missing), "deployments.apps \"ns/old\" not found");
        assert_eq!(refused(spec, &Referenced::Unreadable("forbidden".into())), "forbidden");
        let spec = json!({"workloadRef": reference("StatefulSet")});
        assert_eq!(refused(spec, &missing), "workload of type apps/StatefulSet is not supported");
        // The template is looked at before anything else, and only its labels and annotations.
        let both = |template| json!({"workloadRef": reference("StatefulSet"), "template": template});
        for metadata in [json!({"labels": {"app": "web"}}), json!({"annotations": {"a": "b"}})] {
            let text = refused(both(json!({"metadata": metadata})), &missing);
            assert_eq!(text, "template must be empty for workload reference rollout");
        }
        let text = refused(both(json!({"spec": {"containers": []}})), &missing);
        assert_eq!(text, "workload of type apps/StatefulSet is not supported");
    }
}
