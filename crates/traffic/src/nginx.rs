//! NGINX: a canary Ingress beside each stable one (traffic.md §2.2).

mod canary;
mod condition;
mod condition_regex;
mod rest;
#[cfg(test)]
mod tests;

use crate::{Context, Draft, Event, Managed, Matches, ObjectRef, Objects, Route, RouteError, Router, Want};
use crate::{ingress, managed, owner};
use condition::Condition;
use rollouts_api::rollout::{NginxTrafficRouting, TrafficRouting};
use serde_json::Value;

/// See the module.
pub struct Nginx;

/// A stable Ingress and the one beside it.
struct Pair<'a> {
    stable: &'a str,
    canary: ObjectRef,
}

/// The names of the stable Ingresses.
pub fn names(nginx: &NginxTrafficRouting) -> Vec<&str> {
    ingress::names(&nginx.stable_ingress, &nginx.stable_ingresses)
}

fn pairs<'a>(cx: &Context<'a>) -> Vec<Pair<'a>> {
    let Some(nginx) = &cx.routing.nginx else { return Vec::new() };
    let meta = &cx.rollout.metadata;
    names(nginx)
        .into_iter()
        .map(|stable| {
            let canary = canary::name(&meta.name, stable);
            Pair { stable, canary: ingress::named(&meta.namespace, &canary) }
        })
        .collect()
}

impl Router for Nginx {
    fn name(&self) -> &'static str {
        "Nginx"
    }

    fn is_used(&self, routing: &TrafficRouting) -> bool {
        routing.nginx.is_some()
    }

    fn wants(&self, cx: &Context<'_>, _objects: &Objects) -> Vec<Want> {
        let namespace = &cx.rollout.metadata.namespace;
        let both = |pair: Pair<'_>| [ingress::named(namespace, pair.stable), pair.canary];
        pairs(cx).into_iter().flat_map(both).map(Want::Named).collect()
    }

    fn route(&self, cx: &Context<'_>, route: &Route, draft: &mut Draft<'_>) -> Result<(), RouteError> {
        let Some(nginx) = &cx.routing.nginx else { return Ok(()) };
        let mut errors = Vec::new();
        // With another router beside this one the Go controller's manifests may well hold routes that this one cannot have.
        let headers: Vec<Managed> = route.managed.iter().filter(|route| route.mirror.is_none()).cloned().collect();
        let is_ours = |managed: &Managed| matches!(managed.matches, Matches::AnyOf(_));
        let condition = Condition::of(&headers).unwrap_or_else(|error| {
            errors.extend(headers.iter().any(is_ours).then_some(error));
            Condition::default()
        });
        for pair in pairs(cx) {
            let wanted = canary::Wanted { rollout: cx.rollout, nginx, route, condition: &condition };
            errors.extend(set(&wanted, cx, &pair, draft).err());
        }
        ingress::outcome(errors)
    }

    fn release(&self, cx: &Context<'_>, _stable: &Route, draft: &mut Draft<'_>) {
        for pair in pairs(cx) {
            if draft.get(&pair.canary).is_some_and(|found| owner::owns(cx.rollout, found)) {
                let message = format!("Deleting canary ingress `{}`", pair.canary.name);
                let event = Event::normal("DeletingCanaryIngress", message);
                draft.delete(&pair.canary, "the Rollout no longer routes traffic with it", vec![event]);
            }
        }
    }

    fn refuses(&self, cx: &Context<'_>, route: &Managed) -> Option<String> {
        let condition = match Condition::of(std::slice::from_ref(route)) {
            Ok(condition) => condition,
            Err(error) => return Some(error),
        };
        let nginx = cx.routing.nginx.as_ref()?;
        let taken = condition.annotations().into_iter().find(|(name, _)| is_fixed(nginx, name))?;
        Some(format!("NGINX has one annotation {} for each Ingress, and the Rollout sets it for good", taken.0))
    }

    fn refuses_together(&self, _cx: &Context<'_>, routes: &[Managed]) -> Option<String> {
        Condition::of(routes).err()
    }
}

/// Whether the annotation is among those that the canary Ingress always has.
fn is_fixed(nginx: &NginxTrafficRouting, name: &str) -> bool {
    canary::fixed(nginx).contains_key(&format!("{}/{name}", canary::prefix(nginx)))
}

/// Makes one canary Ingress what it must be.
fn set(wanted: &canary::Wanted<'_>, cx: &Context<'_>, pair: &Pair<'_>, draft: &mut Draft<'_>) -> Result<(), String> {
    let name = &pair.canary.name;
    let stable_at = ingress::named(&pair.canary.namespace, pair.stable);
    let stable = draft.get(&stable_at).ok_or_else(|| {
        format!("error retrieving stableIngress `{}` from cache: {}", pair.stable, ingress::not_found(pair.stable))
    })?;
    let weight = wanted.route.weight;
    let Some(old) = draft.get(&pair.canary) else {
        let new = wanted.created(pair.stable, stable)?;
        let message = format!("Creating canary ingress `{name}` with weight `{weight}`");
        let events = vec![Event::normal("CreatingCanaryIngress", message)];
        draft.create(&pair.canary, new, format!("Ingress {} needs one for the canary", pair.stable), events);
        return Ok(());
    };
    if !owner::owns(cx.rollout, old) {
        return Err(format!("canary ingress `{name}` controlled by different object"));
    }
    let new = wanted.updated(pair.stable, stable, old)?;
    let events = events(wanted, cx, name, old, &new);
    draft.update(&pair.canary, new, format!("the canary is to have weight {weight}"), events);
    Ok(())
}

/// What is told of a change: of the managed routes if they changed, of the weight if anything else did.
fn events(wanted: &canary::Wanted<'_>, cx: &Context<'_>, name: &str, old: &Value, new: &Value) -> Vec<Event> {
    let prefix = canary::prefix(wanted.nginx);
    let keys = condition::NAMES.map(|name| format!("{prefix}/{name}"));
    let targets = |ingress| keys.iter().map(|key| ingress::annotation(ingress, key)).collect::<Vec<_>>();
    let without = |ingress: &Value| {
        let mut rest = ingress.clone();
        keys.iter().for_each(|key| ingress::annotate(&mut rest, key, None));
        rest
    };
    let tell = |what: String| Event::normal("PatchingCanaryIngress", format!("Updating Ingress `{name}` {what}"));
    let mut events = Vec::new();
    if targets(old) != targets(new) && !managed::names(cx).is_empty() {
        let headers = wanted.route.managed.iter().filter(|managed| managed.mirror.is_none());
        let names: Vec<&str> = headers.map(|managed| managed.name.as_str()).collect();
        events.push(match &names[..] {
            [] => tell("removing managed routes".into()),
            _ => tell(format!("to headerRoute '{}'", names.join(","))),
        });
    }
    if events.is_empty() || without(old) != without(new) {
        events.push(tell(format!("to desiredWeight '{}'", wanted.route.weight)));
    }
    events
}
