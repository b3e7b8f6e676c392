//! Services: addresses and node ports.

use crate::builtin::Ctx;
use rollouts_api::pod_template::json::{child, fill, get, int, items, list, object, set, text, texts};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// First address of the services' network, 10.96.0.0/12. The next one is the API server's own.
const NETWORK: u32 = u32::from_be_bytes([10, 96, 0, 0]);
/// Bits of an address that name the network.
const NETWORK_MASK: u32 = 0xfff0_0000;
/// Addresses in the network, less the first two and the broadcast address.
const ADDRESSES: u64 = (1 << 20) - 3;
const FIRST_NODE_PORT: i64 = 30_000;
const NODE_PORTS: u64 = 2_768;
/// How often a random address or port is drawn before the search goes on in order.
const DRAWS: usize = 16;

/// Whether the cluster could give a Service this address.
pub(in crate::builtin) fn in_network(ip: Ipv4Addr) -> bool {
    u32::from(ip) & NETWORK_MASK == NETWORK
}

pub(super) fn create(service: &mut Value, ctx: &Ctx<'_>) {
    allocate(service, ctx);
}

/// Keeps addresses and node ports that the new version does not name, drops those its type has no use for, and
/// allocates what is missing.
pub(super) fn update(service: &mut Value, old: &Value, ctx: &Ctx<'_>) {
    let (old_spec, spec) = (&old["spec"], child(service, "spec"));
    let had_address = text(old_spec, "type") != "ExternalName";
    // The single address speaks for the list when only that was changed.
    let given = text(spec, "clusterIP").to_owned();
    if !given.is_empty()
        && given != text(old_spec, "clusterIP")
        && get(spec, "clusterIPs") == get(old_spec, "clusterIPs")
    {
        set(spec, "clusterIPs", json!([given]));
    }
    if needs_address(spec) && had_address {
        for key in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            let unset = get(spec, key).is_none_or(|v| v == "" || v.as_array().is_some_and(Vec::is_empty));
            if let Some(value) = get(old_spec, key).filter(|_| unset) {
                set(spec, key, value.clone());
            }
        }
    } else if !needs_address(spec) && had_address {
        for key in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            if get(spec, key) == get(old_spec, key) {
                object(spec).remove(key);
            }
        }
    }
    keep_node_ports(spec, old_spec);
    if text(old_spec, "type") == "LoadBalancer" && text(spec, "type") != "LoadBalancer" {
        for key in ["allocateLoadBalancerNodePorts", "loadBalancerClass", "healthCheckNodePort"] {
            if get(spec, key) == get(old_spec, key) {
                object(spec).remove(key);
            }
        }
        set(service, "status", json!({}));
    }
    let spec = child(service, "spec");
    if !needs_node_ports(spec) && list(spec, "externalIPs").is_empty() {
        let same = get(spec, "externalTrafficPolicy") == get(old_spec, "externalTrafficPolicy");
        if same && needs_node_ports(old_spec) {
            object(spec).remove("externalTrafficPolicy");
        }
    }
    allocate(service, ctx);
}

/// Carries node ports over by the names of the ports, or forgets them all.
fn keep_node_ports(spec: &mut Value, old: &Value) {
    let ports_of = |spec: &Value| -> Vec<i64> {
        list(spec, "ports").iter().map(|p| int(p, "nodePort").unwrap_or_default()).collect()
    };
    if !needs_node_ports(spec) {
        if needs_node_ports(old) && ports_of(spec) == ports_of(old) {
            for port in items(spec, "ports") {
                object(port).remove("nodePort");
            }
        }
        return;
    }
    let mut used: BTreeSet<i64> = ports_of(spec).into_iter().filter(|n| *n != 0).collect();
    for port in items(spec, "ports").filter(|p| int(p, "nodePort").unwrap_or_default() == 0) {
        let former = list(old, "ports").iter().find(|p| text(p, "name") == text(port, "name"));
        let number = former.and_then(|p| int(p, "nodePort")).filter(|n| *n != 0);
        if let Some(number) = number.filter(|n| used.insert(*n)) {
            set(port, "nodePort", number);
        }
    }
}

