//! What becomes of pods on the simulated nodes.

use crate::support::*;
use rollouts_actors::annotations;
use serde_json::{Value, json};

async fn phase(c: &Cluster, name: &str) -> (String, bool) {
    let pod = c.get(&format!("v1/pods/{name}")).await;
    (text(&pod["status"]["phase"]), condition(&pod, "Ready") == "True")
}

fn state(phase: &str, ready: bool) -> (String, bool) {
    (phase.to_string(), ready)
}

#[tokio::test(start_paused = true)]
async fn nodes_exist_and_pods_run_after_a_second() {
    let c = Cluster::new().await;
    let nodes = c.list("/api/v1/nodes").await;
    assert_eq!(nodes.iter().map(|n| text(&n["metadata"]["name"])).collect::<Vec<_>>(), ["node-1", "node-2", "node-3"]);
    assert!(nodes.iter().all(|n| condition(n, "Ready") == "True"));
    c.create("v1/pods", pod("a", json!({}))).await;
    c.sleep(0.9).await;
    assert_eq!(phase(&c, "a").await, state("Pending", false));
    c.sleep(0.2).await;
    assert_eq!(phase(&c, "a").await, state("Running", true));
    let a = c.get("v1/pods/a").await;
    assert!(text(&a["status"]["podIP"]).starts_with("10.244."));
    assert!(text(&a["spec"]["nodeName"]).starts_with("node-"));
    assert_eq!(condition(&a, "PodScheduled"), "True");
    assert_eq!(a["status"]["containerStatuses"][0]["restartCount"], 0);
}

#[tokio::test(start_paused = true)]
async fn probes_and_hooks_take_their_time() {
    let c = Cluster::new().await;
    c.create("v1/pods", pod("probe", json!({"readinessProbe": {"initialDelaySeconds": 5, "httpGet": {"port": 80}}})))
        .await;
    let sleep = |n: u32| json!({"exec": {"command": ["sh", "-c", format!("sleep {n}")]}});
    c.create("v1/pods", pod("hooks", json!({"lifecycle": {"postStart": sleep(3), "preStop": sleep(4)}}))).await;
    c.sleep(2.0).await;
    assert_eq!(phase(&c, "probe").await, state("Running", false));
    assert_eq!(phase(&c, "hooks").await, state("Pending", false));
    c.sleep(2.1).await;
    assert_eq!(phase(&c, "hooks").await, state("Running", true));
    assert_eq!(phase(&c, "probe").await, state("Running", false));
    c.sleep(2.1).await;
    assert_eq!(phase(&c, "probe").await, state("Running", true));
    c.delete("v1/pods/hooks", None).await;
    c.delete("v1/pods/probe", None).await;
    c.sleep(1.1).await;
    assert!(c.find("v1/pods/probe").await.is_none());
    c.sleep(3.7).await;
    assert!(c.find("v1/pods/hooks").await.is_some());
    c.sleep(0.3).await;
    assert!(c.find("v1/pods/hooks").await.is_none());
}

#[tokio::test(start_paused = true)]
async fn bad_images_and_commands_never_start() {
    let c = Cluster::new().await;
    c.create("v1/pods", pod("image", json!({"image": "tool:does-not-exist"}))).await;
    c.create("v1/pods", pod("command", json!({"command": ["bad-command"]}))).await;
    c.sleep(100.0).await;
    for name in ["image", "command"] {
        assert_eq!(phase(&c, name).await, state("Pending", false));
        let p = c.get(&format!("v1/pods/{name}")).await;
        assert_eq!(p["status"]["containerStatuses"][0]["state"]["waiting"]["reason"], "ErrImagePull");
    }
    c.delete("v1/pods/image", None).await;
    c.sleep(1.1).await;
    assert!(c.find("v1/pods/image").await.is_none());
}

#[tokio::test(start_paused = true)]
async fn annotations_script_a_pods_fate() {
    let c = Cluster::new().await;
    for (name, key, value) in [
        ("never", annotations::NEVER_READY, "true"),
        ("slow", annotations::READY_AFTER, "10s"),
        ("crash", annotations::CRASH_AFTER, "30s"),
    ] {
        let mut p = pod(name, json!({}));
        p["metadata"]["annotations"] = json!({key: value});
        c.create("v1/pods", p).await;
    }
    c.sleep(9.0).await;
    assert_eq!(phase(&c, "slow").await, state("Running", false));
    assert_eq!(phase(&c, "crash").await, state("Running", true));
    c.sleep(1.1).await;
    assert_eq!(phase(&c, "slow").await, state("Running", true));
    assert_eq!(phase(&c, "never").await, state("Running", false));
    c.sleep(25.0).await;
    // Crashed at 31 s and restarted at once; crashed again at 61 s and waits for 10 s.
    let crashed = c.get("v1/pods/crash").await["status"]["containerStatuses"][0].clone();
    assert_eq!((&crashed["restartCount"], &crashed["ready"]), (&json!(1), &json!(true)));
    assert_eq!(crashed["lastState"]["terminated"]["exitCode"], 1);
    c.sleep(28.0).await;
    let crashed = c.get("v1/pods/crash").await;
    assert_eq!(crashed["status"]["containerStatuses"][0]["state"]["waiting"]["reason"], "CrashLoopBackOff");
    assert_eq!(condition(&crashed, "Ready"), "False");
    assert_eq!(crashed["status"]["phase"], "Running");
    c.sleep(10.0).await;
    assert_eq!(c.get("v1/pods/crash").await["status"]["containerStatuses"][0]["restartCount"], 2);
    assert_eq!(phase(&c, "never").await, state("Running", false));
}

