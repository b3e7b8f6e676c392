//! Jobs as measurements, from end to end.

use crate::analysis::analysis;
use crate::world::{World, seconds};
use rollouts_api::names::INSTANCE_ID;
use rollouts_kube::resource::{ANALYSIS_RUNS, JOBS, NAMESPACES};
use rollouts_providers::job::RUN_NAME;
use serde_json::{Value, json};

/// A run whose Job runs `script`.
fn working(name: &str, script: &str, more: Value) -> Value {
    let containers = json!([{ "name": "main", "image": "tool:1", "command": ["sh", "-c", script] }]);
    let mut job = json!({ "template": { "spec": { "containers": containers, "restartPolicy": "Never" } } });
    job.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    analysis("AnalysisRun", name, &json!({ "name": "work", "provider": { "job": { "spec": job } } }))
}

#[tokio::test(start_paused = true)]
async fn a_job_that_ends_is_looked_at_at_once_and_old_ones_go() {
    let world = World::start();
    world.controller();
    let containers = json!([{ "name": "main", "image": "tool:1", "command": ["sh", "-c", "sleep 2"] }]);
    let job = json!({ "template": { "spec": { "containers": containers, "restartPolicy": "Never" } } });
    let mut work = json!({ "name": "work", "count": 3, "interval": "1s", "provider": { "job": { "spec": job } } });
    let mut run = analysis("AnalysisRun", "run", &work);
    run["spec"]["measurementRetention"] = json!([{ "metricName": "work", "limit": 1 }]);
    world.create(&ANALYSIS_RUNS, run).await;
    // Looked at when that was planned, each would take more than 10 s.
    seconds(25).await;
    let status = world.get(&ANALYSIS_RUNS, "run").await["status"].clone();
    assert_eq!(status["phase"], "Successful", "{status:#}");
    assert_eq!(world.list(&JOBS).await.len(), 1);
    // One that goes on is ended with its run.
    work["provider"]["job"]["spec"]["template"]["spec"]["containers"][0]["command"][2] = "sleep 3600".into();
    world.create(&ANALYSIS_RUNS, analysis("AnalysisRun", "long", &work)).await;
    seconds(20).await;
    world.patch(&ANALYSIS_RUNS, "long", json!({ "spec": { "terminate": true } })).await;
    seconds(10).await;
    let status = world.get(&ANALYSIS_RUNS, "long").await["status"].clone();
    assert_eq!(status["phase"], "Inconclusive", "{status:#}");
    assert_eq!(world.list(&JOBS).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_goes_at_once_counts() {
    let world = World::start();
    world.controller();
    for (name, script, phase) in [("good", "sleep 2", "Successful"), ("bad", "exit 1", "Failed")] {
        let fleeting = json!({ "ttlSecondsAfterFinished": 0, "backoffLimit": 0 });
        world.create(&ANALYSIS_RUNS, working(name, script, fleeting)).await;
        seconds(10).await;
        let status = world.get(&ANALYSIS_RUNS, name).await["status"].clone();
        assert_eq!((&status["phase"], world.list(&JOBS).await.len()), (&json!(phase), 0), "{status:#}");
    }
}

#[tokio::test(start_paused = true)]
async fn jobs_of_another_namespace_end_with_a_deleted_run() {
    let world = World::start();
    let jobs = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "jobs" } });
    world.create(&NAMESPACES, jobs).await;
    world.controller_with(|options| {
        let variable = ("ARGO_ROLLOUTS_ANALYSIS_JOB_NAMESPACE".to_owned(), "jobs".to_owned());
        options.measuring.variables = [variable].into();
    });
    let run = working("run", "sleep 3600", json!({}));
    world.create(&ANALYSIS_RUNS, run.clone()).await;
    seconds(5).await;
    let first = world.list(&JOBS).await;
    assert_eq!((first.len(), &first[0]["metadata"]["namespace"]), (1, &json!("jobs")));
    // Another one of that name has a Job of its own.
    world.delete(&ANALYSIS_RUNS, "run").await;
    world.create(&ANALYSIS_RUNS, run).await;
    seconds(10).await;
    let second = world.list(&JOBS).await;
    assert!(second.len() == 1 && second[0]["metadata"]["uid"] != first[0]["metadata"]["uid"], "{second:#?}");
    world.delete(&ANALYSIS_RUNS, "run").await;
    seconds(10).await;
    assert!(world.list(&JOBS).await.is_empty());
}

/// Whose run was deleted, and whose was replaced by another one of its name, while nobody was there to see it.
#[tokio::test(start_paused = true)]
async fn jobs_whose_run_went_unseen_end_at_the_start() {
    let world = World::start();
    let jobs = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "jobs" } });
    world.create(&NAMESPACES, jobs).await;
    let start = || {
        world.controller_with(|options| {
            let variable = ("ARGO_ROLLOUTS_ANALYSIS_JOB_NAMESPACE".to_owned(), "jobs".to_owned());
            options.measuring.variables = [variable].into();
        })
    };
    let first = start();
    let runs = ["kept", "deleted", "replaced", "theirs"].map(|name| working(name, "sleep 3600", json!({})));
    for run in &runs {
        world.create(&ANALYSIS_RUNS, run.clone()).await;
    }
    seconds(5).await;
    assert_eq!(names_of_runs(&world).await, ["deleted", "kept", "replaced", "theirs"]);
    first.stop();
    let _ = first.task.await;
    world.delete(&ANALYSIS_RUNS, "deleted").await;
    world.delete(&ANALYSIS_RUNS, "replaced").await;
    let mut replacement = runs[2].clone();
    replacement["spec"]["terminate"] = true.into();
    world.create(&ANALYSIS_RUNS, replacement).await;
    // Another instance's from now on: the caches do not show it.
    world.patch(&ANALYSIS_RUNS, "theirs", json!({ "metadata": { "labels": { INSTANCE_ID: "theirs" } } })).await;
    start();
    seconds(10).await;
    assert_eq!(names_of_runs(&world).await, ["kept", "theirs"]);
}

/// The runs that the Jobs say they are of.
async fn names_of_runs(world: &World) -> Vec<String> {
    let jobs = world.list(&JOBS).await;
    let name = |job: &Value| job["metadata"]["annotations"][RUN_NAME].as_str().unwrap_or_default().to_owned();
    let mut names: Vec<String> = jobs.iter().map(name).collect();
    names.sort();
    names
}
