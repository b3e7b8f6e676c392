use super::*;
use crate::harness::{World, owner, rollout, weight};
use crate::{Change, Write};
use rollouts_api::rollout::WeightDestination;

fn at(name: &str) -> ObjectRef {
    SPLITS.named("ns", name)
}

fn world(smi: Value, objects: impl IntoIterator<Item = (ObjectRef, Value)>) -> World<'static> {
    World::new(&Smi, rollout(json!({ "smi": smi })), objects)
}

fn backends(world: &World<'_>) -> Value {
    world.get(&at("web"))["spec"]["backends"].clone()
}

/// The recorded scenarios `tr-smi` and `tr-exp-smi`.
#[test]
fn a_release_with_an_experiment() {
    let mut world = world(json!({}), []);
    let made = world.route(&weight(0));
    let split = json!({
        "apiVersion": "split.smi-spec.io/v1alpha1",
        "kind": "TrafficSplit",
        "metadata": { "name": "web", "namespace": "ns", "ownerReferences": [owner()] },
        "spec": { "service": "web-stable", "backends": [
            { "service": "web-canary", "weight": "0" },
            { "service": "web-stable", "weight": "100" },
        ] },
    });
    let [Change { write: Write::Create { object, .. }, events, .. }] = &made[..] else { panic!("{made:?}") };
    assert_eq!(*object, split);
    assert_eq!(*events, [Event::normal("TrafficSplitCreated", "TrafficSplit `web` created")]);

    let changes = world.route(&weight(5));
    let expected = json!({ "spec": { "backends": [
        { "service": "web-canary", "weight": "5" },
        { "service": "web-stable", "weight": "95" },
    ] } });
    assert!(matches!(&changes[..], [Change { write: Write::Patch { body, .. }, events, .. }]
        if *body == expected && events.is_empty()));

    let trial = WeightDestination { weight: 30, service_name: "trial".into(), ..Default::default() };
    world.route(&Route { additional: vec![trial], ..weight(10) });
    let three = json!([
        { "service": "web-canary", "weight": "10" },
        { "service": "trial", "weight": "30" },
        { "service": "web-stable", "weight": "60" },
    ]);
    assert_eq!(backends(&world), three);
    world.route(&weight(100));
    assert_eq!(backends(&world)[1], json!({ "service": "web-stable", "weight": "0" }));
}

#[test]
fn names_and_versions() {
    let mut world = world(json!({ "trafficSplitName": "split", "rootService": "root" }), []);
    world.settings.traffic_split_version = "v1alpha3".into();
    world.route(&weight(20));
    let split = world.get(&SPLITS.in_version("v1alpha3").named("ns", "split"));
    assert_eq!(split["apiVersion"], "split.smi-spec.io/v1alpha3");
    assert_eq!(split["spec"]["service"], "root");
    assert_eq!(split["spec"]["backends"][0], json!({ "service": "web-canary", "weight": 20 }));
    world.settings.traffic_split_version = "v1alpha4".into();
    assert_eq!(world.error(&weight(20)), "Unsupported TrafficSplit API version `v1alpha4`");
    let mut unserved = self::world(json!({}), []);
    unserved.objects.unserved.insert(SPLITS);
    assert_eq!(unserved.error(&weight(20)), "the API server does not serve trafficsplits.split.smi-spec.io v1alpha1");
}

/// The recorded scenario `tr-smi-foreign`.
#[test]
fn a_split_of_somebody_else_is_left_alone() {
    let theirs = json!({ "metadata": { "name": "web" }, "spec": { "service": "x" } });
    let mut world = world(json!({}), [(at("web"), theirs.clone())]);
    assert_eq!(world.error(&weight(20)), "Rollout does not own TrafficSplit `web`");
    world.release();
    assert_eq!(world.get(&at("web")), theirs);
}

#[test]
fn only_the_spec_is_written_and_what_is_not_ours_stays() {
    let mut world = world(json!({}), []);
    world.route(&weight(0));
    let mut changed = world.get(&at("web"));
    changed["spec"]["matches"] = json!([{ "kind": "HTTPRouteGroup", "name": "some" }]);
    changed["spec"]["backends"] = "nonsense".into();
    changed["metadata"]["labels"] = json!({ "a": "b" });
    world.objects.insert(at("web"), changed.into());
    world.route(&weight(20));
    let split = world.get(&at("web"));
    assert_eq!(split["spec"]["matches"][0]["name"], "some");
    assert_eq!(split["metadata"]["labels"]["a"], "b");
    assert_eq!(split["spec"]["backends"][1]["weight"], "80");
}

#[test]
fn released_it_is_gone() {
    let mut world = world(json!({}), []);
    world.route(&weight(50));
    world.release();
    assert_eq!(world.get(&at("web")), Value::Null);
}
