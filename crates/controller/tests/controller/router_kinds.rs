//! Rollouts with each router, and all that their routers do to objects: for those who look at the requests.

use crate::objects::{pods, rollout, service, template};
use crate::routers::definition;
use crate::world::{World, seconds};
use rollouts_kube::Resource;
use rollouts_kube::resource::{INGRESSES, ROLLOUTS, SERVICES};
use serde_json::{Value, json};

const VIRTUAL_SERVICES: Resource = kind("networking.istio.io", "v1alpha3", "VirtualService", "virtualservices");
const DESTINATION_RULES: Resource = kind("networking.istio.io", "v1alpha3", "DestinationRule", "destinationrules");
const TRAFFIC_SPLITS: Resource = kind("split.smi-spec.io", "v1alpha1", "TrafficSplit", "trafficsplits");
const TRAEFIK_SERVICES: Resource = kind("traefik.io", "v1alpha1", "TraefikService", "traefikservices");
const INGRESS_ROUTES: Resource = kind("traefik.io", "v1alpha1", "IngressRoute", "ingressroutes");
const APISIX_ROUTES: Resource = kind("apisix.apache.org", "v2", "ApisixRoute", "apisixroutes");
const MAPPINGS: Resource = kind("getambassador.io", "v2", "Mapping", "mappings");
const MESH_SERVICES: Resource = kind("appmesh.k8s.aws", "v1beta2", "VirtualService", "virtualservices");
const MESH_ROUTERS: Resource = kind("appmesh.k8s.aws", "v1beta2", "VirtualRouter", "virtualrouters");
const MESH_NODES: Resource = kind("appmesh.k8s.aws", "v1beta2", "VirtualNode", "virtualnodes");
const GATEWAY_ROUTES: [(&str, Resource); 4] = [
    ("httpRoute", kind("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes")),
    ("grpcRoute", kind("gateway.networking.k8s.io", "v1", "GRPCRoute", "grpcroutes")),
    ("tcpRoute", kind("gateway.networking.k8s.io", "v1alpha2", "TCPRoute", "tcproutes")),
    ("tlsRoute", kind("gateway.networking.k8s.io", "v1alpha2", "TLSRoute", "tlsroutes")),
];

const fn kind(group: &'static str, version: &'static str, kind: &'static str, plural: &'static str) -> Resource {
    Resource::fixed(group, version, kind, plural, true)
}

/// What a router needs.
struct Set {
    objects: Vec<(Resource, String, Value)>,
    routing: Value,
    /// Whether it knows managed routes.
    is_told_of_headers: bool,
}

