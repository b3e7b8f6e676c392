//! Istio: the VirtualService of the host; its HTTP routes in their order, the first that matches; subsets by the
//! DestinationRule of their host. VirtualServices without HTTP routes pass connections on by TLS or TCP routes.

use super::texts::{all_matches, host_rank};
use super::weighted::{Weighted, all, service_by_host, some, weight};
use super::{Answer, Backend, Request};
use crate::{Context, Objects};
use serde_json::Value;

const GROUP: &str = "networking.istio.io";

pub fn evaluate(cx: &Context<'_>, objects: &Objects, request: &Request) -> Answer {
    let services = all(objects, |group| group == GROUP, "virtualservices");
    let ranked = services.into_iter().filter_map(|(namespace, _, object)| {
        let hosts = object["spec"]["hosts"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let rank = hosts.filter_map(|host| host_rank(host, &request.host)).max()?;
        Some((rank, namespace, object))
    });
    // Of equals, the first.
    let best = ranked.reduce(|best, other| if other.0 > best.0 { other } else { best });
    let Some((_, namespace, object)) = best else { return Answer::default() };
    let mesh = Mesh { cx, objects, namespace };
    let spec = &object["spec"];
    let list = |section: &str| spec[section].as_array().filter(|routes| !routes.is_empty());
    if let Some(routes) = list("http") {
        let route = routes.iter().find(|route| matches(route, |m| is_http(m, request)));
        return route.map(|route| mesh.answer(route)).unwrap_or_default();
    }
    let passed =
        list("tls").and_then(|routes| routes.iter().find(|route| matches(route, |m| is_sni(m, &request.host))));
    let passed = passed.or_else(|| list("tcp").and_then(|routes| routes.first()));
    passed.map(|route| mesh.answer(route)).unwrap_or_default()
}

/// Any block; a route without blocks is for all.
fn matches(route: &Value, is_match: impl Fn(&Value) -> bool) -> bool {
    route["match"].as_array().is_none_or(|blocks| blocks.is_empty() || blocks.iter().any(is_match))
}

fn is_sni(block: &Value, host: &str) -> bool {
    // The Go controller's documentation has another name for it.
    let names = [&block["sniHosts"], &block["sni"]].into_iter().filter_map(Value::as_array).flatten();
    names.filter_map(Value::as_str).any(|name| host_rank(name, host).is_some())
}

/// Everything that a block says.
fn is_http(block: &Value, request: &Request) -> bool {
    let ignores_case = block["ignoreUriCase"] == true;
    let path = if ignores_case { request.path.to_lowercase() } else { request.path.clone() };
    let uri = match ignores_case {
        true => lower(&block["uri"]),
        false => block["uri"].clone(),
    };
    let named = |field: &str| block[field].as_object().into_iter().flatten();
    is_text(&uri, Some(&path))
        && is_text(&block["method"], Some(&request.method))
        && is_text(&block["authority"], Some(&request.host))
        && named("headers").all(|(name, wanted)| is_text(wanted, request.header(name).as_deref()))
        && !named("withoutHeaders").any(|(name, unwanted)| is_text(unwanted, request.header(name).as_deref()))
        && named("queryParams").all(|(name, wanted)| is_text(wanted, request.parameter(name)))
}

fn lower(matcher: &Value) -> Value {
    let fields = matcher.as_object().into_iter().flatten();
    fields.map(|(kind, text)| (kind.clone(), Value::from(text.as_str().unwrap_or_default().to_lowercase()))).collect()
}

/// A StringMatch. One that says nothing is content with anything that is there; none at all with anything.
fn is_text(matcher: &Value, text: Option<&str>) -> bool {
    let Some(fields) = matcher.as_object() else { return true };
    let Some(text) = text else { return false };
    fields.iter().all(|(kind, wanted)| match (kind.as_str(), wanted.as_str().unwrap_or_default()) {
        ("exact", wanted) => text == wanted,
        ("prefix", wanted) => text.starts_with(wanted),
        ("regex", wanted) => all_matches(wanted, text),
        _ => false,
    })
}

struct Mesh<'a> {
    cx: &'a Context<'a>,
    objects: &'a Objects,
    /// That of the VirtualService.
    namespace: &'a str,
}

impl Mesh<'_> {
    fn answer(&self, route: &Value) -> Answer {
        let destinations = route["route"].as_array().map_or(&[][..], |all| all);
        let to: Weighted = match destinations {
            // The only one has all, whatever its weight.
            [only] => vec![(self.backend(&only["destination"]), 100)],
            several => {
                some(several.iter().map(|d| (self.backend(&d["destination"]), weight(&d["weight"]).unwrap_or(0))))
            }
        };
        let share = |mirror: &Value, percentage: &str| match mirror[percentage]["value"].as_f64() {
            // Shares are whole enough here.
            Some(value) => percent(value),
            None => 100,
        };
        let one = Some(&route["mirror"]).filter(|m| m.is_object());
        let one = one.map(|mirror| (self.backend(mirror), share(route, "mirrorPercentage")));
        let list = route["mirrors"].as_array().into_iter().flatten();
        let list = list.map(|mirror| (self.backend(&mirror["destination"]), share(mirror, "percentage")));
        Answer { to, mirrors: some(one.into_iter().chain(list)) }
    }

    fn backend(&self, destination: &Value) -> Backend {
        let host = destination["host"].as_str().unwrap_or_default();
        let backend = service_by_host(self.cx, host, self.namespace);
        match destination["subset"].as_str() {
            Some(subset) => self.subset(backend, subset),
            None => backend,
        }
    }

    /// The pods of a subset. One that no DestinationRule has, has none: they would need a label that no pod can have.
    fn subset(&self, backend: Backend, name: &str) -> Backend {
        let rules = all(self.objects, |group| group == GROUP, "destinationrules");
        let of_host = rules.into_iter().filter(|(namespace, _, rule)| {
            let host = rule["spec"]["host"].as_str().unwrap_or_default();
            service_by_host(self.cx, host, namespace) == backend
        });
        let subsets = of_host.flat_map(|(_, _, rule)| rule["spec"]["subsets"].as_array().into_iter().flatten());
        let subset = subsets.into_iter().find(|subset| subset["name"] == name);
        let labels = match subset {
            Some(subset) => texts(&subset["labels"]),
            None => [("no such subset".to_string(), name.to_string())].into(),
        };
        Backend { labels, ..backend }
    }
}

/// A map of texts.
pub fn texts(map: &Value) -> std::collections::BTreeMap<String, String> {
    let entries = map.as_object().into_iter().flatten();
    entries.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_string()))).collect()
}

/// Rounded to a whole.
fn percent(value: f64) -> u32 {
    (0..=100).rev().find(|whole| f64::from(*whole) <= value + 0.5).unwrap_or(0)
}
