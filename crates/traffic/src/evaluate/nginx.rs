//! The Ingress controller of NGINX: the location of host and path, and for its upstream the canary Ingress that has the
//! same host, path and type of path, by header, then cookie, then weight.

use super::texts::{host_rank, is_below, part_matches};
use super::weighted::{of_classes, service, some};
use super::{Answer, Backend, Request};
use crate::{Context, Objects};
use serde_json::Value;

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
        let rules = ingress["spec"]["rules"].as_array().into_iter().flatten();
        let paths = rules.flat_map(|rule| {
            let host = rule["host"].as_str().unwrap_or_default();
            let paths = rule["http"]["paths"].as_array().into_iter().flatten();
            paths.map(move |path| Location {
                host,
                path: path["path"].as_str().filter(|path| !path.is_empty()).unwrap_or("/"),
                kind: path["pathType"].as_str().unwrap_or("ImplementationSpecific"),
                backend: &path["backend"],
            })
        });
        paths.collect()
    }

    /// What the default backend gets: what the rules of the Ingress leave of their hosts, or without rules what no other
    /// Ingress has.
    fn defaults(ingress: &'a Value) -> Vec<Location<'a>> {
        let Some(backend) = default_backend(ingress) else { return Vec::new() };
        let rules = ingress["spec"]["rules"].as_array().filter(|rules| !rules.is_empty());
        let to = |host| Location { host, path: "/", kind: "Prefix", backend };
        rules.map_or_else(
            || vec![to("")],
            |rules| rules.iter().map(|rule| to(rule["host"].as_str().unwrap_or_default())).collect(),
        )
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
            "Prefix" => is_below(self.path, &request.path),
            _ => request.path.starts_with(self.path),
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
    Some(&ingress["spec"]["defaultBackend"]).filter(|backend| backend.is_object())
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
    let rules = others.iter().flat_map(|ingress| Location::of(ingress));
    let locations: Vec<Location<'_>> = rules.chain(others.iter().flat_map(|i| Location::defaults(i))).collect();
    let backend = |backend: &Value| -> Option<Backend> {
        Some(service(cx, backend["service"]["name"].as_str()?, &cx.rollout.metadata.namespace))
    };
    let Some(location) = located(&locations, request) else { return Answer::default() };
    let Some(main) = backend(location.backend) else { return Answer::default() };
    // Alternatives belong to an upstream, not to a location: wherever it is reached, they are asked. The first counts.
    let upstream = || locations.iter().filter(|other| other.has_service_of(location));
    let alternative = canaries.into_iter().find_map(|ingress| {
        // A canary's default backend is for what is for all hosts, and not for what the rules of an Ingress leave.
        let default = default_backend(ingress).filter(|_| upstream().any(|other| other.host.is_empty()));
        let merges = |canary: &Location<'_>| upstream().any(|other| other.is_same_place(canary));
        let of_rules = || Location::of(ingress).into_iter().find(merges).map(|canary| canary.backend);
        let canary = default.or_else(of_rules).filter(|canary| canary["service"] != location.backend["service"])?;
        Some((ingress, backend(canary)?))
    });
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