/// Every router, for the Rollout of this name.
fn sets(name: &str) -> Vec<(&'static str, Set)> {
    let (stable, canary) = (format!("{name}-stable"), format!("{name}-canary"));
    let set = |objects: Vec<(Resource, Value)>, routing: Value, is_told_of_headers: bool| {
        let objects = objects.into_iter().map(|(r, spec)| (r, name.to_string(), spec)).collect();
        Set { objects, routing, is_told_of_headers }
    };
    let both =
        |field: &str| json!([{ field: stable, "port": 80, "weight": 100 }, { field: canary, "port": 80, "weight": 0 }]);
    let path = json!({
        "path": "/", "pathType": "Prefix", "backend": { "service": { "name": stable, "port": { "number": 80 } } },
    });
    let ingress = json!({ "ingressClassName": "nginx", "rules": [{ "http": { "paths": [path] } }] });
    let subset =
        |subset: &str, weight: i64| json!({ "destination": { "host": "web", "subset": subset }, "weight": weight });
    let virtual_service =
        json!({ "hosts": ["web"], "http": [{ "route": [subset("stable", 100), subset("canary", 0)] }] });
    let rule = json!({ "host": "web", "subsets": [{ "name": "stable" }, { "name": "canary" }] });
    let rule_ref = json!({ "name": name, "stableSubsetName": "stable", "canarySubsetName": "canary" });
    let traefik = json!({ "weighted": { "services": both("name") } });
    let entry =
        json!({ "match": "Host(`web`)", "kind": "Rule", "services": [{ "kind": "TraefikService", "name": name }] });
    let backends = json!([
        { "serviceName": stable, "servicePort": 80, "weight": 100 }, { "serviceName": canary, "servicePort": 80, "weight": 0 },
    ]);
    let apisix = json!({ "http": [{ "name": "main", "match": { "paths": ["/*"] }, "backends": backends }] });
    let targets =
        ["canary", "stable"].map(|n| json!({ "virtualNodeRef": { "name": format!("{name}-{n}") }, "weight": 50 }));
    let mesh_route = json!({ "name": "main", "httpRoute": { "match": { "prefix": "/" }, "action": { "weightedTargets": targets } } });
    let node = json!({ "podSelector": { "matchLabels": { "app": name } } });
    let mut mesh = set(
        vec![
            (MESH_SERVICES, json!({ "provider": { "virtualRouter": { "virtualRouterRef": { "name": name } } } })),
            (MESH_ROUTERS, json!({ "routes": [mesh_route] })),
        ],
        json!({ "appMesh": {
            "virtualService": { "name": name },
            "virtualNodeGroup": {
                "canaryVirtualNodeRef": { "name": canary }, "stableVirtualNodeRef": { "name": stable },
            },
        } }),
        false,
    );
    mesh.objects.push((MESH_NODES, canary.clone(), node.clone()));
    mesh.objects.push((MESH_NODES, stable.clone(), node));
    let routes = GATEWAY_ROUTES.into_iter().map(|(_, r)| (r, json!({ "rules": [{ "backendRefs": both("name") }] })));
    let named: Value = GATEWAY_ROUTES.into_iter().map(|(key, _)| (key.to_string(), json!(name))).collect();
    vec![
        ("nginx", set(vec![(INGRESSES, ingress)], json!({ "nginx": { "stableIngress": name } }), false)),
        (
            "istio",
            set(
                vec![(VIRTUAL_SERVICES, virtual_service), (DESTINATION_RULES, rule)],
                json!({ "istio": { "virtualService": { "name": name }, "destinationRule": rule_ref } }),
                true,
            ),
        ),
        ("smi", set(vec![], json!({ "smi": { "trafficSplitName": name } }), false)),
        (
            "traefik",
            set(
                vec![(TRAEFIK_SERVICES, traefik), (INGRESS_ROUTES, json!({ "routes": [entry] }))],
                json!({ "traefik": { "weightedTraefikServiceName": name, "ingressRouteName": name } }),
                true,
            ),
        ),
        (
            "apisix",
            set(
                vec![(APISIX_ROUTES, apisix)],
                json!({ "apisix": { "route": { "name": name, "rules": ["main"] } } }),
                true,
            ),
        ),
        (
            "ambassador",
            set(
                vec![(MAPPINGS, json!({ "hostname": "*", "prefix": "/", "service": format!("{stable}:80") }))],
                json!({ "ambassador": { "mappings": [name] } }),
                false,
            ),
        ),
        ("mesh", mesh),
        ("gateway", set(routes.collect(), json!({ "plugins": { "argoproj-labs/gatewayAPI": named } }), false)),
    ]
}

