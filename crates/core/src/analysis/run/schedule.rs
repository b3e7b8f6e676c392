//! When something is to be asked of a metric's provider (analysis.md §2.2, §2.7).

use super::judge::{count_reached, phase_of, unfinished_one};
use super::plan::later;
use super::spec::Watched;
use super::{Ask, RunSnapshot};
use crate::analysis::Phase;
use crate::planning::just_after;
use jiff::{SignedDuration, Timestamp};
use rollouts_api::analysis::{AnalysisRunStatus, MetricResult};

/// From a measurement that could not be taken to the next, whatever the interval.
const ERROR_RETRY: SignedDuration = SignedDuration::from_secs(10);

/// From one measurement to the next when the metric does not say.
const DEFAULT_INTERVAL: SignedDuration = SignedDuration::from_secs(10);

/// The shortest interval. The ends of measurements are known to the second; below that a metric would be measured
/// without a pause.
const MIN_INTERVAL: SignedDuration = SignedDuration::from_secs(1);

/// Every metric's next task, and when it is due.
pub(super) struct Schedule<'a> {
    pub snapshot: &'a RunSnapshot,
    /// The status to go by.
    pub status: &'a AnalysisRunStatus,
    pub terminating: bool,
    pub now: Timestamp,
}

impl Schedule<'_> {
    /// What to ask of `metric` next, and from which moment on; `None` if there is nothing more to ask, or not before
    /// something else happens.
    pub fn next(&self, metric: &Watched<'_>, result: Option<&MetricResult>) -> Option<(Timestamp, Ask)> {
        if result.is_some_and(|r| phase_of(r).is_completed()) {
            return None;
        }
        if let Some(unfinished) = result.and_then(unfinished_one) {
            let resume_at = unfinished.resume_at.map_or(self.now, |t| t.timestamp());
            return Some(match self.terminating {
                true => (self.now, Ask::Terminate),
                false if self.snapshot.ended.contains(metric.name()) => (self.now, Ask::Resume),
                false => (resume_at, Ask::Resume),
            });
        }
        if self.terminating {
            return None;
        }
        let Some((result, last)) = result.and_then(|r| Some((r, r.measurements.last()?))) else {
            let from = match metric.delay {
                None => self.now,
                // The delay counts from a start that has been written.
                Some(delay) => later(self.status.started_at?.timestamp(), delay),
            };
            return Some((from, Ask::Run));
        };
        if count_reached(&metric.metric, result) {
            return None;
        }
        let wait = match Phase::parse(&last.phase) {
            Some(Phase::Error) => ERROR_RETRY,
            _ => metric.interval.unwrap_or(DEFAULT_INTERVAL).max(MIN_INTERVAL),
        };
        let end = last.finished_at.map_or(self.now, |t| t.timestamp());
        Some((just_after(later(end, wait)), Ask::Run))
    }
}
