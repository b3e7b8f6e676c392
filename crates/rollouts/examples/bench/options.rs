//! The command line.

use anyhow::{Context, Result, bail};
use std::path::PathBuf;

pub const USAGE: &str = "\
Usage: cargo xtask bench [OPTIONS] [-- CONTROLLER-FLAGS]

  --real                measure on a real API server; on memkube without it
  --rollouts N,...      how many Rollouts (100,1000,5000)
  --repeat N            rounds of each (1)
  --idle SECONDS        how long to watch it do nothing (60)
  --details             print requests by kind and verb
  --analysis N,...      measure AnalysisRuns without end instead: so many, against a server of metrics in this process
  --prometheus          have a real Prometheus (Debian's) behind that server answer
  --interval SECONDS    how often each of them measures (10)
  --minutes N           for how long (5)
  --plugin              measure commands of the plugin beside so many Rollouts instead, each --repeat times (51)
  --controller FILE     the controller's binary (the one built beside this)

Flags of the controller follow --, such as `-- --qps=-1` for no limit on its requests.
";

/// What to do.
pub enum Command {
    Help,
    /// Run an API server and nodes in this process until standard input ends.
    Serve(Tier),
    Bench(Options),
}

/// Which API server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    Memkube,
    Real,
}

impl Tier {
    /// As the command line has it.
    pub fn name(self) -> &'static str {
        match self {
            Tier::Memkube => "memkube",
            Tier::Real => "real",
        }
    }
}

pub struct Options {
    pub tier: Tier,
    /// How many AnalysisRuns, if they are what is measured.
    pub analysis: Vec<usize>,
    /// Whether a real Prometheus answers them.
    pub prometheus: bool,
    pub interval_seconds: u64,
    pub minutes: u64,
    /// Whether commands of the plugin are what is measured.
    pub plugin: bool,
    pub rollouts: Vec<usize>,
    pub repeat: usize,
    pub idle_seconds: u64,
    pub details: bool,
    pub controller: PathBuf,
    pub controller_flags: Vec<String>,
}

pub fn parse(args: &[String]) -> Result<Command> {
    match args {
        [command, tier] if command == "serve" && tier == "memkube" => return Ok(Command::Serve(Tier::Memkube)),
        [command, tier] if command == "serve" && tier == "real" => return Ok(Command::Serve(Tier::Real)),
        _ => {}
    }
    let program = std::env::current_exe().context("where is this program?")?;
    let beside = program.ancestors().nth(2).context("this program has no directory")?.join("rollouts");
    let mut options = Options {
        tier: Tier::Memkube,
        analysis: Vec::new(),
        prometheus: false,
        interval_seconds: 10,
        minutes: 5,
        plugin: false,
        rollouts: vec![100, 1000, 5000],
        repeat: 1,
        idle_seconds: 60,
        details: false,
        controller: beside,
        controller_flags: Vec::new(),
    };
    let mut args = args.iter();
    while let Some(flag) = args.next() {
        let mut value = || args.next().with_context(|| format!("{flag} needs a value"));
        match flag.as_str() {
            "--help" | "-h" => return Ok(Command::Help),
            "--rollouts" => options.rollouts = value()?.split(',').map(str::parse).collect::<Result<_, _>>()?,
            "--analysis" => options.analysis = value()?.split(',').map(str::parse).collect::<Result<_, _>>()?,
            "--prometheus" => options.prometheus = true,
            "--interval" => options.interval_seconds = value()?.parse()?,
            "--minutes" => options.minutes = value()?.parse()?,
            "--plugin" => (options.plugin, options.rollouts, options.repeat) = (true, vec![100, 1000], 51),
            "--repeat" => options.repeat = value()?.parse()?,
            "--idle" => options.idle_seconds = value()?.parse()?,
            "--real" => options.tier = Tier::Real,
            "--details" => options.details = true,
            "--controller" => options.controller = value()?.into(),
            "--" => {
                options.controller_flags = args.by_ref().cloned().collect();
            }
            other => bail!("unknown option {other}\n{USAGE}"),
        }
    }
    anyhow::ensure!(
        options.controller.exists(),
        "there is no controller at {}: cargo build --release -p rollouts",
        options.controller.display()
    );
    Ok(Command::Bench(options))
}
