//! The Ingress controller of NGINX: the location of host and path, and for its upstream the canary Ingress that has the
//! same host, path and type of path, by header, then cookie, then weight.

use super::texts::{host_rank, is_below, part_matches};
use super::weighted::{here, service, some};
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
        let default = Some(&ingress["spec"]["defaultBackend"]).filter(|backend| backend.is_object());
        let default = default.map(|backend| Location { host: "", path: "/", kind: "Prefix", backend });
        paths.chain(default).collect()
    }

    /// How well it fits: the host, then a whole path, then the length of what begins so.
    fn rank(&self, request: &Request) -> Option<((bool, usize), bool, usize)> {
        let host = host_rank(self.host, &request.host)?;
        let fits = match self.kind {
            "Exact" => request.path == self.path,
            "Prefix" => is_below(self.path, &request.path),
            _ => request.path.starts_with(self.path),
        };
        fits.then_some((host, self.kind == "Exact", self.path.len()))
    }

    fn is_same_place(&self, other: &Location<'_>) -> bool {
        (self.host, self.path, self.kind) == (other.host, other.path, other.kind)
    }

    fn backend(&self, cx: &Context<'_>) -> Option<Backend> {
        Some(service(cx, self.backend["service"]["name"].as_str()?, &cx.rollout.metadata.namespace))
    }
}

pub fn evaluate(cx: &Context<'_>, objects: &Objects, request: &Request) -> Answer {
    let prefix = cx.routing.nginx.as_ref().map(|nginx| nginx.annotation_prefix.as_str());
    let prefix = prefix.filter(|prefix| !prefix.is_empty()).unwrap_or(PREFIX);
    let note = |ingress: &'_ Value, name: &str| -> Option<String> {
        let text = ingress["metadata"]["annotations"][format!("{prefix}/{name}")].as_str()?;
        (!text.is_empty()).then(|| text.to_string())
    };
    let ingresses = here(cx, objects, |group| group == "networking.k8s.io", "ingresses");
    let (canaries, others): (Vec<&Value>, Vec<&Value>) =
        ingresses.into_iter().map(|(_, ingress)| ingress).partition(|i| note(i, "canary").as_deref() == Some("true"));
    let locations: Vec<Location<'_>> = others.into_iter().flat_map(Location::of).collect();
    let ranked = locations.iter().filter_map(|location| Some((location.rank(request)?, location)));
    let Some((_, location)) = ranked.reduce(|best, other| if other.0 > best.0 { other } else { best }) else {
        return Answer::default();
    };
    let Some(main) = location.backend(cx) else { return Answer::default() };
    // Alternatives belong to an upstream, not to a location: wherever it is reached, they are asked. The first counts.
    let merges = |canary: &Location<'_>| {
        canary.backend["service"] != location.backend["service"]
            && locations.iter().any(|l| l.is_same_place(canary) && l.backend["service"] == location.backend["service"])
    };
    let alternative = canaries.into_iter().find_map(|ingress| {
        let canary = Location::of(ingress).into_iter().find(merges)?;
        Some((ingress, canary.backend(cx)?))
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
    let header = note("canary-by-header").and_then(|name| request.header(&name));
    let by_header =
        header.and_then(|header| match (note("canary-by-header-value"), note("canary-by-header-pattern")) {
            (Some(value), _) => (value == header).then_some(true),
            (None, Some(pattern)) => part_matches(&pattern, &header).then_some(true),
            (None, None) => always(&header),
        });
    by_header.or_else(|| always(request.cookie(&note("canary-by-cookie")?)?))
}
