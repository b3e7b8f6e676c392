//! What an Experiment met when it wanted to write, until the next plan has seen it.

use rollouts_api::analysis::AnalysisRun;
use rollouts_core::experiment::Refused;
use rollouts_kube::Key;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Something that is in the way.
#[derive(Debug)]
pub(crate) enum Obstacle {
    /// A ReplicaSet has the name, and no cache shows it.
    ReplicaSet(String),
    /// This AnalysisRun has the name, and no cache shows it.
    AnalysisRun(Box<AnalysisRun>),
    /// The API server refuses, with these words.
    Refused(Refused, String),
}

/// All that one Experiment has met.
#[derive(Debug, Clone, Default)]
pub(super) struct Met {
    pub replica_sets: BTreeSet<String>,
    pub runs: BTreeMap<String, Arc<AnalysisRun>>,
    pub refused: BTreeMap<Refused, String>,
}

/// By the Experiments that met it.
#[derive(Debug, Default)]
pub(super) struct Obstacles(Mutex<BTreeMap<Key, Met>>);

impl Obstacles {
    pub fn insert(&self, experiment: &Key, obstacle: Obstacle) {
        let mut all = self.lock();
        let met = all.entry(experiment.clone()).or_default();
        match obstacle {
            Obstacle::ReplicaSet(name) => drop(met.replica_sets.insert(name)),
            Obstacle::AnalysisRun(run) => drop(met.runs.insert(run.metadata.name.clone(), Arc::new(*run))),
            Obstacle::Refused(what, error) => drop(met.refused.insert(what, error)),
        }
    }

    pub fn of(&self, experiment: &Key) -> Met {
        self.lock().get(experiment).cloned().unwrap_or_default()
    }

    /// The Experiment has come past them, or is gone.
    pub fn forget(&self, experiment: &Key) {
        self.lock().remove(experiment);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Met>> {
        // Nothing inside panics.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
