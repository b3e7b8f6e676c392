//! Canaries whose traffic is routed (traffic.md §1).

mod aborts;
mod dynamic;
mod endpoints;
mod load_balancers;
mod pairs;
mod released;
mod steps;
mod targets;
mod troubles;

use crate::world::World;
use rollouts_api::names;
use rollouts_traffic::{Kind, ObjectRef};
use serde_json::{Value, json};

const VIRTUAL_SERVICES: Kind = Kind::fixed("networking.istio.io", "v1alpha3", "VirtualService", "virtualservices");

fn at() -> ObjectRef {
    VIRTUAL_SERVICES.named("ns", "web")
}

fn virtual_service() -> Value {
    json!({
        "apiVersion": "networking.istio.io/v1alpha3", "kind": "VirtualService",
        "metadata": { "name": "web", "namespace": "ns" },
        "spec": { "hosts": ["web"], "http": [{ "name": "main", "route": [
            { "destination": { "host": "web-stable" }, "weight": 100 },
            { "destination": { "host": "web-canary" }, "weight": 0 },
        ]}]},
    })
}

/// A canary behind Istio; `also` is merged into its strategy.
fn world(replicas: i32, steps: Value, also: Value) -> World {
    let mut canary = json!({
        "canaryService": "web-canary", "stableService": "web-stable", "steps": steps,
        "trafficRouting": { "istio": { "virtualService": { "name": "web" } }, "managedRoutes": [{ "name": "vip" }] },
    });
    for (key, value) in also.as_object().into_iter().flatten() {
        canary[key] = value.clone();
    }
    let world = World::new(replicas, json!({ "canary": canary }));
    world.with_services(&["web-stable", "web-canary"]).with_object(at(), virtual_service())
}

/// The same with the first version there, and the second one wanted.
fn updated(replicas: i32, steps: Value, also: Value) -> World {
    let mut world = world(replicas, steps, also);
    world.run(60);
    world.set_image("2");
    world
}

/// The canary's weight in the VirtualService.
fn weight(world: &World) -> i64 {
    let object = world.routers.get(&at()).expect("a VirtualService");
    let routes = object["spec"]["http"].as_array().expect("routes");
    let main = routes.iter().find(|r| r["name"] == "main").expect("the route with the weights");
    let [stable, canary] = [0, 1].map(|i| main["route"][i]["weight"].as_i64().unwrap_or(0));
    assert_eq!(stable + canary, 100, "{main}");
    canary
}

/// Names of the routes of the VirtualService.
fn routes(world: &World) -> Vec<String> {
    let object = world.routers.get(&at()).expect("a VirtualService");
    let routes = object["spec"]["http"].as_array().expect("routes");
    routes.iter().map(|r| r["name"].as_str().unwrap_or("").to_string()).collect()
}

/// The revision that a Service selects.
fn serves(world: &World, service: &str) -> i64 {
    let hash = world.services[service].selected_hash();
    world.sets.values().find(|s| s.hash() == hash).map_or(0, |s| s.revision())
}

/// Canary and stable weight as the status has them.
fn recorded(world: &World) -> (i32, i32) {
    let weights = world.status().canary.weights.as_ref().expect("weights");
    (weights.canary.weight, weights.stable.weight)
}

fn condition(world: &World) -> Option<String> {
    let condition = world.status().conditions.iter().find(|c| c.r#type == "TrafficRouted")?;
    Some(format!("{} {}: {}", condition.status, condition.reason, condition.message))
}

fn remembers(world: &World) -> bool {
    world.rollout.metadata.annotations.contains_key(names::TRAFFIC_ROUTING)
}

/// How often an event with this beginning was told.
fn told(world: &World, beginning: &str) -> usize {
    world.events.iter().filter(|e| e.starts_with(beginning)).count()
}
