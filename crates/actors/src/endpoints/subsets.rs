use super::address::{Backend, Port};
use k8s_openapi::api::core::v1::{EndpointAddress, EndpointPort, EndpointSubset, Service};
use std::collections::BTreeMap;

/// Backends grouped by the ports they serve. Terminating ones are left out, unless unready ones are published.
pub(super) fn subsets(service: &Service, backends: &[Backend]) -> Vec<EndpointSubset> {
    let spec = service.spec.clone().unwrap_or_default();
    let publish = spec.publish_not_ready_addresses == Some(true);
    let portless = spec.ports.is_none_or(|p| p.is_empty());
    let mut groups: BTreeMap<Vec<Port>, (Vec<EndpointAddress>, Vec<EndpointAddress>)> = BTreeMap::new();
    for backend in backends {
        if (backend.terminating && !publish) || (backend.ports.is_empty() && !portless) {
            continue;
        }
        let (ready, unready) = groups.entry(backend.ports.clone()).or_default();
        let list = if backend.ready || publish { ready } else { unready };
        list.push(EndpointAddress {
            ip: backend.ip.clone(),
            hostname: backend.hostname.clone(),
            node_name: backend.node.clone(),
            target_ref: Some(backend.target.clone()),
        });
    }
    let some = |mut list: Vec<EndpointAddress>| {
        list.sort_by(|a, b| a.ip.cmp(&b.ip));
        Some(list).filter(|l| !l.is_empty())
    };
    let subset = |(ports, (ready, unready)): (Vec<Port>, _)| EndpointSubset {
        addresses: some(ready),
        not_ready_addresses: some(unready),
        ports: Some(ports.iter().map(port).collect()).filter(|p: &Vec<_>| !p.is_empty()),
    };
    groups.into_iter().map(subset).collect()
}

fn port(port: &Port) -> EndpointPort {
    EndpointPort {
        name: port.name.clone(),
        port: port.number,
        protocol: Some(port.protocol.clone()),
        app_protocol: port.app_protocol.clone(),
    }
}
