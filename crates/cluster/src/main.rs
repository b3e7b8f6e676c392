//! `rollouts-cluster up|down|serve DIRECTORY`: what `cargo xtask cluster` runs.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool for developers")]

use anyhow::{Result, bail};
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[&str]) -> Result<()> {
    match args {
        ["up", state] => up(Path::new(state)),
        ["down", state] => {
            let was_running = rollouts_cluster::down(Path::new(state))?;
            println!("{}", if was_running { "The cluster is gone." } else { "No cluster is running." });
            Ok(())
        }
        ["serve", state] => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            Ok(runtime.block_on(rollouts_cluster::serve(Path::new(state)))?)
        }
        _ => bail!("usage: rollouts-cluster up|down|serve DIRECTORY"),
    }
}

fn up(state: &Path) -> Result<()> {
    let cluster = rollouts_cluster::up(state, |line| eprintln!("{line}"))?;
    println!(
        "Kubernetes 1.34.4 {}, with RBAC, three simulated nodes and the custom resources of Argo Rollouts.\n\n\
         export KUBECONFIG={}\n\n\
         kubectl get nodes                         look around\n\
         cargo run --bin rollouts -- controller    run the controller, in another terminal\n\
         cargo xtask cluster down                  end the cluster and forget what is in it",
        if cluster.was_running { "is running already" } else { "is running" },
        cluster.kubeconfig.display()
    );
    Ok(())
}
