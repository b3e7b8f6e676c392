//! `completion`: scripts that let shells complete words of the command line.

use super::Action;
use crate::cobra::{Arguments, Command};
use crate::context::Context;
use crate::failure::Result;

const BASH: &str = include_str!("completion/bash.sh");
const ZSH: &str = include_str!("completion/zsh.sh");
const FISH: &str = include_str!("completion/fish.fish");
const POWERSHELL: &str = include_str!("completion/powershell.ps1");

pub(super) fn command() -> Command<Action> {
    let shells = Arguments::OneOf(&["bash", "zsh", "fish", "powershell"]);
    Command::new("completion [bash|zsh|fish|powershell]", "Generate completion script", shells, Action::Completion)
        .bare_usage()
        .long(
            "Prints a script that makes a shell complete commands, flags and names of rollouts.\n\n  \
             bash:        source <(kubectl-argo-rollouts completion bash)\n  \
             zsh:         source <(kubectl-argo-rollouts completion zsh)\n  \
             fish:        kubectl-argo-rollouts completion fish | source\n  \
             powershell:  kubectl-argo-rollouts completion powershell | Out-String | Invoke-Expression\n\n\
             To complete words behind `kubectl argo rollouts`, put an executable file kubectl_complete-argo-rollouts\n\
             with these two lines on the PATH:\n\n  \
             #!/usr/bin/env sh\n  \
             kubectl argo rollouts __complete \"$@\"",
        )
}

pub(super) fn run(context: &mut Context<'_>) -> Result {
    let script = match context.matches.arg(0) {
        "bash" => BASH,
        "zsh" => ZSH,
        "fish" => FISH,
        _ => POWERSHELL,
    };
    context.print(script)
}
