use super::*;
use crate::gateway_api::tests::{at, route as route_of, split, weights};
use crate::gateway_api::{GatewayApi, PLUGIN};
use crate::harness::{World, rollout_with_steps, weight};
use crate::{Block, Matches, Pattern, Route, Router};

fn world_of(kind: RouteKind, config: Value, rules: Value) -> World<'static> {
    let steps = json!([{ "setHeaderRoute": { "name": "vip" } }, { "setMirrorRoute": { "name": "shadow" } }]);
    let routing = json!({ "plugins": { PLUGIN: config }, "managedRoutes": [{ "name": "vip" }, { "name": "beta" }] });
    World::new(&GatewayApi, rollout_with_steps(routing, steps), [(at(kind, "front"), route_of(rules))])
}

fn world(rules: Value) -> World<'static> {
    world_of(RouteKind::Http, json!({ "httpRoute": "front", "disableInProgressLabel": true }), rules)
}

fn rules(world: &World<'_>) -> Vec<Value> {
    world.get(&at(RouteKind::Http, "front"))["spec"]["rules"].as_array().cloned().unwrap_or_default()
}

fn names(world: &World<'_>) -> Vec<String> {
    rules(world).iter().map(|rule| rule["name"].as_str().unwrap_or("-").to_string()).collect()
}

fn header(name: &str) -> Managed {
    let matches = Matches::Headers(vec![("x-vip".into(), Pattern::Exact("1".into()))]);
    Managed { name: name.into(), matches, mirror: None }
}

fn with(managed: Vec<Managed>) -> Route {
    Route { managed, ..weight(30) }
}

/// The example of the plugin's documentation.
#[test]
fn a_rule_leads_to_the_canary() {
    let mut world = world(json!([split()]));
    let changes = world.route(&with(vec![header("vip")]));
    assert_eq!(changes.len(), 2, "the rule, then the weights");
    let vip = json!({
        "name": "vip",
        "matches": [{
            "path": { "type": "PathPrefix", "value": "/" },
            "headers": [{ "type": "Exact", "name": "x-vip", "value": "1" }],
        }],
        "backendRefs": [{ "group": "", "kind": "Service", "name": "web-canary", "port": 80 }],
    });
    let after = rules(&world);
    assert_eq!((after.len(), weights(&after[0])), (2, vec![Some(70), Some(30)]));
    assert_eq!(after[1], vip);
    world.route(&weight(30));
    assert_eq!(names(&world), ["-"]);
}

#[test]
fn every_rule_that_splits_has_its_own_and_all_else_is_copied() {
    let mut second = split();
    second["name"] = "second".into();
    second["matches"] = json!([{ "path": { "type": "Exact", "value": "/a" } }, { "method": "GET" }]);
    second["timeouts"] = json!({ "request": "5s" });
    second["sessionPersistence"] = json!({ "sessionName": "s" });
    second["filters"] = json!([{ "type": "URLRewrite" }]);
    let mut world = world(json!([split(), second]));
    world.route(&with(vec![header("vip")]));
    assert_eq!(names(&world), ["-", "second", "vip", "vip-1"]);
    let made = &rules(&world)[3];
    assert_eq!(made["matches"].as_array().map(Vec::len), Some(2));
    for field in ["timeouts", "sessionPersistence", "filters"] {
        assert_eq!(made[field], second[field], "{field}");
    }
}

#[test]
fn blocks_are_alternatives() {
    let mut source = split();
    source["matches"] =
        json!([{ "path": { "type": "PathPrefix", "value": "/a" } }, { "path": { "type": "Exact", "value": "/b" } }]);
    let mut world = world(json!([source]));
    let cookie = Block { cookies: vec![("tester".into(), Pattern::Exact("yes".into()))], ..Block::default() };
    let path = Block { path: Some(Pattern::Exact("/a/x".into())), ..Block::default() };
    let managed = Managed { matches: Matches::AnyOf(vec![cookie, path]), ..header("vip") };
    world.route(&with(vec![managed]));
    let matches = rules(&world)[1]["matches"].clone();
    let paths: Vec<_> = matches.as_array().expect("a list").iter().map(|m| m["path"]["value"].clone()).collect();
    assert_eq!(paths, ["/a", "/a/x", "/b"], "of /b and /a/x nothing is left");
    assert_eq!(matches[0]["headers"][0]["name"], "cookie");
}

