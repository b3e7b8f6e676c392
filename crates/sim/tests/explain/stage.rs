//! A cluster with a controller, and the commands under test.

use futures::{FutureExt, StreamExt};
use http::{Method, Request, Response, StatusCode};
use rollouts_cli::{BuildInfo, Connector, Env, Logging, Variables};
use rollouts_kube::rest::PatchKind;
use rollouts_kube::{ConnectError, ConnectOptions, Resource, Rest, from_service, resource};
use rollouts_memkube::{Body, Service};
use rollouts_sim::cluster::Cluster;
use rollouts_sim::lives::{Begin, Birth};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower::{Service as _, service_fn};

/// What a user, or a quota, is refused: method, end of the path, and in which words.
#[derive(Clone)]
pub struct Denial(pub Method, pub &'static str, pub &'static str);

pub struct Stage {
    pub cluster: Cluster,
    controller: Option<JoinHandle<()>>,
    /// What the commands may not do.
    denials: Vec<Denial>,
}

impl Stage {
    /// With a controller that holds its Lease.
    pub fn new() -> Stage {
        Stage::with(&[], &[])
    }

    /// Kubernetes itself is refused the first of these, the controller the others.
    pub fn with(actors: &[Denial], controller: &[Denial]) -> Stage {
        let mut cluster = Cluster::new(7).expect("a cluster");
        cluster.start_actors(guarded(&cluster, actors, None));
        let begin: Begin = cluster.controller(Some("argo-rollouts-7d5f"));
        let client = guarded(&cluster, controller, None);
        let birth = Birth { lease_client: client.clone(), client, stop: CancellationToken::new() };
        Stage { controller: Some(tokio::spawn(begin(birth))), cluster, denials: Vec::new() }
    }

    /// Ends the controller at once, as a node that is cut off does.
    pub async fn kill_controller(&mut self) {
        if let Some(task) = self.controller.take() {
            task.abort();
            let _ = task.await;
        }
    }

    pub fn deny(&mut self, path: &'static str, words: &'static str) {
        self.denials.push(Denial(Method::GET, path, words));
    }

    pub fn create(&self, object: Value) {
        let mut object = object;
        if object["metadata"]["namespace"].is_null() && object["kind"] != "ClusterAnalysisTemplate" {
            object["metadata"]["namespace"] = json!("default");
        }
        self.cluster.server.create(object).expect("the object is accepted");
    }

    pub fn rest(&self) -> Rest {
        Rest::new(self.cluster.client.clone())
    }

    pub async fn merge(&self, resource: &Resource, name: &str, sub: Option<&str>, body: Value) {
        let merged = self.rest().patch::<Value>(resource, "default", name, sub, PatchKind::Merge, &body).await;
        merged.expect("the patch is accepted");
    }

    /// Changes the pod template of the Rollout `web`.
    pub async fn set(&self, pointer: &str, value: Value) {
        let body = json!([{"op": "add", "path": format!("/spec/template{pointer}"), "value": value}]);
        let rest = self.rest();
        let patched = rest.patch::<Value>(&resource::ROLLOUTS, "default", "web", None, PatchKind::Json, &body).await;
        patched.expect("the patch is accepted");
    }

    pub async fn image(&self, image: &str) {
        self.set("/spec/containers/0/image", json!(image)).await;
    }

