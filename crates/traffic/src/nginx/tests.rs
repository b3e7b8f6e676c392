//! Recorded and other states of canary Ingresses.

mod routes;

use super::*;
use crate::harness::{World, owner, rollout, weight};
use crate::{Block, Change, Pattern, Write};
use serde_json::json;

fn front() -> ObjectRef {
    ingress::named("ns", "front")
}

fn canary() -> ObjectRef {
    ingress::named("ns", "web-front-canary")
}

fn path(path: &str, service: &str) -> Value {
    let backend = json!({ "service": { "name": service, "port": { "number": 80 } } });
    json!({ "path": path, "pathType": "Prefix", "backend": backend })
}

/// A Rollout with this `nginx`, and an Ingress that sends everything to its stable Service.
fn world(nginx: Value) -> World<'static> {
    with_routing(json!({ "nginx": nginx }))
}

fn with_routing(routing: Value) -> World<'static> {
    let stable = json!({
        "metadata": {
            "name": "front",
            "namespace": "ns",
            "annotations": { "x.example/kept": "only here", "kubernetes.io/ingress.class": "nginx" },
            "labels": { "team": "a" },
        },
        "spec": { "rules": [{ "host": "a.example", "http": { "paths": [path("/", "web-stable")] } }] },
    });
    World::new(&Nginx, rollout(routing), [(front(), stable)])
}

fn annotations(world: &World<'_>) -> Value {
    world.get(&canary())["metadata"]["annotations"].clone()
}

fn told(changes: &[Change]) -> Vec<String> {
    let events = changes.iter().flat_map(|change| &change.events);
    events.map(|event| format!("{} {}", event.reason, event.message)).collect()
}

#[test]
fn one_release() {
    let mut world = world(json!({ "stableIngress": "front" }));
    let before = world.get(&front());
    let changes = world.route(&weight(0));
    assert_eq!(told(&changes), ["CreatingCanaryIngress Creating canary ingress `web-front-canary` with weight `0`"]);
    let created = json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": "web-front-canary",
            "namespace": "ns",
            "ownerReferences": [owner()],
            "annotations": {
                "kubernetes.io/ingress.class": "nginx",
                "nginx.ingress.kubernetes.io/canary": "true",
                "nginx.ingress.kubernetes.io/canary-weight": "0",
            },
        },
        "spec": { "rules": [{ "host": "a.example", "http": { "paths": [path("/", "web-canary")] } }] },
    });
    assert_eq!(world.get(&canary()), created);
    for percent in [30, 100, 0] {
        let changes = world.route(&weight(percent));
        let message = format!("Updating Ingress `web-front-canary` to desiredWeight '{percent}'");
        assert_eq!(told(&changes), [format!("PatchingCanaryIngress {message}")]);
        let key = "nginx.ingress.kubernetes.io/canary-weight";
        let patch = json!({ "metadata": { "annotations": { key: percent.to_string() } } });
        assert_eq!(changes[0].write, Write::Patch { at: canary(), body: patch });
    }
    assert_eq!(world.get(&front()), before, "the stable Ingress is left alone");
}

/// An Ingress `name` with these rules.
fn ingress_of(name: &str, spec: Value) -> (ObjectRef, Value) {
    (ingress::named("ns", name), json!({ "metadata": { "name": name, "namespace": "ns" }, "spec": spec }))
}