#[test]
fn only_rules_of_that_name_go() {
    let own = json!({ "backendRefs": [{ "name": "web-canary", "port": 80 }] });
    let mut named = own.clone();
    named["name"] = "vip-list".into();
    let mut world = world(json!([split(), own.clone(), named.clone()]));
    world.route(&with(vec![header("vip"), header("beta")]));
    assert_eq!(names(&world), ["-", "-", "vip-list", "vip", "beta"]);
    let changes = world.route(&Route { weight: 40, ..with(vec![header("beta")]) });
    assert_eq!(changes.len(), 2, "the removal, then the weights");
    assert_eq!(names(&world), ["-", "-", "vip-list", "beta"]);
    world.release();
    assert_eq!(rules(&world)[1..], [own, named]);
}

#[test]
fn a_mirror_goes_where_it_went_before() {
    let mut world = world(json!([split()]));
    let shadow = |percent| Managed { mirror: Some(percent), ..header("shadow") };
    world.route(&with(vec![shadow(35)]));
    let made = &rules(&world)[1];
    let backend = json!({ "group": "", "kind": "Service", "name": "web-canary", "port": 80 });
    let filter = json!({ "type": "RequestMirror", "requestMirror": { "backendRef": backend, "percent": 35 } });
    assert_eq!((&made["filters"], weights(made)), (&json!([filter]), vec![Some(70), Some(30)]));
    world.route(&Route { weight: 50, ..with(vec![shadow(100)]) });
    let made = &rules(&world)[1];
    assert_eq!(weights(made), [Some(50), Some(50)]);
    assert_eq!(made["filters"][0]["requestMirror"]["percent"], Value::Null, "all of it");
}

#[test]
fn what_the_api_server_fills_in_is_no_change() {
    let mut world = world(json!([split()]));
    world.route(&with(vec![header("vip")]));
    let mut filled = world.get(&at(RouteKind::Http, "front"));
    filled["spec"]["rules"][1]["backendRefs"][0]["weight"] = 1.into();
    world.objects.insert(at(RouteKind::Http, "front"), filled.into());
    assert_eq!(world.route(&with(vec![header("vip")])), []);
}

#[test]
fn roles_of_ping_pong_change() {
    let mut world = world(json!([split()]));
    world.route(&with(vec![header("vip")]));
    let mut route = weight(0);
    std::mem::swap(&mut route.canary, &mut route.stable);
    world.route(&route);
    assert_eq!(names(&world), ["-"]);
    assert_eq!(weights(&rules(&world)[0]), [Some(0), Some(100)]);
}

#[test]
fn grpc_has_matches_of_its_own() {
    let mut source = split();
    source["matches"] = json!([]);
    let mut world = world_of(RouteKind::Grpc, json!({ "grpcRoute": "front" }), json!([source]));
    let buy = Block { path: Some(Pattern::Exact("/Shop/Buy".into())), ..Block::default() };
    world.route(&with(vec![Managed { matches: Matches::AnyOf(vec![buy]), ..header("vip") }]));
    let made = world.get(&at(RouteKind::Grpc, "front"))["spec"]["rules"][1]["matches"].clone();
    assert_eq!(made, json!([{ "method": { "type": "Exact", "service": "Shop", "method": "Buy" } }]));
}

#[test]
fn routes_get_managed_rules_only_if_they_are_to() {
    let selector = json!({ "matchLabels": { "a": "b" } });
    for config in [json!({ "httpRoutes": [{ "name": "front" }] }), json!({ "httpRouteSelector": selector })] {
        let mut world = world_of(RouteKind::Http, config, json!([split()]));
        let mut front = world.get(&at(RouteKind::Http, "front"));
        front["metadata"]["labels"] = json!({ "a": "b" });
        world.objects.insert(at(RouteKind::Http, "front"), front.into());
        world.route(&with(vec![header("vip")]));
        assert_eq!(names(&world), ["-"]);
        let refused = GatewayApi.refuses(&world.context(), &header("vip")).expect("refused");
        assert_eq!(refused, "Gateway API has no route here whose requests it may match: none has `useHeaderRoutes`");
    }
    let listed = json!({ "httpRoutes": [{ "name": "front", "useHeaderRoutes": true }] });
    let mut world = world_of(RouteKind::Http, listed, json!([split()]));
    world.route(&with(vec![header("vip")]));
    assert_eq!(names(&world), ["-", "vip"]);
    assert_eq!(GatewayApi.refuses(&world.context(), &header("vip")), None);
}

