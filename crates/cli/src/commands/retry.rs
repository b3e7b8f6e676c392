//! `retry`: once more what was aborted or has failed.

use super::Action;
use crate::cobra::{Arguments, Command};
use crate::context::Context;
use crate::failure::Result;
use rollouts_kube::resource::EXPERIMENTS;
use serde_json::json;

pub(super) fn command() -> Command<Action> {
    let rollout =
        Command::new("rollout ROLLOUT_NAME", "Retry an aborted rollout", Arguments::AtLeast(1), Action::RetryRollout)
            .aliases(&["ro", "rollouts"])
            .example("  # Retry an aborted rollout\n  kubectl argo rollouts retry rollout guestbook");
    let experiment = Command::new(
        "experiment EXPERIMENT_NAME",
        "Retry an experiment",
        Arguments::AtLeast(1),
        Action::RetryExperiment,
    )
    .aliases(&["exp", "experiments"])
    .long("Runs an experiment from its beginning.")
    .example("  # Retry an experiment\n  kubectl argo rollouts retry experiment my-experiment");
    Command::group("retry <rollout|experiment> RESOURCE_NAME", "Retry a rollout or experiment")
        .long("Begins again the update of an aborted rollout, or an experiment.")
        .example(
            "  # Retry an aborted rollout\n  kubectl argo rollouts retry rollout guestbook\n\n  \
             # Retry a failed experiment\n  kubectl argo rollouts retry experiment my-experiment",
        )
        .child(rollout)
        .child(experiment)
}

/// The first name that fails ends the command.
pub(super) async fn run_rollout(context: &mut Context<'_>) -> Result {
    let session = context.connect()?;
    for name in context.matches.args().to_vec() {
        let body = json!({"status": {"abort": false}});
        session.merge_status(&name, &body, &body).await?;
        context.print(&format!("rollout '{name}' retried\n"))?;
    }
    Ok(())
}

/// The first name that fails ends the command.
pub(super) async fn run_experiment(context: &mut Context<'_>) -> Result {
    let session = context.connect()?;
    for name in context.matches.args().to_vec() {
        session.merge(&EXPERIMENTS, &name, &json!({"status": null})).await?;
        context.print(&format!("experiment '{name}' retried\n"))?;
    }
    Ok(())
}
