//! Experiments from end to end, by themselves.

use crate::analysis::{Source, analysis, metric};
use crate::connection::{Verdict, judged};
use crate::objects::{replica_set, selector, service, template};
use crate::world::{World, seconds};
use rollouts_api::names;
use rollouts_kube::resource::{ANALYSIS_RUNS, ANALYSIS_TEMPLATES, EXPERIMENTS, PODS, REPLICA_SETS, SECRETS, SERVICES};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The Experiment `trial`.
pub fn experiment(spec: Value) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Experiment",
        "metadata": { "name": "trial" },
        "spec": spec,
    })
}

/// A template of two pods that listen.
pub fn pods(name: &str) -> Value {
    let mut template = template(name, "shop/web:1");
    template["spec"]["containers"][0]["ports"] = json!([{ "containerPort": 80 }]);
    json!({ "name": name, "replicas": 2, "selector": selector(name), "template": template })
}

/// An analysis by the template `looks`.
pub fn looks(required: bool) -> Value {
    json!({ "name": "look", "templateName": "looks", "requiredForCompletion": required })
}

/// The template `looks`, which measures `m` so often, once in five seconds.
pub async fn create_template(world: &World, count: i64) {
    let mut m = metric("m");
    (m["count"], m["interval"]) = (count.into(), "5s".into());
    world.create(&ANALYSIS_TEMPLATES, analysis("AnalysisTemplate", "looks", &m)).await;
}

async fn trial(world: &World) -> Value {
    world.get(&EXPERIMENTS, "trial").await["status"].clone()
}

