//! `Rollout` (rollout.md §1).

mod analysis;
mod defaults;
mod status;
mod step;
mod strategy;
mod traffic_routing;
mod workload;

pub use analysis::*;
pub use defaults::*;
pub use status::*;
pub use step::*;
pub use strategy::*;
pub use traffic_routing::*;
pub use workload::*;

use crate::meta::null_is_default;
use crate::{LabelSelector, ObjectMeta, PodTemplate, Time};
use serde::{Deserialize, Serialize};

/// A Rollout: owns ReplicaSets and moves pods and traffic from the stable to the new one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Rollout {
    /// Standard metadata.
    pub metadata: ObjectMeta,
    /// What the user wants.
    pub spec: RolloutSpec,
    /// What the controller observed and decided.
    #[serde(deserialize_with = "null_is_default")]
    pub status: RolloutStatus,
}

/// `spec` of a [`Rollout`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RolloutSpec {
    /// Desired pods; absent means 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Selects the pods; required unless `workloadRef` supplies it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
    /// The pod template; empty when `workloadRef` supplies it.
    #[serde(skip_serializing_if = "PodTemplate::is_empty")]
    pub template: PodTemplate,
    /// Takes template and selector from another object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload_ref: Option<ObjectRef>,
    /// Seconds a pod must be ready before it counts as available.
    #[serde(skip_serializing_if = "is_zero")]
    pub min_ready_seconds: i32,
    /// Fast rollback within recent revisions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollback_window: Option<RollbackWindow>,
    /// How to replace pods.
    pub strategy: Strategy,
    /// Old ReplicaSets to keep; absent means 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision_history_limit: Option<i32>,
    /// Pauses by hand.
    #[serde(skip_serializing_if = "std::ops::Not::not", deserialize_with = "null_is_default")]
    pub paused: bool,
    /// Seconds without progress until the Rollout counts as stuck; absent means 600.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress_deadline_seconds: Option<i32>,
    /// Whether passing the deadline aborts the update.
    #[serde(skip_serializing_if = "std::ops::Not::not", deserialize_with = "null_is_default")]
    pub progress_deadline_abort: bool,
    /// Restarts all pods created before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart_at: Option<Time>,
    /// How many finished AnalysisRuns and Experiments to keep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub analysis: Option<AnalysisRunHistory>,
}

/// `spec.workloadRef`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectRef {
    /// Group and version of the workload.
    pub api_version: String,
    /// Kind of the workload.
    pub kind: String,
    /// Name of the workload, in the Rollout's namespace.
    pub name: String,
    /// `never`, `onsuccess` or `progressively`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scale_down: String,
}

/// `spec.rollbackWindow`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RollbackWindow {
    /// Number of revisions; 0 disables.
    pub revisions: i32,
}

/// `spec.analysis`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AnalysisRunHistory {
    /// Retained successful runs; absent means 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub successful_run_history_limit: Option<i32>,
    /// Retained failed, errored and inconclusive runs together; absent means 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsuccessful_run_history_limit: Option<i32>,
}

fn is_zero(n: &i32) -> bool {
    *n == 0
}
