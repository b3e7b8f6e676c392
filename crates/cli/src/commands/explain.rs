//! `explain rollout`: what a Rollout is doing, what it waits for, why, what comes next, and what can be done.

mod evidence;
mod lease;

use super::Action;
use crate::cobra::{Arguments, Command, Flag};
use crate::context::Context;
use crate::draw;
use crate::failure::Result;
use rollouts_view::explain::explain;

pub(super) fn command() -> Command<Action> {
    let rollout =
        Command::new("rollout ROLLOUT_NAME", "Explain a rollout", Arguments::Exactly(1), Action::ExplainRollout)
            .aliases(&["ro", "rollouts"])
            .long(
                "Says in a few lines what a rollout is doing, what it waits for, why, what comes next, and which \
                 commands change that.\n\n\
                 What it waits for and what comes next is what the controller itself makes of the same objects, read \
                 with your rights.\nNothing is written. What you may not read is left out, and named.",
            )
            .example(
                "  # Why does nothing happen?\n  kubectl argo rollouts explain rollout guestbook\n\n  \
                 # For a program\n  kubectl argo rollouts explain rollout guestbook -o json",
            )
            .flag(Flag::switch("no-color", "Print no colours"))
            .flag(super::output::flag());
    Command::group("explain <rollout> RESOURCE_NAME", "Explain why a rollout does what it does")
        .long("Explains what a rollout is doing, what it waits for, and why.")
        .example("  # Why does nothing happen?\n  kubectl argo rollouts explain rollout guestbook")
        .child(rollout)
}

pub(super) async fn run(context: &mut Context<'_>) -> Result {
    let as_json = super::output::is_json(&context.matches)?;
    let session = context.connect()?;
    let name = context.matches.arg(0).to_owned();
    let collected = evidence::collect(context, &session, &name).await?;
    let slices = collected.slices();
    let explanation = explain(&collected.evidence(&slices));
    match as_json {
        true => super::output::print_json(context, &explanation.json()),
        false => {
            let text = draw::explanation(&explanation, context.paint());
            context.print(&text)
        }
    }
}
