//! Kills the controller at every write of every recorded scenario, before the write reaches the API server and after,
//! and the actors likewise; each run must end as the undisturbed one does and keep the invariants. Plays each scenario
//! with two controllers, too.
//!
//! `cargo run --release -p rollouts-sim --example crashes [-- [--only NAME] [--every N] [--actors]
//! [--mood MOOD] [--kill WRITE before|after]]`; `--only` takes the beginning of names, `--every` a sample of the writes,
//! with `--mood` all sources of metrics are `bad`, `odd`, `empty`, `failing`, `garbage`, `hanging` or `refusing`, `--kill`
//! traces one run.

#[path = "../tests/support/mod.rs"]
mod support;

use rollouts_sim::faults::{Kill, Moment};
use rollouts_sim::golden::Golden;
use rollouts_sim::metrics_source::Mood;
use rollouts_sim::scenario::Scenario;
use rollouts_sim::trial::{Outcome, Trial, play};
use rollouts_sim::virtual_time;
use std::io::Write;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

const USAGE: &str = "usage: crashes [--only NAME] [--every N] [--actors] [--mood MOOD] [--kill WRITE before|after]";

#[derive(Default)]
struct Arguments {
    only: Option<String>,
    every: Option<u64>,
    actors: bool,
    mood: Option<Mood>,
    kill: Option<Kill>,
}

fn arguments() -> Option<Arguments> {
    let mut arguments = Arguments::default();
    let mut given = std::env::args().skip(1);
    while let Some(flag) = given.next() {
        match flag.as_str() {
            "--only" => arguments.only = Some(given.next()?),
            "--every" => arguments.every = Some(given.next()?.parse().ok().filter(|every| *every > 0)?),
            "--actors" => arguments.actors = true,
            "--mood" => arguments.mood = Some(mood(&given.next()?)?),
            "--kill" => {
                let write = given.next()?.parse().ok()?;
                let moment = match given.next()?.as_str() {
                    "before" => Moment::Before,
                    "after" => Moment::After,
                    _ => return None,
                };
                arguments.kill = Some(Kill { write, moment });
            }
            _ => return None,
        }
    }
    Some(arguments)
}

fn mood(name: &str) -> Option<Mood> {
    Some(match name {
        "bad" => Mood::Bad,
        "odd" => Mood::Odd,
        "empty" => Mood::Empty,
        "failing" => Mood::Failing,
        "garbage" => Mood::Garbage,
        "hanging" => Mood::Hanging,
        "refusing" => Mood::Refusing,
        _ => return None,
    })
}

fn run(scenario: &Scenario, trial: Trial, revisions: u64) -> Outcome {
    let scenario = scenario.clone();
    support::seeded(0, move || {
        let played = virtual_time::block_on(play(&scenario, trial, revisions)).expect("a runtime");
        played.unwrap_or_else(|e| panic!("{}: {e}", scenario.name))
    })
}

#[derive(Default)]
struct Totals {
    scenarios: u64,
    runs: u64,
    deaths: u64,
    broken: u64,
}

impl Totals {
    fn report(&mut self, name: &str, outcome: &Outcome, problems: &[String]) -> std::io::Result<()> {
        self.runs += 1;
        self.deaths += outcome.deaths;
        if problems.is_empty() {
            return Ok(());
        }
        self.broken += 1;
        let mut out = std::io::stdout();
        writeln!(out, "{name}:")?;
        problems.iter().try_for_each(|problem| writeln!(out, "  {problem}"))
    }
}

fn main() -> std::io::Result<ExitCode> {
    let mut out = std::io::stdout();
    let Some(arguments) = arguments() else {
        writeln!(out, "{USAGE}")?;
        return Ok(ExitCode::from(2));
    };
    if arguments.kill.is_some() {
        let filter = EnvFilter::new("warn,rollouts_controller=debug,rollouts_sim=debug");
        tracing_subscriber::fmt().with_env_filter(filter).without_time().with_target(false).init();
    }
    let every = arguments.every.unwrap_or(1);
    let mut totals = Totals::default();
    for Golden { scenario, .. } in Golden::all()? {
        if arguments.only.as_ref().is_some_and(|only| !scenario.name.starts_with(only.as_str())) {
            continue;
        }
        totals.scenarios += 1;
        let calm = Trial { mood: arguments.mood, ..Trial::default() };
        let killing = |kill| match arguments.actors {
            true => Trial { kill_actors: kill, ..calm },
            false => Trial { kill, ..calm },
        };
        if arguments.kill.is_some() {
            run(&scenario, killing(arguments.kill), u64::MAX);
            continue;
        }
        let whole = run(&scenario, calm, u64::MAX);
        totals.report(&format!("{} undisturbed", scenario.name), &whole, &whole.violations)?;
        let twins = run(&scenario, Trial { twins: true, ..calm }, whole.revisions);
        totals.report(&format!("{} with two controllers", scenario.name), &twins, &twins.flapping(&whole))?;
        let writes = if arguments.actors { whole.actor_writes } else { whole.writes };
        let shift = totals.scenarios;
        for write in (1..=writes).filter(|write| (write + shift) % every == 0) {
            for moment in [Moment::Before, Moment::After] {
                let outcome = run(&scenario, killing(Some(Kill { write, moment })), whole.revisions);
                let name = format!("{} killed {moment:?} write {write} of {writes}", scenario.name);
                totals.report(&name, &outcome, &outcome.problems(&whole))?;
            }
        }
    }
    let Totals { scenarios, runs, deaths, broken } = totals;
    writeln!(out, "{scenarios} scenarios, {runs} runs, {deaths} deaths, {broken} runs broken")?;
    Ok(if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
