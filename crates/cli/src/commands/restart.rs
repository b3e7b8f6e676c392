//! `restart`: new pods of the same version.

use super::Action;
use crate::cobra::{Arguments, Command, Flag};
use crate::context::Context;
use crate::failure::Result;
use jiff::SignedDuration;
use rollouts_api::{GoDuration, Time};
use rollouts_kube::resource::ROLLOUTS;
use serde_json::json;

pub(super) fn command() -> Command<Action> {
    Command::new("restart ROLLOUT", "Restart the pods of a rollout", Arguments::Exactly(1), Action::Restart)
        .long("Replaces the pods of a rollout by new ones, a few at a time, now or later.")
        .example(
            "  # Restart the pods now\n  kubectl argo rollouts restart guestbook\n\n  \
             # Restart them in ten seconds\n  kubectl argo rollouts restart guestbook --in 10s",
        )
        .flag(Flag::text("in", "", "How long from now, such as 30s, 5m or 1h").short('i'))
}

pub(super) async fn run(context: &mut Context<'_>) -> Result {
    let after = context.matches.text_opt("in").unwrap_or("0s").to_owned();
    let wait = GoDuration::parse(&after).map_err(|e| e.to_string())?;
    let session = context.connect()?;
    let name = context.matches.arg(0).to_owned();
    let at = context.now().checked_add(SignedDuration::from_nanos(wait.nanos())).map_err(|e| e.to_string())?;
    session.merge(&ROLLOUTS, &name, &json!({"spec": {"restartAt": Time::new(at).to_string()}})).await?;
    context.print(&format!("rollout '{name}' restarts in {after}\n"))
}
