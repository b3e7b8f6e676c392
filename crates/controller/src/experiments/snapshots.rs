//! From caches to an [`ExperimentSnapshot`].

use super::obstacles::Obstacles;
use crate::caches::Caches;
use crate::owners::owned_by;
use rollouts_api::{Experiment, ObjectMeta};
use rollouts_core::experiment::{self, ExperimentSnapshot};
use rollouts_kube::cache::Cached;
use rollouts_kube::{Cache, Key};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Everything the decisions about an Experiment may read.
pub(super) fn take(experiment: Arc<Experiment>, caches: &Caches, obstacles: &Obstacles) -> ExperimentSnapshot {
    let meta = &experiment.metadata;
    let met = obstacles.of(&Key::of(meta));
    let analyses = &caches.analyses;
    let mut foreign_replica_sets = taken(&caches.replica_sets, meta, experiment::replica_set_names(&experiment));
    foreign_replica_sets.extend(met.replica_sets);
    let foreign_services = taken(&caches.services, meta, experiment::service_names(&experiment));

    let analysed = !experiment.spec.analyses.is_empty();
    let mut analysis_runs = analyses.runs_of(meta);
    let mut foreign_analysis_runs = if analysed { analyses.foreign_runs(meta) } else { BTreeSet::new() };
    for (name, run) in met.runs {
        let known = analysis_runs.iter().any(|r| r.metadata.name == name);
        match run.metadata.controller().is_some_and(|owner| owner.uid == meta.uid) {
            true if known => {}
            true => analysis_runs.push(run),
            false => drop(foreign_analysis_runs.insert(name)),
        }
    }
    let closure = analyses.templates_of_experiment(&experiment);
    let unreadable = if analysed { analyses.unreadable(&closure) } else { None };
    ExperimentSnapshot {
        replica_sets: owned_by(&caches.replica_sets, meta),
        foreign_replica_sets,
        services: owned_by(&caches.services, meta),
        foreign_services,
        analysis_runs,
        foreign_analysis_runs,
        templates: closure.found,
        unreadable,
        refused: met.refused,
        experiment,
    }
}

/// Those of the names that objects have which are not the owner's.
fn taken<T: Cached>(cache: &Cache<T>, owner: &ObjectMeta, names: impl Iterator<Item = String>) -> BTreeSet<String> {
    let namespace = owner.namespace.as_str();
    let is_taken = |name: &String| match cache.get(namespace, name) {
        Some(object) => object.meta().controller().is_none_or(|c| c.uid != owner.uid),
        None => cache.get_malformed(namespace, name).is_some(),
    };
    names.filter(is_taken).collect()
}
