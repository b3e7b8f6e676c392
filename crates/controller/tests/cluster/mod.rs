//! An embedded API server with its actors, and a controller beside it.

use rollouts_kube::rest::{PatchKind, Query};
use rollouts_kube::{Rest, resource, tokio_clock};
use serde_json::{Value, json};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

pub struct Cluster {
    pub rest: Rest,
    stop: CancellationToken,
}

impl Cluster {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// With a controller that is told something else than usual.
    pub async fn start_with(configure: impl FnOnce(&mut rollouts_controller::Options)) -> Self {
        let clock = tokio_clock("2026-01-01T00:00:00Z".parse().unwrap());
        let server = rollouts_memkube::Server::new(rollouts_memkube::Config::new(clock.clone()));
        let client = rollouts_kube::client::from_service(server.service());
        let rest = Rest::new(client.clone());
        for crd in rollouts_api::crd::manifests() {
            let _: Value = rest.create(&resource::CUSTOM_RESOURCE_DEFINITIONS, "", &crd).await.unwrap();
        }
        server.create(json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "other" } })).unwrap();
        let stop = CancellationToken::new();
        let actors = rollouts_actors::Options::new(clock.clone());
        tokio::spawn(rollouts_actors::run(client.clone(), actors, stop.clone().cancelled_owned()));
        let mut options = rollouts_controller::Options::new(clock);
        configure(&mut options);
        tokio::spawn(rollouts_controller::run(client, options, stop.clone()));
        Cluster { rest, stop }
    }

    pub async fn create(&self, rollout: &Value) {
        let namespace = rollout["metadata"]["namespace"].as_str().unwrap();
        let _: Value = self.rest.create(&resource::ROLLOUTS, namespace, rollout).await.unwrap();
    }

    pub async fn rollout(&self, name: &str) -> Value {
        self.rest.get(&resource::ROLLOUTS, "default", name).await.unwrap()
    }

    /// Changes the Rollout `web`.
    pub async fn patch(&self, patch: Value) {
        let _: Value =
            self.rest.patch(&resource::ROLLOUTS, "default", "web", None, PatchKind::Merge, &patch).await.unwrap();
    }

    /// Changes the status of the Rollout `web`.
    pub async fn patch_status(&self, status: Value) {
        let (part, patch) = (Some("status"), json!({ "status": status }));
        let _: Value =
            self.rest.patch(&resource::ROLLOUTS, "default", "web", part, PatchKind::Merge, &patch).await.unwrap();
    }

    pub async fn create_service(&self, name: &str) {
        let service = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": { "name": name, "namespace": "default" },
            "spec": { "selector": { "app": "web" }, "ports": [{ "port": 80 }] },
        });
        let _: Value = self.rest.create(&resource::SERVICES, "default", &service).await.unwrap();
    }

    pub async fn service(&self, name: &str) -> Value {
        self.rest.get(&resource::SERVICES, "default", name).await.unwrap()
    }

    /// Messages of all events with this reason.
    pub async fn events(&self, reason: &str) -> Vec<String> {
        let page = self.rest.list::<Value>(&resource::EVENTS, None, &Query::default()).await.unwrap();
        let of_reason = page.items.iter().filter(|e| e["reason"] == reason);
        of_reason.map(|e| e["message"].as_str().unwrap().to_string()).collect()
    }

    /// The Rollout `web`, once its present generation has reached a phase.
    pub async fn wait(&self, phase: &str) -> Value {
        for _ in 0..600 {
            let ro = self.rollout("web").await;
            let generation = ro["metadata"]["generation"].to_string();
            let observed = ro["status"]["observedGeneration"].as_str() == Some(&generation);
            if observed && ro["status"]["phase"] == phase {
                return ro;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("not {phase}: {:#}", self.rollout("web").await["status"]);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A Rollout `web`, in namespace `default` unless it is changed.
pub fn rollout(strategy: &Value) -> Value {
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
            "strategy": strategy,
        },
    })
}
