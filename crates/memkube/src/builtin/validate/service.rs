//! Services.

use rollouts_api::field::{BadValue, FieldError, Path};
use rollouts_api::pod_template::json::{get, int, list, text, texts};
use rollouts_api::pod_template::validate::{Errors, complain, labels};
use rollouts_api::syntax;
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(super) fn check(obj: &Value, old: Option<&Value>, errors: &mut Errors) {
    let (spec, path) = (&obj["spec"], Path::new("spec"));
    if let Some(old) = old {
        address_kept(spec, &old["spec"], &path, errors);
    }
    let kind = text(spec, "type");
    let headless = texts(spec, "clusterIPs").first() == Some(&"None") || text(spec, "clusterIP") == "None";
    let ports = list(spec, "ports");
    if ports.is_empty() && !headless && kind != "ExternalName" {
        errors.push(FieldError::required(&path.child("ports"), ""));
    }
    if headless && matches!(kind, "LoadBalancer" | "NodePort") {
        let detail = format!("may not be set to 'None' for {kind} services");
        errors.push(FieldError::invalid(&path.child("clusterIPs").index(0), "None", detail));
    }
    if kind == "ExternalName" {
        external_name(spec, &path, errors);
    }
    let mut names = BTreeSet::new();
    for (i, port) in ports.iter().enumerate() {
        one_port(port, ports.len() > 1, &mut names, &path.child("ports").index(i), errors);
    }
    labels(spec, "selector", &path.child("selector"), errors);
    one_of(errors, &path.child("sessionAffinity"), text(spec, "sessionAffinity"), &["ClientIP", "None"]);
    for (i, ip) in texts(spec, "externalIPs").into_iter().enumerate() {
        if ip.parse::<std::net::IpAddr>().is_err() {
            let detail = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
            errors.push(FieldError::invalid(&path.child("externalIPs").index(i), ip, detail));
        }
    }
    one_of(errors, &path.child("type"), kind, &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]);
    unique_ports(kind, ports, &path.child("ports"), errors);
    if kind != "LoadBalancer" && get(spec, "allocateLoadBalancerNodePorts").is_some() {
        let detail = "may only be used when `type` is 'LoadBalancer'";
        errors.push(FieldError::forbidden(&path.child("allocateLoadBalancerNodePorts"), detail));
    }
    traffic_policies(spec, kind, &path, errors);
}

fn one_of(errors: &mut Errors, path: &Path, value: &str, supported: &[&str]) {
    if !supported.contains(&value) {
        errors.push(FieldError::not_supported(path, value, supported));
    }
}

fn address_kept(spec: &Value, old: &Value, path: &Path, errors: &mut Errors) {
    let (new_ips, old_ips) = (texts(spec, "clusterIPs"), texts(old, "clusterIPs"));
    let external = [spec, old].into_iter().any(|s| text(s, "type") == "ExternalName");
    let path = path.child("clusterIPs").index(0);
    let shown = || BadValue::from(get(spec, "clusterIPs").unwrap_or(&Value::Null));
    if !external && !old_ips.is_empty() {
        if new_ips.is_empty() {
            errors.push(FieldError::invalid(&path, shown(), "primary clusterIP can not be unset"));
        } else if new_ips[0] != old_ips[0] {
            errors.push(FieldError::invalid(&path, shown(), "may not change once set"));
        }
    }
}

fn external_name(spec: &Value, path: &Path, errors: &mut Errors) {
    for key in ["clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
        let set = get(spec, key).is_some_and(|v| v.as_array().is_none_or(|items| !items.is_empty()));
        if set {
            errors.push(FieldError::forbidden(&path.child(key), "may not be set for ExternalName services"));
        }
    }
    let name = text(spec, "externalName");
    let path = path.child("externalName");
    match name.strip_suffix('.').unwrap_or(name) {
        "" => errors.push(FieldError::required(&path, "")),
        name => complain(errors, &path, name, syntax::dns_subdomain(name)),
    }
}

fn one_port<'a>(port: &'a Value, named: bool, names: &mut BTreeSet<&'a str>, path: &Path, errors: &mut Errors) {
    let name = text(port, "name");
    if name.is_empty() && named {
        errors.push(FieldError::required(&path.child("name"), ""));
    } else if !name.is_empty() {
        complain(errors, &path.child("name"), name, syntax::dns_label(name));
        if !names.insert(name) {
            errors.push(FieldError::duplicate(&path.child("name"), name));
        }
    }
    let number = int(port, "port").unwrap_or_default();
    complain(errors, &path.child("port"), number, syntax::port_number(number));
    one_of(errors, &path.child("protocol"), text(port, "protocol"), &["SCTP", "TCP", "UDP"]);
    let target = path.child("targetPort");
    match port.get("targetPort").and_then(Value::as_str) {
        Some(name) => complain(errors, &target, name, syntax::port_name(name)),
        None => {
            let number = int(port, "targetPort").unwrap_or_default();
            complain(errors, &target, number, syntax::port_number(number));
        }
    }
}

fn unique_ports(kind: &str, ports: &[Value], path: &Path, errors: &mut Errors) {
    let node_port = |port: &Value| int(port, "nodePort").unwrap_or_default();
    if kind == "ClusterIP" {
        for (i, _) in ports.iter().enumerate().filter(|(_, port)| node_port(port) != 0) {
            let detail = "may not be used when `type` is 'ClusterIP'";
            errors.push(FieldError::forbidden(&path.index(i).child("nodePort"), detail));
        }
    }
    let mut taken = BTreeSet::new();
    for (i, port) in ports.iter().enumerate().filter(|(_, port)| node_port(port) != 0) {
        if !taken.insert((text(port, "protocol"), node_port(port))) {
            errors.push(FieldError::duplicate(&path.index(i).child("nodePort"), node_port(port)));
        }
    }
    let mut taken = BTreeSet::new();
    for (i, port) in ports.iter().enumerate() {
        let (protocol, number) = (text(port, "protocol"), int(port, "port").unwrap_or_default());
        if !taken.insert((protocol, number)) {
            // Kubernetes shows its internal struct.
            let shown = json!({"Name": "", "Protocol": protocol, "AppProtocol": null, "Port": number, "TargetPort": 0,
                "NodePort": 0});
            errors.push(FieldError::duplicate(&path.index(i), &shown));
        }
    }
}

fn traffic_policies(spec: &Value, kind: &str, path: &Path, errors: &mut Errors) {
    let external = text(spec, "externalTrafficPolicy");
    let reachable = matches!(kind, "NodePort" | "LoadBalancer") || !list(spec, "externalIPs").is_empty();
    let external_path = path.child("externalTrafficPolicy");
    if reachable {
        one_of(errors, &external_path, external, &["Cluster", "Local"]);
    } else if !external.is_empty() {
        let detail = "may only be set for externally-accessible services";
        errors.push(FieldError::invalid(&external_path, external, detail));
    }
    if kind != "ExternalName" {
        let internal = text(spec, "internalTrafficPolicy");
        one_of(errors, &path.child("internalTrafficPolicy"), internal, &["Cluster", "Local"]);
    }
}
