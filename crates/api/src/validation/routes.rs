//! `setHeaderRoute` and `setMirrorRoute` steps.

use super::steps::go_value;
use crate::field::{BadValue, FieldError, Path};
use crate::rollout::{CanaryStep, HeaderRoutingMatch, SetHeaderRoute, SetMirrorRoute, StringMatch, TrafficRouting};

const MANAGED_ROUTES_MISSING: &str = "Rollout has missing field 'spec.strategy.canary.trafficRouting.managedRoutes'";
const NOT_LISTED: &str =
    "Steps define a route that does not exist in spec.strategy.canary.trafficRouting.managedRoutes";

pub(super) fn validate(
    step: &CanaryStep,
    routing: Option<&TrafficRouting>,
    path: &Path,
    strategy: &Path,
    errors: &mut Vec<FieldError>,
) {
    let header = step.set_header_route.as_ref().map(|route| (path.child("setHeaderRoute"), route));
    let mirror = step.set_mirror_route.as_ref().map(|route| (path.child("setMirrorRoute"), route));
    if let Some((at, route)) = &header {
        header_route(route, routing, at, errors);
    }
    if let Some((at, route)) = &mirror {
        mirror_route(route, routing, at, errors);
    }
    let names = header.iter().map(|(at, r)| (at, &r.name)).chain(mirror.iter().map(|(at, r)| (at, &r.name)));
    let (Some(routing), true) = (routing, header.is_some() || mirror.is_some()) else { return };
    let Some(managed) = &routing.managed_routes else {
        let at = strategy.child("trafficRouting").child("managedRoutes");
        errors.push(FieldError::required(&at, MANAGED_ROUTES_MISSING));
        return;
    };
    for (at, name) in names {
        if !managed.iter().any(|m| m.name == *name) {
            errors.push(FieldError::invalid(at, name, NOT_LISTED));
        }
    }
}

fn header_route(route: &SetHeaderRoute, routing: Option<&TrafficRouting>, path: &Path, errors: &mut Vec<FieldError>) {
    let is_extended = route.r#match.iter().any(HeaderRoutingMatch::is_extended);
    if !routing.is_some_and(knows_matches) {
        let detail = "SetHeaderRoute requires TrafficRouting, supports Istio and ALB and Apisix";
        let value = if is_extended { BadValue::from(&route.shown()) } else { go_value(route) };
        errors.push(FieldError::invalid(path, value, detail));
    }
    let exact_only = routing.is_some_and(|r| r.alb.is_some());
    for (j, header) in route.r#match.iter().enumerate() {
        let at = path.child("match").index(j);
        let value = header.header_value.as_ref();
        for (field, part) in header.method.iter().map(|m| ("method", m)).chain(header.path.iter().map(|m| ("path", m)))
        {
            string_match(Some(part), &at.child(field), errors);
        }
        for (field, parts) in
            [("headers", &header.headers), ("cookies", &header.cookies), ("queryParams", &header.query_params)]
        {
            parts.iter().for_each(|(name, part)| string_match(Some(part), &at.child(field).key(name), errors));
        }
        if header.header_name.is_empty() && value.is_none() && header.is_extended() {
            continue;
        }
        if header.header_name.is_empty() {
            errors.push(FieldError::required(&at.child("headerName"), "a header must have a name"));
        }
        if !exact_only || is_extended {
            string_match(value, &at, errors);
        } else if !value.is_some_and(|v| !v.exact.is_empty() && v.prefix.is_empty() && v.regex.is_empty()) {
            let detail = "SetHeaderRoute match value invalid. ALB supports 'exact' value only";
            errors.push(FieldError::invalid(&at, printed(value), detail));
        }
    }
}

/// Whether one of the routers can tell requests apart at all. What exactly it can is for the router to say.
fn knows_matches(r: &TrafficRouting) -> bool {
    let ingress = r.nginx.is_some() || r.alb.is_some() || r.traefik.is_some() || r.apisix.is_some();
    ingress || r.istio.is_some() || r.ambassador.is_some() || !r.plugins.is_empty()
}

/// Whether one of the routers can copy requests.
fn knows_mirrors(r: &TrafficRouting) -> bool {
    r.istio.is_some()
        || r.apisix.is_some()
        || r.nginx.is_some()
        || r.traefik.is_some()
        || r.ambassador.is_some()
        || !r.plugins.is_empty()
}

fn mirror_route(route: &SetMirrorRoute, routing: Option<&TrafficRouting>, path: &Path, errors: &mut Vec<FieldError>) {
    if !routing.is_some_and(knows_mirrors) {
        let detail = "SetMirrorRoute requires TrafficRouting, supports Istio and Plugins";
        errors.push(FieldError::invalid(path, go_value(route), detail));
    }
    for (j, alternative) in route.r#match.iter().enumerate() {
        let at = path.child("match").index(j);
        // Headers are not checked: objects that were accepted so far stay valid.
        let new = alternative.cookies.values().chain(alternative.query_params.values());
        for part in alternative.method.iter().chain(&alternative.path).chain(new) {
            string_match(Some(part), &at, errors);
        }
    }
}

fn string_match(value: Option<&StringMatch>, path: &Path, errors: &mut Vec<FieldError>) {
    let forms = value.map_or(0, |v| [&v.exact, &v.prefix, &v.regex].iter().filter(|form| !form.is_empty()).count());
    let detail = match forms {
        0 => "StringMatch value missed, match value must have one of the following: exact, regex, prefix",
        1 => return,
        _ => "StringMatch match value must have exactly one of the following: exact, regex, prefix",
    };
    errors.push(FieldError::invalid(path, printed(value), detail));
}

fn printed(value: Option<&StringMatch>) -> BadValue {
    value.map_or(BadValue::raw("null"), go_value)
}
