//! When a Job has succeeded or failed, and how many pods it wants.

use super::{indexes, spec};
use crate::machinery::{Backoff, is_active, is_ready, is_terminating, phase};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use std::sync::Arc;
use std::time::Duration;

const BACK_OFF_BASE: Duration = Duration::from_secs(10);
const BACK_OFF_CAP: Duration = Duration::from_secs(600);

/// What the pods of a Job add up to.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub active: usize,
    pub ready: usize,
    pub terminating: usize,
    pub succeeded: i32,
    pub failed: i32,
    /// Restarts of containers in pods that restart them.
    restarts: i32,
    /// Failures since the last success, and the time of the last one.
    recent_failures: u32,
    last_failure: Option<Timestamp>,
}

impl Tally {
    pub(super) fn of(job: &Job, pods: &[Arc<Pod>]) -> Self {
        let known = job.status.clone().unwrap_or_default();
        let count = |test: &dyn Fn(&Pod) -> bool| pods.iter().filter(|p| test(p)).count();
        let in_phase = |wanted: &str| i32::try_from(count(&|p| phase(p) == wanted)).unwrap_or(i32::MAX);
        let succeeded = match indexes::is_indexed(job) {
            true => i32::try_from(indexes::completed(job, pods).len()).unwrap_or(i32::MAX),
            false => in_phase("Succeeded").max(known.succeeded.unwrap_or_default()),
        };
        let ends =
            |wanted: &str| pods.iter().filter(|p| phase(p) == wanted).filter_map(|p| ended(p)).collect::<Vec<_>>();
        let last_success = ends("Succeeded").into_iter().max();
        let failures = ends("Failed");
        let recent = failures.iter().filter(|t| last_success.is_none_or(|s| **t > s)).count();
        Tally {
            active: count(&is_active),
            ready: count(&|p| is_active(p) && is_ready(p)),
            terminating: count(&|p| is_terminating(p) && !crate::machinery::is_finished(p)),
            succeeded,
            failed: in_phase("Failed").max(known.failed.unwrap_or_default()),
            restarts: pods.iter().filter(|p| is_active(p)).map(|p| restarts(p)).sum(),
            recent_failures: u32::try_from(recent).unwrap_or(u32::MAX),
            last_failure: failures.into_iter().max(),
        }
    }
}

fn restarts(pod: &Pod) -> i32 {
    let status = pod.status.clone().unwrap_or_default();
    let containers = status.container_statuses.into_iter().chain(status.init_container_statuses).flatten();
    containers.map(|c| c.restart_count).sum()
}

fn ended(pod: &Pod) -> Option<Timestamp> {
    let containers = pod.status.as_ref()?.container_statuses.as_ref()?;
    let ends = containers.iter().filter_map(|c| c.state.as_ref()?.terminated.as_ref()?.finished_at.as_ref());
    ends.map(|t| t.0).max()
}

/// How a Job ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    Succeeded,
    /// Reason and message.
    Failed(&'static str, &'static str),
}

/// The outcome, once there is one. A failure noted in the status stays.
pub(super) fn decide(job: &Job, tally: &Tally, now: Timestamp) -> Option<Outcome> {
    let spec = spec(job);
    let backoff = Outcome::Failed("BackoffLimitExceeded", "Job has reached the specified backoff limit");
    let deadline = Outcome::Failed("DeadlineExceeded", "Job was active longer than specified deadline");
    let noted = job.status.iter().flat_map(|s| s.conditions.iter().flatten());
    let noted = noted.filter(|c| c.status == "True").find_map(|c| match (c.type_.as_str(), c.reason.as_deref()) {
        ("SuccessCriteriaMet", _) => Some(Outcome::Succeeded),
        ("FailureTarget", Some("DeadlineExceeded")) => Some(deadline.clone()),
        ("FailureTarget", _) => Some(backoff.clone()),
        _ => None,
    });
    if noted.is_some() {
        return noted;
    }
    let limit = spec.backoff_limit.unwrap_or(6);
    let restarted = spec.template.spec.as_ref().and_then(|s| s.restart_policy.as_deref()) == Some("OnFailure");
    let exhausted = restarted && if limit == 0 { tally.restarts > 0 } else { tally.restarts >= limit };
    if tally.failed > limit || exhausted {
        return Some(backoff);
    }
    if left(job, now).is_some_and(|left| left <= SignedDuration::ZERO) {
        return Some(deadline);
    }
    let done = match spec.completions {
        Some(completions) => tally.succeeded >= completions,
        None => tally.succeeded > 0 && tally.active == 0,
    };
    done.then_some(Outcome::Succeeded)
}

/// Until `activeDeadlineSeconds` have passed.
pub(super) fn left(job: &Job, now: Timestamp) -> Option<SignedDuration> {
    let spec = spec(job);
    let started = job.status.as_ref()?.start_time.as_ref().filter(|_| spec.suspend != Some(true))?.0;
    let deadline = started.checked_add(SignedDuration::from_secs(spec.active_deadline_seconds?)).ok()?;
    Some(deadline.duration_since(now))
}

/// How many pods should run.
pub(super) fn wanted_active(job: &Job, tally: &Tally) -> usize {
    let spec = spec(job);
    let parallelism = usize::try_from(spec.parallelism.unwrap_or(1)).unwrap_or_default();
    match spec.completions {
        Some(completions) => parallelism.min(usize::try_from(completions - tally.succeeded).unwrap_or_default()),
        // A work queue: after the first success the others finish, and no new ones start.
        None if tally.succeeded > 0 => tally.active,
        None => parallelism,
    }
}

/// How long to wait before the next pod, after failures: 10 s, 20 s … 10 min.
pub(super) fn back_off(tally: &Tally, now: Timestamp) -> Duration {
    let (Some(last), 1..) = (tally.last_failure, tally.recent_failures) else { return Duration::ZERO };
    let delay = Backoff::nth(BACK_OFF_BASE, BACK_OFF_CAP, tally.recent_failures - 1);
    let due = last.checked_add(delay).unwrap_or(last);
    Duration::try_from(due.duration_since(now)).unwrap_or_default()
}
