//! Istio, SMI, App Mesh.

use super::{World, get};
use crate::Kind;
use serde_json::{Value, json};

const VIRTUAL_SERVICES: Kind = Kind::fixed("networking.istio.io", "v1alpha3", "VirtualService", "virtualservices");
const DESTINATION_RULES: Kind = Kind::fixed("networking.istio.io", "v1alpha3", "DestinationRule", "destinationrules");

fn istio(spec: Value) -> World {
    let mut spec = spec;
    if spec["hosts"].is_null() {
        spec["hosts"] = json!(["a.example"]);
    }
    let routing = json!({ "istio": { "virtualService": { "name": "front" } } });
    World::new("Istio", routing, &VIRTUAL_SERVICES, &[("front", json!({ "spec": spec }))])
}

fn hosts(stable: u32, canary: u32) -> Value {
    json!([
        { "destination": { "host": "app-stable" }, "weight": stable },
        { "destination": { "host": "app-canary.ns.svc.cluster.local" }, "weight": canary },
    ])
}

#[test]
fn the_first_route_that_matches_counts() {
    let shadow = json!({
        "name": "shadow", "match": [{ "method": { "exact": "GET" }, "uri": { "prefix": "/api" } }],
        "route": hosts(80, 20), "mirror": { "host": "app-canary" }, "mirrorPercentage": { "value": 35 },
    });
    let vip = json!({
        "name": "vip",
        "match": [
            { "headers": { "x-tier": { "exact": "beta" } } },
            { "headers": { "user-agent": { "regex": ".*Canary.*" } } },
        ],
        "route": [{ "weight": 100, "destination": { "host": "app-canary", "port": { "number": 80 } } }],
    });
    let world = istio(json!({ "http": [shadow, vip, { "name": "main", "route": hosts(80, 20) }] }));
    let split = "app-stable 80, app-canary 20";
    assert_eq!(world.to(&get("/")), split);
    assert_eq!(world.to(&get("/api/x").by("POST")), split);
    assert_eq!(world.to(&get("/api/x")), format!("{split} | app-canary 35"));
    assert_eq!(world.to(&get("/").with_header("X-Tier", "beta")), "app-canary 100");
    assert_eq!(world.to(&get("/").with_header("user-agent", "Canary 1")), "app-canary 100");
    assert_eq!(world.to(&get("/").with_header("user-agent", "canary")), split);
    assert_eq!(world.to(&get("/api").with_header("x-tier", "beta")), format!("{split} | app-canary 35"));
    assert_eq!(world.to(&get("/").on("b.example")), "", "another host");
}

#[test]
fn matches_of_istio() {
    let block = json!({
        "uri": { "exact": "/A" }, "ignoreUriCase": true, "queryParams": { "q": { "prefix": "v" } },
        "headers": { "cookie": { "regex": "^(?:.*; *)?tester=y *(?:;.*)?$" } }, "withoutHeaders": { "x-no": {} },
    });
    let route = json!({ "match": [block], "route": [{ "destination": { "host": "app-canary" } }] });
    let world = istio(json!({ "http": [route, { "route": hosts(100, 0) }] }));
    let meant = get("/a").with_query("q", "v1").with_cookie("a", "b").with_cookie("tester", "y");
    assert_eq!(world.to(&meant), "app-canary 100");
    let stable = "app-stable 100";
    assert_eq!(world.to(&meant.clone().with_header("x-no", "")), stable);
    assert_eq!(world.to(&get("/a").with_query("q", "w").with_cookie("tester", "y")), stable);
    assert_eq!(world.to(&get("/a").with_query("q", "v")), stable);
}

#[test]
fn subsets_are_those_of_the_destination_rule() {
    let subset =
        |name: &str, weight: u32| json!({ "destination": { "host": "app", "subset": name }, "weight": weight });
    let route = json!([subset("stable", 75), subset("canary", 10), subset("legacy", 15)]);
    let rule = json!({ "spec": { "host": "app.ns.svc.cluster.local", "subsets": [
        { "name": "canary", "labels": { "rollouts-pod-template-hash": "7d9f" } },
        { "name": "stable", "labels": { "rollouts-pod-template-hash": "55c8" } },
    ] } });
    let other = json!({ "spec": { "host": "other", "subsets": [{ "name": "legacy", "labels": { "a": "b" } }] } });
    let world = istio(json!({ "http": [{ "route": route }] }));
    let world = world.with(&DESTINATION_RULES, &[("app", rule), ("other", other)]);
    let (canary, stable) = ("app[rollouts-pod-template-hash=7d9f] 10", "app[rollouts-pod-template-hash=55c8] 75");
    assert_eq!(world.to(&get("/")), format!("{stable}, {canary}, app[no such subset=legacy] 15"));
}

