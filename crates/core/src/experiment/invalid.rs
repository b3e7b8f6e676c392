//! Experiments that cannot run (analysis.md §6.5).

use crate::conditions;
use rollouts_api::experiment::{Experiment, ExperimentStatus};
use rollouts_api::{GoDuration, Time};
use std::collections::BTreeSet;

/// What is wrong with the spec first, as the Experiment's status says it.
pub fn problem(experiment: &Experiment) -> Option<String> {
    let (name, spec) = (&experiment.metadata.name, &experiment.spec);
    let mut names = BTreeSet::new();
    for (i, template) in spec.templates.iter().enumerate() {
        let Some(selector) = &template.selector else {
            return Some(format!("Rollout has missing field '.Spec.Templates[{i}].Selector'"));
        };
        if selector.is_empty() {
            let message = "This experiment is selecting all pods at index";
            return Some(format!("{message} {i}. A non-empty selector is required."));
        }
        if template.min_ready_seconds > spec.progress_deadline_seconds() {
            let message = "MinReadySeconds cannot be longer than ProgressDeadlineSeconds. Check template index";
            return Some(format!("{message} {i}"));
        }
        if template.name.is_empty() {
            return Some(format!("Experiment {name} has empty template name at index {i}"));
        }
        if !names.insert(template.name.as_str()) {
            return Some(format!("Experiment {name} has repeated template name '{}' in templates", template.name));
        }
    }
    let mut names = BTreeSet::new();
    if let Some(repeated) = spec.analyses.iter().find(|a| !names.insert(a.name.as_str())) {
        return Some(format!("Experiment {name} has repeated analysis name '{}' in analyses", repeated.name));
    }
    if !spec.duration.is_empty()
        && let Err(error) = GoDuration::parse(&spec.duration)
    {
        return Some(format!("Experiment {name} has an invalid duration: {error}"));
    }
    None
}

/// The status with the problem told.
pub(super) fn tell(old: &ExperimentStatus, message: String, now: Time) -> ExperimentStatus {
    let mut next = old.clone();
    conditions::set_invalid(&mut next.conditions, message, now);
    next
}
