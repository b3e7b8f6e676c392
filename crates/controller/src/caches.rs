//! What the controller watches, and which Rollout a change concerns.

use crate::analysis::{Analyses, Listeners, RolloutListener};
use crate::arrivals::Arrivals;
use crate::debts::{self, BY_DEBTOR};
use crate::workloads::{self, Workloads};
use crate::{Options, services};
use rollouts_api::{Rollout, names, validation};
use rollouts_core::{ReplicaSet, Service, Workload};
use rollouts_kube::cache::Change;
use rollouts_kube::events::Recorder;
use rollouts_kube::lease::Term;
use rollouts_kube::{Cache, Key, Queue, Troubles, resource};
use std::collections::BTreeMap;
use std::sync::Arc;

/// ReplicaSets by uid of their controller.
pub(crate) const BY_OWNER: &str = "owner";
/// ReplicaSets without a controller, by namespace.
pub(crate) const ORPHANS: &str = "orphans";
/// Rollouts by `namespace/name` of the Services they name.
pub(crate) const BY_SERVICE: &str = "service";
/// Rollouts by the workload they refer to.
pub(crate) const BY_WORKLOAD: &str = "workload";

/// The caches of one controller.
#[derive(Clone)]
pub(crate) struct Caches {
    pub rollouts: Cache<Rollout>,
    pub replica_sets: Cache<ReplicaSet>,
    pub services: Cache<Service>,
    /// Deployments that Rollouts have scaled down: few, so they are watched always.
    pub scaled_down: Cache<Workload>,
    pub workloads: Workloads,
    pub analyses: Analyses,
    /// What fails at the moment.
    pub troubles: Troubles,
}

/// Where changes go.
pub(crate) struct Queues<'a> {
    /// Of Rollouts.
    pub queue: &'a Queue<Key>,
    pub service_queue: &'a Queue<Key>,
    pub debt_queue: &'a Queue<Key>,
    pub run_queue: &'a Queue<Key>,
}

