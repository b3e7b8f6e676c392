//! What surrounds a Rollout: other Rollouts, many workloads, a namespace that goes.

use crate::connection::{Judge, judged};
use crate::objects::{deployment, namespace, pod_template, referring, selector, taking_over, template};
use crate::world::{World, seconds};
use rollouts_actors::Which;
use rollouts_api::names;
use rollouts_kube::Resource;
use rollouts_kube::resource::{DEPLOYMENTS, EVENTS, NAMESPACES, POD_TEMPLATES, REPLICA_SETS, ROLLOUTS};
use serde_json::{Value, json};
use std::time::Duration;

/// With a controller that looks at everything every minute, and the requests that it makes.
fn start() -> (World, Judge) {
    let (world, requests) = (World::start(), Judge::default());
    let client = judged(&world.server, requests.judge());
    world.controller_through(client, |options| options.resync = Some(Duration::from_secs(60)));
    (world, requests)
}

/// Creates a Rollout that refers to a PodTemplate.
async fn create_rollout(world: &World, name: &str, pod_template: &str) {
    let mut ro = referring(name, 2, json!({ "apiVersion": "v1", "kind": "PodTemplate", "name": pod_template }));
    ro["spec"]["selector"] = selector("web");
    world.create(&ROLLOUTS, ro).await;
}

/// The hash of the present version of a Rollout that must be healthy.
async fn healthy(world: &World, name: &str) -> Value {
    let ro = world.rollout(name).await;
    assert_eq!(ro["status"]["phase"], "Healthy", "{:#}", ro["status"]);
    ro["status"]["currentPodHash"].clone()
}

/// How often this object alone has been asked for.
fn asked_for(requests: &Judge, r: &Resource, name: &str) -> usize {
    let object = r.object("default", name, None);
    requests.count(|method, path| method == "GET" && path == object)
}

async fn size(world: &World) -> Value {
    world.get(&DEPLOYMENTS, "old").await["spec"]["replicas"].clone()
}

/// Object, message and count of the warnings that another Rollout has the Deployment.
async fn warnings(world: &World) -> Vec<(String, String, i64)> {
    let mut events = world.list(&EVENTS).await;
    events.retain(|e| e["reason"] == "WorkloadTaken" && e["type"] == "Warning");
    let text = |value: &Value| value.as_str().unwrap().to_string();
    let told = |e: &Value| (text(&e["involvedObject"]["name"]), text(&e["message"]), e["count"].as_i64().unwrap());
    events.iter().map(told).collect()
}

#[tokio::test(start_paused = true)]
async fn the_second_rollout_is_warned_once_and_takes_over_when_the_first_is_gone() {
    let (world, _) = start();
    world.create(&DEPLOYMENTS, deployment("old", "web", 2)).await;
    world.create(&ROLLOUTS, taking_over("first", "old")).await;
    seconds(30).await;
    assert_eq!((size(&world).await, warnings(&world).await), (json!(0), vec![]));

    world.create(&ROLLOUTS, taking_over("second", "old")).await;
    seconds(600).await;
    let message = "Rollout second does not scale down Deployment old, which Rollout first has scaled down: delete one of \
                   the two Rollouts, let one refer to another workload, or set scaleDown: never in the workloadRef of \
                   second";
    assert_eq!(warnings(&world).await, [("second".to_string(), message.to_string(), 1)]);
    healthy(&world, "second").await;

    // It changes, and still has nothing to do with the Deployment.
    world.patch(&ROLLOUTS, "second", json!({ "spec": { "replicas": 3 } })).await;
    seconds(60).await;
    assert_eq!(warnings(&world).await.len(), 1);

    // Now the Deployment is its own.
    world.delete(&ROLLOUTS, "first").await;
    seconds(120).await;
    assert_eq!((size(&world).await, warnings(&world).await.len()), (json!(0), 1));
    let deployment = world.get(&DEPLOYMENTS, "old").await;
    let by = deployment["metadata"]["labels"][names::SCALED_DOWN_BY].as_str().unwrap();
    assert!(by.starts_with(world.rollout("second").await["metadata"]["uid"].as_str().unwrap()), "{by}");
}

/// Only what is referred to is held whole, so a first reference asks for the object; once, and then the watch brings it.
#[tokio::test(start_paused = true)]
async fn a_workload_is_asked_for_once_when_a_rollout_begins_to_refer_to_it() {
    let (world, requests) = start();
    for name in ["one", "two"] {
        world.create(&POD_TEMPLATES, pod_template(name, "web")).await;
    }
    create_rollout(&world, "first", "one").await;
    seconds(60).await;
    let asked = asked_for(&requests, &POD_TEMPLATES, "one");

    // The kind is watched by now, and nobody has referred to this one.
    create_rollout(&world, "second", "two").await;
    seconds(600).await;
    let hash = healthy(&world, "second").await;
    assert_eq!(asked_for(&requests, &POD_TEMPLATES, "two"), 1);

    world.patch(&POD_TEMPLATES, "two", json!({ "template": template("web", "shop/web:2") })).await;
    seconds(60).await;
    assert_ne!(healthy(&world, "second").await, hash, "the watch brings what changes");
    assert_eq!(asked_for(&requests, &POD_TEMPLATES, "two"), 1);
    assert_eq!(asked_for(&requests, &POD_TEMPLATES, "one"), asked);
}

/// Whoever deletes a namespace need not hear that nothing can be made there any more.
#[tokio::test(start_paused = true)]
async fn a_creation_refused_by_a_namespace_that_goes_is_neither_told_nor_tried_again() {
    // Nobody empties the namespace.
    let mut world = World::start_with(Which { namespace: false, ..Which::all() });
    world.server.create(namespace("shop")).unwrap();
    world.namespace = "shop";
    let requests = Judge::default();
    world.controller_judged(requests.judge());
    world.create(&POD_TEMPLATES, pod_template("one", "web")).await;
    create_rollout(&world, "web", "one").await;
    seconds(60).await;
    healthy(&world, "web").await;
    let sets = REPLICA_SETS.collection(Some("shop"));
    let creations = || requests.count(|method, path| method == "POST" && path.starts_with(&sets));
    let (created, before) = (creations(), world.rollout("web").await);

    world.delete(&NAMESPACES, "shop").await;
    world.patch(&POD_TEMPLATES, "one", json!({ "template": template("web", "shop/web:2") })).await;
    seconds(600).await;
    let after = world.rollout("web").await;
    assert_eq!(after["metadata"]["deletionTimestamp"], Value::Null);
    // One for each look, and a look for each of its own writes.
    let refused = creations() - created;
    assert!((1..=3).contains(&refused), "{refused} creations");
    assert_eq!(after["status"]["conditions"], before["status"]["conditions"]);
    let events = world.list(&EVENTS).await;
    assert!(events.iter().all(|event| event["type"] != "Warning"), "{events:#?}");
}