#[test]
fn only_what_leads_to_the_stable_service_is_copied() {
    let north = json!({
        "ingressClassName": "nginx",
        "tls": [{ "hosts": ["n.example"], "secretName": "n-cert" }],
        "rules": [
            { "host": "n.example", "http": { "paths": [path("/", "web-stable"), path("/static", "assets")] } },
            { "host": "other.example", "http": { "paths": [path("/", "other")] } },
            { "host": "nothing.example" },
            { "host": "bucket.example", "http": { "paths": [{ "path": "/", "backend": { "resource": { "name": "b" } } }] } },
        ],
    });
    let default = json!({ "service": { "name": "web-stable", "port": { "name": "http" } } });
    let south = json!({ "defaultBackend": default });
    let routing = json!({ "nginx": { "stableIngresses": ["north", "south"] } });
    let mut world = World::new(&Nginx, rollout(routing), [ingress_of("north", north), ingress_of("south", south)]);
    let changes = world.route(&weight(40));
    assert_eq!(
        told(&changes),
        [
            "CreatingCanaryIngress Creating canary ingress `web-north-canary` with weight `40`",
            "CreatingCanaryIngress Creating canary ingress `web-south-canary` with weight `40`",
        ]
    );
    assert_eq!(
        world.get(&ingress::named("ns", "web-north-canary"))["spec"],
        json!({
            "ingressClassName": "nginx",
            "tls": [{ "hosts": ["n.example"], "secretName": "n-cert" }],
            "rules": [{ "host": "n.example", "http": { "paths": [path("/", "web-canary")] } }],
        })
    );
    assert_eq!(
        world.get(&ingress::named("ns", "web-south-canary"))["spec"],
        json!({ "rules": [{ "http": { "paths": [{
            "path": "/",
            "pathType": "Prefix",
            "backend": { "service": { "name": "web-canary", "port": { "name": "http" } } },
        }] } }] })
    );
}

#[test]
fn the_rest_of_a_host_is_at_its_root() {
    let backend = |service: &str| json!({ "service": { "name": service, "port": { "number": 80 } } });
    let rule = |host: &str, paths: Value| json!({ "host": host, "http": { "paths": paths } });
    let route = |rules: Value| {
        let (at, front) = ingress_of("front", json!({ "defaultBackend": backend("web-stable"), "rules": rules }));
        let routing = json!({ "nginx": { "stableIngress": "front" } });
        let mut world = World::new(&Nginx, rollout(routing), [(at, front)]);
        let (_, result) = world.try_route(&weight(20));
        result.map(|()| world.get(&canary())["spec"].clone())
    };
    let assets = || path("/static", "assets");
    let rest = json!([path("/", "web-canary")]);
    let rules = json!([rule("a.example", json!([assets()])), { "host": "b.example" }, rule("a.example", json!([]))]);
    let expected = json!({ "rules": [rule("a.example", rest.clone()), rule("b.example", rest.clone())] });
    assert_eq!(route(rules), Ok(expected));
    // What is merged at one place counts everywhere; and what cannot be merged at another is merged nowhere.
    let rules = json!([rule("a.example", json!([assets(), path("/shop", "web-stable")]))]);
    let expected = json!({ "rules": [rule("a.example", json!([path("/shop", "web-canary")]))] });
    assert_eq!(route(rules), Ok(expected));
    let rules = json!([rule("a.example", json!([path("/", "assets")])), { "http": { "paths": [assets()] } }]);
    let expected = "ingress `front` has no rules using service web-stable backend: ingress-nginx asks spec.defaultBackend \
                    only for hosts that spec.rules name, and only where no rule is for `/`: give the Ingress a rule for `/` \
                    that leads to the Service";
    assert_eq!(route(rules), Err(RouteError::failed(expected)));
}

