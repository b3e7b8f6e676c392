//! Mappings in all their states.

use super::matches::Common;
use super::*;
use crate::harness::{World, owner, rollout, weight};
use crate::{Block, Change, Matches, Pattern};
use serde_json::{Value, json};

fn at(name: &str) -> ObjectRef {
    kind(&Settings::default()).named("ns", name)
}

fn shop(spec: Value) -> (ObjectRef, Value) {
    let metadata = json!({ "name": "shop", "namespace": "ns", "labels": { "class": "edge" } });
    (at("shop"), json!({ "metadata": metadata, "spec": spec }))
}

fn world(spec: Value) -> World<'static> {
    let routing = json!({ "ambassador": { "mappings": ["shop"] }, "managedRoutes": [{ "name": "vip" }] });
    World::new(&Ambassador, rollout(routing), [shop(spec)])
}

fn plain() -> Value {
    json!({ "prefix": "/shop/", "host": "a.example", "service": "http://web-stable.ns:80" })
}

fn told(changes: &[Change]) -> Vec<String> {
    let events = changes.iter().flat_map(|change| &change.events);
    events.map(|event| format!("{} {}", event.reason, event.message)).collect()
}

fn vip(block: Block) -> Managed {
    Managed { name: "vip".into(), matches: Matches::AnyOf(vec![block]), mirror: None }
}

fn exact(text: &str) -> Pattern {
    Pattern::Exact(text.into())
}

#[test]
fn a_canary_mapping_comes_and_goes() {
    let mut world = world(plain());
    let before = world.get(&at("shop"));
    assert_eq!(world.route(&weight(0)), []);
    let changes = world.route(&weight(30));
    assert_eq!(told(&changes), ["CanaryMappingWeightUpdate Set canary mapping weight to 30"]);
    assert_eq!(
        world.get(&at("shop-canary")),
        json!({
            "apiVersion": "getambassador.io/v2",
            "kind": "Mapping",
            "metadata": {
                "name": "shop-canary",
                "namespace": "ns",
                "labels": { "class": "edge" },
                "ownerReferences": [owner()],
            },
            "spec": {
                "prefix": "/shop/", "host": "a.example", "service": "http://web-canary.ns:80", "weight": 30,
            },
        })
    );
    let changes = world.route(&weight(60));
    assert_eq!(told(&changes), ["CanaryMappingWeightUpdate Set canary mapping weight to 60"]);
    assert_eq!(world.get(&at("shop-canary"))["spec"]["weight"], 60);
    let changes = world.route(&weight(0));
    assert_eq!(told(&changes), ["CanaryMappingWeightUpdate Set canary mapping weight to 0"]);
    assert_eq!(world.get(&at("shop-canary")), Value::Null);
    assert_eq!(world.get(&at("shop")), before, "the user's Mapping is left alone");
    world.route(&weight(5));
    world.release();
    assert_eq!(world.get(&at("shop-canary")), Value::Null);
}

#[test]
fn what_the_go_controller_made_is_taken_over_and_what_others_made_is_not() {
    let mut world = world(plain());
    let old = json!({ "metadata": { "name": "shop-canary" }, "spec": { "weight": 10 } });
    world.objects.insert(at("shop-canary"), old.into());
    world.route(&weight(10));
    assert_eq!(world.get(&at("shop-canary"))["metadata"]["ownerReferences"], json!([owner()]));
    assert_eq!(world.get(&at("shop-canary"))["spec"]["service"], "http://web-canary.ns:80");
    let foreign = json!({ "metadata": { "ownerReferences": [{ "uid": "u2", "controller": true }] }, "spec": {} });
    world.objects.insert(at("shop-canary"), foreign.clone().into());
    assert_eq!(
        world.error(&weight(10)),
        "1 errors found: [Ambassador mapping \"shop-canary\" belongs to somebody else]"
    );
    world.release();
    assert_eq!(world.get(&at("shop-canary")), foreign);
}

#[test]
fn services_are_found_in_what_leads_to_them() {
    for (service, expected) in [
        ("web-stable", "web-canary"),
        ("web-stable:80", "web-canary:80"),
        ("https://web-stable.ns:443", "https://web-canary.ns:443"),
        ("http://web-stable/web-stable", "http://web-canary/web-stable"),
        ("x://y.web-stable", "x://y.web-canary"),
    ] {
        let mut world = world(json!({ "prefix": "/", "service": service }));
        world.route(&weight(1));
        assert_eq!(world.get(&at("shop-canary"))["spec"]["service"], expected, "{service}");
    }
}

