//! `status`. It serialises with Go's rules: zero values are left out, `blueGreen` and `canary` are always there.

use crate::Time;
use crate::meta::null_is_default;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `status` of a [`Rollout`](super::Rollout). Serialises with Go's rules: `blueGreen` and `canary` are always there, zero values are not.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RolloutStatus {
    /// Aborted, by a user or by the controller.
    #[serde(skip_serializing_if = "std::ops::Not::not", deserialize_with = "null_is_default")]
    pub abort: bool,
    /// Why the controller pauses; empty when it does not.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub pause_conditions: Vec<PauseCondition>,
    /// The controller added a pause condition; stays true until it saw the resumption.
    #[serde(skip_serializing_if = "std::ops::Not::not", deserialize_with = "null_is_default")]
    pub controller_pause: bool,
    /// When the abort was first seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aborted_at: Option<Time>,
    /// Hash label of the new ReplicaSet.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub current_pod_hash: String,
    /// Hash of the canary steps.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub current_step_hash: String,
    /// Pods of all ReplicaSets.
    #[serde(skip_serializing_if = "is_zero")]
    pub replicas: i32,
    /// Pods of the new ReplicaSet.
    #[serde(skip_serializing_if = "is_zero")]
    pub updated_replicas: i32,
    /// Ready pods.
    #[serde(skip_serializing_if = "is_zero")]
    pub ready_replicas: i32,
    /// Available pods.
    #[serde(skip_serializing_if = "is_zero")]
    pub available_replicas: i32,
    /// 0-based; equal to the number of steps when finished.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_step_index: Option<i32>,
    /// Hash collisions so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collision_count: Option<i32>,
    /// `metadata.generation` in decimal.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub observed_generation: String,
    /// Conditions, oldest change first.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub conditions: Vec<Condition>,
    /// Canary details.
    #[serde(deserialize_with = "null_is_default")]
    pub canary: CanaryStatus,
    /// Blue-green details.
    #[serde(deserialize_with = "null_is_default")]
    pub blue_green: BlueGreenStatus,
    /// Pods that a HorizontalPodAutoscaler counts.
    #[serde(rename = "HPAReplicas", skip_serializing_if = "is_zero")]
    pub hpa_replicas: i32,
    /// Label selector in text form.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub selector: String,
    /// Hash label of the stable ReplicaSet.
    #[serde(rename = "stableRS", skip_serializing_if = "String::is_empty")]
    pub stable_rs: String,
    /// Copy of `spec.restartAt` once that restart is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restarted_at: Option<Time>,
    /// Skips analysis, pauses and steps of this update.
    #[serde(skip_serializing_if = "std::ops::Not::not", deserialize_with = "null_is_default")]
    pub promote_full: bool,
    /// `Healthy`, `Degraded`, `Progressing` or `Paused`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub phase: String,
    /// Why it is in that phase.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Generation of the referenced workload.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub workload_observed_generation: String,
    /// AWS load balancer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alb: Option<AlbStatus>,
    /// AWS load balancers.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub albs: Vec<AlbStatus>,
    /// How long this update has taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<RolloutDuration>,
}

/// Why the controller pauses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PauseCondition {
    /// `CanaryPauseStep`, `BlueGreenPause`, `InconclusiveAnalysisRun` or `InconclusiveExperiment`.
    pub reason: String,
    /// When it began.
    pub start_time: Time,
}

/// A condition of a Rollout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// Type, unique in the list.
    pub r#type: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// When anything changed.
    pub last_update_time: Time,
    /// When `status` changed.
    pub last_transition_time: Time,
    /// One word in CamelCase.
    #[serde(default)]
    pub reason: String,
    /// For humans.
    #[serde(default)]
    pub message: String,
}

/// `status.canary`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CanaryStatus {
    /// AnalysisRun of the current step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_step_analysis_run_status: Option<RolloutAnalysisRunStatus>,
    /// AnalysisRun in the background.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_background_analysis_run_status: Option<RolloutAnalysisRunStatus>,
    /// Experiment of the current step.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub current_experiment: String,
    /// What the routers were told; absent without traffic routing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<TrafficWeights>,
    /// Which of the ping-pong Services is stable: `ping` or `pong`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stable_ping_pong: String,
    /// States of step plugins.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub step_plugin_statuses: Vec<StepPluginStatus>,
}

