//! Which templates a Rollout or an Experiment refers to, by itself and through other templates.

use rollouts_api::Rollout;
use rollouts_api::analysis::{AnalysisTemplateSpec, TemplatesByRef};
use rollouts_api::experiment::{Experiment, ExperimentAnalysis};
use rollouts_api::rollout::AnalysisTemplateRef;
use rollouts_api::validation;
use std::collections::BTreeSet;

/// Templates that a Rollout or an Experiment depends on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TemplateClosure {
    /// Those that exist, as [`crate::Snapshot::analysis_templates`] wants them.
    pub found: TemplatesByRef,
    /// All references, also to templates that do not exist: a change of any of these concerns it.
    pub references: BTreeSet<AnalysisTemplateRef>,
}

/// Follows the references of `rollout`; `find` gives the spec of a template of its namespace, or of a cluster template.
pub fn template_closure(
    rollout: &Rollout,
    find: impl FnMut(&AnalysisTemplateRef) -> Option<AnalysisTemplateSpec>,
) -> TemplateClosure {
    follow(validation::template_refs(rollout).into_iter().cloned().collect(), find)
}

/// The same for an Experiment.
pub fn experiment_template_closure(
    experiment: &Experiment,
    find: impl FnMut(&AnalysisTemplateRef) -> Option<AnalysisTemplateSpec>,
) -> TemplateClosure {
    follow(experiment.spec.analyses.iter().map(ExperimentAnalysis::template_ref).collect(), find)
}

fn follow(
    mut open: Vec<AnalysisTemplateRef>,
    mut find: impl FnMut(&AnalysisTemplateRef) -> Option<AnalysisTemplateSpec>,
) -> TemplateClosure {
    let mut closure = TemplateClosure::default();
    while let Some(reference) = open.pop() {
        if !closure.references.insert(reference.clone()) {
            continue;
        }
        if let Some(spec) = find(&reference) {
            open.extend(spec.templates.iter().cloned());
            closure.found.insert(reference, spec);
        }
    }
    closure
}
