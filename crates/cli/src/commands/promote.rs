//! `promote`: past a pause, past a step, or all the way.

mod plan;

use super::Action;
use crate::cobra::{Arguments, Command, Flag};
use crate::context::Context;
use crate::failure::Result;
use plan::{How, Patches};
use rollouts_kube::resource::ROLLOUTS;
use serde_json::Value;

pub(super) fn command() -> Command<Action> {
    Command::new("promote ROLLOUT_NAME", "Promote a rollout", Arguments::Exactly(1), Action::Promote)
        .long(
            "Lets a paused rollout go on: past the pause of a canary, or the switch of a blue-green.\n\n\
             With --full it goes to the new version at once, past analysis, pauses and steps.",
        )
        .example(
            "  # Let a paused rollout go on\n  kubectl argo rollouts promote guestbook\n\n  \
             # Go to the new version at once\n  kubectl argo rollouts promote guestbook --full",
        )
        .flag(Flag::switch("full", "Go to the new version at once, past analysis, pauses and steps"))
        .flag(
            Flag::switch("skip-current-step", "Skip the current step")
                .short('c')
                .deprecated("use without the flag instead ex: promote ROLLOUT_NAME"),
        )
        .flag(Flag::switch("skip-all-steps", "Skip all steps").short('a').deprecated("use --full instead"))
}

pub(super) async fn run(context: &mut Context<'_>) -> Result {
    let matches = &context.matches;
    let full = matches.bool("full");
    let how = match (matches.bool("skip-current-step"), matches.bool("skip-all-steps")) {
        (true, true) => return Err("Cannot use skip-current-step and skip-all-steps flags at the same time".into()),
        (true, false) => How::SkipStep,
        (false, true) => How::SkipSteps,
        (false, false) if full => How::Full,
        (false, false) => How::Further,
    };
    let session = context.connect()?;
    let name = matches.arg(0).to_owned();
    let rollout: Value = session.rest.get(&ROLLOUTS, &session.namespace, &name).await?;
    let Patches { status, spec, whole } = plan::patches(&rollout, how)?;
    let merged_whole = match &status {
        Some(status) => session.merge_status(&name, status, &whole).await?,
        None => false,
    };
    if let Some(spec) = spec.filter(|_| !merged_whole) {
        session.merge(&ROLLOUTS, &name, &spec).await?;
    }
    let fully = if full { "fully " } else { "" };
    context.print(&format!("rollout '{name}' {fully}promoted\n"))
}
