//! Numbers about the present state of Rollouts. They come from the cache at each scrape, so that they are gone with
//! their object.

use super::text::{Kind, Text};
use rollouts_api::Rollout;
use std::sync::Arc;

/// The phases of the deprecated `rollout_phase`, which has none for an invalid spec.
const PHASES: [&str; 6] = ["Completed", "Progressing", "Paused", "Timeout", "Error", "Abort"];

pub(super) fn write(text: &mut Text, rollouts: &[Arc<Rollout>]) {
    text.family("rollout_info", Kind::Gauge, "What there is to know about a Rollout.");
    for ro in rollouts {
        let [namespace, name] = labels(ro);
        let rest = [("strategy", strategy(ro)), ("traffic_router", router(ro)), ("phase", phase(ro))];
        text.sample("rollout_info", &[&[namespace, name], &rest[..]].concat(), 1.0);
    }
    type Read = fn(&Rollout) -> i32;
    let numbers: [(&str, &str, Read); 4] = [
        ("rollout_info_replicas_available", "Available replicas.", |ro| ro.status.available_replicas),
        ("rollout_info_replicas_unavailable", "Replicas that are not available.", |ro| {
            ro.status.replicas.saturating_sub(ro.status.available_replicas)
        }),
        ("rollout_info_replicas_desired", "Replicas that are wanted.", |ro| ro.spec.replicas.unwrap_or(1)),
        ("rollout_info_replicas_updated", "Replicas of the new version.", |ro| ro.status.updated_replicas),
    ];
    for (family, help, read) in numbers {
        text.family(family, Kind::Gauge, help);
        rollouts.iter().for_each(|ro| text.sample(family, &labels(ro), read(ro).into()));
    }
    text.family("rollout_phase", Kind::Gauge, "Deprecated, use rollout_info.");
    for ro in rollouts {
        let ([namespace, name], present) = (labels(ro), phase(ro));
        for phase in PHASES {
            let labels = [namespace, name, ("strategy", strategy(ro)), ("phase", phase)];
            text.sample("rollout_phase", &labels, if phase == present { 1.0 } else { 0.0 });
        }
    }
}

fn labels(ro: &Rollout) -> [(&str, &str); 2] {
    [("namespace", &ro.metadata.namespace), ("name", &ro.metadata.name)]
}

fn strategy(ro: &Rollout) -> &'static str {
    match (&ro.spec.strategy.blue_green, &ro.spec.strategy.canary) {
        (Some(_), _) => "blueGreen",
        (_, Some(_)) => "canary",
        _ => "none",
    }
}

/// The last in this order that is set, as ever.
fn router(ro: &Rollout) -> &'static str {
    let routing = ro.spec.strategy.canary.as_ref().and_then(|canary| canary.traffic_routing.as_ref());
    let Some(routing) = routing else { return "" };
    let set = [
        ("AppMesh", routing.app_mesh.is_some()),
        ("SMI", routing.smi.is_some()),
        ("Nginx", routing.nginx.is_some()),
        ("Istio", routing.istio.is_some()),
        ("Ambassador", routing.ambassador.is_some()),
        ("ALB", routing.alb.is_some()),
    ];
    set.into_iter().find_map(|(name, is_set)| is_set.then_some(name)).unwrap_or("")
}

/// Not `status.phase`, but what the conditions say, in words of its own.
fn phase(ro: &Rollout) -> &'static str {
    let condition = |kind: &str| ro.status.conditions.iter().find(|c| c.r#type == kind);
    if condition("InvalidSpec").is_some() {
        return "InvalidSpec";
    }
    match condition("Progressing").map(|c| c.reason.as_str()) {
        Some("NewReplicaSetAvailable") => "Completed",
        Some("RolloutPaused") => "Paused",
        Some("ReplicaSetCreateError" | "AnalysisRunCreateError" | "ExperimentCreateError") => "Error",
        Some("ProgressDeadlineExceeded") => "Timeout",
        Some("RolloutAborted") => "Abort",
        _ => "Progressing",
    }
}
