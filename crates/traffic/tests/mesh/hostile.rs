//! Whatever objects look like: no panic, no second write, no weights that Istio rejects, nothing left of ours.

use crate::world::{DESTINATION_RULES, VIRTUAL_SERVICES, World, split, to};
use proptest::prelude::*;
use rollouts_api::rollout::WeightDestination;
use rollouts_traffic::{Block, Kind, Managed, Matches, Pattern, Route};
use serde_json::{Value, json};
use std::sync::Arc;

/// Worlds of both routers, in which everything is as it should be.
fn worlds() -> [World; 3] {
    let subset =
        |name: &str, weight: i32| json!({ "destination": { "host": "app", "subset": name }, "weight": weight });
    let http = |route: Value| {
        json!({
            "http": [
                { "name": "vip", "match": [{ "headers": { "x": { "exact": "1" } } }], "route": split(&[("app-canary", 100)]) },
                { "name": "main", "timeout": "3s", "route": route },
                { "route": split(&[("other", 100)]) },
            ],
            "tcp": [{ "match": [{ "port": 9000 }], "route": route }],
        })
    };
    let managed = json!([{ "name": "shadow" }, { "name": "vip" }]);
    let target = |name: &str, weight: i32| json!({ "virtualNodeRef": { "name": name }, "weight": weight });
    let mesh = |kind: &'static str, plural: &'static str| Kind::fixed("appmesh.k8s.aws", "v1beta2", kind, plural);
    let node = json!({ "podSelector": { "matchLabels": { "app": "app" } } });
    let nodes = mesh("VirtualNode", "virtualnodes");
    [
        World::new(json!({
            "canaryService": "app-canary",
            "stableService": "app-stable",
            "trafficRouting": {
                "managedRoutes": managed,
                "istio": { "virtualServices": [{ "name": "app-vs", "routes": ["main"] }, { "name": "app-vs.edge" }] },
            },
        }))
        .virtual_service("app-vs", http(split(&[("app-stable", 90), ("app-canary", 0), ("exp-b", 10)])))
        .with(&VIRTUAL_SERVICES, "edge", "app-vs", json!({ "http": [{ "route": split(&[("app-stable.ns", 50), ("app-canary.ns", 50)]) }] })),
        World::new(json!({
            "trafficRouting": {
                "managedRoutes": managed,
                "istio": {
                    "virtualServices": [{ "name": "app-vs", "routes": ["main"] }],
                    "destinationRule": {
                        "name": "app-dr", "canarySubsetName": "canary", "stableSubsetName": "stable",
                        "additionalSubsetNames": ["legacy"],
                    },
                },
            },
        }))
        .virtual_service("app-vs", http(json!([subset("stable", 80), subset("canary", 10), subset("legacy", 10)])))
        .destination_rule("app-dr", json!({ "host": "app", "subsets": [
            { "name": "stable", "labels": { "app": "app" } },
            { "name": "canary", "labels": { "app": "app" } },
            { "name": "other", "labels": { "app": "other" } },
        ] })),
        World::new(json!({
            "canaryService": "app-canary",
            "stableService": "app-stable",
            "trafficRouting": { "appMesh": {
                "virtualService": { "name": "app-vs" },
                "virtualNodeGroup": {
                    "canaryVirtualNodeRef": { "name": "n-canary" },
                    "stableVirtualNodeRef": { "name": "n-stable" },
                },
            } },
        }))
        .with(&mesh("VirtualService", "virtualservices"), "ns", "app-vs", json!({
            "provider": { "virtualRouter": { "virtualRouterRef": { "name": "app-vr" } } },
        }))
        .with(&mesh("VirtualRouter", "virtualrouters"), "ns", "app-vr", json!({ "routes": [
            { "name": "main", "httpRoute": { "action": { "weightedTargets": [target("n-canary", 0), target("n-stable", 100)] } } },
        ] }))
        .with(&nodes, "ns", "n-canary", node.clone())
        .with(&nodes, "ns", "n-stable", node),
    ]
}

/// Somewhere in an object something is replaced, taken away or doubled.
type Damage = (Vec<usize>, usize);

