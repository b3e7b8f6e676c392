//! Deformed objects by hand; see `rollouts_sim::fuzz` for how to build it with overflow checks.
//!
//! `-- --cases 1000000 [--from N]` plays so many seeds and prints those that broke a rule; `-- --case N` prints the
//! objects of one and plays it.

use rollouts_sim::fuzz::{Corpus, Outcome, Screen, objects, play};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

const USAGE: &str = "usage: fuzz --cases N [--from N] | fuzz --case N";
/// Broken cases shown at most.
const SHOWN: u64 = 20;

struct Arguments {
    seeds: std::ops::Range<u64>,
    shows: bool,
}

fn arguments() -> Option<Arguments> {
    let (mut from, mut cases, mut shows) = (0, 0, false);
    let mut given = std::env::args().skip(1);
    while let Some(flag) = given.next() {
        let number: u64 = given.next()?.parse().ok()?;
        match flag.as_str() {
            "--cases" => cases = number,
            "--from" => from = number,
            "--case" => (from, cases, shows) = (number, 1, true),
            _ => return None,
        }
    }
    (cases > 0).then(|| Arguments { seeds: from..from.saturating_add(cases), shows })
}

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut out = std::io::stdout();
    let Some(Arguments { seeds, shows }) = arguments() else {
        writeln!(out, "{USAGE}")?;
        return Ok(ExitCode::from(2));
    };
    let (corpus, screen) = (Corpus::new()?, Screen::new()?);
    let mut total = Outcome::default();
    let (mut unreadable, mut invalid, mut resolved, mut scaling, mut broken) = (0_u64, 0_u64, 0_u64, 0_u64, 0_u64);
    let cases = seeds.end - seeds.start;
    for seed in seeds {
        if shows {
            writeln!(out, "{:#}", objects(&corpus, seed))?;
        }
        let problem = match catch_unwind(AssertUnwindSafe(|| play(&corpus, &screen, seed))) {
            Ok(Ok(outcome)) => {
                total.plans += outcome.plans;
                total.effects += outcome.effects;
                total.taken += outcome.taken;
                total.given_back += outcome.given_back;
                unreadable += u64::from(outcome.is_unreadable);
                invalid += u64::from(outcome.is_invalid);
                resolved += u64::from(outcome.is_resolved);
                scaling += u64::from(outcome.taken + outcome.given_back > 0);
                continue;
            }
            Ok(Err(rule)) => rule,
            Err(_) => "a panic, told above".into(),
        };
        broken += 1;
        if broken <= SHOWN {
            writeln!(out, "case {seed}: {problem}")?;
        }
    }
    let Outcome { plans, effects, taken, given_back, .. } = total;
    writeln!(out, "{resolved} with a workload, {scaling} scale a Deployment: {taken} times down, {given_back} up")?;
    writeln!(
        out,
        "{cases} cases, {unreadable} unreadable, {invalid} refused, {plans} plans, {effects} effects: {broken} broken"
    )?;
    Ok(if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
