//! The command line of `rollouts`, apart from the plugin's commands.

use crate::playground;
use anyhow::{Context, Result};
use rollouts_cli::cobra::{Arguments, Command, Flag, Matches};

/// What `rollouts` can do itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Run against a cluster.
    Controller,
    /// Run everything in one process.
    Playground,
}

/// First arguments that are not the plugin's.
const OWN: [&str; 4] = ["controller", "playground", "help", "--help"];

/// Whether the arguments are for the plugin: `rollouts get rollout x` works like `kubectl argo rollouts get rollout x`.
pub fn is_of_plugin(args: &[String]) -> bool {
    args.first().is_some_and(|first| !OWN.contains(&first.as_str()) && first != "-h")
}

/// The commands.
pub fn tree() -> Command<Action> {
    let controller = Command::new("controller", "Run the controller", Arguments::Exactly(0), Action::Controller)
        .long("Run the controller against the cluster of the kubeconfig, or of the pod it runs in.");
    let controller = crate::controller::flags::all().into_iter().fold(controller, Command::flag);
    let playground = Command::new("playground", "Try it without a cluster", Arguments::Exactly(0), Action::Playground)
        .long(
            "Start an in-memory Kubernetes API server with simulated nodes, the controller and four sample applications.\n\
             Nothing outside this process is touched, and nothing is left when it ends.",
        )
        .flag(Flag::text("listen", "127.0.0.1:6443", "Address of the API server; port 0 means any"))
        .flag(Flag::text("kubeconfig", "", "Where to write the kubeconfig (default: .rollouts-playground/kubeconfig)"))
        .flag(Flag::switch("no-samples", "Do not apply the sample applications"))
        .flag(Flag::switch("no-controller", "Run the API server and its nodes alone, for any other controller"))
        .flag(Flag::switch("until-healthy", "Exit once the samples are Healthy"));
    Command::group("rollouts", "Progressive delivery for Kubernetes")
        .long(
            "Progressive delivery for Kubernetes: canary and blue-green releases.\n\n\
             The commands of `kubectl argo rollouts` work as `rollouts COMMAND`, too: abort, completion, get, list, pause,\n\
             promote, restart, retry, set, status, terminate, undo, version.",
        )
        .helpful()
        .child(controller)
        .child(playground)
}

/// Options of the playground.
pub fn playground(matches: &Matches) -> Result<playground::Options> {
    let listen = matches.text("listen");
    let listen = listen
        .parse()
        .with_context(|| format!("--listen {listen}: not an address with a port, such as 127.0.0.1:6443"))?;
    let kubeconfig = matches.text("kubeconfig");
    anyhow::ensure!(
        !(matches.bool("until-healthy") && (matches.bool("no-samples") || matches.bool("no-controller"))),
        "--until-healthy waits for the samples: it does not go with --no-samples or --no-controller"
    );
    Ok(playground::Options {
        listen,
        kubeconfig: (!kubeconfig.is_empty()).then(|| kubeconfig.into()),
        samples: !matches.bool("no-samples"),
        controller: !matches.bool("no-controller"),
        until_healthy: matches.bool("until-healthy"),
    })
}