#[tokio::test(start_paused = true)]
async fn readiness_gates_are_honoured() {
    let c = Cluster::new().await;
    let mut p = pod("gated", json!({}));
    p["spec"]["readinessGates"] = json!([{"conditionType": "example.test/lb"}]);
    c.create("v1/pods", p).await;
    c.sleep(2.0).await;
    let gated = c.get("v1/pods/gated").await;
    assert_eq!((condition(&gated, "ContainersReady"), condition(&gated, "Ready")), ("True".into(), "False".into()));
    assert_eq!(reason(&gated, "Ready"), "ReadinessGatesNotReady");
    set_conditions(&c, "gated", &[("example.test/lb", "True")]).await;
    c.sleep(0.1).await;
    assert_eq!(phase(&c, "gated").await, state("Running", true));
}

/// As `kubectl patch --subresource status` with a strategic merge would leave them.
async fn set_conditions(c: &Cluster, name: &str, set: &[(&str, &str)]) {
    let pod = c.get(&format!("v1/pods/{name}")).await;
    let mut conditions = pod["status"]["conditions"].as_array().cloned().unwrap_or_default();
    for (kind, status) in set {
        conditions.retain(|c| c["type"] != *kind);
        conditions.push(json!({"type": kind, "status": status, "lastTransitionTime": "2026-01-01T00:00:09Z"}));
    }
    c.patch(&format!("v1/pods/{name}/status"), json!({"status": {"conditions": conditions}})).await;
}

#[tokio::test(start_paused = true)]
async fn readiness_forced_by_somebody_else_sticks() {
    let c = Cluster::new().await;
    c.create("v1/pods", pod("forced", json!({}))).await;
    c.sleep(2.0).await;
    set_conditions(&c, "forced", &[("Ready", "False"), ("ContainersReady", "False")]).await;
    c.sleep(60.0).await;
    assert_eq!(phase(&c, "forced").await, state("Running", false));
    set_conditions(&c, "forced", &[("Ready", "True"), ("ContainersReady", "True")]).await;
    c.sleep(60.0).await;
    assert_eq!(phase(&c, "forced").await, state("Running", true));
}

#[tokio::test(start_paused = true)]
async fn anti_affinity_keeps_pods_apart() {
    let c = Cluster::new().await;
    let apart = |name: &str| {
        let mut p = pod(name, json!({}));
        p["spec"]["affinity"] = json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
            {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "demo"}}}]}});
        p
    };
    for name in ["a", "b", "c", "d"] {
        c.create("v1/pods", apart(name)).await;
    }
    c.sleep(5.0).await;
    let nodes: std::collections::BTreeSet<String> =
        c.pods().await.iter().map(|p| text(&p["spec"]["nodeName"])).filter(|n| !n.is_empty()).collect();
    assert_eq!(nodes.len(), 3);
    let waiting = c.get("v1/pods/d").await;
    assert_eq!(reason(&waiting, "PodScheduled"), "Unschedulable");
    c.delete("v1/pods/a", None).await;
    c.sleep(3.0).await;
    assert_eq!(phase(&c, "d").await, state("Running", true));
}

#[tokio::test(start_paused = true)]
async fn a_user_can_pull_the_rug_and_finalizers_hold() {
    let c = Cluster::new().await;
    let mut p = pod("held", json!({}));
    p["metadata"]["finalizers"] = json!(["example.test/hold"]);
    c.create("v1/pods", p).await;
    c.sleep(2.0).await;
    c.delete("v1/pods/held", None).await;
    c.sleep(60.0).await;
    assert!(c.find("v1/pods/held").await.is_some());
    c.patch("v1/pods/held", json!({"metadata": {"finalizers": Value::Null}})).await;
    c.sleep(2.0).await;
    assert!(c.find("v1/pods/held").await.is_none());
}

#[tokio::test(start_paused = true)]
async fn init_containers_come_first_and_commands_that_end_are_restarted() {
    let c = Cluster::new().await;
    let mut p = pod("app", json!({"command": ["sh", "-c", "sleep 5; exit 7"]}));
    p["spec"]["initContainers"] = json!([{"name": "init", "image": "tool:1"}]);
    c.create("v1/pods", p).await;
    let mut stuck = pod("stuck", json!({}));
    stuck["spec"]["initContainers"] = json!([{"name": "init", "image": "tool:nonexistent"}]);
    c.create("v1/pods", stuck).await;
    c.sleep(0.5).await;
    let app = c.get("v1/pods/app").await;
    assert_eq!(app["status"]["containerStatuses"][0]["state"]["waiting"]["reason"], "PodInitializing");
    assert_eq!(condition(&app, "Initialized"), "False");
    c.sleep(1.0).await;
    let app = c.get("v1/pods/app").await;
    assert_eq!(app["status"]["initContainerStatuses"][0]["state"]["terminated"]["reason"], "Completed");
    assert_eq!((condition(&app, "Initialized"), condition(&app, "Ready")), ("True".into(), "True".into()));
    c.sleep(5.0).await;
    let app = c.get("v1/pods/app").await;
    assert_eq!(app["status"]["containerStatuses"][0]["restartCount"], 1);
    assert_eq!(app["status"]["containerStatuses"][0]["lastState"]["terminated"]["exitCode"], 7);
    c.sleep(5.0).await;
    let app = c.get("v1/pods/app").await;
    assert_eq!(app["status"]["containerStatuses"][0]["state"]["waiting"]["reason"], "CrashLoopBackOff");
    assert_eq!(phase(&c, "stuck").await, state("Pending", false));
}