    pub async fn wait(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    /// Runs a command that must succeed, and must not write.
    pub async fn run(&self, line: &str) -> String {
        let (code, stdout, stderr) = self.try_run(line).await;
        assert_eq!((code, stderr.as_str()), (0, ""), "{line}");
        stdout
    }

    /// Runs a command that must not write.
    pub async fn try_run(&self, line: &str) -> (i32, String, String) {
        let written = Arc::default();
        let client = guarded(&self.cluster, &self.denials, Some(Arc::clone(&written)));
        let output = command(client, &self.cluster, line).await;
        assert_eq!(*written.lock().expect("no panic"), [""; 0], "{line} writes");
        output
    }

    /// Runs a command that may write.
    pub async fn act(&self, line: &str) {
        let (code, _, stderr) = command(self.cluster.client.clone(), &self.cluster, line).await;
        assert_eq!((code, stderr.as_str()), (0, ""), "{line}");
    }
}

struct Through(kube::Client);

impl Connector for Through {
    fn connect(&self, options: &ConnectOptions) -> Result<(kube::Client, String), ConnectError> {
        Ok((self.0.clone(), options.namespace.clone().unwrap_or_else(|| "default".into())))
    }
}

async fn command(client: kube::Client, cluster: &Cluster, line: &str) -> (i32, String, String) {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let connect = Through(client);
    let env = Env {
        size: &|| None,
        resized: futures::stream::pending().boxed(),
        files: &|path: &Path| std::fs::read(path),
        folders: &|path: &Path| std::fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect(),
        stdout: &mut stdout,
        stderr: &mut stderr,
        clock: cluster.clock.clone(),
        is_tty: false,
        variables: Variables::default(),
        connect: &connect,
        shutdown: futures::stream::pending().boxed(),
        logging: &|_: Logging| {},
        build: BuildInfo { version: "v0.0.0", date: "", commit: "", tree_state: "", compiler: "" },
    };
    let args: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let code = rollouts_cli::run(&args, env).await;
    let text = |bytes| String::from_utf8(bytes).expect("output is text");
    (code, text(stdout), text(stderr))
}

/// A way to the API server that refuses some requests, and notes those that are no reads.
fn guarded(cluster: &Cluster, denials: &[Denial], written: Option<Arc<Mutex<Vec<String>>>>) -> kube::Client {
    let (service, denials): (Service, Vec<Denial>) = (cluster.server.service(), denials.to_vec());
    from_service(service_fn(move |request: Request<kube::client::Body>| {
        let (mut service, path) = (service.clone(), request.uri().path().to_owned());
        if let Some(written) = written.as_ref().filter(|_| request.method() != Method::GET) {
            written.lock().expect("no panic").push(format!("{} {path}", request.method()));
        }
        let denied = denials.iter().find(|Denial(method, end, _)| request.method() == method && path.ends_with(end));
        let denied = denied.map(|Denial(_, _, words)| *words);
        async move {
            let Some(words) = denied else { return service.call(request).await };
            let status = json!({
                "kind": "Status", "apiVersion": "v1", "status": "Failure",
                "reason": "Forbidden", "code": 403, "message": words,
            });
            let mut response = Response::new(Body::Full(Some(status.to_string().into())));
            *response.status_mut() = StatusCode::FORBIDDEN;
            Ok(response)
        }
        .boxed()
    }))
}

/// A Rollout named `web` of four pods.
pub fn rollout(strategy: Value) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "replicas": 4, "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": "reg.example/web:1"}]},
            },
            "strategy": strategy,
        },
    })
}

pub fn canary(steps: Value) -> Value {
    rollout(json!({"canary": {"steps": steps}}))
}

pub fn service(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
    })
}

/// An AnalysisTemplate `success-rate` that asks a Prometheus which always answers `value`.
pub fn template(value: &str, metric: Value) -> Value {
    let mut metric = metric;
    metric["name"] = json!("success-rate");
    metric["provider"] = json!({"prometheus": {
        "address": format!("http://{}/prom/{value}", rollouts_sim::metrics_source::ADDRESS),
        "query": "sum(rate(http_requests_total{app=\"{{args.app}}\",code!~\"5..\"}[5m]))",
    }});
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate", "metadata": {"name": "success-rate"},
        "spec": {"args": [{"name": "app"}], "metrics": [metric]},
    })
}

/// A step, or a promotion analysis, with that template.
pub fn analysis() -> Value {
    json!({"templates": [{"templateName": "success-rate"}], "args": [{"name": "app", "value": "web"}]})
}

/// Compares with what people have read.
pub fn assert_shown(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/explain/shown").join(format!("{name}.txt"));
    if std::env::var_os("ROLLOUTS_ACCEPT").is_some() {
        std::fs::write(&path, text).expect("a file");
        return;
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, known, "{}", path.display());
}
