use crate::machinery::{is_ready, is_terminating, node_of};
use k8s_openapi::api::core::v1::{ObjectReference, Pod, Service, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::ResourceExt;
use std::sync::Arc;

/// A port as a backend serves it: name, number, protocol, application protocol.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Port {
    pub name: Option<String>,
    pub number: i32,
    pub protocol: String,
    pub app_protocol: Option<String>,
}

/// A pod behind a service.
#[derive(Debug, Clone)]
pub(super) struct Backend {
    pub ports: Vec<Port>,
    pub ip: String,
    pub hostname: Option<String>,
    pub node: Option<String>,
    pub target: ObjectReference,
    pub ready: bool,
    pub terminating: bool,
}

/// The pods that have an address, by name.
pub(super) fn backends(service: &Service, pods: &[Arc<Pod>]) -> Vec<Backend> {
    let subdomain = service.name_any();
    let ports = service.spec.as_ref().and_then(|s| s.ports.as_deref()).unwrap_or_default();
    let backend = |pod: &Arc<Pod>| {
        let ip = pod.status.as_ref()?.pod_ip.clone().filter(|ip| !ip.is_empty())?;
        let spec = pod.spec.as_ref()?;
        let named = spec.subdomain.as_deref() == Some(&subdomain);
        Some(Backend {
            ports: ports.iter().filter_map(|p| port(p, pod)).collect(),
            ip,
            hostname: spec.hostname.clone().filter(|_| named),
            node: node_of(pod).map(String::from),
            target: ObjectReference {
                kind: Some("Pod".into()),
                namespace: pod.namespace(),
                name: Some(pod.name_any()),
                uid: pod.uid(),
                ..Default::default()
            },
            ready: is_ready(pod),
            terminating: is_terminating(pod),
        })
    };
    pods.iter().filter_map(backend).collect()
}

/// `None` when the pod has no port of that name.
fn port(port: &ServicePort, pod: &Pod) -> Option<Port> {
    let protocol = port.protocol.clone().unwrap_or_else(|| "TCP".into());
    let number = match &port.target_port {
        None | Some(IntOrString::Int(0)) => port.port,
        Some(IntOrString::Int(n)) => *n,
        Some(IntOrString::String(name)) => {
            let spec = pod.spec.as_ref()?;
            let sidecars =
                spec.init_containers.iter().flatten().filter(|c| c.restart_policy.as_deref() == Some("Always"));
            let mut ports = spec.containers.iter().chain(sidecars).flat_map(|c| c.ports.iter().flatten());
            let same = |p: &&k8s_openapi::api::core::v1::ContainerPort| {
                p.name.as_ref() == Some(name) && p.protocol.as_deref().unwrap_or("TCP") == protocol
            };
            ports.find(same)?.container_port
        }
    };
    Some(Port { name: port.name.clone(), number, protocol, app_protocol: port.app_protocol.clone() })
}
