//! The Experiment that is created.

use crate::ReplicaSet;
use crate::reconcile::Reconcile;
use crate::roles;
use rollouts_api::experiment::{ExperimentAnalysis, ExperimentSpec, TemplateSpec};
use rollouts_api::names;
use rollouts_api::pod_template;
use rollouts_api::rollout::{ExperimentStep, RolloutExperimentAnalysis, RolloutExperimentTemplate};
use serde_json::{Value, json};

impl Reconcile<'_> {
    /// What the Experiment of this step runs. The error is for the user.
    pub(super) fn experiment_spec(&self, step: &ExperimentStep) -> Result<ExperimentSpec, String> {
        let templates = step.templates.iter().map(|t| self.experiment_template(t)).collect::<Result<_, _>>()?;
        let analyses = step.analyses.iter().map(|a| self.experiment_analysis(a)).collect::<Result<_, _>>()?;
        Ok(ExperimentSpec {
            templates,
            analyses,
            duration: step.duration.clone(),
            progress_deadline_seconds: self.ro.spec.progress_deadline_seconds,
            scale_down_delay_seconds: step.scale_down_delay_seconds,
            dry_run: step.dry_run.clone(),
            analysis_run_metadata: step.analysis_run_metadata.clone(),
            ..Default::default()
        })
    }

    fn experiment_template(&self, template: &RolloutExperimentTemplate) -> Result<TemplateSpec, String> {
        let set = self.referenced_set(&template.spec_ref)?;
        let mut pods = set.spec.template.without_label(names::POD_TEMPLATE_HASH);
        if !template.metadata.is_empty() {
            pods = pods.map(|pods| {
                pod_template::ephemeral::apply(pods, Some(&template.metadata), None);
            });
        }
        let mut selector = template.selector.clone().or_else(|| self.ro.spec.selector.clone()).unwrap_or_default();
        selector.match_labels.extend(template.metadata.labels.clone());
        let service = template.service.clone().or_else(|| template.weight.map(|_| Default::default()));
        Ok(TemplateSpec {
            name: template.name.clone(),
            replicas: template.replicas,
            min_ready_seconds: set.spec.min_ready_seconds,
            selector: Some(selector),
            template: pods,
            service,
        })
    }

    fn referenced_set(&self, spec_ref: &str) -> Result<&ReplicaSet, String> {
        let set = match spec_ref {
            "canary" => self.new_set(),
            "stable" => self.stable_set(),
            _ => return Err("Invalid template step SpecRef: must be canary or stable".into()),
        };
        // Without a stable ReplicaSet there is no step, and without a new one no update.
        set.ok_or_else(|| format!("there is no {spec_ref} ReplicaSet"))
    }

    fn experiment_analysis(&self, analysis: &RolloutExperimentAnalysis) -> Result<ExperimentAnalysis, String> {
        Ok(ExperimentAnalysis {
            name: analysis.name.clone(),
            template_name: analysis.template_name.clone(),
            cluster_scope: analysis.cluster_scope,
            args: analysis.args.iter().map(|arg| self.argument(arg)).collect::<Result<_, _>>()?,
            required_for_completion: analysis.required_for_completion,
        })
    }

    pub(super) fn experiment_object(&self, name: &str, spec: &ExperimentSpec) -> Value {
        let mut labels = self.ro.metadata.labels.clone();
        labels.insert(names::POD_TEMPLATE_HASH.into(), self.new_hash());
        json!({
            "apiVersion": names::API_VERSION,
            "kind": "Experiment",
            "metadata": {
                "name": name,
                "namespace": self.ro.metadata.namespace,
                "labels": labels,
                "annotations": { names::REVISION: self.revision().to_string() },
                "ownerReferences": [roles::owner_reference(&self.ro.metadata)],
            },
            "spec": spec,
        })
    }
}
