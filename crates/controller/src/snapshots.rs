//! From caches to a [`Snapshot`].

use crate::analysis::unfilled;
use crate::caches::{Caches, ORPHANS};
use crate::debts::{self, BY_DEBTOR};
use crate::hidden::Hidden;
use crate::owners::{BY_OWNER, foreign_names, owned_by};
use rollouts_api::{ObjectMeta, Rollout};
use rollouts_core::{Debt, Referenced, ReplicaSet, Service, Snapshot, Workload};
use rollouts_kube::{Key, RequestError, Rest};
use rollouts_snapshots::{Analyses, Experiments, Found, Source, has_experiments, is_analysed};
use rollouts_traffic::Settings;
use std::sync::Arc;

/// Everything the decisions about `ro` may read.
pub(crate) async fn take(
    ro: Arc<Rollout>,
    caches: &Caches,
    hidden: &Hidden,
    rest: &Rest,
) -> Result<Snapshot, RequestError> {
    rollouts_snapshots::take(ro, &Known { caches, hidden, rest }).await
}

/// What the caches know, and what was met that they do not.
struct Known<'a> {
    caches: &'a Caches,
    hidden: &'a Hidden,
    rest: &'a Rest,
}

impl Source for Known<'_> {
    fn rest(&self) -> &Rest {
        self.rest
    }

    fn router_settings(&self) -> &Arc<Settings> {
        self.caches.routers.settings()
    }

    async fn workload(&self, ro: &Rollout) -> Result<Referenced, RequestError> {
        self.caches.workloads.find(ro).await
    }

    async fn debtor(&self, workload: &Workload, debt: &Debt) -> Result<Option<String>, RequestError> {
        let debtor = debts::debtor_of(&Key::of(&workload.metadata), debt, self.caches, self.rest).await?;
        Ok(debtor.map(|key| key.name.to_string()))
    }

    fn scaled_down(&self, by: &ObjectMeta) -> Vec<Arc<Workload>> {
        self.caches.scaled_down.by_index(BY_DEBTOR, &by.uid)
    }

    fn replica_sets(&self, owner: &ObjectMeta) -> Vec<Arc<ReplicaSet>> {
        self.caches.replica_sets.by_index(BY_OWNER, &owner.uid)
    }

    fn orphans(&self, namespace: &str) -> Vec<Arc<ReplicaSet>> {
        self.caches.replica_sets.by_index(ORPHANS, namespace)
    }

    fn replica_set(&self, namespace: &str, name: &str) -> Option<Arc<ReplicaSet>> {
        let met = || self.hidden.take_set(&Key::new(namespace, name));
        self.caches.replica_sets.get(namespace, name).or_else(met)
    }

    fn service(&self, namespace: &str, name: &str) -> Option<Arc<Service>> {
        self.caches.services.get(namespace, name)
    }

    fn analyses(&self, ro: &Rollout) -> Analyses {
        let all = &self.caches.analyses;
        let mut runs = all.runs_of(&ro.metadata);
        let mut foreign = if is_analysed(ro) { all.foreign_runs(&ro.metadata) } else { Default::default() };
        for run in self.hidden.runs_of(&Key::of(&ro.metadata)) {
            let is_known = |name: &str| runs.iter().any(|r| r.metadata.name == name);
            match run.metadata.controller() {
                Some(owner) if owner.uid == ro.metadata.uid && !is_known(&run.metadata.name) => runs.push(run),
                Some(owner) if owner.uid == ro.metadata.uid => {}
                _ => drop(foreign.insert(run.metadata.name.clone())),
            }
        }
        let templates = all.templates_of(ro);
        let unreadable = if is_analysed(ro) { all.unreadable(&templates) } else { None };
        Analyses { runs, foreign, templates, unreadable }
    }

    fn experiments(&self, ro: &Rollout) -> Experiments {
        let (all, meta) = (&self.caches.experiments, &ro.metadata);
        let mut own = owned_by(all, meta);
        let mut foreign = if has_experiments(ro) { foreign_names(all, meta) } else { Default::default() };
        for met in self.hidden.experiments_of(&Key::of(meta)) {
            let is_known = own.iter().any(|e| e.metadata.name == met.metadata.name);
            match met.metadata.controller().is_some_and(|owner| owner.uid == meta.uid) {
                true if is_known => {}
                true => own.push(met),
                false => drop(foreign.insert(met.metadata.name.clone())),
            }
        }
        Experiments { own, foreign, unreadable: unfilled(all) }
    }

    async fn routers(&self, ro: &Rollout) -> Result<Found, RequestError> {
        self.caches.routers.find(ro).await
    }
}
