//! Traffic that is split by subsets of a DestinationRule.

use crate::world::{DESTINATION_RULES, Told, VIRTUAL_SERVICES, World, to};
use rollouts_api::rollout::WeightDestination;
use rollouts_traffic::{Managed, Matches, Pattern, Route, RouteError};
use serde_json::{Value, json};

const HASH: &str = "rollouts-pod-template-hash";

fn world(services: Value, additional: &[&str]) -> World {
    let rule = json!({
        "name": "app-dr", "canarySubsetName": "canary", "stableSubsetName": "stable", "additionalSubsetNames": additional,
    });
    let mut canary = json!({
        "trafficRouting": { "istio": { "virtualService": { "name": "app-vs" }, "destinationRule": rule } },
    });
    canary.as_object_mut().expect("an object").extend(services.as_object().cloned().expect("an object"));
    World::new(canary)
}

fn no_services() -> World {
    world(json!({}), &[])
}

/// Weighted destinations by subset of the host `app`.
fn subsets(weights: &[(&str, i32)]) -> Value {
    let one = |(subset, weight): &(&str, i32)| json!({ "destination": { "host": "app", "subset": subset }, "weight": weight });
    weights.iter().map(one).collect()
}

fn api(stable: i32, canary: i32) -> Value {
    json!({ "http": [{ "name": "api", "route": subsets(&[("stable", stable), ("canary", canary)]) }] })
}

fn rule(canary: Value, stable: Value) -> Value {
    json!({
        "host": "app",
        "exportTo": ["."],
        "trafficPolicy": { "tls": { "mode": "DISABLE" } },
        "subsets": [
            { "name": "canary", "labels": canary, "trafficPolicy": { "loadBalancer": { "simple": "RANDOM" } } },
            { "name": "stable", "labels": stable },
        ],
    })
}

fn bare() -> Value {
    rule(json!({ "app": "app" }), json!({ "app": "app" }))
}

fn pointed(canary: &str, stable: &str) -> Value {
    rule(json!({ "app": "app", HASH: canary }), json!({ "app": "app", HASH: stable }))
}

fn of(weight: i32, canary: &str, stable: &str) -> Route {
    let mut route = to(weight);
    (route.canary.hash, route.stable.hash) = (canary.into(), stable.into());
    route.canary.service.clear();
    route.stable.service.clear();
    route
}

fn rule_told(canary: &str, stable: &str) -> String {
    format!("UpdatedDestinationRule: DestinationRule app-dr subset updated (canary: {canary}, stable: {stable})")
}

fn weight_told(weight: i32) -> String {
    format!("Updated VirtualService: VirtualService `app-vs` set to desiredWeight '{weight}'")
}

#[test]
fn subsets_follow_the_versions_and_keep_the_rest() {
    let mut world = no_services().virtual_service("app-vs", api(100, 0)).destination_rule("app-dr", bare());
    let steps = [
        (of(0, "one", "one"), vec![rule_told("one", "one")]),
        (of(0, "two", "one"), vec![rule_told("two", "one")]),
        (of(40, "two", "one"), vec![weight_told(40)]),
        (of(100, "two", "one"), vec![weight_told(100)]),
        (of(0, "two", "two"), vec![rule_told("two", "two"), weight_told(0)]),
    ];
    for (route, events) in steps {
        assert_eq!(world.route(&route).events, events);
        assert_eq!(world.spec(&VIRTUAL_SERVICES, "app-vs"), &api(100 - route.weight, route.weight));
        assert_eq!(world.spec(&DESTINATION_RULES, "app-dr"), &pointed(&route.canary.hash, &route.stable.hash));
    }
    let metadata = &world.objects.get(&DESTINATION_RULES.named("ns", "app-dr")).expect("it is there")["metadata"];
    assert_eq!(metadata["annotations"], json!({ "argo-rollouts.argoproj.io/managed-by-rollouts": "app" }));
    assert_eq!(metadata["labels"], json!({ "team": "a" }));
    world.route(&of(0, "", "two"));
    let without = rule(json!({ "app": "app" }), json!({ "app": "app", HASH: "two" }));
    assert_eq!(world.spec(&DESTINATION_RULES, "app-dr"), &without, "no version, no label");
}

