//! The `Progressing` and `ReplicaFailure` conditions.

use super::sets::Sets;
use super::spec;
use super::status::{condition, find, is_complete, plain, put, remove};
use crate::machinery::{Next, whole_seconds};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::apps::v1::{Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet};
use kube::ResourceExt;
use std::time::Duration;

const PROGRESSING: &str = "Progressing";
const FAILURE: &str = "ReplicaFailure";
const AVAILABLE: &str = "NewReplicaSetAvailable";
const TIMED_OUT: &str = "ProgressDeadlineExceeded";
const PAUSED: &str = "DeploymentPaused";

/// No deadline: Go's largest 32-bit number.
fn deadline(d: &Deployment) -> Option<i64> {
    spec(d).progress_deadline_seconds.filter(|s| *s != i32::MAX).map(i64::from)
}

/// Notes in memory that a new ReplicaSet was created; written with the status.
pub(super) fn note_created(d: &mut Deployment, rs: &ReplicaSet, now: Timestamp) {
    if deadline(d).is_some() {
        let message = format!("Created new replica set {:?}", rs.name_any());
        let status = d.status.get_or_insert_default();
        put(status, condition(PROGRESSING, "True", "NewReplicaSetCreated", &message, now));
    }
}

pub(super) fn failed_create(d: &Deployment, error: &kube::Error, now: Timestamp) -> DeploymentCondition {
    let message = match error {
        kube::Error::Api(status) => status.message.clone(),
        other => other.to_string(),
    };
    let message = format!("Failed to create new replica set for deployment {:?}: {message}", d.name_any());
    condition(PROGRESSING, "False", "ReplicaSetCreateError", &message, now)
}

/// The condition that tells of pausing or resuming, when it is time to.
pub(super) fn paused_condition(d: &Deployment, now: Timestamp) -> Option<DeploymentCondition> {
    deadline(d)?;
    let reason = d.status.as_ref().and_then(|s| find(s, PROGRESSING)).and_then(|c| c.reason.as_deref());
    match (spec(d).paused == Some(true), reason) {
        (_, Some(TIMED_OUT)) => None,
        (true, reason) if reason != Some(PAUSED) => {
            Some(condition(PROGRESSING, "Unknown", PAUSED, "Deployment is paused", now))
        }
        (false, Some(PAUSED)) => {
            Some(condition(PROGRESSING, "Unknown", "DeploymentResumed", "Deployment is resumed", now))
        }
        _ => None,
    }
}

/// The whole status in the middle of a rollout.
pub(super) fn status(d: &Deployment, sets: &Sets, now: Timestamp) -> DeploymentStatus {
    let mut status = plain(d, sets, now);
    // What the API server has; `d` may carry a condition noted in memory.
    let old = d.status.clone().unwrap_or_default();
    let current = find(&status, PROGRESSING).cloned();
    let reason = current.as_ref().and_then(|c| c.reason.as_deref());
    let done_before = status.replicas == status.updated_replicas && reason == Some(AVAILABLE);
    let what = match &sets.new {
        Some(rs) => format!("ReplicaSet {:?}", rs.name_any()),
        None => format!("Deployment {:?}", d.name_any()),
    };
    if deadline(d).is_none() {
        remove(&mut status, PROGRESSING);
    } else if !done_before {
        if is_complete(d, &status) {
            let message = format!("{what} has successfully progressed.");
            put(&mut status, condition(PROGRESSING, "True", AVAILABLE, &message, now));
        } else if is_progressing(&old, &status) {
            let message = format!("{what} is progressing.");
            let mut new = condition(PROGRESSING, "True", "ReplicaSetUpdated", &message, now);
            if let Some(old) = current.filter(|c| c.status == "True") {
                new.last_transition_time = old.last_transition_time;
            }
            // Its update time is what the deadline counts from, so it moves with every step.
            remove(&mut status, PROGRESSING);
            put(&mut status, new);
        } else if is_late(d, &status, now) {
            let message = format!("{what} has timed out progressing.");
            put(&mut status, condition(PROGRESSING, "False", TIMED_OUT, &message, now));
        }
    }
    let failure = sets.all().filter_map(|rs| {
        let mut conditions = rs.status.iter().flat_map(|s| s.conditions.iter().flatten());
        conditions.find(|c| c.type_ == FAILURE && c.status == "True").cloned()
    });
    match failure.last() {
        Some(c) => {
            let (reason, message) = (c.reason.unwrap_or_default(), c.message.unwrap_or_default());
            let mut new = condition(FAILURE, &c.status, &reason, &message, now);
            new.last_transition_time = c.last_transition_time.or(Some(whole_seconds(now)));
            put(&mut status, new);
        }
        None => remove(&mut status, FAILURE),
    }
    status
}

fn is_progressing(old: &DeploymentStatus, new: &DeploymentStatus) -> bool {
    let n = |v: Option<i32>| v.unwrap_or_default();
    let old_pods = |s: &DeploymentStatus| n(s.replicas) - n(s.updated_replicas);
    n(new.updated_replicas) > n(old.updated_replicas)
        || old_pods(new) < old_pods(old)
        || n(new.ready_replicas) > n(old.ready_replicas)
        || n(new.available_replicas) > n(old.available_replicas)
}

fn is_late(d: &Deployment, status: &DeploymentStatus, now: Timestamp) -> bool {
    left(d, status, now).is_some_and(|left| left <= SignedDuration::ZERO)
}

/// Until the deadline passes; `None` when none is running.
fn left(d: &Deployment, status: &DeploymentStatus, now: Timestamp) -> Option<SignedDuration> {
    let condition = find(status, PROGRESSING)?;
    if matches!(condition.reason.as_deref(), Some(AVAILABLE | TIMED_OUT | PAUSED)) {
        return None;
    }
    let since = condition.last_update_time.as_ref()?.0;
    Some(since.checked_add(SignedDuration::from_secs(deadline(d)?)).ok()?.duration_since(now))
}

/// When the deadline will have passed.
pub(super) fn next_look(d: &Deployment, status: &DeploymentStatus, now: Timestamp) -> Next {
    if spec(d).paused == Some(true) || is_complete(d, status) {
        return None;
    }
    let left = left(d, status, now)?;
    Duration::try_from(left).ok().filter(|d| !d.is_zero())
}
