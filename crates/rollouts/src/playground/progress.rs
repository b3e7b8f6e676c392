//! Shows the samples while they come up.

use super::samples::ROLLOUTS;
use anyhow::{Result, bail};
use rollouts_api::Rollout;
use rollouts_kube::{Rest, resource};
use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;
use tokio::time::Instant;

/// How often the samples are looked at.
const INTERVAL: Duration = Duration::from_millis(200);
/// How long they may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Prints every change of their phases and ends when all are Healthy.
pub async fn until_healthy(rest: &Rest, out: &mut dyn Write) -> Result<()> {
    let end = Instant::now() + TIMEOUT;
    let mut shown: BTreeMap<&str, String> = BTreeMap::new();
    loop {
        for name in ROLLOUTS {
            let ro: Rollout = rest.get(&resource::ROLLOUTS, "default", name).await?;
            let line = line(&ro);
            if shown.get(name) != Some(&line) {
                writeln!(out, "  {name:<20} {line}")?;
                out.flush()?;
                shown.insert(name, line);
            }
        }
        if shown.values().all(|line| line.starts_with("Healthy")) {
            return Ok(());
        }
        if Instant::now() > end {
            bail!("the samples were not Healthy after {} s", TIMEOUT.as_secs());
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

fn line(ro: &Rollout) -> String {
    let s = &ro.status;
    let phase = if s.phase.is_empty() { "Pending" } else { &s.phase };
    let pods = format!("{}/{} pods available", s.available_replicas, ro.spec.replicas());
    match s.message.is_empty() {
        true => format!("{phase:<12} {pods}"),
        false => format!("{phase:<12} {pods}  {}", s.message),
    }
}
