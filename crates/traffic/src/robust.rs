//! Whatever Ingresses and Mappings hold: no panic, nothing to do the second time, and what was released is free.

use crate::alb::Alb;
use crate::ambassador::Ambassador;
use crate::harness::{World, rollout, weight};
use crate::nginx::Nginx;
use crate::{Block, INGRESSES, Kind, Managed, Matches, Pattern, Route, Router};
use proptest::prelude::*;
use rollouts_api::rollout::WeightDestination;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn text() -> impl Strategy<Value = String> {
    let words =
        ["", "/", "/*", "/api", "web-stable", "web-canary", "use-annotation", "Prefix", "Exact", "vip", "{}", "é;*"];
    prop::sample::select(words.to_vec()).prop_map(str::to_string)
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(text(), inner, 0..3).prop_map(|map| json!(map)),
        ]
    })
}

/// Puts `new` in the place of one value of all there are.
fn deform(value: &mut Value, at: &mut usize, new: &Value) {
    if *at == 0 {
        *value = new.clone();
    }
    *at = at.wrapping_sub(1);
    match value {
        Value::Object(map) => map.values_mut().for_each(|value| deform(value, at, new)),
        Value::Array(list) => list.iter_mut().for_each(|value| deform(value, at, new)),
        _ => {}
    }
}

/// The object with some of its values replaced.
fn deformed(object: Value) -> impl Strategy<Value = Value> {
    prop::collection::vec((0..60usize, anything()), 0..4).prop_map(move |changes| {
        let mut object = object.clone();
        changes.into_iter().for_each(|(mut at, new)| deform(&mut object, &mut at, &new));
        object
    })
}

fn pattern() -> impl Strategy<Value = Pattern> {
    prop_oneof![text().prop_map(Pattern::Exact), text().prop_map(Pattern::Prefix), text().prop_map(Pattern::Regex)]
}

fn named() -> impl Strategy<Value = Vec<(String, Pattern)>> {
    prop::collection::vec((text(), pattern()), 0..3)
}

fn block() -> impl Strategy<Value = Block> {
    let paths = (prop::option::of(pattern()), prop::option::of(pattern()));
    (paths, named(), named(), named()).prop_map(|((method, path), headers, cookies, query_params)| Block {
        method,
        path,
        headers,
        cookies,
        query_params,
    })
}

fn managed() -> impl Strategy<Value = Managed> {
    let matches =
        prop_oneof![named().prop_map(Matches::Headers), prop::collection::vec(block(), 1..3).prop_map(Matches::AnyOf),];
    (prop::sample::select(vec!["vip", "beta", "web-stable", "É"]), matches, prop::option::of(0..=100))
        .prop_map(|(name, matches, mirror)| Managed { name: name.into(), matches, mirror })
}

fn route() -> impl Strategy<Value = Route> {
    let additional = prop::collection::vec(0..=50, 0..2);
    (0..=100, additional, prop::collection::vec(managed(), 0..3)).prop_map(|(percent, additional, managed)| {
        let mut names = BTreeSet::new();
        let managed = managed.into_iter().filter(|managed: &Managed| names.insert(managed.name.clone())).collect();
        let exp = |weight| WeightDestination { weight, service_name: "exp".into(), ..Default::default() };
        Route { additional: additional.into_iter().map(exp).collect(), managed, ..weight(percent) }
    })
}

fn ingress() -> Value {
    let backend = |service: &str| json!({ "service": { "name": service, "port": { "name": "use-annotation" } } });
    let path =
        |path: &str, kind: &str, service: &str| json!({ "path": path, "pathType": kind, "backend": backend(service) });
    json!({
        "metadata": { "name": "front", "annotations": {
            "kubernetes.io/ingress.class": "x",
            "alb.ingress.kubernetes.io/actions.old": "{}",
            "rollouts.argoproj.io/managed-alb-annotations": r#"{"web":["alb.ingress.kubernetes.io/actions.old"]}"#,
        } },
        "spec": {
            "defaultBackend": backend("web-stable"),
            "rules": [
                { "host": "a", "http": { "paths": [path("/", "Prefix", "web-stable"), path("/keep", "Prefix", "other")] } },
                { "http": { "paths": [path("/*", "ImplementationSpecific", "web-stable"), path("/e", "Exact", "web-stable")] } },
            ],
        },
    })
}

