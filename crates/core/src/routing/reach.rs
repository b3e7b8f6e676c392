//! Whether users who are sent to a Service meet the version that it is to serve. A Service selects other pods at once, but
//! its Endpoints, which routers follow, are somebody else's work and come later.

use crate::ReplicaSet;
use crate::reconcile::Reconcile;
use rollouts_api::Rollout;
use rollouts_api::experiment::{Experiment, TemplateStatus};
use rollouts_api::rollout::CanaryStrategy;
use rollouts_traffic::Objects;
use std::collections::BTreeSet;
use std::sync::Arc;

/// From one look at Endpoints that lag behind to the next.
const LOOK_SECONDS: i64 = 1;

/// Endpoints list no more addresses than this.
const ADDRESSES_MAX: usize = 1000;

/// What the API server keeps of a ReplicaSet's name in the names of its pods, in bytes, and how many it adds.
const NAME_BASE_MAX: usize = 58;
const NAME_SUFFIX: usize = 5;

/// The Services whose Endpoints decisions about `ro` read: those of both versions, while there may be pods of two, those of
/// its Experiment, and what `routers` divides into subsets. `None` while no decision does.
pub fn reads_endpoints(
    ro: &Rollout,
    replica_sets: &[Arc<ReplicaSet>],
    experiments: &[Arc<Experiment>],
    routers: &Objects,
) -> Option<BTreeSet<String>> {
    let canary = ro.spec.strategy.canary.as_ref().filter(|canary| canary.traffic_routing.is_some())?;
    let weights = ro.status.canary.weights.as_ref();
    let stable = &ro.status.stable_rs;
    let is_other = |set: &Arc<ReplicaSet>| set.hash() != stable && set.size() > 0;
    let current = experiments.iter().filter(|e| e.metadata.name == ro.status.canary.current_experiment);
    let tried = current.flat_map(|e| &e.status.template_statuses).map(|t| t.service_name.clone());
    let tried: Vec<String> = tried.filter(|name| !name.is_empty()).collect();
    let is_needed =
        weights.is_some_and(|w| w.canary.weight > 0) || replica_sets.iter().any(is_other) || !tried.is_empty();
    if stable.is_empty() || !is_needed {
        return None;
    }
    let divided = rollouts_traffic::divided_services(routers, &ro.metadata.namespace);
    Some(roles(canary).cloned().chain(divided).chain(tried).collect())
}

/// The Services of both versions.
fn roles(canary: &CanaryStrategy) -> impl Iterator<Item = &String> {
    let pair = canary.ping_pong.iter().flat_map(|pair| [&pair.ping_service, &pair.pong_service]);
    [&canary.canary_service, &canary.stable_service].into_iter().chain(pair).filter(|name| !name.is_empty())
}

/// Whether a pod of this name is one of the ReplicaSet's.
fn is_of(pod: &str, set: &ReplicaSet) -> bool {
    let name = set.metadata.name.as_str();
    let base = format!("{name}-");
    let base = base.get(..NAME_BASE_MAX).unwrap_or(&base);
    pod.len() == base.len() + NAME_SUFFIX && pod.starts_with(base)
}

/// The Services of the two roles.
#[derive(Default)]
struct Roles {
    canary: Vec<String>,
    stable: Vec<String>,
}

