//! Everything a decision may read.

use crate::Workload;
use rollouts_api::analysis::{AnalysisRun, TemplatesByRef};
use rollouts_api::experiment::Experiment;
use rollouts_api::{ObjectMeta, PodTemplate, Rollout, Time, names, pod_template};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

/// What the caches knew at one moment about one Rollout.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The Rollout, with the template and selector of the workload it refers to; see [`crate::resolve`].
    pub rollout: Arc<Rollout>,
    /// That workload.
    pub workload: Option<Arc<Workload>>,
    /// Why the template that `workloadRef` promises is not there.
    pub unresolved: Option<String>,
    /// The name of the Rollout that has scaled that workload down, if it is another one, and lives.
    pub taken_by: Option<String>,
    /// Deployments that this Rollout has scaled down.
    pub scaled_down: Vec<Arc<Workload>>,
    /// ReplicaSets of the namespace that carry the hash label and are controlled by this Rollout, or by nobody and
    /// match its selector.
    pub replica_sets: Vec<Arc<ReplicaSet>>,
    /// Other ReplicaSets of the namespace that a new one of ours could collide with, by name.
    pub foreign_replica_sets: BTreeMap<String, Arc<ReplicaSet>>,
    /// Pods controlled by [`Self::replica_sets`].
    pub pods: Vec<Arc<Pod>>,
    /// The Services that the Rollout names and that exist, by name.
    pub services: BTreeMap<String, Arc<Service>>,
    /// The ready pods that Endpoints have, by Service: of those that [`crate::reads_endpoints`] asks for. Of what is not in
    /// here nothing is known.
    pub endpoints: BTreeMap<String, BTreeSet<String>>,
    /// AnalysisRuns of the namespace that this Rollout controls, those that are being deleted among them.
    pub analysis_runs: Vec<Arc<AnalysisRun>>,
    /// Names of all other AnalysisRuns of the namespace that begin with the Rollout's name and a dash: a new one of ours
    /// could collide with them.
    pub foreign_analysis_runs: BTreeSet<String>,
    /// The templates that [`crate::template_closure`] finds for the Rollout.
    pub analysis_templates: TemplatesByRef,
    /// Experiments of the namespace that this Rollout controls, those that are being deleted among them.
    pub experiments: Vec<Arc<Experiment>>,
    /// Names of all other Experiments of the namespace that begin with the Rollout's name and a dash.
    pub foreign_experiments: BTreeSet<String>,
    /// The objects that [`rollouts_traffic::wants`] asks for.
    pub routers: rollouts_traffic::Objects,
    /// What the controller's flags say about routers.
    pub router_settings: Arc<rollouts_traffic::Settings>,
    /// What was answered to the questions of the plan before; see [`crate::Plan::asks`].
    pub answers: BTreeMap<rollouts_traffic::Inquiry, crate::Answered>,
    /// Hash of the Rollout's pod template. Whoever needs it first computes it.
    pub template_hash: TemplateHash,
}

/// The hash of a Rollout's pod template with its present collision count, computed at most once: hashing writes the whole
/// template in Go's JSON, and every decision asks for it.
#[derive(Debug, Clone, Default)]
pub struct TemplateHash(OnceLock<String>);

impl TemplateHash {
    /// The hash of `ro`, which must always be the same Rollout.
    pub fn of(&self, ro: &Rollout) -> &str {
        self.0.get_or_init(|| pod_template::hash(&ro.spec.template, ro.status.collision_count))
    }

    /// The name that a new ReplicaSet for the pod template of `ro` would get (§2.3).
    pub fn replica_set_name(&self, ro: &Rollout) -> String {
        format!("{}-{}", ro.metadata.name, self.of(ro))
    }
}

/// A ReplicaSet, as far as decisions read it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReplicaSet {
    /// Standard metadata.
    pub metadata: ObjectMeta,
    /// Desired state.
    pub spec: ReplicaSetSpec,
    /// Observed state.
    pub status: ReplicaSetStatus,
}

/// `spec` of a [`ReplicaSet`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReplicaSetSpec {
    /// Desired pods; absent means 1.
    pub replicas: Option<i32>,
    /// Seconds a pod must be ready to be available.
    pub min_ready_seconds: i32,
    /// The pod template.
    pub template: PodTemplate,
}

