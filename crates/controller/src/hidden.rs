//! Objects that the API server holds under a name we wanted, but that the caches do not show.

use rollouts_api::Experiment;
use rollouts_api::analysis::AnalysisRun;
use rollouts_core::ReplicaSet;
use rollouts_kube::Key;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What was found in the way of a creation, until the next plan has seen it.
#[derive(Debug, Default)]
pub(crate) struct Hidden(Mutex<Found>);

#[derive(Debug, Default)]
struct Found {
    /// ReplicaSets that lack the hash label, by their keys. One entry a collision, removed when the collision count has
    /// moved on.
    sets: BTreeMap<Key, Arc<ReplicaSet>>,
    /// AnalysisRuns of another instance, or that the cache does not show yet, by the Rollout that met them.
    runs: ByRollout<AnalysisRun>,
    /// Experiments of the same kind.
    experiments: ByRollout<Experiment>,
}

/// Objects by the Rollout that met them, and by name.
type ByRollout<T> = BTreeMap<Key, BTreeMap<String, Arc<T>>>;

impl Hidden {
    pub fn insert_set(&self, set: ReplicaSet) {
        let key = Key::of(&set.metadata);
        self.lock().sets.insert(key, Arc::new(set));
    }

    pub fn take_set(&self, key: &Key) -> Option<Arc<ReplicaSet>> {
        self.lock().sets.remove(key)
    }

    /// The Rollout wanted to create a run of that name.
    pub fn insert_run(&self, rollout: &Key, run: AnalysisRun) {
        let name = run.metadata.name.clone();
        self.lock().runs.entry(rollout.clone()).or_default().insert(name, Arc::new(run));
    }

    /// All runs that were in the way of the Rollout. They are kept until [`Hidden::forget`], since one more may be met
    /// behind the first.
    pub fn runs_of(&self, rollout: &Key) -> Vec<Arc<AnalysisRun>> {
        self.lock().runs.get(rollout).into_iter().flat_map(|runs| runs.values().cloned()).collect()
    }

    /// The Rollout wanted to create an Experiment of that name.
    pub fn insert_experiment(&self, rollout: &Key, experiment: Experiment) {
        let name = experiment.metadata.name.clone();
        self.lock().experiments.entry(rollout.clone()).or_default().insert(name, Arc::new(experiment));
    }

    /// All Experiments that were in the way of the Rollout, like [`Hidden::runs_of`].
    pub fn experiments_of(&self, rollout: &Key) -> Vec<Arc<Experiment>> {
        self.lock().experiments.get(rollout).into_iter().flat_map(|all| all.values().cloned()).collect()
    }

    /// The Rollout has come past them, or is gone.
    pub fn forget(&self, rollout: &Key) {
        let mut found = self.lock();
        found.runs.remove(rollout);
        found.experiments.remove(rollout);
    }

    fn lock(&self) -> MutexGuard<'_, Found> {
        // Nothing inside panics.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
