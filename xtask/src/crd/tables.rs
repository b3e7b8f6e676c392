//! What the Rust types do not say: required fields, and extensions of single fields. The keys are Rust's names of
//! structs and JSON's names of fields.

use serde_json::{Value, json};

/// Fields without which the API server refuses an object.
pub const REQUIRED: &[(&str, &[&str])] = &[
    ("AlbTrafficRouting", &["servicePort"]),
    ("AmbassadorTrafficRouting", &["mappings"]),
    ("AnalysisRunArgument", &["name"]),
    ("AnalysisRunSpec", &["metrics"]),
    ("AnalysisRunStatus", &["phase"]),
    ("Argument", &["name"]),
    ("BlueGreenStrategy", &["activeService"]),
    ("CloudWatchMetric", &["metricDataQueries"]),
    ("Condition", &["type", "status", "lastUpdateTime", "lastTransitionTime"]),
    ("DryRun", &["metricName"]),
    ("ExperimentAnalysis", &["name", "templateName"]),
    ("ExperimentSpec", &["templates"]),
    ("FieldRef", &["fieldPath"]),
    ("IstioDestinationRule", &["name", "canarySubsetName", "stableSubsetName"]),
    ("IstioVirtualService", &["name"]),
    ("JobMetric", &["spec"]),
    (
        "KayentaMetric",
        &[
            "address",
            "application",
            "canaryConfigName",
            "metricsAccountName",
            "configurationAccountName",
            "storageAccountName",
            "threshold",
            "scopes",
        ],
    ),
    ("KayentaScope", &["name", "controlScope", "experimentScope"]),
    ("KayentaThreshold", &["pass", "marginal"]),
    ("ManagedRoute", &["name"]),
    ("MeasurementRetention", &["metricName", "limit"]),
    ("Metric", &["name", "provider"]),
    ("NewRelicMetric", &["query"]),
    ("PauseCondition", &["reason", "startTime"]),
    ("PingPong", &["pingService", "pongService"]),
    ("PluginStep", &["name"]),
    ("RolloutExperimentAnalysis", &["name", "templateName"]),
    ("RolloutExperimentTemplate", &["name", "specRef"]),
    ("ScopeDetail", &["scope", "region", "step"]),
    ("SecretKeyRef", &["name", "key"]),
    ("TemplateSpec", &["name", "selector", "template"]),
    ("TraefikTrafficRouting", &["weightedTraefikServiceName"]),
    ("WebMetric", &["url"]),
    ("WebMetricHeader", &["key", "value"]),
];

/// Adds to the schema of one field.
pub fn extend(strukt: &str, field: &str, schema: &mut Value) {
    let extension = match (strukt, field) {
        ("RolloutSpec", "selector") => json!({
            "x-kubernetes-validations": [{ "rule": "self == oldSelf", "message": ".spec.selector is immutable" }],
        }),
        ("DatadogMetric", "apiVersion") => json!({ "enum": ["v1", "v2"], "default": "v1" }),
        ("DatadogMetric", "interval") => json!({ "default": "5m" }),
        ("DatadogMetric", "requestTimeout") => json!({ "default": "10s" }),
        ("DatadogMetric", "aggregator") => {
            json!({ "enum": ["avg", "min", "max", "sum", "last", "percentile", "mean", "l2norm", "area"] })
        }
        _ => return,
    };
    if let (Some(schema), Value::Object(extension)) = (schema.as_object_mut(), extension) {
        schema.extend(extension);
    }
}

/// The Kubernetes type of a field that Rust keeps as free JSON; `None` for one that really is free.
pub fn kubernetes_type(strukt: &str, field: &str) -> Option<&'static str> {
    match (strukt, field) {
        ("JobMetric", "spec") => Some("io.k8s.api.batch.v1.JobSpec"),
        _ => None,
    }
}