#[test]
fn what_is_wrong_is_said_and_the_weights_are_set() {
    let error = |rules_: Value, managed: Managed| {
        let mut world = world(rules_);
        let message = world.error(&with(vec![managed, header("beta")]));
        assert_eq!(weights(&rules(&world)[0]), [Some(70), Some(30)]);
        (message, names(&world).contains(&"beta".into()))
    };
    let foreign = json!({ "name": "vip", "backendRefs": [{ "name": "other", "port": 80 }] });
    let message = "HTTPRoute front: rule vip does not belong to the Rollout";
    assert_eq!(error(json!([split(), foreign]), header("vip")), (message.into(), true));

    let with_path = |pattern| {
        let block = Block { path: Some(pattern), ..Block::default() };
        Managed { matches: Matches::AnyOf(vec![block]), ..header("vip") }
    };
    let mut source = split();
    source["matches"][0]["path"]["value"] = "/a".into();
    let message =
        "HTTPRoute front: route vip: rule no. 1 has a path, /a, that cannot be combined with the one of the route";
    assert_eq!(error(json!([source.clone()]), with_path(Pattern::Regex("/a.*".into()))), (message.into(), true));
    let message = "HTTPRoute front: route vip: no rule is for such requests";
    assert_eq!(error(json!([source]), with_path(Pattern::Exact("/b".into()))), (message.into(), true));

    let many = (0..9).map(|i| {
        let mut rule = split();
        rule["matches"][0]["path"]["value"] = format!("/{i}").into();
        rule
    });
    let many: Vec<Value> = many.collect();
    let message = "HTTPRoute front: would have 27 rules, and no more than 16 are allowed";
    assert_eq!(error(many.into(), header("vip")), (message.into(), false));
    let many = |n| -> Vec<Value> {
        (0..n).map(|i| json!({ "path": { "type": "Exact", "value": format!("/{i}") } })).collect()
    };
    let mut other = json!({ "backendRefs": [{ "name": "other", "port": 80 }] });
    other["matches"] = many(60).into();
    let mut source = split();
    source["matches"] = many(24).into();
    let message = "HTTPRoute front: would have 132 matches, and no more than 128 are allowed";
    assert_eq!(error(json!([source, other]), header("vip")), (message.into(), false));
    let mut source = split();
    source["matches"] = (0..33).map(|i| json!({ "path": { "type": "Exact", "value": format!("/{i}") } })).collect();
    let block = |name: &str| Block { headers: vec![(name.into(), Pattern::Exact("1".into()))], ..Block::default() };
    let managed = Managed { matches: Matches::AnyOf(vec![block("a"), block("b")]), ..header("vip") };
    let message = "HTTPRoute front: route vip: rule no. 1 would need 66 matches, and no more than 64 are allowed";
    assert_eq!(error(json!([source]), managed), (message.into(), true));
}

#[test]
fn a_rule_that_rewrites_prefixes_has_one_match() {
    let mut source = split();
    source["filters"] = json!([{ "type": "URLRewrite", "urlRewrite": { "path": { "type": "ReplacePrefixMatch" } } }]);
    let mut world = world(json!([source]));
    let header = |name: &str| Block { headers: vec![(name.into(), Pattern::Exact("1".into()))], ..Block::default() };
    let with_blocks =
        |blocks| with(vec![Managed { name: "vip".into(), matches: Matches::AnyOf(blocks), mirror: None }]);
    world.route(&with_blocks(vec![header("a"), header("b")]));
    assert_eq!(names(&world), ["-", "vip", "vip-1"]);
    let path = Block { path: Some(Pattern::Exact("/a".into())), ..Block::default() };
    let message =
        "HTTPRoute front: route vip: rule no. 1 rewrites a prefix of the path, and so can match on nothing else of it";
    assert_eq!(world.error(&with_blocks(vec![path])), message);
}

#[test]
fn names_of_rules_are_like_those_of_objects() {
    for (name, is_good) in [("vip", true), ("a.b-1", true), ("Vip", false), ("a_b", false), ("-a", false), ("", false)]
    {
        assert_eq!(refuses(name).is_none(), is_good, "{name}");
    }
    let refused = GatewayApi.refuses(&world(json!([])).context(), &header("Vip"));
    assert_eq!(refused, Some("Gateway API cannot have a rule with the name \"Vip\"".into()));
}
