//! Seeded runs by hand.
//!
//! `cargo run -p rollouts-sim --example sim -- --seeds 0..2000` runs many seeds and prints those that break a rule;
//! `--only routed`, `analysed` or `tried` leaves out those whose traffic no router splits, that are not analysed, or that
//! have no Experiments; `-- --seed 17 --trace` runs one and prints everything that happened, with the controller's plans and reasons.

#[path = "../tests/support/mod.rs"]
mod support;

use rollouts_sim::run::run;
use rollouts_sim::workload::Case;
use std::io::Write;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

const USAGE: &str = "usage: sim --seeds FROM..TO [--only routed|analysed|tried] | sim --seed N [--trace]";

struct Arguments {
    seeds: std::ops::Range<u64>,
    trace: bool,
    /// Whether a case counts.
    only: fn(&Case) -> bool,
}

fn arguments() -> Option<Arguments> {
    let mut arguments = Arguments { seeds: 0..0, trace: false, only: |_| true };
    let mut given = std::env::args().skip(1);
    while let Some(flag) = given.next() {
        match flag.as_str() {
            "--only" => {
                arguments.only = match given.next()?.as_str() {
                    "routed" => |case| case.traffic.is_some(),
                    "analysed" => |case| case.analyses.is_some(),
                    "tried" => |case| case.tries,
                    _ => return None,
                }
            }
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
    let Some(Arguments { seeds, trace, only }) = arguments() else {
        writeln!(out, "{USAGE}")?;
        return Ok(ExitCode::from(2));
    };
    if trace {
        let filter = EnvFilter::new("warn,rollouts_controller=debug,rollouts_sim=debug");
        tracing_subscriber::fmt().with_env_filter(filter).without_time().with_target(false).init();
    }
    let (mut total, mut broken, mut deaths) = (0, 0, 0);
    for seed in seeds.filter(|seed| only(&Case::draw(*seed))) {
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
