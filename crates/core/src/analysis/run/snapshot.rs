//! What is known when a run is planned.

use super::Ask;
use jiff::Timestamp;
use rollouts_api::analysis::{AnalysisRun, Measurement};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Everything that a plan of a run may read.
#[derive(Debug, Clone, Default)]
pub struct RunSnapshot {
    /// The run, with the status that was written last.
    pub run: Arc<AnalysisRun>,
    /// Measurements that were asked for, by metric ([`Task::metric`](super::Task::metric)), unless they were
    /// cancelled, or consumed by a plan whose effects have been applied.
    pub measuring: BTreeMap<String, Measuring>,
    /// Metrics whose unfinished measurement has come to its end out there, as one whose Job has completed, and was not
    /// looked at since: that is to happen now, not when it was planned. Once the look has been asked for they must be
    /// forgotten here.
    pub ended: BTreeSet<String>,
    /// How to decide.
    pub options: Options,
}

/// Choices of whoever runs the controller.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// As in Argo Rollouts, a metric beyond both of its limits is Inconclusive and not Failed.
    pub inconclusive_over_failed: bool,
}

/// A measurement that was asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Measuring {
    /// It is being taken.
    Asked {
        /// What was asked for.
        ask: Ask,
        /// Since when.
        since: Timestamp,
    },
    /// It was taken.
    Answered {
        /// What was asked for.
        ask: Ask,
        /// When the answer came.
        at: Timestamp,
        /// What came of it.
        answer: Answer,
    },
}

/// What came of a measurement.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The measurement, finished or not. That it could not be taken is one too, of phase Error.
    Measured {
        /// The measurement. Without `finishedAt` and in no final phase it is to be resumed at its `resumeAt`.
        measurement: Measurement,
        /// What the provider says of the metric; kept of its first measurement.
        metadata: BTreeMap<String, String>,
    },
    /// The metric's arguments cannot be had, and that will not pass: the run ends in Error with this message
    /// ([`unresolved`](crate::analysis::args::unresolved) makes one). Only a new measurement needs all arguments: one
    /// that is to be resumed or terminated is gone on with as well as can be
    /// ([`with_known_secrets`](crate::analysis::args::Arguments::with_known_secrets)); where nothing at all can be
    /// done this makes it an Error.
    Unresolved(String),
}
