//! Istio: VirtualServices and a DestinationRule (traffic.md §2.1).

mod destination_rule;
mod managed;
mod matches;
mod names;
mod problems;
mod select;
mod virtual_service;
mod weights;

pub use names::services;

use crate::{Context, Draft, Event, Managed, ObjectRef, Objects, Route, RouteError, Router, Want};
use names::{Names, Used};
use problems::{Problems, not_found};
use rollouts_api::rollout::{IstioDestinationRule, TrafficRouting};
use serde_json::Value;
use virtual_service::{remove_managed, set_managed, set_weights};

/// See the module.
pub struct Istio;

impl Router for Istio {
    fn name(&self) -> &'static str {
        "Istio"
    }

    fn is_used(&self, routing: &TrafficRouting) -> bool {
        routing.istio.is_some()
    }

    fn wants(&self, cx: &Context<'_>, _objects: &Objects) -> Vec<Want> {
        let services = names::virtual_services(cx).into_iter().map(|used| used.at);
        services.chain(names::destination_rule(cx).map(|(at, _)| at)).map(Want::Named).collect()
    }

    fn route(&self, cx: &Context<'_>, route: &Route, draft: &mut Draft<'_>) -> Result<(), RouteError> {
        let names = Names::of(cx, &route.canary.service, &route.stable.service);
        let mut problems = Problems::default();
        let used = names::virtual_services(cx);
        for used in &used {
            remove_managed(cx, used, route, draft);
        }
        for (index, one) in used.iter().enumerate() {
            // One that is listed twice, for several routes, has each managed route once: made from the first of them.
            if used.iter().position(|other| other.at == one.at) == Some(index) {
                problems.add(set_managed(cx, one, route, names, draft));
            }
        }
        let set_all = |problems: &mut Problems, draft: &mut Draft<'_>| {
            for used in &used {
                problems.add(set_weights(cx, used, route, names, draft));
            }
        };
        let Some((at, rule)) = names::destination_rule(cx) else {
            set_all(&mut problems, draft);
            return problems.into_result();
        };
        // A canary that loses all its traffic loses it before its subset selects other pods: they may not be there yet. What
        // the stable subset selects comes before traffic that returns to it.
        let stable = draft.get(&at).map(|old| destination_rule::hash(old, &rule.stable_subset_name));
        let is_drain = route.percent() <= 0 && stable.is_none_or(|hash| hash == route.stable.hash);
        if is_drain {
            set_all(&mut problems, draft);
            // What still has traffic stays where it is.
            if !problems.is_empty() {
                return problems.into_result();
            }
        }
        let pointed = point(cx, &at, rule, route, draft);
        if pointed.is_ok() && !is_drain {
            set_all(&mut problems, draft);
        }
        problems.add(pointed);
        problems.into_result()
    }

    fn knows_ping_pong(&self, is_named: bool) -> bool {
        !is_named
    }

    fn release(&self, cx: &Context<'_>, stable: &Route, draft: &mut Draft<'_>) {
        let (canary, other) = services(cx.rollout);
        let names = Names::of(cx, canary, other);
        let all = Route { max: stable.max, ..Route::default() };
        for used in names::virtual_services(cx) {
            remove_managed(cx, &used, &all, draft);
            // What is missing or malformed is left as it is.
            let _left = set_weights(cx, &used, &all, names, draft);
        }
        let Some((at, rule)) = names::destination_rule(cx) else { return };
        let released = draft.get(&at).and_then(|old| destination_rule::released(old, rule, &cx.rollout.metadata.name));
        if let Some(new) = released {
            draft.update(&at, new, "the Rollout does not use this DestinationRule", vec![]);
        }
    }

    fn refuses(&self, cx: &Context<'_>, route: &Managed) -> Option<String> {
        let is_weighted = |used: &Used<'_>| used.routes.routes.contains(&route.name);
        if names::virtual_services(cx).iter().any(is_weighted) {
            return Some(format!(
                "Istio cannot make the route {} anew: it is one that carries the weights",
                route.name
            ));
        }
        matches::refuses(&route.matches)
    }
}

/// What is wrong with the routes of a VirtualService that the Rollout uses, in the words of its `InvalidSpec`; for the one
/// that is at `namespace` and `name`.
pub fn route_error(virtual_service: &Value, cx: &Context<'_>, namespace: &str, name: &str) -> Option<String> {
    let (canary, stable) = services(cx.rollout);
    let names = Names::of(cx, canary, stable);
    let used = names::virtual_services(cx);
    let mut used = used.iter().filter(|used| used.at.namespace == namespace && used.at.name == name);
    used.find_map(|used| {
        let managed = names::managed_names(cx, &used.at);
        select::weighted(virtual_service, used.routes, &managed, &names).err().map(|unusable| unusable.to_string())
    })
}

fn point(
    cx: &Context<'_>,
    at: &ObjectRef,
    rule: &IstioDestinationRule,
    route: &Route,
    draft: &mut Draft<'_>,
) -> Result<(), RouteError> {
    let name = &at.name;
    let Some(old) = draft.get(at) else {
        let event = Event::warning("DestinationRuleNotFound", format!("DestinationRule `{name}` not found"));
        return Err(not_found(at, event, draft));
    };
    let (canary, stable) = (&rule.canary_subset_name, &rule.stable_subset_name);
    let new = destination_rule::pointed(old, rule, route, &cx.rollout.metadata.name)
        .map_err(|error| RouteError::failed(format!("DestinationRule `{name}`: {error}")))?;
    let sides = [(&route.stable, stable, true), (&route.canary, canary, !route.goes_back)];
    let turned = sides
        .iter()
        .filter(|(side, subset, is_looked_at)| *is_looked_at && destination_rule::hash(old, subset) != side.hash);
    let unready = turned.filter_map(|(side, ..)| side.unready.as_ref()).next();
    if let Some(unready) = unready.filter(|_| !has_services(cx)) {
        let message = format!("delaying destination rule switch: ReplicaSet {unready} not fully available");
        return Err(RouteError::Waits(message));
    }
    let message = format!(
        "DestinationRule {name} subset updated ({canary}: {}, {stable}: {})",
        route.canary.hash, route.stable.hash
    );
    let why = "its subsets are to select the pods of the versions";
    draft.update(at, new, why, vec![Event::normal("UpdatedDestinationRule", message)]);
    Ok(())
}

/// Without Services of its own nothing else keeps traffic from pods that are not ready.
fn has_services(cx: &Context<'_>) -> bool {
    let canary = cx.rollout.spec.strategy.canary.as_ref();
    canary.is_some_and(|canary| !canary.canary_service.is_empty() || !canary.stable_service.is_empty())
}
