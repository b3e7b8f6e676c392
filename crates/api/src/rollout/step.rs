//! Canary steps. Fields stand in the order in which Go declares and so serialises them, because a hash depends
//! on it ([`crate::step_hash`]).

use super::{AnalysisRunArgument, DryRun, PodTemplateMetadata, RolloutAnalysis};
use crate::meta::null_is_default;
use crate::{IntOrString, LabelSelector};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// One canary step; exactly one kind each.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CanaryStep {
    /// Share of traffic (or pods) of the canary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_weight: Option<i32>,
    /// Waits for a while or for a human.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pause: Option<RolloutPause>,
    /// Runs an Experiment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub experiment: Option<ExperimentStep>,
    /// Runs an AnalysisRun.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub analysis: Option<RolloutAnalysis>,
    /// Pins the size of the canary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_canary_scale: Option<SetCanaryScale>,
    /// Routes requests with matching headers to the canary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_header_route: Option<SetHeaderRoute>,
    /// Mirrors matching requests to the canary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_mirror_route: Option<SetMirrorRoute>,
    /// Runs a step plugin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<PluginStep>,
}

/// `pause` step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RolloutPause {
    /// Whole seconds, or a Go duration; absent means until resumed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<IntOrString>,
}

/// `setCanaryScale` step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SetCanaryScale {
    /// Percent of `spec.replicas`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<i32>,
    /// Number of pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Back to following the traffic weight.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub match_traffic_weight: bool,
}

/// `setHeaderRoute` step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SetHeaderRoute {
    /// Name of the managed route.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Headers to match; absent removes the route.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub r#match: Vec<HeaderRoutingMatch>,
}

impl SetHeaderRoute {
    /// As messages show it: without the `headerName` that a decoded entry has even if nobody gave it one. (What is written
    /// elsewhere keeps it, as the hash of the steps depends on it.)
    pub fn shown(&self) -> Value {
        let mut shown = serde_json::json!(self);
        for entry in shown["match"].as_array_mut().into_iter().flatten().filter_map(|entry| entry.as_object_mut()) {
            if entry.get("headerName").is_some_and(|name| name == "") {
                entry.remove("headerName");
            }
        }
        shown
    }
}

/// One alternative of a `setHeaderRoute` step: a request is sent to the canary if all that is given here matches.
/// How entries that have nothing but a `headerName` combine is up to the router, as it always was (docs/traffic.md); as
/// soon as one entry of a step has another field, every entry is an alternative of its own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HeaderRoutingMatch {
    /// Header name.
    pub header_name: String,
    /// How its value must look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header_value: Option<StringMatch>,
    /// Request method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<StringMatch>,
    /// Request path, without the query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<StringMatch>,
    /// Request headers by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "null_is_default")]
    pub headers: BTreeMap<String, StringMatch>,
    /// Cookies by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "null_is_default")]
    pub cookies: BTreeMap<String, StringMatch>,
    /// Parameters of the query by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "null_is_default")]
    pub query_params: BTreeMap<String, StringMatch>,
}

impl HeaderRoutingMatch {
    /// Whether it has fields that upstream does not know.
    pub fn is_extended(&self) -> bool {
        let maps = [&self.headers, &self.cookies, &self.query_params];
        self.method.is_some() || self.path.is_some() || maps.iter().any(|map| !map.is_empty())
    }
}

/// Exactly one of the three.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StringMatch {
    /// Equal.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub exact: String,
    /// Starts with.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// Matches the regular expression.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub regex: String,
}

/// `setMirrorRoute` step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SetMirrorRoute {
    /// Name of the managed route.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Requests to mirror; absent removes the route.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub r#match: Vec<RouteMatch>,
    /// Percent of the matching requests; absent means all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percentage: Option<i32>,
}

/// One alternative of a `setMirrorRoute` step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RouteMatch {
    /// Request method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<StringMatch>,
    /// Request path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<StringMatch>,
    /// Request headers by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "null_is_default")]
    pub headers: BTreeMap<String, StringMatch>,
    /// Cookies by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "null_is_default")]
    pub cookies: BTreeMap<String, StringMatch>,
    /// Parameters of the query by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "null_is_default")]
    pub query_params: BTreeMap<String, StringMatch>,
}

/// `plugin` step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PluginStep {
    /// Name of the plugin as the controller's configuration gives it.
    pub name: String,
    /// Anything; the plugin reads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<Value>,
}

/// `experiment` step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExperimentStep {
    /// ReplicaSets to run.
    #[serde(deserialize_with = "null_is_default")]
    pub templates: Vec<RolloutExperimentTemplate>,
    /// Go duration; absent means until its analyses end.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub duration: String,
    /// Analyses to run.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub analyses: Vec<RolloutExperimentAnalysis>,
    /// Metrics that only inform.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub dry_run: Vec<DryRun>,
    /// Labels and annotations of its AnalysisRuns. Go writes it even when empty, which the hash of the steps sees.
    #[serde(deserialize_with = "null_is_default")]
    pub analysis_run_metadata: PodTemplateMetadata,
    /// Seconds its ReplicaSets are kept after its end; absent means 30.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_down_delay_seconds: Option<i32>,
}

/// One template of an [`ExperimentStep`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RolloutExperimentTemplate {
    /// Name of the template.
    pub name: String,
    /// `stable` or `canary`.
    pub spec_ref: String,
    /// Pods; absent means 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Metadata of its pods. Go writes it even when empty, which the hash of the steps sees.
    #[serde(deserialize_with = "null_is_default")]
    pub metadata: PodTemplateMetadata,
    /// Overrides the selector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
    /// Share of traffic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<i32>,
    /// Creates a Service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<TemplateService>,
}

/// Service of an experiment's template.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TemplateService {
    /// Name of the Service; absent means that of the ReplicaSet.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
}

/// One analysis of an [`ExperimentStep`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RolloutExperimentAnalysis {
    /// Name of the analysis.
    pub name: String,
    /// Name of the template.
    pub template_name: String,
    /// Whether it is a ClusterAnalysisTemplate.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cluster_scope: bool,
    /// Arguments.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub args: Vec<AnalysisRunArgument>,
    /// Whether the Experiment waits for it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub required_for_completion: bool,
}
