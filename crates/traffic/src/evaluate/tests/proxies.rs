//! Ambassador, Traefik, APISIX, Gateway API.

use super::{World, get};
use crate::Kind;
use serde_json::{Value, json};

#[test]
fn ambassador() {
    let kind = Kind::fixed("getambassador.io", "v2", "Mapping", "mappings");
    let mapping = |spec: Value| json!({ "spec": spec });
    let shop = json!({ "prefix": "/shop", "service": "http://shop-stable.ns:80" });
    let canary = json!({ "prefix": "/shop", "service": "http://shop-canary.ns:80", "weight": 30 });
    let vip = json!({ "prefix": "/shop", "service": "shop-canary", "headers": { "x-vip": "1" } });
    let post = json!({ "prefix": "/", "service": "shop-canary", "method": "POST", "precedence": 5 });
    let shadow = json!({ "prefix": "/shop", "service": "shop-canary", "shadow": true, "weight": 10 });
    let routing = json!({ "ambassador": { "mappings": ["shop"] } });
    let mut all = vec![("shop", mapping(shop)), ("shop-canary", mapping(canary)), ("vip", mapping(vip))];
    let world = World::new("Ambassador", routing.clone(), &kind, &all);
    assert_eq!(world.to(&get("/shop/1")), "shop-canary 30, shop-stable 70");
    assert_eq!(world.to(&get("/shop").with_header("X-Vip", "1")), "shop-canary 100");
    assert_eq!(world.to(&get("/")), "");
    all.extend([("post", mapping(post)), ("shadow", mapping(shadow))]);
    let world = World::new("Ambassador", routing, &kind, &all);
    assert_eq!(world.to(&get("/shop/1")), "shop-canary 30, shop-stable 70 | shop-canary 10");
    assert_eq!(world.to(&get("/shop").by("POST")), "shop-canary 100", "precedence comes first");
}

fn traefik(kind: &'static str, plural: &'static str) -> Kind {
    Kind::fixed("traefik.io", "v1alpha1", kind, plural)
}

#[test]
fn traefik_takes_the_rule_of_the_highest_priority() {
    let services =
        json!([{ "name": "web-stable", "port": 80, "weight": 60 }, { "name": "web-canary", "port": 80, "weight": 40 }]);
    let weighted = json!({ "spec": { "weighted": { "services": services } } });
    let mirror =
        json!({ "name": "web", "kind": "TraefikService", "mirrors": [{ "name": "web-canary", "percent": 15 }] });
    let shadow = json!({ "spec": { "mirroring": mirror } });
    let routing = json!({ "traefik": { "weightedTraefikServiceName": "web" } });
    let world = World::new(
        "Traefik",
        routing,
        &traefik("TraefikService", "traefikservices"),
        &[("web", weighted), ("shadow", shadow)],
    );
    assert_eq!(world.to(&get("/")), "web-stable 3, web-canary 2");
    let route = |rule: &str, priority: u32, services: Value| json!({ "spec": { "routes": [{ "match": rule, "priority": priority, "services": services }] } });
    let base = "Host(`a.example`) && PathPrefix(`/`)";
    let vip = format!("({base}) && (Header(`X-Vip`, `1`) || !(Method(`GET`)) && Query(`q`, `v`))");
    let shadowed = "Host(\"a.example\") && PathRegexp(`^/api`)";
    let service = |name: &str| json!([{ "name": name, "kind": "TraefikService" }]);
    let world = world.with(
        &traefik("IngressRoute", "ingressroutes"),
        &[
            ("base", route(base, 0, service("web"))),
            ("vip", route(&vip, 1000, json!([{ "name": "web-canary", "port": 80 }]))),
            ("shadow", route(shadowed, 500, service("shadow"))),
            ("broken", route("Host(`a.example`", 9999, json!([{ "name": "nobody" }]))),
        ],
    );
    let split = "web-stable 3, web-canary 2";
    assert_eq!(world.to(&get("/")), split);
    assert_eq!(world.to(&get("/").with_header("x-vip", "1")), "web-canary 1");
    assert_eq!(world.to(&get("/").with_query("q", "v").by("POST")), "web-canary 1");
    assert_eq!(world.to(&get("/").with_query("q", "v")), split);
    assert_eq!(world.to(&get("/api/x")), format!("{split} | web-canary 15"));
    assert_eq!(world.to(&get("/").on("b.example")), "");
}

