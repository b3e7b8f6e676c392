//! A Rollout with all that belongs to it.

use crate::Objects;
use crate::analysis::AnalysisRunInfo;
use crate::duration::age;
use crate::experiment::ExperimentInfo;
use crate::icon::Icon;
use crate::images::{self, Image};
use crate::phase::Phase;
use crate::read::{created, int, int_opt, name, present, text};
use crate::replica_set::{ReplicaSetInfo, roles};
use crate::tag::Tag;
use crate::weights::Weights;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::BTreeSet;

/// A Rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolloutInfo {
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// How old it is.
    pub age: SignedDuration,
    /// What it is doing and why.
    pub phase: Phase,
    /// Sign of the phase.
    pub icon: Icon,
    /// `Canary`, `BlueGreen` or empty.
    pub strategy: &'static str,
    /// Steps and weights, of a canary.
    pub weights: Option<Weights>,
    /// Pods that the spec asks for.
    pub desired: i64,
    /// Pods there are.
    pub current: i64,
    /// Pods of the newest revision.
    pub updated: i64,
    /// Pods that are ready.
    pub ready: i64,
    /// Pods that are available.
    pub available: i64,
    /// ReplicaSets, newest revision first.
    pub replica_sets: Vec<ReplicaSetInfo>,
    /// Experiments, newest revision first.
    pub experiments: Vec<ExperimentInfo>,
    /// AnalysisRuns, newest revision first.
    pub analysis_runs: Vec<AnalysisRunInfo>,
}

/// What belongs to one revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision<'a> {
    /// Its number; 0 for what has none.
    pub number: i64,
    /// ReplicaSets.
    pub replica_sets: Vec<&'a ReplicaSetInfo>,
    /// Experiments.
    pub experiments: Vec<&'a ExperimentInfo>,
    /// AnalysisRuns.
    pub analysis_runs: Vec<&'a AnalysisRunInfo>,
}

impl RolloutInfo {
    /// Reads a Rollout and what belongs to it.
    pub fn of(rollout: &Value, objects: Objects<'_>, now: Timestamp) -> Self {
        let uid = text(rollout, "/metadata/uid");
        let replica_sets = ReplicaSetInfo::owned(objects, uid, now, |hash| roles(rollout, hash));
        let canary = replica_sets.iter().find(|rs| rs.roles.contains(&Tag::Canary));
        let strategy = strategy(rollout);
        let weights = (strategy == "Canary").then(|| Weights::of(rollout, canary.map_or(0, |rs| rs.available)));
        let created = created(rollout);
        let phase = Phase::of(rollout);
        RolloutInfo {
            name: name(rollout).into(),
            namespace: text(rollout, "/metadata/namespace").into(),
            created,
            age: age(created, now),
            icon: Icon::of_rollout(&phase.name),
            phase,
            strategy,
            weights,
            desired: int_opt(rollout, "/spec/replicas").unwrap_or(1),
            current: int(rollout, "/status/replicas"),
            updated: int(rollout, "/status/updatedReplicas"),
            ready: int(rollout, "/status/readyReplicas"),
            available: int(rollout, "/status/availableReplicas"),
            replica_sets,
            experiments: ExperimentInfo::owned(objects, uid, now),
            analysis_runs: AnalysisRunInfo::owned(objects, uid, now),
        }
    }

    /// Images in use, those of Experiments included.
    pub fn images(&self) -> Vec<Image> {
        let of_experiments = self.experiments.iter().flat_map(|e| &e.replica_sets);
        images::of(self.replica_sets.iter().chain(of_experiments))
    }

    /// What belongs to the Rollout, by revision, newest first.
    pub fn revisions(&self) -> Vec<Revision<'_>> {
        let numbers: BTreeSet<i64> = (self.replica_sets.iter().map(|x| x.revision))
            .chain(self.experiments.iter().map(|x| x.revision))
            .chain(self.analysis_runs.iter().map(|x| x.revision))
            .collect();
        let revision = |number| Revision {
            number,
            replica_sets: self.replica_sets.iter().filter(|x| x.revision == number).collect(),
            experiments: self.experiments.iter().filter(|x| x.revision == number).collect(),
            analysis_runs: self.analysis_runs.iter().filter(|x| x.revision == number).collect(),
        };
        numbers.into_iter().rev().map(revision).collect()
    }
}

/// `Canary`, `BlueGreen`, or empty if the Rollout has neither.
fn strategy(rollout: &Value) -> &'static str {
    match () {
        () if present(rollout, "/spec/strategy/blueGreen") => "BlueGreen",
        () if present(rollout, "/spec/strategy/canary") => "Canary",
        () => "",
    }
}

#[cfg(test)]
mod tests;
