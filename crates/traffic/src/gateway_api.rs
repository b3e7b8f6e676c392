//! Gateway API: HTTPRoutes, GRPCRoutes, TCPRoutes and TLSRoutes (traffic.md §2.10).

mod config;
mod experiments;
mod grpc;
mod managed;
mod matches;
mod narrowed;
mod paths;
mod routes;
mod services;
mod verify;
mod weights;

use self::config::Config;
use self::experiments::Experiments;
use self::routes::{RouteKind, Target};
use self::services::Services;
use self::weights::Parts;
use crate::{Context, Draft, Managed, Objects, Route, RouteError, Router, Want};
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

    fn misconfigured(&self, cx: &Context<'_>) -> Option<String> {
        config(cx).err()
    }

    fn wants(&self, cx: &Context<'_>, _objects: &Objects) -> Vec<Want> {
        config(cx).map(|config| routes::wants(cx, &config)).unwrap_or_default()
    }

    fn route(&self, cx: &Context<'_>, route: &Route, draft: &mut Draft<'_>) -> Result<(), RouteError> {
        let config = config(cx).map_err(RouteError::failed)?;
        let (targets, mut wrong) = routes::targets(cx, &config, draft);
        let parts = Parts {
            services: Services::new(cx, route, routes::namespace(cx, &config)),
            names: crate::managed::names(cx),
            experiments: Experiments::new(cx, route),
            label: config.label.clone(),
        };
        for target in &targets {
            wrong.extend(set(target, &parts, route, draft));
        }
        wrong.dedup();
        if wrong.is_empty() { Ok(()) } else { Err(RouteError::failed(wrong.join("; "))) }
    }

    fn knows_ping_pong(&self, is_named: bool) -> bool {
        !is_named
    }

    fn verified(&self, cx: &Context<'_>, _route: &Route, objects: &Objects) -> Option<bool> {
        let (targets, _) = routes::targets(cx, &config(cx).ok()?, &Draft::new(objects));
        verify::verified(&targets, objects)
    }

    fn release(&self, cx: &Context<'_>, stable: &Route, draft: &mut Draft<'_>) {
        let all_stable = Route { weight: 0, additional: Vec::new(), managed: Vec::new(), ..stable.clone() };
        // What cannot be set is left as it is.
        drop(self.route(cx, &all_stable, draft));
    }

    fn refuses(&self, cx: &Context<'_>, route: &Managed) -> Option<String> {
        // `route` says what is wrong with the configuration.
        let config = config(cx).ok()?;
        let kinds = config.named.iter().filter(|named| named.is_managed).map(|named| named.kind);
        let kinds: Vec<RouteKind> = kinds.filter(|kind| kind.has_matches()).collect();
        if kinds.is_empty() && crate::used(cx.routing).len() == 1 {
            return Some(
                "Gateway API has no route here whose requests it may match: none has `useHeaderRoutes`".into(),
            );
        }
        let refuses = |kind| match kind {
            RouteKind::Grpc => grpc::alternatives(&route.matches).err(),
            _ => matches::alternatives(&route.matches).err(),
        };
        kinds.into_iter().find_map(|kind| managed::refuses(&route.name).or_else(|| refuses(kind)))
    }
}

/// Says what is wrong.
fn set(target: &Target, parts: &Parts<'_>, route: &Route, draft: &mut Draft<'_>) -> Vec<String> {
    let mut results = Vec::new();
    if target.kind.has_matches() && target.is_named {
        managed::remove_others(target, &parts.names, &parts.services, &route.managed, draft);
    }
    if target.is_managed && !route.managed.is_empty() {
        results.push(managed::set(target, &parts.names, &parts.services, &route.managed, draft));
    }
    // A managed route that is in trouble is no reason to leave the weights as they are.
    results.push(weights::set(target, parts, route, draft));
    let message = |error| match error {
        RouteError::Failed { message, .. } | RouteError::Waits(message) => message,
    };
    results.into_iter().filter_map(Result::err).map(message).collect()
}

fn config(cx: &Context<'_>) -> Result<Config, String> {
    Config::read(cx.routing.plugins.get(PLUGIN).unwrap_or(&serde_json::Value::Null))
}

#[cfg(test)]
mod tests;
