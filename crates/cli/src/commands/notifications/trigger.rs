//! `notifications trigger`.

use super::{Notifications, fail, leaf, name_and_resource, output, output_flag, source};
use crate::cobra::Command;
use crate::commands::Action;
use crate::context::Context;
use crate::failure::Result;

pub(super) const EXAMPLES: &str = "  \
    # The triggers of the cluster\n  kubectl argo rollouts notifications trigger get\n\n  \
    # Which conditions of one hold for a rollout\n  \
    kubectl argo rollouts notifications trigger run on-rollout-completed guestbook";

pub(super) fn get_command() -> Command<Action> {
    leaf("get", "List triggers", Notifications::TriggerGet)
        .long("Lists the triggers with their conditions, or shows the one that is named.")
        .example(
            "  # All triggers\n  kubectl argo rollouts notifications trigger get\n\n  \
             # One, as it is\n  kubectl argo rollouts notifications trigger get on-rollout-completed -o yaml",
        )
        .flag(output_flag())
}

pub(super) fn run_command() -> Command<Action> {
    leaf("run NAME RESOURCE_NAME", "Evaluate a trigger", Notifications::TriggerRun)
        .long("Evaluates the conditions of a trigger for a rollout, of the cluster or of a file.")
        .example(
            "  # For a rollout of the cluster\n  \
             kubectl argo rollouts notifications trigger run on-rollout-completed guestbook\n\n  \
             # For one of a file\n  \
             kubectl argo rollouts notifications trigger run on-rollout-completed ./rollout.yaml",
        )
}

pub(super) async fn get(context: &mut Context<'_>) -> Result {
    let settings = match source::settings(context).await {
        Ok(settings) => settings,
        Err(problem) => return Err(output::failed_to_get(context, &problem)),
    };
    output::print(context, &settings.triggers, &["NAME", "TEMPLATE", "CONDITION"], |name, conditions| {
        let row = |(i, condition): (usize, &super::settings::Condition)| {
            let name = if i == 0 { name } else { "" };
            vec![name.to_owned(), condition.send.join(", "), condition.when.clone()]
        };
        conditions.iter().enumerate().map(row).collect()
    })
}

/// Checks everything; what is left is to evaluate it.
pub(super) async fn run(context: &mut Context<'_>) -> Result {
    let (name, resource) = name_and_resource(context)?;
    let settings = match source::settings(context).await {
        Ok(settings) => settings,
        Err(problem) => return Err(output::failed_to_get(context, &problem)),
    };
    if !settings.triggers.contains_key(&name) {
        let known: Vec<&str> = settings.triggers.keys().map(String::as_str).collect();
        let message = format!("trigger with name '{name}' does not exist (found {})", known.join(", "));
        return Err(fail(context, &message));
    }
    if let Err(problem) = source::rollout(context, &resource).await {
        return Err(fail(context, &format!("failed to load resource: {problem}")));
    }
    Err("the trigger and the rollout are there, but evaluating triggers is not available in this version".into())
}
