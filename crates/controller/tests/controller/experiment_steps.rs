//! Experiments as steps of a canary.

use crate::analysis::{Source, analysis, metric};
use crate::experiments::{create_template, looks};
use crate::objects::{template, web};
use crate::world::{World, seconds};
use rollouts_kube::resource::{ANALYSIS_RUNS, ANALYSIS_TEMPLATES, EXPERIMENTS, REPLICA_SETS, ROLLOUTS};
use serde_json::{Value, json};

/// A Rollout whose first step is this Experiment is healthy, and then gets another image.
async fn update(world: &World, experiment: Value) {
    let steps = json!([{ "experiment": experiment }, { "setWeight": 20 }, { "pause": {} }]);
    world.create(&ROLLOUTS, web(json!({ "canary": { "steps": steps } }))).await;
    world.wait("Healthy").await;
    world.patch(&ROLLOUTS, "web", json!({ "spec": { "template": template("web", "shop/web:2") } })).await;
    seconds(10).await;
}

/// One pod of the new version, and what is measured of it.
fn one() -> Value {
    let template = json!({ "name": "new", "specRef": "canary", "replicas": 1 });
    json!({ "templates": [template], "scaleDownDelaySeconds": 0, "analyses": [looks(true)] })
}

async fn experiments(world: &World) -> Vec<Value> {
    world.list(&EXPERIMENTS).await
}

async fn only(world: &World) -> Value {
    let mut all = experiments(world).await;
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

/// Names and sizes of the ReplicaSets.
async fn sizes(world: &World) -> Vec<i64> {
    world.list(&REPLICA_SETS).await.iter().map(|s| s["spec"]["replicas"].as_i64().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn success_is_followed_by_the_next_step() {
    let (world, source) = (World::start(), Source::default());
    world.controller_with(|options| source.options(options));
    create_template(&world, 5).await;
    update(&world, one()).await;
    let (experiment, ro) = (only(&world).await, world.rollout("web").await);
    assert_eq!(experiment["status"]["phase"], "Running", "{:#}", experiment["status"]);
    assert_eq!(ro["status"]["canary"]["currentExperiment"], experiment["metadata"]["name"]);
    assert_eq!((ro["status"]["phase"].as_str(), sizes(&world).await.iter().sum::<i64>()), (Some("Progressing"), 6));
    let ro = world.wait("Paused").await;
    assert_eq!(ro["status"]["currentStepIndex"], 2);
    assert!(ro["status"]["canary"]["currentExperiment"].is_null());
    let experiment = only(&world).await;
    assert_eq!(experiment["status"]["message"], "Required AnalysisRuns completed");
    assert_eq!(source.asked("m"), 5);
    // It goes with its Rollout.
    world.delete(&ROLLOUTS, "web").await;
    seconds(30).await;
    assert!(experiments(&world).await.is_empty() && world.list(&ANALYSIS_RUNS).await.is_empty());
    assert!(world.list(&REPLICA_SETS).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn failure_aborts() {
    let (world, source) = (World::start(), Source::default());
    world.controller_with(|options| source.options(options));
    create_template(&world, 1).await;
    source.set("m", 2);
    update(&world, one()).await;
    let ro = world.wait("Degraded").await;
    let message = "RolloutAborted: Rollout aborted update to revision 2: Experiment analysis phase is error/failed: Metric \
                   \"m\" assessed Failed due to failed (1) > failureLimit (0)";
    assert_eq!(ro["status"]["message"], message);
    // Another try is another Experiment.
    source.set("m", 1);
    world.patch_status(&ROLLOUTS, "web", json!({ "abort": false })).await;
    world.wait("Paused").await;
    let names: Vec<String> = experiments(&world).await.iter().map(|e| e["metadata"]["name"].to_string()).collect();
    assert!(names.len() == 2 && names[1].ends_with("-2-0-1\""), "{names:?}");
}

/// What the user made of the template cannot run: the update does not wait for it.
#[tokio::test(start_paused = true)]
async fn an_invalid_one_aborts() {
    let world = World::start();
    world.controller();
    let twice = json!({ "name": "new", "specRef": "canary" });
    update(&world, json!({ "templates": [twice, twice] })).await;
    let ro = world.wait("Degraded").await;
    let message = ro["status"]["message"].as_str().unwrap();
    assert!(message.ends_with("has repeated template name 'new' in templates"), "{message}");
    seconds(60).await;
    assert_eq!(only(&world).await["spec"]["terminate"], Value::Null, "there is nothing to end");
}

/// The Rollout stays with the one that was inconclusive until a human has looked at it.
#[tokio::test(start_paused = true)]
async fn an_inconclusive_one_waits_for_a_human() {
    let (world, source) = (World::start(), Source::default());
    world.controller_with(|options| source.options(options));
    let mut m = metric("m");
    m["failureCondition"] = "result == 3".into();
    world.create(&ANALYSIS_TEMPLATES, analysis("AnalysisTemplate", "looks", &m)).await;
    source.set("m", 2);
    update(&world, one()).await;
    let ro = world.wait("Paused").await;
    assert_eq!(ro["status"]["message"], "InconclusiveExperiment");
    seconds(600).await;
    let experiment = only(&world).await;
    let ro = world.rollout("web").await;
    assert_eq!(ro["status"]["canary"]["currentExperiment"], experiment["metadata"]["name"]);
    source.set("m", 1);
    world.patch_status(&ROLLOUTS, "web", json!({ "pauseConditions": null })).await;
    seconds(60).await;
    assert_eq!((experiments(&world).await.len(), source.asked("m")), (2, 2));
    let ro = world.wait("Paused").await;
    assert_eq!(ro["status"]["currentStepIndex"], 2);
}

#[tokio::test(start_paused = true)]
async fn an_abort_and_a_promotion_end_it() {
    for (order, phase) in [("abort", "Degraded"), ("promoteFull", "Healthy")] {
        let (world, source) = (World::start(), Source::default());
        world.controller_with(|options| source.options(options));
        create_template(&world, 1000).await;
        update(&world, one()).await;
        assert_eq!(only(&world).await["status"]["phase"], "Running");
        world.patch_status(&ROLLOUTS, "web", json!({ order: true })).await;
        world.wait(phase).await;
        seconds(10).await;
        let experiment = only(&world).await;
        assert_eq!(
            (&experiment["spec"]["terminate"], &experiment["status"]["phase"]),
            (&json!(true), &json!("Successful"))
        );
        assert_eq!(sizes(&world).await.iter().sum::<i64>(), 5, "{order}");
        assert_eq!(world.list(&ANALYSIS_RUNS).await[0]["status"]["message"], "Run Terminated");
    }
}
