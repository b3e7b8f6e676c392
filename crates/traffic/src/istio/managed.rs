//! Routes that steps make: for requests with certain headers, or with a copy to the canary (§2.1).

use super::matches;
use super::names::{Names, host_of};
use super::weights::host_like;
use crate::{Managed, Route};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// What a managed route is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts<'a> {
    pub names: Names<'a>,
    /// `spec.host` of the DestinationRule.
    pub rule_host: Option<&'a str>,
    /// See [`super::names::Used::is_near`].
    pub is_near: bool,
}

/// The managed routes that are to be there, of those that steps may make: a route that would match nothing is none.
pub(super) fn wanted<'a>(route: &'a Route, managed: &BTreeSet<&str>) -> Vec<&'a Managed> {
    route.managed.iter().filter(|wanted| managed.contains(wanted.name.as_str()) && !blocks(wanted).is_empty()).collect()
}

fn blocks(managed: &Managed) -> Vec<Value> {
    matches::blocks(&managed.matches, managed.mirror.is_some())
}

/// The list without managed routes other than those to keep; and the names of the ones that go, if any do.
pub(super) fn without(
    http: &[Value],
    managed: &BTreeSet<&str>,
    keep: &BTreeSet<&str>,
) -> Option<(Vec<Value>, Vec<String>)> {
    let goes = |route: &&Value| name(route).is_some_and(|name| managed.contains(name) && !keep.contains(name));
    let gone: Vec<String> = http.iter().filter(goes).filter_map(name).map(str::to_string).collect();
    let rest = http.iter().filter(|route| !goes(route)).cloned().collect();
    (!gone.is_empty()).then_some((rest, gone))
}

/// The list with the managed routes on top, in order of precedence; and those that were not as wanted. `weighted` is the
/// route that carries the weights.
pub(super) fn with<'a>(
    http: &[Value],
    weighted: &Value,
    wanted: &[&'a Managed],
    parts: &Parts<'_>,
) -> (Vec<Value>, Vec<&'a Managed>) {
    let mut list = Vec::new();
    let mut new = Vec::new();
    for managed in wanted {
        let wanted = made(managed, weighted, parts);
        let there = http.iter().find(|there| name(there) == Some(&managed.name));
        list.push(match there {
            Some(there) if is_same(there, &wanted, managed) => there.clone(),
            _ => {
                new.push(*managed);
                wanted
            }
        });
    }
    let names: BTreeSet<&str> = wanted.iter().map(|managed| managed.name.as_str()).collect();
    list.extend(http.iter().filter(|route| name(route).is_none_or(|name| !names.contains(name))).cloned());
    (list, new)
}

/// Whether a managed route follows the weights.
pub(super) fn is_mirror(route: &Value, managed: &BTreeSet<&str>) -> bool {
    name(route).is_some_and(|name| managed.contains(name)) && !route["mirror"].is_null()
}

fn name(route: &Value) -> Option<&str> {
    route["name"].as_str()
}

/// Requests that match are treated as the others are, with timeouts and all; only their destination differs.
fn made(managed: &Managed, weighted: &Value, parts: &Parts<'_>) -> Value {
    const OWN: [&str; 8] =
        ["name", "match", "route", "mirror", "mirrors", "mirrorPercentage", "mirrorPercent", "mirror_percent"];
    let fields = weighted.as_object().into_iter().flatten().filter(|(key, _)| !OWN.contains(&key.as_str()));
    let mut made: Map<String, Value> = fields.map(|(key, value)| (key.clone(), value.clone())).collect();
    made.insert("name".into(), managed.name.as_str().into());
    made.insert("match".into(), blocks(managed).into());
    let canary = canary(weighted, parts);
    match managed.mirror {
        None => {
            made.insert("route".into(), json!([{ "destination": canary, "weight": 100 }]));
        }
        Some(percent) => {
            made.insert("route".into(), unweighted(weighted, |weight| *weight == json!(0)));
            made.insert("mirror".into(), canary);
            made.insert("mirrorPercentage".into(), json!({ "value": percent }));
        }
    }
    made.into()
}

/// The weights of a copied list are set with all others.
fn is_same(there: &Value, wanted: &Value, managed: &Managed) -> bool {
    if managed.mirror.is_none() {
        return there == wanted;
    }
    let bare = |route: &Value| {
        let mut bare = route.clone();
        if let Some(members) = bare.as_object_mut() {
            members.insert("route".into(), unweighted(route, |_| true));
        }
        bare
    };
    bare(there) == bare(wanted)
}

/// The destinations of a route, without those weights.
fn unweighted(route: &Value, is_meant: impl Fn(&Value) -> bool) -> Value {
    let mut destinations = route["route"].clone();
    for weighted in destinations.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        if weighted.get("weight").is_some_and(&is_meant) {
            weighted.remove("weight");
        }
    }
    destinations
}

/// The canary as a destination.
fn canary(weighted: &Value, parts: &Parts<'_>) -> Value {
    let destinations = weighted["route"].as_array().map_or(&[][..], Vec::as_slice);
    let like = host_like(destinations, &parts.names);
    let mut canary = Map::new();
    match parts.names.rule {
        Some(rule) => {
            let host = parts.rule_host.filter(|host| parts.is_near && !host.is_empty());
            let host = host.unwrap_or(&like);
            canary.insert("host".into(), host.into());
            canary.insert("subset".into(), rule.canary_subset_name.as_str().into());
        }
        None => {
            canary.insert("host".into(), host_of(parts.names.canary_service, &like, parts.is_near).into());
        }
    }
    let port = destinations.first().map(|first| &first["destination"]["port"]);
    if let Some(port) = port.filter(|port| port.is_object()) {
        canary.insert("port".into(), port.clone());
    }
    canary.into()
}
