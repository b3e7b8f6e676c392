//! `diff rollout`: what an update changes.

use super::Action;
use super::revisions::{Revisions, Side};
use crate::cobra::{Arguments, Command, Flag};
use crate::context::Context;
use crate::draw;
use crate::failure::Result;
use rollouts_view::diff;
use serde_json::json;

pub(super) fn command() -> Command<Action> {
    let rollout = Command::new("rollout ROLLOUT_NAME", "Show what an update changes", Arguments::Exactly(1), Action::DiffRollout)
        .aliases(&["ro", "rollouts"])
        .long(
            "Compares the pod template of a rollout with that of its stable version, or those of two revisions, field \
             by field.\n\nContainers, variables, ports and volumes are compared by name, wherever they stand, and what is \
             left to its default is the same as the default.",
        )
        .example(
            "  # What does the update change?\n  kubectl argo rollouts diff rollout guestbook\n\n  \
             # What did revision 3 change?\n  kubectl argo rollouts diff rollout guestbook --from-revision 2 \
             --to-revision 3",
        )
        .flag(Flag::int("from-revision", 0, "The revision to compare with; 0 is the stable one"))
        .flag(Flag::switch("no-color", "Print no colours"))
        .flag(super::output::flag())
        .flag(Flag::int("to-revision", 0, "The revision that is compared; 0 is the pod template as it is now"));
    Command::group("diff <rollout> RESOURCE_NAME", "Show what the update of a rollout changes")
        .long("Compares the pod templates of two versions of a rollout.")
        .example("  # What does the update change?\n  kubectl argo rollouts diff rollout guestbook")
        .child(rollout)
}

pub(super) async fn run(context: &mut Context<'_>) -> Result {
    let as_json = super::output::is_json(&context.matches)?;
    let session = context.connect()?;
    let name = context.matches.arg(0).to_owned();
    let revisions = Revisions::read(&session, &name).await?;
    let (from, to) = (context.matches.int("from-revision"), context.matches.int("to-revision"));
    let old = if from == 0 { revisions.stable()? } else { revisions.numbered(from)? };
    let new = if to == 0 { revisions.present(&session).await? } else { revisions.numbered(to)? };
    let changes = diff::templates(&old.template, &new.template);
    if as_json {
        let side = |side: &Side| json!({"revision": side.revision, "label": side.label});
        let changes: Vec<_> = changes.iter().map(diff::Change::json).collect();
        let shown = json!({"name": name, "namespace": session.namespace, "from": side(&old), "to": side(&new), "changes": changes});
        return super::output::print_json(context, &shown);
    }
    let text = draw::changes(&name, &old.label, &new.label, &changes, context.paint());
    context.print(&text)
}