#[test]
fn a_canary_loses_its_traffic_before_its_subset_turns() {
    let mut world =
        no_services().virtual_service("app-vs", api(60, 40)).destination_rule("app-dr", pointed("two", "one"));
    assert_eq!(world.route(&of(0, "three", "one")).events, [weight_told(0), rule_told("three", "one")]);
    let broken = json!({ "http": [{ "name": "api", "route": subsets(&[("canary", 40), ("other", 60)]) }] });
    let mut world = world.virtual_service("app-vs", broken);
    assert_eq!(world.route(&of(0, "four", "one")).writes, Vec::<String>::new(), "and does not turn if it cannot");
}

#[test]
fn without_services_a_subset_waits_for_the_pods_that_it_would_select() {
    let mut world =
        no_services().virtual_service("app-vs", api(100, 0)).destination_rule("app-dr", pointed("one", "one"));
    let unready = |mut route: Route| {
        route.canary.unready = Some("app-two".into());
        route
    };
    let waits = |name: &str| {
        let message = format!("delaying destination rule switch: ReplicaSet {name} not fully available");
        Told { events: vec![], writes: vec![], end: Err(RouteError::Waits(message)) }
    };
    assert_eq!(world.route(&unready(of(20, "two", "one"))), waits("app-two"), "and no weights go to it");
    assert_eq!(world.spec(&VIRTUAL_SERVICES, "app-vs"), &api(100, 0));
    world.route(&of(20, "two", "one"));
    assert_eq!(world.route(&unready(of(30, "two", "one"))).end, Ok(()), "one that is selected already may flap");
    // On the way back only the stable version counts.
    let mut back = Route { goes_back: true, ..unready(of(0, "three", "one")) };
    assert_eq!(world.route(&back).end, Ok(()));
    (back.stable.hash, back.stable.unready) = ("zero".into(), Some("app-zero".into()));
    assert_eq!(world.route(&back), waits("app-zero"));
}

#[test]
fn with_services_nothing_waits() {
    let services = json!({ "canaryService": "app-canary", "stableService": "app-stable" });
    let mut world = world(services, &[]).virtual_service("app-vs", api(100, 0)).destination_rule("app-dr", bare());
    let mut route = to(0);
    route.stable.unready = Some("app-old".into());
    assert_eq!(world.route(&route).end, Ok(()));
    assert_eq!(world.spec(&DESTINATION_RULES, "app-dr"), &pointed("new", "old"));
}

#[test]
fn subsets_of_experiments_come_and_go_and_those_of_others_stay() {
    let other = json!({ "name": "other", "labels": { "app": "other" } });
    let legacy = json!({ "name": "legacy", "labels": { HASH: "kept" } });
    let with = |more: &[Value]| {
        let mut rule = pointed("two", "one");
        let subsets = rule["subsets"].as_array_mut().expect("a list");
        subsets.extend([other.clone(), legacy.clone()]);
        subsets.extend(more.iter().cloned());
        rule
    };
    let mut world =
        world(json!({}), &["legacy"]).virtual_service("app-vs", api(100, 0)).destination_rule("app-dr", with(&[]));
    let experiment = |service: &str, hash: &str| WeightDestination {
        weight: 10,
        service_name: service.into(),
        pod_template_hash: hash.into(),
    };
    let additional = vec![experiment("exp-b", "b"), experiment("exp-a", "a")];
    world.route(&Route { additional, ..of(20, "two", "one") });
    let subset = |name: &str, hash: &str| json!({ "name": name, "labels": { HASH: hash } });
    let both = with(&[subset("exp-a", "a"), subset("exp-b", "b")]);
    assert_eq!(world.spec(&DESTINATION_RULES, "app-dr"), &both);
    world.route(&Route { additional: vec![experiment("exp-b", "b2")], ..of(20, "two", "one") });
    assert_eq!(world.spec(&DESTINATION_RULES, "app-dr"), &with(&[subset("exp-b", "b2")]));
    world.route(&of(20, "two", "one"));
    assert_eq!(world.spec(&DESTINATION_RULES, "app-dr"), &with(&[]));
}

