//! What surrounds decisions: which Rollouts are a controller's own, and what it leaves behind.

use crate::objects::{namespace, service, web};
use crate::world::{World, seconds};
use rollouts_api::names;
use rollouts_kube::resource::{REPLICA_SETS, ROLLOUTS, SERVICES};
use serde_json::{Value, json};

fn blue_green(preview: &str) -> Value {
    web(json!({ "blueGreen": { "activeService": "live", "previewService": preview } }))
}

fn canary() -> Value {
    web(json!({ "canary": {} }))
}

/// With a controller.
fn start() -> World {
    let world = World::start();
    world.controller();
    world
}

/// Whether the Service carries anything of a Rollout.
async fn marked(world: &World, name: &str) -> (bool, bool) {
    let service = world.get(&SERVICES, name).await;
    (
        service["spec"]["selector"][names::POD_TEMPLATE_HASH].is_string(),
        service["metadata"]["annotations"][names::MANAGED_BY_ROLLOUTS].is_string(),
    )
}

#[tokio::test(start_paused = true)]
async fn services_left_behind_get_their_selectors_back() {
    let world = start();
    for name in ["live", "old", "new"] {
        world.create(&SERVICES, service(name, "web")).await;
    }
    world.create(&ROLLOUTS, blue_green("old")).await;
    world.wait("Healthy").await;
    assert_eq!((marked(&world, "live").await, marked(&world, "old").await), ((true, true), (true, true)));
    world
        .patch(&ROLLOUTS, "web", json!({ "spec": { "strategy": { "blueGreen": { "previewService": "new" } } } }))
        .await;
    world.wait("Healthy").await;
    seconds(5).await;
    assert_eq!((marked(&world, "old").await, marked(&world, "new").await), ((false, false), (true, true)));
    assert_eq!(world.get(&SERVICES, "old").await["spec"]["selector"], json!({ "app": "web" }));
    world.delete(&ROLLOUTS, "web").await;
    seconds(5).await;
    for name in ["live", "old", "new"] {
        assert_eq!(marked(&world, name).await, (false, false), "{name}");
    }
    assert_eq!(world.events("RolloutDeleted").await, ["Rollout web/default is deleted."]);
    assert_eq!(world.events("RolloutAddedToInformer").await, ["Rollout resource added to informer: default/web"]);
}

/// Another Rollout's Service stays as it is, also when ours no longer wants it.
#[tokio::test(start_paused = true)]
async fn a_service_of_another_rollout_stays() {
    let world = start();
    for name in ["live", "next"] {
        world.create(&SERVICES, service(name, "web")).await;
    }
    world.create(&ROLLOUTS, blue_green("next")).await;
    world.wait("Healthy").await;
    let mut second = blue_green("next");
    second["metadata"]["name"] = "second".into();
    world.create(&ROLLOUTS, second).await;
    seconds(5).await;
    let message = world.rollout("second").await["status"]["message"].to_string();
    assert!(message.contains("is managed by another Rollout"), "{message}");
    world.delete(&ROLLOUTS, "second").await;
    seconds(5).await;
    assert_eq!((marked(&world, "live").await, marked(&world, "next").await), ((true, true), (true, true)));
}

/// Upstream notices it up to 10 s later.
#[tokio::test(start_paused = true)]
async fn a_service_that_appears_repairs_the_rollout() {
    let world = start();
    world.create(&SERVICES, service("live", "web")).await;
    world.create(&ROLLOUTS, blue_green("next")).await;
    world.wait("Degraded").await;
    seconds(3600).await;
    world.create(&SERVICES, service("next", "web")).await;
    world.wait("Healthy").await;
}

/// Names of the Rollouts that were taken care of.
async fn handled(world: &World) -> Vec<String> {
    let rollouts = world.list(&ROLLOUTS).await;
    let handled = rollouts.iter().filter(|ro| ro["status"]["phase"].is_string());
    handled.map(|ro| ro["metadata"]["name"].as_str().unwrap().to_string()).collect()
}

async fn create_for(world: &World, name: &str, namespace: &str, instance: Option<&str>) {
    let mut ro = canary();
    ro["metadata"]["name"] = name.into();
    ro["metadata"]["namespace"] = namespace.into();
    if let Some(id) = instance {
        ro["metadata"]["labels"][names::INSTANCE_ID] = id.into();
    }
    world.create(&ROLLOUTS, ro).await;
}

#[tokio::test(start_paused = true)]
async fn each_instance_has_its_own_rollouts() {
    for (instance, expected) in [(None, "plain"), (Some("blue"), "of-blue")] {
        let world = World::start();
        world.controller_with(|options| options.instance_id = instance.map(str::to_string));
        create_for(&world, "plain", "default", None).await;
        create_for(&world, "of-blue", "default", Some("blue")).await;
        create_for(&world, "of-green", "default", Some("green")).await;
        seconds(30).await;
        assert_eq!(handled(&world).await, [expected]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_namespaced_controller_keeps_to_its_namespace() {
    let world = World::start();
    world.server.create(namespace("other")).unwrap();
    world.controller_with(|options| options.namespace = Some("other".into()));
    create_for(&world, "here", "other", None).await;
    create_for(&world, "there", "default", None).await;
    seconds(30).await;
    assert_eq!(handled(&world).await, ["here"]);
}

/// Garbage collection takes its ReplicaSets and pods; the controller leaves them alone.
#[tokio::test(start_paused = true)]
async fn a_rollout_that_is_being_deleted_is_left_alone() {
    let world = start();
    let mut ro = canary();
    ro["metadata"]["finalizers"] = json!(["shop.test/keep"]);
    world.create(&ROLLOUTS, ro).await;
    world.wait("Healthy").await;
    world.delete(&ROLLOUTS, "web").await;
    world.patch(&ROLLOUTS, "web", json!({ "spec": { "replicas": 9 } })).await;
    seconds(60).await;
    assert_eq!(world.rollout("web").await["status"]["replicas"], 5);
}

/// It is out of sight, and its name is taken: the next hash is another.
#[tokio::test(start_paused = true)]
async fn a_replica_set_that_lost_its_label_is_in_the_way() {
    let world = start();
    world.create(&ROLLOUTS, canary()).await;
    let ro = world.wait("Healthy").await;
    let name = format!("web-{}", ro["status"]["currentPodHash"].as_str().unwrap());
    let bare = json!({ "metadata": { "labels": { names::POD_TEMPLATE_HASH: null } } });
    world.patch(&REPLICA_SETS, &name, bare).await;
    seconds(30).await;
    let ro = world.wait("Healthy").await;
    assert_eq!(ro["status"]["collisionCount"], 1);
}
