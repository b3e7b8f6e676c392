//! Header and mirror routes (traffic.md §1.5.2, §4.2), and the traffic of Experiments (§1.8).

use crate::experiments::additional_destinations;
use crate::reconcile::Reconcile;
use rollouts_api::rollout::WeightDestination;
use rollouts_traffic::Managed;

impl Reconcile<'_> {
    /// The routes that the steps so far have made and not removed, in the order of `managedRoutes`. They follow from the
    /// steps alone, so one that got lost comes back (upstream sets a route at its own step only).
    pub(super) fn managed_routes(&self) -> Vec<Managed> {
        // The first version has nobody to tell apart.
        if self.revision() <= 1 {
            return Vec::new();
        }
        self.routes_of_steps(usize::try_from(self.step_number()).unwrap_or(0).saturating_add(1))
    }

    /// The routes that there are after so many steps.
    pub(super) fn routes_of_steps(&self, count: usize) -> Vec<Managed> {
        let routing = self.ro.spec.traffic_routing();
        let listed = routing.and_then(|r| r.managed_routes.as_ref()).map_or(&[][..], |routes| routes);
        let mut routes: Vec<Managed> = Vec::new();
        for step in self.steps().iter().take(count) {
            let header = step.set_header_route.as_ref().map(|s| (s.name.as_str(), Managed::header(s)));
            let mirror = step.set_mirror_route.as_ref().map(|s| (s.name.as_str(), Managed::mirror(s)));
            for (name, route) in header.into_iter().chain(mirror) {
                routes.retain(|r| r.name != name);
                routes.extend(route);
            }
        }
        let rank = |name: &str| listed.iter().position(|m| m.name == name).unwrap_or(listed.len());
        routes.sort_by_key(|route| rank(&route.name));
        routes
    }

    /// Where traffic goes because of the Experiment of the present or the last such step. Before a Service gets any, its
    /// Endpoints must have the pods.
    pub(super) fn additional(&mut self) -> Vec<WeightDestination> {
        let count = usize::try_from(self.step_number()).unwrap_or(0).saturating_add(1);
        let step = self.steps().iter().take(count).filter_map(|s| s.experiment.as_ref()).next_back();
        let (Some(step), Some(experiment)) = (step, self.current_experiment()) else { return Vec::new() };
        let all = additional_destinations(step, &experiment);
        let has_traffic = |end: &WeightDestination| {
            let known = self.recorded_weights().into_iter().flat_map(|weights| &weights.additional);
            known.filter(|other| other.weight > 0).any(|other| other.service_name == end.service_name)
        };
        let is_ready =
            |end: &WeightDestination| has_traffic(end) || self.experiment_is_reached(&experiment, &end.service_name);
        if all.iter().all(is_ready) {
            return all;
        }
        let ready = all.into_iter().filter(is_ready).collect();
        self.wait_for_endpoints("Experiment");
        ready
    }
}