/// `status` of a [`ReplicaSet`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReplicaSetStatus {
    /// Existing pods.
    pub replicas: i32,
    /// Ready pods.
    pub ready_replicas: i32,
    /// Pods ready for `minReadySeconds`.
    pub available_replicas: i32,
    /// Generation that the ReplicaSet controller has acted on.
    pub observed_generation: i64,
    /// Conditions; only `ReplicaFailure` is read.
    pub conditions: Vec<ReplicaSetCondition>,
}

/// A condition of a ReplicaSet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ReplicaSetCondition {
    /// Such as `ReplicaFailure`.
    pub r#type: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// One word in CamelCase.
    pub reason: String,
    /// For humans.
    pub message: String,
}

impl ReplicaSet {
    /// Desired pods; never negative.
    pub fn size(&self) -> i32 {
        self.spec.replicas.unwrap_or(1).max(0)
    }

    /// Available pods; never negative.
    pub fn available(&self) -> i32 {
        self.status.available_replicas.max(0)
    }

    /// Available pods that its size lets stay: the others may be on their way out.
    pub fn staying(&self) -> i32 {
        self.available().min(self.size())
    }

    /// Whether the status belongs to the present spec: before that its counts may be of pods that are going.
    pub fn observed(&self) -> bool {
        self.metadata.generation <= self.status.observed_generation
    }

    /// Whether the status may count pods that were taken meanwhile: it is older than two changes of the spec, or it has
    /// no fewer pods than the spec wants before that was seen. They may have become fewer and more again: the first status
    /// after a resize still counts the pods that go because of it.
    pub fn in_doubt(&self) -> bool {
        let unseen = self.metadata.generation - self.status.observed_generation;
        self.size() > 0 && (unseen > 1 || (unseen == 1 && self.status.replicas >= self.size()))
    }

    /// The value of the hash label, or "".
    pub fn hash(&self) -> &str {
        self.metadata.label(names::POD_TEMPLATE_HASH).unwrap_or_default()
    }

    /// The revision annotation, 0 when it is absent or no number.
    pub fn revision(&self) -> i64 {
        self.metadata.annotation(names::REVISION).and_then(|r| r.parse().ok()).unwrap_or(0)
    }

    /// When it was created; objects without a time sort first.
    pub fn created(&self) -> Option<Time> {
        self.metadata.creation_timestamp
    }

    /// The scale-down deadline: `None` without the annotation, `Some(None)` when it cannot be read.
    pub fn deadline(&self) -> Option<Option<Time>> {
        self.metadata.annotation(names::SCALE_DOWN_DEADLINE).map(Time::parse)
    }

    /// The desired-replicas annotation.
    pub fn desired_annotation(&self) -> Option<i32> {
        self.metadata.annotation(names::DESIRED_REPLICAS).and_then(|r| r.parse().ok())
    }
}

/// A pod, as far as decisions read it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Pod {
    /// Standard metadata.
    pub metadata: ObjectMeta,
    /// Observed state.
    pub status: PodStatus,
}

/// `status` of a [`Pod`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodStatus {
    /// Conditions; only `Ready` is read.
    pub conditions: Vec<PodCondition>,
}

/// A condition of a pod.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodCondition {
    /// Such as `Ready`.
    pub r#type: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// When `status` changed.
    pub last_transition_time: Option<Time>,
}

impl Pod {
    /// Since when the pod is ready; `None` when it is not.
    pub fn ready_since(&self) -> Option<Option<Time>> {
        let ready = self.status.conditions.iter().find(|c| c.r#type == "Ready")?;
        (ready.status == "True").then_some(ready.last_transition_time)
    }
}

/// A Service, as far as decisions read it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Service {
    /// Standard metadata.
    pub metadata: ObjectMeta,
    /// Desired state.
    pub spec: ServiceSpec,
}

/// `spec` of a [`Service`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceSpec {
    /// Labels of the pods it selects.
    pub selector: BTreeMap<String, String>,
}

impl Service {
    /// The hash its selector asks for, or "".
    pub fn selected_hash(&self) -> &str {
        self.spec.selector.get(names::POD_TEMPLATE_HASH).map_or("", String::as_str)
    }
}
