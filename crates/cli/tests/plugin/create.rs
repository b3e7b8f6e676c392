//! `create`: what is recorded of it is replayed with the scenarios; here is what it does otherwise, and more.

use crate::support::cluster::{Cluster, rollout};
use crate::support::{Output, World, run_in};
use futures::FutureExt;
use rollouts_kube::resource::{ANALYSIS_RUNS, CLUSTER_ANALYSIS_TEMPLATES, ROLLOUTS};
use serde_json::{Value, json};
use std::time::Duration;

fn manifest(name: &str) -> String {
    serde_json::to_string(&rollout(name)).expect("JSON")
}

fn error(message: &str) -> Output {
    Output { code: 1, stdout: String::new(), stderr: format!("Error: {message}\n") }
}

#[tokio::test(start_paused = true)]
async fn every_document_of_a_file_is_created() {
    let cluster = Cluster::start();
    let text = format!("# two\n---\n{}\n---\n\n---\n{}\n", manifest("one"), manifest("two"));
    let output = cluster.run_with(&[("a.yaml", &text)], "create -f a.yaml").await;
    assert_eq!(output.stdout, "rollout.argoproj.io/one created\nrollout.argoproj.io/two created\n");
    assert_eq!((output.code, output.stderr.as_str()), (0, ""));
    let output = cluster.run_with(&[("-", &manifest("three"))], "create -f -").await;
    assert_eq!(output.stdout, "rollout.argoproj.io/three created\n", "standard input");

    // One that cannot be read stands for its whole file, and for none before it.
    let text = format!("{}\n---\nkind: Rollout\n", manifest("five"));
    let files = [("four.yaml", &*manifest("four")), ("five.yaml", &*text)];
    let output = cluster.run_with(&files, "create -f four.yaml -f five.yaml").await;
    assert_eq!(output.stdout, "rollout.argoproj.io/four created\n");
    let missing = "Error: error unmarshaling JSON: while decoding JSON: Object 'apiVersion' is missing in '{\"kind\":\"Rollout\"}'\n";
    assert_eq!((output.code, output.stderr.as_str()), (1, missing));
    assert_eq!(cluster.ok("list ro -o name").await.lines().count(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_created_is_said_in_gos_words() {
    let cluster = Cluster::start();
    let kind = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\n";
    let decoding = "error unmarshaling JSON: while decoding JSON: ";
    for (text, message) in [
        (format!("{kind}metadata: {{nmae: a}}"), format!("{decoding}json: unknown field \"nmae\"")),
        (
            format!("{kind}spec: {{template: {{spec: {{containers: [{{imgae: a}}]}}}}}}"),
            format!("{decoding}json: unknown field \"imgae\""),
        ),
        (
            "{\"kind\": \"Rollout\", \"apiVersion\": \"argoproj.io/v1alpha1\", \"x\": 1}".into(),
            "json: unknown field \"x\"".into(),
        ),
        ("{\"kind\": 1".into(), "not JSON: EOF while parsing an object at line 1 column 10".into()),
        ("apiVersion: v1\nkind: ConfigMap".into(), "creates of /ConfigMap unsupported".into()),
        (
            "apiVersion: argoproj.io/v1\nkind: Rollout".into(),
            "Rollout has no version argoproj.io/v1, only argoproj.io/v1alpha1".into(),
        ),
    ] {
        assert_eq!(cluster.run_with(&[("a", &text)], "create -f a").await, error(&message), "{text}");
    }
    let output = cluster.run("create").await;
    assert!(output.stderr.ends_with("\nError: --filename is missing\n"), "{}", output.stderr);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_analysis_template_belongs_to_no_namespace() {
    let cluster = Cluster::start();
    let text =
        "apiVersion: argoproj.io/v1alpha1\nkind: ClusterAnalysisTemplate\nmetadata: {name: all}\nspec: {metrics: []}\n";
    let output = cluster.run_with(&[("t.yaml", text)], "create -f t.yaml").await;
    assert_eq!(output.stdout, "clusteranalysistemplate.argoproj.io/all created\n");
    let r = &CLUSTER_ANALYSIS_TEMPLATES;
    assert!(cluster.server.get(&r.group, &r.plural, "", "all").is_some());
}

#[tokio::test(start_paused = true)]
async fn what_is_created_can_be_followed() {
    let cluster = Cluster::start();
    let web = manifest("web");
    let files = [("web.yaml", web.as_str()), ("t.yaml", "apiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\n")];
    let stop = tokio::time::sleep(Duration::from_secs(2)).boxed();
    let world = World { files: &files, stop, ..World::of(&cluster, cluster.clock.clone()) };
    let output = run_in(world, "create -f web.yaml -w --no-color").await;
    assert_eq!((output.code, output.stderr.as_str()), (0, ""));
    let (created, screens) = output.stdout.split_once('\n').expect("lines");
    assert_eq!(created, "rollout.argoproj.io/web created");
    assert!(screens.contains("Name:            web") && screens.contains("⟳ web"), "{screens}");
    // Nothing is created that cannot be followed then.
    let cannot = error("Can only watch resources of type Rollout or Experiment");
    assert_eq!(cluster.run_with(&files, "create -f t.yaml -w").await, cannot);
    let several = error("Cannot watch multiple resources");
    assert_eq!(cluster.run_with(&files, "create -f t.yaml -f web.yaml -w").await, several);
    let two = format!("{}\n---\n{}", manifest("x"), manifest("y"));
    assert_eq!(cluster.run_with(&[("two.yaml", &two)], "create -f two.yaml -w").await, several);
    assert_eq!(cluster.ok("list ro -o name").await, "rollout.argoproj.io/web\n");
}

#[tokio::test(start_paused = true)]
async fn a_run_takes_of_its_template_what_is_for_it() {
    let cluster = Cluster::start();
    cluster.create(json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisTemplate",
        "metadata": {
            "name": "parts", "namespace": "default", "labels": {"team": "blue"},
            "annotations": {"note": "n", "kubectl.kubernetes.io/last-applied-configuration": "{}"},
            "finalizers": ["example.com/keep"],
        },
        "spec": {
            "args": [
                {"name": "host"}, {"name": "port", "value": "80"},
                {"name": "token", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
            ],
            "metrics": [],
        },
    }));
    let output = cluster.run("create ar --from parts --name run -a host=h -a token=t -a prot=81").await;
    assert_eq!(output.stdout, "analysisrun.argoproj.io/run created\n");
    assert_eq!(output.stderr, "Warning: template \"parts\" has no argument \"prot\": it is left out\n");
    let run = cluster.get(&ANALYSIS_RUNS, "run");
    let arguments =
        json!([{"name": "host", "value": "h"}, {"name": "port", "value": "80"}, {"name": "token", "value": "t"}]);
    assert_eq!(run["spec"], json!({"args": arguments, "metrics": []}));
    assert_eq!(
        (&run["metadata"]["labels"], &run["metadata"]["annotations"]),
        (&json!({"team": "blue"}), &json!({"note": "n"}))
    );
    assert_eq!(run["metadata"]["finalizers"], Value::Null);

    let made = cluster.ok("create ar --from parts -a host=h -n default").await;
    assert!(
        made.starts_with("analysisrun.argoproj.io/parts-")
            && made.len() == "analysisrun.argoproj.io/parts-xxxxx created\n".len()
    );
    let made = cluster.ok("create ar --from parts --generate-name check- -a host=h").await;
    assert!(made.starts_with("analysisrun.argoproj.io/check-"), "{made}");
    cluster.ok("create ar --from parts --name other --instance-id mine -a host=h").await;
    let labels = cluster.get(&ANALYSIS_RUNS, "other")["metadata"]["labels"].clone();
    assert_eq!(labels, json!({"argo-rollouts.argoproj.io/controller-instance-id": "mine"}));
}

#[tokio::test(start_paused = true)]
async fn templates_that_make_no_run() {
    let cluster = Cluster::start();
    let text = |rest: &str| format!("apiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\n{rest}");
    let nested = text("metadata: {name: both}\nspec: {templates: [{templateName: a}]}");
    let refers = "template \"both\" refers to others (spec.templates), which a rollout or an experiment puts together; a run \
                  of it alone would measure only a part";
    let web = manifest("web");
    let files = [
        ("nested", nested.as_str()),
        ("nameless", &text("spec: {metrics: []}")),
        ("rollout", &web),
        ("two", &format!("{}\n---\n{}", text(""), text(""))),
    ];
    for (file, message) in [
        ("nested", refers),
        ("nameless", "name is invalid"),
        ("rollout", "Rollout is neither an AnalysisTemplate nor a ClusterAnalysisTemplate"),
        ("two", "2 documents where one is expected"),
        ("none", "open none: no such file or directory"),
    ] {
        let line = format!("create ar --from-file {file}");
        assert_eq!(cluster.run_with(&files, &line).await, error(message), "{file}");
    }
    let r = &ROLLOUTS;
    assert!(cluster.server.get(&r.group, &r.plural, "default", "web").is_none());
}
