//! An Experiment with what belongs to it.

use crate::Objects;
use crate::analysis::AnalysisRunInfo;
use crate::duration::age;
use crate::icon::Icon;
use crate::images::{self, Image};
use crate::read::{created, name, owned_by, revision, text};
use crate::replica_set::ReplicaSetInfo;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// An Experiment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExperimentInfo {
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// How old it is.
    pub age: SignedDuration,
    /// Revision of the Rollout it belongs to; 0 if it has none.
    pub revision: i64,
    /// Phase; empty before its controller saw it.
    pub status: String,
    /// Why.
    pub message: String,
    /// Sign of the status.
    pub icon: Icon,
    /// Its ReplicaSets.
    pub replica_sets: Vec<ReplicaSetInfo>,
    /// Its AnalysisRuns.
    pub analysis_runs: Vec<AnalysisRunInfo>,
}

impl ExperimentInfo {
    /// Reads an Experiment and what belongs to it.
    pub fn of(experiment: &Value, objects: Objects<'_>, now: Timestamp) -> Self {
        let uid = text(experiment, "/metadata/uid");
        let created = created(experiment);
        let status = text(experiment, "/status/phase");
        ExperimentInfo {
            name: name(experiment).into(),
            namespace: text(experiment, "/metadata/namespace").into(),
            created,
            age: age(created, now),
            revision: revision(experiment),
            status: status.into(),
            message: text(experiment, "/status/message").into(),
            icon: Icon::of_analysis(status),
            // Roles are those of a Rollout's own ReplicaSets, whose hash label these may carry.
            replica_sets: ReplicaSetInfo::owned(objects, uid, now, |_| Vec::new()),
            analysis_runs: AnalysisRunInfo::owned(objects, uid, now),
        }
    }

    /// All Experiments that belong to the owner: newest revision first, then oldest first.
    pub fn owned(objects: Objects<'_>, owner: &str, now: Timestamp) -> Vec<Self> {
        let owned = objects.experiments.iter().filter(|e| owned_by(e, owner));
        let mut infos: Vec<_> = owned.map(|e| Self::of(e, objects, now)).collect();
        infos.sort_by(|a, b| b.revision.cmp(&a.revision).then_with(|| a.created.cmp(&b.created)));
        infos
    }

    /// Images in use.
    pub fn images(&self) -> Vec<Image> {
        images::of(&self.replica_sets)
    }
}
