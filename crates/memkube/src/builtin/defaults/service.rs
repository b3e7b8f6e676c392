//! Services.

use rollouts_api::pod_template::json::{child, fill, fill_zero, get, int, items, object, set, text};
use serde_json::{Value, json};

/// Seconds for which a client sticks to one pod.
const STICKY_SECONDS: i64 = 10_800;

pub(super) fn defaults(service: &mut Value) {
    let spec = child(service, "spec");
    fill_zero(spec, "sessionAffinity", "None");
    if text(spec, "sessionAffinity") == "None" {
        object(spec).remove("sessionAffinityConfig");
    } else {
        fill(child(child(spec, "sessionAffinityConfig"), "clientIP"), "timeoutSeconds", STICKY_SECONDS);
    }
    fill_zero(spec, "type", "ClusterIP");
    for port in items(spec, "ports") {
        fill_zero(port, "protocol", "TCP");
        let number = int(port, "port").unwrap_or_default();
        fill_zero(port, "targetPort", number);
    }
    let kind = text(spec, "type").to_string();
    let external_ips = get(spec, "externalIPs").and_then(Value::as_array).is_some_and(|ips| !ips.is_empty());
    let external = matches!(kind.as_str(), "NodePort" | "LoadBalancer") || (kind == "ClusterIP" && external_ips);
    if external {
        fill_zero(spec, "externalTrafficPolicy", "Cluster");
    }
    if kind != "ExternalName" {
        fill(spec, "internalTrafficPolicy", "Cluster");
    }
    if kind == "LoadBalancer" {
        fill(spec, "allocateLoadBalancerNodePorts", true);
        if let Some(balancer) = service.get_mut("status").and_then(|s| s.get_mut("loadBalancer")) {
            for ingress in items(balancer, "ingress").filter(|i| !text(i, "ip").is_empty()) {
                if get(ingress, "ipMode").is_none() {
                    set(ingress, "ipMode", json!("VIP"));
                }
            }
        }
    }
}
