//! Istio: VirtualServices and a DestinationRule (traffic.md §2.1).

mod destination_rule;
mod managed;
mod matches;
mod names;
mod select;
mod weights;

pub use names::services;

use crate::{Context, Draft, Event, Managed, ObjectRef, Objects, Route, RouteError, Router, Want};
use managed::Parts;
use names::{Names, Used};
use rollouts_api::rollout::{IstioDestinationRule, TrafficRouting};
use select::Section;
use serde_json::Value;
use std::collections::BTreeSet;
use weights::Shares;

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

/// What went wrong with several objects.
#[derive(Default)]
struct Problems(Vec<RouteError>);

impl Problems {
    fn add(&mut self, result: Result<(), RouteError>) {
        self.0.extend(result.err());
    }

    /// All that failed in one; what waits is told when nothing failed.
    fn into_result(self) -> Result<(), RouteError> {
        let (mut messages, mut events, mut waits) = (Vec::new(), Vec::new(), None);
        for problem in self.0 {
            match problem {
                RouteError::Failed { message, events: more } => {
                    if !messages.contains(&message) {
                        messages.push(message);
                        events.extend(more);
                    }
                }
                RouteError::Waits(message) => waits = waits.or(Some(message)),
            }
        }
        match (messages.is_empty(), waits) {
            (false, _) => Err(RouteError::Failed { message: messages.join("; "), events }),
            (true, Some(message)) => Err(RouteError::Waits(message)),
            (true, None) => Ok(()),
        }
    }
}

fn http(object: &Value) -> Option<&Vec<Value>> {
    object["spec"]["http"].as_array()
}

fn with_http(object: &Value, http: Vec<Value>) -> Value {
    let mut new = object.clone();
    if let Some(spec) = new.get_mut("spec").and_then(Value::as_object_mut) {
        spec.insert("http".into(), http.into());
    }
    new
}

fn updated(message: String) -> Event {
    Event::normal("Updated VirtualService", message)
}

fn remove_managed(cx: &Context<'_>, used: &Used<'_>, route: &Route, draft: &mut Draft<'_>) {
    let Some(object) = draft.get(&used.at) else { return };
    let managed = names::managed_names(cx, &used.at);
    let keep: BTreeSet<&str> = managed::wanted(route, &managed).iter().map(|managed| managed.name.as_str()).collect();
    let Some((rest, gone)) = http(object).and_then(|http| managed::without(http, &managed, &keep)) else { return };
    let new = with_http(object, rest);
    let name = &used.at.name;
    let message = match keep.is_empty() {
        true => format!("VirtualService `{name}` removed all managed routes."),
        false => format!("VirtualService `{name}` removed managed routes '{}'", gone.join("', '")),
    };
    draft.update(
        &used.at,
        new,
        format!("routes that are no longer wanted: {}", gone.join(", ")),
        vec![updated(message)],
    );
}

fn set_managed(
    cx: &Context<'_>,
    used: &Used<'_>,
    route: &Route,
    names: Names<'_>,
    draft: &mut Draft<'_>,
) -> Result<(), RouteError> {
    // A VirtualService that is missing, or has wrong routes, is told of with the weights.
    let Some(object) = draft.get(&used.at) else { return Ok(()) };
    let managed = names::managed_names(cx, &used.at);
    let wanted = managed::wanted(route, &managed);
    let Some(first) = wanted.first() else { return Ok(()) };
    let Ok(found) = select::weighted(object, used.routes, &managed, &names) else { return Ok(()) };
    let weighted = found.iter().find(|(section, _)| *section == Section::Http).and_then(|(_, indices)| indices.first());
    let (Some(http), Some(weighted)) = (http(object), weighted) else {
        let step = if first.mirror.is_some() { "SetMirrorRoute" } else { "SetHeaderRoute" };
        let message = format!("[{step}] failed to find spec.http in VirtualService `{}`", used.at.name);
        return Err(RouteError::failed(message));
    };
    let rule = names::destination_rule(cx).and_then(|(at, _)| draft.get(&at));
    let rule_host = rule.and_then(|rule| rule["spec"]["host"].as_str());
    let parts = Parts { names, rule_host, is_near: used.is_near };
    let (list, changed) = managed::with(http, http.get(*weighted).unwrap_or(&Value::Null), &wanted, &parts);
    let event = |managed: &&Managed| {
        let kind = if managed.mirror.is_some() { "mirrorRoute" } else { "headerRoute" };
        updated(format!("VirtualService `{}` set {kind} '{}'", used.at.name, managed.name))
    };
    let events = changed.iter().map(event).collect();
    let changed: Vec<&str> = changed.iter().map(|managed| managed.name.as_str()).collect();
    let why = match changed.is_empty() {
        true => "managed routes come first".to_string(),
        false => format!("routes that steps want: {}", changed.join(", ")),
    };
    draft.update(&used.at, with_http(object, list), why, events);
    Ok(())
}

fn set_weights(
    cx: &Context<'_>,
    used: &Used<'_>,
    route: &Route,
    names: Names<'_>,
    draft: &mut Draft<'_>,
) -> Result<(), RouteError> {
    let name = &used.at.name;
    let Some(object) = draft.get(&used.at) else {
        let event = Event::warning("VirtualServiceNotFound", format!("VirtualService `{name}` not found"));
        return Err(not_found(&used.at, event, draft));
    };
    let failed = |error: &dyn std::fmt::Display| RouteError::failed(format!("VirtualService `{name}`: {error}"));
    let managed = names::managed_names(cx, &used.at);
    let found = select::weighted(object, used.routes, &managed, &names).map_err(|error| failed(&error))?;
    let shares = Shares::of(route);
    let mut new = object.clone();
    let mut limits = BTreeSet::new();
    for (section, indices) in found {
        let list = new.get_mut("spec").and_then(|spec| spec.get_mut(section.key())).and_then(Value::as_array_mut);
        for (index, route) in list.into_iter().flatten().enumerate() {
            let is_mirror = section == Section::Http && managed::is_mirror(route, &managed);
            if is_mirror || indices.contains(&index) {
                limits.extend(weights::set(route, &shares, &names, used.is_near).map_err(|error| failed(&error))?);
            }
        }
    }
    let percent = route.percent();
    let told = updated(format!("VirtualService `{name}` set to desiredWeight '{percent}'"));
    let limited = limits
        .into_iter()
        .map(|limit| Event::warning("TrafficWeightLimited", format!("VirtualService `{name}`: {limit}")));
    let events = std::iter::once(told).chain(limited).collect();
    draft.update(&used.at, new, format!("{percent} % to the canary"), events);
    Ok(())
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

fn not_found(at: &ObjectRef, event: Event, draft: &Draft<'_>) -> RouteError {
    let message = match draft.is_served(at) {
        true => at.not_found(),
        false => format!("{}: the API server does not serve {}", at.not_found(), at.kind),
    };
    RouteError::Failed { message, events: vec![event] }
}
