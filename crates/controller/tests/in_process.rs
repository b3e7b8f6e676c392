//! The real controller against the embedded API server and its actors, under paused time.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use rollouts_kube::rest::PatchKind;
use rollouts_kube::{Rest, resource, tokio_clock};
use serde_json::{Value, json};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

struct Cluster {
    rest: Rest,
    stop: CancellationToken,
}

impl Cluster {
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
        let options = rollouts_controller::Options::new(clock);
        tokio::spawn(rollouts_controller::run(client, options, stop.clone()));
        Cluster { rest, stop }
    }

    async fn rollout(&self) -> Value {
        self.rest.get(&resource::ROLLOUTS, "default", "web").await.unwrap()
    }

    async fn wait(&self, phase: &str) -> Value {
        for _ in 0..600 {
            let ro = self.rollout().await;
            let generation = ro["metadata"]["generation"].to_string();
            let observed = ro["status"]["observedGeneration"].as_str() == Some(&generation);
            if observed && ro["status"]["phase"] == phase {
                return ro;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("not {phase}: {:#}", self.rollout().await["status"]);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn canary() -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": { "name": "web", "namespace": "default" },
        "spec": {
            "replicas": 5,
            "selector": { "matchLabels": { "app": "web" } },
            "template": {
                "metadata": { "labels": { "app": "web" } },
                "spec": { "containers": [{ "name": "web", "image": "shop/web:1" }] },
            },
            "strategy": { "canary": { "steps": [{ "setWeight": 20 }, { "pause": {} }] } },
        },
    })
}

#[tokio::test(start_paused = true)]
async fn a_canary_is_deployed_updated_and_promoted() {
    let cluster = Cluster::start().await;
    let _: Value = cluster.rest.create(&resource::ROLLOUTS, "default", &canary()).await.unwrap();
    let ro = cluster.wait("Healthy").await;
    assert_eq!(ro["status"]["availableReplicas"], 5);
    assert_eq!(ro["status"]["currentStepIndex"], 2);

    let image = json!([{ "op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "shop/web:2" }]);
    let _: Value =
        cluster.rest.patch(&resource::ROLLOUTS, "default", "web", None, PatchKind::Json, &image).await.unwrap();
    let ro = cluster.wait("Paused").await;
    assert_eq!(ro["status"]["updatedReplicas"], 1);
    let promote = json!({ "status": { "pauseConditions": null } });
    let status = Some("status");
    let _: Value =
        cluster.rest.patch(&resource::ROLLOUTS, "default", "web", status, PatchKind::Merge, &promote).await.unwrap();
    let ro = cluster.wait("Healthy").await;
    assert_eq!(ro["status"]["updatedReplicas"], 5);
    assert_eq!(ro["status"]["stableRS"], ro["status"]["currentPodHash"]);
}

/// What cannot be read says so each time, not only the first.
#[tokio::test(start_paused = true)]
async fn a_rollout_that_breaks_again_says_so_again() {
    let cluster = Cluster::start().await;
    let _: Value = cluster.rest.create(&resource::ROLLOUTS, "default", &canary()).await.unwrap();
    cluster.wait("Healthy").await;
    for (seconds, phase) in [(3_000_000_000_i64, "Degraded"), (0, "Healthy"), (3_000_000_000, "Degraded")] {
        let patch = json!({ "spec": { "minReadySeconds": seconds } });
        let _: Value =
            cluster.rest.patch(&resource::ROLLOUTS, "default", "web", None, PatchKind::Merge, &patch).await.unwrap();
        cluster.wait(phase).await;
    }
}
