//! What the controller watches, and which Rollout a change concerns.

use crate::analysis::{Analyses, Users};
use crate::arrivals::Arrivals;
use crate::debts::{self, BY_DEBTOR};
use crate::experiments;
use crate::owners::{BY_OWNER, controller_uid};
use crate::queues::Queues;
use crate::routers::{Released, Routers};
use crate::workloads::{self, Workloads};
use crate::{Options, services};
use rollouts_api::{Experiment, Rollout, names, validation};
use rollouts_core::{ReplicaSet, Service, Workload};
use rollouts_kube::cache::Change;
use rollouts_kube::events::Recorder;
use rollouts_kube::lease::Term;
use rollouts_kube::{Cache, Key, Troubles, resource};
use rollouts_snapshots::selects;
use std::sync::Arc;

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
    pub experiments: Cache<Experiment>,
    pub replica_sets: Cache<ReplicaSet>,
    pub services: Cache<Service>,
    /// Deployments that Rollouts have scaled down: few, so they are watched always.
    pub scaled_down: Cache<Workload>,
    pub workloads: Workloads,
    pub routers: Routers,
    /// Whose routes are to be released.
    pub released: Released,
    pub analyses: Analyses,
    /// What fails at the moment.
    pub troubles: Troubles,
}

impl Caches {
    /// Starts to fill them; every change puts the Rollouts it concerns into the queue.
    pub fn start(client: &kube::Client, options: &Options, queues: &Queues, recorder: &Recorder, term: &Term) -> Self {
        let (stop, troubles) = (term.stop(), Troubles::new());
        let namespace = options.namespace.clone();
        let to = queues.debts.clone();
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
        let (debts_to, owed) = (queues.debts.clone(), scaled_down.clone());
        let arrivals = Arrivals::default();
        let (to, services_to) = (queues.rollouts.clone(), queues.services.clone());
        let (events, office) = (recorder.clone(), term.clone());
        let released = Released::new(queues.routes.clone());
        let released_to = released.clone();
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
                    released_to.enqueue(change);
                }
                services::enqueue_left_behind(&services_to, change);
                debts::enqueue_left_behind(&debts_to, &owed, change);
                to.add(change.key());
            })
            .start(stop);

        let experiments = experiments::cache(client, options, queues, &troubles, stop);

        // The other handlers look Rollouts and Experiments up. Until their first list is here, they miss nothing: it
        // enqueues all.
        let waiting = experiments.clone();
        let (to, experiments_to, all) = (queues.rollouts.clone(), queues.experiments.clone(), rollouts.clone());
        let replica_sets = Cache::builder(client.clone(), resource::REPLICA_SETS)
            .troubles(&troubles)
            .namespace(namespace.clone())
            .labels(names::POD_TEMPLATE_HASH)
            .index(BY_OWNER, controller_uid)
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
                let room = experiments::waiting_for(&waiting, change);
                experiments::of(change).chain(room).for_each(|key| experiments_to.add(key));
            })
            .start(stop);

        let (to, services_to, all) = (queues.rollouts.clone(), queues.services.clone(), rollouts.clone());
        let experiments_to = queues.experiments.clone();
        let services = Cache::builder(client.clone(), resource::SERVICES)
            .troubles(&troubles)
            .namespace(namespace.clone())
            .index(BY_OWNER, controller_uid)
            .on_change(move |change: &Change<Service>| {
                if let Change::Added(service) | Change::Updated { new: service, .. } = change
                    && services::is_marked(service)
                {
                    services_to.add(change.key());
                }
                let key = change.key().to_string();
                all.by_index(BY_SERVICE, &key).iter().for_each(|ro| to.add(Key::of(&ro.metadata)));
                experiments::of(change).for_each(|key| experiments_to.add(key));
            })
            .start(stop);
        let users = Users { rollouts: rollouts.clone(), experiments: experiments.clone(), queues: queues.clone() };
        let analyses = Analyses::start(client, options, &queues.runs, Some(&users), &troubles, stop);
        let to = queues.rollouts.clone();
        let routers = Routers::new(client, options, to.clone(), rollouts.clone(), troubles.clone(), stop.clone());
        let workloads = Workloads::new(client.clone(), namespace, to, rollouts.clone(), troubles.clone(), stop.clone());
        Caches {
            rollouts,
            experiments,
            replica_sets,
            services,
            scaled_down,
            workloads,
            routers,
            released,
            analyses,
            troubles,
        }
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
