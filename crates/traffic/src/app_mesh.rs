//! AWS App Mesh: a VirtualRouter and two VirtualNodes (traffic.md §2.8).

use crate::{Context, Draft, Objects, Route, RouteError, Router, Want};
use rollouts_api::rollout::TrafficRouting;

/// See the module.
pub struct AppMesh;

impl Router for AppMesh {
    fn name(&self) -> &'static str {
        "AppMesh"
    }

    fn is_used(&self, routing: &TrafficRouting) -> bool {
        routing.app_mesh.is_some()
    }

    fn wants(&self, _cx: &Context<'_>, _objects: &Objects) -> Vec<Want> {
        Vec::new()
    }

    fn route(&self, _cx: &Context<'_>, _route: &Route, _draft: &mut Draft<'_>) -> Result<(), RouteError> {
        Ok(())
    }

    fn release(&self, _cx: &Context<'_>, _stable: &Route, _draft: &mut Draft<'_>) {}
}
