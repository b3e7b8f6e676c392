//! A run that has ended: it never changes again, but may be deleted (analysis.md §2.9).

use super::plan::{RunEffect, RunPlan, later};
use crate::analysis::Phase;
use jiff::{SignedDuration, Timestamp};
use rollouts_api::Time;
use rollouts_api::analysis::{AnalysisRun, AnalysisRunStatus};

/// Deletes the run when its time has come.
pub(super) fn plan(run: &AnalysisRun, phase: Phase, now: Timestamp, plan: &mut RunPlan) {
    let (Some(ttl), Some(ended)) = (ttl_seconds(run, phase), ended_at(run)) else {
        return;
    };
    // The end is known to the second, its fraction was cut: a second more, so that it is never too early.
    let delete_at = later(ended.timestamp(), SignedDuration::from_secs(i64::from(ttl.max(0)) + 1));
    if delete_at <= now {
        plan.push(RunEffect::Delete, format!("it ended at {ended} and is to stay for {ttl} s"));
    } else {
        plan.wake(delete_at, now);
    }
}

/// The more specific field wins.
fn ttl_seconds(run: &AnalysisRun, phase: Phase) -> Option<i32> {
    let ttl = run.spec.ttl_strategy.as_ref()?;
    let specific = match phase {
        Phase::Successful => ttl.seconds_after_success,
        _ => ttl.seconds_after_failure,
    };
    specific.or(ttl.seconds_after_completion)
}

/// When the run ended. Argo Rollouts does not write that of runs that it could not begin or go on with: then it is
/// when the last thing happened.
fn ended_at(run: &AnalysisRun) -> Option<Time> {
    let status: &AnalysisRunStatus = &run.status;
    let measurements = status.metric_results.iter().flat_map(|r| &r.measurements);
    let last = || measurements.filter_map(|m| m.finished_at.or(m.started_at)).max();
    status.completed_at.or_else(last).or(status.started_at).or(run.metadata.creation_timestamp)
}
