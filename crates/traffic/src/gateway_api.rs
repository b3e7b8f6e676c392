//! Gateway API: HTTPRoutes, GRPCRoutes, TCPRoutes and TLSRoutes (traffic.md §2.10).

use crate::{Context, Draft, Objects, Route, RouteError, Router, Want};
use rollouts_api::rollout::TrafficRouting;

/// The key under `plugins` that manifests written for the Go controller's plugin have.
pub const PLUGIN: &str = "argoproj-labs/gatewayAPI";

/// See the module.
pub struct GatewayApi;

impl Router for GatewayApi {
    fn name(&self) -> &'static str {
        "GatewayAPI"
    }

    fn is_used(&self, routing: &TrafficRouting) -> bool {
        routing.plugins.contains_key(PLUGIN)
    }

    fn wants(&self, _cx: &Context<'_>, _objects: &Objects) -> Vec<Want> {
        Vec::new()
    }

    fn route(&self, _cx: &Context<'_>, _route: &Route, _draft: &mut Draft<'_>) -> Result<(), RouteError> {
        Ok(())
    }

    fn release(&self, _cx: &Context<'_>, _stable: &Route, _draft: &mut Draft<'_>) {}
}
