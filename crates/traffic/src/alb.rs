//! AWS load balancers: action annotations of Ingresses (traffic.md §2.3).

use crate::{Context, Draft, Objects, Route, RouteError, Router, Want};
use rollouts_api::rollout::TrafficRouting;

/// See the module.
pub struct Alb;

impl Router for Alb {
    fn name(&self) -> &'static str {
        "ALB"
    }

    fn is_used(&self, routing: &TrafficRouting) -> bool {
        routing.alb.is_some()
    }

    fn wants(&self, _cx: &Context<'_>, _objects: &Objects) -> Vec<Want> {
        Vec::new()
    }

    fn route(&self, _cx: &Context<'_>, _route: &Route, _draft: &mut Draft<'_>) -> Result<(), RouteError> {
        Ok(())
    }

    fn release(&self, _cx: &Context<'_>, _stable: &Route, _draft: &mut Draft<'_>) {}
}
