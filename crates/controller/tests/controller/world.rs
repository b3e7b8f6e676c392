//! An embedded API server with its actors, and controllers beside it.

use crate::connection::{Verdict, judged};
use http::Request;
use kube::client::Body;
use rollouts_actors::Which;
use rollouts_api::Clock;
use rollouts_controller::Options;
use rollouts_kube::client::from_service;
use rollouts_kube::rest::{Delete, PatchKind, Query};
use rollouts_kube::{Resource, Rest, resource, tokio_clock};
use rollouts_memkube::{Config, Server};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub struct World {
    /// As the administrator.
    pub rest: Rest,
    pub server: Server,
    /// Where objects lie that do not say so.
    pub namespace: &'static str,
    clock: Clock,
    stop: CancellationToken,
}

/// A controller, until it is told to stop or its world ends.
pub struct Controller {
    pub task: JoinHandle<()>,
    stop: CancellationToken,
}

impl Controller {
    /// Tells it to.
    pub fn stop(&self) {
        self.stop.cancel();
    }
}

impl World {
    /// Custom resources are installed and actors at work, but no controller is.
    pub fn start() -> Self {
        Self::start_with(Which::all())
    }

    /// With only these actors.
    pub fn start_with(which: Which) -> Self {
        let clock = tokio_clock("2026-01-01T00:00:00Z".parse().unwrap());
        let server = Server::new(Config::new(clock.clone()));
        for crd in rollouts_api::crd::manifests() {
            server.create(crd).unwrap();
        }
        let (client, stop) = (from_service(server.service()), CancellationToken::new());
        let actors = rollouts_actors::Options { which, ..rollouts_actors::Options::new(clock.clone()) };
        tokio::spawn(rollouts_actors::run(client.clone(), actors, stop.clone().cancelled_owned()));
        World { rest: Rest::new(client), server, namespace: "default", clock, stop }
    }

    /// An ordinary controller.
    pub fn controller(&self) -> Controller {
        self.controller_with(|_| {})
    }

    /// One that is told something else than usual.
    pub fn controller_with(&self, configure: impl FnOnce(&mut Options)) -> Controller {
        self.controller_through(self.rest.client().clone(), configure)
    }

    /// One whose requests are judged first.
    pub fn controller_judged(&self, judge: impl Fn(&Request<Body>) -> Verdict + Send + 'static) -> Controller {
        self.controller_through(judged(&self.server, judge), |_| {})
    }

    /// One that reaches the API server through `client`.
    pub fn controller_through(&self, client: kube::Client, configure: impl FnOnce(&mut Options)) -> Controller {
        let (mut options, stop) = (Options::new(self.clock.clone()), self.stop.child_token());
        configure(&mut options);
        Controller { task: tokio::spawn(rollouts_controller::run(client, options, stop.clone())), stop }
    }

    pub async fn create(&self, r: &Resource, object: Value) {
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or(self.namespace);
        let _: Value = self.rest.create(r, namespace, &object).await.unwrap();
    }

    pub async fn get(&self, r: &Resource, name: &str) -> Value {
        self.rest.get(r, self.namespace, name).await.unwrap()
    }

    /// All of them, in all namespaces.
    pub async fn list(&self, r: &Resource) -> Vec<Value> {
        self.rest.list(r, None, &Query::default()).await.unwrap().items
    }

    pub async fn patch(&self, r: &Resource, name: &str, body: Value) {
        let _: Value = self.rest.patch(r, self.namespace, name, None, PatchKind::Merge, &body).await.unwrap();
    }

    pub async fn patch_status(&self, r: &Resource, name: &str, status: Value) {
        let (part, body) = (Some("status"), json!({ "status": status }));
        let _: Value = self.rest.patch(r, self.namespace, name, part, PatchKind::Merge, &body).await.unwrap();
    }

    pub async fn delete(&self, r: &Resource, name: &str) {
        self.rest.delete(r, self.namespace, name, &Delete::default()).await.unwrap();
    }

    pub async fn rollout(&self, name: &str) -> Value {
        self.get(&resource::ROLLOUTS, name).await
    }

    /// Messages of all events with this reason.
    pub async fn events(&self, reason: &str) -> Vec<String> {
        let events = self.list(&resource::EVENTS).await;
        let of_reason = events.iter().filter(|e| e["reason"] == reason);
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

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

pub async fn seconds(n: u64) {
    tokio::time::sleep(Duration::from_secs(n)).await;
}
