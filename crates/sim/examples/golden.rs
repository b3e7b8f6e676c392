//! Recorded scenarios by hand.
//!
//! `cargo run -p rollouts-sim --example golden -- tr-istio-host` plays one, or all whose names begin so, and prints what is
//! not as recorded; `--ours` prints our recording, `--trace` the controller's plans and reasons.

use rollouts_sim::golden::{self, Golden};
use rollouts_sim::{compare, scenario, virtual_time};
use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

const USAGE: &str = "usage: golden NAME... [--ours] [--trace]";

fn main() -> io::Result<ExitCode> {
    let mut out = io::stdout();
    let (flags, wanted): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|arg| arg.starts_with("--"));
    if wanted.is_empty() || flags.iter().any(|flag| !["--ours", "--trace"].contains(&flag.as_str())) {
        writeln!(out, "{USAGE}")?;
        return Ok(ExitCode::from(2));
    }
    let has = |name: &str| flags.iter().any(|flag| flag == name);
    if has("--trace") {
        let filter = EnvFilter::new("warn,rollouts_controller=debug");
        tracing_subscriber::fmt().with_env_filter(filter).without_time().with_target(false).init();
    }
    let (mut played, mut different) = (0, 0);
    for area in areas()? {
        for name in golden::names(&area)? {
            if !wanted.iter().any(|wanted| name.starts_with(wanted.as_str())) {
                continue;
            }
            let golden = Golden::read(&area, &name)?;
            let ours = virtual_time::block_on(scenario::play(&golden.scenario))?.map_err(io::Error::other)?;
            if has("--ours") {
                writeln!(out, "{}", serde_json::to_string_pretty(&ours)?)?;
            }
            let (diff, excuse) = (compare::diff(&golden.recording, &ours), golden.difference);
            played += 1;
            if diff.is_empty() {
                writeln!(out, "{name}: as recorded")?;
                continue;
            }
            different += usize::from(excuse.is_none());
            let excuse = excuse.map(|reason| format!(", on purpose: {}", reason.reason)).unwrap_or_default();
            writeln!(out, "{name}: not as recorded{excuse}\n{diff}")?;
        }
    }
    writeln!(out, "{played} played, {different} not as recorded")?;
    Ok(if different == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// All of them, those too that are not replayed by tests.
fn areas() -> io::Result<Vec<String>> {
    let mut areas = Vec::new();
    for entry in fs::read_dir(golden::directory())? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            areas.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    areas.sort();
    Ok(areas)
}
