//! The root command.

use crate::cobra::Command;
use crate::commands::{self, Action};
use crate::globals;

/// The whole tree of commands; `home` is the user's home directory.
pub(crate) fn root(home: Option<&str>) -> Command<Action> {
    let root = Command::group("kubectl-argo-rollouts COMMAND", "Manage Argo Rollouts")
        .long("Shows rollouts and experiments and steers them.")
        .example(
            "  # Follow a rollout\n  kubectl argo rollouts get rollout guestbook -w\n\n  \
             # Pause it\n  kubectl argo rollouts pause guestbook\n\n  \
             # Go on with it\n  kubectl argo rollouts promote guestbook\n\n  \
             # Return to the stable version\n  kubectl argo rollouts abort guestbook\n\n  \
             # Try again\n  kubectl argo rollouts retry rollout guestbook",
        )
        .persistent(globals::flags(home))
        .check(globals::check);
    commands::all().into_iter().fold(root, Command::child)
}
