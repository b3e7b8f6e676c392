//! Configuration of Envoy, and the parts of it that all products make.

use crate::backends::Backends;
use crate::client::DICE;
use serde_json::{Value, json};
use std::net::SocketAddr;

/// An Envoy at this address, with a cluster for each backend.
pub fn bootstrap(hosts: &[Value], backends: &Backends, address: SocketAddr) -> Value {
    let kind = |name: &str| format!("type.googleapis.com/envoy.extensions.filters.{name}");
    let router = json!({
        "name": "envoy.filters.http.router",
        "typed_config": { "@type": kind("http.router.v3.Router") },
    });
    let manager = json!({
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": {
            "@type": kind("network.http_connection_manager.v3.HttpConnectionManager"),
            "stat_prefix": "front",
            "route_config": { "virtual_hosts": hosts },
            "http_filters": [router],
        },
    });
    let clusters: Vec<Value> = backends.addresses.iter().map(|(name, address)| cluster(name, *address)).collect();
    json!({ "static_resources": {
        "listeners": [{ "address": socket(address), "filter_chains": [{ "filters": [manager] }] }],
        "clusters": clusters,
    } })
}

fn socket(address: SocketAddr) -> Value {
    json!({ "socket_address": { "address": address.ip().to_string(), "port_value": address.port() } })
}

fn cluster(name: &str, address: SocketAddr) -> Value {
    let endpoints = json!([{ "lb_endpoints": [{ "endpoint": { "address": socket(address) } }] }]);
    json!({ "name": name, "load_assignment": { "cluster_name": name, "endpoints": endpoints } })
}

/// A route to clusters by weight, with copies to clusters.
pub fn route(matches: &Value, clusters: &[(String, u64)], mirrors: &[(String, Value)]) -> Value {
    if clusters.iter().all(|(_, weight)| *weight == 0) {
        return json!({ "match": matches, "direct_response": { "status": 500 } });
    }
    let clusters: Vec<Value> =
        clusters.iter().map(|(name, weight)| json!({ "name": name, "weight": weight })).collect();
    let mirrors: Vec<Value> = mirrors
        .iter()
        .map(|(name, share)| json!({ "cluster": name, "runtime_fraction": { "default_value": share } }))
        .collect();
    json!({ "match": matches, "route": {
        "weighted_clusters": { "clusters": clusters, "header_name": DICE },
        "request_mirror_policies": mirrors,
    } })
}

/// A virtual host for these names.
pub fn virtual_host(name: &str, domains: &[&str], routes: Vec<Value>) -> Value {
    json!({ "name": name, "domains": domains, "routes": routes })
}

/// A matcher of Envoy's for a text.
pub fn regex(regex: &Value) -> Value {
    json!({ "safe_regex": { "regex": regex } })
}