/// The status, once it has this phase.
async fn wait(world: &World, phase: &str) -> Value {
    for _ in 0..1200 {
        if trial(world).await["phase"] == phase {
            return trial(world).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("not {phase}: {:#}", trial(world).await);
}

async fn pods_left(world: &World) -> usize {
    world.list(&PODS).await.len()
}

#[tokio::test(start_paused = true)]
async fn a_duration_passes() {
    let world = World::start();
    let controller = world.controller();
    let mut a = pods("a");
    a["service"] = json!({ "name": "lab" });
    let spec = json!({ "templates": [a, pods("b")], "duration": "60s", "scaleDownDelaySeconds": 10 });
    world.create(&EXPERIMENTS, experiment(spec)).await;
    wait(&world, "Running").await;
    let service = world.get(&SERVICES, "lab").await;
    let of = &trial(&world).await["templateStatuses"][0];
    assert_eq!(
        (&of["serviceName"], &of["podTemplateHash"]),
        (&json!("lab"), &service["spec"]["selector"][names::POD_TEMPLATE_HASH])
    );
    assert_eq!(service["spec"]["ports"][0]["port"], 80);
    seconds(50).await;
    // It is no Service that a Rollout has left behind.
    assert_eq!(world.get(&SERVICES, "lab").await["spec"]["selector"], service["spec"]["selector"]);
    assert_eq!((trial(&world).await["phase"].as_str(), pods_left(&world).await), (Some("Running"), 4));
    wait(&world, "Successful").await;
    seconds(5).await;
    assert_eq!(pods_left(&world).await, 4, "they stay for scaleDownDelaySeconds");
    seconds(10).await;
    assert_eq!(pods_left(&world).await, 0);
    assert_eq!(world.list(&SERVICES).await.iter().filter(|s| s["metadata"]["name"] == "lab").count(), 0);
    let of = &trial(&world).await["templateStatuses"][0];
    assert!(of["serviceName"].is_null() && of["podTemplateHash"].is_null(), "{of:#}");
    // Everything goes with it.
    world.delete(&EXPERIMENTS, "trial").await;
    seconds(10).await;
    assert!(world.list(&REPLICA_SETS).await.is_empty());
    controller.stop();
}

#[tokio::test(start_paused = true)]
async fn a_required_analysis_decides() {
    for (value, phase, message) in [
        (1, "Successful", "Required AnalysisRuns completed"),
        (2, "Failed", "Metric \"m\" assessed Failed due to failed (1) > failureLimit (0)"),
    ] {
        let (world, source) = (World::start(), Source::default());
        world.controller_with(|options| source.options(options));
        create_template(&world, 3).await;
        source.set("m", value);
        // Its pods stay although the duration passes first.
        let spec = json!({ "templates": [pods("a")], "duration": "3s", "scaleDownDelaySeconds": 0, "analyses": [looks(true)] });
        world.create(&EXPERIMENTS, experiment(spec)).await;
        if value == 1 {
            seconds(10).await;
            assert_eq!((trial(&world).await["phase"].as_str(), pods_left(&world).await), (Some("Running"), 2));
        }
        let status = wait(&world, phase).await;
        assert_eq!(status["message"], message);
        seconds(10).await;
        assert_eq!(pods_left(&world).await, 0);
        assert_eq!(trial(&world).await["analysisRuns"][0]["phase"], phase);
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_terminated() {
    for required in [false, true] {
        let (world, source) = (World::start(), Source::default());
        world.controller_with(|options| source.options(options));
        create_template(&world, 1000).await;
        let spec = json!({ "templates": [pods("a")], "scaleDownDelaySeconds": 0, "analyses": [looks(required)] });
        world.create(&EXPERIMENTS, experiment(spec)).await;
        seconds(30).await;
        assert_eq!(trial(&world).await["analysisRuns"][0]["phase"], "Running");
        world.patch(&EXPERIMENTS, "trial", json!({ "spec": { "terminate": true } })).await;
        wait(&world, "Successful").await;
        seconds(10).await;
        let (status, run) = (trial(&world).await, world.get(&ANALYSIS_RUNS, "trial-look").await);
        assert_eq!(
            (&run["status"]["phase"], &run["status"]["message"]),
            (&json!("Successful"), &json!("Run Terminated"))
        );
        let entry =
            json!({ "name": "look", "analysisRun": "trial-look", "phase": "Successful", "message": "Run Terminated" });
        assert_eq!((&status["analysisRuns"][0], pods_left(&world).await), (&entry, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn pods_that_never_come_end_it_in_time() {
    let world = World::start();
    world.controller();
    let mut a = pods("a");
    a["template"]["spec"]["containers"][0]["image"] = "does-not-exist".into();
    let spec = json!({ "templates": [a], "progressDeadlineSeconds": 30, "scaleDownDelaySeconds": 0 });
    world.create(&EXPERIMENTS, experiment(spec)).await;
    seconds(25).await;
    assert_eq!(trial(&world).await["phase"], "Pending");
    let status = wait(&world, "Failed").await;
    assert_eq!(status["message"], "Template 'a' exceeded its progressDeadlineSeconds (30)");
    seconds(10).await;
    assert_eq!(pods_left(&world).await, 0);
}

/// What the API server refuses is told in its words.
#[tokio::test(start_paused = true)]
async fn a_refusal_is_an_error() {
    let world = World::start();
    world.controller();
    let mut a = pods("a");
    a["selector"] = selector("others");
    world.create(&EXPERIMENTS, experiment(json!({ "templates": [a] }))).await;
    let status = wait(&world, "Error").await;
    let message = status["message"].as_str().unwrap();
    assert!(
        message.starts_with("Failed to create ReplicaSet for template 'a': ReplicaSet.apps \"trial-a\" is invalid"),
        "{message}"
    );
}

/// ReplicaSets of strangers, which the caches hold and not: that those have gone is noticed at once, that others have at
/// the next look.
#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_is_told_and_waited_for() {
    for (labels, noticed_after) in [(json!({}), 10), (json!({ names::POD_TEMPLATE_HASH: "x" }), 1)] {
        let world = World::start();
        world.controller();
        let mut stranger = replica_set("trial-a", &crate::objects::pods("stranger", 0));
        stranger["metadata"]["labels"] = labels;
        world.create(&REPLICA_SETS, stranger).await;
        world.create(&EXPERIMENTS, experiment(json!({ "templates": [pods("a")] }))).await;
        seconds(33).await;
        let status = trial(&world).await;
        let message = "ReplicaSet 'trial-a' already exists and is not owned by experiment template 'a'";
        assert_eq!((&status["phase"], &status["templateStatuses"][0]["message"]), (&json!("Pending"), &json!(message)));
        assert_eq!(status["templateStatuses"].as_array().unwrap().len(), 1);
        world.delete(&REPLICA_SETS, "trial-a").await;
        seconds(noticed_after).await;
        let owner = world.get(&REPLICA_SETS, "trial-a").await["metadata"]["ownerReferences"][0]["name"].clone();
        assert_eq!(owner, "trial", "after {noticed_after} s");
        seconds(10).await;
        assert_eq!(trial(&world).await["phase"], "Running");
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_and_a_run_of_somebody_else() {
    let (world, source) = (World::start(), Source::default());
    world.controller_with(|options| source.options(options));
    create_template(&world, 1).await;
    // Of another instance, which the caches do not hold.
    let mut stranger = analysis("AnalysisRun", "trial-look", &metric("theirs"));
    stranger["metadata"]["labels"] = json!({ names::INSTANCE_ID: "theirs" });
    world.create(&ANALYSIS_RUNS, stranger).await;
    let spec = json!({ "templates": [pods("a")], "analyses": [looks(true)], "scaleDownDelaySeconds": 0 });
    world.create(&EXPERIMENTS, experiment(spec)).await;
    let status = wait(&world, "Successful").await;
    assert_eq!(status["analysisRuns"][0]["analysisRun"], "trial-look.1");
    assert_eq!((source.asked("m"), source.asked("theirs")), (1, 0));
    world.delete(&EXPERIMENTS, "trial").await;
    seconds(10).await;
    world.create(&SERVICES, service("lab", "theirs")).await;
    let mut a = pods("a");
    a["service"] = json!({ "name": "lab" });
    world.create(&EXPERIMENTS, experiment(json!({ "templates": [a] }))).await;
    let status = wait(&world, "Error").await;
    let message = "Failed to create Service lab for template 'a': service lab already exists and is not owned by \
                   experiment template a";
    assert_eq!(status["message"], message);
    assert_eq!(world.get(&SERVICES, "lab").await["spec"]["selector"], json!({ "app": "theirs" }));
}

/// The argument of an analysis is a secret, and a template comes late.
#[tokio::test(start_paused = true)]
async fn secrets_and_templates() {
    let (world, source) = (World::start(), Source::default());
    world.controller_with(|options| source.options(options));
    let mut m = metric("m");
    m["provider"]["web"]["headers"] = json!([{ "key": "token", "value": "{{args.token}}" }]);
    let mut template = analysis("AnalysisTemplate", "looks", &m);
    template["spec"]["args"] = json!([{ "name": "token" }]);
    world.create(&ANALYSIS_TEMPLATES, template).await;
    let data = json!({ "m": "czNjcjN0" });
    world
        .create(&SECRETS, json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "s" }, "data": data }))
        .await;
    let mut look = looks(true);
    look["args"] = json!([{ "name": "token", "valueFrom": { "secretKeyRef": { "name": "s", "key": "m" } } }]);
    world.create(&EXPERIMENTS, experiment(json!({ "templates": [pods("a")], "analyses": [look] }))).await;
    wait(&world, "Successful").await;
    assert_eq!(source.tokens(), ["s3cr3t"]);
}

/// What is left in the end, whatever happened in between.
async fn remains(world: &World) -> Value {
    let names = |objects: Vec<Value>| objects.iter().map(|o| o["metadata"]["name"].clone()).collect::<Vec<_>>();
    let mut status = trial(world).await;
    for list in ["templateStatuses", "conditions"] {
        for item in status[list].as_array_mut().unwrap() {
            let item = item.as_object_mut().unwrap();
            item.retain(|key, _| !key.starts_with("last"));
        }
    }
    status.as_object_mut().unwrap().remove("availableAt");
    let sets = world.list(&REPLICA_SETS).await;
    let sizes: Vec<_> = sets.iter().map(|s| s["spec"]["replicas"].clone()).collect();
    json!([status, names(sets), sizes, names(world.list(&ANALYSIS_RUNS).await), names(world.list(&SERVICES).await)])
}

/// Plays an Experiment whose controller dies before its `nth` write; the next one takes over. Gives what is left, and how
/// many writes there were.
async fn play(nth: usize) -> (Value, usize) {
    let (world, source) = (World::start(), Source::default());
    create_template(&world, 1).await;
    let (mut a, writes, dead) = (pods("a"), Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(false)));
    a["service"] = json!({});
    let (count, died) = (Arc::clone(&writes), Arc::clone(&dead));
    let client = judged(&world.server, move |request| {
        let path = request.uri().path();
        let is_write = request.method() != "GET" && !path.ends_with("/events") && !path.contains("/events/");
        let mut died = died.lock().unwrap();
        if *died {
            return Verdict::Silence;
        }
        if is_write && count.fetch_add(1, Ordering::Relaxed) == nth {
            *died = true;
            return Verdict::Silence;
        }
        Verdict::Pass
    });
    let first = world.controller_through(client, |options| source.options(options));
    let spec = json!({ "templates": [a], "duration": "8s", "scaleDownDelaySeconds": 3, "analyses": [looks(false)] });
    world.create(&EXPERIMENTS, experiment(spec)).await;
    for _ in 0..600 {
        if *dead.lock().unwrap() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    first.stop();
    first.task.abort();
    world.controller_with(|options| source.options(options));
    seconds(20).await;
    (remains(&world).await, writes.load(Ordering::Relaxed))
}

#[tokio::test(start_paused = true)]
async fn a_death_between_any_two_writes_changes_nothing() {
    let (whole, writes) = play(usize::MAX).await;
    assert_eq!(whole[0]["phase"], "Successful", "{whole:#}");
    assert!(writes > 10, "{writes}");
    for nth in 0..writes {
        assert_eq!(play(nth).await.0, whole, "before write {nth}");
    }
}
