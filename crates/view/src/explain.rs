//! What a Rollout is doing, what it waits for, why, what comes next, and what a person can do about it.
//!
//! Nothing is decided here: what the controller waits for and will do is its own plan, made of the same objects by the same
//! function. This adds what the plan does not know, because no decision depends on it: why pods do not start, what an
//! analysis measured, whether there is a controller at all.

mod analysis;
mod commands;
mod controller;
mod facts;
mod failures;
mod headline;
mod json;
mod next;
mod pods;
mod versions;

pub use commands::Proposal;
pub use controller::Lease;
pub use next::clock;
pub use pods::{LogKey, logs_wanted};
pub use versions::Version;

use crate::{Icon, Objects};
use facts::Facts;
use jiff::Timestamp;
use rollouts_core::Plan;
use serde_json::Value;
use std::collections::BTreeMap;

/// What is known.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The Rollout.
    pub rollout: &'a Value,
    /// Why the controller cannot read it, if it cannot.
    pub malformed: Option<&'a str>,
    /// What the controller makes of the objects; `None` if not all that it reads could be read.
    pub plan: Option<&'a Plan>,
    /// Objects of the namespace.
    pub objects: Objects<'a>,
    /// Disruption budgets of the namespace; of interest while pods are restarted.
    pub budgets: &'a [&'a Value],
    /// Who stands for the controller.
    pub lease: &'a Lease,
    /// Last lines of the logs of containers, as far as [`logs_wanted`] asked for them.
    pub logs: &'a BTreeMap<LogKey, String>,
    /// What could not be looked at.
    pub unseen: &'a [Unseen],
    /// Flags that commands need to reach the same cluster and namespace, such as `-n shop`.
    pub flags: &'a str,
    /// The present.
    pub now: Timestamp,
}

/// What could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unseen {
    /// What, such as `pods`.
    pub what: String,
    /// Why; the API server's words.
    pub why: String,
}

/// A reason for what is going on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub icon: Icon,
    /// Which object tells it, as `Kind name`; empty for the Rollout itself.
    pub about: String,
    /// One word in CamelCase, such as `ImagePullBackOff`, for scripts.
    pub reason: String,
    /// What is wrong.
    pub text: String,
    /// More of it, each a line.
    pub details: Vec<String>,
}

/// Something to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// When; `None` if that depends on what is waited for.
    pub at: Option<Timestamp>,
    /// What.
    pub what: String,
}

/// A write that the controller has decided on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The write.
    pub what: String,
    /// Why; may be empty.
    pub why: String,
}

/// Everything to tell about a Rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// Phase and message of the status.
    pub phase: crate::phase::Phase,
    /// Sign of how it does.
    pub icon: Icon,
    /// One sentence.
    pub headline: String,
    /// The versions that have pods, or should have.
    pub versions: Vec<Version>,
    /// What the controller waits for, in its words.
    pub waits_for: Vec<String>,
    /// Why it is as it is.
    pub why: Vec<Finding>,
    /// What the controller is about to write.
    pub about_to: Vec<Intent>,
    /// Whether a controller is there to do so, as far as is known.
    pub is_attended: bool,
    /// What comes next.
    pub next: Vec<Moment>,
    /// What a person can do.
    pub commands: Vec<Proposal>,
    /// What could not be looked at.
    pub unseen: Vec<Unseen>,
    /// The plan in full, as the controller logs it; `None` if it is not known.
    pub plan: Option<String>,
    /// The moment of which all this is.
    pub now: Timestamp,
}

/// What the plan notes, but for what is among the reasons already.
fn waits(plan: Option<&Plan>, why: &[Finding]) -> Vec<String> {
    let notes = plan.iter().flat_map(|plan| &plan.notes);
    notes.filter(|note| why.iter().all(|finding| !note.ends_with(&finding.text))).cloned().collect()
}

/// Explains a Rollout.
pub fn explain(evidence: &Evidence<'_>) -> Explanation {
    let facts = Facts::of(evidence);
    let why = failures::all(&facts);
    let plan = evidence.plan;
    Explanation {
        name: facts.info.name.clone(),
        namespace: facts.info.namespace.clone(),
        phase: facts.info.phase.clone(),
        icon: headline::icon(&facts, &why),
        headline: headline::of(&facts, &why),
        versions: versions::of(&facts),
        waits_for: waits(plan, &why),
        about_to: next::intents(&facts),
        is_attended: facts.state() != facts::State::Unattended,
        next: next::moments(&facts),
        commands: commands::of(&facts, &why),
        why,
        unseen: evidence.unseen.to_vec(),
        plan: plan.map(ToString::to_string),
        now: evidence.now,
    }
}
