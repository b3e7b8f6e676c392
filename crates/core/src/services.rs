//! Switching Services between ReplicaSets (rollout.md §3.7, §5.2).

use crate::Effect;
use crate::reconcile::Reconcile;
use rollouts_api::names;

/// When a Service may be pointed at a ReplicaSet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gate {
    /// At once.
    Open,
    /// When the ReplicaSet can take requests: fully available for a Service that was not ours before, at least one
    /// pod for one that was.
    Available,
}

impl Reconcile<'_> {
    /// The Services of a canary without traffic routing.
    pub(crate) fn switch_canary_services(&mut self) {
        let snapshot = self.snapshot;
        let Some(canary) = &snapshot.rollout.spec.strategy.canary else { return };
        if let Some(stable) = self.roles.stable {
            self.switch_service(&canary.stable_service, stable, Gate::Available);
        }
        let target = if self.aborted() { self.roles.stable } else { self.roles.new };
        if let Some(target) = target {
            self.switch_service(&canary.canary_service, target, Gate::Available);
        }
    }

    /// Points the Service at the ReplicaSet if it does not yet and the gate lets it.
    pub(crate) fn switch_service(&mut self, name: &str, set: usize, gate: Gate) {
        let Some(service) = self.services.get(name) else { return };
        let set = &self.sets[set];
        let (from, to) = (service.selected_hash().to_string(), set.hash().to_string());
        let managed = service.metadata.annotation(names::MANAGED_BY_ROLLOUTS).is_some();
        if from == to && managed {
            return;
        }
        let ready = match (gate, managed) {
            (Gate::Open, _) => true,
            (Gate::Available, true) => set.available() > 0,
            (Gate::Available, false) => set.size() > 0 && set.available() >= set.size(),
        };
        let set_name = set.metadata.name.clone();
        if !ready {
            self.note(format!("Service {name} waits for available pods of ReplicaSet {set_name}"));
            return;
        }
        let rollout = self.ro.metadata.name.clone();
        if let Some(service) = self.services.get_mut(name) {
            service.spec.selector.insert(names::POD_TEMPLATE_HASH.into(), to.clone());
            service.metadata.annotations.entry(names::MANAGED_BY_ROLLOUTS.into()).or_insert(rollout);
        }
        self.push(
            Effect::SwitchService { name: name.into(), hash: to.clone() },
            format!("it serves ReplicaSet {set_name}"),
        );
        self.event("SwitchService", format!("Switched selector for service '{name}' from '{from}' to '{to}'"));
    }
}
