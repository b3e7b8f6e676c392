//! Services, endpoints, ingresses and network policies.

use super::format::{NONE, age, first, labels, load_balancer, name, number, or_none, selector};
use jiff::Timestamp;
use rollouts_api::pod_template::json::{get, int, list, text, texts};
use serde_json::Value;

/// How many endpoints and ports a cell shows.
const SHOWN: usize = 3;

pub(super) fn service(obj: &Value, now: Timestamp) -> Vec<Value> {
    let spec = &obj["spec"];
    let internal = texts(spec, "clusterIPs").first().copied().unwrap_or(NONE);
    let ports: Vec<String> = list(spec, "ports")
        .iter()
        .map(|port| {
            let node = int(port, "nodePort").filter(|n| *n > 0).map_or_else(String::new, |n| format!(":{n}"));
            format!("{}{node}/{}", number(port, "port"), text(port, "protocol"))
        })
        .collect();
    vec![
        name(obj),
        text(spec, "type").into(),
        internal.into(),
        external(obj).into(),
        or_none(&ports.join(",")).into(),
        age(obj, now),
        labels(spec, "selector").into(),
    ]
}

fn external(obj: &Value) -> String {
    let spec = &obj["spec"];
    let ips = texts(spec, "externalIPs").join(",");
    match text(spec, "type") {
        "ClusterIP" | "NodePort" => or_none(&ips).to_string(),
        "LoadBalancer" => match (load_balancer(obj).as_str(), ips.as_str()) {
            ("", "") => "<pending>".to_string(),
            (one, "") | ("", one) => one.to_string(),
            (balancer, ips) => format!("{balancer},{ips}"),
        },
        "ExternalName" => text(spec, "externalName").to_string(),
        _ => "<unknown>".to_string(),
    }
}

/// `IP:PORT`, with brackets around an IPv6 address.
fn host_port(ip: &str, port: &Value) -> String {
    let port = number(port, "port");
    if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") }
}

pub(super) fn endpoints(obj: &Value, now: Timestamp) -> Vec<Value> {
    let mut shown = Vec::new();
    for subset in list(obj, "subsets") {
        let ips: Vec<&str> = list(subset, "addresses").iter().map(|a| text(a, "ip")).collect();
        let ports = list(subset, "ports");
        if ports.is_empty() {
            shown.extend(ips.iter().map(ToString::to_string));
        }
        shown.extend(ports.iter().flat_map(|port| ips.iter().map(move |ip| host_port(ip, port))));
    }
    let empty = if list(obj, "subsets").is_empty() { NONE } else { "" };
    vec![name(obj), first(&shown, SHOWN, empty).into(), age(obj, now)]
}

pub(super) fn endpoint_slice(obj: &Value, now: Timestamp) -> Vec<Value> {
    let port = |port: &Value| match int(port, "port") {
        Some(number) => number.to_string(),
        None if get(port, "name").is_some() => text(port, "name").to_string(),
        None => "*".to_string(),
    };
    let ports: Vec<String> = list(obj, "ports").iter().map(port).collect();
    let addresses = list(obj, "endpoints").iter().flat_map(|e| texts(e, "addresses"));
    let addresses: Vec<String> = addresses.map(str::to_string).collect();
    vec![
        name(obj),
        text(obj, "addressType").into(),
        first(&ports, SHOWN, "<unset>").into(),
        first(&addresses, SHOWN, "<unset>").into(),
        age(obj, now),
    ]
}

pub(super) fn ingress(obj: &Value, now: Timestamp) -> Vec<Value> {
    let spec = &obj["spec"];
    let rules = list(spec, "rules");
    let hosts: Vec<&str> = rules.iter().map(|rule| text(rule, "host")).filter(|host| !host.is_empty()).collect();
    let hosts = match hosts.len() {
        0 => "*".to_string(),
        // Kubernetes counts the rules here, not the hosts.
        n if n > SHOWN => format!("{} + {} more...", hosts[..SHOWN].join(","), rules.len() - SHOWN),
        _ => hosts.join(","),
    };
    vec![
        name(obj),
        or_none(text(spec, "ingressClassName")).into(),
        hosts.into(),
        load_balancer(obj).into(),
        if list(spec, "tls").is_empty() { "80" } else { "80, 443" }.into(),
        age(obj, now),
    ]
}

pub(super) fn ingress_class(obj: &Value, now: Timestamp) -> Vec<Value> {
    let spec = &obj["spec"];
    let parameters = get(spec, "parameters").map_or_else(
        || NONE.to_string(),
        |p| {
            let group = get(p, "apiGroup").map_or_else(String::new, |_| format!(".{}", text(p, "apiGroup")));
            format!("{}{group}/{}", text(p, "kind"), text(p, "name"))
        },
    );
    vec![name(obj), text(spec, "controller").into(), parameters.into(), age(obj, now)]
}

pub(super) fn policy(obj: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(obj), selector(&obj["spec"], "podSelector").into(), age(obj, now)]
}
