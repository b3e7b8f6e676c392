//! The Ingress controller of NGINX: the location of host and path, and for its upstream the canary Ingress that has the
//! same host, path and type of path, by header, then cookie, then weight.

use super::texts::{host_rank, is_below, part_matches};
use super::weighted::{of_classes, service, some};
use super::{Answer, Backend, Request};
use crate::{Context, Objects};
use serde_json::Value;
use std::collections::BTreeSet;

const PREFIX: &str = "nginx.ingress.kubernetes.io";

/// A path of a host that leads somewhere.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Location<'a> {
    host: &'a str,
    path: &'a str,
    kind: &'a str,
    backend: &'a Value,
}

impl<'a> Location<'a> {
    fn of(ingress: &'a Value) -> Vec<Location<'a>> {
        let paths = rules(ingress).iter().flat_map(|rule| {
            let paths = rule["http"]["paths"].as_array().into_iter().flatten();
            paths.map(|path| Location {
                host: host(rule),
                path: path["path"].as_str().filter(|path| !path.is_empty()).unwrap_or("/"),
                // What an implementation may choose, ingress-nginx takes for a prefix.
                kind: path["pathType"].as_str().filter(|kind| *kind == "Exact").unwrap_or("Prefix"),
                backend: &path["backend"],
            })
        });
        paths.filter(|location| location.backend["service"].is_object()).collect()
    }

    /// Where `/` of a host leads that has no rule for it.
    fn rest(host: &'a str, backend: &'a Value) -> Location<'a> {
        Location { host, path: "/", kind: "Prefix", backend }
    }

