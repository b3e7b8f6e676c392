//! `canary.trafficRouting`: which routers split the traffic, and how each is set up (traffic.md §2).

use crate::meta::null_is_default;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// `trafficRouting`. Several routers may be set at once; all of them then receive every weight.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TrafficRouting {
    /// Istio VirtualServices and DestinationRule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub istio: Option<IstioTrafficRouting>,
    /// NGINX ingresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nginx: Option<NginxTrafficRouting>,
    /// Ingresses of the AWS load balancer controller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alb: Option<AlbTrafficRouting>,
    /// TrafficSplit of the Service Mesh Interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smi: Option<SmiTrafficRouting>,
    /// Ambassador mappings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ambassador: Option<AmbassadorTrafficRouting>,
    /// AWS App Mesh.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_mesh: Option<AppMeshTrafficRouting>,
    /// A weighted TraefikService.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traefik: Option<TraefikTrafficRouting>,
    /// An ApisixRoute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apisix: Option<ApisixTrafficRouting>,
    /// Router plugins by name; the plugin reads the value.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "null_is_default")]
    pub plugins: BTreeMap<String, Value>,
    /// Routes that steps may create, in order of precedence. The controller deletes them when they are no longer
    /// needed, so routes made by people must not be listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed_routes: Option<Vec<ManagedRoute>>,
    /// The weight that stands for all traffic; absent means 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_traffic_weight: Option<i32>,
}

/// One of `trafficRouting.managedRoutes`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ManagedRoute {
    /// Name of the route.
    pub name: String,
}

/// `pingPong`: two Services that swap the roles of canary and stable with every update.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PingPong {
    /// First Service.
    pub ping_service: String,
    /// Second Service.
    pub pong_service: String,
}

/// Value of `status.canary.stablePingPong`: `pingService` is the stable one (traffic.md §1.9).
pub const PING: &str = "ping";
/// `pongService` is the stable one.
pub const PONG: &str = "pong";

impl PingPong {
    /// The canary's and the stable version's Service, by `status.canary.stablePingPong`.
    pub fn by_role(&self, stable: &str) -> (&str, &str) {
        if stable == PING { (&self.pong_service, &self.ping_service) } else { (&self.ping_service, &self.pong_service) }
    }
}

/// `istio`: exactly one of `virtualService` and `virtualServices`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IstioTrafficRouting {
    /// The VirtualService whose weights are set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virtual_service: Option<IstioVirtualService>,
    /// The DestinationRule whose subsets are set; for traffic split by subset instead of by host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_rule: Option<IstioDestinationRule>,
    /// Several VirtualServices, each set to the same weights.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub virtual_services: Vec<IstioVirtualService>,
}

/// A VirtualService and which of its routes to set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IstioVirtualService {
    /// `name`, or `name.namespace` for one in another namespace.
    pub name: String,
    /// Names of the HTTP routes; may be left out when there is only one.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub routes: Vec<String>,
    /// TLS routes, by port or SNI hosts.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub tls_routes: Vec<IstioTlsRoute>,
    /// TCP routes, by port.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub tcp_routes: Vec<IstioTcpRoute>,
}

impl IstioVirtualService {
    /// Namespace and name: `name` may end in `.NAMESPACE`, and that in `.cluster.local`.
    pub fn namespace_and_name<'a>(&'a self, own_namespace: &'a str) -> (&'a str, &'a str) {
        let name = self.name.strip_suffix(".cluster.local").unwrap_or(&self.name);
        name.rsplit_once('.').map_or((own_namespace, name), |(name, namespace)| (namespace, name))
    }
}

/// Selects a TLS route of a VirtualService.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IstioTlsRoute {
    /// Port that its match names.
    #[serde(skip_serializing_if = "is_zero")]
    pub port: i64,
    /// Exactly the SNI hosts of its match.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub sni_hosts: Vec<String>,
}

/// Selects a TCP route of a VirtualService.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IstioTcpRoute {
    /// Port that its match names.
    #[serde(skip_serializing_if = "is_zero")]
    pub port: i64,
}

