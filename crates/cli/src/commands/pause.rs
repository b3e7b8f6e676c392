//! `pause`: no step further until promoted.

use super::Action;
use crate::cobra::{Arguments, Command};
use crate::context::Context;
use crate::failure::Result;
use rollouts_kube::resource::ROLLOUTS;
use serde_json::json;

pub(super) fn command() -> Command<Action> {
    Command::new("pause ROLLOUT_NAME", "Pause a rollout", Arguments::AtLeast(1), Action::Pause)
        .long("Sets spec.paused of a rollout: it stays as it is until it is promoted.")
        .example("  # Pause a rollout\n  kubectl argo rollouts pause guestbook")
}

/// The first name that fails ends the command.
pub(super) async fn run(context: &mut Context<'_>) -> Result {
    let session = context.connect()?;
    for name in context.matches.args().to_vec() {
        session.merge(&ROLLOUTS, &name, &json!({"spec": {"paused": true}})).await?;
        context.print(&format!("rollout '{name}' paused\n"))?;
    }
    Ok(())
}
