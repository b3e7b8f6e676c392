//! Traefik: a weighted TraefikService (traffic.md §2.6).

mod managed;
mod rule;
mod weights;

use crate::{Context, Draft, Kind, Managed, ObjectRef, Objects, Route, RouteError, Router, Settings, Want};
use rollouts_api::rollout::TrafficRouting;
use std::borrow::Cow;

/// See the module.
pub struct Traefik;

impl Router for Traefik {
    fn name(&self) -> &'static str {
        "Traefik"
    }

    fn is_used(&self, routing: &TrafficRouting) -> bool {
        routing.traefik.is_some()
    }

    fn wants(&self, cx: &Context<'_>, _objects: &Objects) -> Vec<Want> {
        weighted(cx).map(Want::Named).into_iter().chain(managed::wants(cx)).collect()
    }

    fn route(&self, cx: &Context<'_>, route: &Route, draft: &mut Draft<'_>) -> Result<(), RouteError> {
        let Some(at) = weighted(cx) else { return Ok(()) };
        // A managed route that is in trouble is no reason to leave the weights as they are.
        managed::set(cx, &at, route, draft).and(weights::set(&at, route, draft))
    }

    fn release(&self, cx: &Context<'_>, stable: &Route, draft: &mut Draft<'_>) {
        let Some(at) = weighted(cx) else { return };
        let all_stable = Route { weight: 0, managed: Vec::new(), ..stable.clone() };
        // What cannot be set is left as it is.
        drop(managed::set(cx, &at, &all_stable, draft));
        drop(weights::set(&at, &all_stable, draft));
    }

    fn refuses(&self, cx: &Context<'_>, route: &Managed) -> Option<String> {
        match &cx.routing.traefik {
            Some(traefik) if traefik.ingress_route_name.is_empty() => Some(managed::NO_BASE.into()),
            _ => rule::condition(&route.matches, managed::syntax(cx.settings)).err(),
        }
    }
}

fn weighted(cx: &Context<'_>) -> Option<ObjectRef> {
    let traefik = cx.routing.traefik.as_ref()?;
    let services = kind(cx.settings, "TraefikService", "traefikservices");
    Some(services.named(&cx.rollout.metadata.namespace, &traefik.weighted_traefik_service_name))
}

/// A kind of Traefik's. Its group is `--traefik-api-group` when that is set, else the one in `--traefik-api-version`.
fn kind(settings: &Settings, kind: &'static str, plural: &'static str) -> Kind {
    let default = Settings::default();
    let (group, version) = match settings.traefik_api_version.rsplit_once('/') {
        Some((group, version)) => (group, version),
        None => (settings.traefik_group.as_str(), settings.traefik_api_version.as_str()),
    };
    let group = if settings.traefik_group == default.traefik_group { group } else { &settings.traefik_group };
    Kind {
        group: Cow::Owned(group.into()),
        version: Cow::Owned(version.into()),
        kind: Cow::Borrowed(kind),
        plural: Cow::Borrowed(plural),
    }
}

#[cfg(test)]
mod tests;