impl Reconcile<'_> {
    fn services_of_roles(&self) -> Roles {
        let Some(strategy) = &self.ro.spec.strategy.canary else { return Roles::default() };
        let pair = strategy.ping_pong.as_ref().map(|pair| self.ping_pong(pair));
        let named = (strategy.canary_service.clone(), strategy.stable_service.clone());
        // Users of a subset come through the Service that it is a part of.
        let divided = self.divided_services().map(|name| (name.clone(), name.clone()));
        let (canary, stable) = pair.into_iter().chain([named]).chain(divided).unzip();
        Roles { canary, stable }
    }

    /// The Services of which the versions are subsets.
    fn divided_services(&self) -> impl Iterator<Item = &String> {
        let divided = rollouts_traffic::divided_services(&self.snapshot.routers, &self.ro.metadata.namespace);
        self.snapshot.endpoints.keys().filter(move |name| divided.contains(*name))
    }

    /// Whether a router switches what the stable version's users reach, not a Service: where versions are subsets, and where
    /// two Services swap their roles.
    pub(super) fn router_switches_stable(&self) -> bool {
        let has_pair = self.ro.spec.strategy.canary.as_ref().is_some_and(|canary| canary.ping_pong.is_some());
        has_pair || self.divided_services().next().is_some()
    }

    /// Ready pods of `set` that users of all these Services meet; `None` when nobody knows.
    fn addresses(&self, services: &[String], set: &ReplicaSet) -> Option<i32> {
        let known = services.iter().filter_map(|name| self.snapshot.endpoints.get(name));
        let count = |pods: &BTreeSet<String>| match pods.len() {
            ..ADDRESSES_MAX => i32::try_from(pods.iter().filter(|pod| is_of(pod, set)).count()).unwrap_or(i32::MAX),
            _ => i32::MAX,
        };
        known.map(count).min()
    }

    /// Available pods of the stable version that users of its Services meet.
    pub(super) fn stable_reached(&self) -> Option<i32> {
        let set = self.stable_set()?;
        let reached = self.addresses(&self.services_of_roles().stable, set).unwrap_or(i32::MAX);
        Some(set.available().min(reached))
    }

    /// Whether users of the canary's Services meet all of its pods that are available.
    pub(super) fn canary_is_reached(&self) -> bool {
        let Some(set) = self.new_set() else { return false };
        self.addresses(&self.services_of_roles().canary, set).is_none_or(|reached| reached >= set.available())
    }

    /// The same of the stable version.
    pub(super) fn stable_is_reached(&self) -> bool {
        self.stable_set().is_none_or(|set| self.stable_reached().is_none_or(|reached| reached >= set.available()))
    }

    /// Looks again while the stable version's Services select pods that their Endpoints lack: no event tells when these
    /// come.
    pub(super) fn follow_stable_endpoints(&mut self) {
        let Some(hash) = self.stable_set().map(|set| set.hash().to_string()).filter(|_| !self.stable_is_reached())
        else {
            return;
        };
        let selects = |name: &String| self.services.get(name).is_some_and(|s| s.selected_hash() == hash);
        if self.services_of_roles().stable.iter().any(selects) {
            self.plan.look_again(rollouts_api::Time::new(self.now).plus_seconds(LOOK_SECONDS));
        }
    }

    /// Whether users of an Experiment's Service meet all pods that it had when it was last seen.
    pub(super) fn experiment_is_reached(&self, experiment: &Experiment, service: &str) -> bool {
        let of_service = |t: &&TemplateStatus| t.service_name == service;
        let available =
            experiment.status.template_statuses.iter().filter(of_service).map(|t| t.available_replicas).max();
        let Some(pods) = self.snapshot.endpoints.get(service) else { return true };
        i32::try_from(pods.len()).unwrap_or(i32::MAX) >= available.unwrap_or(0)
    }

    /// Says what is waited for, and when to look again.
    pub(super) fn wait_for_endpoints(&mut self, version: &str) {
        self.note(format!("traffic waits until the Endpoints of the {version}'s Service have its pods"));
        self.plan.look_again(rollouts_api::Time::new(self.now).plus_seconds(LOOK_SECONDS));
    }

    /// Whether a Service that selects other pods by now still leads to these.
    pub(super) fn is_still_reached(&self, set: &ReplicaSet) -> bool {
        let mut all = self.snapshot.endpoints.iter();
        all.any(|(name, pods)| {
            let moved = self.services.get(name).is_some_and(|service| service.selected_hash() != set.hash());
            moved && pods.iter().any(|pod| is_of(pod, set))
        })
    }

    /// When to look again whether it does not.
    pub(super) fn wait_until_left(&mut self) {
        self.note("a replaced version stays until no Service leads to its pods");
        self.plan.look_again(rollouts_api::Time::new(self.now).plus_seconds(LOOK_SECONDS));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_are_known_by_their_names() {
        let named = |name: &str| {
            let mut set = ReplicaSet::default();
            set.metadata.name = name.into();
            set
        };
        let web = named("web-7d9f");
        assert!(is_of("web-7d9f-abcde", &web));
        assert!(!is_of("web-7d9f-x-abcde", &web) && !is_of("web-7d9-abcde", &web) && !is_of("web-7d9fabcdef", &web));
        let long = "a".repeat(70);
        assert!(is_of(&format!("{}bcdef", &long[..58]), &named(&long)));
    }
}
