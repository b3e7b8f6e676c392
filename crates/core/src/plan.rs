//! What a reconcile decided.

use crate::Debt;
use crate::inquiries::{self, Ask};
use crate::planning::{self, Step};
use jiff::Timestamp;
use rollouts_api::{RolloutStatus, Time};
use rollouts_traffic::Write;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// The decisions of one reconcile. Effects are applied in order; the first conflict or error stops the rest, and
/// the next snapshot starts over. Every effect is idempotent, so stopping between any two is safe.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// What to do, in order, each with its reason.
    pub effects: Vec<Step<Effect>>,
    /// When to look again although nothing changed: always later than the moment of the plan.
    pub wake_at: Option<Timestamp>,
    /// What time alone will bring, in the order in which it was thought of. Looks that are only another try are not
    /// among it.
    pub outlook: Vec<Due>,
    /// Decisions not to act, and why.
    pub notes: Vec<String>,
    /// What keeps the Rollout from what it is asked to do, for as long as it lasts. The plans of all that time have it,
    /// so it does not count as something to do; whoever applies them tells the user when it begins.
    pub warnings: Vec<Warning>,
    /// What others must tell before more can be decided. An answer is kept for as long as plans ask for it.
    pub asks: Vec<Ask>,
}

/// Something that happens by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// When.
    pub at: Timestamp,
    /// What, as a sentence without a full stop.
    pub what: String,
}

/// What a user must know although nothing is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Warning {
    /// One word in CamelCase.
    pub reason: String,
    /// For humans: what is wrong, and what to do about it.
    pub message: String,
}

/// Annotations to set (`Some`) or remove (`None`).
pub type AnnotationChanges = BTreeMap<String, Option<String>>;

/// One write. Names are of objects in the Rollout's namespace.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Makes the Rollout the controller of an orphaned ReplicaSet.
    AdoptReplicaSet {
        /// ReplicaSet.
        name: String,
    },
    /// Removes the Rollout from the owners of a ReplicaSet that its selector no longer matches.
    ReleaseReplicaSet {
        /// ReplicaSet.
        name: String,
    },
    /// Creates a ReplicaSet.
    CreateReplicaSet {
        /// Name.
        name: String,
        /// The whole object.
        object: Value,
    },
    /// Changes a ReplicaSet, if it still is as the snapshot knew it.
    UpdateReplicaSet {
        /// ReplicaSet.
        name: String,
        /// New size.
        replicas: Option<i32>,
        /// New `minReadySeconds`.
        min_ready_seconds: Option<i32>,
        /// New pod template.
        template: Option<Value>,
        /// Annotations.
        annotations: AnnotationChanges,
    },
    /// Deletes a ReplicaSet, if it still is as the snapshot knew it.
    DeleteReplicaSet {
        /// ReplicaSet.
        name: String,
    },
    /// Points a Service at the pods of one ReplicaSet and marks it as managed by the Rollout.
    SwitchService {
        /// Service.
        name: String,
        /// Hash of the ReplicaSet.
        hash: String,
    },
    /// Evicts pods, respecting disruption budgets. A pod whose eviction is refused (429) stays, which is no error: the
    /// next one is tried in its place.
    EvictPods {
        /// Pods, in this order.
        names: Vec<String>,
        /// How many of them may go.
        at_most: usize,
    },
    /// Changes labels and annotations of a pod.
    PatchPod {
        /// Pod.
        name: String,
        /// Labels.
        labels: AnnotationChanges,
        /// Annotations.
        annotations: AnnotationChanges,
    },
    /// Changes the Rollout outside its status.
    PatchRollout {
        /// New `spec.replicas`.
        replicas: Option<i32>,
        /// Annotations.
        annotations: AnnotationChanges,
    },
    /// Writes the Rollout's status, if the Rollout still is as the snapshot knew it.
    PatchStatus {
        /// The whole new status.
        status: Box<RolloutStatus>,
    },
    /// Resizes a Deployment that the Rollout takes over from, if it still is as the snapshot knew it.
    ScaleDeployment {
        /// Deployment.
        name: String,
        /// New size.
        replicas: Option<i32>,
        /// What the Rollout owes it from now on.
        debt: Option<Debt>,
    },
    /// Creates an AnalysisRun.
    CreateAnalysisRun {
        /// Name.
        name: String,
        /// The whole object.
        object: Value,
    },
    /// Sets `spec.terminate` of an AnalysisRun of the Rollout.
    TerminateAnalysisRun {
        /// AnalysisRun.
        name: String,
    },
    /// Deletes an AnalysisRun of the Rollout, if it still is the one that the snapshot knew.
    DeleteAnalysisRun {
        /// AnalysisRun.
        name: String,
    },
    /// Creates an Experiment.
    CreateExperiment {
        /// Name.
        name: String,
        /// The whole object.
        object: Value,
    },
    /// Sets `spec.terminate` of an Experiment of the Rollout.
    TerminateExperiment {
        /// Experiment.
        name: String,
    },
    /// Deletes an Experiment of the Rollout, if it still is the one that the snapshot knew.
    DeleteExperiment {
        /// Experiment.
        name: String,
    },
    /// Writes an object of a traffic router, if it still is as the snapshot knew it, and tells what that means. When it
    /// fails, what is left for the same router is not tried, what is left for others is, and then the plan ends.
    Route {
        /// The router's name.
        router: &'static str,
        /// The write.
        write: Write,
        /// What is told when it is done.
        events: Vec<rollouts_traffic::Event>,
    },
    /// Tells the user.
    Event {
        /// Normal or Warning.
        r#type: EventType,
        /// One word in CamelCase.
        reason: String,
        /// For humans.
        message: String,
    },
}

