//! What the decisions read of a world, put together as the controller does it.

use super::World;
use rollouts_api::rollout::WorkloadKind;
use rollouts_api::{LabelSelector, ObjectMeta, names, validation};
use rollouts_core::{Debt, Referenced, ReplicaSet, Snapshot, TemplateHash, Workload, WorkloadSpec};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The uid of the other Rollout that there is.
pub(in crate::fuzz) const ANOTHER_UID: &str = "another";

impl World {
    pub(super) fn snapshot(&self) -> Snapshot {
        let written = Arc::new(self.rollout.clone());
        let found = self.referenced();
        let (rollout, unresolved) = match rollouts_core::resolve(&written, &found) {
            Ok(ro) => (ro, None),
            Err(problem) => (written, Some(problem)),
        };
        let workload = match found {
            Referenced::Found(workload) => Some(workload),
            Referenced::Missing | Referenced::Unreadable(_) => None,
        };
        let debt = workload.as_ref().and_then(|w| Debt::of(w));
        let taken_by = debt.filter(|d| d.by == ANOTHER_UID).map(|_| "another".to_owned());
        let selector = rollout.spec.selector.as_ref().and_then(|s| s.compile().ok());
        let concerns = |set: &&ReplicaSet| match set.metadata.controller() {
            Some(owner) => owner.uid == rollout.metadata.uid,
            None => selector.as_ref().is_some_and(|s| s.matches(&set.metadata.labels)),
        };
        let visible = |set: &&ReplicaSet| set.metadata.label(names::POD_TEMPLATE_HASH).is_some() && concerns(set);
        let replica_sets: Vec<_> = self.sets.values().filter(visible).cloned().map(Arc::new).collect();
        let template_hash = TemplateHash::default();
        let wanted = template_hash.replica_set_name(&rollout);
        let mut foreign_replica_sets = BTreeMap::new();
        if !replica_sets.iter().any(|s| s.metadata.name == wanted) {
            let other = self.sets.get(&wanted).cloned();
            foreign_replica_sets.extend(other.map(|set| (wanted, Arc::new(set))));
        }
        let named = validation::service_names(&rollout).into_iter();
        let services = named.filter_map(|name| Some((name.to_owned(), Arc::new(self.services.get(name)?.clone()))));
        let services = services.collect();
        let pods = match rollouts_core::reads_pods(&rollout, &replica_sets) {
            true => self.pods.values().filter(|p| is_of(&p.metadata, &replica_sets)).cloned().map(Arc::new).collect(),
            false => Vec::new(),
        };
        let owed = |d: &&Workload| Debt::of(d).is_some_and(|debt| debt.by == rollout.metadata.uid);
        let scaled_down = self.deployments().filter(owed).cloned().map(Arc::new).collect();
        Snapshot {
            rollout,
            workload,
            unresolved,
            taken_by,
            scaled_down,
            replica_sets,
            foreign_replica_sets,
            pods,
            services,
            routers: self.routers.clone(),
            template_hash,
            ..Default::default()
        }
    }

    /// Every Deployment that can be read.
    pub(super) fn deployments(&self) -> impl Iterator<Item = &Workload> {
        let prefix = key(WorkloadKind::Deployment, "");
        let workloads = self.workloads.iter().filter(move |(key, _)| key.starts_with(&prefix));
        workloads.filter_map(|(_, workload)| workload.as_ref().ok())
    }

    /// The Deployment of this name.
    pub fn deployment(&mut self, name: &str) -> Option<&mut Workload> {
        self.workloads.get_mut(&key(WorkloadKind::Deployment, name))?.as_mut().ok()
    }

    fn referenced(&self) -> Referenced {
        let Some(reference) = &self.rollout.spec.workload_ref else { return Referenced::Missing };
        let Ok(kind) = reference.workload_kind() else { return Referenced::Missing };
        if kind == WorkloadKind::ReplicaSet {
            // One of the Rollout's own may be meant.
            return self.sets.get(&reference.name).map_or(Referenced::Missing, |s| Referenced::Found(as_workload(s)));
        }
        match self.workloads.get(&key(kind, &reference.name)) {
            Some(Ok(workload)) => Referenced::Found(Arc::new(workload.clone())),
            Some(Err(problem)) => Referenced::Unreadable(problem.clone()),
            None => Referenced::Missing,
        }
    }
}

/// Where [`World::workloads`] has an object.
pub(in crate::fuzz) fn key(kind: WorkloadKind, name: &str) -> String {
    format!("{}/{name}", kind.kind())
}

fn as_workload(set: &ReplicaSet) -> Arc<Workload> {
    let template = set.spec.template.clone();
    let selector = LabelSelector { match_labels: template.labels(), ..LabelSelector::default() };
    let spec = WorkloadSpec { replicas: set.spec.replicas, selector: Some(selector), template };
    Arc::new(Workload { metadata: set.metadata.clone(), spec, ..Workload::default() })
}

fn is_of(pod: &ObjectMeta, sets: &[Arc<ReplicaSet>]) -> bool {
    pod.controller().is_some_and(|c| sets.iter().any(|s| s.metadata.uid == c.uid))
}
