//! AWS App Mesh.

use crate::world::{Told, World, to};
use rollouts_api::rollout::WeightDestination;
use rollouts_traffic::{Kind, Route, RouteError, Want, app_mesh};
use serde_json::{Value, json};

const GROUP: &str = "appmesh.k8s.aws";
const SERVICES: Kind = Kind::fixed(GROUP, "v1beta2", "VirtualService", "virtualservices");
const ROUTERS: Kind = Kind::fixed(GROUP, "v1beta2", "VirtualRouter", "virtualrouters");
const NODES: Kind = Kind::fixed(GROUP, "v1beta2", "VirtualNode", "virtualnodes");
const HASH: &str = "rollouts-pod-template-hash";

fn empty(routes: &[&str]) -> World {
    World::new(json!({
        "canaryService": "app-canary",
        "stableService": "app-stable",
        "trafficRouting": { "appMesh": {
            "virtualService": { "name": "app-vs", "routes": routes },
            "virtualNodeGroup": {
                "canaryVirtualNodeRef": { "name": "n-canary" },
                "stableVirtualNodeRef": { "name": "n-stable" },
            },
        } },
    }))
}

fn service() -> Value {
    json!({ "awsName": "app.ns", "provider": { "virtualRouter": { "virtualRouterRef": { "name": "app-vr" } } } })
}

fn targets(canary: i32, stable: i32) -> Value {
    json!({ "match": { "prefix": "/" }, "action": { "weightedTargets": [
        { "virtualNodeRef": { "name": "n-canary" }, "weight": canary },
        { "virtualNodeRef": { "name": "n-stable", "namespace": "ns" }, "weight": stable },
    ] } })
}

fn router(canary: i32, stable: i32) -> Value {
    json!({ "listeners": [1], "routes": [{ "name": "main", "httpRoute": targets(canary, stable) }] })
}

fn node(hash: &str) -> Value {
    json!({ "listeners": [2], "podSelector": { "matchLabels": { "app": "app", HASH: hash } } })
}

fn world() -> World {
    let bare = json!({ "listeners": [2], "podSelector": { "matchLabels": { "app": "app" } } });
    empty(&[])
        .with(&SERVICES, "ns", "app-vs", service())
        .with(&ROUTERS, "ns", "app-vr", router(0, 100))
        .with(&NODES, "ns", "n-canary", bare.clone())
        .with(&NODES, "ns", "n-stable", bare)
}

fn of(weight: i32, canary: &str, stable: &str) -> Route {
    let mut route = to(weight);
    (route.canary.hash, route.stable.hash) = (canary.into(), stable.into());
    route
}

#[test]
fn a_release_turns_the_nodes_and_shifts_the_weights() {
    let mut world = world();
    let steps: [(Route, &str, &str, &[&str]); 5] = [
        (of(0, "one", "one"), "canary-hash", "one", &["VirtualNode n-canary", "VirtualNode n-stable"]),
        (of(0, "two", "one"), "two", "one", &["VirtualNode n-canary"]),
        (of(10, "two", "one"), "two", "one", &["VirtualRouter app-vr"]),
        (of(100, "two", "one"), "two", "one", &["VirtualRouter app-vr"]),
        // The canary lets go of its pods, which have no traffic by its name any more, before the stable node takes them.
        (
            of(0, "two", "two"),
            "canary-hash",
            "two",
            &["VirtualRouter app-vr", "VirtualNode n-canary", "VirtualNode n-stable"],
        ),
    ];
    for (route, canary, stable, writes) in steps {
        let told = world.route(&route);
        assert_eq!(told.end, Ok(()));
        assert_eq!(told.writes, writes);
        assert_eq!(world.spec(&ROUTERS, "app-vr"), &router(route.weight, 100 - route.weight));
        assert_eq!(world.spec(&NODES, "n-canary"), &node(canary));
        assert_eq!(world.spec(&NODES, "n-stable"), &node(stable));
    }
}

#[test]
fn before_there_are_versions_nodes_select_nothing() {
    let mut world = world();
    world.route(&of(0, "", ""));
    assert_eq!(world.spec(&NODES, "n-canary"), &node("canary-hash"));
    assert_eq!(world.spec(&NODES, "n-stable"), &node("stable-hash"));
}

