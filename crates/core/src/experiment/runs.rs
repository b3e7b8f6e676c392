//! The AnalysisRuns of an Experiment: their names, and what they are made of (analysis.md §6.3).

use super::machine::Machine;
use super::replica_sets::{Found, Pods, set_name};
use crate::analysis::{run, tags};
use crate::roles::controlled_by;
use rollouts_api::analysis::{AnalysisRun, AnalysisRunSpec, Argument, TemplateSet};
use rollouts_api::experiment::{ExperimentAnalysis, TemplateSpec};
use rollouts_api::{GoDuration, Time, field_path, names};
use serde_json::{Value, json};
use std::sync::Arc;

/// Under which name a run is to be had.
pub(super) enum Name {
    /// Nobody has it.
    Free(String),
    /// A run of ours has it: a plan that was cut short has made it.
    Ours(Arc<AnalysisRun>),
}

impl Machine<'_> {
    fn run_name(&self, analysis: &ExperimentAnalysis) -> String {
        format!("{}-{}", self.experiment.metadata.name, analysis.name)
    }

    /// The first of `NAME`, `NAME.1`, `NAME.2`, … that is free or ours. An analysis runs but once, so whatever ours
    /// measures, and if it has ended meanwhile, it is the one. (`NAME.1` may also be that of another analysis.)
    pub(super) fn find_name(&self, analysis: &ExperimentAnalysis) -> Name {
        let base = self.run_name(analysis);
        let others: Vec<String> = self
            .experiment
            .spec
            .analyses
            .iter()
            .filter(|a| a.name != analysis.name)
            .map(|a| self.run_name(a))
            .collect();
        let mut name = base.clone();
        let mut number: u64 = 0;
        loop {
            let ours = self.snapshot.analysis_runs.iter().find(|r| r.metadata.name == name);
            let alive = ours.filter(|r| r.metadata.deletion_timestamp.is_none() && !others.contains(&name));
            if let Some(run) = alive {
                return Name::Ours(run.clone());
            }
            if ours.is_none() && !self.snapshot.foreign_analysis_runs.contains(&name) && !others.contains(&name) {
                return Name::Free(name);
            }
            number += 1;
            name = format!("{base}.{number}");
        }
    }

    /// What a run of this analysis measures. The error is for the user.
    pub(super) fn run_spec(&self, analysis: &ExperimentAnalysis) -> Result<AnalysisRunSpec, String> {
        let args = analysis.args.iter().map(|arg| self.argument(arg)).collect::<Result<Vec<_>, _>>()?;
        let references = [analysis.template_ref()];
        let set = TemplateSet::resolve(&references, &self.snapshot.templates).map_err(|missing| missing.message())?;
        let spec = &self.experiment.spec;
        let mut run = set.run_spec(&args, &spec.dry_run, &spec.measurement_retention)?;
        run.args.iter_mut().try_for_each(|arg| self.resolve_field(arg))?;
        Ok(run)
    }

    /// An argument with its tags filled in.
    fn argument(&self, arg: &Argument) -> Result<Argument, String> {
        let mut arg = arg.clone();
        if let Some(value) = &arg.value {
            let fill = |tag: &str, out: &mut String| {
                let known = self.tag(tag);
                out.push_str(known.as_deref().unwrap_or_default());
                known.is_some()
            };
            arg.value = Some(tags::substitute(value, fill).map_err(|e| e.to_string())?);
        }
        Ok(arg)
    }

    fn tag(&self, tag: &str) -> Option<String> {
        let available = self.old.available_at;
        match tag {
            "experiment.availableAt" => return available.map(|at| at.to_string()),
            "experiment.finishedAt" => {
                let duration = GoDuration::parse(&self.experiment.spec.duration).ok()?;
                return Some(Time::new(available?.plus_seconds(duration.seconds())).to_string());
            }
            _ => {}
        }
        let rest = tag.strip_prefix("templates.")?;
        let of = |suffix: &str| {
            let name = rest.strip_suffix(suffix)?;
            self.experiment.spec.templates.iter().find(|t| t.name == name)
        };
        if let Some(template) = of(".podTemplateHash") {
            return Some(self.set_identity(template).1);
        }
        of(".replicaset.name").map(|template| self.set_identity(template).0)
    }

    /// Name and hash of a template's ReplicaSet.
    fn set_identity(&self, template: &TemplateSpec) -> (String, String) {
        match self.find_set(template) {
            Found::Set(set) => (set.metadata.name.clone(), set.hash().to_string()),
            Found::Nothing | Found::Taken(_) => (set_name(self.experiment, template), Pods::of(template).hash),
        }
    }

    /// A field of the Experiment's metadata; a run could not resolve it.
    fn resolve_field(&self, arg: &mut Argument) -> Result<(), String> {
        let field = arg.value_from.as_ref().and_then(|from| from.field_ref.as_ref()).filter(|_| arg.value.is_none());
        if let Some(field) = field {
            arg.value = Some(field_path::extract(&self.experiment.metadata, &field.field_path)?);
            arg.value_from = None;
        }
        Ok(())
    }

    /// The run that is created.
    pub(super) fn run_object(&self, name: &str, spec: &AnalysisRunSpec) -> Value {
        let meta = &self.experiment.metadata;
        let extra = &self.experiment.spec.analysis_run_metadata;
        let mut labels = extra.labels.clone();
        if let Some(instance) = meta.label(names::INSTANCE_ID) {
            // Without it another controller would measure, or none.
            labels.insert(names::INSTANCE_ID.into(), instance.into());
        }
        let mut metadata = json!({
            "name": name,
            "namespace": meta.namespace,
            "ownerReferences": [controlled_by("Experiment", meta)],
        });
        if !labels.is_empty() {
            metadata["labels"] = json!(labels);
        }
        if !extra.annotations.is_empty() {
            metadata["annotations"] = json!(extra.annotations);
        }
        run::object(metadata, spec)
    }
}
