//! What one command of the plugin costs: CPU time, memory at its highest, and time, each the median of many.

use crate::load::{Load, NAMESPACE};
use crate::options::Options;
use crate::process::Process;
use anyhow::{Context, Result, ensure};
use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::time::Instant;

/// The first argument of the role that runs one command and says what it cost.
pub const ROLE: &str = "measure";

pub const HEADER: &str = "\
| Rollouts | command | CPU, ms | of these in the kernel | RSS at its highest, MiB | time, ms |
|---:|---|---:|---:|---:|---:|";

/// One run of a command.
struct Cost {
    cpu: Duration,
    kernel: Duration,
    memory_bytes: u64,
    time: Duration,
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
            costs.push(measure(&options.controller, &kubeconfig, command)?);
        }
        println!("| {rollouts} | `{command}` {} |", row(&costs));
    }
    Ok(())
}

fn row(costs: &[Cost]) -> String {
    let median = |of: fn(&Cost) -> f64| {
        let mut values: Vec<f64> = costs.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    format!(
        "| {:.1} | {:.1} | {:.1} | {:.1}",
        median(|c| c.cpu.as_secs_f64() * 1e3),
        median(|c| c.kernel.as_secs_f64() * 1e3),
        median(|c| c.memory_bytes as f64 / f64::from(1 << 20)),
        median(|c| c.time.as_secs_f64() * 1e3),
    )
}

/// A process's highest memory is told to its parent as the highest of all its children; so each has a parent of its own.
fn measure(program: &Path, kubeconfig: &str, command: &str) -> Result<Cost> {
    let started = Instant::now();
    let mut parent = Command::new(std::env::current_exe()?);
    parent.arg(ROLE).arg(program).args(command.split(' ')).args(["-n", NAMESPACE, "--kubeconfig", kubeconfig]);
    let output = parent.stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "{command} failed");
    let text = String::from_utf8(output.stdout)?;
    let numbers: Vec<u64> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let [cpu, kernel, memory_bytes, time] = numbers[..] else {
        anyhow::bail!("{text:?} after {:?}", started.elapsed())
    };
    let micros = Duration::from_micros;
    Ok(Cost { cpu: micros(cpu), kernel: micros(kernel), memory_bytes, time: micros(time) })
}

/// The role: runs a command and prints microseconds of CPU, of these in the kernel, bytes, and microseconds.
pub fn role(args: &[String]) -> Result<()> {
    let (program, args) = args.split_first().context("a program is needed")?;
    let started = Instant::now();
    let status = Command::new(program).args(args).stdin(Stdio::null()).stdout(Stdio::null()).status()?;
    let time = started.elapsed().as_micros();
    ensure!(status.success(), "{program} {args:?} failed");
    let usage: Usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let (user, kernel) = (usage.user_time().num_microseconds(), usage.system_time().num_microseconds());
    println!("{} {kernel} {} {time}", user + kernel, usage.max_rss() * 1024);
    Ok(())
}
