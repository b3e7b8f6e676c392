//! Recorded and other states of canary Ingresses.

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

fn managed(name: &str, blocks: Vec<Block>) -> Managed {
    Managed { name: name.into(), matches: Matches::AnyOf(blocks), mirror: None }
}

fn exact(text: &str) -> Pattern {
    Pattern::Exact(text.into())
}

fn header(name: &str, pattern: Pattern) -> Block {
    Block { headers: vec![(name.into(), pattern)], ..Block::default() }
}

fn cookie(name: &str, pattern: Pattern) -> Block {
    Block { cookies: vec![(name.into(), pattern)], ..Block::default() }
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
        json!({ "defaultBackend": { "service": { "name": "web-canary", "port": { "name": "http" } } } })
    );
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

#[test]
fn managed_routes_come_and_go() {
    let routes = json!([{ "name": "vip" }]);
    let mut world = with_routing(json!({ "nginx": { "stableIngress": "front" }, "managedRoutes": routes }));
    world.route(&weight(20));
    let before = world.get(&canary());
    let mut route = weight(20);
    route.managed = vec![managed("vip", vec![header("X-Tier", exact("gold"))])];
    let changes = world.route(&route);
    let updating = "PatchingCanaryIngress Updating Ingress `web-front-canary`";
    assert_eq!(told(&changes), [format!("{updating} to headerRoute 'vip'")]);
    let all = annotations(&world);
    assert_eq!(all["nginx.ingress.kubernetes.io/canary-by-header"], "X-Tier");
    assert_eq!(all["nginx.ingress.kubernetes.io/canary-by-header-value"], "gold");
    assert_eq!(all["nginx.ingress.kubernetes.io/canary-weight"], "20");
    route.weight = 30;
    route.managed = vec![managed("vip", vec![cookie("tester", exact("always"))])];
    let changes = world.route(&route);
    let expected = [format!("{updating} to headerRoute 'vip'"), format!("{updating} to desiredWeight '30'")];
    assert_eq!(told(&changes), expected);
    let all = annotations(&world);
    assert_eq!(all["nginx.ingress.kubernetes.io/canary-by-cookie"], "tester");
    assert_eq!(all["nginx.ingress.kubernetes.io/canary-by-header"], Value::Null);
    route.weight = 20;
    world.route(&route);
    assert_eq!(told(&world.route(&weight(20))), [format!("{updating} removing managed routes")]);
    assert_eq!(world.get(&canary()), before);
}

/// The annotations of a condition, shortened.
fn condition(blocks: Vec<Block>) -> Result<Vec<(&'static str, String)>, String> {
    Ok(Condition::of(&[managed("vip", blocks)])?.annotations())
}

#[test]
fn headers_and_cookies_match_as_they_should() {
    let prefix = |text: &str| Pattern::Prefix(text.into());
    let regex = |text: &str| Pattern::Regex(text.into());
    let always = cookie("tester", exact("always"));
    for (blocks, name, matching, others) in [
        (vec![header("X", exact("a b,c"))], "X", &["a b,c"][..], &["a b,c ", "always", ""][..]),
        (vec![header("X", prefix("a.b"))], "X", &["a.b", "a.bc"], &["axb", " a.b"]),
        (vec![header("X", regex("a|b @"))], "X", &["a", "b @"], &["ab @", "xa"]),
        (vec![header("X", regex(r"\ a\d+"))], "X", &[" a12"], &["a12", " ab"]),
        (vec![header("X", exact("a")), header("x", prefix("b"))], "X", &["a", "bc"], &["ab", "c"]),
        (vec![header("X", regex("(?i)a")), header("X", exact("b")), always], "X", &["a", "A", "b"], &["B"]),
        (
            vec![cookie("v", exact("2"))],
            "Cookie",
            &["v=2", "a=b; v=2", "v=2; a=b", "a=b;v=2;c=d"],
            &["v=20", "xv=2", "a=v=2", "v=3", "vv=2; a=b"],
        ),
        (vec![cookie("v", prefix("2"))], "Cookie", &["v=2", "v=21; a=b", "a=b; v=21"], &["v=12", "a=2; v=; b=2"]),
        (
            vec![cookie("v", regex("[12].*9")), cookie("w", exact("*"))],
            "Cookie",
            &["v=19", "w=*", "v=3; w=*", "v=1; v=2;29; v=219"],
            &["v=12", "w=x", "v=3; w=", "v=12; a=9"],
        ),
    ] {
        let all = condition(blocks.clone()).expect("it can be said");
        assert_eq!(all[0], ("canary-by-header", name.to_string()), "{blocks:?}");
        let (_, pattern) = all.iter().find(|(key, _)| *key == "canary-by-header-pattern").expect("a pattern");
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || r"-._~/:^$[](){}*+?|&=\".contains(c);
        assert!(pattern.chars().all(is_allowed), "{pattern} may stand in an annotation");
        let compiled = regex_lite::Regex::new(pattern).expect("a regular expression");
        matching.iter().for_each(|text| assert!(compiled.is_match(text), "{pattern} matches {text:?}"));
        others.iter().for_each(|text| assert!(!compiled.is_match(text), "{pattern} does not match {text:?}"));
    }
    let twice = condition(vec![header("X", exact("a")), header("X", exact("a"))]);
    assert_eq!(twice, Ok(vec![("canary-by-header", "X".into()), ("canary-by-header-value", "a".into())]));
}

