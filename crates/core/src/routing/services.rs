//! The Services of a canary whose traffic is routed (traffic.md §1.9).

use crate::reconcile::Reconcile;
use crate::services::Gate;
use rollouts_api::rollout::{CanaryStrategy, PING, PONG, PingPong, TrafficWeights};
use rollouts_traffic::Router;

impl Reconcile<'_> {
    /// Points the Services at the two versions. The canary's follows the new version as soon as that has a pod, but not
    /// while the update is aborted: then it goes back once no traffic is sent to it. (Upstream points it to and fro
    /// between the two as long as canary pods are available.)
    pub(crate) fn switch_routed_services(&mut self) {
        let snapshot = self.snapshot;
        let Some(canary) = &snapshot.rollout.spec.strategy.canary else { return };
        if let Some(ping_pong) = &canary.ping_pong
            && let Some(new) = self.roles.new
            && !self.fully_promoted()
            && !self.serves_replaced_canary()
        {
            self.switch_service(&self.ping_pong(ping_pong).0, new, Gate::Open);
        }
        if let Some(stable) = self.roles.stable {
            self.switch_service(&canary.stable_service, stable, Gate::Available);
        }
        if let Some(new) = self.roles.new
            && !self.aborted()
            && !self.leaves_remembered_canary()
        {
            self.switch_service(&canary.canary_service, new, Gate::Available);
        }
    }

    /// Whether routers know the canary's Service as that of a canary which this update replaces, and which still serves:
    /// first they are told that there is another one, without pods as yet. (Upstream takes the Service from under its users.)
    fn serves_replaced_canary(&self) -> bool {
        let Some(told) = self.recorded_weights().map(|w| w.canary.pod_template_hash.as_str()) else { return false };
        let is_replaced = told != self.new_hash() && told != self.ro.status.stable_rs;
        is_replaced && self.set_with_hash(told).is_some_and(|set| set.available() > 0)
    }

    /// Whether traffic still goes to a canary that nobody wants any more: its Service must not be taken from under it.
    fn leaves_remembered_canary(&self) -> bool {
        let is_other = |w: &TrafficWeights| w.canary.weight > 0 && w.canary.pod_template_hash != self.new_hash();
        if !self.is_dynamic() || !self.recorded_weights().is_some_and(is_other) {
            return false;
        }
        match self.fully_promoted() {
            true => self.new_set().is_some_and(|s| s.available() < self.ro.spec.replicas()),
            false => self.remembered_available() > 0,
        }
    }

    /// After an abort nobody is sent to the canary.
    pub(super) fn switch_canary_service_back(&mut self) {
        let snapshot = self.snapshot;
        let Some(canary) = &snapshot.rollout.spec.strategy.canary else { return };
        if let Some(stable) = self.roles.stable {
            self.switch_service(&canary.canary_service, stable, Gate::Open);
        }
    }

    /// The Services of canary and stable version, as `router` knows them. The ping-pong pair counts for routers that know
    /// it, and where Istio is also told of a canary and a stable Service, those do.
    pub(crate) fn role_services(&self, router: &dyn Router) -> (String, String) {
        let Some(canary) = &self.ro.spec.strategy.canary else { return Default::default() };
        let CanaryStrategy { canary_service, stable_service, ping_pong, .. } = canary;
        let named = !canary_service.is_empty() || !stable_service.is_empty();
        match ping_pong.as_ref().filter(|_| router.knows_ping_pong(named)) {
            Some(ping_pong) => self.ping_pong(ping_pong),
            None => (canary_service.clone(), stable_service.clone()),
        }
    }

    /// Which of the pair is the canary's, and which the stable version's.
    pub(super) fn ping_pong(&self, pair: &PingPong) -> (String, String) {
        let (canary, stable) = pair.by_role(&self.ro.status.canary.stable_ping_pong);
        (canary.into(), stable.into())
    }

    /// `status.canary.stablePingPong` once the canary has become the stable version: the roles have been swapped.
    pub(crate) fn swapped_ping_pong(&self) -> Option<String> {
        let is_used = self.ro.spec.strategy.canary.as_ref().is_some_and(|c| c.ping_pong.is_some());
        let ping_was_stable = self.ro.status.canary.stable_ping_pong == PING;
        is_used.then(|| if ping_was_stable { PONG } else { PING }.to_string())
    }
}
