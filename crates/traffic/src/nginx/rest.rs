//! What the default backend of an Ingress gets: the rest of the hosts that its rules name, or without rules what no Ingress
//! has. ingress-nginx keeps that at the path `/`, and merges the canary's rule for `/` with it. The default backend of a
//! canary Ingress it merges with what all others lead from no host in particular; and a canary that has anything that cannot
//! be merged gets nothing at all.

use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Why a default backend gets nothing, and what to do.
pub const NOTHING: &str = "ingress-nginx asks spec.defaultBackend only for hosts that spec.rules name, and only where no rule \
                           is for `/`: give the Ingress a rule for `/` that leads to the Service";

/// Rules that lead to `backend` what goes to the default backend of an Ingress with this spec.
pub fn rules(spec: &Value, backend: &Value) -> Vec<Value> {
    let paths = json!([{ "path": "/", "pathType": "Prefix", "backend": backend }]);
    let old = spec["rules"].as_array().map(Vec::as_slice).unwrap_or_default();
    if old.is_empty() {
        return vec![json!({ "http": { "paths": paths } })];
    }
    let mut seen: BTreeSet<&str> = old.iter().filter(|rule| has_root(rule)).map(host).collect();
    // What has no host that is named, only an Ingress without rules decides on.
    seen.insert("");
    let hosts = old.iter().map(host).filter(|host| seen.insert(host));
    hosts.map(|host| json!({ "host": host, "http": { "paths": paths } })).collect()
}

/// Whether the rules lead anything to `backend`.
pub fn has(rules: &[Value], backend: &Value) -> bool {
    rules.iter().flat_map(paths).any(|path| path["backend"] == *backend)
}

fn host(rule: &Value) -> &str {
    rule["host"].as_str().unwrap_or_default()
}

fn paths(rule: &Value) -> impl Iterator<Item = &Value> {
    rule["http"]["paths"].as_array().into_iter().flatten()
}

/// Whether it says where everything goes that has no path of its own.
fn has_root(rule: &Value) -> bool {
    let is_root = |path: &Value| path["path"].as_str().is_none_or(|path| matches!(path, "" | "/"));
    paths(rule).any(|path| path["pathType"] != "Exact" && path["backend"]["service"].is_object() && is_root(path))
}