/// Type of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventType {
    /// Nothing to worry about.
    Normal,
    /// Someone should look.
    Warning,
}

impl EventType {
    /// As the API spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            EventType::Normal => "Normal",
            EventType::Warning => "Warning",
        }
    }
}

impl Plan {
    /// Whether nothing is to be done now.
    pub fn is_idle(&self) -> bool {
        self.effects.is_empty()
    }

    /// The effects alone.
    pub fn effects(&self) -> impl Iterator<Item = &Effect> {
        self.effects.iter().map(|s| &s.effect)
    }

    /// Notes what keeps the Rollout from what it is asked to do.
    pub(crate) fn warn(&mut self, reason: impl Into<String>, message: impl Into<String>) {
        self.warnings.push(Warning { reason: reason.into(), message: message.into() });
    }

    /// Notes that it is time for another look at `at`; the earliest wins.
    pub(crate) fn look_again(&mut self, at: Timestamp) {
        self.wake_at = planning::earlier(self.wake_at, at);
    }

    /// Notes `what` is due at `at`.
    pub(crate) fn wake(&mut self, at: Timestamp, what: impl Into<String>) {
        self.look_again(at);
        self.outlook.push(Due { at, what: what.into() });
    }

    /// Notes `what` is due once `last` has passed: most delays end after their last moment, not at it, and a look on
    /// the dot would find nothing to do and ask for the same moment again, without end.
    pub(crate) fn wake_after(&mut self, last: Timestamp, what: impl Into<String>) {
        self.look_again(planning::just_after(last));
        self.outlook.push(Due { at: last, what: what.into() });
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_idle() {
            writeln!(f, "nothing to do")?;
        }
        planning::write_steps(f, &self.effects)?;
        inquiries::write(f, &self.asks)?;
        for Due { at, what } in &self.outlook {
            writeln!(f, "at {}: {what}", Time::new(*at))?;
        }
        planning::write_outlook(f, &self.notes, &self.warnings, self.wake_at)
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Effect::AdoptReplicaSet { name } => write!(f, "adopt ReplicaSet {name}"),
            Effect::ReleaseReplicaSet { name } => write!(f, "release ReplicaSet {name}"),
            Effect::CreateReplicaSet { name, .. } => write!(f, "create ReplicaSet {name}"),
            Effect::UpdateReplicaSet { name, replicas, min_ready_seconds, template, annotations } => {
                write!(f, "update ReplicaSet {name}:")?;
                if let Some(n) = replicas {
                    write!(f, " replicas={n}")?;
                }
                if let Some(n) = min_ready_seconds {
                    write!(f, " minReadySeconds={n}")?;
                }
                if template.is_some() {
                    write!(f, " pod template")?;
                }
                changes(f, annotations)
            }
            Effect::DeleteReplicaSet { name } => write!(f, "delete ReplicaSet {name}"),
            Effect::SwitchService { name, hash } => write!(f, "point Service {name} at {hash}"),
            Effect::EvictPods { names, at_most } if names.len() <= *at_most => {
                write!(f, "evict Pods {}", names.join(", "))
            }
            Effect::EvictPods { names, at_most } => write!(f, "evict at most {at_most} of Pods {}", names.join(", ")),
            Effect::PatchPod { name, labels, annotations } => {
                write!(f, "patch Pod {name}:")?;
                changes(f, labels)?;
                changes(f, annotations)
            }
            Effect::PatchRollout { replicas, annotations } => {
                write!(f, "patch Rollout:")?;
                if let Some(n) = replicas {
                    write!(f, " replicas={n}")?;
                }
                changes(f, annotations)
            }
            Effect::PatchStatus { status } => {
                write!(f, "write status")?;
                if !status.phase.is_empty() {
                    write!(f, ": {}", status.phase)?;
                }
                if !status.message.is_empty() {
                    write!(f, " ({})", status.message)?;
                }
                match status.current_step_index {
                    Some(i) => write!(f, ", step {i}"),
                    None => Ok(()),
                }
            }
            Effect::ScaleDeployment { name, replicas, debt } => {
                write!(f, "scale Deployment {name}:")?;
                if let Some(n) = replicas {
                    write!(f, " replicas={n}")?;
                }
                match debt {
                    Some(debt) => write!(f, " from={} to={}", debt.from, debt.to),
                    None => write!(f, " no debt"),
                }
            }
            Effect::CreateAnalysisRun { name, .. } => write!(f, "create AnalysisRun {name}"),
            Effect::TerminateAnalysisRun { name } => write!(f, "terminate AnalysisRun {name}"),
            Effect::DeleteAnalysisRun { name } => write!(f, "delete AnalysisRun {name}"),
            Effect::CreateExperiment { name, .. } => write!(f, "create Experiment {name}"),
            Effect::TerminateExperiment { name } => write!(f, "terminate Experiment {name}"),
            Effect::DeleteExperiment { name } => write!(f, "delete Experiment {name}"),
            Effect::Route { write, .. } => match write {
                Write::Patch { at, body } => write!(f, "patch {at}: {body}"),
                Write::Create { at, .. } => write!(f, "create {at}"),
                Write::Delete { at } => write!(f, "delete {at}"),
            },
            Effect::Event { r#type, reason, message } => write!(f, "{} event {reason}: {message}", r#type.as_str()),
        }
    }
}

/// Changes of labels or annotations, as plans print them.
pub(crate) fn changes(f: &mut fmt::Formatter<'_>, changes: &AnnotationChanges) -> fmt::Result {
    for (key, value) in changes {
        match value {
            Some(value) => write!(f, " {key}={value}")?,
            None => write!(f, " -{key}")?,
        }
    }
    Ok(())
}