#[test]
fn annotations_of_the_spec_come_and_go_and_those_of_others_stay() {
    let nginx = |additional: Value| {
        json!({ "nginx": {
            "stableIngress": "front",
            "annotationPrefix": "ex.example",
            "additionalIngressAnnotations": additional,
            "canaryIngressAnnotations": { "team.example/owner": "z", "ex.example/canary-by-cookie": "beta" },
        }, "maxTrafficWeight": 1000 })
    };
    let both = json!({ "canary-by-header": "X-C", "ex.example/affinity": "cookie" });
    let mut world = with_routing(nginx(both));
    let mut route = weight(10);
    route.max = 1000;
    world.route(&route);
    let expected = json!({
        "kubernetes.io/ingress.class": "nginx",
        "ex.example/affinity": "cookie",
        "ex.example/canary": "true",
        "ex.example/canary-by-cookie": "beta",
        "ex.example/canary-by-header": "X-C",
        "ex.example/canary-weight": "10",
        "ex.example/canary-weight-total": "1000",
        "team.example/owner": "z",
    });
    assert_eq!(annotations(&world), expected);
    let mut object = world.get(&canary());
    object["metadata"]["annotations"]["rival.example/x"] = json!("1");
    object["metadata"]["labels"] = json!({ "by": "somebody" });
    world.objects.insert(canary(), object.into());
    assert_eq!(world.route(&route), []);
    world.rollout = rollout(nginx(json!({ "ex.example/affinity": "cookie" })));
    let changes = world.route(&route);
    let message = "Updating Ingress `web-front-canary` to desiredWeight '10'";
    assert_eq!(told(&changes), [format!("PatchingCanaryIngress {message}")]);
    let mut expected = expected;
    expected.as_object_mut().expect("a map").remove("ex.example/canary-by-header");
    expected["rival.example/x"] = json!("1");
    assert_eq!(annotations(&world), expected);
    assert_eq!(world.get(&canary())["metadata"]["labels"], json!({ "by": "somebody" }));
    world.rollout = rollout(json!({ "nginx": { "stableIngress": "front" } }));
    world.route(&route);
    let expected = json!({
        "kubernetes.io/ingress.class": "nginx",
        "nginx.ingress.kubernetes.io/canary": "true",
        "nginx.ingress.kubernetes.io/canary-weight": "10",
        "ex.example/affinity": "cookie",
        "rival.example/x": "1",
        "team.example/owner": "z",
    });
    assert_eq!(annotations(&world), expected, "only what makes it a canary is known to be a former prefix's");
}

#[test]
fn a_small_maximum_is_told_in_percent() {
    let mut world = with_routing(json!({ "nginx": { "stableIngress": "front" }, "maxTrafficWeight": 10 }));
    let mut route = weight(3);
    route.max = 10;
    world.route(&route);
    assert_eq!(annotations(&world)["nginx.ingress.kubernetes.io/canary-weight"], "30");
    assert_eq!(annotations(&world)["nginx.ingress.kubernetes.io/canary-weight-total"], "100");
}

#[test]
fn names_fit() {
    assert_eq!(canary::name("web", "front"), "web-front-canary");
    let long = canary::name(&"r".repeat(200), &"s".repeat(200));
    assert_eq!(long.len(), 253);
    assert!(long.ends_with("ss-canary"), "{long}");
}

#[test]
fn what_is_wrong_is_said_and_hides_no_other_ingress() {
    let (foreign_at, foreign) = ingress_of("web-front-canary", json!({}));
    let plain = ingress_of("plain", json!({ "rules": [{ "http": { "paths": [path("/", "other")] } }] }));
    let good = ingress_of("good", json!({ "rules": [{ "http": { "paths": [path("/", "web-stable")] } }] }));
    let mut world = world(json!({ "stableIngresses": ["front", "gone", "plain", "good"] }));
    for (at, object) in [(foreign_at, foreign), plain, good] {
        world.objects.insert(at, object.into());
    }
    let (changes, result) = world.try_route(&weight(10));
    let expected = [
        "canary ingress `web-front-canary` controlled by different object",
        "error retrieving stableIngress `gone` from cache: ingress.networking.k8s.io \"gone\" not found",
        "ingress `plain` has no rules using service web-stable backend",
    ];
    assert_eq!(result, Err(RouteError::failed(expected.join("; "))));
    let written: Vec<_> = changes.iter().map(|change| change.write.at().name.as_str()).collect();
    assert_eq!(written, ["web-good-canary"]);
    world.release();
    assert_eq!(world.get(&ingress::named("ns", "web-good-canary")), Value::Null);
    assert_eq!(world.get(&canary())["spec"], json!({}), "what is not ours stays");
}
