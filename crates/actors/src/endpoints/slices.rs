use super::Actor;
use super::address::{Backend, Port};
use crate::machinery::{Key, controller_ref, is_namespace_terminating, is_not_found, is_uncertain, owned_by};
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt;
use kube::api::{DeleteParams, PostParams};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

const SERVICE_LABEL: &str = "kubernetes.io/service-name";
const MANAGED_BY_LABEL: &str = "endpointslice.kubernetes.io/managed-by";
const MANAGER: &str = "endpointslice-controller.k8s.io";
const ENDPOINTS_PER_SLICE: usize = 100;

/// The service that a slice of ours belongs to.
pub(super) fn service_of(slice: &EndpointSlice) -> Option<Key> {
    let labels = slice.labels();
    let ours = labels.get(MANAGED_BY_LABEL).is_some_and(|m| m == MANAGER);
    let service = labels.get(SERVICE_LABEL).filter(|_| ours)?;
    Some(Key::new(slice.namespace().unwrap_or_default(), service))
}

/// The wanted content of one slice.
type Content = (Vec<EndpointPort>, Vec<Endpoint>);

fn contents(service: &Service, backends: &[Backend]) -> Vec<Content> {
    let spec = service.spec.clone().unwrap_or_default();
    let publish = spec.publish_not_ready_addresses == Some(true);
    let mut groups: BTreeMap<Vec<Port>, Vec<Endpoint>> = BTreeMap::new();
    for backend in backends {
        groups.entry(backend.ports.clone()).or_default().push(endpoint(backend, publish));
    }
    let slices = groups.into_iter().flat_map(|(ports, endpoints)| {
        let ports: Vec<EndpointPort> = ports.iter().map(port).collect();
        let chunks = endpoints.chunks(ENDPOINTS_PER_SLICE).map(move |chunk| (ports.clone(), chunk.to_vec()));
        chunks.collect::<Vec<_>>()
    });
    let slices: Vec<Content> = slices.collect();
    // A service without backends has one empty slice.
    if slices.is_empty() { vec![(Vec::new(), Vec::new())] } else { slices }
}

fn endpoint(backend: &Backend, publish: bool) -> Endpoint {
    Endpoint {
        addresses: vec![backend.ip.clone()],
        conditions: Some(EndpointConditions {
            ready: Some(publish || (backend.ready && !backend.terminating)),
            serving: Some(backend.ready),
            terminating: Some(backend.terminating),
        }),
        hostname: backend.hostname.clone(),
        node_name: backend.node.clone(),
        target_ref: Some(backend.target.clone()),
        ..Default::default()
    }
}

fn port(port: &Port) -> EndpointPort {
    EndpointPort {
        name: Some(port.name.clone().unwrap_or_default()),
        port: Some(port.number),
        protocol: Some(port.protocol.clone()),
        app_protocol: port.app_protocol.clone(),
    }
}

impl Actor {
    pub(super) async fn write_slices(&self, key: &Key, service: &Service, backends: &[Backend]) -> kube::Result<()> {
        let ours = self.slices.in_namespace(&key.namespace).into_iter();
        let mut existing: VecDeque<Arc<EndpointSlice>> =
            ours.filter(|s| service_of(s).as_ref() == Some(key) && owned_by(&s.metadata, &service.metadata)).collect();
        let api = self.ctx.api::<EndpointSlice>(&key.namespace);
        for (ports, endpoints) in contents(service, backends) {
            let old = existing.pop_front();
            let mut want = old.as_deref().cloned().unwrap_or_default();
            want.address_type = "IPv4".into();
            want.ports = Some(ports).filter(|p| !p.is_empty());
            want.endpoints = endpoints;
            describe(&mut want.metadata, key, service, old.is_none());
            if old.as_deref().is_some_and(|old| same(old, &want)) {
                continue;
            }
            let written = match old {
                Some(_) => api.replace(&want.name_any(), &PostParams::default(), &want).await,
                None => api.create(&PostParams::default(), &want).await,
            };
            match written {
                Ok(written) => self.slices.seen(&written).await,
                Err(e) if is_namespace_terminating(&e) => return Ok(()),
                Err(e) => {
                    if is_uncertain(&e) {
                        self.slices.refresh().await;
                    }
                    return Err(e);
                }
            }
        }
        for surplus in existing {
            match api.delete(&surplus.name_any(), &DeleteParams::default()).await {
                Err(e) if !is_not_found(&e) => return Err(e),
                _ => self.slices.seen_deleted(&Key::of(&surplus.metadata), &surplus.uid().unwrap_or_default()).await,
            }
        }
        Ok(())
    }
}

fn describe(meta: &mut ObjectMeta, key: &Key, service: &Service, new: bool) {
    let mut labels = service.metadata.labels.clone().unwrap_or_default();
    if service.spec.as_ref().and_then(|s| s.cluster_ip.as_deref()) == Some("None") {
        labels.insert(super::HEADLESS_LABEL.into(), String::new());
    }
    labels.insert(SERVICE_LABEL.into(), key.name.clone());
    labels.insert(MANAGED_BY_LABEL.into(), MANAGER.into());
    meta.labels = Some(labels);
    meta.namespace = Some(key.namespace.clone());
    if new {
        meta.generate_name = Some(format!("{}-", key.name));
        meta.owner_references = Some(vec![controller_ref(service)]);
    }
}

/// The server may write absent lists as empty ones.
fn same(a: &EndpointSlice, b: &EndpointSlice) -> bool {
    a.metadata.labels == b.metadata.labels
        && a.ports.clone().unwrap_or_default() == b.ports.clone().unwrap_or_default()
        && a.endpoints == b.endpoints
}
