//! What surrounds decisions: which Rollouts are a controller's own, and what it leaves behind.

use crate::cluster::{Cluster, rollout};
use rollouts_kube::resource;
use rollouts_kube::rest::{Delete, Query};
use serde_json::{Value, json};
use std::time::Duration;

const HASH: &str = "rollouts-pod-template-hash";
const MANAGED_BY: &str = "argo-rollouts.argoproj.io/managed-by-rollouts";

fn blue_green(preview: &str) -> Value {
    rollout(&json!({ "blueGreen": { "activeService": "live", "previewService": preview } }))
}

async fn seconds(n: u64) {
    tokio::time::sleep(Duration::from_secs(n)).await;
}

/// Whether the Service carries anything of a Rollout.
async fn marked(cluster: &Cluster, name: &str) -> (bool, bool) {
    let service = cluster.service(name).await;
    (service["spec"]["selector"][HASH].is_string(), service["metadata"]["annotations"][MANAGED_BY].is_string())
}

#[tokio::test(start_paused = true)]
async fn services_left_behind_get_their_selectors_back() {
    let cluster = Cluster::start().await;
    for name in ["live", "old", "new"] {
        cluster.create_service(name).await;
    }
    cluster.create(&blue_green("old")).await;
    cluster.wait("Healthy").await;
    assert_eq!((marked(&cluster, "live").await, marked(&cluster, "old").await), ((true, true), (true, true)));
    cluster.patch(json!({ "spec": { "strategy": { "blueGreen": { "previewService": "new" } } } })).await;
    cluster.wait("Healthy").await;
    seconds(5).await;
    assert_eq!((marked(&cluster, "old").await, marked(&cluster, "new").await), ((false, false), (true, true)));
    assert_eq!(cluster.service("old").await["spec"]["selector"], json!({ "app": "web" }));
    let gone = Delete::default();
    cluster.rest.delete(&resource::ROLLOUTS, "default", "web", &gone).await.unwrap();
    seconds(5).await;
    for name in ["live", "old", "new"] {
        assert_eq!(marked(&cluster, name).await, (false, false), "{name}");
    }
    assert_eq!(cluster.events("RolloutDeleted").await, ["Rollout web/default is deleted."]);
    assert_eq!(cluster.events("RolloutAddedToInformer").await, ["Rollout resource added to informer: default/web"]);
}

/// Another Rollout's Service stays as it is, also when ours no longer wants it.
#[tokio::test(start_paused = true)]
async fn a_service_of_another_rollout_stays() {
    let cluster = Cluster::start().await;
    for name in ["live", "next"] {
        cluster.create_service(name).await;
    }
    cluster.create(&blue_green("next")).await;
    cluster.wait("Healthy").await;
    let mut second = blue_green("next");
    second["metadata"]["name"] = "second".into();
    cluster.create(&second).await;
    seconds(5).await;
    let message = cluster.rollout("second").await["status"]["message"].to_string();
    assert!(message.contains("is managed by another Rollout"), "{message}");
    cluster.rest.delete(&resource::ROLLOUTS, "default", "second", &Delete::default()).await.unwrap();
    seconds(5).await;
    assert_eq!((marked(&cluster, "live").await, marked(&cluster, "next").await), ((true, true), (true, true)));
}

/// Upstream notices it up to 10 s later.
#[tokio::test(start_paused = true)]
async fn a_service_that_appears_repairs_the_rollout() {
    let cluster = Cluster::start().await;
    cluster.create_service("live").await;
    cluster.create(&blue_green("next")).await;
    cluster.wait("Degraded").await;
    seconds(3600).await;
    cluster.create_service("next").await;
    cluster.wait("Healthy").await;
}

/// Names of the Rollouts that were taken care of.
async fn handled(cluster: &Cluster) -> Vec<String> {
    let page = cluster.rest.list::<Value>(&resource::ROLLOUTS, None, &Query::default()).await.unwrap();
    let handled = page.items.iter().filter(|ro| ro["status"]["phase"].is_string());
    handled.map(|ro| ro["metadata"]["name"].as_str().unwrap().to_string()).collect()
}

async fn create_for(cluster: &Cluster, name: &str, namespace: &str, instance: Option<&str>) {
    let mut ro = rollout(&json!({ "canary": {} }));
    ro["metadata"]["name"] = name.into();
    ro["metadata"]["namespace"] = namespace.into();
    if let Some(id) = instance {
        ro["metadata"]["labels"]["argo-rollouts.argoproj.io/controller-instance-id"] = id.into();
    }
    cluster.create(&ro).await;
}

#[tokio::test(start_paused = true)]
async fn each_instance_has_its_own_rollouts() {
    for (instance, expected) in [(None, "plain"), (Some("blue"), "of-blue")] {
        let cluster = Cluster::start_with(|o| o.instance_id = instance.map(str::to_string)).await;
        create_for(&cluster, "plain", "default", None).await;
        create_for(&cluster, "of-blue", "default", Some("blue")).await;
        create_for(&cluster, "of-green", "default", Some("green")).await;
        seconds(30).await;
        assert_eq!(handled(&cluster).await, [expected]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_namespaced_controller_keeps_to_its_namespace() {
    let cluster = Cluster::start_with(|o| o.namespace = Some("other".into())).await;
    create_for(&cluster, "here", "other", None).await;
    create_for(&cluster, "there", "default", None).await;
    seconds(30).await;
    assert_eq!(handled(&cluster).await, ["here"]);
}

/// Garbage collection takes its ReplicaSets and pods; the controller leaves them alone.
#[tokio::test(start_paused = true)]
async fn a_rollout_that_is_being_deleted_is_left_alone() {
    let cluster = Cluster::start().await;
    let mut ro = rollout(&json!({ "canary": {} }));
    ro["metadata"]["finalizers"] = json!(["shop.test/keep"]);
    cluster.create(&ro).await;
    cluster.wait("Healthy").await;
    cluster.rest.delete(&resource::ROLLOUTS, "default", "web", &Delete::default()).await.unwrap();
    cluster.patch(json!({ "spec": { "replicas": 9 } })).await;
    seconds(60).await;
    assert_eq!(cluster.rollout("web").await["status"]["replicas"], 5);
}

/// It is out of sight, and its name is taken: the next hash is another.
#[tokio::test(start_paused = true)]
async fn a_replica_set_that_lost_its_label_is_in_the_way() {
    let cluster = Cluster::start().await;
    cluster.create(&rollout(&json!({ "canary": {} }))).await;
    let ro = cluster.wait("Healthy").await;
    let name = format!("web-{}", ro["status"]["currentPodHash"].as_str().unwrap());
    let bare = json!({ "metadata": { "labels": { HASH: null } } });
    let merge = rollouts_kube::rest::PatchKind::Merge;
    let _: Value = cluster.rest.patch(&resource::REPLICA_SETS, "default", &name, None, merge, &bare).await.unwrap();
    seconds(30).await;
    let ro = cluster.wait("Healthy").await;
    assert_eq!(ro["status"]["collisionCount"], 1);
}