fn routed(name: &str, set: &Set) -> Value {
    let mut spec = pods(name, 1);
    let mut routing = set.routing.clone();
    let mut steps = vec![json!({ "setWeight": 10 }), json!({ "setWeight": 20 })];
    if set.is_told_of_headers {
        let vip = format!("{name}-vip");
        routing["managedRoutes"] = json!([{ "name": vip }, { "name": "shadow" }]);
        let header = json!({ "headerName": "x-vip", "headerValue": { "exact": "1" } });
        steps.push(json!({ "setHeaderRoute": { "name": vip, "match": [header] } }));
        if !routing["traefik"].is_null() {
            let all = json!({ "method": { "exact": "GET" } });
            steps.push(json!({ "setMirrorRoute": { "name": "shadow", "match": [all], "percentage": 10 } }));
        }
    }
    steps.push(json!({ "pause": {} }));
    spec["strategy"]["canary"] = json!({
        "stableService": format!("{name}-stable"), "canaryService": format!("{name}-canary"),
        "trafficRouting": routing, "steps": steps,
    });
    rollout(name, &spec)
}

fn object(r: &Resource, name: &str, spec: &Value) -> Value {
    json!({ "apiVersion": r.api_version(), "kind": r.kind, "metadata": { "name": name }, "spec": spec })
}

/// Two Rollouts with each router, one after the other: the objects of the second are there before anybody looks at them.
/// Both are updated and released.
pub async fn play(world: &World) {
    let names = |router: &str| ["a", "b"].map(|n| format!("{router}-{n}"));
    let routers: Vec<&str> = sets("").into_iter().map(|(router, _)| router).collect();
    let set_of = |router: &str, name: &str| sets(name).into_iter().find(|(r, _)| *r == router).unwrap().1;
    for r in [VIRTUAL_SERVICES, DESTINATION_RULES, TRAFFIC_SPLITS, TRAEFIK_SERVICES, INGRESS_ROUTES, APISIX_ROUTES] {
        world.server.create(definition(&r)).unwrap();
    }
    for r in [MAPPINGS, MESH_SERVICES, MESH_ROUTERS, MESH_NODES].into_iter().chain(GATEWAY_ROUTES.map(|(_, r)| r)) {
        world.server.create(definition(&r)).unwrap();
    }
    for router in &routers {
        for name in names(router) {
            for side in ["stable", "canary"] {
                world.create(&SERVICES, service(&format!("{name}-{side}"), &name)).await;
            }
            for (r, object_name, spec) in set_of(router, &name).objects {
                world.create(&r, object(&r, &object_name, &spec)).await;
            }
        }
    }
    // One is in the way.
    world.create(&TRAFFIC_SPLITS, object(&TRAFFIC_SPLITS, "smi-b", &json!({ "service": "other" }))).await;
    for n in [0, 1] {
        for router in &routers {
            let name = &names(router)[n];
            world.create(&ROLLOUTS, routed(name, &set_of(router, name))).await;
        }
        seconds(20).await;
    }
    world.delete(&TRAFFIC_SPLITS, "smi-b").await;
    seconds(20).await;
    let all: Vec<String> = routers.iter().flat_map(|router| names(router)).collect();
    for name in &all {
        world.patch(&ROLLOUTS, name, json!({ "spec": { "template": template(name, "b") } })).await;
    }
    seconds(30).await;
    for name in &all {
        let status = world.rollout(name).await["status"].take();
        let weight = &status["canary"]["weights"]["canary"]["weight"];
        assert_eq!((&status["phase"], weight), (&json!("Paused"), &json!(20)), "{name} {status:#}");
    }
    // One goes, and one wants no routers any more.
    let plain = json!({ "trafficRouting": null, "steps": [{ "setWeight": 50 }, { "pause": {} }] });
    for router in &routers {
        let [a, b] = names(router);
        world.delete(&ROLLOUTS, &a).await;
        world.patch(&ROLLOUTS, &b, json!({ "spec": { "strategy": { "canary": plain } } })).await;
    }
    seconds(30).await;
    // Nothing of theirs is left.
    for r in [&INGRESSES, &TRAEFIK_SERVICES, &INGRESS_ROUTES, &APISIX_ROUTES, &MAPPINGS] {
        assert_eq!(world.list(r).await.len(), 2, "{r}");
    }
    assert!(world.list(&TRAFFIC_SPLITS).await.is_empty());
}
