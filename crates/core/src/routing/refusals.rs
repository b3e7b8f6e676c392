//! Routes that a router cannot express (traffic.md §4.2).

use crate::reconcile::Reconcile;
use rollouts_api::field::{FieldError, Path};
use rollouts_api::rollout::{CanaryStep, HeaderRoutingMatch, RouteMatch};
use rollouts_traffic::{Context, Managed, Router};
use serde_json::json;

impl Reconcile<'_> {
    /// The first router that is set up in a way that makes no sense, or the first step that asks for a route which a router
    /// cannot make.
    ///
    /// A step in upstream's form may be beyond some of several routers, as long as one of them can do what it says: it
    /// has always been so. A step with matches that upstream does not know must be possible everywhere, together with the
    /// routes that there are already.
    pub(crate) fn route_refused(&self) -> Option<FieldError> {
        let routing = self.ro.spec.traffic_routing()?;
        let cx = Context { rollout: &self.ro, routing, settings: &self.snapshot.router_settings };
        let routers = rollouts_traffic::used(routing);
        if let Some(problem) = routers.iter().find_map(|router| router.misconfigured(&cx)) {
            let path = Path::new("spec.strategy.canary.trafficRouting");
            return Some(FieldError::forbidden(&path, problem));
        }
        let steps = Path::new("spec.strategy.canary.steps");
        let alone = self.steps().iter().enumerate().find_map(|(i, step)| {
            let header = step.set_header_route.as_ref().map(|s| ("setHeaderRoute", s.shown(), Managed::header(s)));
            let mirror = step.set_mirror_route.as_ref().map(|s| ("setMirrorRoute", json!(s), Managed::mirror(s)));
            header.into_iter().chain(mirror).find_map(|(field, value, route)| {
                let route = route?;
                let refusals: Vec<String> = routers.iter().filter_map(|r| r.refuses(&cx, &route)).collect();
                let is_refused = refusals.len() == routers.len() || (is_extended(step) && !refusals.is_empty());
                let detail = refusals.into_iter().next().filter(|_| is_refused)?;
                Some(FieldError::invalid(&steps.index(i).child(field), &value, detail))
            })
        });
        alone.or_else(|| {
            self.steps().iter().enumerate().filter(|(_, step)| step.set_header_route.is_some()).find_map(|(i, step)| {
                let routes = self.routes_of_steps(i + 1);
                let together = |router: &&dyn Router| {
                    let able = routes.iter().filter(|route| router.refuses(&cx, route).is_none()).cloned();
                    router.refuses_together(&cx, &able.collect::<Vec<_>>())
                };
                let is_extended = self.steps()[..=i].iter().any(is_extended);
                let detail = routers.iter().find_map(together).filter(|_| routers.len() == 1 || is_extended)?;
                let value = step.set_header_route.as_ref()?.shown();
                Some(FieldError::invalid(&steps.index(i).child("setHeaderRoute"), &value, detail))
            })
        })
    }
}

fn is_extended(step: &CanaryStep) -> bool {
    let mirror = |m: &RouteMatch| !m.cookies.is_empty() || !m.query_params.is_empty();
    step.set_header_route.as_ref().is_some_and(|s| s.r#match.iter().any(HeaderRoutingMatch::is_extended))
        || step.set_mirror_route.as_ref().is_some_and(|s| s.r#match.iter().any(mirror))
}
