use super::outcome::{Outcome, Tally, decide, left};
use super::{indexes, spec};
use crate::machinery::{Next, whole_seconds};
use jiff::Timestamp;
use k8s_openapi::api::batch::v1::{Job, JobCondition, JobStatus, UncountedTerminatedPods};
use k8s_openapi::api::core::v1::Pod;
use std::sync::Arc;
use std::time::Duration;

/// Type, reason, message.
type Said = (&'static str, &'static str, String);

/// When the Job finished, if it has.
pub(super) fn finished_at(job: &Job) -> Option<Timestamp> {
    let mut conditions = job.status.iter().flat_map(|s| s.conditions.iter().flatten());
    let end = conditions.find(|c| matches!(c.type_.as_str(), "Complete" | "Failed") && c.status == "True")?;
    end.last_transition_time.as_ref().map(|t| t.0)
}

/// The status that these pods mean, what to tell about the change, and when time alone changes it.
pub(super) fn next(job: &Job, pods: &[Arc<Pod>], now: Timestamp) -> (JobStatus, Vec<Said>, Next) {
    let spec = spec(job);
    let tally = Tally::of(job, pods);
    let mut status = job.status.clone().unwrap_or_default();
    let mut said = Vec::new();
    let mut list = Conditions { list: status.conditions.take().unwrap_or_default(), now };

    if spec.suspend == Some(true) {
        if list.set("Suspended", true, "JobSuspended", "Job suspended") {
            said.push(("Normal", "Suspended", "Job suspended".to_string()));
        }
        status.start_time = None;
    } else {
        if list.is("Suspended") && list.set("Suspended", false, "JobResumed", "Job resumed") {
            said.push(("Normal", "Resumed", "Job resumed".to_string()));
            status.start_time = None;
        }
        status.start_time.get_or_insert_with(|| whole_seconds(now));
    }

    status.active = i32::try_from(tally.active).ok().filter(|n| *n > 0);
    status.ready = Some(i32::try_from(tally.ready).unwrap_or(i32::MAX));
    status.terminating = Some(i32::try_from(tally.terminating).unwrap_or(i32::MAX));
    status.succeeded = Some(tally.succeeded).filter(|n| *n > 0);
    status.failed = Some(tally.failed).filter(|n| *n > 0);
    status.uncounted_terminated_pods.get_or_insert_with(UncountedTerminatedPods::default);
    if indexes::is_indexed(job) {
        status.completed_indexes = Some(indexes::text(&indexes::completed(job, pods))).filter(|t| !t.is_empty());
    }

    let stopped = tally.active == 0 && tally.terminating == 0;
    match decide(job, &tally, now) {
        Some(Outcome::Succeeded) => {
            let (reason, message) = ("CompletionsReached", "Reached expected number of succeeded pods");
            list.set("SuccessCriteriaMet", true, reason, message);
            if stopped && list.set("Complete", true, reason, message) {
                status.completion_time = Some(whole_seconds(now));
                said.push(("Normal", "Completed", "Job completed".to_string()));
            }
        }
        Some(Outcome::Failed(reason, message)) => {
            list.set("FailureTarget", true, reason, message);
            if stopped && list.set("Failed", true, reason, message) {
                said.push(("Warning", reason, message.to_string()));
            }
        }
        None => {}
    }
    status.conditions = Some(list.list).filter(|l| !l.is_empty());
    let probe = Job { status: Some(status.clone()), ..job.clone() };
    let next = left(&probe, now).and_then(|left| Duration::try_from(left).ok()).filter(|d| !d.is_zero());
    (status, said, next)
}

struct Conditions {
    list: Vec<JobCondition>,
    now: Timestamp,
}

impl Conditions {
    fn is(&self, kind: &str) -> bool {
        self.list.iter().any(|c| c.type_ == kind && c.status == "True")
    }

    /// False when it was so already.
    fn set(&mut self, kind: &str, on: bool, reason: &str, message: &str) -> bool {
        let status = if on { "True" } else { "False" };
        if self.list.iter().any(|c| c.type_ == kind && c.status == status) {
            return false;
        }
        self.list.retain(|c| c.type_ != kind);
        self.list.push(JobCondition {
            type_: kind.into(),
            status: status.into(),
            reason: Some(reason.into()),
            message: Some(message.into()),
            last_probe_time: Some(whole_seconds(self.now)),
            last_transition_time: Some(whole_seconds(self.now)),
        });
        true
    }
}