impl Caches {
    /// Starts to fill them; every change puts the Rollouts it concerns into the queue.
    pub fn start(
        client: &kube::Client,
        options: &Options,
        queues: &Queues<'_>,
        recorder: &Recorder,
        term: &Term,
    ) -> Self {
        let Queues { queue, service_queue, debt_queue, run_queue } = *queues;
        let (stop, troubles) = (term.stop(), Troubles::new());
        let namespace = options.namespace.clone();
        let to = debt_queue.clone();
        let scaled_down = Cache::builder(client.clone(), resource::DEPLOYMENTS)
            .troubles(&troubles)
            .namespace(namespace.clone())
            .labels(names::SCALED_DOWN_BY)
            .index(BY_DEBTOR, debts::debtor)
            .trim(debts::forget_templates)
            .on_change(move |change: &Change<Workload>| match change {
                // What its pods do changes no debt.
                Change::Updated { old, new } if !new.differs(old) => {}
                _ => to.add(change.key()),
            })
            .start(stop);
        let (debts_to, owed) = (debt_queue.clone(), scaled_down.clone());
        let arrivals = Arrivals::default();
        let (to, services_to, events, office) = (queue.clone(), service_queue.clone(), recorder.clone(), term.clone());
        let rollouts = Cache::builder(client.clone(), resource::ROLLOUTS)
            .troubles(&troubles)
            .namespace(namespace.clone())
            .labels(options.instance_selector())
            .index(BY_SERVICE, |ro: &Rollout| {
                validation::service_names(ro).into_iter().map(|s| format!("{}/{s}", ro.metadata.namespace)).collect()
            })
            .index(BY_WORKLOAD, |ro: &Rollout| workloads::reference(ro).into_iter().collect())
            .on_change(move |change: &Change<Rollout>| {
                // A standby tells nothing: what it knows when it takes over has not just arrived.
                if office.has_begun() {
                    arrivals.tell(&events, change);
                }
                services::enqueue_left_behind(&services_to, change);
                debts::enqueue_left_behind(&debts_to, &owed, change);
                to.add(change.key());
            })
            .start(stop);

        // The other handlers look the Rollouts up. Until their first list is here, they miss nothing: it enqueues all.
        let (to, all) = (queue.clone(), rollouts.clone());
        let replica_sets = Cache::builder(client.clone(), resource::REPLICA_SETS)
            .troubles(&troubles)
            .namespace(namespace.clone())
            .labels(names::POD_TEMPLATE_HASH)
            .index(BY_OWNER, |s: &ReplicaSet| s.metadata.controller().map(|c| c.uid.clone()).into_iter().collect())
            .index(ORPHANS, |s: &ReplicaSet| match s.metadata.controller() {
                None => vec![s.metadata.namespace.clone()],
                Some(_) => Vec::new(),
            })
            .on_change(move |change: &Change<ReplicaSet>| {
                let mut keys = Vec::new();
                match change {
                    Change::Added(set) | Change::Deleted(set) => keys.extend(rollouts_of(&all, set)),
                    Change::Updated { old, new } => {
                        keys.extend(rollouts_of(&all, new));
                        if old.metadata.owner_references != new.metadata.owner_references {
                            keys.extend(rollouts_of(&all, old));
                        }
                    }
                    Change::Malformed { old, new } => {
                        tracing::error!(replicaset = %Key::of(&new.meta), "Cannot read ReplicaSet: {}", new.error);
                        keys.extend(old.iter().flat_map(|set| rollouts_of(&all, set)));
                    }
                    Change::MalformedDeleted(_) => {}
                }
                keys.into_iter().for_each(|key| to.add(key));
            })
            .start(stop);

        let (to, services_to, all) = (queue.clone(), service_queue.clone(), rollouts.clone());
        let services = Cache::builder(client.clone(), resource::SERVICES)
            .troubles(&troubles)
            .namespace(namespace.clone())
            .on_change(move |change: &Change<Service>| {
                if let Change::Added(service) | Change::Updated { new: service, .. } = change
                    && services::is_marked(service)
                {
                    services_to.add(change.key());
                }
                let key = change.key().to_string();
                all.by_index(BY_SERVICE, &key).iter().for_each(|ro| to.add(Key::of(&ro.metadata)));
            })
            .start(stop);
        let to_rollouts = RolloutListener { rollouts: rollouts.clone(), queue: queue.clone() };
        let listeners = Listeners { run_queue: run_queue.clone(), rollouts: Some(to_rollouts) };
        let analyses = Analyses::start(client, options, &listeners, &troubles, stop);
        let workloads =
            Workloads::new(client.clone(), namespace, queue.clone(), rollouts.clone(), troubles.clone(), stop.clone());
        Caches { rollouts, replica_sets, services, scaled_down, workloads, analyses, troubles }
    }

    /// Those that do not hold yet what the API server held at the start.
    pub fn unfilled(&self) -> Vec<String> {
        let states = [
            (self.rollouts.resource(), self.rollouts.health()),
            (self.replica_sets.resource(), self.replica_sets.health()),
            (self.services.resource(), self.services.health()),
        ];
        let unfilled = states.into_iter().filter(|(_, health)| !health.synced);
        unfilled.map(|(resource, _)| resource.to_string()).collect()
    }
}

/// The Rollouts that a ReplicaSet concerns: its controller, or all that could adopt it.
fn rollouts_of(all: &Cache<Rollout>, set: &ReplicaSet) -> Vec<Key> {
    let meta = &set.metadata;
    match meta.controller() {
        Some(owner) if owner.kind == "Rollout" && owner.api_version.starts_with(names::GROUP) => {
            vec![Key::new(meta.namespace.as_str(), owner.name.as_str())]
        }
        Some(_) => Vec::new(),
        None => {
            let all = all.list(Some(&meta.namespace));
            // The selector of a workload is looked at when the Rollout is resolved.
            let borrows = |ro: &Rollout| ro.spec.selector.is_none() && ro.spec.workload_ref.is_some();
            let adopts = |ro: &&Arc<Rollout>| selects(ro, &meta.labels) || borrows(ro);
            all.iter().filter(adopts).map(|ro| Key::of(&ro.metadata)).collect()
        }
    }
}

/// Whether the Rollout's selector matches; one that cannot be read matches nothing.
pub(crate) fn selects(ro: &Rollout, labels: &BTreeMap<String, String>) -> bool {
    ro.spec.selector.as_ref().and_then(|s| s.compile().ok()).is_some_and(|s| s.matches(labels))
}
