//! APISIX: backends of an ApisixRoute (traffic.md §2.7).

mod conditions;
mod managed;
mod weights;

use crate::{Context, Draft, Kind, Managed, ObjectRef, Objects, Route, RouteError, Router, Want};
use rollouts_api::rollout::TrafficRouting;
use std::borrow::Cow;

const ROUTES: Kind = Kind::fixed("apisix.apache.org", "v2", "ApisixRoute", "apisixroutes");

/// See the module.
pub struct Apisix;

impl Router for Apisix {
    fn name(&self) -> &'static str {
        "Apisix"
    }

    fn is_used(&self, routing: &TrafficRouting) -> bool {
        routing.apisix.is_some()
    }

    fn wants(&self, cx: &Context<'_>, _objects: &Objects) -> Vec<Want> {
        base(cx).map(|(at, _)| Want::Named(at)).into_iter().chain(managed::wants(cx)).collect()
    }

    fn route(&self, cx: &Context<'_>, route: &Route, draft: &mut Draft<'_>) -> Result<(), RouteError> {
        let (at, rules) = base(cx).ok_or_else(|| RouteError::failed(NO_ROUTE))?;
        managed::remove_others(cx, &route.managed, draft);
        // A managed route that is in trouble is no reason to leave the weights as they are.
        managed::set(cx, &at, &rules, route, draft).and(weights::set(&at, &rules, route, draft))
    }

    fn release(&self, cx: &Context<'_>, stable: &Route, draft: &mut Draft<'_>) {
        managed::remove_others(cx, &[], draft);
        let Some((at, rules)) = base(cx) else { return };
        let all_stable = Route { weight: 0, ..stable.clone() };
        // What cannot be set is left as it is.
        drop(weights::set(&at, &rules, &all_stable, draft));
    }

    fn refuses(&self, _cx: &Context<'_>, route: &Managed) -> Option<String> {
        conditions::alternatives(&route.matches).err()
    }
}

const NO_ROUTE: &str = "spec.strategy.canary.trafficRouting.apisix.route is missing";

/// The user's route, and the rules in it that are meant: without a list the one that is named like the route.
fn base<'a>(cx: &Context<'a>) -> Option<(ObjectRef, Cow<'a, [String]>)> {
    let route = cx.routing.apisix.as_ref()?.route.as_ref()?;
    let rules = match &route.rules {
        Some(rules) if !rules.is_empty() => Cow::Borrowed(rules.as_slice()),
        _ => Cow::Owned(vec![route.name.clone()]),
    };
    Some((ROUTES.named(&cx.rollout.metadata.namespace, &route.name), rules))
}

#[cfg(test)]
mod tests;
