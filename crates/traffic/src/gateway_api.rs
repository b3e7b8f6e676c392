//! Gateway API: HTTPRoutes, GRPCRoutes, TCPRoutes and TLSRoutes (traffic.md §2.10).

mod config;
mod routes;
mod services;
mod weights;

use self::config::Config;
use self::services::Services;
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

    fn wants(&self, cx: &Context<'_>, _objects: &Objects) -> Vec<Want> {
        config(cx).map(|config| routes::wants(cx, &config)).unwrap_or_default()
    }

    fn route(&self, cx: &Context<'_>, route: &Route, draft: &mut Draft<'_>) -> Result<(), RouteError> {
        let config = config(cx).map_err(RouteError::failed)?;
        let (targets, mut wrong) = routes::targets(cx, &config, draft);
        let services = Services::new(cx, route, routes::namespace(cx, &config));
        for target in &targets {
            if let Err(RouteError::Failed { message, .. }) =
                weights::set(target, &services, &config.label, route, draft)
            {
                wrong.push(message);
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(RouteError::failed(wrong.join("; "))) }
    }

    fn release(&self, cx: &Context<'_>, stable: &Route, draft: &mut Draft<'_>) {
        let all_stable = Route { weight: 0, additional: Vec::new(), managed: Vec::new(), ..stable.clone() };
        // What cannot be set is left as it is.
        drop(self.route(cx, &all_stable, draft));
    }
}

fn config(cx: &Context<'_>) -> Result<Config, String> {
    Config::read(cx.routing.plugins.get(PLUGIN).unwrap_or(&serde_json::Value::Null))
}

#[cfg(test)]
mod tests;
