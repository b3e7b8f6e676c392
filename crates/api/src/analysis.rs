//! `AnalysisTemplate`, `ClusterAnalysisTemplate` and `AnalysisRun` (analysis.md §1).

mod metric;
mod provider;
mod providers_aws;
mod providers_http;
mod status;
mod templates;
mod validate;

pub use metric::*;
pub use provider::*;
pub use providers_aws::*;
pub use providers_http::*;
pub use status::*;
pub use templates::*;
pub use validate::{metric_problems, validate_metrics};

use crate::ObjectMeta;
use crate::meta::null_is_default;
use crate::rollout::{AnalysisTemplateRef, DryRun, FieldRef, MeasurementRetention};
use serde::{Deserialize, Serialize};

/// A reusable set of metrics. `ClusterAnalysisTemplate` has the same shape without a namespace.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AnalysisTemplate {
    /// Standard metadata.
    pub metadata: ObjectMeta,
    /// The metrics and their arguments.
    pub spec: AnalysisTemplateSpec,
}

/// Cluster-scoped [`AnalysisTemplate`].
pub type ClusterAnalysisTemplate = AnalysisTemplate;

/// `spec` of an [`AnalysisTemplate`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AnalysisTemplateSpec {
    /// What to measure. May be empty when `templates` is not.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub metrics: Vec<Metric>,
    /// Arguments that the metrics use, with defaults.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub args: Vec<Argument>,
    /// Metrics that only inform.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub dry_run: Vec<DryRun>,
    /// How many measurements to keep.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub measurement_retention: Vec<MeasurementRetention>,
    /// Templates whose metrics are measured as well.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub templates: Vec<AnalysisTemplateRef>,
}

/// Measures metrics until each has succeeded or failed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AnalysisRun {
    /// Standard metadata.
    pub metadata: ObjectMeta,
    /// What to measure.
    pub spec: AnalysisRunSpec,
    /// What was measured.
    #[serde(deserialize_with = "null_is_default", skip_serializing_if = "AnalysisRunStatus::is_unset")]
    pub status: AnalysisRunStatus,
}

/// `spec` of an [`AnalysisRun`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AnalysisRunSpec {
    /// What to measure.
    #[serde(deserialize_with = "null_is_default")]
    pub metrics: Vec<Metric>,
    /// Values for the arguments that the metrics use.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub args: Vec<Argument>,
    /// Stops the run.
    #[serde(skip_serializing_if = "std::ops::Not::not", deserialize_with = "null_is_default")]
    pub terminate: bool,
    /// Metrics that only inform.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub dry_run: Vec<DryRun>,
    /// How many measurements to keep.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub measurement_retention: Vec<MeasurementRetention>,
    /// When to delete the run after its end; absent means never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_strategy: Option<TtlStrategy>,
}

/// When to delete a finished AnalysisRun. The more specific field wins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TtlStrategy {
    /// Seconds after any end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds_after_completion: Option<i32>,
    /// Seconds after an end other than success.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds_after_failure: Option<i32>,
    /// Seconds after success.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds_after_success: Option<i32>,
}

/// Argument of a template or run. Metrics use it as `{{args.NAME}}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Argument {
    /// Name of the argument.
    pub name: String,
    /// Its value; absent means that the caller must give one. An empty text is a value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Where to take the value from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_from: Option<ValueFrom>,
}

/// Source of an [`Argument`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ValueFrom {
    /// Key of a Secret in the run's namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_key_ref: Option<SecretKeyRef>,
    /// A field of the Rollout; a run cannot resolve it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field_ref: Option<FieldRef>,
}

/// One key of a Secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SecretKeyRef {
    /// Name of the Secret.
    pub name: String,
    /// Key in its data.
    pub key: String,
}
