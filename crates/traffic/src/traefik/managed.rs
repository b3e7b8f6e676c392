//! Managed routes: an IngressRoute for each, like the one that leads to the weighted TraefikService, but with a narrower
//! rule that comes first. One that mirrors leads to a TraefikService of its own.

use super::rule::{self, Syntax};
use super::{kind, weights};
use crate::managed::{self, Wanted};
use crate::{Context, Draft, Kind, Managed, ObjectRef, Route, RouteError, Settings, Want};
use serde_json::{Value, json};

/// Group of Traefik 2.
const OLD_GROUP: &str = "traefik.containo.us";

/// The dialect of the objects' group.
pub fn syntax(settings: &Settings) -> Syntax {
    if ingress_routes(settings).group == OLD_GROUP { Syntax::V2 } else { Syntax::V3 }
}

fn ingress_routes(settings: &Settings) -> Kind {
    kind(settings, "IngressRoute", "ingressroutes")
}

fn services(settings: &Settings) -> Kind {
    kind(settings, "TraefikService", "traefikservices")
}

/// The IngressRoute that leads to the TraefikService; `None` when the Rollout names none.
fn base(cx: &Context<'_>) -> Option<ObjectRef> {
    let name = &cx.routing.traefik.as_ref()?.ingress_route_name;
    (!name.is_empty()).then(|| ingress_routes(cx.settings).named(&cx.rollout.metadata.namespace, name))
}

/// Rights on IngressRoutes are needed only by those who name one.
pub fn wants(cx: &Context<'_>) -> Vec<Want> {
    let Some(base) = base(cx) else { return Vec::new() };
    let kinds = [ingress_routes(cx.settings), services(cx.settings)];
    let all = kinds.iter().flat_map(|kind| managed::wants(cx, kind, |name| object_name(cx, name)));
    [Want::Named(base)].into_iter().chain(all).collect()
}

/// Two Rollouts of a namespace may use the same name for a route.
fn object_name(cx: &Context<'_>, route: &str) -> String {
    format!("{}-{route}", cx.rollout.metadata.name)
}

/// Makes the objects of the managed routes be those that are wanted.
pub fn set(cx: &Context<'_>, weighted: &ObjectRef, route: &Route, draft: &mut Draft<'_>) -> Result<(), RouteError> {
    let Some(base) = base(cx) else {
        return if route.managed.is_empty() { Ok(()) } else { Err(RouteError::failed(NO_BASE)) };
    };
    let name = |route: &str| object_name(cx, route);
    let named = |managed: &'_ Managed| managed.name.clone();
    let all: Vec<String> = route.managed.iter().map(named).collect();
    let mirrors: Vec<String> = route.managed.iter().filter(|managed| managed.mirror.is_some()).map(named).collect();
    managed::remove_others(cx, &base.kind, name, all.iter().map(String::as_str), draft);
    let mut result = Ok(());
    for (i, managed) in route.managed.iter().enumerate() {
        let made = objects(cx, (&base, weighted), (route, managed), route.managed.len() - i, draft);
        result = result.and(made.and_then(|objects| put(cx, objects, draft)));
    }
    // Last: no route may lead to what is gone.
    managed::remove_others(cx, &weighted.kind, name, mirrors.iter().map(String::as_str), draft);
    result
}

fn put(cx: &Context<'_>, objects: Vec<Wanted>, draft: &mut Draft<'_>) -> Result<(), RouteError> {
    objects.into_iter().try_for_each(|wanted| {
        let taken = format!("{} exists already, and does not belong to the Rollout", wanted.at);
        managed::put(cx, wanted, &taken, draft)
    })
}

/// What stands in for a missing `ingressRouteName`.
pub const NO_BASE: &str = "Traefik needs `traefik.ingressRouteName` to know which requests to look at";

/// The TraefikService, if one is needed, and the IngressRoute of a managed route that is `more` important than the base.
fn objects(
    cx: &Context<'_>,
    (base, weighted): (&ObjectRef, &ObjectRef),
    (route, managed): (&Route, &Managed),
    more: usize,
    draft: &Draft<'_>,
) -> Result<Vec<Wanted>, RouteError> {
    let ingress = draft.get(base).ok_or_else(|| RouteError::failed(base.not_found()))?;
    let service = draft.get(weighted).ok_or_else(|| RouteError::failed(weighted.not_found()))?;
    let canary = weights::entry(service, &route.canary.service).cloned();
    let mut canary = canary.ok_or_else(|| RouteError::failed(weights::NO_CANARY))?;
    if let Some(entry) = canary.as_object_mut() {
        entry.remove("weight");
    }
    let mut wanted = Vec::new();
    let name = object_name(cx, &managed.name);
    let leads_to = match managed.mirror {
        None => canary,
        Some(percent) => {
            let at = weighted.kind.named(&weighted.namespace, &name);
            wanted.push(Wanted { at, like: service.clone(), spec: mirroring(weighted, canary, percent) });
            json!({ "kind": "TraefikService", "name": name })
        }
    };
    let mut spec = ingress["spec"].clone();
    spec["routes"] = rules(cx, (base, ingress), weighted, managed, more, &leads_to)?.into();
    wanted.push(Wanted { at: base.kind.named(&base.namespace, &name), like: ingress.clone(), spec });
    Ok(wanted)
}

fn mirroring(weighted: &ObjectRef, mut mirror: Value, percent: i32) -> Value {
    mirror["percent"] = percent.into();
    json!({ "mirroring": { "kind": "TraefikService", "name": weighted.name, "mirrors": [mirror] } })
}

/// Those routes of the IngressRoute that lead to the TraefikService, narrowed to what matches, a little more important,
/// and to the service.
fn rules(
    cx: &Context<'_>,
    (base, ingress): (&ObjectRef, &Value),
    weighted: &ObjectRef,
    managed: &Managed,
    more: usize,
    service: &Value,
) -> Result<Vec<Value>, RouteError> {
    let mut made = Vec::new();
    for (i, route) in ingress["spec"]["routes"].as_array().into_iter().flatten().enumerate() {
        if !leads_to(route, weighted) {
            continue;
        }
        let is_old = route["syntax"] == "v2";
        let syntax = if is_old { Syntax::V2 } else { syntax(cx.settings) };
        let rule = route["match"].as_str();
        let rule = rule.ok_or_else(|| RouteError::failed(format!("{base}: spec.routes[{i}].match is no text")))?;
        // Without a priority, or with 0, the length of the rule is it.
        let priority = route["priority"].as_i64().filter(|priority| *priority != 0);
        let priority = priority.unwrap_or_else(|| i64::try_from(rule.len()).unwrap_or(i64::MAX));
        let rule = rule::rule(rule, &managed.matches, syntax)
            .map_err(|error| RouteError::failed(format!("{base}: spec.routes[{i}]: {error}")))?;
        let mut route = route.clone();
        route["match"] = rule.into();
        route["priority"] = priority.saturating_add(i64::try_from(more).unwrap_or(i64::MAX)).into();
        route["services"] = json!([service]);
        made.push(route);
    }
    match made.is_empty() {
        true => Err(RouteError::failed(format!("{base} has no route that leads to {weighted} alone"))),
        false => Ok(made),
    }
}

fn leads_to(route: &Value, weighted: &ObjectRef) -> bool {
    let Some([service]) = route["services"].as_array().map(Vec::as_slice) else { return false };
    service["kind"] == "TraefikService"
        && service["name"] == weighted.name.as_str()
        && service["namespace"].as_str().is_none_or(|namespace| namespace == weighted.namespace)
}

#[cfg(test)]
mod tests;
