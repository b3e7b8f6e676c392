//! What the controller's process is told about analyses reaches the controller.

use rollouts_kube::client::from_service;
use rollouts_kube::resource::{ANALYSIS_RUNS, REPLICA_SETS, ROLLOUTS};
use rollouts_kube::rest::Query;
use rollouts_kube::{Rest, system_clock};
use rollouts_memkube::{Config, Server, Tls};
use serde_json::{Value, json};
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::net::TcpListener;

/// How long one state may take to come; generous, for machines that are busy building.
const STATE_TIMEOUT: Duration = Duration::from_secs(90);
/// How often it is looked for.
const STATE_INTERVAL: Duration = Duration::from_millis(100);

/// A run that has passed both limits of its metric.
fn beyond_both_limits() -> Value {
    let result = json!({
        "name": "m", "phase": "Running", "count": 2, "failed": 1, "inconclusive": 1,
        "measurements": [{ "phase": "Failed", "finishedAt": "2026-01-01T00:00:00Z" }],
    });
    let metric = json!({ "name": "m", "interval": "1h", "provider": { "web": { "url": "http://127.0.0.1:1" } } });
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisRun",
        "metadata": { "name": "mine" },
        "spec": { "metrics": [metric] },
        "status": { "phase": "Running", "startedAt": "2026-01-01T00:00:00Z", "metricResults": [result] },
    })
}

fn rollout() -> Value {
    let labels = json!({ "app": "web" });
    let pod = json!({ "containers": [{ "name": "main", "image": "shop/web:1" }] });
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": { "name": "web" },
        "spec": {
            "selector": { "matchLabels": labels },
            "template": { "metadata": { "labels": labels }, "spec": pod },
            "strategy": { "canary": {} },
        },
    })
}

#[tokio::test]
async fn the_process_looks_after_runs_alone_and_weighs_their_limits_as_it_is_told() {
    let server = Server::new(Config::new(system_clock()));
    for crd in rollouts_api::crd::manifests() {
        server.create(crd).unwrap();
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let tls = Tls::self_signed(&[address.ip()]).unwrap();
    let kubeconfig = std::env::temp_dir().join(format!("rollouts-analysis-flags-{}", std::process::id()));
    std::fs::write(&kubeconfig, server.kubeconfig(address, &tls)).unwrap();
    let serving = server.clone();
    tokio::spawn(async move { serving.serve_https(listener, tls, std::future::pending()).await });
    let rest = Rest::new(from_service(server.service()));
    let _: Value = rest.create(&ROLLOUTS, "default", &rollout()).await.unwrap();
    let _: Value = rest.create(&ANALYSIS_RUNS, "default", &beyond_both_limits()).await.unwrap();

    let mut process = Command::new(env!("CARGO_BIN_EXE_rollouts"))
        .args(["controller", "--controllers=analysis", "--analysis-inconclusive-over-failed", "--leader-elect=false"])
        .args(["--healthzPort=0", "--metricsPort=0", "--kubeconfig"])
        .arg(&kubeconfig)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut phase = String::new();
    let mut waited = Duration::ZERO;
    while !["Failed", "Inconclusive"].contains(&&*phase) && waited < STATE_TIMEOUT {
        tokio::time::sleep(STATE_INTERVAL).await;
        waited += STATE_INTERVAL;
        let run: Value = rest.get(&ANALYSIS_RUNS, "default", "mine").await.unwrap();
        phase = run["status"]["phase"].as_str().unwrap().to_owned();
    }
    process.kill().unwrap();
    let output = process.wait_with_output().unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    std::fs::remove_file(&kubeconfig).unwrap();
    assert_eq!(phase, "Inconclusive", "{log}");
    assert!(log.contains("Running only analysis controller"), "{log}");
    let web: Value = rest.get(&ROLLOUTS, "default", "web").await.unwrap();
    assert!(web["status"].is_null(), "{web:#}");
    assert!(rest.list::<Value>(&REPLICA_SETS, None, &Query::default()).await.unwrap().items.is_empty());
}
