//! A cluster in this process: the embedded API server and the actors, under paused time.

mod faults;

pub use faults::{Fault, Faults};
use http::Request;
use kube::Client;
use rollouts_actors::{Options, Which};
use rollouts_api::Clock;
use serde_json::{Value, json};
use std::future::pending;
use std::time::Duration;

pub struct Cluster {
    /// The test's own way to the server.
    pub client: Client,
    /// The actors' way.
    theirs: Client,
    actors: tokio::task::JoinHandle<rollouts_actors::Result<()>>,
    options: Options,
}

/// 2026-01-01T00:00:00Z plus the time that tokio's paused clock has run.
pub fn clock() -> Clock {
    let start = tokio::time::Instant::now();
    let epoch: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    Clock::new(move || epoch.checked_add(start.elapsed()).unwrap())
}

pub fn server(clock: &Clock) -> rollouts_memkube::Server {
    rollouts_memkube::Server::new(rollouts_memkube::Config::new(clock.clone()))
}

impl Cluster {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Options)) -> Self {
        let clock = clock();
        let client = Client::new(server(&clock).service(), "default");
        let mut options = Options::new(clock);
        options.which = Which::all();
        change(&mut options);
        Self::start(client.clone(), client, options).await
    }

    /// The actors' requests go through `faults`, the test's do not.
    pub async fn faulty(faults: &Faults) -> Self {
        let clock = clock();
        let server = server(&clock);
        let theirs = Client::new(faults.wrap(server.service()), "default");
        Self::start(Client::new(server.service(), "default"), theirs, Options::new(clock)).await
    }

    async fn start(client: Client, theirs: Client, options: Options) -> Self {
        let actors = tokio::spawn(rollouts_actors::run(theirs.clone(), options.clone(), pending()));
        let cluster = Cluster { client, theirs, actors, options };
        cluster.sleep(0.2).await;
        cluster
    }

    /// Kills the actors and starts them afresh.
    pub async fn restart(&mut self) {
        self.actors.abort();
        let _ = (&mut self.actors).await;
        self.actors = tokio::spawn(rollouts_actors::run(self.theirs.clone(), self.options.clone(), pending()));
    }

    pub async fn sleep(&self, seconds: f64) {
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    }

    pub async fn call(&self, method: &str, path: &str, body: Option<Value>) -> kube::Result<Value> {
        let kind = match method {
            "PATCH" => "application/merge-patch+json",
            _ => "application/json",
        };
        let request = Request::builder().method(method).uri(path).header("content-type", kind);
        let body = body.map(|b| b.to_string().into_bytes()).unwrap_or_default();
        self.client.request(request.body(body).unwrap()).await
    }

    /// Creates in the collection at `path`, relative to the default namespace's when it has no slash at the start.
    pub async fn create(&self, path: &str, object: Value) -> Value {
        self.call("POST", &full(path), Some(object)).await.unwrap()
    }

    pub async fn get(&self, path: &str) -> Value {
        self.call("GET", &full(path), None).await.unwrap()
    }

    pub async fn find(&self, path: &str) -> Option<Value> {
        self.call("GET", &full(path), None).await.ok()
    }

    pub async fn list(&self, path: &str) -> Vec<Value> {
        self.get(path).await["items"].as_array().cloned().unwrap_or_default()
    }

    pub async fn patch(&self, path: &str, patch: Value) -> Value {
        self.call("PATCH", &full(path), Some(patch)).await.unwrap()
    }

    pub async fn delete(&self, path: &str, policy: Option<&str>) {
        let options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": policy});
        let options = if policy.is_some() { options } else { json!({"apiVersion": "v1", "kind": "DeleteOptions"}) };
        self.call("DELETE", &full(path), Some(options)).await.unwrap();
    }

    pub async fn pods(&self) -> Vec<Value> {
        self.list("v1/pods").await
    }

    /// `phase` and readiness of every pod, by name.
    pub async fn pod_states(&self) -> Vec<(String, bool)> {
        let state = |p: &Value| (text(&p["status"]["phase"]), condition(p, "Ready") == "True");
        self.pods().await.iter().map(state).collect()
    }

    pub async fn events(&self) -> Vec<String> {
        let line = |e: &Value| {
            format!("{} {} {}", text(&e["involvedObject"]["kind"]), text(&e["reason"]), text(&e["message"]))
        };
        self.list("v1/events").await.iter().map(line).collect()
    }
}

/// `v1/pods` and `apps/v1/deployments` in the default namespace; a full path as it is.
fn full(path: &str) -> String {
    if path.starts_with('/') {
        return path.to_string();
    }
    let (api, rest) = match path.strip_prefix("v1/") {
        Some(rest) => ("/api/v1".to_string(), rest),
        None => {
            let mut parts = path.splitn(3, '/');
            let group = parts.next().unwrap();
            (format!("/apis/{group}/{}", parts.next().unwrap()), parts.next().unwrap())
        }
    };
    format!("{api}/namespaces/default/{rest}")
}

pub fn text(v: &Value) -> String {
    v.as_str().unwrap_or_default().to_string()
}

pub fn condition(object: &Value, kind: &str) -> String {
    let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    conditions.iter().find(|c| c["type"] == kind).map(|c| text(&c["status"])).unwrap_or_default()
}

pub fn reason(object: &Value, kind: &str) -> String {
    let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    conditions.iter().find(|c| c["type"] == kind).map(|c| text(&c["reason"])).unwrap_or_default()
}

pub fn template(container: Value) -> Value {
    let mut c = json!({"name": "c", "image": "app:1"});
    for (k, v) in container.as_object().unwrap() {
        c[k] = v.clone();
    }
    json!({"metadata": {"labels": {"app": "demo"}}, "spec": {"containers": [c]}})
}

pub fn replica_set(replicas: i32, template: Value) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "web"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "demo"}}, "template": template},
    })
}

pub fn deployment(replicas: i32, template: Value) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "demo"}}, "template": template},
    })
}

pub fn pod(name: &str, container: Value) -> Value {
    let mut pod = template(container);
    pod["apiVersion"] = json!("v1");
    pod["kind"] = json!("Pod");
    pod["metadata"]["name"] = json!(name);
    pod
}
