//! Rollouts that refer to a workload.

use crate::connection::Verdict;
use crate::objects::{deployment, pod_template, pods, reference, referring, replica_set, rollout, selector, template};
use crate::world::{Controller, World, seconds};
use rollouts_api::names;
use rollouts_kube::Resource;
use rollouts_kube::resource::{DEPLOYMENTS, POD_TEMPLATES, PODS, REPLICA_SETS, ROLLOUTS};
use rollouts_kube::rest::PatchKind;
use serde_json::{Value, json};
use std::time::Duration;

const USER: &str = "controller";

/// A controller that may do nothing about Deployments.
fn controller_without_deployments(world: &World) -> Controller {
    let rule = |group: &str, resources: Value| json!({ "apiGroups": [group], "resources": resources, "verbs": ["*"] });
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": { "name": USER },
        "rules": [
            rule("argoproj.io", json!(["*"])),
            rule("apps", json!(["replicasets"])),
            rule("", json!(["services", "pods", "events", "podtemplates"])),
        ],
    });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": { "name": USER },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": USER },
        "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": USER }],
    });
    world.server.create(role).unwrap();
    world.server.create(binding).unwrap();
    world.controller_judged(|_| Verdict::From(USER))
}

/// Lets that controller do more about Deployments.
async fn grant(world: &World, verbs: Value) {
    let rule = json!({ "apiGroups": ["apps"], "resources": ["deployments"], "verbs": verbs });
    let rules = json!([{ "op": "add", "path": "/rules/-", "value": rule }]);
    let roles = Resource::fixed("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", false);
    let _: Value = world.rest.patch(&roles, "", USER, None, PatchKind::Json, &rules).await.unwrap();
}

/// Creates the Deployment `old`.
async fn create_old(world: &World, replicas: i64) {
    world.create(&DEPLOYMENTS, deployment("old", "web", replicas)).await;
}

/// Creates the Rollout `web`, which refers to it.
async fn create_web(world: &World, replicas: i64, scale_down: &str) {
    world.create(&ROLLOUTS, referring("web", replicas, reference("old", scale_down))).await;
}

/// Where both exist, and the Rollout has taken over.
async fn taken_over(replicas: i64) -> (World, Controller) {
    let world = World::start();
    let controller = world.controller();
    create_old(&world, replicas).await;
    create_web(&world, replicas, "onsuccess").await;
    seconds(30).await;
    assert_eq!(phase(&world).await, "Healthy ");
    assert_eq!(old(&world).await, (0, true));
    (world, controller)
}

/// Size of the Deployment `old`, and whether it is marked.
async fn old(world: &World) -> (i64, bool) {
    let old = world.get(&DEPLOYMENTS, "old").await;
    let labels = &old["metadata"]["labels"];
    let marks =
        [names::SCALED_DOWN_BY, names::SCALED_DOWN_FROM, names::SCALED_DOWN_TO].map(|key| !labels[key].is_null());
    assert!(marks == [marks[0]; 3], "{labels}");
    (old["spec"]["replicas"].as_i64().unwrap(), marks[0])
}

/// Phase and message of the Rollout `web`.
async fn phase(world: &World) -> String {
    let ro = world.rollout("web").await;
    let text = |field: &str| ro["status"][field].as_str().unwrap_or_default().to_string();
    format!("{} {}", text("phase"), text("message"))
}

/// Pods that are ready and not going.
async fn ready(world: &World) -> usize {
    let is_ready = |pod: &&Value| {
        let mut conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
        let ready = conditions.any(|c| c["type"] == "Ready" && c["status"] == "True");
        ready && pod["metadata"]["deletionTimestamp"].is_null()
    };
    world.list(&PODS).await.iter().filter(is_ready).count()
}

#[tokio::test(start_paused = true)]
async fn a_deleted_rollout_gives_the_deployment_its_replicas_back() {
    let (world, controller) = taken_over(3).await;
    world.delete(&ROLLOUTS, "web").await;
    seconds(5).await;
    assert_eq!(old(&world).await, (3, false));

    // The same again, with nobody there when it is deleted.
    create_web(&world, 3, "onsuccess").await;
    seconds(30).await;
    assert_eq!(old(&world).await, (0, true));
    controller.stop();
    seconds(5).await;
    world.delete(&ROLLOUTS, "web").await;
    seconds(60).await;
    assert_eq!(old(&world).await, (0, true));
    let controller = world.controller();
    seconds(5).await;
    assert_eq!(old(&world).await, (3, false));

    // And with somebody who has decided on another size since.
    create_web(&world, 3, "onsuccess").await;
    seconds(30).await;
    controller.stop();
    seconds(5).await;
    world.patch(&DEPLOYMENTS, "old", json!({ "spec": { "replicas": 1 } })).await;
    world.delete(&ROLLOUTS, "web").await;
    world.controller();
    seconds(5).await;
    assert_eq!(old(&world).await, (1, false));
}

/// A Rollout that waits for finalizers does nothing more, and its pods may go at any time.
#[tokio::test(start_paused = true)]
async fn a_rollout_that_is_being_deleted_counts_as_gone() {
    let (world, _) = taken_over(2).await;
    let finalizers = json!({ "metadata": { "finalizers": ["example.test/wait"] } });
    world.patch(&ROLLOUTS, "web", finalizers).await;
    world.delete(&ROLLOUTS, "web").await;
    seconds(5).await;
    assert_eq!(old(&world).await, (2, false));
}

