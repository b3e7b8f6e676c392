use super::*;
use crate::harness::{World, rollout, weight};
use serde_json::{Value, json};

fn at() -> ObjectRef {
    kind(&Settings::default(), "TraefikService", "traefikservices").named("ns", "w")
}

fn world(services: Value) -> World<'static> {
    let service =
        json!({ "metadata": { "name": "w" }, "spec": { "weighted": { "services": services, "sticky": {} } } });
    let routing = json!({ "traefik": { "weightedTraefikServiceName": "w" } });
    World::new(&Traefik, rollout(routing), [(at(), service)])
}

fn weights(world: &World<'_>) -> Vec<Option<i64>> {
    let services = &world.get(&at())["spec"]["weighted"]["services"];
    services.as_array().expect("a list").iter().map(|service| service["weight"].as_i64()).collect()
}

/// The recorded scenario `tr-traefik`.
#[test]
fn the_two_services_have_weights() {
    let mut world = world(json!([
        { "name": "web-stable", "port": 80 },
        { "name": "web-canary", "port": 80 },
        { "name": "extra", "port": 80, "weight": 7 },
        { "name": "web-canary", "kind": "TraefikService" },
    ]));
    let seen = [0, 40, 100, 0].map(|w| {
        world.route(&weight(w));
        weights(&world)
    });
    let expected = [0, 40, 100, 0].map(|w| vec![Some(100 - w), Some(w), Some(7), None]);
    assert_eq!(seen, expected);
    world.route(&weight(40));
    world.release();
    assert_eq!(weights(&world), expected[0]);
    assert_eq!(world.get(&at())["spec"]["weighted"]["sticky"], json!({}));
}

#[test]
fn what_is_wrong_is_said() {
    let error = |services: Value| world(services).error(&weight(1));
    assert_eq!(error(json!("x")), "spec.weighted.services was not found in traefik service manifest");
    assert_eq!(error(json!([{ "port": 80 }])), "name field was not found in service");
    assert_eq!(error(json!([{ "name": "web-stable" }])), "traefik canary service was not found");
    assert_eq!(error(json!([{ "name": "web-canary" }])), "traefik stable service was not found");
    let mut missing = world(json!([]));
    missing.objects = Objects::default();
    assert_eq!(missing.error(&weight(1)), "traefikservices.traefik.io \"w\" not found");
    assert_eq!(missing.release(), []);
}

#[test]
fn flags_name_the_group_and_the_version() {
    let name = |group: &str, version: &str| {
        let settings =
            Settings { traefik_group: group.into(), traefik_api_version: version.into(), ..Settings::default() };
        kind(&settings, "TraefikService", "traefikservices").api_version()
    };
    assert_eq!(name("traefik.io", "traefik.io/v1alpha1"), "traefik.io/v1alpha1");
    assert_eq!(name("traefik.containo.us", "traefik.io/v1alpha1"), "traefik.containo.us/v1alpha1");
    assert_eq!(name("traefik.io", "traefik.containo.us/v1alpha1"), "traefik.containo.us/v1alpha1");
    assert_eq!(name("traefik.containo.us", "v1"), "traefik.containo.us/v1");
}