/// `status.blueGreen`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BlueGreenStatus {
    /// Hash that the preview Service selects.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub preview_selector: String,
    /// Hash that the active Service selects.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub active_selector: String,
    /// The new ReplicaSet has passed its preview and grows to full size.
    #[serde(skip_serializing_if = "std::ops::Not::not", deserialize_with = "null_is_default")]
    pub scale_up_preview_check_point: bool,
    /// AnalysisRun before promotion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pre_promotion_analysis_run_status: Option<RolloutAnalysisRunStatus>,
    /// AnalysisRun after promotion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_promotion_analysis_run_status: Option<RolloutAnalysisRunStatus>,
}

/// What a Rollout's status tells of an AnalysisRun.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RolloutAnalysisRunStatus {
    /// Name of the AnalysisRun.
    pub name: String,
    /// Its phase.
    pub status: String,
    /// Its message.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// `status.canary.weights`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TrafficWeights {
    /// Canary.
    pub canary: WeightDestination,
    /// Stable.
    pub stable: WeightDestination,
    /// Experiments.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub additional: Vec<WeightDestination>,
    /// Whether the router confirmed; absent when it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<bool>,
}

/// Where a share of the traffic goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WeightDestination {
    /// Of the maximum traffic weight.
    pub weight: i32,
    /// Service, if one is used.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub service_name: String,
    /// Hash label of the ReplicaSet.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pod_template_hash: String,
}

/// `status.duration` (rollout.md §7.7).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RolloutDuration {
    /// When this update began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollout_started_at: Option<Time>,
    /// When the present manual pause began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manual_pause_started_at: Option<Time>,
    /// Seconds of finished manual pauses.
    #[serde(skip_serializing_if = "is_zero_i64")]
    pub total_manual_pause_duration_seconds: i64,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Time>,
    /// `Promoted`, `FastPromoted`, `Aborted`, `Superseded`, `RolledBack` or `FastRolledBack`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub completion_status: String,
}

/// State of a `plugin` step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StepPluginStatus {
    /// Index of the step.
    pub index: i32,
    /// Name of the plugin.
    pub name: String,
    /// `Run`, `Terminate` or `Abort`.
    pub operation: String,
    /// `Running`, `Successful`, `Failed` or `Error`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub phase: String,
    /// What the plugin says of it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// When the operation began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// When the phase or the plugin's own status last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Time>,
    /// When the operation ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Time>,
    /// Go duration until the plugin is called again.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub backoff: String,
    /// Calls so far.
    #[serde(skip_serializing_if = "is_zero")]
    pub executions: i32,
    /// The plugin is switched off, and its step passes.
    #[serde(skip_serializing_if = "std::ops::Not::not", deserialize_with = "null_is_default")]
    pub disabled: bool,
    /// The plugin's own state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Value>,
}

/// What was found out about an ingress of an AWS load balancer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AlbStatus {
    /// The load balancer.
    #[serde(deserialize_with = "null_is_default")]
    pub load_balancer: AwsResourceRef,
    /// Target group of the canary.
    #[serde(deserialize_with = "null_is_default")]
    pub canary_target_group: AwsResourceRef,
    /// Target group of the stable pods.
    #[serde(deserialize_with = "null_is_default")]
    pub stable_target_group: AwsResourceRef,
    /// Name of the ingress.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub ingress: String,
}

/// Names of a load balancer or a target group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AwsResourceRef {
    /// Short name.
    pub name: String,
    /// Amazon resource name.
    pub arn: String,
    /// Tail of the resource name, as CloudWatch's dimensions want it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub full_name: String,
}

fn is_zero(n: &i32) -> bool {
    *n == 0
}

fn is_zero_i64(n: &i64) -> bool {
    *n == 0
}
