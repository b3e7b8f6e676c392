use super::*;
use crate::apisix::Apisix;
use crate::harness::{World, owner, rollout_with_steps, weight};
use crate::{Block, Matches, Pattern, Write};

fn at(name: &str) -> ObjectRef {
    ROUTES.named("ns", name)
}

fn base() -> Value {
    json!({
        "metadata": { "name": "front", "annotations": { "kubernetes.io/ingress.class": "apisix" } },
        "spec": {
            "ingressClassName": "apisix",
            "stream": [{ "name": "tcp" }],
            "http": [
                {
                    "name": "main",
                    "match": { "hosts": ["x"], "paths": ["/*"], "methods": ["GET", "POST"], "exprs": [user_expr()] },
                    "backends": [
                        { "serviceName": "web-stable", "servicePort": 80, "weight": 100 },
                        { "serviceName": "web-canary", "servicePort": 80, "weight": 0 },
                        { "serviceName": "legacy", "servicePort": 80, "weight": 5 },
                    ],
                    "plugins": [{ "name": "cors", "enable": true }],
                },
                { "name": "static", "backends": [{ "serviceName": "assets", "servicePort": 80 }] },
            ],
        },
    })
}

fn user_expr() -> Value {
    json!({ "subject": { "scope": "Query", "name": "lang" }, "op": "Equal", "value": "en" })
}

fn world() -> World<'static> {
    let steps = json!([{ "setHeaderRoute": { "name": "dbg" } }, { "setMirrorRoute": { "name": "shadow" } }]);
    let routing = json!({ "apisix": { "route": { "name": "front", "rules": ["main"] } } });
    World::new(&Apisix, rollout_with_steps(routing, steps), [(at("front"), base())])
}

fn exact(text: &str) -> Pattern {
    Pattern::Exact(text.into())
}

fn with(managed: Vec<Managed>) -> Route {
    Route { managed, ..weight(0) }
}

fn headers(headers: &[(&str, Pattern)]) -> Managed {
    let headers = headers.iter().map(|(name, pattern)| ((*name).to_string(), pattern.clone())).collect();
    Managed { name: "dbg".into(), matches: Matches::Headers(headers), mirror: None }
}

fn blocks(blocks: Vec<Block>) -> Managed {
    Managed { name: "dbg".into(), matches: Matches::AnyOf(blocks), mirror: None }
}

fn header_expr(op: &str, name: &str, value: &str) -> Value {
    json!({ "subject": { "scope": "Header", "name": name }, "op": op, "value": value })
}

fn rules(world: &World<'_>, name: &str) -> Vec<Value> {
    world.get(&at(name))["spec"]["http"].as_array().cloned().unwrap_or_default()
}

#[test]
fn a_route_leads_to_the_canary() {
    let mut world = world();
    let changes = world.route(&Route { weight: 20, ..with(vec![headers(&[("trace", exact("debug"))])]) });
    let verbs: Vec<_> =
        changes.iter().map(|c| (matches!(c.write, Write::Create { .. }), c.write.at().clone())).collect();
    assert_eq!(verbs, [(true, at("dbg")), (false, at("front"))]);
    let expected = json!({
        "apiVersion": "apisix.apache.org/v2",
        "kind": "ApisixRoute",
        "metadata": {
            "name": "dbg",
            "namespace": "ns",
            "ownerReferences": [owner()],
            "labels": { "argo-rollouts.argoproj.io/managed-route-of": "u1" },
            "annotations": { "kubernetes.io/ingress.class": "apisix" },
        },
        "spec": {
            "ingressClassName": "apisix",
            "http": [{
                "name": "main",
                "priority": 1,
                "match": {
                    "hosts": ["x"],
                    "paths": ["/*"],
                    "methods": ["GET", "POST"],
                    "exprs": [user_expr(), header_expr("Equal", "trace", "debug")],
                },
                "backends": [{ "serviceName": "web-canary", "servicePort": 80, "weight": 100 }],
                "plugins": [{ "name": "cors", "enable": true }],
            }],
        },
    });
    assert_eq!(world.get(&at("dbg")), expected);
    let changes = world.route(&weight(20));
    assert!(matches!(&changes[0].write, Write::Delete { at: gone } if *gone == at("dbg")) && changes.len() == 1);
}

#[test]
fn all_headers_must_match_and_prefixes_are_literal() {
    let mut world = world();
    let patterns = [("a", exact("1")), ("b", Pattern::Prefix("v1.".into())), ("c", Pattern::Regex("x|y".into()))];
    world.route(&with(vec![headers(&patterns)]));
    let expected = json!([
        user_expr(),
        header_expr("Equal", "a", "1"),
        header_expr("RegexMatch", "b", r"^v1\..*"),
        header_expr("RegexMatch", "c", "x|y"),
    ]);
    assert_eq!(rules(&world, "dbg")[0]["match"]["exprs"], expected);
}