#[test]
fn connections_are_passed_on() {
    let route = |weight: u32| {
        json!([
            { "destination": { "host": "app-stable" }, "weight": 100 - weight },
            { "destination": { "host": "app-canary" }, "weight": weight },
        ])
    };
    let tls = json!([{ "match": [{ "port": 443, "sni": ["a.example"] }], "route": route(25) }]);
    let tcp = json!([{ "match": [{ "port": 3306 }], "route": route(30) }]);
    assert_eq!(istio(json!({ "tls": tls, "tcp": tcp })).to(&get("/")), "app-stable 75, app-canary 25");
    let world = istio(json!({ "hosts": ["*.example"], "tls": tls, "tcp": tcp }));
    assert_eq!(world.to(&get("/").on("b.example")), "app-stable 70, app-canary 30");
}

#[test]
fn smi() {
    let kind = Kind::fixed("split.smi-spec.io", "v1alpha1", "TrafficSplit", "trafficsplits");
    let spec = |canary: Value, stable: Value| {
        let backends =
            json!([{ "service": "web-canary", "weight": canary }, { "service": "web-stable", "weight": stable }]);
        json!({ "spec": { "service": "web-root", "backends": backends } })
    };
    let routing = json!({ "smi": { "rootService": "web-root" } });
    let world = |split| World::new("SMI", routing.clone(), &kind, &[("web", split)]);
    assert_eq!(world(spec(json!(5), json!(95))).to(&get("/")), "web-canary 5, web-stable 95");
    assert_eq!(world(spec(json!("0"), json!("100"))).to(&get("/")), "web-stable 100");
    assert_eq!(World::new("SMI", routing.clone(), &kind, &[]).to(&get("/")), "web-root 100", "nobody splits it");
}

#[test]
fn app_mesh() {
    let kind = |kind, plural| Kind::fixed("appmesh.k8s.aws", "v1beta2", kind, plural);
    let node = |discovery: Value, hash: &str| {
        json!({ "spec": {
            "serviceDiscovery": discovery,
            "podSelector": { "matchLabels": { "hash": hash } },
        } })
    };
    let target = |name: &str, weight: u32| json!({ "virtualNodeRef": { "name": name }, "weight": weight });
    let route = |m: Value, targets: Value| json!({ "match": m, "action": { "weightedTargets": targets } });
    let vip = json!({ "prefix": "/", "headers": [{ "name": "x-vip", "match": { "exact": "1" } }] });
    let routes = json!([
        { "name": "main", "httpRoute": route(json!({ "prefix": "/" }), json!([target("n-canary", 10), target("n-stable", 90)])) },
        { "name": "vip", "priority": 1, "httpRoute": route(vip, json!([target("n-canary", 1)])) },
    ]);
    let provider = json!({ "virtualRouter": { "virtualRouterRef": { "name": "router" } } });
    let routing = json!({ "appMesh": { "virtualService": { "name": "shop" } } });
    let shop = json!({ "spec": { "provider": provider } });
    let world = World::new("AppMesh", routing, &kind("VirtualService", "virtualservices"), &[("shop", shop)])
        .with(&kind("VirtualRouter", "virtualrouters"), &[("router", json!({ "spec": { "routes": routes } }))])
        .with(
            &kind("VirtualNode", "virtualnodes"),
            &[
                ("n-canary", node(json!({ "dns": { "hostname": "web-canary.ns.svc.cluster.local" } }), "new")),
                ("n-stable", node(json!({ "awsCloudMap": { "serviceName": "web-stable" } }), "old")),
            ],
        );
    assert_eq!(world.to(&get("/")), "web-canary 10, web-stable[hash=old] 90");
    assert_eq!(world.to(&get("/").with_header("x-vip", "1")), "web-canary 1");
    assert_eq!(world.to(&get("/").with_header("x-vip", "2")), "web-canary 10, web-stable[hash=old] 90");
}
