//! Gateway API: the routes of the host, the more special the better; of their rules the most special that matches; of
//! equals that of the oldest route, and the first in it. Where there are neither HTTPRoutes nor GRPCRoutes, TLS or TCP routes pass
//! connections on.

use super::gateway_rules::{Rank, rank};
use super::texts::host_rank;
use super::weighted::{all, service, some, weight};
use super::{Answer, Backend, Request};
use crate::{Context, Objects};
use serde_json::Value;

const GROUP: &str = "gateway.networking.k8s.io";

/// The host and the match, the age of the rule, its namespace, and the rule.
type Best<'a> = (((bool, usize), Rank), (&'a str, &'a str, &'a str, usize), &'a str, &'a Value);

pub fn evaluate(cx: &Context<'_>, objects: &Objects, request: &Request) -> Answer {
    let mut best: Option<Best<'_>> = None;
    for (plural, is_grpc) in [("httproutes", false), ("grpcroutes", true)] {
        for (namespace, name, route) in all(objects, |group| group == GROUP, plural) {
            let Some(host) = host(&route["spec"], &request.host) else { continue };
            let age = route["metadata"]["creationTimestamp"].as_str().unwrap_or_default();
            for (place, rule) in route["spec"]["rules"].as_array().into_iter().flatten().enumerate() {
                let Some(rank) = rank(rule, request, is_grpc) else { continue };
                // The oldest, the first by name, the first in its route.
                let later = (age, namespace, name, place);
                let is_better = match &best {
                    None => true,
                    Some((other, earlier, ..)) => (host, rank) > *other || ((host, rank) == *other && later < *earlier),
                };
                if is_better {
                    best = Some(((host, rank), later, namespace, rule));
                }
            }
        }
    }
    let is_passed = best.is_none() && ["httproutes", "grpcroutes"].iter().all(|kind| of(objects, kind).is_empty());
    let passed = ["tlsroutes", "tcproutes"].into_iter().flat_map(|kind| of(objects, kind));
    let passed = passed.filter(|_| is_passed).filter(|(_, _, route)| host(&route["spec"], &request.host).is_some());
    let passed = passed.map(|(namespace, _, route)| (namespace, &route["spec"]["rules"][0]));
    let rule = best.map(|(_, _, namespace, rule)| (namespace, rule)).or_else(|| passed.into_iter().next());
    rule.map(|(namespace, rule)| answer(cx, namespace, rule)).unwrap_or_default()
}

fn of<'a>(objects: &'a Objects, plural: &'static str) -> Vec<(&'a str, &'a str, &'a Value)> {
    all(objects, |group| group == GROUP, plural)
}

fn host(spec: &Value, host: &str) -> Option<(bool, usize)> {
    let names: Vec<&str> = spec["hostnames"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    match names.is_empty() {
        true => Some((false, 0)),
        false => names.into_iter().filter_map(|name| host_rank(name, host)).max(),
    }
}

fn answer(cx: &Context<'_>, namespace: &str, rule: &Value) -> Answer {
    let backend = |reference: &Value| -> Backend {
        let namespace = reference["namespace"].as_str().unwrap_or(namespace);
        service(cx, reference["name"].as_str().unwrap_or_default(), namespace)
    };
    let to = rule["backendRefs"].as_array().into_iter().flatten();
    let to = some(to.map(|reference| (backend(reference), weight(&reference["weight"]).unwrap_or(1))));
    let filters = rule["filters"].as_array().into_iter().flatten();
    let mirrors = filters.filter(|filter| filter["type"] == "RequestMirror").map(|filter| &filter["requestMirror"]);
    let mirrors = mirrors.map(|mirror| {
        let fraction = &mirror["fraction"];
        let of_fraction = weight(&fraction["numerator"])
            .map(|n| n.saturating_mul(100) / weight(&fraction["denominator"]).unwrap_or(100).max(1));
        let percent = weight(&mirror["percent"]).or(of_fraction).unwrap_or(100);
        (backend(&mirror["backendRef"]), percent)
    });
    Answer { to, mirrors: some(mirrors) }
}
