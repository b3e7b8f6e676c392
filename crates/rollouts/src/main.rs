//! The one binary. Called as `kubectl-argo-rollouts` it is the kubectl plugin, called as `kubectl_complete-argo-rollouts`
//! what completes words for it, called as `rollouts-controller` the controller; called as `rollouts` its first argument picks: `controller`, `playground`, or any command of the plugin.

mod commands;
mod controller;
mod http;
mod logging;
mod playground;
mod plugin;
mod signals;

use commands::Action;
use rollouts_cli::cobra::Outcome;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What the controller is called in its image.
const CONTROLLER: &str = "rollouts-controller";

/// What kubectl calls for shell completion behind `kubectl argo rollouts`, with the words so far.
const COMPLETION: &str = "kubectl_complete-argo-rollouts";

fn main() -> ExitCode {
    let mut args = std::env::args();
    let program = args.next().unwrap_or_default();
    let mut args: Vec<String> = args.collect();
    // One thread: everything here waits for the network nearly all the time.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&anyhow::Error::from(error).context("cannot start the runtime")),
    };
    let name = Path::new(&program).file_stem().and_then(|n| n.to_str()).unwrap_or_default();
    if !name.starts_with("kubectl") && name != CONTROLLER && args == ["--version"] {
        args = vec!["version".into()];
    }
    if name == CONTROLLER {
        args.insert(0, "controller".into());
    }
    if name == COMPLETION {
        args.insert(0, "__complete".into());
    }
    let code = match name.starts_with("kubectl") || commands::is_of_plugin(&args) {
        true => runtime.block_on(plugin::run(&args)),
        false => runtime.block_on(run(&args)),
    };
    // Ends tasks that are still reading: the process is going anyway.
    runtime.shutdown_background();
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

async fn run(args: &[String]) -> i32 {
    let (action, matches) = match commands::tree().dispatch(args) {
        Outcome::Reply(reply) => {
            let _ = std::io::stdout().write_all(reply.stdout.as_bytes());
            let _ = std::io::stderr().write_all(reply.stderr.as_bytes());
            return reply.code;
        }
        Outcome::Complete(_) => return 0,
        Outcome::Run { action, matches, warnings } => {
            let _ = std::io::stderr().write_all(warnings.as_bytes());
            (action, matches)
        }
    };
    let result = match action {
        Action::Controller => controller::run(&matches).await,
        Action::Playground => match commands::playground(&matches) {
            Ok(options) => {
                logging::start(logging::QUIET, false, 0);
                playground::run(options, &mut std::io::stdout(), signals::interrupted()).await
            }
            Err(error) => Err(error),
        },
    };
    match result {
        Ok(()) => 0,
        Err(error) => {
            fail(&error);
            1
        }
    }
}

fn fail(error: &anyhow::Error) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "Error: {error:#}");
    ExitCode::FAILURE
}