#[test]
fn each_block_is_a_rule() {
    let mut world = world();
    let first = Block {
        method: Some(Pattern::Prefix("P".into())),
        path: Some(Pattern::Prefix("/a".into())),
        cookies: vec![("tester".into(), exact("yes"))],
        query_params: vec![("v".into(), Pattern::Regex("[12]".into()))],
        ..Block::default()
    };
    let never = Block { method: Some(exact("DELETE")), ..Block::default() };
    let last = Block { path: Some(exact("/b")), ..Block::default() };
    world.route(&with(vec![blocks(vec![first, never, last])]));
    let rules = rules(&world, "dbg");
    assert_eq!(
        rules.iter().map(|rule| rule["name"].as_str().unwrap_or_default()).collect::<Vec<_>>(),
        ["main", "main-1"]
    );
    assert_eq!(rules[0]["match"]["methods"], json!(["POST"]));
    let expected = json!([
        user_expr(),
        { "subject": { "scope": "Path" }, "op": "RegexMatch", "value": "^/a.*" },
        { "subject": { "scope": "Cookie", "name": "tester" }, "op": "Equal", "value": "yes" },
        { "subject": { "scope": "Query", "name": "v" }, "op": "RegexMatch", "value": "^(?:[12])$" },
    ]);
    assert_eq!(rules[0]["match"]["exprs"], expected);
    let path = json!({ "subject": { "scope": "Path" }, "op": "Equal", "value": "/b" });
    assert_eq!(
        rules[1]["match"],
        json!({
            "hosts": ["x"], "paths": ["/*"], "methods": ["GET", "POST"], "exprs": [user_expr(), path],
        })
    );
    let never = blocks(vec![Block { method: Some(exact("DELETE")), ..Block::default() }]);
    let message = "route dbg: no rule of ApisixRoute front is for requests with such methods";
    assert_eq!(world.error(&with(vec![never])), message);
}

#[test]
fn priorities_follow_the_users_own() {
    let mut world = world();
    let route =
        with(vec![headers(&[("a", exact("1"))]), Managed { name: "shadow".into(), ..headers(&[("a", exact("2"))]) }]);
    world.route(&route);
    let priority = |world: &World<'_>, name: &str| rules(world, name)[0]["priority"].clone();
    assert_eq!((priority(&world, "dbg"), priority(&world, "shadow")), (json!(2), json!(1)));
    let mut changed = base();
    changed["spec"]["http"][0]["priority"] = 10.into();
    world.objects.insert(at("front"), changed.into());
    world.route(&route);
    assert_eq!((priority(&world, "dbg"), priority(&world, "shadow")), (json!(12), json!(11)));
}

#[test]
fn a_mirror_goes_where_it_went_before() {
    let mut world = world();
    let mirror = Managed { mirror: Some(35), ..headers(&[("a", exact("1"))]) };
    world.route(&Route { weight: 20, ..with(vec![mirror.clone()]) });
    let rule = &rules(&world, "dbg")[0];
    let config = json!({ "host": "http://web-canary.ns.svc:80", "sample_ratio": 0.35 });
    let plugin = json!({ "name": "proxy-mirror", "enable": true, "config": config });
    assert_eq!(rule["plugins"], json!([{ "name": "cors", "enable": true }, plugin]));
    assert_eq!(rule["backends"], rules(&world, "front")[0]["backends"]);
    assert_eq!(rule["backends"][1]["weight"], 20);

    let none = Managed { mirror: Some(0), ..mirror.clone() };
    world.route(&with(vec![none]));
    assert_eq!(rules(&world, "dbg")[0]["plugins"], base()["spec"]["http"][0]["plugins"]);
    let mut error = |field: &str, value: Value| {
        let mut changed = base();
        changed["spec"]["http"][0][field] = value;
        world.objects.insert(at("front"), changed.into());
        world.error(&with(vec![mirror.clone()]))
    };
    let twice = "ApisixRoute front: rule \"main\" mirrors already, and can do so only once";
    assert_eq!(error("plugins", json!([{ "name": "proxy-mirror" }])), twice);
    let stable = json!({ "serviceName": "web-stable", "servicePort": 80 });
    let named = json!([stable, { "serviceName": "web-canary", "servicePort": "http" }]);
    let number = "ApisixRoute front: rule \"main\" cannot mirror: servicePort of the canary's backend must be a number";
    assert_eq!(error("backends", named), number);
}

#[test]
fn a_route_of_somebody_else_is_left_alone() {
    let theirs = json!({ "metadata": { "name": "dbg" } });
    let mut world = world();
    world.objects.insert(at("dbg"), theirs.clone().into());
    let message = world.error(&Route { weight: 30, ..with(vec![headers(&[("a", exact("1"))])]) });
    assert_eq!(message, "duplicate ApisixRoute [dbg] already exists");
    assert_eq!(rules(&world, "front")[0]["backends"][1]["weight"], 30, "the weights are set all the same");
    world.release();
    assert_eq!(world.get(&at("dbg")), theirs);
}

#[test]
fn what_no_step_names_any_more_goes() {
    let mut world = world();
    world.route(&with(vec![headers(&[("a", exact("1"))])]));
    world.rollout.spec.strategy.canary.as_mut().expect("a canary").steps.clear();
    world.route(&weight(0));
    assert_eq!(world.get(&at("dbg")), Value::Null);
}

#[test]
fn what_apisix_cannot_do_is_refused() {
    let refused = |managed: Managed| {
        use crate::Router;
        Apisix.refuses(&world().context(), &managed)
    };
    assert_eq!(refused(headers(&[("a", exact("1"))])), None);
    let method = Block { method: Some(Pattern::Regex("G.*".into())), ..Block::default() };
    assert_eq!(refused(blocks(vec![method])), Some("APISIX cannot match methods by regular expression".into()));
    let method = Block { method: Some(exact("get")), ..Block::default() };
    assert_eq!(refused(blocks(vec![method])), Some("APISIX knows no method \"get\"".into()));
    assert!(refused(blocks(vec![Block::default()])).is_some(), "it would match everything");
    assert!(refused(headers(&[])).is_some(), "it would match everything");
}
