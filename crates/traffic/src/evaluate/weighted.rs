//! Lists of backends with weights.

use super::Backend;
use crate::{Context, Objects};
use serde_json::Value;
use std::collections::BTreeSet;

/// Backends, each with its weight.
pub type Weighted = Vec<(Backend, u32)>;

/// The objects of a kind, in any version, with their namespaces, by namespace and name.
pub fn all<'a>(
    objects: &'a Objects,
    is_group: impl Fn(&str) -> bool,
    plural: &'static str,
) -> Vec<(&'a str, &'a str, &'a Value)> {
    let of_kind = objects.iter().filter(|(at, _)| at.kind.plural == plural && is_group(&at.kind.group));
    let mut all: Vec<_> = of_kind.map(|(at, object)| (at.namespace.as_str(), at.name.as_str(), &**object)).collect();
    all.sort_by_key(|(namespace, name, _)| (*namespace, *name));
    all
}

/// The same where the Rollout is.
pub fn here<'a>(
    cx: &Context<'_>,
    objects: &'a Objects,
    is_group: impl Fn(&str) -> bool,
    plural: &'static str,
) -> Vec<(&'a str, &'a Value)> {
    let ours =
        all(objects, is_group, plural).into_iter().filter(|(n, ..)| *n == cx.rollout.metadata.namespace.as_str());
    ours.map(|(_, name, object)| (name, object)).collect()
}

/// The Ingresses of the classes that those with these names have: other classes belong to other controllers. The oldest
/// first.
pub fn of_classes<'a>(cx: &Context<'_>, objects: &'a Objects, names: &[&str]) -> Vec<&'a Value> {
    let mut all = here(cx, objects, |group| group == "networking.k8s.io", "ingresses");
    let classes: BTreeSet<Option<&str>> =
        all.iter().filter(|(name, _)| names.contains(name)).map(|(_, ingress)| class(ingress)).collect();
    all.retain(|(_, ingress)| classes.contains(&class(ingress)));
    all.sort_by_key(|(_, ingress)| ingress["metadata"]["creationTimestamp"].as_str());
    all.into_iter().map(|(_, ingress)| ingress).collect()
}

fn class(ingress: &Value) -> Option<&str> {
    let annotated = || ingress["metadata"]["annotations"]["kubernetes.io/ingress.class"].as_str();
    ingress["spec"]["ingressClassName"].as_str().or_else(annotated)
}

/// A Service in the namespace, as seen from the Rollout.
pub fn service(cx: &Context<'_>, name: &str, namespace: &str) -> Backend {
    let is_here = namespace == cx.rollout.metadata.namespace.as_str();
    let service = if is_here { name.to_string() } else { format!("{name}.{namespace}") };
    Backend { service, ..Backend::default() }
}

/// A Service by its name in DNS: short, or with its namespace and more.
pub fn service_by_host(cx: &Context<'_>, host: &str, namespace: &str) -> Backend {
    let mut parts = host.split('.');
    let name = parts.next().unwrap_or_default();
    service(cx, name, parts.next().unwrap_or(namespace))
}

/// A weight: a number, or a quantity in text, of which thousandths are rounded down. `None` if it says nothing.
pub fn weight(value: &Value) -> Option<u32> {
    let whole = |n: u64| u32::try_from(n).ok();
    match value {
        Value::Number(number) => number.as_u64().and_then(whole),
        Value::String(text) => match text.strip_suffix('m') {
            Some(thousandths) => thousandths.parse::<u64>().ok().and_then(|n| whole(n / 1000)),
            None => text.parse().ok(),
        },
        _ => None,
    }
}

/// Entries that lead to several backends each, as one list with the same shares. Those without weight are left out.
pub fn flat(entries: Vec<(Weighted, u32)>) -> Weighted {
    let sum = |list: &Weighted| list.iter().map(|(_, weight)| u64::from(*weight)).sum::<u64>();
    let entries: Vec<_> = entries.into_iter().filter(|(list, weight)| *weight > 0 && sum(list) > 0).collect();
    let whole = entries.iter().map(|(list, _)| sum(list)).fold(1, least_common_multiple);
    let mut all: Vec<(Backend, u64)> = Vec::new();
    for (list, weight) in entries {
        let each = u64::from(weight).saturating_mul(whole / sum(&list).max(1));
        all.extend(list.into_iter().map(|(backend, inner)| (backend, each.saturating_mul(u64::from(inner)))));
    }
    let divisor = all.iter().map(|(_, weight)| *weight).fold(0, greatest_common_divisor).max(1);
    let small = |weight: u64| u32::try_from(weight / divisor).unwrap_or(u32::MAX);
    all.into_iter().filter(|(_, weight)| *weight > 0).map(|(backend, weight)| (backend, small(weight))).collect()
}

/// The list without what has no weight.
pub fn some(list: impl IntoIterator<Item = (Backend, u32)>) -> Weighted {
    list.into_iter().filter(|(_, weight)| *weight > 0).collect()
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

fn least_common_multiple(a: u64, b: u64) -> u64 {
    match greatest_common_divisor(a, b) {
        0 => 1,
        divisor => (a / divisor).saturating_mul(b),
    }
}