/// A DestinationRule in the Rollout's namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IstioDestinationRule {
    /// Name of the DestinationRule.
    pub name: String,
    /// Subset whose labels select the canary.
    pub canary_subset_name: String,
    /// Subset whose labels select the stable pods.
    pub stable_subset_name: String,
    /// Subsets whose weights are left as they are.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub additional_subset_names: Vec<String>,
}

/// `nginx`: exactly one of `stableIngress` and `stableIngresses`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NginxTrafficRouting {
    /// Prefix of the annotations to write; empty means `nginx.ingress.kubernetes.io`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub annotation_prefix: String,
    /// Ingress that sends traffic to the stable Service.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stable_ingress: String,
    /// Further annotations of the canary ingress; keys are prefixed unless they are already.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "null_is_default")]
    pub additional_ingress_annotations: BTreeMap<String, String>,
    /// Several ingresses that send traffic to the stable Service.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub stable_ingresses: Vec<String>,
    /// Further annotations of the canary ingress, taken as they are.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "null_is_default")]
    pub canary_ingress_annotations: BTreeMap<String, String>,
}

/// `alb`: exactly one of `ingress` and `ingresses`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AlbTrafficRouting {
    /// Ingress whose action annotation is written.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub ingress: String,
    /// Port of the Services behind the action.
    pub service_port: i32,
    /// Name of the action; empty means the stable Service's.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub root_service: String,
    /// Prefix of the annotations to write; empty means `alb.ingress.kubernetes.io`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub annotation_prefix: String,
    /// Keeps a client with the target group it first reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stickiness_config: Option<StickinessConfig>,
    /// Several ingresses, each set to the same weights.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub ingresses: Vec<String>,
}

/// Stickiness of a load balancer's target groups.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StickinessConfig {
    /// Whether it is on.
    pub enabled: bool,
    /// 1 to 604800.
    pub duration_seconds: i64,
}

/// `smi`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SmiTrafficRouting {
    /// Service that clients reach; empty means the stable Service.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub root_service: String,
    /// Name of the TrafficSplit to create; empty means the Rollout's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub traffic_split_name: String,
}

/// `ambassador`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AmbassadorTrafficRouting {
    /// Names of the stable Mappings; each gets a canary Mapping beside it.
    #[serde(deserialize_with = "null_is_default")]
    pub mappings: Vec<String>,
}

/// `appMesh`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AppMeshTrafficRouting {
    /// VirtualService whose VirtualRouter is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virtual_service: Option<AppMeshVirtualService>,
    /// VirtualNodes that stand for the canary and the stable pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virtual_node_group: Option<AppMeshVirtualNodeGroup>,
}

/// A VirtualService of App Mesh and which of its routes to set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AppMeshVirtualService {
    /// Name of the VirtualService.
    pub name: String,
    /// Names of its router's routes; all when empty.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "null_is_default")]
    pub routes: Vec<String>,
}

/// The two VirtualNodes of an App Mesh set-up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AppMeshVirtualNodeGroup {
    /// Node of the canary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary_virtual_node_ref: Option<AppMeshVirtualNodeRef>,
    /// Node of the stable pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stable_virtual_node_ref: Option<AppMeshVirtualNodeRef>,
}

/// Reference to a VirtualNode.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AppMeshVirtualNodeRef {
    /// Name of the VirtualNode.
    pub name: String,
}

/// `traefik`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TraefikTrafficRouting {
    /// Name of the weighted TraefikService.
    pub weighted_traefik_service_name: String,
    /// IngressRoute that leads to the TraefikService. `setHeaderRoute` steps make routes like those that it has.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub ingress_route_name: String,
}

/// `apisix`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApisixTrafficRouting {
    /// The route whose weights are set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<ApisixRoute>,
}

/// An ApisixRoute and which of its rules to set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApisixRoute {
    /// Name of the ApisixRoute.
    pub name: String,
    /// Names of its rules; absent means the rule named like the route.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<Vec<String>>,
}

fn is_zero(n: &i64) -> bool {
    *n == 0
}
