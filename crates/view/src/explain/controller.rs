//! Whether a controller looks after a Rollout: from the lease of its election, and from what it has not seen.

use super::{Evidence, Finding};
use crate::Icon;
use crate::duration::human;
use crate::read::{int, label, list, text, time};
use jiff::{SignedDuration, Timestamp};
use rollouts_api::names;

/// How long a change may stay unseen before somebody should be asked why.
const PATIENCE: SignedDuration = SignedDuration::from_secs(30);

/// What the Lease of the controllers says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Lease {
    /// It may not be looked at.
    #[default]
    Unknown,
    /// There is none where this user may look. A controller that does not stand for election has none.
    Missing,
    /// It was found.
    Found {
        /// Namespace and name of the object.
        at: String,
        /// Who holds it; may be empty.
        holder: String,
        /// When it was last renewed.
        renewed: Option<Timestamp>,
        /// How long a renewal lasts.
        seconds: i64,
    },
}

/// What follows for the Rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Watch {
    /// A controller runs.
    Up,
    /// No controller seems to run; why.
    Down(String),
    /// A controller runs, or could, but has not looked at the Rollout for long; why that is believed.
    Blind(String),
    /// Nothing is known.
    Unknown,
}

/// Judges what was found.
pub(super) fn watch(seen: &Evidence<'_>) -> Watch {
    let unseen_for = unseen_since(seen).map(|since| seen.now.duration_since(since)).filter(|age| *age > PATIENCE);
    let lease = match seen.lease {
        Lease::Unknown => None,
        Lease::Missing => None,
        Lease::Found { at, holder, .. } if holder.is_empty() => {
            return Watch::Down(format!("nobody holds the Lease {at} of the controllers"));
        }
        Lease::Found { at, holder, renewed, seconds } => {
            let age = renewed.map(|renewed| seen.now.duration_since(renewed));
            match age {
                Some(age) if age.as_secs() <= seconds.saturating_mul(2).max(30) => Some(holder),
                Some(age) => {
                    let age = human(age);
                    return Watch::Down(format!("the controller {holder} has not renewed its Lease {at} for {age}"));
                }
                None => None,
            }
        }
    };
    match (unseen_for, lease, seen.lease) {
        (Some(age), Some(holder), _) => Watch::Blind(format!(
            "the controller {holder} runs, but has not looked at this Rollout since it was changed {} ago{}",
            human(age),
            instance(seen)
        )),
        (Some(age), None, Lease::Missing) => Watch::Blind(format!(
            "no controller has looked at this Rollout since it was changed {} ago, and there is no Lease of one{}",
            human(age),
            instance(seen)
        )),
        (Some(age), None, _) => Watch::Blind(format!(
            "no controller has looked at this Rollout since it was changed {} ago{}",
            human(age),
            instance(seen)
        )),
        (None, Some(_), _) => Watch::Up,
        (None, None, _) => Watch::Unknown,
    }
}

/// The controller that is responsible, where there are several.
fn instance(seen: &Evidence<'_>) -> String {
    match label(seen.rollout, names::INSTANCE_ID) {
        "" => String::new(),
        id => format!("; only a controller with --instance-id {id} does"),
    }
}

/// Since when there is a change that the status does not know.
fn unseen_since(seen: &Evidence<'_>) -> Option<Timestamp> {
    let rollout = seen.rollout;
    if crate::read::present(rollout, "/metadata/deletionTimestamp") {
        // Nothing is left to be done for it.
        return None;
    }
    let observed = text(rollout, "/status/observedGeneration");
    let is_behind = match observed.parse::<i64>() {
        Ok(observed) => observed < int(rollout, "/metadata/generation"),
        Err(_) => observed.is_empty(),
    };
    if !is_behind {
        return None;
    }
    // The last write that was not one of the status: every change of the spec is by some manager.
    let of_spec = list(rollout, "/metadata/managedFields").iter().filter(|m| text(m, "/subresource").is_empty());
    of_spec.filter_map(|m| time(m, "/time")).max().or_else(|| crate::read::created(rollout))
}

/// What to tell about it.
pub(super) fn finding(watch: &Watch, is_late: bool) -> Option<Finding> {
    let (reason, text, icon) = match watch {
        Watch::Down(why) if is_late => ("ControllerDown", why, Icon::Bad),
        // Nothing is left undone at the moment.
        Watch::Down(why) => ("ControllerDown", why, Icon::Warning),
        Watch::Blind(why) => ("ControllerBlind", why, Icon::Bad),
        Watch::Up | Watch::Unknown => return None,
    };
    let (about, details) = (String::new(), Vec::new());
    Some(Finding { icon, about, reason: reason.into(), text: text.clone(), details })
}