fn needs_address(spec: &Value) -> bool {
    text(spec, "type") != "ExternalName"
}

fn needs_node_ports(spec: &Value) -> bool {
    match text(spec, "type") {
        "NodePort" => true,
        "LoadBalancer" => get(spec, "allocateLoadBalancerNodePorts") != Some(&Value::Bool(false)),
        _ => false,
    }
}

fn allocate(service: &mut Value, ctx: &Ctx<'_>) {
    let spec = child(service, "spec");
    if needs_address(spec) {
        addresses(spec, ctx);
    } else {
        object(spec).remove("internalTrafficPolicy");
    }
    if needs_node_ports(spec) {
        node_ports(spec, ctx);
    }
}

fn addresses(spec: &mut Value, ctx: &Ctx<'_>) {
    let mut given = text(spec, "clusterIP").to_string();
    if given.is_empty() {
        given = texts(spec, "clusterIPs").first().map_or_else(String::new, ToString::to_string);
    }
    if given.is_empty() {
        given = free_address(ctx);
    }
    set(spec, "clusterIP", given.clone());
    if texts(spec, "clusterIPs").is_empty() {
        set(spec, "clusterIPs", json!([given]));
    }
    // Nobody knows the families of a headless Service whose endpoints are made elsewhere.
    let open = given == "None" && get(spec, "selector").is_none_or(|s| s.as_object().is_some_and(|s| s.is_empty()));
    fill(spec, "ipFamilyPolicy", if open { "RequireDualStack" } else { "SingleStack" });
    if texts(spec, "ipFamilies").is_empty() {
        let dual = open && text(spec, "ipFamilyPolicy") != "SingleStack";
        let families: &[&str] = match given.contains(':') {
            _ if dual => &["IPv4", "IPv6"],
            true => &["IPv6"],
            false => &["IPv4"],
        };
        set(spec, "ipFamilies", json!(families));
    }
}

fn free_address(ctx: &Ctx<'_>) -> String {
    let services = ctx.world.list("", "services");
    let taken: BTreeSet<&str> = services.into_iter().flat_map(|s| texts(&s["spec"], "clusterIPs")).collect();
    let address = |offset: u64| {
        let offset = u32::try_from(offset % ADDRESSES).unwrap_or_default();
        Ipv4Addr::from(NETWORK + 2 + offset).to_string()
    };
    free(ctx, ADDRESSES, |offset| Some(address(offset)).filter(|ip| !taken.contains(ip.as_str()))).unwrap_or_default()
}

fn node_ports(spec: &mut Value, ctx: &Ctx<'_>) {
    let services = ctx.world.list("", "services");
    let mut taken: BTreeSet<i64> = services
        .into_iter()
        .flat_map(|s| list(&s["spec"], "ports"))
        .chain(list(spec, "ports"))
        .filter_map(|port| int(port, "nodePort"))
        .collect();
    for port in items(spec, "ports").filter(|port| int(port, "nodePort").unwrap_or_default() == 0) {
        let number = |offset: u64| FIRST_NODE_PORT + i64::try_from(offset % NODE_PORTS).unwrap_or_default();
        let found = free(ctx, NODE_PORTS, |offset| Some(number(offset)).filter(|n| !taken.contains(n)));
        if let Some(number) = found {
            taken.insert(number);
            set(port, "nodePort", number);
        }
    }
}

/// Something free among `count` candidates: a random one, or the next after the last draw.
fn free<T>(ctx: &Ctx<'_>, count: u64, candidate: impl Fn(u64) -> Option<T>) -> Option<T> {
    let mut offset = 0;
    for _ in 0..DRAWS {
        offset = ctx.rng.below(count);
        if let Some(found) = candidate(offset) {
            return Some(found);
        }
    }
    (1..count).find_map(|step| candidate(offset + step))
}
