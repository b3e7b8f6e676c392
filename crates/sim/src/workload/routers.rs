//! The objects of routers, as users apply them.

use super::traffic::{PING, PONG};
use super::{CANARY, NAME, NAMESPACE, STABLE};
use rollouts_actors::foreign;
use rollouts_kube::Resource;
use rollouts_kube::resource::INGRESSES;
use rollouts_memkube::Rng;
use serde_json::{Value, json};

/// All of them, by name.
pub const ALL: [&str; 9] = ["Istio", "Nginx", "ALB", "SMI", "Ambassador", "AppMesh", "Traefik", "Apisix", "GatewayAPI"];

/// How the two versions are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By a Service for each.
    Services,
    /// By a pair of Services that swap roles.
    PingPong,
    /// By subsets of one Service, with a Service for each besides.
    Subsets,
    /// By subsets alone.
    SubsetsAlone,
}

/// Host that all routers serve.
pub const HOST: &str = "app.example";

/// What was made.
#[derive(Debug, Default)]
pub struct Made {
    /// `trafficRouting`.
    pub routing: Value,
    /// What it refers to.
    pub objects: Vec<Value>,
    /// Services that the objects refer to, besides those of the Rollout.
    pub services: Vec<&'static str>,
}

/// Service of all versions.
const EVERYBODY: &str = "app-root";

