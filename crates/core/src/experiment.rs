//! The Experiment as a state machine: [`plan`] takes an [`ExperimentSnapshot`] and the present time and gives an
//! [`ExperimentPlan`] (analysis.md §6).
//!
//! Everything follows from the objects as they are: which ReplicaSet, Service or AnalysisRun belongs to which template
//! or analysis is written on them, so a plan that was cut short anywhere is taken up by the next one. What ends an
//! Experiment is read from its written status: that it is to end is seen before anything is done about it, and its
//! phase, once it is an end, never changes. What it mirrors goes on being mirrored to the last.

mod analyses;
mod conditions;
mod invalid;
mod machine;
mod plan;
mod replica_sets;
mod runs;
mod services;
mod snapshot;
mod templates;
mod verdict;

pub use invalid::problem;
pub use machine::plan;
pub use plan::{About, ExperimentEffect, ExperimentPlan, Refused};
pub use snapshot::ExperimentSnapshot;

use rollouts_api::experiment::Experiment;

/// Names of the ReplicaSets that the Experiment has, or wants to have.
pub fn replica_set_names(experiment: &Experiment) -> impl Iterator<Item = String> {
    experiment.spec.templates.iter().map(|t| replica_sets::set_name(experiment, t))
}

/// Names of the Services that the Experiment has, or wants to have.
pub fn service_names(experiment: &Experiment) -> impl Iterator<Item = String> {
    experiment.spec.templates.iter().filter_map(|t| services::service_name(experiment, t))
}

/// Annotation on the ReplicaSets and Services of an Experiment: its name.
pub(crate) const NAME: &str = "experiment.argoproj.io/name";
/// Annotation on the ReplicaSets and Services of an Experiment: the template that they belong to.
pub(crate) const TEMPLATE_NAME: &str = "experiment.argoproj.io/template-name";

/// Why the Experiment cannot run, as its status says.
pub(crate) fn invalid_reason(experiment: &Experiment) -> Option<&str> {
    let condition = crate::conditions::find(&experiment.status.conditions, crate::conditions::INVALID_SPEC)?;
    (condition.status == "True").then_some(&condition.message)
}
