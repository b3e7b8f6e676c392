//! Traefik: a weighted TraefikService (traffic.md §2.6).

use crate::{Context, Draft, Objects, Route, RouteError, Router, Want};
use rollouts_api::rollout::TrafficRouting;

/// See the module.
pub struct Traefik;

impl Router for Traefik {
    fn name(&self) -> &'static str {
        "Traefik"
    }

    fn is_used(&self, routing: &TrafficRouting) -> bool {
        routing.traefik.is_some()
    }

    fn wants(&self, _cx: &Context<'_>, _objects: &Objects) -> Vec<Want> {
        Vec::new()
    }

    fn route(&self, _cx: &Context<'_>, _route: &Route, _draft: &mut Draft<'_>) -> Result<(), RouteError> {
        Ok(())
    }

    fn release(&self, _cx: &Context<'_>, _stable: &Route, _draft: &mut Draft<'_>) {}
}
