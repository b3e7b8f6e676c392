use super::*;
use crate::gateway_api::routes::RouteKind;
use crate::gateway_api::tests::{at, route, split, split_and, world};
use crate::harness::{World, weight};
use rollouts_api::pod_template::PodTemplate;
use rollouts_api::rollout::WeightDestination;

fn with(additional: &[(&str, i32)]) -> Route {
    let destination = |(name, weight): &(&str, i32)| WeightDestination {
        weight: *weight,
        service_name: (*name).into(),
        ..WeightDestination::default()
    };
    Route { additional: additional.iter().map(destination).collect(), ..weight(10) }
}

fn shares(world: &World<'_>, kind: RouteKind) -> Vec<(String, i64)> {
    let refs = world.get(&at(kind, "front"))["spec"]["rules"][0]["backendRefs"].clone();
    let share = |r: &Value| (r["name"].as_str().unwrap_or("").to_string(), r["weight"].as_i64().unwrap_or(-1));
    refs.as_array().into_iter().flatten().map(share).collect()
}

fn named(shares: &[(&str, i64)]) -> Vec<(String, i64)> {
    shares.iter().map(|(name, share)| ((*name).to_string(), *share)).collect()
}

#[test]
fn they_come_and_go() {
    for kind in RouteKind::ALL {
        let rule = split_and(json!({ "name": "users-own", "port": 80, "weight": 3 }));
        let mut world = world(json!({ kind.key(): "front" }), [(at(kind, "front"), route(json!([rule])))]);
        assert_eq!(world.route(&with(&[("trial", 30), ("other", 5)])).len(), 1, "one write");
        let own = ("users-own", 3);
        let all = [("web-stable", 55), ("web-canary", 10), own, ("trial", 30), ("other", 5)];
        assert_eq!(shares(&world, kind), named(&all));
        world.route(&with(&[("other", 5)]));
        assert_eq!(shares(&world, kind), named(&[("web-stable", 85), ("web-canary", 10), own, ("other", 5)]));
        world.route(&with(&[]));
        assert_eq!(shares(&world, kind), named(&[("web-stable", 90), ("web-canary", 10), own]));
        assert_eq!(world.get(&at(kind, "front"))["metadata"]["annotations"], json!({}));
    }
}

#[test]
fn released_they_are_gone() {
    let kind = RouteKind::Http;
    let mut world = world(json!({ "httpRoute": "front" }), [(at(kind, "front"), route(json!([split()])))]);
    world.route(&with(&[("trial", 30)]));
    world.release();
    assert_eq!(shares(&world, kind), named(&[("web-stable", 100), ("web-canary", 0)]));
}

#[test]
fn those_that_the_go_controller_left_go_too() {
    let kind = RouteKind::Http;
    let rule = split_and(json!({ "name": "trial", "port": 80, "weight": 30 }));
    let mut world = world(json!({ "httpRoute": "front" }), [(at(kind, "front"), route(json!([rule])))]);
    let weights = json!({ "additional": [{ "serviceName": "trial", "weight": 30 }, { "serviceName": "web-stable" }] });
    world.rollout.status.canary.weights = Some(serde_json::from_value(weights).expect("weights"));
    world.route(&with(&[]));
    assert_eq!(shares(&world, kind), named(&[("web-stable", 90), ("web-canary", 10)]));
}

#[test]
fn notes_of_others_stay() {
    let kind = RouteKind::Http;
    let mut front = route(json!([split()]));
    front["metadata"]["annotations"] = json!({ ADDED: r#"{"other":["x"]}"# });
    let mut world = world(json!({ "httpRoute": "front" }), [(at(kind, "front"), front)]);
    let note = |world: &World<'_>| world.get(&at(kind, "front"))["metadata"]["annotations"][ADDED].clone();
    world.route(&with(&[("trial", 30)]));
    assert_eq!(note(&world), r#"{"other":["x"],"web":["trial"]}"#);
    world.route(&with(&[]));
    assert_eq!(note(&world), r#"{"other":["x"]}"#);
}

#[test]
fn the_port_is_that_of_the_pods() {
    let port = |ports: Value| {
        let kind = RouteKind::Http;
        let mut world = world(json!({ "httpRoute": "front" }), [(at(kind, "front"), route(json!([split()])))]);
        let template = json!({ "spec": { "containers": [{}, { "ports": ports }] } });
        world.rollout.spec.template = PodTemplate::new(&template);
        world.route(&with(&[("trial", 30)]));
        world.get(&at(kind, "front"))["spec"]["rules"][0]["backendRefs"][2]["port"].clone()
    };
    assert_eq!(port(json!([{ "containerPort": 81 }, { "containerPort": 82, "name": "http" }])), 82);
    assert_eq!(port(json!([{ "containerPort": 81 }, { "containerPort": 82 }])), 81);
    assert_eq!(port(json!("nonsense")), 8080);
}
