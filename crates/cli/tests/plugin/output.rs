//! What programs and scripts are given: objects, labels to choose by, phases to wait for.

use crate::support::Output;
use crate::support::cluster::{Cluster, rollout};
use rollouts_kube::resource::ROLLOUTS;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::sleep;

fn labelled(name: &str, team: &str) -> Value {
    let mut rollout = rollout(name);
    rollout["metadata"]["labels"] = json!({"team": team});
    rollout
}

fn error(message: &str) -> Output {
    Output { code: 1, stdout: String::new(), stderr: format!("Error: {message}\n") }
}

#[tokio::test(start_paused = true)]
async fn objects_instead_of_tables_and_trees() {
    let cluster = Cluster::start();
    cluster.create(labelled("web", "blue"));
    cluster.create(labelled("api", "red"));
    let experiment = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Experiment", "metadata": {"name": "ab"}});
    cluster.create(experiment);
    assert_eq!(cluster.ok("list rollouts -o name").await, "rollout.argoproj.io/api\nrollout.argoproj.io/web\n");
    assert_eq!(cluster.ok("list exp -o name").await, "experiment.argoproj.io/ab\n");
    assert_eq!(cluster.ok("get rollout web -o name").await, "rollout.argoproj.io/web\n");
    let web: Value = serde_json::from_str(&cluster.ok("get ro web -o json").await).expect("JSON");
    assert_eq!(web, cluster.get(&ROLLOUTS, "web"));
    let list: Value = serde_json::from_str(&cluster.ok("list ro -o json").await).expect("JSON");
    assert_eq!((&list["kind"], &list["items"][1]), (&json!("List"), &web));
    let yaml = cluster.ok("get exp ab -o yaml").await;
    assert!(yaml.starts_with("apiVersion: argoproj.io/v1alpha1\nkind: Experiment\nmetadata:\n"), "{yaml}");
    let empty = cluster.ok("list exp -l a=b -o yaml").await;
    assert_eq!(empty, "apiVersion: v1\nitems: []\nkind: List\nmetadata: {}\n");

    let format = error("output \"wide\" is not one of json, yaml, name");
    assert_eq!(cluster.run("list ro -o wide").await, format);
    let both = error("--output and --watch do not go together");
    assert_eq!(cluster.run("get ro web -w -o json").await, both);
    assert_eq!(cluster.run("list ro -w -o json").await, both);
}

#[tokio::test(start_paused = true)]
async fn labels_choose() {
    let cluster = Cluster::start();
    for (name, team) in [("web", "blue"), ("api", "red"), ("worker", "blue")] {
        cluster.create(labelled(name, team));
    }
    assert_eq!(
        cluster.ok("list ro -l team=blue -o name").await,
        "rollout.argoproj.io/web\nrollout.argoproj.io/worker\n"
    );
    assert_eq!(cluster.ok("list ro --selector team!=blue -o name").await, "rollout.argoproj.io/api\n");
    assert_eq!(cluster.ok("list ro -l team=blue --name web -o name").await, "rollout.argoproj.io/web\n");
    assert_eq!(cluster.run("list ro -l team=green").await.stderr, "No resources found.\n");
    let watched = cluster.run_for("list ro -l team=red -w", Duration::from_secs(2)).await.stdout;
    assert!(watched.contains("\napi  ") && !watched.contains("web"), "{watched}");
}

#[tokio::test(start_paused = true)]
async fn status_waits_for_a_phase() {
    let cluster = Cluster::start();
    cluster.create(rollout("web"));
    let phase = async |phase: &str, message: &str| {
        let status = json!({"status": {"phase": phase, "message": message}});
        cluster.merge(&ROLLOUTS, "web", Some("status"), status).await;
    };
    phase("Progressing", "x").await;
    let (output, ()) = tokio::join!(cluster.run("status web --for paused"), async {
        sleep(Duration::from_secs(5)).await;
        phase("Paused", "CanaryPauseStep").await;
    });
    let lines = "Progressing - x\nPaused - CanaryPauseStep\n";
    assert_eq!(output, Output { code: 0, stdout: lines.into(), stderr: String::new() });
    assert_eq!(cluster.ok("status web -w=false --for Healthy --for Paused").await, "Paused - CanaryPauseStep\n");
    let output = cluster.run("status web -w=false --for Healthy").await;
    assert_eq!((output.code, output.stderr.as_str()), (1, "Error: The rollout is Paused, not Healthy\n"));

    phase("Healthy", "").await;
    let output = cluster.run("status web --for Paused").await;
    assert_eq!(
        (output.stdout.as_str(), output.stderr.as_str()),
        ("Healthy\n", "Error: The rollout is Healthy, not Paused\n")
    );
    phase("Degraded", "why").await;
    let output = cluster.run("status web --for Paused").await;
    assert_eq!(output.stderr, "Error: The rollout is in a degraded state with message: why\n");
    assert_eq!(cluster.ok("status web --for Degraded").await, "Degraded - why\n");
    let unknown = error("invalid argument \"Done\" for \"--for\": not one of Healthy, Paused, Progressing, Degraded");
    assert_eq!(cluster.run("status web --for Done").await, unknown);
}
