//! Draws where requests went.

use super::flow::{Flow, REQUESTS, Version};
use rollouts_api::Rollout;
use std::fmt::Write;

/// Characters for all requests.
const BAR: usize = 40;

/// The picture.
pub fn draw(rollout: &Rollout, flows: &[Flow]) -> String {
    let mut out = format!("{}\n", headline(rollout));
    for flow in flows {
        let _ = write!(out, "\n{}\n", flow.title);
        let mut rows: Vec<(String, u32, String)> =
            flow.answered.iter().map(|(hash, version)| row(rollout, hash, version)).collect();
        rows.sort_by(|a, b| b.2.cmp(&a.2));
        if flow.lost > 0 {
            rows.push(("nobody".into(), flow.lost, "no pod is ready for them".into()));
        }
        let width = rows.iter().map(|(name, ..)| name.chars().count()).max().unwrap_or(0);
        for (name, requests, what) in rows {
            let share = f64::from(requests) * 100.0 / f64::from(REQUESTS);
            let _ = writeln!(out, "  {name:<width$}  {}  {share:>5.1} %  {what}", bar(requests));
        }
        for (service, percent) in &flow.copies {
            let _ = writeln!(out, "  copies of {percent} % go to {service} besides");
        }
    }
    out
}

fn headline(rollout: &Rollout) -> String {
    let (status, canary) = (&rollout.status, rollout.spec.strategy.canary.as_ref());
    let steps = canary.map_or(0, |canary| canary.steps.len());
    let step = status.current_step_index.filter(|_| steps > 0).map(|step| format!("step {step} of {steps}"));
    let weight = status.canary.weights.as_ref().map(|weights| weights.canary.weight);
    let is_updated = !status.stable_rs.is_empty() && status.stable_rs == status.current_pod_hash;
    let weight = match weight {
        None | Some(0) if is_updated => Some("100 % stable".to_owned()),
        weight => weight.map(|weight| format!("weight {weight}")),
    };
    let phase = if status.phase.is_empty() { "Pending" } else { &status.phase };
    let message = Some(status.message.as_str()).filter(|message| !message.is_empty());
    let parts = [Some(phase.to_owned()), message.map(str::to_owned), step, weight];
    format!("{}  {}", rollout.metadata.name, parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

/// Name, requests, and what else there is to say of a version.
fn row(rollout: &Rollout, hash: &str, version: &Version) -> (String, u32, String) {
    let tag = version.image.rsplit_once(':').map_or(version.image.as_str(), |(_, tag)| tag);
    let role = match &rollout.status {
        status if status.stable_rs == hash => "stable",
        status if status.current_pod_hash == hash => "canary",
        _ => "another version",
    };
    let pods = if version.pods == 1 { "pod" } else { "pods" };
    (tag.to_owned(), version.requests, format!("{role}, {} {pods}", version.pods))
}

/// As long as its share.
fn bar(requests: u32) -> String {
    let full = (usize::try_from(requests).unwrap_or(0) * BAR * 2 / usize::try_from(REQUESTS).unwrap_or(1)).div_ceil(2);
    "█".repeat(full) + &"░".repeat(BAR.saturating_sub(full))
}
