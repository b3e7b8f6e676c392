use super::*;
use crate::harness::{World, rollout, weight};
use serde_json::{Value, json};

fn at(name: &str) -> ObjectRef {
    ROUTES.named("ns", name)
}

fn world(rules: Value, http: Value) -> World<'static> {
    let route = json!({ "metadata": { "name": "front" }, "spec": { "http": http } });
    let routing = json!({ "apisix": { "route": { "name": "front", "rules": rules } } });
    World::new(&Apisix, rollout(routing), [(at("front"), route)])
}

fn rule(name: &str) -> Value {
    json!({
        "name": name,
        "match": { "hosts": ["web.example"], "paths": ["/*"] },
        "backends": [
            { "serviceName": "web-stable", "servicePort": 80 },
            { "serviceName": "web-canary", "servicePort": 80 },
        ],
    })
}

fn weights(world: &World<'_>, rule: usize) -> Vec<Option<i64>> {
    let backends = &world.get(&at("front"))["spec"]["http"][rule]["backends"];
    backends.as_array().expect("a list").iter().map(|backend| backend["weight"].as_i64()).collect()
}

/// The recorded scenarios `tr-apisix` and `tr-apisix-missing`.
#[test]
fn the_rules_that_are_named_have_weights() {
    let other = json!({ "name": "two", "backends": [{ "serviceName": "elsewhere", "servicePort": 80, "weight": 7 }] });
    let mut world = world(json!(["one"]), json!([rule("one"), other]));
    let seen = [0, 25, 100, 0].map(|w| {
        world.route(&weight(w));
        (weights(&world, 0), weights(&world, 1))
    });
    let expected = [0, 25, 100, 0].map(|w| (vec![Some(100 - w), Some(w)], vec![Some(7)]));
    assert_eq!(seen, expected);
    world.route(&weight(40));
    world.release();
    assert_eq!(weights(&world, 0), [Some(100), Some(0)]);
}

#[test]
fn without_names_it_is_the_rule_named_like_the_route() {
    for none in [json!(null), json!([])] {
        let mut world = world(none, json!([rule("one"), rule("front")]));
        world.route(&weight(25));
        assert_eq!((weights(&world, 0), weights(&world, 1)), (vec![None, None], vec![Some(75), Some(25)]));
    }
}

#[test]
fn what_is_wrong_is_said() {
    let error = |http: Value| world(json!(["one"]), http).error(&weight(1));
    assert_eq!(error(json!(null)), "spec.http was not found in Apisix Route manifest");
    assert_eq!(error(json!([1, { "name": "two" }])), "Apisix http route rule one not found");
    assert_eq!(error(json!([{ "name": "one", "backends": "x" }])), "Apisix http route backends not found");
    let elsewhere = json!([{ "name": "one", "backends": [{ "serviceName": "web-stable" }, 7] }]);
    assert_eq!(error(elsewhere), "apisix route web-canary backend was not found");
    let mut missing = world(json!(["one"]), json!([]));
    missing.objects = Objects::default();
    assert_eq!(missing.error(&weight(1)), "apisixroutes.apisix.apache.org \"front\" not found");
    assert_eq!(missing.release(), []);
}
