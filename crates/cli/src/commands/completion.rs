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
            "Prints a script that makes a shell complete commands, flags, and what is in the cluster: rollouts, containers,\n\
             revisions, namespaces.\n\n  \
             bash:        source <(kubectl-argo-rollouts completion bash)\n  \
             zsh:         source <(kubectl-argo-rollouts completion zsh)\n  \
             fish:        kubectl-argo-rollouts completion fish | source\n  \
             powershell:  kubectl-argo-rollouts completion powershell | Out-String | Invoke-Expression\n\n\
             Behind `kubectl argo rollouts`, kubectl 1.26 or newer completes words with a program of another name on the\n\
             PATH. This one is that program, too; besides, kubectl's own completion must be set up:\n\n  \
             ln -s kubectl-argo-rollouts /usr/local/bin/kubectl_complete-argo-rollouts\n  \
             source <(kubectl completion bash)\n\n\
             Where links are not to be had, a script kubectl_complete-argo-rollouts does the same:\n\n  \
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
