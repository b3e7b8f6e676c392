//! Which routers this Rollout has told something. It stands in an annotation of the Rollout, so that routers which the
//! spec no longer names can be given back as they were found (upstream leaves them with their last weights), also by
//! another controller than the one that told them.

use crate::Effect;
use crate::reconcile::Reconcile;
use rollouts_api::rollout::{CanaryStrategy, ManagedRoute, TrafficRouting};
use rollouts_api::{Rollout, names};
use rollouts_traffic::{Context, Draft, ObjectRef, Objects, Route, Settings, Side, Want};
use std::collections::BTreeMap;

/// The objects that decisions about `ro` read, given what is known already: of the routers that it uses, and of those that
/// it has used. Ask again with what was found, until nothing new is wanted.
pub fn router_wants(ro: &Rollout, settings: &Settings, objects: &Objects) -> Vec<Want> {
    let mut wants = rollouts_traffic::wants(ro, settings, objects);
    if let Some(former) = former(ro) {
        wants.extend(rollouts_traffic::wants(&former, settings, objects));
    }
    wants
}

/// Everything that routers are told from.
fn told_from(strategy: &CanaryStrategy) -> Option<CanaryStrategy> {
    Some(CanaryStrategy {
        traffic_routing: Some(strategy.traffic_routing.clone()?),
        canary_service: strategy.canary_service.clone(),
        stable_service: strategy.stable_service.clone(),
        ping_pong: strategy.ping_pong.clone(),
        ..Default::default()
    })
}

/// The Rollout as it was when its routers were told last, if they were others, or were told otherwise.
fn former(ro: &Rollout) -> Option<Rollout> {
    let text = ro.metadata.annotation(names::TRAFFIC_ROUTING)?;
    let former: CanaryStrategy = serde_json::from_str(text).ok()?;
    let now = ro.spec.strategy.canary.as_ref().and_then(told_from);
    if now.as_ref() == Some(&former) || former.traffic_routing.is_none() {
        return None;
    }
    // Which Service of a ping-pong pair is the stable one stands in the status.
    let mut rollout = Rollout { metadata: ro.metadata.clone(), status: ro.status.clone(), ..Default::default() };
    rollout.spec.strategy.canary = Some(former);
    Some(rollout)
}

/// Managed routes that the Rollout's spec listed when its routers were told last, and lists no more.
pub(super) fn no_longer_managed(ro: &Rollout) -> Vec<ManagedRoute> {
    let listed = |routing: Option<&TrafficRouting>| routing.and_then(|r| r.managed_routes.clone()).unwrap_or_default();
    let kept = listed(ro.spec.traffic_routing());
    let mut gone = former(ro).map(|former| listed(former.spec.traffic_routing())).unwrap_or_default();
    gone.retain(|route| !kept.contains(route));
    gone
}

impl Reconcile<'_> {
    /// Gives back what the spec no longer names, and notes what it names now. Says whether objects that are still used are
    /// written: they are to be seen as they are then before more is decided about them.
    pub(crate) fn remember_routing(&mut self) -> bool {
        let mut writes = false;
        if let Some(former) = former(&self.ro) {
            self.release_routing(&former);
            writes = self.remove_routes(&former);
        }
        let now = self.ro.spec.strategy.canary.as_ref().and_then(told_from);
        let text = now.as_ref().and_then(|now| serde_json::to_string(now).ok());
        if self.ro.metadata.annotation(names::TRAFFIC_ROUTING) == text.as_deref() {
            return writes;
        }
        let why = match text {
            Some(_) => "these routers are told where traffic goes, and must be given back some day",
            None => "no router is told anything any more",
        };
        let annotations = BTreeMap::from([(names::TRAFFIC_ROUTING.to_string(), text.clone())]);
        self.push(Effect::PatchRollout { replicas: None, annotations }, why);
        match text {
            Some(text) => drop(self.ro.metadata.annotations.insert(names::TRAFFIC_ROUTING.into(), text)),
            None => drop(self.ro.metadata.annotations.remove(names::TRAFFIC_ROUTING)),
        }
        writes
    }

    /// Removes managed routes that the spec no longer lists from what it still uses.
    fn remove_routes(&mut self, former: &Rollout) -> bool {
        let Some(mut routing) = self.ro.spec.traffic_routing().cloned() else { return false };
        let gone = no_longer_managed(&self.ro);
        let Some(weights) = self.recorded_weights().cloned().filter(|_| !gone.is_empty()) else { return false };
        routing.managed_routes = Some(gone);
        let used_before = former.spec.traffic_routing().map(rollouts_traffic::used).unwrap_or_default();
        // Without the steps, which may have made other routes.
        let mut ro =
            Rollout { metadata: self.ro.metadata.clone(), status: self.ro.status.clone(), ..Default::default() };
        ro.spec.strategy.canary = self.ro.spec.strategy.canary.as_ref().and_then(told_from);
        let (objects, settings) = (&self.snapshot.routers, &self.snapshot.router_settings);
        let cx = Context { rollout: &ro, routing: &routing, settings };
        let mut effects = Vec::new();
        for router in rollouts_traffic::used(&routing) {
            if !used_before.iter().any(|before| before.name() == router.name()) {
                continue;
            }
            let (canary, stable) = self.role_services(router);
            let side = |hash: &str, service: String| Side { hash: hash.into(), service, unready: None };
            let route = Route {
                weight: weights.canary.weight,
                max: self.max_weight(),
                additional: weights.additional.clone(),
                canary: side(&weights.canary.pod_template_hash, canary),
                stable: side(&weights.stable.pod_template_hash, stable),
                ..Route::default()
            };
            let mut draft = Draft::new(objects);
            // What is wrong is told when the router is told where traffic goes.
            let _told_then = router.route(&cx, &route, &mut draft);
            for change in draft.take_changes() {
                let effect = Effect::Route { router: router.name(), write: change.write, events: change.events };
                effects.push((effect, format!("{}: the Rollout no longer lists it", change.why)));
            }
        }
        let writes = !effects.is_empty();
        effects.into_iter().for_each(|(effect, why)| self.push(effect, why));
        writes
    }

    /// Leaves what is not used any more as it was found. What is still used is about to be told anew.
    fn release_routing(&mut self, former: &Rollout) {
        let Some(routing) = former.spec.traffic_routing() else { return };
        let (objects, settings) = (&self.snapshot.routers, &self.snapshot.router_settings);
        let wants = rollouts_traffic::wants(&self.ro, settings, objects);
        let found = Draft::new(objects);
        let is_kept = |at: &ObjectRef| {
            wants.iter().any(|want| match want {
                Want::Named(named) => named == at,
                Want::Selected { .. } => found.find(want).contains(at),
            })
        };
        let canary = former.spec.strategy.canary.clone().unwrap_or_default();
        let hash = self.stable_hash();
        let side = |service: String| Side { hash: hash.clone(), service, unready: None };
        let max = routing.max_traffic_weight.unwrap_or(100);
        let route = Route {
            max,
            canary: side(canary.canary_service),
            stable: side(canary.stable_service),
            goes_back: true,
            ..Route::default()
        };
        let cx = Context { rollout: former, routing, settings };
        for router in rollouts_traffic::used(routing) {
            let mut draft = Draft::new(objects);
            router.release(&cx, &route, &mut draft);
            for change in draft.take_changes() {
                if is_kept(change.write.at()) {
                    continue;
                }
                let why = format!("{}: the Rollout no longer uses it", change.why);
                self.push(Effect::Route { router: router.name(), write: change.write, events: change.events }, why);
            }
        }
    }
}
