use super::*;
use crate::Router;
use crate::gateway_api::GatewayApi;
use crate::gateway_api::routes::RouteKind;
use crate::gateway_api::tests::{at, route, split, world};
use crate::harness::weight;
use serde_json::json;

fn condition(kind: &str, status: &str, generation: i64) -> Value {
    json!({ "type": kind, "status": status, "observedGeneration": generation })
}

fn parent(gateway: &str, conditions: Value) -> Value {
    let reference = json!({ "group": "gateway.networking.k8s.io", "kind": "Gateway", "name": gateway });
    json!({ "parentRef": reference, "conditions": conditions })
}

/// Of generation 2, with gateways `a` and `b`.
fn verified(parents: Value) -> Option<bool> {
    let mut world = world(json!({ "httpRoute": "front" }), [(at(RouteKind::Http, "front"), route(json!([split()])))]);
    let mut front = world.get(&at(RouteKind::Http, "front"));
    front["metadata"]["generation"] = 2.into();
    front["metadata"]["namespace"] = "ns".into();
    front["spec"]["parentRefs"] = json!([{ "name": "a" }, { "name": "b", "namespace": "ns" }]);
    front["status"]["parents"] = parents;
    world.objects.insert(at(RouteKind::Http, "front"), front.into());
    GatewayApi.verified(&world.context(), &weight(30), &world.objects)
}

fn good(gateway: &str) -> Value {
    parent(gateway, json!([condition("Accepted", "True", 2), condition("ResolvedRefs", "True", 2)]))
}

#[test]
fn a_gateway_that_has_the_present_generation_has_the_weights() {
    assert_eq!(verified(json!([good("a"), good("b")])), Some(true));
}

#[test]
fn one_that_has_an_older_one_has_not() {
    let old = parent("b", json!([condition("Accepted", "True", 1), condition("ResolvedRefs", "True", 1)]));
    assert_eq!(verified(json!([good("a"), old])), Some(false));
    let half = parent("b", json!([condition("Accepted", "True", 2), condition("ResolvedRefs", "True", 1)]));
    assert_eq!(verified(json!([half])), Some(false));
}

#[test]
fn one_that_refuses_the_route_has_no_traffic_and_one_that_cannot_resolve_it_answers_with_errors() {
    let refused = parent("b", json!([condition("Accepted", "False", 2)]));
    assert_eq!(verified(json!([good("a"), refused])), Some(true));
    assert_eq!(verified(json!([refused])), Some(false));
    let unresolved = parent("b", json!([condition("Accepted", "True", 2), condition("ResolvedRefs", "False", 2)]));
    assert_eq!(verified(json!([good("a"), unresolved])), Some(false));
}

#[test]
fn without_a_word_from_a_gateway_nothing_can_be_told() {
    assert_eq!(verified(json!(null)), None);
    assert_eq!(verified(json!([])), None);
    assert_eq!(verified(json!([parent("a", json!([]))])), None);
    let no_generation = parent("a", json!([{ "type": "Accepted", "status": "True" }]));
    assert_eq!(verified(json!([no_generation])), None);
    let left = parent("gone", json!([condition("Accepted", "True", 1)]));
    assert_eq!(verified(json!([left])), None, "the route is not there any more");
    assert_eq!(verified(json!([left, good("a")])), Some(true));
}
