//! Names, columns and subresources (rollout.md §1, analysis.md §1.1).

use serde_json::{Value, json};

/// One of the custom resources.
pub struct Kind {
    pub name: &'static str,
    pub plural: &'static str,
    pub short_name: &'static str,
    pub namespaced: bool,
    /// The struct in `crates/api` with its fields.
    pub rust_type: &'static str,
    pub description: &'static str,
    /// Whether it has the `status` and `scale` subresources.
    pub has_status_and_scale: bool,
    pub columns: &'static [Column],
}

/// One column of `kubectl get`.
pub struct Column {
    name: &'static str,
    r#type: &'static str,
    path: &'static str,
    description: &'static str,
}

impl Column {
    pub fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "type": self.r#type,
            "jsonPath": self.path,
            "description": self.description,
        })
    }
}

const fn column(name: &'static str, r#type: &'static str, path: &'static str, description: &'static str) -> Column {
    Column { name, r#type, path, description }
}

const AGE: Column = column("Age", "date", ".metadata.creationTimestamp", "Time since this object was created");
const STATUS: Column = column("Status", "string", ".status.phase", "Phase of the run");

/// Ordered by name.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "AnalysisRun",
        plural: "analysisruns",
        short_name: "ar",
        namespaced: true,
        rust_type: "AnalysisRun",
        description: "An AnalysisRun measures metrics until each has succeeded or failed, and so judges an update, an \
                      experiment or anything else.",
        has_status_and_scale: false,
        columns: &[STATUS, AGE],
    },
    Kind {
        name: "AnalysisTemplate",
        plural: "analysistemplates",
        short_name: "at",
        namespaced: true,
        rust_type: "AnalysisTemplate",
        description: "An AnalysisTemplate is a reusable set of metrics from which AnalysisRuns are made.",
        has_status_and_scale: false,
        columns: &[AGE],
    },
    Kind {
        name: "ClusterAnalysisTemplate",
        plural: "clusteranalysistemplates",
        short_name: "cat",
        namespaced: false,
        rust_type: "AnalysisTemplate",
        description: "A ClusterAnalysisTemplate is an AnalysisTemplate that every namespace can use.",
        has_status_and_scale: false,
        columns: &[AGE],
    },
    Kind {
        name: "Experiment",
        plural: "experiments",
        short_name: "exp",
        namespaced: true,
        rust_type: "Experiment",
        description: "An Experiment runs short-lived ReplicaSets side by side and analyses of them.",
        has_status_and_scale: false,
        columns: &[STATUS, AGE],
    },
    Kind {
        name: "Rollout",
        plural: "rollouts",
        short_name: "ro",
        namespaced: true,
        rust_type: "Rollout",
        description: "A Rollout keeps pods running like a Deployment, and replaces them by a canary or blue-green \
                      strategy.",
        has_status_and_scale: true,
        columns: &[
            column("Desired", "integer", ".spec.replicas", "Number of desired pods"),
            column("Current", "integer", ".status.replicas", "Number of existing pods"),
            column("Up-to-date", "integer", ".status.updatedReplicas", "Number of pods of the desired template"),
            column("Available", "integer", ".status.availableReplicas", "Number of available pods"),
            AGE,
        ],
    },
];
