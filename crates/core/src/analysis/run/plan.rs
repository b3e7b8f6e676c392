//! What a plan of a run decided.

use crate::EventType;
use crate::planning::{self, Step};
use jiff::{SignedDuration, Timestamp};
use rollouts_api::analysis::{AnalysisRunStatus, Measurement};
use std::fmt;

/// The decisions on one run. First what is out is cancelled, then the effects are applied, in order, up to the first
/// conflict or error; when all of them have been, the consumed answers are forgotten and the tasks begin.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunPlan {
    /// What to do, in order, each with its reason.
    pub effects: Vec<Step<RunEffect>>,
    /// Measurements to take.
    pub tasks: Vec<Task>,
    /// Metrics whose measurement need not be waited for any more.
    pub cancels: Vec<String>,
    /// Metrics whose answer is in the status that this plan writes, or of no use.
    pub consumed: Vec<String>,
    /// When to look again although nothing changed: always later than the moment of the plan.
    pub wake_at: Option<Timestamp>,
    /// Decisions not to act, and why.
    pub notes: Vec<String>,
}

/// One write.
#[derive(Debug, Clone, PartialEq)]
pub enum RunEffect {
    /// Writes the run's status, if the run still is as the snapshot knew it.
    PatchStatus(Box<AnalysisRunStatus>),
    /// Tells the user.
    Event {
        /// Normal or Warning.
        r#type: EventType,
        /// One word in CamelCase.
        reason: String,
        /// For humans.
        message: String,
    },
    /// Removes what is left of a metric's measurements outside of the run (Jobs) but for the newest.
    CollectGarbage {
        /// Number of the metric in the run's spec.
        index: usize,
        /// Name of the metric.
        metric: String,
        /// Number of measurements that keep theirs.
        limit: usize,
    },
    /// Deletes the Jobs of this run that have not ended, unless a measurement with another phase than Error names them
    /// ([`JOB_NAME`]): then they have ended, or are left to be looked at. When a run ends it waits for no Job any
    /// more; these are of measurements whose answers got lost, with the controller that asked for them, or that could
    /// not be looked at any more.
    EndJobs,
    /// Deletes the run, if it still is as the snapshot knew it.
    Delete,
}

/// A measurement to take.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Number of the metric in the run's spec.
    pub index: usize,
    /// Name of the metric with its arguments filled in, but for secrets: its result stands under this name.
    pub metric: String,
    /// What to do.
    pub ask: Ask,
    /// The unfinished measurement to go on with, unless a new one begins.
    pub measurement: Option<Measurement>,
}

/// Metadata of a measurement by a Job: the Job's name.
pub const JOB_NAME: &str = "job-name";

/// What is asked of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ask {
    /// Begin a measurement.
    Run,
    /// Look how an unfinished one is doing.
    Resume,
    /// End an unfinished one.
    Terminate,
}

/// `at` and a while; saturates.
pub(super) fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX })
}

impl RunPlan {
    /// Whether nothing is to be done now.
    pub fn is_idle(&self) -> bool {
        self.effects.is_empty() && self.tasks.is_empty() && self.cancels.is_empty() && self.consumed.is_empty()
    }

    /// The effects alone.
    pub fn effects(&self) -> impl Iterator<Item = &RunEffect> {
        self.effects.iter().map(|s| &s.effect)
    }

    /// Notes that something is due at `at`; the earliest wins.
    pub(super) fn wake(&mut self, at: Timestamp, now: Timestamp) {
        self.wake_at = planning::earlier(self.wake_at, at.max(planning::just_after(now)));
    }

    pub(super) fn push(&mut self, effect: RunEffect, why: impl Into<String>) {
        self.effects.push(Step { effect, why: why.into() });
    }

    pub(super) fn event(&mut self, r#type: EventType, reason: String, message: String) {
        self.push(RunEffect::Event { r#type, reason, message }, "");
    }
}

impl Ask {
    /// As a verb.
    pub fn as_str(self) -> &'static str {
        match self {
            Ask::Run => "measure",
            Ask::Resume => "look again at",
            Ask::Terminate => "terminate",
        }
    }
}

impl fmt::Display for RunPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_idle() {
            writeln!(f, "nothing to do")?;
        }
        for metric in &self.cancels {
            writeln!(f, "- cancel what is being measured of {metric}")?;
        }
        planning::write_steps(f, &self.effects)?;
        for task in &self.tasks {
            writeln!(f, "- {} {}", task.ask.as_str(), task.metric)?;
        }
        planning::write_outlook(f, &self.notes, &[], self.wake_at)
    }
}

impl fmt::Display for RunEffect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunEffect::PatchStatus(status) if status.message.is_empty() => write!(f, "write status: {}", status.phase),
            RunEffect::PatchStatus(status) => write!(f, "write status: {} ({})", status.phase, status.message),
            RunEffect::Event { r#type, reason, message } => write!(f, "{} event {reason}: {message}", r#type.as_str()),
            RunEffect::CollectGarbage { metric, limit, .. } => {
                write!(f, "clean up after {metric}, but for its last {limit} measurements")
            }
            RunEffect::EndJobs => f.write_str("end the Jobs that are left"),
            RunEffect::Delete => f.write_str("delete the run"),
        }
    }
}
