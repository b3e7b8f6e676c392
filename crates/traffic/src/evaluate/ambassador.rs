//! Mappings of Ambassador: those that match alike are one group, which shares its traffic by weight; of the groups that match,
//! the one with the highest precedence counts, then the longest prefix, then the most conditions.

use super::texts::{all_matches, host_rank};
use super::weighted::{Weighted, here, service_by_host, some, weight};
use super::{Answer, Backend, Request};
use crate::{Context, Objects};
use serde_json::Value;
use std::collections::BTreeMap;

pub fn evaluate(cx: &Context<'_>, objects: &Objects, request: &Request) -> Answer {
    let kinds = ["mappings", "ambassadormappings"];
    let mappings = kinds.into_iter().flat_map(|plural| here(cx, objects, |_| true, plural));
    let mut groups: BTreeMap<Rank, Vec<&Value>> = BTreeMap::new();
    for (_, mapping) in mappings {
        let spec = &mapping["spec"];
        if is_meant(spec, request) {
            groups.entry(Rank::of(spec)).or_default().push(spec);
        }
    }
    let Some((_, group)) = groups.pop_last() else { return Answer::default() };
    let backend = |spec: &Value| backend(cx, spec);
    let (shadows, group): (Vec<&Value>, Vec<&Value>) = group.into_iter().partition(|spec| spec["shadow"] == true);
    let mirrors = shadows.into_iter().map(|spec| (backend(spec), weight(&spec["weight"]).unwrap_or(100)));
    // Those without a weight share what the others leave.
    let (heavy, light): (Vec<&Value>, Vec<&Value>) = group.into_iter().partition(|spec| !spec["weight"].is_null());
    let mut to: Weighted = heavy.iter().map(|spec| (backend(spec), weight(&spec["weight"]).unwrap_or(0))).collect();
    let given: u32 = to.iter().map(|(_, weight)| *weight).sum();
    let sharers = u32::try_from(light.len()).unwrap_or(1).max(1);
    to.iter_mut().for_each(|(_, weight)| *weight = weight.saturating_mul(sharers));
    to.extend(light.into_iter().map(|spec| (backend(spec), 100u32.saturating_sub(given))));
    Answer { to: some(to), mirrors: some(mirrors) }
}

/// What makes a group, in the order of their importance.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    precedence: i64,
    prefix_length: usize,
    parameters: usize,
    headers: usize,
    /// All that is compared.
    conditions: String,
}

const CONDITIONS: [&str; 13] = [
    "prefix",
    "prefix_regex",
    "prefix_exact",
    "method",
    "method_regex",
    "host",
    "hostname",
    "host_regex",
    "headers",
    "regex_headers",
    "query_parameters",
    "regex_query_parameters",
    "precedence",
];

impl Rank {
    fn of(spec: &Value) -> Rank {
        let count = |fields: [&str; 2]| -> usize {
            let maps = fields.into_iter().filter_map(|field| spec[field].as_object());
            let length = |(name, value): (&String, &Value)| name.len() + value.as_str().unwrap_or_default().len();
            maps.flatten().map(length).sum()
        };
        let host =
            [&spec["host"], &spec["hostname"]].into_iter().filter_map(Value::as_str).map(str::len).sum::<usize>();
        Rank {
            precedence: spec["precedence"].as_i64().unwrap_or(0),
            prefix_length: spec["prefix"].as_str().unwrap_or_default().len(),
            parameters: count(["query_parameters", "regex_query_parameters"]),
            headers: count(["headers", "regex_headers"]) + host,
            conditions: CONDITIONS.map(|field| spec[field].to_string()).join(" "),
        }
    }
}

fn is_meant(spec: &Value, request: &Request) -> bool {
    let text = |field: &str| spec[field].as_str().filter(|text| !text.is_empty());
    let prefix = text("prefix").unwrap_or_default();
    let path = match () {
        () if spec["prefix_regex"] == true => all_matches(prefix, &request.path),
        () if spec["prefix_exact"] == true => request.path == prefix,
        () => request.path.starts_with(prefix),
    };
    let is_host = |host: &str| match spec["host_regex"] == true {
        true => all_matches(host, &request.host),
        false => host_rank(host, &request.host).is_some(),
    };
    let is_method = |method: &str| match spec["method_regex"] == true {
        true => all_matches(method, &request.method),
        false => method == request.method,
    };
    let named = |field: &str| spec[field].as_object().into_iter().flatten();
    path && ["host", "hostname"].into_iter().filter_map(text).all(is_host)
        && text("method").is_none_or(is_method)
        && named("headers").all(|(name, wanted)| is_value(wanted, request.header(name).as_deref()))
        && named("regex_headers").all(|(name, wanted)| is_like(wanted, request.header(name).as_deref()))
        && named("query_parameters").all(|(name, wanted)| is_value(wanted, request.parameter(name)))
        && named("regex_query_parameters").all(|(name, wanted)| is_like(wanted, request.parameter(name)))
}

/// `true` for anything that is there.
fn is_value(wanted: &Value, text: Option<&str>) -> bool {
    text.is_some_and(|text| *wanted == true || *wanted == text)
}

fn is_like(wanted: &Value, text: Option<&str>) -> bool {
    text.is_some_and(|text| all_matches(wanted.as_str().unwrap_or_default(), text))
}

/// `[scheme://]name[.namespace...][:port]`.
fn backend(cx: &Context<'_>, spec: &Value) -> Backend {
    let service = spec["service"].as_str().unwrap_or_default();
    let host = service.split_once("://").map_or(service, |(_, host)| host);
    let host = host.split([':', '/']).next().unwrap_or_default();
    service_by_host(cx, host, &cx.rollout.metadata.namespace)
}
