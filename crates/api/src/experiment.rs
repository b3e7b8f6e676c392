//! `Experiment` (analysis.md §1.7): short-lived ReplicaSets side by side, and analyses of them.

use crate::analysis::Argument;
use crate::meta::null_is_default;
use crate::rollout::{
    AnalysisTemplateRef, Condition, DryRun, MeasurementRetention, PodTemplateMetadata, TemplateService,
};
use crate::{LabelSelector, ObjectMeta, PodTemplate, Time};
use serde::{Deserialize, Serialize};

/// Seconds without progress until a template counts as failed.
pub const PROGRESS_DEADLINE_SECONDS: i32 = 600;
/// Seconds the ReplicaSets are kept after the end.
pub const SCALE_DOWN_DELAY_SECONDS: i32 = 30;

/// An Experiment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Experiment {
    /// Standard metadata.
    pub metadata: ObjectMeta,
    /// What to run.
    pub spec: ExperimentSpec,
    /// What runs.
    #[serde(deserialize_with = "null_is_default", skip_serializing_if = "ExperimentStatus::is_unset")]
    pub status: ExperimentStatus,
}

/// `spec` of an [`Experiment`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExperimentSpec {
    /// ReplicaSets to run.
    #[serde(deserialize_with = "null_is_default")]
    pub templates: Vec<TemplateSpec>,
    /// Go duration from the moment all are available; absent means until the analyses end or it is terminated.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub duration: String,
    /// Seconds without progress until a template counts as failed; absent means 600.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress_deadline_seconds: Option<i32>,
    /// Stops the experiment.
    #[serde(skip_serializing_if = "std::ops::Not::not", deserialize_with = "null_is_default")]
    pub terminate: bool,
    /// Analyses to run.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub analyses: Vec<ExperimentAnalysis>,
    /// Seconds the ReplicaSets are kept after the end; absent means 30.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_down_delay_seconds: Option<i32>,
    /// Metrics that only inform.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub dry_run: Vec<DryRun>,
    /// How many measurements to keep.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub measurement_retention: Vec<MeasurementRetention>,
    /// Labels and annotations of the AnalysisRuns.
    #[serde(skip_serializing_if = "PodTemplateMetadata::is_empty", deserialize_with = "null_is_default")]
    pub analysis_run_metadata: PodTemplateMetadata,
}

impl ExperimentSpec {
    /// `progressDeadlineSeconds`.
    pub fn progress_deadline_seconds(&self) -> i32 {
        self.progress_deadline_seconds.unwrap_or(PROGRESS_DEADLINE_SECONDS)
    }

    /// `scaleDownDelaySeconds`.
    pub fn scale_down_delay_seconds(&self) -> i32 {
        self.scale_down_delay_seconds.unwrap_or(SCALE_DOWN_DELAY_SECONDS)
    }
}

/// One ReplicaSet of an Experiment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TemplateSpec {
    /// Name, unique within the Experiment.
    pub name: String,
    /// Pods; absent means 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Seconds a pod must be ready before it counts as available.
    #[serde(skip_serializing_if = "is_zero")]
    pub min_ready_seconds: i32,
    /// Selects the pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
    /// The pods to run.
    pub template: PodTemplate,
    /// Creates a Service for the pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<TemplateService>,
}

impl TemplateSpec {
    /// `replicas`.
    pub fn replicas(&self) -> i32 {
        self.replicas.unwrap_or(1)
    }
}

/// One analysis of an Experiment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExperimentAnalysis {
    /// Name, unique within the Experiment.
    pub name: String,
    /// Name of the template.
    pub template_name: String,
    /// Whether it is a ClusterAnalysisTemplate.
    #[serde(skip_serializing_if = "std::ops::Not::not", deserialize_with = "null_is_default")]
    pub cluster_scope: bool,
    /// Arguments.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub args: Vec<Argument>,
    /// Whether the Experiment waits for it.
    #[serde(skip_serializing_if = "std::ops::Not::not", deserialize_with = "null_is_default")]
    pub required_for_completion: bool,
}

impl ExperimentAnalysis {
    /// The template it refers to.
    pub fn template_ref(&self) -> AnalysisTemplateRef {
        AnalysisTemplateRef { template_name: self.template_name.clone(), cluster_scope: self.cluster_scope }
    }
}

/// `status` of an [`Experiment`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExperimentStatus {
    /// `Pending`, `Running`, `Successful`, `Failed`, `Error` or `Inconclusive`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub phase: String,
    /// Why it is in that phase.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Its ReplicaSets.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub template_statuses: Vec<TemplateStatus>,
    /// When all ReplicaSets became available.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available_at: Option<Time>,
    /// Conditions, oldest change first.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub conditions: Vec<Condition>,
    /// Its AnalysisRuns.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub analysis_runs: Vec<ExperimentAnalysisRunStatus>,
}

impl ExperimentStatus {
    /// Whether nothing was written yet.
    pub fn is_unset(&self) -> bool {
        *self == Self::default()
    }
}

/// State of one template.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TemplateStatus {
    /// Name of the template.
    pub name: String,
    /// Pods.
    pub replicas: i32,
    /// Pods of the wanted template.
    pub updated_replicas: i32,
    /// Ready pods.
    pub ready_replicas: i32,
    /// Available pods.
    pub available_replicas: i32,
    /// Hash collisions so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collision_count: Option<i32>,
    /// `Progressing`, `Running`, `Successful`, `Failed` or `Error`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// Why it is in that state.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// When the state changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<Time>,
    /// Service of the template, if it has one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub service_name: String,
    /// Hash label of the ReplicaSet.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pod_template_hash: String,
}

/// State of one analysis.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExperimentAnalysisRunStatus {
    /// Name of the analysis.
    pub name: String,
    /// Name of the AnalysisRun.
    pub analysis_run: String,
    /// Its phase.
    pub phase: String,
    /// Its message.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
}

fn is_zero(n: &i32) -> bool {
    *n == 0
}
