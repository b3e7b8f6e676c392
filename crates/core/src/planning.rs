//! What all plans have in common, whatever they are of.

use crate::Warning;
use jiff::{SignedDuration, Timestamp};
use rollouts_api::Time;
use std::fmt;

/// What comes after a moment: the resolution of timers.
const JUST_AFTER: SignedDuration = SignedDuration::from_millis(1);

/// One effect and why it is there.
#[derive(Debug, Clone, PartialEq)]
pub struct Step<E> {
    /// What to do.
    pub effect: E,
    /// Why; empty for events.
    pub why: String,
}

/// The first moment that is not `at` any more; saturates.
pub(crate) fn just_after(at: Timestamp) -> Timestamp {
    at.checked_add(JUST_AFTER).unwrap_or(Timestamp::MAX)
}

/// The earlier one of what was due before, if anything was, and `at`.
pub(crate) fn earlier(due: Option<Timestamp>, at: Timestamp) -> Option<Timestamp> {
    Some(due.map_or(at, |due| due.min(at)))
}

/// A line for each effect, and one for its reason.
pub(crate) fn write_steps<E: fmt::Display>(f: &mut fmt::Formatter<'_>, steps: &[Step<E>]) -> fmt::Result {
    for step in steps {
        writeln!(f, "- {}", step.effect)?;
        if !step.why.is_empty() {
            writeln!(f, "    because {}", step.why)?;
        }
    }
    Ok(())
}

/// A line for each note and warning, and one for the next look.
pub(crate) fn write_outlook(
    f: &mut fmt::Formatter<'_>,
    notes: &[String],
    warnings: &[Warning],
    wake_at: Option<Timestamp>,
) -> fmt::Result {
    for note in notes {
        writeln!(f, "* {note}")?;
    }
    for Warning { reason, message } in warnings {
        writeln!(f, "! {reason}: {message}")?;
    }
    match wake_at {
        Some(at) => writeln!(f, "next look at {}", Time::new(at)),
        None => Ok(()),
    }
}
