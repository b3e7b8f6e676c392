//! Everything wrong with a Rollout at once: what manifests are checked with before they reach a controller. The rules are
//! those of [`super`], which stops at the first.

use crate::Snapshot;
use crate::reconcile::Reconcile;
use jiff::Timestamp;
use rollouts_api::field::{FieldError, Path};
use rollouts_api::validation;
use rollouts_traffic::{Context, Draft, Route, RouteError, Router, Side};

/// Something wrong with a Rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What, and where the Rollout says it.
    pub error: FieldError,
    /// What it is about.
    pub concern: Concern,
}

/// What a [`Problem`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concern {
    /// The Rollout itself.
    Spec,
    /// An object that it refers to.
    Reference,
    /// An object of this kind that it refers to, which does not exist.
    Absent(&'static str),
    /// An object of a traffic router that the router could not use: a reconcile would fail.
    Router,
}

/// Everything wrong with the Rollout of `snapshot`. If it has a `workloadRef` and the snapshot no workload, what the
/// workload would supply is not looked at.
pub fn problems(snapshot: &Snapshot) -> Vec<Problem> {
    // No rule depends on the time.
    let r = Reconcile::new(snapshot, Timestamp::UNIX_EPOCH);
    let spec = |error| Problem { error, concern: Concern::Spec };
    let is_resolved = r.ro.spec.workload_ref.is_none() || snapshot.workload.is_some();
    let of_spec = if is_resolved { validation::rollout(&r.ro) } else { validation::unresolved_rollout(&r.ro) };
    let of_spec = of_spec.into_iter().chain(r.unsupported()).chain(r.route_refused());
    let mut problems: Vec<Problem> = of_spec.map(spec).collect();
    if problems.is_empty() && is_resolved {
        problems.extend(r.releases_its_own().map(spec));
    }
    let mut found = r.references();
    if !is_resolved {
        // Nobody knows the labels of the pods.
        found.services.values_mut().for_each(|service| service.selector.clear());
    }
    let references = validation::reference_errors(&r.ro, &found);
    // Routers look at none of these.
    const BESIDE: [&str; 3] = ["Service", "AnalysisTemplate", "ClusterAnalysisTemplate"];
    let is_beside = |absent: Option<&str>| absent.is_some_and(|kind| BESIDE.contains(&kind));
    let is_usable = problems.is_empty() && references.iter().all(|wrong| is_beside(wrong.absent));
    problems.extend(references.into_iter().map(|wrong| Problem {
        error: wrong.error,
        concern: wrong.absent.map_or(Concern::Reference, Concern::Absent),
    }));
    if is_usable {
        problems.extend(r.unusable_routes().into_iter().map(|error| Problem { error, concern: Concern::Router }));
    }
    problems
}

impl Reconcile<'_> {
    /// What keeps routers from giving the canary its first weight. What they want to see must all be there.
    fn unusable_routes(&self) -> Vec<FieldError> {
        let Some(routing) = self.ro.spec.traffic_routing() else { return Vec::new() };
        let cx = Context { rollout: &self.ro, routing, settings: &self.snapshot.router_settings };
        let path = Path::new("spec.strategy.canary.trafficRouting");
        let failure = |router: &dyn Router| {
            let (canary, stable) = self.role_services(router);
            let side = |hash: &str, service| Side { hash: hash.into(), service, unready: None };
            let route = Route {
                weight: 1,
                max: self.ro.spec.max_traffic_weight(),
                canary: side("canary", canary),
                stable: side("stable", stable),
                ..Route::default()
            };
            match router.route(&cx, &route, &mut Draft::new(&self.snapshot.routers)) {
                Err(RouteError::Failed { message, .. }) => Some(FieldError::forbidden(&path, message)),
                Ok(()) | Err(RouteError::Waits(_)) => None,
            }
        };
        rollouts_traffic::used(routing).into_iter().filter_map(failure).collect()
    }
}
