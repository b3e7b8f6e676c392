//! The table.

use crate::count::{is_write, writes};
use crate::round::{Phase, Round};
use std::fmt::Write as _;

pub const HEADER: &str = "\
| Rollouts | Healthy after create, s | after update, s | CPU, s | CPU/Rollout, ms | RSS at rest, MiB | peak | end | writes/Rollout | of these events | idle CPU, ms/min | idle writes | restart: CPU, s | peak RSS, MiB | end |
|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|";

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

pub fn row(r: &Round) -> String {
    let n = r.rollouts as f64;
    let cpu = (r.create.cpu + r.update.cpu).as_secs_f64();
    let all = |pick: fn(&Phase) -> u64| (pick(&r.create) + pick(&r.update)) as f64 / n;
    let events =
        |p: &Phase| p.requests.iter().filter(|(k, _)| is_write(k) && k.ends_with(" events")).map(|e| e.1).sum();
    let per_minute = r.idle_cpu.as_secs_f64() * 1000.0 / r.idle.as_secs_f64() * 60.0;
    format!(
        "| {} | {:.1} | {:.1} | {cpu:.2} | {:.2} | {:.1} | {:.1} | {:.1} | {:.2} | {:.2} | {per_minute:.1} | {} | {:.2} | {:.1} | {:.1} |",
        r.rollouts,
        r.create.healthy_after.as_secs_f64(),
        r.update.healthy_after.as_secs_f64(),
        cpu * 1000.0 / n,
        mib(r.memory_at_rest),
        mib(r.memory_peak),
        mib(r.memory_end),
        all(|p| writes(&p.requests)),
        all(events),
        r.idle_writes,
        r.restart.cpu.as_secs_f64(),
        mib(r.restart.memory_peak),
        mib(r.restart.memory_end),
    )
}

/// Requests a Rollout by kind and verb.
pub fn details(r: &Round) -> String {
    let mut text = String::new();
    let phases = [
        ("create", r.create.cpu, &r.create.requests),
        ("update", r.update.cpu, &r.update.requests),
        ("restart", r.restart.cpu, &r.restart.requests),
    ];
    for (name, cpu, requests) in phases {
        let _ = writeln!(text, "  {name}: CPU {:.2} s", cpu.as_secs_f64());
        for (request, count) in requests {
            let mark = if is_write(request) { "" } else { " (read)" };
            let _ = writeln!(text, "    {:>8.3} {request}{mark}", *count as f64 / r.rollouts as f64);
        }
    }
    text
}