#[test]
fn what_is_wrong_with_one_mapping_keeps_no_other_from_its_weight() {
    let routing = json!({ "ambassador": { "mappings": ["gone", "heavy", "other", "odd", "shop"] } });
    let heavy = json!({ "spec": { "service": "web-stable", "weight": 5 } });
    let other = json!({ "spec": { "service": "elsewhere" } });
    let all = [(at("heavy"), heavy), (at("other"), other), (at("odd"), json!([])), shop(plain())];
    let mut world = World::new(&Ambassador, rollout(routing), all);
    let (changes, result) = world.try_route(&weight(5));
    assert_eq!(told(&changes), ["CanaryMappingWeightUpdate Set canary mapping weight to 5"]);
    let Err(RouteError::Failed { message, events }) = result else { panic!("it fails") };
    assert_eq!(
        message,
        "4 errors found: [Ambassador mapping \"gone\" not found]\
         [Ambassador mapping \"heavy\" can not define weight]\
         [Ambassador mapping \"other\" does not lead to service web-stable: its service is \"elsewhere\"]\
         [Ambassador mapping \"odd\" does not lead to service web-stable: its service is \"\"]"
    );
    let reasons: Vec<_> = events.iter().map(|event| (event.is_warning, event.reason.as_str())).collect();
    let config = (true, "AmbassadorMappingConfigError");
    assert_eq!(reasons, [(true, "AmbassadorMappingNotFound"), config, config, config]);
}

#[test]
fn names_and_kinds() {
    assert_eq!(mapping::beside(&"m".repeat(253), "canary"), format!("{}-canary", "m".repeat(246)));
    let settings = Settings { ambassador_api_version: "x.getambassador.io/v3alpha1".into(), ..Settings::default() };
    let kind = kind(&settings);
    assert_eq!(
        (kind.api_version().as_str(), kind.to_string().as_str()),
        ("x.getambassador.io/v3alpha1", "ambassadormappings.x.getambassador.io")
    );
}

#[test]
fn managed_routes_have_mappings_of_their_own() {
    let mut world = world(plain());
    let mut route = weight(0);
    let first = Block {
        method: Some(exact("GET")),
        path: Some(Pattern::Prefix("/shop/api".into())),
        headers: vec![("X-Tier".into(), exact("gold")), ("X-Age".into(), Pattern::Prefix("1.".into()))],
        ..Block::default()
    };
    let second = Block {
        cookies: vec![("tester".into(), exact("yes"))],
        query_params: vec![("v".into(), exact("2"))],
        ..Block::default()
    };
    let elsewhere = Block { path: Some(exact("/other")), ..Block::default() };
    let matches = Matches::AnyOf(vec![first, second, elsewhere]);
    route.managed = vec![Managed { name: "vip".into(), matches, mirror: None }];
    world.route(&route);
    assert_eq!(world.get(&at("shop-vip"))["metadata"]["ownerReferences"], json!([owner()]));
    assert_eq!(
        world.get(&at("shop-vip"))["spec"],
        json!({
            "prefix": "/shop/api",
            "rewrite": "/api",
            "host": "a.example",
            "method": "GET",
            "headers": { "X-Tier": "gold" },
            "regex_headers": { "X-Age": r"^1\..*" },
            "service": "http://web-canary.ns:80",
        })
    );
    assert_eq!(
        world.get(&at("shop-vip-or-2"))["spec"],
        json!({
            "prefix": "/shop/",
            "host": "a.example",
            "regex_headers": { "Cookie": "^(?:.*; *)?tester=yes *(?:;.*)?$" },
            "query_parameters": { "v": "2" },
            "service": "http://web-canary.ns:80",
        })
    );
    assert_eq!(world.get(&at("shop-vip-or-3")), Value::Null, "no such request comes here");
    route.managed = vec![vip(Block { headers: vec![("X".into(), exact("1"))], ..Block::default() })];
    route.weight = 10;
    let changes = world.route(&route);
    let written: Vec<_> = changes.iter().map(|change| change.write.at().name.as_str()).collect();
    assert_eq!(written, ["shop-vip-or-2", "shop-vip", "shop-canary"], "routes come before weights");
    world.route(&weight(10));
    assert_eq!(world.get(&at("shop-vip")), Value::Null);
    world.route(&route);
    world.release();
    let left: Vec<_> = world.objects.iter().map(|(at, _)| at.name.as_str()).collect();
    assert_eq!(left, ["shop"]);
}

