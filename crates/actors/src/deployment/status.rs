use super::sets::Sets;
use super::{available, bounds, size, wanted};
use crate::machinery::whole_seconds;
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet};

const AVAILABLE: &str = "Available";

/// The counts and the `Available` condition; all other conditions stay.
pub(super) fn plain(d: &Deployment, sets: &Sets, now: Timestamp) -> DeploymentStatus {
    let old = d.status.clone().unwrap_or_default();
    let sum = |f: &dyn Fn(&ReplicaSet) -> i32| sets.all().map(f).sum::<i32>();
    let replicas = |rs: &ReplicaSet| rs.status.as_ref().map_or(0, |s| s.replicas);
    let ready = |rs: &ReplicaSet| rs.status.as_ref().and_then(|s| s.ready_replicas).unwrap_or_default();
    let total = sum(&replicas);
    let total_available = sum(&available);
    let some = |n: i32| Some(n).filter(|n| *n > 0);
    let mut status = DeploymentStatus {
        observed_generation: d.metadata.generation,
        replicas: some(total),
        updated_replicas: some(sets.new.as_ref().map_or(0, replicas)),
        ready_replicas: some(sum(&ready)),
        available_replicas: some(total_available),
        unavailable_replicas: some(sum(&size) - total_available),
        ..old
    };
    let (_, unavailable) = bounds(d);
    let enough = total_available >= wanted(d) - unavailable;
    let condition = match enough {
        true => condition(AVAILABLE, "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", now),
        false => condition(
            AVAILABLE,
            "False",
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
            now,
        ),
    };
    put(&mut status, condition);
    status
}

/// All pods are new and available, and nothing newer is wanted.
pub(super) fn is_complete(d: &Deployment, status: &DeploymentStatus) -> bool {
    let all = Some(wanted(d)).filter(|n| *n > 0);
    status.updated_replicas == all
        && status.replicas == all
        && status.available_replicas == all
        && status.observed_generation >= d.metadata.generation
}

pub(super) fn condition(kind: &str, status: &str, reason: &str, message: &str, now: Timestamp) -> DeploymentCondition {
    DeploymentCondition {
        type_: kind.into(),
        status: status.into(),
        reason: Some(reason.into()),
        message: Some(message.into()),
        last_update_time: Some(whole_seconds(now)),
        last_transition_time: Some(whole_seconds(now)),
    }
}

pub(super) fn find<'a>(status: &'a DeploymentStatus, kind: &str) -> Option<&'a DeploymentCondition> {
    status.conditions.iter().flatten().find(|c| c.type_ == kind)
}

/// Puts a condition in, unless one of the same status and reason is there; the transition time moves only with the
/// status. A replaced condition moves to the end.
pub(super) fn put(status: &mut DeploymentStatus, mut new: DeploymentCondition) {
    if let Some(old) = find(status, &new.type_) {
        if old.status == new.status && old.reason == new.reason {
            return;
        }
        if old.status == new.status {
            new.last_transition_time = old.last_transition_time.clone();
        }
    }
    remove(status, &new.type_.clone());
    status.conditions.get_or_insert_default().push(new);
}

pub(super) fn remove(status: &mut DeploymentStatus, kind: &str) {
    if let Some(conditions) = &mut status.conditions {
        conditions.retain(|c| c.type_ != kind);
    }
}
