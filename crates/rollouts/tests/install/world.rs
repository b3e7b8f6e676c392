//! A cluster, and what a user does with it.

use crate::process::{Controller, STATE_INTERVAL, STATE_TIMEOUT};
use rollouts_cluster::{Binaries, Cluster, Options};
use rollouts_kube::rest::PatchKind;
use rollouts_kube::{Rest, resource};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

pub struct World {
    cluster: Cluster,
    rest: Rest,
    directory: PathBuf,
}

impl World {
    pub async fn new(binaries: &Binaries) -> Self {
        let cluster = Cluster::start(binaries, &Options::default()).await.expect("a cluster");
        let directory = std::env::temp_dir().join(format!("rollouts-install-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        World { rest: Rest::new(cluster.client()), cluster, directory }
    }

    pub async fn create_namespace(&self, name: &str) {
        self.cluster.create_namespace(name).await.expect("a namespace");
    }

    fn command(&self, args: &str) -> Command {
        let mut command = Command::new("kubectl");
        command.args(args.split(' ')).env("KUBECONFIG", self.cluster.kubeconfig()).env("HOME", &self.directory);
        command
    }

    pub fn kubectl(&self, args: &str) -> String {
        let output = self.command(args).output().expect("kubectl starts");
        assert!(output.status.success(), "{args}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    pub fn apply_file(&self, namespace: &str, name: &str) -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(name);
        self.kubectl(&format!("apply --server-side -n {namespace} -f {}", path.display()))
    }

    pub fn apply_text(&self, namespace: &str, text: &str) {
        let mut command = self.command(&format!("apply --server-side -n {namespace} -f -"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("kubectl starts");
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success(), "{text}");
    }

    /// A kubeconfig with a token of the ServiceAccount and this namespace in its context.
    pub fn service_account(&self, account_namespace: &str, namespace: &str) -> PathBuf {
        let token = self.kubectl(&format!("create token argo-rollouts -n {account_namespace}"));
        let view = self.kubectl("config view --raw --minify -o json");
        let mut config: Value = serde_json::from_str(&view).unwrap();
        config["users"][0]["user"] = json!({ "token": token.trim() });
        config["contexts"][0]["context"]["namespace"] = namespace.into();
        let path = self.directory.join(format!("{account_namespace}-{namespace}.kubeconfig"));
        std::fs::write(&path, config.to_string()).unwrap();
        path
    }

    pub fn controller(&self, name: &str, config: &Path, namespace: &str, args: &[&str]) -> Controller {
        Controller::start(name, &self.directory, config, namespace, args)
    }

    /// Waits for its readiness probe.
    pub async fn ready(&self, controller: &Controller) {
        let mut waited = Duration::ZERO;
        while !probe(controller.healthz_port, "/readyz").await.is_some_and(|answer| answer.contains(" 200 ")) {
            assert!(waited < STATE_TIMEOUT, "not ready:\n{}", controller.tail());
            tokio::time::sleep(STATE_INTERVAL).await;
            waited += STATE_INTERVAL;
        }
        for path in ["/healthz", "/livez"] {
            let answer = probe(controller.healthz_port, path).await.unwrap();
            assert!(answer.contains(" 200 ") && answer.ends_with("ok"), "{answer}");
        }
    }

    pub async fn rollout(&self, namespace: &str, name: &str) -> Value {
        self.rest.get(&resource::ROLLOUTS, namespace, name).await.unwrap()
    }

    /// Waits until the Rollout is in this phase, of its present generation and workload.
    pub async fn settled(&self, namespace: &str, name: &str, phase: &str) {
        let mut waited = Duration::ZERO;
        loop {
            let ro = self.rollout(namespace, name).await;
            let generation = ro["metadata"]["generation"].to_string();
            let observed = ro["status"]["observedGeneration"].as_str() == Some(&generation);
            if observed && ro["status"]["phase"] == phase {
                return;
            }
            assert!(waited < STATE_TIMEOUT, "{namespace}/{name} is not {phase}: {:#}", ro["status"]);
            tokio::time::sleep(STATE_INTERVAL).await;
            waited += STATE_INTERVAL;
        }
    }

    /// Changes the image, and waits until the controller has seen it.
    pub async fn set_image(&self, namespace: &str, object: &str, tag: &str) {
        let name = object.split_once('/').unwrap().1;
        let before = self.rollout(namespace, name).await["status"]["currentPodHash"].clone();
        let template = json!({ "spec": { "containers": [{ "name": "main", "image": format!("shop/{name}:{tag}") }] } });
        let patch = json!({ "spec": { "template": template } });
        self.kubectl(&format!("patch {object} -n {namespace} --type=merge -p={patch}"));
        let mut waited = Duration::ZERO;
        while self.rollout(namespace, name).await["status"]["currentPodHash"] == before {
            assert!(waited < STATE_TIMEOUT, "{namespace}/{name} is not updated");
            tokio::time::sleep(STATE_INTERVAL).await;
            waited += STATE_INTERVAL;
        }
    }

    pub async fn resume(&self, namespace: &str, name: &str) {
        let patch = json!({ "status": { "pauseConditions": null } });
        let status = Some("status");
        let _: Value =
            self.rest.patch(&resource::ROLLOUTS, namespace, name, status, PatchKind::Merge, &patch).await.unwrap();
        let mut waited = Duration::ZERO;
        while self.rollout(namespace, name).await["status"]["phase"] == "Paused" {
            assert!(waited < STATE_TIMEOUT, "{namespace}/{name} is not resumed");
            tokio::time::sleep(STATE_INTERVAL).await;
            waited += STATE_INTERVAL;
        }
    }

    /// Restarts all pods, and waits until the controller says that it has.
    pub async fn restart(&self, namespace: &str, name: &str) {
        let at = self.kubectl("get namespace kube-system -o jsonpath={.metadata.creationTimestamp}");
        let at: jiff::Timestamp = at.parse().unwrap();
        // All pods are younger than the cluster, so they count as older only than a time after them.
        let at = rollouts_kube::system_clock().now().max(at).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        self.kubectl(&format!(
            "patch rollout {name} -n {namespace} --type=merge -p={}",
            json!({ "spec": { "restartAt": at } })
        ));
        let mut waited = Duration::ZERO;
        while self.rollout(namespace, name).await["status"]["restartedAt"] != at.as_str() {
            assert!(waited < STATE_TIMEOUT, "{namespace}/{name} is not restarted");
            tokio::time::sleep(STATE_INTERVAL).await;
            waited += STATE_INTERVAL;
        }
    }

    /// Waits until a Deployment whose Rollout is gone has its replicas again.
    pub async fn given_back(&self, namespace: &str, name: &str) {
        let mut waited = Duration::ZERO;
        loop {
            let deployment: Value = self.rest.get(&resource::DEPLOYMENTS, namespace, name).await.unwrap();
            if deployment["spec"]["replicas"] != 0 {
                return;
            }
            assert!(waited < STATE_TIMEOUT, "{namespace}/{name} stays at 0");
            tokio::time::sleep(STATE_INTERVAL).await;
            waited += STATE_INTERVAL;
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // What is left in a directory for temporary files harms nobody.
            let _ = std::fs::remove_dir_all(&self.directory);
        }
    }
}

/// Asks the process on this port, if it answers.
pub async fn probe(port: u16, path: &str) -> Option<String> {
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    Some(answer)
}