#[test]
fn additional_subsets_keep_their_weights_and_the_sum_stays_100() {
    let spec = |stable: i32, canary: i32, legacy: i32| json!({ "http": [{ "route": subsets(&[("stable", stable), ("canary", canary), ("legacy", legacy)]) }] });
    let mut world = world(json!({}), &["legacy"])
        .virtual_service("app-vs", spec(85, 0, 15))
        .destination_rule("app-dr", pointed("two", "one"));
    world.route(&of(0, "two", "one"));
    let limited = "! TrafficWeightLimited: VirtualService `app-vs`: the canary and Experiments are to have 95 % together, \
                   and have 85 %";
    for (weight, canary, events) in [
        (10, 10, vec![weight_told(10)]),
        (95, 85, vec![weight_told(95), limited.into()]),
        (100, 85, vec![]),
        (0, 0, vec![weight_told(0)]),
    ] {
        assert_eq!(world.route(&of(weight, "two", "one")).events, events);
        assert_eq!(world.spec(&VIRTUAL_SERVICES, "app-vs"), &spec(85 - canary, canary, 15));
    }
    let mut world = world.virtual_service("app-vs", spec(100, 0, 120));
    let told = world.route(&of(10, "two", "one"));
    let message = "VirtualService `app-vs`: the weight 120 of subset 'legacy' is not from 0 to 100";
    assert_eq!(told, Told { events: vec![], writes: vec![], end: Err(RouteError::failed(message)) });
}

#[test]
fn a_header_route_goes_to_the_canary_subset() {
    let mut world =
        no_services().virtual_service("app-vs", api(80, 20)).destination_rule("app-dr", pointed("two", "one"));
    world
        .rollout
        .spec
        .strategy
        .canary
        .as_mut()
        .expect("a canary")
        .traffic_routing
        .as_mut()
        .expect("it routes")
        .managed_routes = Some(vec![rollouts_api::rollout::ManagedRoute { name: "vip".into() }]);
    let vip = Managed {
        name: "vip".into(),
        matches: Matches::Headers(vec![("x-vip".into(), Pattern::Exact("1".into()))]),
        mirror: None,
    };
    world.route(&of(20, "two", "one"));
    let told = world.route(&Route { managed: vec![vip], ..of(20, "two", "one") });
    assert_eq!(told.events, ["Updated VirtualService: VirtualService `app-vs` set headerRoute 'vip'"]);
    let route = json!({
        "name": "vip",
        "match": [{ "headers": { "x-vip": { "exact": "1" } } }],
        "route": [{ "destination": { "host": "app", "subset": "canary" }, "weight": 100 }],
    });
    assert_eq!(world.spec(&VIRTUAL_SERVICES, "app-vs")["http"][0], route);
}

#[test]
fn what_is_missing_is_told() {
    let mut world = no_services().virtual_service("app-vs", api(60, 40));
    let told = world.route(&of(20, "two", "one"));
    assert_eq!(told.events, ["! DestinationRuleNotFound: DestinationRule `app-dr` not found"]);
    assert!(
        matches!(&told.end, Err(RouteError::Failed { message, .. })
            if message == "destinationrules.networking.istio.io \"app-dr\" not found"),
        "{told:?}"
    );
    let mut world = world.destination_rule("app-dr", json!({ "subsets": [{ "name": "stable" }] }));
    let told = world.route(&of(20, "two", "one"));
    assert_eq!(told.end, Err(RouteError::failed("DestinationRule `app-dr`: subset 'canary' is not there")));
    assert_eq!(told.writes, Vec::<String>::new(), "no traffic to what nobody knows");
}

#[test]
fn when_released_nothing_of_ours_is_left() {
    let mut world = no_services().virtual_service("app-vs", api(100, 0)).destination_rule("app-dr", bare());
    let found = world.objects.clone();
    let experiment = WeightDestination { weight: 10, service_name: "exp".into(), pod_template_hash: "three".into() };
    world.route(&Route { additional: vec![experiment], ..of(50, "two", "one") });
    world.release(&of(0, "two", "one"));
    assert_eq!(world.objects, found);
    let foreign = json!({
        "metadata": { "annotations": { "argo-rollouts.argoproj.io/managed-by-rollouts": "another" } },
        "spec": pointed("two", "one"),
    });
    world.objects.insert(DESTINATION_RULES.named("ns", "app-dr"), std::sync::Arc::new(foreign));
    assert_eq!(world.release(&of(0, "two", "one")).writes, Vec::<String>::new(), "another Rollout has it");
}
