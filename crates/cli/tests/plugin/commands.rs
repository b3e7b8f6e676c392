//! Commands against an API server.

use crate::support::Output;
use crate::support::cluster::{Cluster, replica_set, rollout};
use rollouts_kube::resource::{DEPLOYMENTS, EXPERIMENTS, ROLLOUTS};
use serde_json::{Value, json};

fn error(message: &str) -> Output {
    Output { code: 1, stdout: String::new(), stderr: format!("Error: {message}\n") }
}

#[tokio::test(start_paused = true)]
async fn abort_retry_pause() {
    let cluster = Cluster::start();
    for name in ["web", "api"] {
        cluster.create(rollout(name));
    }
    assert_eq!(cluster.ok("abort web api").await, "rollout 'web' aborted\nrollout 'api' aborted\n");
    assert_eq!(cluster.get(&ROLLOUTS, "api")["status"], json!({"abort": true}));
    assert_eq!(cluster.ok("retry ro web").await, "rollout 'web' retried\n");
    assert_eq!(cluster.get(&ROLLOUTS, "web")["status"], json!({"abort": false}));
    let output = cluster.run("pause web nosuch api").await;
    assert_eq!((output.code, output.stdout.as_str()), (1, "rollout 'web' paused\n"));
    assert_eq!(output.stderr, "Error: rollouts.argoproj.io \"nosuch\" not found\n");
    assert_eq!(cluster.get(&ROLLOUTS, "web")["spec"]["paused"], true);
    assert_eq!(cluster.get(&ROLLOUTS, "api")["spec"]["paused"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn promote() {
    let cluster = Cluster::start();
    cluster.create(rollout("web"));
    let status = json!({"status": {
        "currentStepIndex": 1, "currentPodHash": "b", "stableRS": "a",
        "pauseConditions": [{"reason": "CanaryPauseStep", "startTime": "2026-01-01T00:00:00Z"}],
    }});
    cluster.merge(&ROLLOUTS, "web", Some("status"), status).await;
    cluster.ok("pause web").await;
    assert_eq!(cluster.ok("promote web").await, "rollout 'web' promoted\n");
    let web = cluster.get(&ROLLOUTS, "web");
    assert_eq!((&web["spec"]["paused"], &web["status"]["pauseConditions"]), (&json!(false), &Value::Null));
    assert_eq!(web["status"]["currentStepIndex"], 1, "a pause and a step are never passed at once");
    cluster.ok("promote web").await;
    assert_eq!(cluster.get(&ROLLOUTS, "web")["status"]["currentStepIndex"], 2);
    let output = cluster.run("promote web -c").await;
    assert_eq!(output.stdout, "rollout 'web' promoted\n");
    let advice =
        "Flag --skip-current-step has been deprecated, use without the flag instead ex: promote ROLLOUT_NAME\n";
    assert_eq!(output.stderr, advice);
    assert_eq!(cluster.get(&ROLLOUTS, "web")["status"]["currentStepIndex"], 3);
    assert_eq!(cluster.ok("promote web --full").await, "rollout 'web' fully promoted\n");
    assert_eq!(cluster.get(&ROLLOUTS, "web")["status"]["promoteFull"], true);
}

#[tokio::test(start_paused = true)]
async fn restart() {
    let cluster = Cluster::start();
    cluster.create(rollout("web"));
    for (line, said, at) in [
        ("restart web", "0s", "2026-01-01T00:00:00Z"),
        ("restart web --in 1h30m", "1h30m", "2026-01-01T01:30:00Z"),
        ("restart web -i 90m --in -5s", "-5s", "2025-12-31T23:59:55Z"),
    ] {
        assert_eq!(cluster.ok(line).await, format!("rollout 'web' restarts in {said}\n"));
        assert_eq!(cluster.get(&ROLLOUTS, "web")["spec"]["restartAt"], at);
    }
    assert_eq!(cluster.run("restart web --in soon").await, error("time: invalid duration \"soon\""));
}

#[tokio::test(start_paused = true)]
async fn retry_and_terminate_experiments() {
    let cluster = Cluster::start();
    let experiment = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Experiment", "metadata": {"name": "ab"}});
    cluster.create(experiment);
    cluster.merge(&EXPERIMENTS, "ab", None, json!({"status": {"phase": "Failed"}})).await;
    assert_eq!(cluster.ok("retry exp ab").await, "experiment 'ab' retried\n");
    assert_eq!(cluster.get(&EXPERIMENTS, "ab")["status"], Value::Null);
    assert_eq!(cluster.ok("terminate experiment ab").await, "experiment 'ab' terminated\n");
    assert_eq!(cluster.get(&EXPERIMENTS, "ab")["spec"]["terminate"], true);
}

#[tokio::test(start_paused = true)]
async fn set_image() {
    let cluster = Cluster::start();
    let mut web = rollout("web");
    web["spec"]["template"]["spec"]["initContainers"] = json!([{"name": "prep", "image": "reg.example/prep:1"}]);
    cluster.create(web);
    let images = |object: &Value| {
        let spec = &object["spec"]["template"]["spec"];
        format!("{} {}", spec["initContainers"][0]["image"], spec["containers"][0]["image"]).replace('"', "")
    };
    assert_eq!(cluster.ok("set image web prep=reg.example/prep:2").await, "rollout \"web\" image updated\n");
    assert_eq!(images(&cluster.get(&ROLLOUTS, "web")), "reg.example/prep:2 reg.example/web:1");
    cluster.ok("set image web *=reg.example/all:3").await;
    assert_eq!(images(&cluster.get(&ROLLOUTS, "web")), "reg.example/all:3 reg.example/all:3");
    cluster.ok("set image web prep=reg.example/prep:4 web=reg.example/web:4").await;
    assert_eq!(images(&cluster.get(&ROLLOUTS, "web")), "reg.example/prep:4 reg.example/web:4", "in one update");
    let half = cluster.run("set image web prep=reg.example/prep:5 nope=x").await;
    assert_eq!(half, error("unable to find container named \"nope\""));
    assert_eq!(images(&cluster.get(&ROLLOUTS, "web")), "reg.example/prep:4 reg.example/web:4", "all or nothing");
    assert_eq!(cluster.run("set image web WEB=x").await, error("unable to find container named \"WEB\""));
    assert_eq!(cluster.run("set image web =x").await, error("unable to find container named \"\""));
}

#[tokio::test(start_paused = true)]
async fn set_image_of_a_referenced_workload() {
    let cluster = Cluster::start();
    let mut base = rollout("base");
    base["apiVersion"] = json!("apps/v1");
    base["kind"] = json!("Deployment");
    base["spec"].as_object_mut().expect("an object").remove("strategy");
    cluster.create(base);
    let mut byref = rollout("byref");
    byref["spec"]["workloadRef"] = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "base"});
    cluster.create(byref);
    assert_eq!(cluster.ok("set image byref web=reg.example/web:2").await, "deployment \"base\" image updated\n");
    let base = cluster.get(&DEPLOYMENTS, "base");
    assert_eq!(base["spec"]["template"]["spec"]["containers"][0]["image"], "reg.example/web:2");
    let other = json!({"spec": {"workloadRef": {"kind": "StatefulSet"}}});
    cluster.merge(&ROLLOUTS, "byref", None, other).await;
    assert_eq!(cluster.run("set image byref web=x").await, error("workload of type StatefulSet is not supported"));
}

#[tokio::test(start_paused = true)]
async fn undo() {
    let cluster = Cluster::start();
    let web = cluster.create(rollout("web"));
    let image = || cluster.get(&ROLLOUTS, "web")["spec"]["template"]["spec"]["containers"][0]["image"].clone();
    cluster.create(replica_set(&web, 1, "reg.example/web:1"));
    assert_eq!(cluster.run("undo web").await, error("no revision found for rollout \"web\""));
    assert_eq!(cluster.run("undo web --to-revision=-1").await, error("no revision found for rollout \"web\""));
    assert_eq!(cluster.run("undo web --to-revision=7").await, error("unable to find specified revision 7 in history"));
    let skipped = "skipped rollback (current template already matches revision 1)";
    assert_eq!(cluster.ok("undo web --to-revision 1").await, skipped);

    cluster.ok("set image web web=reg.example/web:2").await;
    cluster.create(replica_set(&web, 2, "reg.example/web:2"));
    assert_eq!(cluster.ok("undo web").await, "rollout 'web' undo\n");
    assert_eq!(image(), "reg.example/web:1");
    let labels = cluster.get(&ROLLOUTS, "web")["spec"]["template"]["metadata"]["labels"].clone();
    assert_eq!(labels, json!({"app": "web"}), "the hash stays in the history");
}

#[tokio::test(start_paused = true)]
async fn undo_restores_what_was_removed() {
    let cluster = Cluster::start();
    let web = cluster.create(rollout("web"));
    let mut earlier = replica_set(&web, 1, "reg.example/web:1");
    earlier["spec"]["template"]["spec"]["containers"][0]["env"] = json!([{"name": "A", "value": "1"}]);
    cluster.create(earlier);
    cluster.create(replica_set(&web, 2, "reg.example/web:1"));
    assert_eq!(cluster.ok("undo web").await, "rollout 'web' undo\n");
    let container = cluster.get(&ROLLOUTS, "web")["spec"]["template"]["spec"]["containers"][0].clone();
    assert_eq!(container["env"], json!([{"name": "A", "value": "1"}]));
}

#[tokio::test(start_paused = true)]
async fn lists() {
    let cluster = Cluster::start();
    cluster.create(rollout("web"));
    cluster.create(json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Experiment", "metadata": {"name": "ab"},
        "spec": {"duration": "90m"}, "status": {"phase": "Running", "availableAt": "2025-12-31T23:00:00Z"},
    }));
    let table = "\
TIMESTAMP             NAMESPACE  NAME        STRATEGY   STATUS        STEP  SET-WEIGHT  READY  DESIRED  UP-TO-DATE  AVAILABLE
2026-01-01T00:00:00Z  default    web         Canary     Progressing   -     50          0/0    2        0           0        
";
    assert_eq!(cluster.ok("list rollouts -A --timestamps").await, table);
    let table = "\
NAME        STATUS   DURATION  REMAINING  AGE
ab          Running  90m       30m        0s 
";
    assert_eq!(cluster.ok("list exp").await, table);
    assert_eq!(cluster.run("list rollouts --name other").await.stderr, "No resources found.\n");
}
