use super::routes::RouteKind;
use super::*;
use crate::ObjectRef;
use crate::harness::{World, rollout, weight};
use serde_json::{Value, json};

pub fn at(kind: RouteKind, name: &str) -> ObjectRef {
    kind.kind().named("ns", name)
}

pub fn world(config: Value, objects: impl IntoIterator<Item = (ObjectRef, Value)>) -> World<'static> {
    World::new(&GatewayApi, rollout(json!({ "plugins": { PLUGIN: config } })), objects)
}

pub fn split() -> Value {
    json!({
        "backendRefs": [{ "name": "web-stable", "port": 80 }, { "name": "web-canary", "port": 80 }],
        "matches": [{ "path": { "type": "PathPrefix", "value": "/" } }],
    })
}

/// A rule with one reference more.
pub fn split_and(more: Value) -> Value {
    let mut rule = split();
    rule["backendRefs"].as_array_mut().expect("a list").push(more);
    rule
}

pub fn route(rules: Value) -> Value {
    json!({ "metadata": { "name": "front" }, "spec": { "rules": rules } })
}

pub fn weights(rule: &Value) -> Vec<Option<i64>> {
    let refs = rule["backendRefs"].as_array().into_iter().flatten();
    refs.map(|reference| reference["weight"].as_i64()).collect()
}

#[test]
fn rules_that_split_have_weights() {
    for kind in RouteKind::ALL {
        let only_canary = json!({ "backendRefs": [{ "name": "web-canary", "port": 80 }] });
        let front = (at(kind, "front"), route(json!([split(), only_canary, split(), "nonsense"])));
        let mut world = world(json!({ kind.key(): "front" }), [front]);
        for w in [0, 30, 100] {
            world.route(&weight(w));
            let rules = &world.get(&at(kind, "front"))["spec"]["rules"];
            let expected = [Some(100 - i64::from(w)), Some(i64::from(w))];
            assert_eq!((weights(&rules[0]), weights(&rules[2])), (expected.to_vec(), expected.to_vec()), "{kind:?}");
            assert_eq!(rules[1], only_canary, "somebody else's rule");
        }
        world.release();
        assert_eq!(weights(&world.get(&at(kind, "front"))["spec"]["rules"][0]), [Some(100), Some(0)]);
    }
}

#[test]
fn weights_may_be_finer_than_percents() {
    let mut world = world(json!({ "httpRoute": "front" }), [(at(RouteKind::Http, "front"), route(json!([split()])))]);
    world.route(&Route { max: 1000, ..weight(333) });
    assert_eq!(weights(&world.get(&at(RouteKind::Http, "front"))["spec"]["rules"][0]), [Some(667), Some(333)]);
}

#[test]
fn a_reference_to_something_else_of_that_name_is_not_ours() {
    let with = |field: &str, value: &str| {
        let mut rule = split();
        rule["backendRefs"][1][field] = value.into();
        let mut world = world(json!({ "httpRoute": "front" }), [(at(RouteKind::Http, "front"), route(json!([rule])))]);
        world.error(&weight(30))
    };
    assert_eq!(with("kind", "Service"), "nothing");
    assert_eq!(with("group", ""), "nothing");
    assert_eq!(with("namespace", "ns"), "nothing");
    for (field, value) in [("kind", "Import"), ("group", "x"), ("namespace", "other")] {
        assert_eq!(with(field, value), "backendRef was not found in httpRoute");
    }
}

#[test]
fn routes_may_be_in_another_namespace() {
    let mut rule = split();
    rule["backendRefs"][0]["namespace"] = "ns".into();
    rule["backendRefs"][1]["namespace"] = "ns".into();
    let front = RouteKind::Http.kind().named("edge", "front");
    let mut world =
        world(json!({ "httpRoute": "front", "namespace": "edge" }), [(front.clone(), route(json!([rule])))]);
    world.route(&weight(30));
    assert_eq!(weights(&world.get(&front)["spec"]["rules"][0]), [Some(70), Some(30)]);
}

#[test]
fn a_route_in_trouble_does_not_stop_the_others() {
    let config = json!({ "httpRoutes": [{ "name": "gone" }, { "name": "front" }], "tcpRoute": "tcp" });
    let objects = [
        (at(RouteKind::Http, "front"), route(json!([split()]))),
        (at(RouteKind::Tcp, "tcp"), route(json!("nonsense"))),
    ];
    let mut world = world(config, objects);
    let gone = "httproutes.gateway.networking.k8s.io \"gone\" not found";
    assert_eq!(world.error(&weight(30)), format!("{gone}; backendRef was not found in tcpRoute"));
    assert_eq!(weights(&world.get(&at(RouteKind::Http, "front"))["spec"]["rules"][0]), [Some(70), Some(30)]);
}

