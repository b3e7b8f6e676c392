//! APISIX: backends of an ApisixRoute (traffic.md §2.7).

mod weights;

use crate::{Context, Draft, Kind, ObjectRef, Objects, Route, RouteError, Router, Want};
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
        base(cx).map(|(at, _)| Want::Named(at)).into_iter().collect()
    }

    fn route(&self, cx: &Context<'_>, route: &Route, draft: &mut Draft<'_>) -> Result<(), RouteError> {
        let (at, rules) = base(cx).ok_or_else(|| RouteError::failed(NO_ROUTE))?;
        weights::set(&at, &rules, route, draft)
    }

    fn release(&self, cx: &Context<'_>, stable: &Route, draft: &mut Draft<'_>) {
        let Some((at, rules)) = base(cx) else { return };
        let all_stable = Route { weight: 0, ..stable.clone() };
        // What cannot be set is left as it is.
        drop(weights::set(&at, &rules, &all_stable, draft));
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
