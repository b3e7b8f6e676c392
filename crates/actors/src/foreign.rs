//! Kinds of other projects that a cluster may serve besides Kubernetes' own: those that traffic routers read and write.

use rollouts_kube::Resource;
use serde_json::{Value, json};

/// VirtualServices of Istio.
pub const VIRTUAL_SERVICES: Resource =
    namespaced("networking.istio.io", "v1alpha3", "VirtualService", "virtualservices");
/// DestinationRules of Istio.
pub const DESTINATION_RULES: Resource =
    namespaced("networking.istio.io", "v1alpha3", "DestinationRule", "destinationrules");
/// TrafficSplits of the Service Mesh Interface.
pub const TRAFFIC_SPLITS: Resource = namespaced("split.smi-spec.io", "v1alpha1", "TrafficSplit", "trafficsplits");
/// ApisixRoutes.
pub const APISIX_ROUTES: Resource = namespaced("apisix.apache.org", "v2", "ApisixRoute", "apisixroutes");
/// TraefikServices.
pub const TRAEFIK_SERVICES: Resource = namespaced("traefik.io", "v1alpha1", "TraefikService", "traefikservices");
/// IngressRoutes of Traefik.
pub const INGRESS_ROUTES: Resource = namespaced("traefik.io", "v1alpha1", "IngressRoute", "ingressroutes");
/// HTTPRoutes of the Gateway API.
pub const HTTP_ROUTES: Resource = namespaced("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes");
/// Mappings of Ambassador.
pub const MAPPINGS: Resource = namespaced("getambassador.io", "v2", "Mapping", "mappings");

/// All that are installed, and versions that are served besides. Where two kinds have the same name, `kubectl` takes the
/// first one, by group, unless it is told more.
const INSTALLED: [(Resource, &[&str]); 16] = [
    (namespaced("appmesh.k8s.aws", "v1beta2", "VirtualService", "virtualservices"), &[]),
    (VIRTUAL_SERVICES, &["v1beta1", "v1"]),
    (DESTINATION_RULES, &["v1beta1", "v1"]),
    (TRAFFIC_SPLITS, &["v1alpha4"]),
    (APISIX_ROUTES, &[]),
    (TRAEFIK_SERVICES, &[]),
    (INGRESS_ROUTES, &[]),
    (MAPPINGS, &[]),
    (namespaced("x.getambassador.io", "v3alpha1", "AmbassadorMapping", "ambassadormappings"), &[]),
    (namespaced("appmesh.k8s.aws", "v1beta2", "VirtualRouter", "virtualrouters"), &[]),
    (namespaced("appmesh.k8s.aws", "v1beta2", "VirtualNode", "virtualnodes"), &[]),
    (namespaced("elbv2.k8s.aws", "v1beta1", "TargetGroupBinding", "targetgroupbindings"), &[]),
    (HTTP_ROUTES, &["v1beta1"]),
    (namespaced("gateway.networking.k8s.io", "v1", "GRPCRoute", "grpcroutes"), &[]),
    (namespaced("gateway.networking.k8s.io", "v1alpha2", "TCPRoute", "tcproutes"), &[]),
    (namespaced("gateway.networking.k8s.io", "v1alpha2", "TLSRoute", "tlsroutes"), &[]),
];

const fn namespaced(group: &'static str, version: &'static str, kind: &'static str, plural: &'static str) -> Resource {
    Resource::fixed(group, version, kind, plural, true)
}

/// As the real definitions have them, and people type them.
fn short_names(r: &Resource) -> &'static [&'static str] {
    match (&*r.group, &*r.plural) {
        ("networking.istio.io", "virtualservices") => &["vs"],
        ("networking.istio.io", _) => &["dr"],
        ("split.smi-spec.io", _) => &["ts"],
        ("apisix.apache.org", _) => &["ar"],
        _ => &[],
    }
}

/// All of them.
pub fn resources() -> impl Iterator<Item = Resource> {
    INSTALLED.into_iter().map(|(resource, _)| resource)
}

/// Definitions that accept any object of these kinds.
pub fn definitions() -> Vec<Value> {
    let definition = |(r, others): (Resource, &[&str])| {
        let versions: Vec<Value> = std::iter::once(&*r.version)
            .chain(others.iter().copied())
            .enumerate()
            .map(|(i, version)| {
                let schema = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
                let schema = json!({ "openAPIV3Schema": schema });
                json!({ "name": version, "served": true, "storage": i == 0, "schema": schema })
            })
            .collect();
        json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            // Groups of Kubernetes' own projects are not for everybody.
            "metadata": {
                "name": r.to_string(),
                "annotations": { "api-approved.kubernetes.io": "unapproved, stands in for the real one" },
            },
            "spec": {
                "group": r.group,
                "scope": "Namespaced",
                "names": {
                    "shortNames": short_names(&r),
                    "kind": r.kind, "listKind": format!("{}List", r.kind),
                    "plural": r.plural, "singular": r.kind.to_lowercase(),
                },
                "versions": versions,
            },
        })
    };
    INSTALLED.into_iter().map(definition).collect()
}
