//! What one command of the plugin costs: CPU time, and memory at its highest, each the median of many runs.

use crate::load::{Load, NAMESPACE};
use crate::options::Options;
use crate::process::Process;
use anyhow::{Context, Result, ensure};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::time::sleep;

pub const HEADER: &str = "\
| Rollouts | command | CPU, ms | RSS at its highest, MiB |
|---:|---|---:|---:|";

/// What Linux takes for a pipe before it lets a writer wait.
const PIPE_BYTES: usize = 65_536;
/// How often it is looked whether a command has something to print.
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// How many times: a command that takes longer hangs.
const LOOKS_MAX: usize = 30_000;

/// One run of a command.
struct Cost {
    cpu: Duration,
    memory_bytes: u64,
}

/// Makes so many Rollouts, each with its ReplicaSet and pod, and prints a row for each command.
pub async fn run(options: &Options, rollouts: usize) -> Result<()> {
    let (_server, kubeconfig) = Process::start_role(&["serve", options.tier.name()])?;
    let mut load = Load::new(Path::new(&kubeconfig), rollouts).await?;
    let mut flags: Vec<String> =
        ["controller", "--leader-elect=false", "--qps=-1", "--kubeconfig", &kubeconfig].map(Into::into).into();
    flags.extend(options.controller_flags.iter().cloned());
    let controller = Process::start(&options.controller, &flags)?;
    load.create().await?;
    drop(controller);
    for command in ["version", "list rollouts", "get rollout web-00000", "status web-00000 --watch=false"] {
        let mut costs = Vec::new();
        for _ in 0..options.repeat {
            costs.push(measure(&options.controller, &kubeconfig, command).await.context(command)?);
        }
        println!("| {rollouts} | `{command}` | {} |", row(&costs));
    }
    Ok(())
}

fn row(costs: &[Cost]) -> String {
    let median = |of: fn(&Cost) -> f64| {
        let mut values: Vec<f64> = costs.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let cpu = median(|c| c.cpu.as_secs_f64() * 1e3);
    format!("{cpu:.1} | {:.1}", median(|c| c.memory_bytes as f64 / f64::from(1 << 20)))
}

/// Runs a command whose output nobody takes until it has been looked at: by then it has done everything but to print and
/// to end. A process that has ended, and is not waited for, tells its CPU time still.
async fn measure(program: &Path, kubeconfig: &str, command: &str) -> Result<Cost> {
    let (mut output, mut filler) = std::io::pipe()?;
    filler.write_all(&[0; PIPE_BYTES])?;
    let mut run = Command::new(program);
    run.args(command.split(' ')).args(["-n", NAMESPACE, "--kubeconfig", kubeconfig]);
    let mut process = Process::spawn(run.stdin(Stdio::null()).stdout(filler).stderr(Stdio::inherit()))?;
    // What was handed over is the only end left to write to.
    drop(run);
    until(|| Ok(process.is_printing()? || process.has_ended()?)).await?;
    ensure!(!process.has_ended()?, "it printed nothing");
    let (_, memory_bytes) = process.memory()?;
    let mut printed = Vec::new();
    output.read_to_end(&mut printed)?;
    ensure!(printed.len() > PIPE_BYTES, "it printed nothing");
    until(|| process.has_ended()).await?;
    let cpu = process.cpu()?;
    ensure!(process.wait()?.success(), "it failed");
    Ok(Cost { cpu, memory_bytes })
}

async fn until(mut holds: impl FnMut() -> Result<bool>) -> Result<()> {
    for _ in 0..LOOKS_MAX {
        if holds()? {
            return Ok(());
        }
        sleep(LOOK_EVERY).await;
    }
    anyhow::bail!("it hangs")
}
