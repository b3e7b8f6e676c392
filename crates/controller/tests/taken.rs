//! Two Rollouts that take over from one Deployment: against the embedded API server and its actors, under paused time.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use rollouts_kube::rest::{Delete, PatchKind, Query};
use rollouts_kube::{Resource, Rest, resource, tokio_clock};
use serde_json::{Value, json};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const NAMESPACE: &str = "default";

struct World {
    rest: Rest,
    _stop: tokio_util::sync::DropGuard,
}

impl World {
    async fn start() -> Self {
        let clock = tokio_clock("2026-01-01T00:00:00Z".parse().unwrap());
        let server = rollouts_memkube::Server::new(rollouts_memkube::Config::new(clock.clone()));
        let client = rollouts_kube::client::from_service(server.service());
        let rest = Rest::new(client.clone());
        for crd in rollouts_api::crd::manifests() {
            let _: Value = rest.create(&resource::CUSTOM_RESOURCE_DEFINITIONS, "", &crd).await.unwrap();
        }
        let stop = CancellationToken::new();
        let actors = rollouts_actors::Options::new(clock.clone());
        tokio::spawn(rollouts_actors::run(client.clone(), actors, stop.clone().cancelled_owned()));
        // It looks at everything every minute.
        let options = rollouts_controller::Options {
            resync: Some(Duration::from_secs(60)),
            ..rollouts_controller::Options::new(clock)
        };
        tokio::spawn(rollouts_controller::run(client, options, stop.clone()));
        World { rest, _stop: stop.drop_guard() }
    }

    async fn create(&self, r: &Resource, object: Value) {
        let _: Value = self.rest.create(r, NAMESPACE, &object).await.unwrap();
    }

    async fn create_rollout(&self, name: &str) {
        let reference =
            json!({ "apiVersion": "apps/v1", "kind": "Deployment", "name": "old", "scaleDown": "onsuccess" });
        let spec = json!({ "replicas": 2, "workloadRef": reference, "strategy": { "canary": {} } });
        let metadata = json!({ "name": name, "namespace": NAMESPACE });
        let kind =
            json!({ "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": metadata, "spec": spec });
        self.create(&resource::ROLLOUTS, kind).await;
    }

    async fn size(&self) -> Value {
        let deployment: Value = self.rest.get(&resource::DEPLOYMENTS, NAMESPACE, "old").await.unwrap();
        deployment["spec"]["replicas"].clone()
    }

    /// Object, message and count of the warnings that another Rollout has the Deployment.
    async fn warnings(&self) -> Vec<(String, String, i64)> {
        let page = self.rest.list::<Value>(&resource::EVENTS, Some(NAMESPACE), &Query::default()).await.unwrap();
        let ours = page.items.iter().filter(|e| e["reason"] == "WorkloadTaken" && e["type"] == "Warning");
        let text = |value: &Value| value.as_str().unwrap().to_string();
        ours.map(|e| (text(&e["involvedObject"]["name"]), text(&e["message"]), e["count"].as_i64().unwrap())).collect()
    }
}

async fn seconds(n: u64) {
    tokio::time::sleep(Duration::from_secs(n)).await;
}

#[tokio::test(start_paused = true)]
async fn the_second_rollout_is_warned_once_and_takes_over_when_the_first_is_gone() {
    let world = World::start().await;
    let template = json!({
        "metadata": { "labels": { "app": "web" } },
        "spec": { "containers": [{ "name": "web", "image": "shop/web:1" }] },
    });
    let selector = json!({ "matchLabels": { "app": "web" } });
    world
        .create(
            &resource::DEPLOYMENTS,
            json!({
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "old", "namespace": NAMESPACE },
                "spec": { "replicas": 2, "selector": selector, "template": template },
            }),
        )
        .await;
    world.create_rollout("first").await;
    seconds(30).await;
    assert_eq!((world.size().await, world.warnings().await), (json!(0), vec![]));

    world.create_rollout("second").await;
    seconds(600).await;
    let message = "Rollout second does not scale down Deployment old, which Rollout first has scaled down: delete one of \
                   the two Rollouts, let one refer to another workload, or set scaleDown: never in the workloadRef of \
                   second";
    assert_eq!(world.warnings().await, [("second".to_string(), message.to_string(), 1)]);
    let second: Value = world.rest.get(&resource::ROLLOUTS, NAMESPACE, "second").await.unwrap();
    assert_eq!(second["status"]["phase"], "Healthy", "{:#}", second["status"]);

    // It changes, and still has nothing to do with the Deployment.
    let patch = json!({ "spec": { "replicas": 3 } });
    let _: Value =
        world.rest.patch(&resource::ROLLOUTS, NAMESPACE, "second", None, PatchKind::Merge, &patch).await.unwrap();
    seconds(60).await;
    assert_eq!(world.warnings().await.len(), 1);

    // Now the Deployment is its own.
    world.rest.delete(&resource::ROLLOUTS, NAMESPACE, "first", &Delete::default()).await.unwrap();
    seconds(120).await;
    assert_eq!((world.size().await, world.warnings().await.len()), (json!(0), 1));
    let deployment: Value = world.rest.get(&resource::DEPLOYMENTS, NAMESPACE, "old").await.unwrap();
    let by = deployment["metadata"]["labels"]["argo-rollouts.argoproj.io/scaled-down-by"].as_str().unwrap();
    assert!(by.starts_with(second["metadata"]["uid"].as_str().unwrap()), "{by}");
}
