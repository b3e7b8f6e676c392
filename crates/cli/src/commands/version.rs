//! `version`: of this program; the cluster is not asked.

use super::Action;
use crate::cobra::{Arguments, Command, Flag};
use crate::context::Context;
use crate::failure::Result;

pub(super) fn command() -> Command<Action> {
    Command::new("version", "Print version", Arguments::Any, Action::Version)
        .long("Prints the version of this program and how it was built.")
        .example(
            "  # All there is to know\n  kubectl argo rollouts version\n\n  \
             # The version alone\n  kubectl argo rollouts version --short",
        )
        .flag(Flag::switch("short", "print just the version"))
}

pub(super) fn run(context: &mut Context<'_>) -> Result {
    let build = context.build();
    let mut text = format!("kubectl-argo-rollouts: {}\n", build.version);
    if !context.matches.bool("short") {
        let lines = [
            ("BuildDate", build.date.to_owned()),
            ("GitCommit", build.commit.to_owned()),
            ("GitTreeState", build.tree_state.to_owned()),
            // The label that parsers of this output know; what built it says what it is.
            ("GoVersion", build.compiler.to_owned()),
            ("Compiler", "rustc".to_owned()),
            ("Platform", format!("{}/{}", std::env::consts::OS, architecture())),
        ];
        for (label, value) in lines {
            text.push_str(&format!("  {label}: {value}\n"));
        }
    }
    context.print(&text)
}

/// In Go's words.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    }
}
