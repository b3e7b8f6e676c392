//! What a plan of an Experiment decided.

use crate::plan::{AnnotationChanges, changes};
use crate::planning::{self, Step};
use crate::{EventType, Warning};
use jiff::Timestamp;
use rollouts_api::experiment::ExperimentStatus;
use serde_json::Value;
use std::fmt;

/// The decisions on one Experiment. Effects are applied in order; the first conflict or error stops the rest, and the
/// next snapshot starts over. Every effect is idempotent, so stopping between any two is safe.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExperimentPlan {
    /// What to do, in order, each with its reason.
    pub effects: Vec<Step<ExperimentEffect>>,
    /// When to look again although nothing changed: always later than the moment of the plan.
    pub wake_at: Option<Timestamp>,
    /// Decisions not to act, and why.
    pub notes: Vec<String>,
    /// What keeps the Experiment from what it is asked to do, for as long as it lasts; told when it begins.
    pub warnings: Vec<Warning>,
}

/// One write. Names are of objects in the Experiment's namespace.
#[derive(Debug, Clone, PartialEq)]
pub enum ExperimentEffect {
    /// Creates a ReplicaSet.
    CreateReplicaSet {
        /// Template that it is of.
        template: String,
        /// Name.
        name: String,
        /// The whole object.
        object: Value,
    },
    /// Changes a ReplicaSet, if it still is as the snapshot knew it.
    UpdateReplicaSet {
        /// Template that it is of.
        template: String,
        /// ReplicaSet.
        name: String,
        /// New size.
        replicas: Option<i32>,
        /// Annotations.
        annotations: AnnotationChanges,
    },
    /// Creates a Service.
    CreateService {
        /// Template that it is of.
        template: String,
        /// Name.
        name: String,
        /// The whole object.
        object: Value,
    },
    /// Deletes a Service, if it still is the one that the snapshot knew.
    DeleteService {
        /// Service.
        name: String,
    },
    /// Creates an AnalysisRun.
    CreateAnalysisRun {
        /// Analysis that it is of.
        analysis: String,
        /// Name.
        name: String,
        /// The whole object.
        object: Value,
    },
    /// Sets `spec.terminate` of an AnalysisRun.
    TerminateAnalysisRun {
        /// AnalysisRun.
        name: String,
    },
    /// Writes the Experiment's status, if the Experiment still is as the snapshot knew it.
    PatchStatus(Box<ExperimentStatus>),
    /// Tells the user.
    Event {
        /// Whose event it is.
        about: About,
        /// Normal or Warning.
        r#type: EventType,
        /// One word in CamelCase.
        reason: String,
        /// For humans.
        message: String,
    },
}

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// The Experiment.
    Experiment,
    /// The Rollout that controls it.
    Rollout,
}

/// An effect that the API server may refuse for good: then its template or analysis has failed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refused {
    /// To create the ReplicaSet of this template.
    ReplicaSet(String),
    /// To resize the ReplicaSet of this template.
    Size(String),
    /// To create the Service of this template.
    Service(String),
    /// To create the AnalysisRun of this analysis.
    AnalysisRun(String),
}

impl ExperimentEffect {
    /// What has failed when the API server refuses this; `None` if it is only to be tried again.
    pub fn refused(&self) -> Option<Refused> {
        match self {
            ExperimentEffect::CreateReplicaSet { template, .. } => Some(Refused::ReplicaSet(template.clone())),
            ExperimentEffect::UpdateReplicaSet { template, .. } => Some(Refused::Size(template.clone())),
            ExperimentEffect::CreateService { template, .. } => Some(Refused::Service(template.clone())),
            ExperimentEffect::CreateAnalysisRun { analysis, .. } => Some(Refused::AnalysisRun(analysis.clone())),
            _ => None,
        }
    }
}

impl ExperimentPlan {
    /// Whether nothing is to be done now.
    pub fn is_idle(&self) -> bool {
        self.effects.is_empty()
    }

    /// The effects alone.
    pub fn effects(&self) -> impl Iterator<Item = &ExperimentEffect> {
        self.effects.iter().map(|s| &s.effect)
    }

    /// Notes that something is due at `at`; the earliest wins.
    pub(super) fn wake(&mut self, at: Timestamp, now: Timestamp) {
        self.wake_at = planning::earlier(self.wake_at, at.max(planning::just_after(now)));
    }

    pub(super) fn push(&mut self, effect: ExperimentEffect, why: impl Into<String>) {
        self.effects.push(Step { effect, why: why.into() });
    }
}

impl fmt::Display for ExperimentPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_idle() {
            writeln!(f, "nothing to do")?;
        }
        planning::write_steps(f, &self.effects)?;
        planning::write_outlook(f, &self.notes, &self.warnings, self.wake_at)
    }
}

impl fmt::Display for ExperimentEffect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExperimentEffect::CreateReplicaSet { name, .. } => write!(f, "create ReplicaSet {name}"),
            ExperimentEffect::UpdateReplicaSet { name, replicas, annotations, .. } => {
                write!(f, "update ReplicaSet {name}:")?;
                if let Some(n) = replicas {
                    write!(f, " replicas={n}")?;
                }
                changes(f, annotations)
            }
            ExperimentEffect::CreateService { name, .. } => write!(f, "create Service {name}"),
            ExperimentEffect::DeleteService { name } => write!(f, "delete Service {name}"),
            ExperimentEffect::CreateAnalysisRun { name, .. } => write!(f, "create AnalysisRun {name}"),
            ExperimentEffect::TerminateAnalysisRun { name } => write!(f, "terminate AnalysisRun {name}"),
            ExperimentEffect::PatchStatus(status) => match status.message.as_str() {
                "" => write!(f, "write status: {}", status.phase),
                message => write!(f, "write status: {} ({message})", status.phase),
            },
            ExperimentEffect::Event { about, r#type, reason, message } => {
                let whose = if *about == About::Rollout { " of the Rollout" } else { "" };
                write!(f, "{} event{whose} {reason}: {message}", r#type.as_str())
            }
        }
    }
}