#[test]
fn routes_are_found_by_label() {
    let labelled = |name: &str, label: &str| {
        let mut route = route(json!([split()]));
        route["metadata"]["labels"] = json!({ "app": label });
        (at(RouteKind::Http, name), route)
    };
    let config = json!({ "httpRouteSelector": { "matchLabels": { "app": "web" } } });
    let mut world = world(config, [labelled("a", "web"), labelled("b", "web"), labelled("c", "other")]);
    assert!(matches!(&GatewayApi.wants(&world.context(), &world.objects)[..], [Want::Selected { .. }]));
    let changed = world.route(&weight(30));
    assert_eq!(changed.iter().map(|c| c.write.at().name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    world.objects = Objects::default();
    assert_eq!(world.error(&weight(30)), "no HTTPRoute in namespace ns matches httpRouteSelector");
}

#[test]
fn a_label_tells_of_a_canary() {
    let front = || (at(RouteKind::Http, "front"), route(json!([split()])));
    let labels = |world: &World<'_>| world.get(&at(RouteKind::Http, "front"))["metadata"]["labels"].clone();
    let mut world1 = world(json!({ "httpRoute": "front" }), [front()]);
    let changes = world1.route(&weight(30));
    assert_eq!(changes.len(), 1, "one write");
    assert_eq!(labels(&world1), json!({ "rollouts.argoproj.io/gatewayapi-canary": "in-progress" }));
    world1.route(&weight(0));
    assert_eq!(labels(&world1), json!({}));
    let mut own =
        world(json!({ "httpRoute": "front", "inProgressLabelKey": "a/b", "inProgressLabelValue": "c" }), [front()]);
    own.route(&weight(30));
    assert_eq!(labels(&own), json!({ "a/b": "c" }));
    let mut none = world(json!({ "httpRoute": "front", "disableInProgressLabel": true }), [front()]);
    none.route(&weight(30));
    assert_eq!(labels(&none), Value::Null);
}

#[test]
fn the_configuration_is_checked() {
    let error = |config: Value| world(config, []).error(&weight(1));
    let key = |rest: &str| format!("spec.strategy.canary.trafficRouting.plugins[argoproj-labs/gatewayAPI]{rest}");
    assert!(error(json!({})).starts_with("No routes configured. At least one of 'httpRoutes'"));
    assert!(error(json!({ "configMap": "x" })).starts_with("No routes configured."));
    for (config, message) in [
        (json!([]), " must be an object"),
        (json!({ "httpRoute": 1 }), ".httpRoute must be a string"),
        (json!({ "httpRoutes": {} }), ".httpRoutes must be a list"),
        (json!({ "grpcRoutes": [{ "name": "a" }, 1] }), ".grpcRoutes[1] must be an object"),
        (json!({ "tcpRoutes": [{}] }), ".tcpRoutes[0].name must be a string"),
        (json!({ "tcpRoutes": [{ "name": "" }] }), ".tcpRoutes[0].name must not be empty"),
        (
            json!({ "httpRoutes": [{ "name": "a", "useHeaderRoutes": "yes" }] }),
            ".httpRoutes[0].useHeaderRoutes must be true or false",
        ),
        (json!({ "tlsRoutes": [{ "nam": "a" }] }), ".tlsRoutes[0].nam is not known"),
        (json!({ "httpRoute": "a", "disableInProgressLabel": "x" }), ".disableInProgressLabel must be true or false"),
        (json!({ "httpRoute": "a", "udpRoute": "x" }), ".udpRoute is not known"),
        (
            json!({ "httpRouteSelector": { "matchExpressions": [{ "key": "a", "operator": "Like" }] } }),
            ".httpRouteSelector \"Like\" is not a valid label selector operator",
        ),
    ] {
        assert_eq!(error(config), key(message));
    }
}

#[test]
fn the_label_of_another_canary_stays() {
    let kind = RouteKind::Http;
    let theirs = json!({ "backendRefs": [{ "name": "other", "port": 80 }] });
    let mut front = route(json!([split(), theirs]));
    let label = json!({ "rollouts.argoproj.io/gatewayapi-canary": "in-progress" });
    let mut world = world(json!({ "httpRoute": "front" }), [(at(kind, "front"), front.clone())]);
    world.route(&weight(0));
    front = world.get(&at(kind, "front"));
    front["metadata"]["labels"] = label.clone();
    world.objects.insert(at(kind, "front"), front.into());
    assert_eq!(world.route(&weight(0)), []);
    world.route(&weight(30));
    world.route(&weight(0));
    assert_eq!(world.get(&at(kind, "front"))["metadata"]["labels"], json!({}));
}

#[test]
fn further_references_to_a_service_have_no_share() {
    let kind = RouteKind::Http;
    let rule = split_and(json!({ "name": "web-canary", "port": 81 }));
    let mut world = world(json!({ "httpRoute": "front" }), [(at(kind, "front"), route(json!([rule])))]);
    world.route(&weight(30));
    assert_eq!(weights(&world.get(&at(kind, "front"))["spec"]["rules"][0]), [Some(70), Some(30), Some(0)]);
}
