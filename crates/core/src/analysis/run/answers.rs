//! From an answer to the result of its metric (analysis.md §2.3).

use super::judge::{unfinished, unfinished_one};
use super::plan::later;
use super::retention;
use super::spec::Watched;
use super::{Answer, Ask};
use crate::analysis::Phase;
use jiff::{SignedDuration, Timestamp};
use rollouts_api::Time;
use rollouts_api::analysis::{AnalysisRunStatus, Measurement, MetricResult};
use std::collections::BTreeMap;

/// When to look again at an unfinished measurement whose provider does not say.
const DEFAULT_RESUME: SignedDuration = SignedDuration::from_secs(10);

/// The shortest time between two looks at an unfinished measurement.
const MIN_RESUME: SignedDuration = SignedDuration::from_secs(1);

/// Message of a measurement that was ended before its time.
const TERMINATED: &str = "Metric Terminated";

/// Takes an answer of `metric`, one of `metrics`, into the status. One that does not fit what is there (any more) is
/// of no use.
pub(super) fn apply(
    status: &mut AnalysisRunStatus,
    metric: &Watched<'_>,
    metrics: usize,
    (ask, at): (Ask, Timestamp),
    answer: &Answer,
) {
    let slot = status.metric_results.iter().position(|r| r.name == metric.name());
    let last = slot.and_then(|i| unfinished_one(&status.metric_results[i])).cloned();
    // A new measurement does not begin while another is going on, and only one that is going on can be gone on with.
    if (ask == Ask::Run) != last.is_none() {
        return;
    }
    let (measurement, mut metadata) = match answer {
        Answer::Measured { measurement, metadata } => (measurement.clone(), metadata.clone()),
        Answer::Unresolved(error) => (failed(last.clone(), error), BTreeMap::new()),
    };
    let mut measurement = complete(measurement, last.as_ref(), ask, at);
    if unfinished(&measurement) && !metric.leaves_traces() {
        // There is nothing to wait for; such a thing comes of a provider that was changed meanwhile.
        let error = "the metric's provider finishes measurements at once, but did not finish this one";
        measurement = complete(failed(Some(measurement), error), None, ask, at);
    }
    retention::cut(&mut measurement, metrics);
    retention::cut_metadata(&mut metadata, metrics);
    let slot = slot.unwrap_or_else(|| {
        status.metric_results.push(MetricResult {
            name: metric.name().to_string(),
            phase: Phase::Running.to_string(),
            dry_run: metric.dry_run,
            metadata,
            ..Default::default()
        });
        status.metric_results.len() - 1
    });
    let result = &mut status.metric_results[slot];
    if ask != Ask::Run {
        result.measurements.pop();
    }
    if !unfinished(&measurement) {
        count(result, &measurement);
    }
    result.measurements.push(measurement);
}

/// An unfinished measurement that can no longer be looked at.
fn failed(last: Option<Measurement>, error: &str) -> Measurement {
    Measurement { phase: Phase::Error.to_string(), message: error.to_string(), ..last.unwrap_or_default() }
}

/// Times that are missing, and the end of what was terminated.
fn complete(mut m: Measurement, last: Option<&Measurement>, ask: Ask, at: Timestamp) -> Measurement {
    let time = Time::new(at);
    m.started_at = m.started_at.or(last.and_then(|l| l.started_at)).or(Some(time));
    let phase = Phase::parse(&m.phase).filter(|p| p.is_completed());
    let phase = match (phase, ask) {
        // Its provider cannot end it. Nobody will look at it again.
        (None, Ask::Terminate) => Some(Phase::Inconclusive),
        (phase, _) => phase,
    };
    if ask == Ask::Terminate && matches!(phase, Some(Phase::Successful | Phase::Inconclusive)) {
        m.message = TERMINATED.to_string();
    }
    match phase {
        Some(phase) => {
            m.phase = phase.to_string();
            m.finished_at = m.finished_at.or(Some(time));
        }
        None => {
            m.phase = Phase::Running.to_string();
            m.finished_at = None;
            let resume_at = m.resume_at.unwrap_or_else(|| Time::new(later(at, DEFAULT_RESUME)));
            let earliest = if ask == Ask::Resume { Time::new(later(at, MIN_RESUME)) } else { resume_at };
            m.resume_at = Some(resume_at.max(earliest));
        }
    }
    m
}

/// Counts a finished measurement. One that could not be taken is no verdict, so it does not count as taken.
fn count(result: &mut MetricResult, measurement: &Measurement) {
    let one_more = |n: &mut i32| *n = n.saturating_add(1);
    match Phase::parse(&measurement.phase) {
        Some(Phase::Successful) => {
            one_more(&mut result.successful);
            one_more(&mut result.count);
            one_more(&mut result.consecutive_success);
            result.consecutive_error = 0;
        }
        phase @ Some(Phase::Failed | Phase::Inconclusive) => {
            one_more(if phase == Some(Phase::Failed) { &mut result.failed } else { &mut result.inconclusive });
            one_more(&mut result.count);
            result.consecutive_success = 0;
            result.consecutive_error = 0;
        }
        _ => {
            one_more(&mut result.error);
            one_more(&mut result.consecutive_error);
            result.consecutive_success = 0;
        }
    }
}
