//! An embedded API server with its actors, and a controller whose requests can be interfered with.

use http::Request;
use kube::client::Body;
use rollouts_api::{Clock, names};
use rollouts_controller::Options;
use rollouts_kube::client::from_service;
use rollouts_kube::rest::{Delete, PatchKind};
use rollouts_kube::{Resource, Rest, resource, tokio_clock};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tower::{BoxError, ServiceExt};
use tracing::subscriber::DefaultGuard;

pub const NAMESPACE: &str = "default";

/// What becomes of a request of the controller.
#[derive(Debug, Clone, Copy)]
pub enum Verdict {
    /// The API server does it; the answer is lost.
    Lose,
    /// It comes late.
    Delay(Duration),
    /// 403.
    Forbid,
}

type Matches = Box<dyn Fn(&str, &str) -> bool + Send>;

pub struct World {
    pub rest: Rest,
    /// What is logged on this thread. Every test listens, also if it does not care: a place in the code that is first
    /// reached by a thread which does not listen may stay silent for the others.
    pub lines: Lines,
    server: rollouts_memkube::Server,
    clock: Clock,
    stop: CancellationToken,
    judge: Arc<Mutex<(Matches, Verdict)>>,
    /// Method and path with query of every request of controllers.
    seen: Arc<Mutex<Vec<(String, String)>>>,
}

impl World {
    pub async fn start() -> Self {
        let lines = Lines::listen();
        let clock = tokio_clock("2026-01-01T00:00:00Z".parse().unwrap());
        let server = rollouts_memkube::Server::new(rollouts_memkube::Config::new(clock.clone()));
        let client = from_service(server.service());
        let rest = Rest::new(client.clone());
        for crd in rollouts_api::crd::manifests() {
            let _: Value = rest.create(&resource::CUSTOM_RESOURCE_DEFINITIONS, "", &crd).await.unwrap();
        }
        let stop = CancellationToken::new();
        let actors = rollouts_actors::Options::new(clock.clone());
        tokio::spawn(rollouts_actors::run(client, actors, stop.clone().cancelled_owned()));
        let nothing: Matches = Box::new(|_, _| false);
        let judge = Arc::new(Mutex::new((nothing, Verdict::Lose)));
        World { rest, lines, server, clock, stop, judge, seen: Arc::default() }
    }

    /// From now on this becomes of those requests, given by method and path with query; all others pass.
    pub fn judge(&self, which: impl Fn(&str, &str) -> bool + Send + 'static, verdict: Verdict) {
        *self.judge.lock().unwrap() = (Box::new(which), verdict);
    }

    /// How many such requests controllers have made.
    pub fn count(&self, which: impl Fn(&str, &str) -> bool) -> usize {
        self.seen.lock().unwrap().iter().filter(|(method, path)| which(method, path)).count()
    }

    pub fn controller(&self) -> CancellationToken {
        self.controller_of(None)
    }

    /// A controller of that instance, until the token that it gives is cancelled.
    pub fn controller_of(&self, instance: Option<String>) -> CancellationToken {
        let (judge, seen, server) = (Arc::clone(&self.judge), Arc::clone(&self.seen), self.server.clone());
        let client = from_service(tower::service_fn(move |mut request: Request<Body>| {
            let path = request.uri().path_and_query().unwrap().to_string();
            let method = request.method().to_string();
            let verdict = {
                let (which, verdict) = &*judge.lock().unwrap();
                which(&method, &path).then_some(*verdict)
            };
            seen.lock().unwrap().push((method, path));
            if let Some(Verdict::Forbid) = verdict {
                request.headers_mut().insert("impersonate-user", http::HeaderValue::from_static("nobody"));
            }
            let call = server.service().oneshot(request);
            async move {
                if let Some(Verdict::Delay(time)) = verdict {
                    tokio::time::sleep(time).await;
                }
                let answer = call.await.map_err(BoxError::from)?;
                match verdict {
                    Some(Verdict::Lose) => Err("the connection broke".into()),
                    _ => Ok::<_, BoxError>(answer),
                }
            }
        }));
        let (mut options, stop) = (Options::new(self.clock.clone()), self.stop.child_token());
        options.instance_id = instance;
        tokio::spawn(rollouts_controller::run(client, options, stop.clone()));
        stop
    }

