//! A cluster in the background, from its start to its end, and what is to be found in it.

use rollouts_cluster::binaries_for_tests;
use rollouts_kube::rest::{PatchKind, Query};
use rollouts_kube::{ConnectOptions, RequestError, Resource, Rest, resource};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// How long pods may take; generous, for machines that are busy building.
const PODS_SECONDS_MAX: u64 = 120;
/// How often we look.
const LOOK: Duration = Duration::from_millis(200);

const TOKENS: Resource = Resource::fixed("", "v1", "TokenRequest", "serviceaccounts", true);

/// Ends the cluster whatever happens.
struct State(PathBuf);

impl State {
    fn run(&self, command: &str) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_rollouts-cluster")).arg(command).arg(&self.0).output();
        let output = output.expect("a program that runs");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        assert!(output.status.success(), "{command}: {}", text(output.stderr));
        text(output.stdout)
    }
}

impl Drop for State {
    fn drop(&mut self) {
        if self.0.join("control").exists() {
            self.run("down");
        }
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn connect(kubeconfig: &Path, token: Option<String>) -> Rest {
    let server = ConnectOptions { kubeconfig: Some(kubeconfig.to_owned()), ..Default::default() };
    // A user without a certificate: only the token counts.
    let options = match token {
        Some(_) => ConnectOptions { token, user: Some(String::new()), ..server },
        None => server,
    };
    Rest::new(rollouts_kube::client::connect(&options).expect("a client").0)
}

#[tokio::test]
async fn a_cluster_from_up_to_down() {
    if binaries_for_tests().is_none() {
        return;
    }
    let state = State(std::env::temp_dir().join(format!("rollouts-cluster-test-{}", std::process::id())));
    assert!(state.run("down").contains("No cluster is running"));
    let printed = state.run("up");
    let kubeconfig = state.0.join("kubeconfig");
    assert!(printed.contains(&format!("export KUBECONFIG={}", kubeconfig.display())), "{printed}");
    assert!(state.run("up").contains("is running already"));

    let admin = connect(&kubeconfig, None);
    pods_run(&admin).await;
    rights_are_asked(&admin, &kubeconfig).await;
    let rollouts = admin.list::<Value>(&resource::ROLLOUTS, None, &Query::default()).await;
    assert!(rollouts.expect("our custom resources").items.is_empty());

    assert!(state.run("down").contains("The cluster is gone"));
    assert!(!kubeconfig.exists());
    let gone = admin.list::<Value>(&resource::PODS, None, &Query::default()).await;
    assert!(matches!(gone, Err(RequestError::Lost(_))), "{gone:?}");
}

/// kube-controller-manager makes ReplicaSets and pods of a Deployment, our nodes run them.
async fn pods_run(admin: &Rest) {
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": "example.test/web:1"}]},
            },
        },
    });
    let _: Value = admin.create(&resource::DEPLOYMENTS, "default", &deployment).await.expect("a Deployment");
    let available = async || {
        let object: Value = admin.get(&resource::DEPLOYMENTS, "default", "web").await.expect("a Deployment");
        object["status"]["availableReplicas"] == 3
    };
    tokio::time::timeout(Duration::from_secs(PODS_SECONDS_MAX), async {
        while !available().await {
            tokio::time::sleep(LOOK).await;
        }
    })
    .await
    .expect("three pods");
}

/// A service account may do what a role says, and nothing else.
async fn rights_are_asked(admin: &Rest, kubeconfig: &Path) {
    let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}});
    let path = TOKENS.object("default", "default", Some("token"));
    let body = rollouts_kube::rest::Body::json(&request).expect("JSON");
    let token: Value =
        rollouts_kube::rest::send(admin.client(), http::Method::POST, &path, Some(body)).await.expect("a token");
    let account = connect(kubeconfig, token["status"]["token"].as_str().map(str::to_owned));
    let patch = json!({"metadata": {"labels": {"a": "b"}}});
    let denied: Result<Value, _> =
        account.patch(&resource::DEPLOYMENTS, "default", "web", None, PatchKind::Merge, &patch).await;
    let denied = denied.expect_err("nobody gave it that right");
    assert!(denied.is_forbidden(), "{denied}");
    assert!(denied.to_string().contains("system:serviceaccount:default:default"), "{denied}");
}