/// Objects for these routers.
pub fn make(rng: &Rng, routers: &[&'static str], way: Way) -> Made {
    let mut made = Made { routing: json!({}), ..Made::default() };
    if way == Way::PingPong {
        made.services = vec![PING, PONG];
    }
    for router in routers {
        match *router {
            "Istio" => istio(&mut made, way),
            "Nginx" => nginx(&mut made),
            "ALB" => alb(&mut made, way, rng.below(2) == 0),
            "SMI" => smi(&mut made, rng.below(2) == 0),
            "Ambassador" => ambassador(&mut made),
            "AppMesh" => app_mesh(&mut made),
            "Traefik" => traefik(&mut made),
            "Apisix" => apisix(&mut made),
            _ => gateway_api(&mut made),
        }
    }
    made
}

impl Made {
    fn add(&mut self, resource: &Resource, name: &str, spec: Value) {
        self.objects.push(json!({
            "apiVersion": resource.api_version(), "kind": resource.kind,
            "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec,
        }));
    }

    fn serve(&mut self, name: &'static str) {
        if !self.services.contains(&name) {
            self.services.push(name);
        }
    }
}

/// The kinds of the objects of these routers.
pub fn kinds(routers: &[&'static str]) -> Vec<Resource> {
    let is_its = |resource: &Resource, router: &str| match router {
        "Istio" => resource.group == "networking.istio.io",
        "SMI" => resource.group == "split.smi-spec.io",
        "Ambassador" => *resource == foreign::MAPPINGS,
        "AppMesh" => resource.group == "appmesh.k8s.aws",
        "Traefik" => resource.group == "traefik.io",
        "Apisix" => *resource == foreign::APISIX_ROUTES,
        "GatewayAPI" => *resource == foreign::HTTP_ROUTES,
        _ => *resource == INGRESSES,
    };
    let all = foreign::resources().chain([INGRESSES]);
    all.filter(|resource| routers.iter().any(|router| is_its(resource, router))).collect()
}

/// An object of a router, as `resource/name`.
pub fn path(object: &Value) -> String {
    let is_its = |r: &Resource| object["kind"] == r.kind.as_ref() && object["apiVersion"] == r.api_version();
    let resource = foreign::resources().chain([INGRESSES]).find(is_its).unwrap_or(INGRESSES);
    format!("{resource}/{}", object["metadata"]["name"].as_str().unwrap_or_default())
}

fn istio(made: &mut Made, way: Way) {
    let destination = |destination: Value, weight: u32| json!({"destination": destination, "weight": weight});
    let host = |name: &str| json!({ "host": name });
    let subset = |name: &str| json!({"host": EVERYBODY, "subset": name});
    let (stable, canary) = match way {
        Way::Services => (host(STABLE), host(CANARY)),
        Way::PingPong => (host(PING), host(PONG)),
        Way::Subsets | Way::SubsetsAlone => (subset("stable"), subset("canary")),
    };
    let route = json!([destination(stable, 100), destination(canary, 0)]);
    made.add(
        &foreign::VIRTUAL_SERVICES,
        "app-mesh",
        json!({"hosts": [HOST], "http": [{"name": "main", "route": route}]}),
    );
    made.routing["istio"] = json!({"virtualService": {"name": "app-mesh", "routes": ["main"]}});
    if [Way::Subsets, Way::SubsetsAlone].contains(&way) {
        let subset = |name: &str| json!({"name": name, "labels": {"app": NAME}});
        let spec = json!({"host": EVERYBODY, "subsets": [subset("stable"), subset("canary")]});
        made.add(&foreign::DESTINATION_RULES, "app-subsets", spec);
        made.routing["istio"]["destinationRule"] =
            json!({"name": "app-subsets", "stableSubsetName": "stable", "canarySubsetName": "canary"});
        made.serve(EVERYBODY);
    }
}

fn place(path: &str, kind: &str, service: &str, port: Value) -> Value {
    json!({"path": path, "pathType": kind, "backend": {"service": {"name": service, "port": port}}})
}

fn nginx(made: &mut Made) {
    let paths = json!([place("/", "Prefix", STABLE, json!({"number": 80}))]);
    let spec = json!({"ingressClassName": "nginx", "rules": [{"host": HOST, "http": {"paths": paths}}]});
    made.add(&INGRESSES, "app-front", spec);
    made.routing["nginx"] = json!({"stableIngress": "app-front"});
}

fn alb(made: &mut Made, way: Way, has_root: bool) {
    let root = (has_root || way == Way::PingPong).then_some(EVERYBODY);
    let action = root.unwrap_or(STABLE);
    let paths = json!([place("/*", "ImplementationSpecific", action, json!({"name": "use-annotation"}))]);
    let spec = json!({"ingressClassName": "alb", "rules": [{"host": HOST, "http": {"paths": paths}}]});
    made.add(&INGRESSES, "app-balanced", spec);
    made.routing["alb"] = json!({"ingress": "app-balanced", "servicePort": 80});
    if let Some(root) = root {
        made.routing["alb"]["rootService"] = root.into();
        made.serve(EVERYBODY);
    }
}

/// Nobody applies a TrafficSplit.
fn smi(made: &mut Made, has_root: bool) {
    made.routing["smi"] = json!({});
    if has_root {
        made.routing["smi"]["rootService"] = EVERYBODY.into();
        made.serve(EVERYBODY);
    }
}

fn ambassador(made: &mut Made) {
    made.add(&foreign::MAPPINGS, "app-mapping", json!({"prefix": "/", "service": format!("{STABLE}:80")}));
    made.routing["ambassador"] = json!({"mappings": ["app-mapping"]});
}

fn app_mesh(made: &mut Made) {
    let kind = |kind: &str| foreign::resources().find(|r| r.group == "appmesh.k8s.aws" && r.kind == kind);
    let nodes = [("app-node-stable", STABLE), ("app-node-canary", CANARY)];
    for (name, service) in nodes {
        let dns = json!({"dns": {"hostname": format!("{service}.{NAMESPACE}")}});
        let spec = json!({"podSelector": {"matchLabels": {"app": NAME}}, "serviceDiscovery": dns});
        kind("VirtualNode").iter().for_each(|kind| made.add(kind, name, spec.clone()));
    }
    let target = |name: &str, weight: u32| json!({"virtualNodeRef": {"name": name}, "weight": weight});
    let action = json!({"weightedTargets": [target("app-node-canary", 0), target("app-node-stable", 100)]});
    let routes = json!([{"name": "main", "httpRoute": {"match": {"prefix": "/"}, "action": action}}]);
    kind("VirtualRouter").iter().for_each(|kind| made.add(kind, "app-router", json!({"routes": routes})));
    let provider = json!({"virtualRouter": {"virtualRouterRef": {"name": "app-router"}}});
    kind("VirtualService").iter().for_each(|kind| made.add(kind, "app-service", json!({"provider": provider})));
    made.routing["appMesh"] = json!({
        "virtualService": {"name": "app-service"},
        "virtualNodeGroup": {
            "canaryVirtualNodeRef": {"name": "app-node-canary"}, "stableVirtualNodeRef": {"name": "app-node-stable"},
        },
    });
}

fn traefik(made: &mut Made) {
    let service = |name: &str, weight: u32| json!({"name": name, "port": 80, "weight": weight});
    let services = json!([service(STABLE, 100), service(CANARY, 0)]);
    made.add(&foreign::TRAEFIK_SERVICES, "app-split", json!({"weighted": {"services": services}}));
    let services = json!([{"name": "app-split", "kind": "TraefikService"}]);
    let routes = json!([{"match": format!("Host(`{HOST}`)"), "kind": "Rule", "services": services}]);
    made.add(&foreign::INGRESS_ROUTES, "app-route", json!({"entryPoints": ["web"], "routes": routes}));
    made.routing["traefik"] = json!({"weightedTraefikServiceName": "app-split", "ingressRouteName": "app-route"});
}

fn apisix(made: &mut Made) {
    let backend = |name: &str, weight: u32| json!({"serviceName": name, "servicePort": 80, "weight": weight});
    let matches = json!({"hosts": [HOST], "paths": ["/*"]});
    let rule = json!({"name": "main", "match": matches, "backends": [backend(STABLE, 100), backend(CANARY, 0)]});
    made.add(&foreign::APISIX_ROUTES, "app-apisix", json!({"http": [rule]}));
    made.routing["apisix"] = json!({"route": {"name": "app-apisix", "rules": ["main"]}});
}

fn gateway_api(made: &mut Made) {
    let backend = |name: &str, weight: u32| json!({"name": name, "port": 80, "weight": weight});
    let rules = json!([{
        "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
        "backendRefs": [backend(STABLE, 100), backend(CANARY, 0)],
    }]);
    let spec = json!({"parentRefs": [{"name": "gateway"}], "hostnames": [HOST], "rules": rules});
    made.add(&foreign::HTTP_ROUTES, "app-http", spec);
    let route = json!([{"name": "app-http", "useHeaderRoutes": true}]);
    made.routing["plugins"] = json!({"argoproj-labs/gatewayAPI": {"httpRoutes": route}});
}
