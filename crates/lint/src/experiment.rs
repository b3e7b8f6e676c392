//! Experiments.

use crate::analysis;
use crate::expected;
use crate::finding::About;
use crate::object::Object;
use crate::rollout::Subject;
use crate::rules;
use crate::world::World;
use rollouts_api::analysis::{Argument, TemplateSet};
use rollouts_api::experiment::Experiment;
use rollouts_api::field::Path;
use rollouts_api::pod_template::{self, validate};
use rollouts_api::rollout::AnalysisTemplateRef;
use rollouts_api::validation::with_some_value;

pub(crate) fn check(object: &Object, world: &World<'_>, found: &mut About<'_>) {
    if !object.is_sound {
        return;
    }
    expected::required(object, found);
    let Ok(experiment) = serde_json::from_value::<Experiment>(object.value.clone()) else { return };
    if let Some(problem) = rollouts_core::experiment::problem(&experiment) {
        found.add(&rules::INVALID, "spec", problem);
    }
    for (i, template) in experiment.spec.templates.iter().enumerate() {
        let Some(selector) = &template.selector else { continue };
        let mut pods = template.template.value();
        pod_template::default(&mut pods);
        let path = Path::new("spec.templates").index(i).child("template");
        for error in validate::for_replica_set(&pods, selector, &path) {
            found.add(&rules::INVALID, error.path.as_str(), error.body());
        }
    }
    for (i, analysis) in experiment.spec.analyses.iter().enumerate() {
        let path = format!("spec.analyses[{i}]");
        self::analysis(&object.id.namespace, &path, analysis.template_ref(), &analysis.args, world, found);
    }
}

/// The Experiments that a Rollout's steps run.
pub(crate) fn check_steps(subject: &Subject<'_>, found: &mut About<'_>) {
    let namespace = &subject.written.metadata.namespace;
    for (i, step) in subject.rollout().spec.canary_steps().iter().enumerate() {
        for (j, analysis) in step.experiment.iter().flat_map(|e| &e.analyses).enumerate() {
            let path = format!("spec.strategy.canary.steps[{i}].experiment.analyses[{j}]");
            let reference = AnalysisTemplateRef {
                template_name: analysis.template_name.clone(),
                cluster_scope: analysis.cluster_scope,
            };
            let args: Vec<Argument> = analysis.args.iter().map(with_some_value).collect();
            self::analysis(namespace, &path, reference, &args, subject.world, found);
        }
    }
}

/// One analysis of an Experiment: its template with its arguments.
fn analysis(
    namespace: &str,
    path: &str,
    reference: AnalysisTemplateRef,
    args: &[Argument],
    world: &World<'_>,
    found: &mut About<'_>,
) {
    let templates = analysis::with_nested(namespace, &reference, world);
    match TemplateSet::resolve(&[reference], &templates) {
        Err(missing) => {
            let what = missing.message();
            let what = what.strip_suffix(" found").unwrap_or(&what);
            expected::absent(world, missing.kind(), path, what, found);
        }
        Ok(set) => {
            if let Err(problem) = set.run_spec(args, &[], &[]) {
                found.add(&rules::INVALID_ANALYSIS, path, problem);
            }
        }
    }
}