fn mapping() -> Value {
    json!({
        "metadata": { "name": "front", "labels": { "a": "b" } },
        "spec": { "prefix": "/", "service": "http://web-stable:80", "headers": { "x": "1" }, "method": "GET" },
    })
}

/// Another object that is there already where a router makes its own.
fn own(kind: &Kind) -> Value {
    let owner = json!({ "uid": "u1", "controller": true });
    json!({
        "apiVersion": kind.api_version(),
        "metadata": { "name": "own", "labels": {}, "annotations": {}, "ownerReferences": [owner] },
        "spec": { "service": "x", "weight": 5 },
    })
}

/// Routes one way, then another, then not at all.
fn play(
    router: &dyn Router,
    routing: Value,
    kind: &Kind,
    objects: [(&str, Value); 2],
    routes: &[Route],
) -> Vec<String> {
    let objects = objects.map(|(name, object)| (kind.named("ns", name), object));
    let mut world = World::new(router, rollout(routing), objects);
    for route in routes {
        let _ = world.try_route(route);
        for managed in &route.managed {
            let _ = router.refuses(&world.context(), managed);
        }
        let _ = router.refuses_together(&world.context(), &route.managed);
    }
    world.release();
    world
        .objects
        .iter()
        .filter(|(_, object)| object.to_string().contains("\"uid\":\"u1\""))
        .map(|(at, _)| at.name.clone())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn odd_ingresses_break_nothing(front in deformed(ingress()), old in deformed(own(&INGRESSES)), routes in prop::collection::vec(route(), 1..4)) {
        let routes_of = json!([{ "name": "vip" }, { "name": "beta" }]);
        let nginx = json!({ "nginx": { "stableIngress": "front" }, "managedRoutes": routes_of });
        let left = play(&Nginx, nginx, &INGRESSES, [("front", front.clone()), ("web-front-canary", old.clone())], &routes);
        let is_ours = old["metadata"]["ownerReferences"].to_string().contains("\"uid\":\"u1\"");
        prop_assert!(!is_ours || left.is_empty() || old != own(&INGRESSES), "{left:?}");
        let alb = json!({ "alb": { "ingresses": ["front", "other"], "servicePort": 80 }, "managedRoutes": routes_of });
        play(&Alb, alb, &INGRESSES, [("front", front), ("other", old)], &routes);
    }

    #[test]
    fn odd_mappings_break_nothing(front in deformed(mapping()), old in deformed(own(&INGRESSES)), routes in prop::collection::vec(route(), 1..4)) {
        let kind = Kind::fixed("getambassador.io", "v2", "Mapping", "mappings");
        let routing = json!({ "ambassador": { "mappings": ["front"] }, "managedRoutes": [{ "name": "vip" }] });
        play(&Ambassador, routing, &kind, [("front", front), ("front-canary", old)], &routes);
    }

    #[test]
    fn what_was_routed_is_released(routes in prop::collection::vec(route(), 1..4)) {
        let routes_of = json!([{ "name": "vip" }, { "name": "beta" }]);
        let alb = json!({ "alb": { "ingress": "front", "servicePort": 80 }, "managedRoutes": routes_of });
        let mut world = World::new(&Alb, rollout(alb), [(INGRESSES.named("ns", "front"), ingress())]);
        let mut plain = World::new(&Alb, world.rollout.clone(), [(INGRESSES.named("ns", "front"), ingress())]);
        plain.route(&weight(0));
        plain.release();
        for route in &routes {
            let _ = world.try_route(route);
        }
        let _ = world.try_route(&weight(0));
        world.release();
        prop_assert_eq!(world.objects, plain.objects);
    }
}