#[test]
fn only_the_listed_routes_shift_for_all_protocols() {
    let routes = |canary: i32, stable: i32| {
        json!({ "routes": [
            { "name": "a", "grpcRoute": targets(canary, stable) },
            { "name": "b", "tcpRoute": targets(0, 100) },
            { "name": "c", "http2Route": targets(canary, stable) },
        ] })
    };
    let mut world = world();
    world.rollout = empty(&["a", "c"]).rollout;
    let mut world = world.with(&ROUTERS, "ns", "app-vr", routes(0, 100));
    let experiment = WeightDestination { weight: 10, service_name: "exp".into(), ..WeightDestination::default() };
    world.route(&Route { additional: vec![experiment], ..of(30, "two", "one") });
    assert_eq!(world.spec(&ROUTERS, "app-vr"), &routes(30, 70), "Experiments have no nodes: their share stays stable");
    world.rollout = empty(&["z"]).rollout;
    let told = world.route(&of(40, "two", "one"));
    assert_eq!(told.end, Err(RouteError::failed("VirtualRouter `app-vr`: it has none of the routes")));
}

#[test]
fn the_router_is_found_through_the_service() {
    let wants = |world: &World| -> Vec<String> {
        let wants = world.router().wants(&world.cx(), &world.objects);
        wants
            .into_iter()
            .map(|want| match want {
                Want::Named(at) => at.to_string(),
                Want::Selected { kind, .. } => panic!("all of {kind}"),
            })
            .collect()
    };
    assert_eq!(wants(&empty(&[])), ["VirtualService app-vs", "VirtualNode n-canary", "VirtualNode n-stable"]);
    assert_eq!(
        wants(&world()),
        ["VirtualService app-vs", "VirtualRouter app-vr", "VirtualNode n-canary", "VirtualNode n-stable"]
    );
}

#[test]
fn what_is_missing_is_told() {
    let end = |mut world: World| {
        let Told { events, writes, end } = world.route(&of(10, "two", "one"));
        let Err(RouteError::Failed { message, .. }) = end else { panic!("it did not fail") };
        (writes.len(), events, message)
    };
    let nodes =
        |world: World| world.with(&NODES, "ns", "n-canary", node("two")).with(&NODES, "ns", "n-stable", node("one"));
    let lacks = |kind: &str, what: &str, name: &str| {
        let event = format!("! {kind}NotFound: {what}.appmesh.k8s.aws \"{name}\" not found");
        (0, vec![event])
    };
    let (writes, events, message) = end(nodes(empty(&[])));
    assert_eq!(
        ((writes, events), message.as_str()),
        (lacks("VirtualService", "virtualservices", "app-vs"), "Virtual-service is missing")
    );
    let with_service = |world: World, spec: Value| world.with(&SERVICES, "ns", "app-vs", spec);
    let (writes, events, message) = end(with_service(nodes(empty(&[])), service()));
    assert_eq!(
        ((writes, events), message.as_str()),
        (lacks("VirtualRouter", "virtualrouters", "app-vr"), "Virtual-router is missing")
    );
    let (writes, events, message) = end(with_service(empty(&[]), service()));
    assert_eq!(
        ((writes, events), message.as_str()),
        (lacks("VirtualNode", "virtualnodes", "n-canary"), "Virtual-node is missing")
    );
    let (.., message) = end(with_service(nodes(empty(&[])), json!({ "provider": {} })));
    assert_eq!(message, "Virtual-service is not associated with virtual-router");
}

#[test]
fn what_is_wrong_with_a_router() {
    let error = |world: &World| app_mesh::route_error(&json!({ "spec": service() }), &world.cx(), &world.objects);
    assert_eq!(error(&world()), None);
    assert_eq!(error(&empty(&[])).as_deref(), Some("virtualrouters.appmesh.k8s.aws \"app-vr\" not found"));
    let with =
        |routes: Value| error(&world().with(&ROUTERS, "ns", "app-vr", json!({ "routes": routes }))).unwrap_or_default();
    assert_eq!(with(json!([])), "No routes defined for AppMesh virtual-router app-vr");
    let one = json!([{ "name": "main", "httpRoute": { "action": { "weightedTargets": [{}] } } }]);
    assert_eq!(
        with(one),
        "Invalid number of weightedTargets (1) for AppMesh virtual-router app-vr and route main, expected 2"
    );
    let unbound = json!({ "spec": {} });
    let found = app_mesh::route_error(&unbound, &world().cx(), &world().objects);
    assert_eq!(found.as_deref(), Some("Virtual-service is not associated with virtual-router"));
}

#[test]
fn when_released_the_stable_node_selects_every_pod() {
    let mut world = world();
    world.route(&of(0, "one", "one"));
    world.route(&of(40, "two", "one"));
    world.release(&of(0, "two", "one"));
    assert_eq!(world.spec(&ROUTERS, "app-vr"), &router(0, 100));
    assert_eq!(world.spec(&NODES, "n-canary"), &node("canary-hash"), "never the same pods by two nodes");
    let bare = json!({ "listeners": [2], "podSelector": { "matchLabels": { "app": "app" } } });
    assert_eq!(world.spec(&NODES, "n-stable"), &bare);
}
