//! The condition Progressing (analysis.md §6.5).

use crate::analysis::Phase;
use crate::conditions::{self, INVALID_SPEC, PROGRESSING};
use jiff::Timestamp;
use rollouts_api::experiment::{ExperimentStatus, TemplateStatus};

/// Brings the conditions up to date with the rest of `next`.
pub(super) fn update(name: &str, old: &ExperimentStatus, next: &mut ExperimentStatus, now: Timestamp) {
    conditions::remove(&mut next.conditions, INVALID_SPEC);
    let before = |t: &TemplateStatus| old.template_statuses.iter().find(|o| o.name == t.name);
    let moved = next.template_statuses.iter().any(|t| before(t).is_none_or(|o| counters(o) != counters(t)));
    let unknown = conditions::find(&next.conditions, PROGRESSING).is_none();
    let (status, reason, text) = if Phase::parse(&next.phase) == Some(Phase::Successful) {
        ("False", "ExperimentCompleted", "has successfully ran and completed.")
    } else if moved || (unknown && next.available_at.is_none()) {
        ("True", "ReplicaSetUpdated", "is progressing.")
    } else if next.available_at.is_some() {
        ("True", "NewReplicaSetAvailable", "is running.")
    } else {
        return;
    };
    let message = format!("Experiment \"{name}\" {text}");
    conditions::set(&mut next.conditions, PROGRESSING, status, reason, message, now);
}

/// Pods of a template.
pub(super) fn counters(t: &TemplateStatus) -> [i32; 4] {
    [t.replicas, t.updated_replicas, t.ready_replicas, t.available_replicas]
}