    /// Those of all Ingresses, the oldest first. Of several for the same place the first counts, and default backends after
    /// all rules: each for the hosts that no older Ingress names, or without rules for what no host has.
    fn all(ingresses: &[&'a Value]) -> Vec<Location<'a>> {
        let mut hosts = BTreeSet::from([""]);
        let defaults: Vec<Location<'_>> = ingresses
            .iter()
            .flat_map(|ingress| {
                let new: Vec<&str> = match rules(ingress) {
                    [] => vec![""],
                    rules => rules.iter().map(host).filter(|host| hosts.insert(host)).collect(),
                };
                let default = default_backend(ingress);
                new.into_iter().filter_map(move |host| Some(Location::rest(host, default?)))
            })
            .collect();
        let mut all: Vec<Location<'_>> = Vec::new();
        for location in ingresses.iter().flat_map(|ingress| Location::of(ingress)).chain(defaults) {
            if !all.iter().any(|other| other.is_same_place(&location)) {
                all.push(location);
            }
        }
        all
    }

    /// How well the host fits. A star is for one label.
    fn host_rank(&self, request: &Request) -> Option<(bool, usize)> {
        let labels = |host: &str| host.split('.').count();
        let is_deep = self.host.starts_with('*') && labels(self.host) != labels(&request.host);
        host_rank(self.host, &request.host).filter(|_| !is_deep)
    }

    /// How well the path fits: as a whole, then by the length of what begins so.
    fn path_rank(&self, request: &Request) -> Option<(bool, usize)> {
        let fits = match self.kind {
            "Exact" => request.path == self.path,
            _ => is_below(self.path, &request.path),
        };
        fits.then_some((self.kind == "Exact", self.path.len()))
    }

    fn is_same_place(&self, other: &Location<'_>) -> bool {
        (self.host, self.path, self.kind) == (other.host, other.path, other.kind)
    }

    fn has_service_of(&self, other: &Location<'_>) -> bool {
        self.backend["service"] == other.backend["service"]
    }
}

fn default_backend(ingress: &Value) -> Option<&Value> {
    Some(&ingress["spec"]["defaultBackend"]).filter(|backend| backend["service"].is_object())
}

fn rules(ingress: &Value) -> &[Value] {
    ingress["spec"]["rules"].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn host(rule: &Value) -> &str {
    rule["host"].as_str().unwrap_or_default()
}

/// The canaries of Services: Ingress, its backend, and the backend that it is merged with. What is merged nowhere at one of
/// its places is no alternative at all.
fn alternatives<'a>(canaries: &[&'a Value], locations: &[Location<'a>]) -> Vec<(&'a Value, &'a Value, &'a Value)> {
    let (mut merged, mut lost) = (Vec::new(), Vec::new());
    for ingress in canaries {
        // Default backends are merged with what is for no host in particular, and not with what the rules of an Ingress leave.
        let default = default_backend(ingress).map(|backend| (Location::rest("", backend), true));
        let places = default.into_iter().chain(Location::of(ingress).into_iter().map(|place| (place, false)));
        for (canary, is_default) in places {
            let of_host: Vec<_> = locations.iter().filter(|location| location.host == canary.host).collect();
            let fits =
                |other: &&&Location<'_>| !other.has_service_of(&canary) && (is_default || other.is_same_place(&canary));
            let found: Vec<_> = of_host.iter().filter(fits).collect();
            let is_known = !of_host.is_empty() && !of_host.iter().any(|other| other.has_service_of(&canary));
            if found.is_empty() && (is_default || is_known) {
                lost.push(&canary.backend["service"]);
            }
            merged.extend(found.into_iter().map(|main| (*ingress, canary.backend, main.backend)));
        }
    }
    merged.retain(|(_, canary, _)| !lost.contains(&&canary["service"]));
    merged
}

/// The location of a request. The host that fits best is all there is for it, even if no path there fits.
fn located<'a, 'b>(locations: &'b [Location<'a>], request: &Request) -> Option<&'b Location<'a>> {
    let host = locations.iter().filter_map(|location| location.host_rank(request)).max()?;
    let of_host = locations.iter().filter(|location| location.host_rank(request) == Some(host));
    let ranked = of_host.filter_map(|location| Some((location.path_rank(request)?, location)));
    // Of equals, the first.
    ranked.reduce(|best, other| if other.0 > best.0 { other } else { best }).map(|(_, location)| location)
}

pub fn evaluate(cx: &Context<'_>, objects: &Objects, request: &Request) -> Answer {
    let prefix = cx.routing.nginx.as_ref().map(|nginx| nginx.annotation_prefix.as_str());
    let prefix = prefix.filter(|prefix| !prefix.is_empty()).unwrap_or(PREFIX);
    let note = |ingress: &'_ Value, name: &str| -> Option<String> {
        let text = ingress["metadata"]["annotations"][format!("{prefix}/{name}")].as_str()?;
        (!text.is_empty()).then(|| text.to_string())
    };
    let ingresses = of_classes(cx, objects, &cx.routing.nginx.as_ref().map(crate::nginx::names).unwrap_or_default());
    let (canaries, others): (Vec<&Value>, Vec<&Value>) =
        ingresses.into_iter().partition(|i| note(i, "canary").as_deref() == Some("true"));
    let locations = Location::all(&others);
    let backend = |backend: &Value| -> Option<Backend> {
        Some(service(cx, backend["service"]["name"].as_str()?, &cx.rollout.metadata.namespace))
    };
    let Some(location) = located(&locations, request) else { return Answer::default() };
    let Some(main) = backend(location.backend) else { return Answer::default() };
    // Alternatives belong to an upstream, not to a location: wherever it is reached, they are asked. The first counts.
    let mut alternatives = alternatives(&canaries, &locations).into_iter();
    let alternative = alternatives
        .find(|(.., main)| main["service"] == location.backend["service"])
        .and_then(|(ingress, canary, _)| Some((ingress, backend(canary)?)));
    let Some((ingress, canary)) = alternative else { return all_to(main) };
    if let Some(is_canary) = decided(|name| note(ingress, name), request) {
        return all_to(if is_canary { canary } else { main });
    }
    let number = |name: &str| note(ingress, name).and_then(|text| text.parse::<u32>().ok()).unwrap_or(0);
    let total = number("canary-weight-total").max(100);
    let weight = number("canary-weight").min(total);
    Answer { to: some([(canary, weight), (main, total - weight)]), mirrors: Vec::new() }
}

fn all_to(backend: Backend) -> Answer {
    Answer { to: vec![(backend, 100)], mirrors: Vec::new() }
}

/// What header or cookie say; `None`: the weight decides.
fn decided(note: impl Fn(&str) -> Option<String>, request: &Request) -> Option<bool> {
    let always = |text: &str| match text {
        "always" => Some(true),
        "never" => Some(false),
        _ => None,
    };
    let header = note("canary-by-header").and_then(|name| header(&name, request));
    let by_header =
        header.and_then(|header| match (note("canary-by-header-value"), note("canary-by-header-pattern")) {
            (Some(value), _) => (value == header).then_some(true),
            (None, Some(pattern)) => part_matches(&pattern, &header).then_some(true),
            (None, None) => always(&header),
        });
    by_header.or_else(|| always(cookie(&note("canary-by-cookie")?, request)?))
}

/// A header as one of NGINX's variables, whose names have `_` for `-`. Headers with other names than of letters, digits and
/// `-` are dropped, unless NGINX is told to keep them.
fn header(name: &str, request: &Request) -> Option<String> {
    let name = name.replace('_', "-");
    let is_kept = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    request.header(&name).filter(|_| is_kept)
}

/// The first cookie of this name, which is compared without regard to case, as all names of variables are.
fn cookie<'a>(name: &str, request: &'a Request) -> Option<&'a str> {
    request.cookies.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}
