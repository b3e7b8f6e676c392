//! Ambassador: a canary Mapping beside each stable one (traffic.md §2.5).

mod mapping;
mod matches;
mod problems;
mod routes;
#[cfg(test)]
mod tests;

use crate::{Context, Draft, Event, Kind, Managed, ObjectRef, Objects, Route, RouteError, Router, Settings};
use crate::{Want, managed, owner};
use problems::{Problem, Problems};
use rollouts_api::rollout::TrafficRouting;
use std::collections::BTreeSet;

/// See the module.
pub struct Ambassador;

/// Mappings as the flag says; the group `x.getambassador.io` has them under another name.
fn kind(settings: &Settings) -> Kind {
    let (group, version) = settings.ambassador_api_version.split_once('/').unwrap_or(("getambassador.io", "v2"));
    let (kind, plural) = match group {
        "x.getambassador.io" => ("AmbassadorMapping", "ambassadormappings"),
        _ => ("Mapping", "mappings"),
    };
    Kind {
        group: group.to_string().into(),
        version: version.to_string().into(),
        kind: kind.into(),
        plural: plural.into(),
    }
}

/// A Mapping of the user's, and the one beside it.
struct Pair {
    base: ObjectRef,
    canary: ObjectRef,
}

fn pairs(cx: &Context<'_>) -> Vec<Pair> {
    let kind = kind(cx.settings);
    let at = |name: &str| kind.named(&cx.rollout.metadata.namespace, name);
    let names = cx.routing.ambassador.iter().flat_map(|ambassador| &ambassador.mappings);
    names.map(|name| Pair { base: at(name), canary: at(&mapping::beside(name, "canary")) }).collect()
}

impl Router for Ambassador {
    fn name(&self) -> &'static str {
        "Ambassador"
    }

    fn is_used(&self, routing: &TrafficRouting) -> bool {
        routing.ambassador.is_some()
    }

    fn wants(&self, cx: &Context<'_>, _objects: &Objects) -> Vec<Want> {
        let both = pairs(cx).into_iter().flat_map(|pair| [pair.base, pair.canary].map(Want::Named));
        both.chain(managed::wants(cx, &kind(cx.settings), str::to_string)).collect()
    }

    fn route(&self, cx: &Context<'_>, route: &Route, draft: &mut Draft<'_>) -> Result<(), RouteError> {
        let mut problems = Problems::default();
        let bases = pairs(cx).into_iter().map(|pair| mapping::base(cx, &pair.base, draft).map(|base| (pair, base)));
        let bases = problems.sort(bases.collect());
        let wanted = bases.iter().flat_map(|(pair, base)| routes::wanted(route, pair, base)).collect();
        let wanted = problems.sort(wanted);
        let keep = wanted.iter().map(|wanted| wanted.at.name.as_str());
        managed::remove_others(cx, &kind(cx.settings), str::to_string, keep, draft);
        for wanted in wanted {
            let taken = format!("Ambassador mapping {:?} belongs to somebody else", wanted.at.name);
            if let Err(RouteError::Failed { message, .. }) = managed::put(cx, wanted, &taken, draft) {
                problems.note(Err(Problem::creation(message)));
            }
        }
        for (pair, base) in &bases {
            problems.note(set_weight(cx, route, pair, base, draft));
        }
        problems.outcome()
    }

    fn release(&self, cx: &Context<'_>, _stable: &Route, draft: &mut Draft<'_>) {
        managed::remove_others(cx, &kind(cx.settings), str::to_string, std::iter::empty(), draft);
        for pair in pairs(cx) {
            if draft.get(&pair.canary).is_some_and(|found| mapping::is_free(cx.rollout, found)) {
                draft.delete(&pair.canary, "the Rollout no longer routes traffic with it", vec![weight_event(0)]);
            }
        }
    }

    fn refuses(&self, _cx: &Context<'_>, route: &Managed) -> Option<String> {
        if route.name == "canary" {
            return Some(
                "Ambassador cannot have a route of the name \"canary\": that is the one for the weight".into(),
            );
        }
        routes::blocks(route).iter().find_map(matches::refuses)
    }

    fn refuses_together(&self, _cx: &Context<'_>, routes: &[Managed]) -> Option<String> {
        let mut all = BTreeSet::new();
        let twice = routes.iter().flat_map(routes::names).find(|name| !all.insert(name.clone()))?;
        Some(format!("Ambassador cannot have two routes of the name {twice:?}"))
    }
}

/// Makes the canary Mapping have its weight; at 0 there is none.
fn set_weight(
    cx: &Context<'_>,
    route: &Route,
    pair: &Pair,
    base: &mapping::Base,
    draft: &mut Draft<'_>,
) -> Result<(), Problem> {
    let weight = route.percent();
    let found = draft.get(&pair.canary);
    if found.is_some_and(|found| !mapping::is_free(cx.rollout, found)) {
        return Err(Problem::update(format!("Ambassador mapping {:?} belongs to somebody else", pair.canary.name)));
    }
    let mut spec = base.spec(&route.canary.service);
    spec.insert("weight".into(), weight.into());
    let why = format!("the canary is to have weight {weight}");
    let events = vec![weight_event(weight)];
    match found {
        None if weight == 0 => {}
        Some(_) if weight == 0 => draft.delete(&pair.canary, why, events),
        None => {
            let metadata = owner::metadata_like(&cx.rollout.metadata, &base.object);
            draft.create(&pair.canary, serde_json::json!({ "metadata": metadata, "spec": spec }), why, events);
        }
        Some(old) => {
            let new = mapping::owned(cx.rollout, old, spec);
            draft.update(&pair.canary, new, why, events);
        }
    }
    Ok(())
}

fn weight_event(weight: i32) -> Event {
    Event::normal("CanaryMappingWeightUpdate", format!("Set canary mapping weight to {weight}"))
}