#[test]
fn requests_that_a_mapping_does_not_get_stay_where_they_are() {
    let base = json!({ "prefix": "/a", "prefix_exact": true, "method": "POST", "headers": { "X-B": "1" } });
    let base = base.as_object().expect("a map");
    let narrowed = |block: Block| matches::narrowed(base, &block);
    let path = |pattern: Pattern| narrowed(Block { path: Some(pattern), ..Block::default() });
    let method = |pattern: Pattern| narrowed(Block { method: Some(pattern), ..Block::default() });
    assert_eq!(path(exact("/b")), Ok(Common::Nothing));
    assert_eq!(path(Pattern::Prefix("/".into())), Ok(Common::Everything));
    assert_eq!(method(exact("GET")), Ok(Common::Nothing));
    assert_eq!(method(Pattern::Prefix("P".into())), Ok(Common::Everything));
    assert_eq!(
        narrowed(Block { headers: vec![("x-b".into(), exact("1"))], ..Block::default() }),
        Err("headers has x-b already".into())
    );
    let unwritten = json!({ "prefix": "/a/", "rewrite": "", "method": null });
    let spec = matches::narrowed(
        unwritten.as_object().expect("a map"),
        &Block { path: Some(exact("/a/b")), method: Some(Pattern::Regex("P.*".into())), ..Block::default() },
    );
    let expected = json!({
        "prefix": "/a/b", "prefix_exact": true, "rewrite": "", "method": "^(?:P.*)$", "method_regex": true,
    });
    assert_eq!(spec, Ok(Common::Part(expected.as_object().expect("a map").clone())));
}

#[test]
fn what_mappings_cannot_say_is_refused() {
    let world = world(plain());
    let refused = |managed: &Managed| Ambassador.refuses(&world.context(), managed).unwrap_or_default();
    let regex = Block { path: Some(Pattern::Regex("/a.*".into())), ..Block::default() };
    let header = |name: &str| (name.to_string(), exact("1"));
    let one = Block { headers: vec![header("x")], ..Block::default() };
    assert_eq!(refused(&vip(one.clone())), "");
    assert_eq!(refused(&vip(regex)), "Ambassador cannot match on a regular expression for the path besides a prefix");
    let twice = Block { headers: vec![header("cookie")], cookies: vec![header("a")], ..Block::default() };
    assert_eq!(refused(&vip(twice)), "Ambassador cannot match twice on the header cookie");
    assert_eq!(
        refused(&Managed { name: "canary".into(), ..vip(one) }),
        "Ambassador cannot have a route of the name \"canary\": that is the one for the weight"
    );
}

#[test]
fn copies_are_made_of_what_matches_and_what_matches_goes_on() {
    let mut world = world(plain());
    let names = |world: &World<'_>| world.objects.iter().map(|(at, _)| at.name.clone()).collect::<Vec<_>>();
    let shadow = |block: Block| Managed { mirror: Some(35), ..vip(block) };
    let mut route = weight(20);
    route.managed = vec![shadow(Block { method: Some(exact("GET")), ..Block::default() })];
    world.route(&route);
    assert_eq!(names(&world), ["shop", "shop-canary", "shop-vip", "shop-vip-share", "shop-vip-stable"]);
    let spec = |service: &str, rest: Value| {
        let service = format!("http://{service}.ns:80");
        let mut spec = json!({ "prefix": "/shop/", "host": "a.example", "service": service, "method": "GET" });
        let fields = rest.as_object().into_iter().flatten();
        fields.for_each(|(field, value)| spec[field] = value.clone());
        spec
    };
    let expected = spec("web-canary", json!({ "shadow": true, "weight": 35 }));
    assert_eq!(world.get(&at("shop-vip"))["spec"], expected);
    assert_eq!(world.get(&at("shop-vip-share"))["spec"], spec("web-canary", json!({ "weight": 20 })));
    assert_eq!(world.get(&at("shop-vip-stable"))["spec"], spec("web-stable", json!({})));
    route.weight = 0;
    world.route(&route);
    assert_eq!(names(&world), ["shop", "shop-vip", "shop-vip-stable"]);
    // Of everything: beside the Mappings that there are.
    route.managed = vec![shadow(Block { path: Some(Pattern::Prefix("/".into())), ..Block::default() })];
    world.route(&route);
    assert_eq!(names(&world), ["shop", "shop-vip"]);
    route.managed[0].mirror = None;
    assert!(world.error(&route).contains("a route that matches everything is no route"));
    assert_eq!(names(&world), ["shop"]);
}