#[test]
fn apisix() {
    let kind = Kind::fixed("apisix.apache.org", "v2", "ApisixRoute", "apisixroutes");
    let backend = |name: &str, weight: u32| json!({ "serviceName": name, "servicePort": 80, "weight": weight });
    let rule = |priority: u32, exprs: Value, backends: Value| {
        let matches = json!({ "hosts": ["a.example"], "paths": ["/*"], "exprs": exprs });
        json!({ "spec": { "http": [{ "name": "main", "priority": priority, "match": matches, "backends": backends }] } })
    };
    let expr = |scope: &str, name: &str, op: &str, value: &str| json!({ "subject": { "scope": scope, "name": name }, "op": op, "value": value });
    let main = rule(0, Value::Null, json!([backend("web-stable", 80), backend("web-canary", 20)]));
    let debug = rule(1, json!([expr("Header", "trace", "Equal", "debug")]), json!([backend("web-canary", 100)]));
    let exprs = json!([expr("Cookie", "t", "RegexMatch", "^y"), expr("Query", "q", "NotEqual", "no")]);
    let both = rule(2, exprs, json!([backend("web-canary", 100)]));
    let routing = json!({ "apisix": { "route": { "name": "web", "rules": ["main"] } } });
    let world = World::new("Apisix", routing, &kind, &[("web", main), ("dbg", debug), ("both", both)]);
    let split = "web-stable 80, web-canary 20";
    assert_eq!(world.to(&get("/x")), split);
    assert_eq!(world.to(&get("/").with_header("Trace", "debug")), "web-canary 100");
    assert_eq!(world.to(&get("/").with_cookie("t", "yes")), "web-canary 100");
    assert_eq!(world.to(&get("/").with_cookie("t", "yes").with_query("q", "no")), split);
    assert_eq!(world.to(&get("/").on("b.example")), "");
}

#[test]
fn gateway_api_takes_the_most_special_match() {
    let kind = Kind::fixed("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes");
    let refs = |all: &[(&str, u32)]| -> Value {
        all.iter().map(|(name, weight)| json!({ "name": name, "port": 80, "weight": weight })).collect()
    };
    let all = json!({ "type": "PathPrefix", "value": "/" });
    let vip = json!([{ "path": all, "headers": [{ "type": "Exact", "name": "x-vip", "value": "1" }] }]);
    let mirror = json!([{ "type": "RequestMirror", "requestMirror": { "backendRef": { "name": "web-canary" }, "percent": 20 } }]);
    let api = json!([{ "path": { "type": "PathPrefix", "value": "/api" } }]);
    let route = json!({ "spec": { "hostnames": ["*.example"], "rules": [
        { "backendRefs": refs(&[("web-stable", 70), ("web-canary", 30)]), "matches": [{ "path": all }] },
        { "name": "vip", "matches": vip, "backendRefs": [{ "name": "web-canary", "port": 80 }] },
        { "matches": api, "filters": mirror, "backendRefs": refs(&[("web-stable", 100), ("web-canary", 0)]) },
    ] } });
    let exact = json!({ "spec": { "hostnames": ["b.example"], "rules": [{ "backendRefs": refs(&[("other", 1)]) }] } });
    let routing = json!({ "plugins": { "argoproj-labs/gatewayAPI": { "httpRoute": "front" } } });
    let world = World::new("GatewayAPI", routing, &kind, &[("front", route), ("other", exact)]);
    assert_eq!(world.to(&get("/")), "web-stable 70, web-canary 30");
    assert_eq!(world.to(&get("/").with_header("X-Vip", "1")), "web-canary 1");
    let mirrored = "web-stable 100 | web-canary 20";
    assert_eq!(world.to(&get("/api/x").with_header("x-vip", "1")), mirrored, "the path counts before headers");
    assert_eq!(world.to(&get("/").on("b.example").with_header("x-vip", "1")), "other 1", "the whole host first of all");
}

#[test]
fn gateway_api_passes_calls_and_connections_on() {
    let refs = json!([{ "name": "web-stable", "weight": 1 }, { "name": "web-canary", "weight": 3 }]);
    let named = |kind, plural| Kind::fixed("gateway.networking.k8s.io", "v1alpha2", kind, plural);
    let routing = json!({ "plugins": { "argoproj-labs/gatewayAPI": {} } });
    let matches = json!([{ "method": { "service": "shop.Cart", "method": "Add" } }]);
    let grpc = json!({ "spec": { "rules": [{ "matches": matches, "backendRefs": refs }] } });
    let world = World::new("GatewayAPI", routing.clone(), &named("GRPCRoute", "grpcroutes"), &[("front", grpc)]);
    assert_eq!(world.to(&get("/shop.Cart/Add")), "web-stable 1, web-canary 3");
    assert_eq!(world.to(&get("/shop.Cart/Remove")), "");
    let tcp = json!({ "spec": { "rules": [{ "backendRefs": refs }] } });
    let world = World::new("GatewayAPI", routing, &named("TCPRoute", "tcproutes"), &[("front", tcp)]);
    assert_eq!(world.to(&get("/")), "web-stable 1, web-canary 3");
}
