//! Objects of routers may say anything.

use crate::gateway_api::PLUGIN;
use crate::harness::{World, rollout_with_steps, weight};
use crate::{Block, Kind, Managed, Matches, ObjectRef, Pattern, Route, used};
use proptest::prelude::*;
use rollouts_api::rollout::WeightDestination;
use serde_json::{Value, json};

/// Anything, and mostly what means something somewhere.
fn anything() -> impl Strategy<Value = Value> {
    let words =
        ["", "web-canary", "web-stable", "vip", "main", "w", "Service", "TraefikService", "PathPrefix", "Exact", "/"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::sample::select(words.to_vec()).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let keys =
            ["name", "weight", "matches", "backendRefs", "path", "services", "match", "kind", "priority", "exprs"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(prop::sample::select(keys.to_vec()), inner, 0..3)
                .prop_map(|map| map.into_iter().map(|(key, value)| (key.to_string(), value)).collect()),
        ]
    })
}

/// The `which`-th of all values in a value.
fn nth<'a>(value: &'a mut Value, which: &mut usize) -> Option<&'a mut Value> {
    if *which == 0 {
        return Some(value);
    }
    *which -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| nth(item, which)),
        Value::Object(members) => members.values_mut().find_map(|member| nth(member, which)),
        _ => None,
    }
}

fn routing() -> Value {
    json!({
        "managedRoutes": [{ "name": "vip" }, { "name": "shadow" }],
        "smi": {},
        "traefik": { "weightedTraefikServiceName": "w", "ingressRouteName": "front" },
        "apisix": { "route": { "name": "front", "rules": ["main"] } },
        "plugins": { PLUGIN: { "httpRoute": "front", "grpcRoute": "front", "tcpRoute": "front" } },
    })
}

fn objects() -> Vec<(ObjectRef, Value)> {
    let kind = |group: &'static str, version: &'static str, kind: &'static str, plural: &'static str, name: &str| {
        Kind::fixed(group, version, kind, plural).named("ns", name)
    };
    let named = |name: &str, spec: Value| json!({ "metadata": { "name": name, "namespace": "ns" }, "spec": spec });
    let refs = json!([{ "name": "web-stable", "port": 80 }, { "name": "web-canary", "port": 80 }]);
    let http = json!({ "rules": [
        { "backendRefs": refs, "matches": [{ "path": { "type": "PathPrefix", "value": "/" } }], "filters": [] },
        { "name": "vip", "backendRefs": [{ "name": "web-canary" }] },
    ] });
    let backends = json!([
        { "serviceName": "web-stable", "servicePort": 80 },
        { "serviceName": "web-canary", "servicePort": 80 },
    ]);
    let apisix = json!({ "http": [
        { "name": "main", "priority": 1, "backends": backends, "plugins": [], "match": { "paths": ["/*"], "exprs": [] } },
    ] });
    let ingress = json!({ "routes": [
        { "match": "Host(`x`)", "services": [{ "kind": "TraefikService", "name": "w" }] },
    ] });
    const GATEWAY: &str = "gateway.networking.k8s.io";
    vec![
        (kind("apisix.apache.org", "v2", "ApisixRoute", "apisixroutes", "front"), named("front", apisix)),
        (kind("traefik.io", "v1alpha1", "IngressRoute", "ingressroutes", "front"), named("front", ingress)),
        (
            kind("traefik.io", "v1alpha1", "TraefikService", "traefikservices", "w"),
            named("w", json!({ "weighted": { "services": refs } })),
        ),
        (kind(GATEWAY, "v1", "HTTPRoute", "httproutes", "front"), named("front", http)),
        (
            kind(GATEWAY, "v1", "GRPCRoute", "grpcroutes", "front"),
            named("front", json!({ "rules": [{ "backendRefs": refs, "matches": [{ "headers": [] }] }] })),
        ),
        (
            kind(GATEWAY, "v1alpha2", "TCPRoute", "tcproutes", "front"),
            named("front", json!({ "rules": [{ "backendRefs": refs }] })),
        ),
    ]
}

fn managed() -> Vec<Managed> {
    let exact = |text: &str| Pattern::Exact(text.into());
    let block = Block {
        path: Some(Pattern::Exact("/a/b".into())),
        headers: vec![("x-vip".into(), exact("1"))],
        cookies: vec![("tester".into(), exact("yes"))],
        ..Block::default()
    };
    let headers = Matches::Headers(vec![("x-vip".into(), exact("1"))]);
    vec![
        Managed { name: "vip".into(), matches: headers, mirror: None },
        Managed { name: "shadow".into(), matches: Matches::AnyOf(vec![block]), mirror: Some(20) },
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_and_the_second_time_there_is_nothing_to_do(
        weights in prop::collection::vec(any::<i32>().prop_map(|w| w % 200), 1..4),
        breaks in prop::collection::vec((any::<prop::sample::Index>(), 0usize..60, anything()), 0..4),
    ) {
        let rollout = rollout_with_steps(routing(), json!([]));
        let routers = used(rollout.spec.traffic_routing().expect("trafficRouting"));
        for router in routers {
            let mut world = World::new(router, rollout.clone(), objects());
            for (i, w) in weights.iter().enumerate() {
                let trial = WeightDestination { weight: 5, service_name: "trial".into(), ..Default::default() };
                let managed = if i % 2 == 0 { managed() } else { Vec::new() };
                let additional = if i % 3 == 0 { vec![trial] } else { Vec::new() };
                let route = Route { managed, additional, ..weight(*w) };
                let _ = world.try_route(&route);
                let _ = router.verified(&world.context(), &route, &world.objects);
                for (index, mut which, value) in breaks.clone() {
                    let all: Vec<ObjectRef> = world.objects.iter().map(|(at, _)| at.clone()).collect();
                    let at = index.get(&all);
                    let mut object = world.get(at);
                    if let Some(part) = nth(&mut object, &mut which) {
                        *part = value;
                    }
                    world.objects.insert(at.clone(), object.into());
                }
            }
            world.release();
        }
    }

    #[test]
    fn released_objects_are_as_they_were(weights in prop::collection::vec(0i32..=100, 1..4)) {
        let rollout = rollout_with_steps(routing(), json!([]));
        let routers = used(rollout.spec.traffic_routing().expect("trafficRouting"));
        for router in routers {
            let mut world = World::new(router, rollout.clone(), objects());
            world.release();
            let before = world.objects.clone();
            for w in &weights {
                let trial = WeightDestination { weight: 5, service_name: "trial".into(), ..Default::default() };
                world.route(&Route { managed: managed(), additional: vec![trial], ..weight(*w) });
            }
            world.release();
            let without_empty = |value: &Value| {
                let mut value = value.clone();
                for field in ["labels", "annotations"] {
                    if let Some(metadata) = value["metadata"].as_object_mut() {
                        metadata.retain(|key, value| key != field || *value != json!({}));
                    }
                }
                value
            };
            let now: Vec<_> = world.objects.iter().map(|(at, object)| (at.clone(), without_empty(object))).collect();
            let then: Vec<_> = before.iter().map(|(at, object)| (at.clone(), without_empty(object))).collect();
            prop_assert_eq!(now, then);
        }
    }
}
