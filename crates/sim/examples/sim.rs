//! Seeded runs by hand.
//!
//! `cargo run -p rollouts-sim --example sim -- --seeds 0..2000` runs many seeds and prints those that break a rule;
//! `--routed` leaves out those whose traffic no router splits; `-- --seed 17 --trace` runs one and prints everything that happened, with the controller's plans and reasons.

#[path = "../tests/support/mod.rs"]
mod support;

use rollouts_sim::run::run;
use rollouts_sim::workload::Case;
use std::io::Write;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

const USAGE: &str = "usage: sim --seeds FROM..TO [--routed] | sim --seed N [--trace]";

struct Arguments {
    seeds: std::ops::Range<u64>,
    trace: bool,
    routed: bool,
}

fn arguments() -> Option<Arguments> {
    let mut arguments = Arguments { seeds: 0..0, trace: false, routed: false };
    let mut given = std::env::args().skip(1);
    while let Some(flag) = given.next() {
        match flag.as_str() {
            "--routed" => arguments.routed = true,
            "--trace" => arguments.trace = true,
            "--seed" => {
                let seed: u64 = given.next()?.parse().ok()?;
                arguments.seeds = seed..seed.checked_add(1)?;
            }
            "--seeds" => {
                let (from, to) = given.next()?.split_once("..").map(|(a, b)| (a.parse(), b.parse()))?;
                arguments.seeds = from.ok()?..to.ok()?;
            }
            _ => return None,
        }
    }
    (!arguments.seeds.is_empty()).then_some(arguments)
}

fn main() -> std::io::Result<ExitCode> {
    let mut out = std::io::stdout();
    let Some(Arguments { seeds, trace, routed }) = arguments() else {
        writeln!(out, "{USAGE}")?;
        return Ok(ExitCode::from(2));
    };
    if trace {
        let filter = EnvFilter::new("warn,rollouts_controller=debug,rollouts_sim=debug");
        tracing_subscriber::fmt().with_env_filter(filter).without_time().with_target(false).init();
    }
    let (mut total, mut broken, mut deaths) = (0, 0, 0);
    for seed in seeds.filter(|seed| !routed || Case::draw(*seed).traffic.is_some()) {
        total += 1;
        let outcome = support::seeded(seed, move || run(seed))?;
        deaths += outcome.deaths;
        if !outcome.violations.is_empty() {
            broken += 1;
            writeln!(out, "seed {seed}:")?;
            for violation in &outcome.violations {
                writeln!(out, "  {violation}")?;
            }
        }
    }
    writeln!(out, "{total} seeds, {broken} broken, {deaths} deaths of the controller")?;
    Ok(if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
