//! `dashboard`: not there yet. It has its place in the tree, so that help, completion and wrong flags are answered.

use super::Action;
use crate::cobra::{Arguments, Command, Flag};
use crate::failure::Result;

pub(super) fn command() -> Command<Action> {
    Command::new("dashboard", "Start the dashboard", Arguments::Any, Action::Dashboard)
        .long("Serves a web page that shows the rollouts of a namespace and steers them.")
        .example(
            "  # Serve it on http://localhost:3100/rollouts\n  kubectl argo rollouts dashboard\n\n  \
             # Serve it on another port\n  kubectl argo rollouts dashboard --port 8080",
        )
        .flag(Flag::int("port", 3100, "Port to listen on").short('p'))
        .flag(Flag::text("root-path", "rollouts", "Path under which the dashboard is served"))
}

pub(super) fn run() -> Result {
    Err("the dashboard is not available in this version; 'get rollout NAME --watch' and 'list rollouts --watch' follow \
         rollouts in the terminal"
        .into())
}