#[tokio::test(start_paused = true)]
async fn progressively_keeps_the_capacity_of_both() {
    let world = World::start();
    world.controller();
    create_old(&world, 4).await;
    seconds(20).await;
    assert_eq!(ready(&world).await, 4);
    let mut ro = referring("web", 4, reference("old", "progressively"));
    ro["spec"]["minReadySeconds"] = 5.into();
    world.create(&ROLLOUTS, ro).await;
    for _ in 0..120 {
        tokio::time::sleep(Duration::from_millis(250)).await;
        let ready = ready(&world).await;
        assert!((4..=8).contains(&ready), "{ready} pods are ready");
    }
    assert_eq!(phase(&world).await, "Healthy ");
    assert_eq!((ready(&world).await, old(&world).await), (4, (0, true)));
}

#[tokio::test(start_paused = true)]
async fn a_workload_that_appears_is_noticed_at_once() {
    let world = World::start();
    world.controller();
    create_web(&world, 1, "never").await;
    seconds(30).await;
    let missing = "Degraded InvalidSpec: The Rollout \"web\" is invalid: deployments.apps \"default/old\" not found";
    assert_eq!(phase(&world).await, missing);
    create_old(&world, 1).await;
    seconds(3).await;
    assert_eq!(phase(&world).await, "Healthy ");
    world.delete(&DEPLOYMENTS, "old").await;
    seconds(3).await;
    assert_eq!(phase(&world).await, missing);
}

#[tokio::test(start_paused = true)]
async fn replica_sets_and_pod_templates_supply_templates_too() {
    let world = World::start();
    world.controller();
    world.create(&POD_TEMPLATES, pod_template("old", "web")).await;
    // A Deployment of that name is none of its business.
    create_old(&world, 2).await;
    let reference = json!({ "apiVersion": "v1", "kind": "PodTemplate", "name": "old", "scaleDown": "onsuccess" });
    let mut ro = referring("web", 1, reference);
    ro["spec"]["selector"] = selector("web");
    world.create(&ROLLOUTS, ro).await;
    seconds(30).await;
    assert_eq!(phase(&world).await, "Healthy ");
    assert_eq!(old(&world).await, (2, false));

    world.patch(&POD_TEMPLATES, "old", json!({ "template": template("web", "shop/web:2") })).await;
    seconds(30).await;
    let ro = world.rollout("web").await;
    assert_eq!(ro["metadata"]["annotations"][names::REVISION], "2");
    assert_eq!(ro["status"]["workloadObservedGeneration"], "2");

    let mut set = pods("web", 0);
    set["template"] = template("web", "shop/web:3");
    world.create(&REPLICA_SETS, replica_set("bare", &set)).await;
    let bare = json!({ "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "bare" });
    world.patch(&ROLLOUTS, "web", json!({ "spec": { "workloadRef": bare } })).await;
    seconds(30).await;
    assert_eq!(phase(&world).await, "Healthy ");
    let ro = world.rollout("web").await;
    assert_eq!(ro["metadata"]["annotations"][names::REVISION], "3");
}

/// What it must not see stops it nowhere else, and is seen as soon as it may.
#[tokio::test(start_paused = true)]
async fn a_missing_permission_concerns_those_alone_who_need_it() {
    let world = World::start();
    controller_without_deployments(&world);
    create_old(&world, 1).await;
    create_web(&world, 1, "onsuccess").await;
    let mut plain = pods("web", 1);
    plain["strategy"] = json!({ "canary": {} });
    world.create(&ROLLOUTS, rollout("plain", &plain)).await;
    seconds(60).await;
    assert_eq!(world.rollout("plain").await["status"]["phase"], "Healthy");
    let invalid = phase(&world).await;
    assert!(invalid.starts_with("Degraded InvalidSpec: The Rollout \"web\" is invalid: "), "{invalid}");
    let forbidden = "deployments.apps \"old\" is forbidden: User \"controller\" cannot get resource \"deployments\"";
    assert!(invalid.contains(forbidden), "{invalid}");

    // To see it is not enough to scale it, and no reason to say nothing.
    grant(&world, json!(["get", "list", "watch"])).await;
    seconds(60).await;
    assert_eq!(phase(&world).await, "Healthy ");
    assert_eq!(old(&world).await, (1, false));

    grant(&world, json!(["patch"])).await;
    seconds(60).await;
    assert_eq!(old(&world).await, (0, true));
}

/// It can be deleted all the same.
#[tokio::test(start_paused = true)]
async fn a_rollout_that_cannot_be_read_owes_like_any_other() {
    let (world, _) = taken_over(2).await;
    world.patch(&ROLLOUTS, "web", json!({ "spec": { "minReadySeconds": 3_000_000_000_i64 } })).await;
    seconds(5).await;
    assert_eq!(old(&world).await, (0, true), "it is still there");
    world.delete(&ROLLOUTS, "web").await;
    seconds(5).await;
    assert_eq!(old(&world).await, (2, false));
}
