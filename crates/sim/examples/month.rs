//! A virtual month of measurements: a line a day with what is kept of them, and the memory of this whole process, API
//! server included. `cargo run --release -p rollouts-sim --example month [-- DAYS]`.

use rollouts_sim::month::{Day, measure};
use rollouts_sim::virtual_time;
use std::io::Write;

const DAYS: u64 = 30;

/// Resident memory in MiB; 0 where the system does not say.
fn resident() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim_end_matches("kB").trim().parse::<f64>().unwrap_or_default() / 1024.0
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let days = std::env::args().nth(1).map_or(Ok(DAYS), |days| days.parse())?;
    let mut out = std::io::stdout();
    writeln!(out, "| day | measurements | kept of a metric | largest run, bytes | Jobs | events | held | RSS, MiB |")?;
    writeln!(out, "|---:|---:|---:|---:|---:|---:|---|---:|")?;
    let print = |day: &Day| {
        let Day { number, measured, kept, largest_bytes, jobs, events, .. } = day;
        let held: Vec<String> = day.held.iter().map(|(what, n)| format!("{what} {n}")).collect();
        let (held, rss) = (held.join(", "), resident());
        // Nobody listens any more if this fails.
        let _ = writeln!(
            out,
            "| {number} | {measured} | {kept} | {largest_bytes} | {jobs} | {events} | {held} | {rss:.1} |"
        );
    };
    virtual_time::block_on(measure(days, print))??;
    Ok(())
}