#[test]
fn what_nginx_cannot_do_is_refused() {
    let regex = Pattern::Regex("a{1,2}".into());
    let no = |blocks: Vec<Block>| condition(blocks).expect_err("it cannot be said");
    let path = Block { path: Some(exact("/a")), ..Block::default() };
    let method = Block { method: Some(exact("GET")), ..Block::default() };
    let query = Block { query_params: vec![("a".into(), exact("1"))], ..Block::default() };
    let two = Block { headers: vec![("a".into(), exact("1")), ("b".into(), exact("1"))], ..Block::default() };
    assert_eq!(no(vec![path]), "NGINX cannot match on the path: what it finds for one counts for all of a Service");
    assert_eq!(no(vec![method]), "NGINX cannot match on the method");
    assert_eq!(no(vec![query]), "NGINX cannot match on the query");
    assert_eq!(no(vec![two]), "NGINX matches on one header or one cookie, not on none or on several at once");
    assert_eq!(no(vec![header("x", regex)]), "NGINX cannot have ',' in a regular expression of an annotation");
    assert_eq!(
        no(vec![header("a", exact("1")), header("b", exact("1"))]),
        "NGINX can match on one header, not on a and b"
    );
    assert_eq!(no(vec![header("a b", exact("1"))]), "NGINX cannot match on a header of the name \"a b\"");
    let routing = |additional: Value| json!({ "nginx": { "stableIngress": "front", "additionalIngressAnnotations": additional } });
    let world = with_routing(routing(json!({ "canary-by-header": "X-C" })));
    let vip = managed("vip", vec![header("a", exact("1"))]);
    let beta = managed("beta", vec![header("b", exact("1"))]);
    assert_eq!(
        Nginx.refuses(&world.context(), &vip).unwrap_or_default(),
        "NGINX has one annotation canary-by-header for each Ingress, and the Rollout sets it for good"
    );
    let world = with_routing(routing(json!({})));
    assert_eq!(Nginx.refuses(&world.context(), &vip), None);
    assert_eq!(
        Nginx.refuses_together(&world.context(), &[vip.clone(), beta]).unwrap_or_default(),
        "NGINX can match on one header, not on a and b"
    );
    let mirror = Managed { mirror: Some(100), ..vip };
    assert_eq!(
        Nginx.refuses(&world.context(), &mirror).unwrap_or_default(),
        "NGINX cannot mirror the requests that match, only all that an Ingress gets"
    );
}

#[test]
fn what_cannot_be_expressed_keeps_no_weight_from_being_set() {
    let mut world = world(json!({ "stableIngress": "front" }));
    let mut route = weight(20);
    route.managed = vec![managed("vip", vec![Block { path: Some(exact("/a")), ..Block::default() }])];
    assert!(world.error(&route).starts_with("NGINX cannot match on the path"));
    assert_eq!(annotations(&world)["nginx.ingress.kubernetes.io/canary-weight"], "20");
    // Another router beside this one has always done what this one does not.
    let matches = Matches::Headers(vec![("a".into(), exact("1")), ("b".into(), exact("1"))]);
    let mirror = Managed { mirror: Some(50), ..managed("shadow", vec![Block::default()]) };
    route.managed = vec![Managed { name: "vip".into(), matches, mirror: None }, mirror];
    assert_eq!(world.route(&route), []);
}
