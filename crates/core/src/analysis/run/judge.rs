//! The verdict on one metric, from the numbers of its measurements (analysis.md §2.4).

use super::Options;
use crate::analysis::Phase;
use rollouts_api::analysis::{Measurement, Metric, MetricResult};

/// A limit that a metric is beyond.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Excess {
    /// What that makes the metric.
    pub phase: Phase,
    /// Which limit, in figures.
    pub text: String,
}

/// Phase of a metric; Pending if it has none.
pub(super) fn phase_of(result: &MetricResult) -> Phase {
    Phase::parse(&result.phase).unwrap_or(Phase::Pending)
}

/// Whether a measurement is still going on.
pub(super) fn unfinished(measurement: &Measurement) -> bool {
    measurement.finished_at.is_none()
}

/// The last measurement, if that is still going on.
pub(super) fn unfinished_one(result: &MetricResult) -> Option<&Measurement> {
    result.measurements.last().filter(|m| unfinished(m))
}

/// Whether all measurements that the metric asks for have been taken. Those that ended in an error do not count.
pub(super) fn count_reached(metric: &Metric, result: &MetricResult) -> bool {
    metric.effective_count().is_some_and(|count| result.count >= count)
}

/// The limit that the metric is beyond, if any.
pub(super) fn excess(metric: &Metric, result: &MetricResult, options: Options) -> Option<Excess> {
    let (limit, n) = (metric.consecutive_error_limit(), result.consecutive_error);
    let errors = (n > limit).then(|| Excess {
        phase: Phase::Error,
        text: format!("consecutiveErrors ({n}) > consecutiveErrorLimit ({limit})"),
    });
    let (limit, n) = (metric.inconclusive_limit(), result.inconclusive);
    let inconclusive = (n > limit).then(|| Excess {
        phase: Phase::Inconclusive,
        text: format!("inconclusive ({n}) > inconclusiveLimit ({limit})"),
    });
    let (limit, n) = (metric.failure_limit(), result.failed);
    let failed = (limit >= 0 && n > limit)
        .then(|| Excess { phase: Phase::Failed, text: format!("failed ({n}) > failureLimit ({limit})") });
    let others = if options.inconclusive_over_failed { inconclusive.or(failed) } else { failed.or(inconclusive) };
    errors.or(others)
}

/// Why a metric that has ended did not succeed, as the run's message says it.
pub(super) fn reason(metric: &Metric, result: &MetricResult, options: Options) -> Option<String> {
    if let Some(excess) = excess(metric, result, options) {
        return Some(excess.text);
    }
    let (limit, n) = (metric.consecutive_success_limit(), result.consecutive_success);
    let missed = limit > 0 && n < limit && phase_of(result) != Phase::Successful;
    missed.then(|| format!("consecutiveSuccess ({n}) < consecutiveSuccessLimit ({limit})"))
}

/// The phase of a metric that has a result. `going_on`: its next measurement is being taken, or its last one is not
/// finished.
pub(super) fn judge(
    metric: &Metric,
    result: &MetricResult,
    terminating: bool,
    going_on: bool,
    options: Options,
) -> Phase {
    if phase_of(result).is_completed() {
        return phase_of(result);
    }
    if going_on {
        return Phase::Running;
    }
    if result.measurements.is_empty() {
        return if terminating { Phase::Successful } else { Phase::Pending };
    }
    if let Some(excess) = excess(metric, result, options) {
        return excess.phase;
    }
    let (failure_limit, success_limit) = (metric.failure_limit(), metric.consecutive_success_limit());
    if success_limit > 0 && result.consecutive_success >= success_limit {
        return Phase::Successful;
    }
    if count_reached(metric, result) {
        return match (success_limit > 0, failure_limit >= 0) {
            (true, true) => Phase::Inconclusive,
            (true, false) => Phase::Failed,
            (false, _) => Phase::Successful,
        };
    }
    if terminating { Phase::Successful } else { Phase::Running }
}