fn damage(value: &mut Value, (path, how): &Damage) {
    let junk = [
        Value::Null,
        json!(true),
        json!(-7),
        json!(1e300),
        json!("canary"),
        json!("main"),
        json!([]),
        json!({}),
        json!([[]]),
        json!([{ "route": 1 }]),
        json!({ "name": "stable" }),
        json!(u64::MAX),
        json!(""),
    ];
    let Some((first, rest)) = path.split_first() else {
        *value = junk[how % junk.len()].clone();
        return;
    };
    match value {
        Value::Array(items) if !items.is_empty() => {
            let index = first % items.len();
            match (rest.is_empty(), how % 3) {
                (true, 0) => {
                    items.remove(index);
                }
                (true, 1) => items.push(items[index].clone()),
                _ => damage(&mut items[index], &(rest.to_vec(), *how)),
            }
        }
        Value::Object(members) if !members.is_empty() => {
            let key = members.keys().nth(first % members.len()).cloned().unwrap_or_default();
            match (rest.is_empty(), how % 3) {
                (true, 0) => {
                    members.remove(&key);
                }
                _ => damage(&mut members[&key], &(rest.to_vec(), *how)),
            }
        }
        other => *other = junk[how % junk.len()].clone(),
    }
}

fn routes() -> impl Strategy<Value = Route> {
    let experiments = prop::sample::subsequence(vec!["exp-a", "exp-b", "app-canary", ""], 0..=3);
    let managed = prop::sample::subsequence(vec!["shadow", "vip"], 0..=2);
    let hashes = prop::sample::select(vec![("two", "one"), ("one", "one"), ("", "one"), ("", "")]);
    (-5..=120i32, experiments, managed, hashes, any::<bool>(), -5..60i32).prop_map(
        |(weight, experiments, managed, (canary, stable), goes_back, share)| {
            let mut route = to(weight);
            (route.canary.hash, route.stable.hash, route.goes_back) = (canary.into(), stable.into(), goes_back);
            let additional = |service: &str| WeightDestination {
                weight: share,
                service_name: service.into(),
                pod_template_hash: "exp".into(),
            };
            route.additional = experiments.into_iter().map(additional).collect();
            let block = Block { path: Some(Pattern::Prefix("/".into())), ..Block::default() };
            let one = |name: &str| Managed {
                name: name.into(),
                matches: Matches::AnyOf(vec![block.clone()]),
                mirror: (name == "shadow").then_some(50),
            };
            route.managed = managed.into_iter().map(one).collect();
            route
        },
    )
}

/// Weights of the route that is named `main`, if there is one.
fn main_weights(world: &World) -> Option<Vec<i64>> {
    let object = world.objects.get(&VIRTUAL_SERVICES.named("ns", "app-vs"))?;
    let main = object["spec"]["http"].as_array()?.iter().find(|route| route["name"] == "main")?;
    Some(main["route"].as_array()?.iter().map(|weighted| weighted["weight"].as_i64().unwrap_or(0)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_objects(
        which in 0..3usize,
        damages in prop::collection::vec((prop::collection::vec(0..6usize, 1..8), any::<usize>()), 0..4),
        routes in prop::collection::vec(routes(), 1..4),
    ) {
        let [a, b, c] = worlds();
        let mut world = match which { 0 => a, 1 => b, _ => c };
        let names: Vec<_> = world.objects.iter().map(|(at, object)| (at.clone(), (**object).clone())).collect();
        for (number, damaged) in damages.iter().enumerate() {
            let (at, _) = &names[damaged.1 % names.len()];
            let mut object = world.objects.get(at).map(|object| (**object).clone()).unwrap_or_default();
            damage(&mut object["spec"], &(damaged.0.clone(), damaged.1.wrapping_add(number)));
            world.objects.insert(at.clone(), Arc::new(object));
        }
        for route in &routes {
            let told = world.route(route);
            if let (Ok(()), Some(weights)) = (&told.end, main_weights(&world).filter(|_| which < 2)) {
                prop_assert_eq!(weights.iter().sum::<i64>(), 100, "{:?} after {:?}", weights, told);
                prop_assert!(weights.iter().all(|weight| (0..=100).contains(weight)), "{weights:?} after {told:?}");
            }
        }
        let stable = Route { canary: routes[0].canary.clone(), stable: routes[0].stable.clone(), max: 100, ..Route::default() };
        world.release(&stable);
        world.release(&stable);
    }

    #[test]
    fn a_release_gives_back_what_was_there(routes in prop::collection::vec(routes(), 1..4)) {
        let [mut hosts, mut subsets, _] = worlds();
        for world in [&mut hosts, &mut subsets] {
            world.release(&to(0));
            let found = world.objects.clone();
            for route in &routes {
                prop_assert!(world.route(route).end.is_ok());
            }
            world.release(&to(0));
            prop_assert_eq!(&world.objects, &found);
        }
        let rule = &subsets.objects.get(&DESTINATION_RULES.named("ns", "app-dr")).expect("it is there")["spec"];
        prop_assert!(!rule.to_string().contains("rollouts-pod-template-hash"));
    }
}
