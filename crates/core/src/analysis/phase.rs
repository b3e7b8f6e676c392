//! Phases of runs, metrics and measurements.

use crate::EventType;
use std::fmt;

/// Phase of a run, a metric or a measurement, best first: of several metrics the worst decides (analysis.md §2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// What was measured is as it should be.
    Successful,
    /// Still being measured.
    Running,
    /// Not begun.
    Pending,
    /// Neither success nor failure: a human decides.
    Inconclusive,
    /// It could not be measured.
    Error,
    /// What was measured is not as it should be.
    Failed,
}

impl Phase {
    /// As the API spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Successful => "Successful",
            Phase::Running => "Running",
            Phase::Pending => "Pending",
            Phase::Inconclusive => "Inconclusive",
            Phase::Error => "Error",
            Phase::Failed => "Failed",
        }
    }

    /// Reads what the API spells; `None` for anything else, so also for a status that was never written.
    pub fn parse(text: &str) -> Option<Self> {
        let all = [Phase::Successful, Phase::Running, Phase::Pending, Phase::Inconclusive, Phase::Error, Phase::Failed];
        all.into_iter().find(|p| p.as_str() == text)
    }

    /// Whether this is the end.
    pub fn is_completed(self) -> bool {
        !matches!(self, Phase::Running | Phase::Pending)
    }

    /// Type of the event that tells of this end.
    pub fn event_type(self) -> EventType {
        match self {
            Phase::Error | Phase::Failed => EventType::Warning,
            _ => EventType::Normal,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether `phase`, as it stands in a status, is the end.
pub(crate) fn completed(phase: &str) -> bool {
    Phase::parse(phase).is_some_and(Phase::is_completed)
}
