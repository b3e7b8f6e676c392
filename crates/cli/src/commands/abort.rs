//! `abort`: back to the stable version.

use super::Action;
use crate::cobra::{Arguments, Command};
use crate::context::Context;
use crate::failure::Result;
use serde_json::json;

pub(super) fn command() -> Command<Action> {
    Command::new("abort ROLLOUT_NAME", "Abort a rollout", Arguments::AtLeast(1), Action::Abort)
        .long(
            "Stops the update of a rollout and returns to its stable version.\n\n\
             The pod template of the rollout still is the new one: a retry begins the update again, and only setting\n\
             the template back to the stable one ends it.",
        )
        .example("  # Abort a rollout\n  kubectl argo rollouts abort guestbook")
}

/// The first name that fails ends the command.
pub(super) async fn run(context: &mut Context<'_>) -> Result {
    let session = context.connect()?;
    for name in context.matches.args().to_vec() {
        let body = json!({"status": {"abort": true}});
        session.merge_status(&name, &body, &body).await?;
        context.print(&format!("rollout '{name}' aborted\n"))?;
    }
    Ok(())
}
