//! `status` of an AnalysisRun (analysis.md §1.6).

use crate::Time;
use crate::meta::null_is_default;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What an AnalysisRun has found so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AnalysisRunStatus {
    /// `Pending`, `Running`, `Successful`, `Failed`, `Error` or `Inconclusive`; empty before the first reconcile.
    pub phase: String,
    /// Why it is in that phase.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Results by metric, in the order in which their first measurements ended.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub metric_results: Vec<MetricResult>,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// Metrics that count, by their results.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_summary: Option<RunSummary>,
    /// Metrics that only inform, by their results.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run_summary: Option<RunSummary>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Time>,
}

impl AnalysisRunStatus {
    /// Whether nothing was written yet.
    pub fn is_unset(&self) -> bool {
        *self == Self::default()
    }
}

/// Numbers of metrics.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RunSummary {
    /// All.
    #[serde(skip_serializing_if = "is_zero")]
    pub count: i32,
    /// Successful ones.
    #[serde(skip_serializing_if = "is_zero")]
    pub successful: i32,
    /// Failed ones.
    #[serde(skip_serializing_if = "is_zero")]
    pub failed: i32,
    /// Inconclusive ones.
    #[serde(skip_serializing_if = "is_zero")]
    pub inconclusive: i32,
    /// Those that could not be measured.
    #[serde(skip_serializing_if = "is_zero")]
    pub error: i32,
}

/// Result of one metric.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MetricResult {
    /// Name of the metric.
    pub name: String,
    /// Its phase, as the run's.
    pub phase: String,
    /// The last measurements, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub measurements: Vec<Measurement>,
    /// Why it is in that phase.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Measurements that gave a verdict: successful, failed and inconclusive ones.
    #[serde(skip_serializing_if = "is_zero")]
    pub count: i32,
    /// Successful measurements.
    #[serde(skip_serializing_if = "is_zero")]
    pub successful: i32,
    /// Failed measurements.
    #[serde(skip_serializing_if = "is_zero")]
    pub failed: i32,
    /// Inconclusive measurements.
    #[serde(skip_serializing_if = "is_zero")]
    pub inconclusive: i32,
    /// Measurements that could not be taken.
    #[serde(skip_serializing_if = "is_zero")]
    pub error: i32,
    /// Errors in a row, up to now.
    #[serde(skip_serializing_if = "is_zero")]
    pub consecutive_error: i32,
    /// Whether it only informs.
    #[serde(skip_serializing_if = "std::ops::Not::not", deserialize_with = "null_is_default")]
    pub dry_run: bool,
    /// What the provider says of the metric.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "null_is_default")]
    pub metadata: BTreeMap<String, String>,
    /// Successful measurements in a row, up to now.
    #[serde(skip_serializing_if = "is_zero")]
    pub consecutive_success: i32,
}

/// One measurement.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Measurement {
    /// Its phase, as the run's.
    pub phase: String,
    /// Why it is in that phase.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Time>,
    /// The measured value as text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// What the provider says of the measurement.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "null_is_default")]
    pub metadata: BTreeMap<String, String>,
    /// When to look at it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume_at: Option<Time>,
}

fn is_zero(n: &i32) -> bool {
    *n == 0
}