    pub async fn create(&self, r: &Resource, object: Value) {
        let _: Value = self.rest.create(r, NAMESPACE, &object).await.unwrap();
    }

    pub async fn get(&self, r: &Resource, name: &str) -> Value {
        self.rest.get(r, NAMESPACE, name).await.unwrap()
    }

    pub async fn patch(&self, r: &Resource, name: &str, body: Value) {
        let _: Value = self.rest.patch(r, NAMESPACE, name, None, PatchKind::Merge, &body).await.unwrap();
    }

    pub async fn patch_status(&self, r: &Resource, name: &str, status: Value) {
        let (part, body) = (Some("status"), json!({ "status": status }));
        let _: Value = self.rest.patch(r, NAMESPACE, name, part, PatchKind::Merge, &body).await.unwrap();
    }

    pub async fn delete(&self, r: &Resource, name: &str) {
        self.rest.delete(r, NAMESPACE, name, &Delete::default()).await.unwrap();
    }

    /// Whether the Deployment is owed something.
    pub async fn is_marked(&self, deployment: &str) -> bool {
        let deployment = self.get(&resource::DEPLOYMENTS, deployment).await;
        deployment["metadata"]["labels"][names::SCALED_DOWN_BY].is_string()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Lines from INFO upwards, while this lives.
pub struct Lines {
    text: Sink,
    _guard: DefaultGuard,
}

impl Lines {
    fn listen() -> Lines {
        let text = Sink::default();
        let sink = text.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || sink.clone())
            .without_time()
            .with_ansi(false)
            .with_max_level(tracing::Level::INFO)
            .finish();
        Lines { text, _guard: tracing::subscriber::set_default(subscriber) }
    }

    /// The lines since the last call.
    pub fn take(&self) -> Vec<String> {
        let text = std::mem::take(&mut *self.text.0.lock().unwrap());
        String::from_utf8(text).unwrap().lines().map(str::to_owned).collect()
    }
}

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn template(app: &str) -> Value {
    json!({
        "metadata": { "labels": { "app": app } },
        "spec": { "containers": [{ "name": "web", "image": "shop/web:1" }] },
    })
}

pub fn deployment(name: &str, replicas: i64) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name, "namespace": NAMESPACE },
        "spec": {
            "replicas": replicas, "selector": { "matchLabels": { "app": "web" } }, "template": template("web"),
        },
    })
}

pub fn service(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": { "name": name, "namespace": NAMESPACE },
        "spec": { "selector": { "app": "shop" }, "ports": [{ "port": 80 }] },
    })
}

fn rollout(name: &str, spec: Value) -> Value {
    let metadata = json!({ "name": name, "namespace": NAMESPACE });
    json!({ "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": metadata, "spec": spec })
}

/// A Rollout that takes over from a Deployment when it is healthy.
pub fn taking_over(name: &str, deployment: &str) -> Value {
    let reference =
        json!({ "apiVersion": "apps/v1", "kind": "Deployment", "name": deployment, "scaleDown": "onsuccess" });
    rollout(name, json!({ "replicas": 2, "workloadRef": reference, "strategy": { "canary": {} } }))
}

/// A Rollout with the Service `live`.
pub fn blue_green(name: &str) -> Value {
    let strategy = json!({ "blueGreen": { "activeService": "live" } });
    let selector = json!({ "matchLabels": { "app": "shop" } });
    rollout(name, json!({ "replicas": 2, "selector": selector, "template": template("shop"), "strategy": strategy }))
}

pub async fn seconds(n: u64) {
    tokio::time::sleep(Duration::from_secs(n)).await;
}
