//! How runs end, and what goes with them.

use crate::objects::{every, job, object, of_instance, refers_to, run, version, web, web_rollout};
use crate::world::{ACCOUNT, Place};
use rollouts_kube::resource::{
    ANALYSIS_RUNS, ANALYSIS_TEMPLATES, EVENTS, EXPERIMENTS, JOBS, NAMESPACES, PODS, REPLICA_SETS, ROLLOUTS, SERVICES,
};
use serde_json::{Value, json};

/// A Job that nobody waits for.
const LONG: &str = "sleep 3600";

pub async fn a_deleted_run_takes_its_job_with_it(place: &Place<'_>) {
    let made = place.create(&ANALYSIS_RUNS, run("mine", json!([job("work", LONG)]))).await;
    place.until_job_runs().await;
    let jobs = place.list(&JOBS).await;
    let owner = &jobs[0]["metadata"]["ownerReferences"][0];
    assert_eq!((&owner["uid"], &owner["controller"]), (&made["metadata"]["uid"], &json!(true)));
    place.delete(&ANALYSIS_RUNS, "mine").await;
    place.until_none(&JOBS).await;
    place.until_none(&PODS).await;
    assert!(place.list(&ANALYSIS_RUNS).await.is_empty());
    // That its Job went was no measurement.
    let told = place.list(&EVENTS).await;
    assert!(!told.iter().any(|event| event["involvedObject"]["kind"] == "AnalysisRun"), "{told:#?}");
}

pub async fn a_deleted_rollout_takes_runs_and_jobs_with_it(place: &Place<'_>) {
    place.create(&ANALYSIS_TEMPLATES, template(job("work", LONG))).await;
    let canary = json!({ "analysis": refers_to("looks", false), "steps": [{ "setWeight": 50 }, { "pause": {} }] });
    place.create(&ROLLOUTS, web_rollout(json!({ "canary": canary }))).await;
    place.until_web("Healthy").await;
    place.patch(&ROLLOUTS, "web", version("shop/web:2")).await;
    place.until_job_runs().await;
    place.delete(&ROLLOUTS, "web").await;
    for kind in [ANALYSIS_RUNS, JOBS, REPLICA_SETS, PODS] {
        place.until_none(&kind).await;
    }
}

/// With ReplicaSet, Service, run and Job.
pub async fn a_deleted_experiment_takes_all_that_it_made_with_it(place: &Place<'_>) {
    place.create(&ANALYSIS_TEMPLATES, template(job("work", LONG))).await;
    let labels = json!({ "app": "trial" });
    let ports = json!([{ "containerPort": 8080 }]);
    let pod = json!({ "containers": [{ "name": "main", "image": "shop/web:1", "ports": ports }] });
    let version = json!({
        "name": "new",
        "selector": { "matchLabels": labels },
        "service": {},
        "template": { "metadata": { "labels": labels }, "spec": pod },
    });
    let spec = json!({ "templates": [version], "analyses": [{ "name": "looks", "templateName": "looks" }] });
    place.create(&EXPERIMENTS, object("Experiment", "trial", spec)).await;
    place.until_job_runs().await;
    assert_eq!(place.get(&EXPERIMENTS, "trial").await["status"]["phase"], "Running");
    for (kind, name) in [(REPLICA_SETS, "trial-new"), (SERVICES, "trial-new"), (ANALYSIS_RUNS, "trial-looks")] {
        let owner = place.get(&kind, name).await["metadata"]["ownerReferences"][0].clone();
        assert_eq!((&owner["kind"], &owner["controller"]), (&json!("Experiment"), &json!(true)), "{name}");
    }
    place.delete(&EXPERIMENTS, "trial").await;
    for kind in [ANALYSIS_RUNS, JOBS, REPLICA_SETS, SERVICES, PODS] {
        place.until_none(&kind).await;
    }
}

pub async fn a_namespace_that_goes_takes_everything_with_it(place: &Place<'_>) {
    place.create(&ANALYSIS_TEMPLATES, template(every(web("m", "/prom/1"), "1s", None))).await;
    let canary = json!({ "analysis": refers_to("looks", false), "steps": [{ "setWeight": 50 }, { "pause": {} }] });
    place.create(&ROLLOUTS, web_rollout(json!({ "canary": canary }))).await;
    place.until_web("Healthy").await;
    place.patch(&ROLLOUTS, "web", version("shop/web:2")).await;
    place.create(&ANALYSIS_RUNS, run("mine", json!([job("work", LONG)]))).await;
    place.until_job_runs().await;
    place.until_all(&ANALYSIS_RUNS, |runs| runs.len() == 2).await;
    let rest = &place.world.rest;
    rest.delete(&NAMESPACES, "", &place.namespace, &Default::default()).await.unwrap();
    // While it goes nothing new may be made in it; nothing may keep it from going.
    place.until(&NAMESPACES, &place.namespace, Value::is_null).await;
}

pub async fn time_is_over_on_time(place: &Place<'_>) {
    let mortal = |name: &str, script: &str, ttl: Value| {
        let mut run = run(name, json!([job("work", script)]));
        run["spec"]["ttlStrategy"] = ttl;
        run
    };
    let ttls = [
        ("good", "exit 0", json!({ "secondsAfterSuccess": 3, "secondsAfterCompletion": 3600 })),
        ("bad", "exit 1", json!({ "secondsAfterFailure": 3, "secondsAfterCompletion": 3600 })),
        ("kept", "exit 1", json!({ "secondsAfterSuccess": 1, "secondsAfterCompletion": 3600 })),
    ];
    for (name, script, ttl) in ttls {
        place.create(&ANALYSIS_RUNS, mortal(name, script, ttl)).await;
    }
    place.until_run("good", "Successful").await;
    place.until_run("bad", "Failed").await;
    place.until_run("kept", "Failed").await;
    // Nobody else looks at them: with a resync of 15 minutes this would be late.
    let left = place.until_all(&ANALYSIS_RUNS, |runs| runs.len() == 1).await;
    assert_eq!(left[0]["metadata"]["name"], "kept");
    // Whatever a run has made goes with it.
    place.until_all(&JOBS, |jobs| jobs.len() == 1).await;
    place.until_all(&PODS, |pods| pods.len() == 1).await;
}

pub async fn a_user_terminates_a_run_and_its_job(place: &Place<'_>) {
    let metrics = json!([job("work", LONG), every(web("m", "/seq/terminated/1"), "1s", None)]);
    place.create(&ANALYSIS_RUNS, run("mine", metrics)).await;
    place.until_job_runs().await;
    place.plugin("terminate analysisrun mine").await;
    let status = place.until_run("mine", "Inconclusive").await;
    let message = "Metric \"work\" assessed Inconclusive due to inconclusive (1) > inconclusiveLimit (0): \"Error Message: \
                   Metric Terminated\"";
    assert_eq!(status["message"], message);
    let phases = status["metricResults"].as_array().unwrap().iter().map(|m| (&m["name"], &m["phase"]));
    let mut phases: Vec<(&str, &str)> =
        phases.map(|(name, phase)| (name.as_str().unwrap(), phase.as_str().unwrap())).collect();
    phases.sort_unstable();
    assert_eq!(phases, [("m", "Successful"), ("work", "Inconclusive")]);
    place.until_none(&JOBS).await;
    place.until_none(&PODS).await;
}

/// One that is killed while a request is under way and a Job runs. Both metrics count what was measured once.
pub async fn a_killed_controller_is_succeeded(place: &Place<'_>) {
    let world = place.world;
    let mortal = |options: &mut rollouts_controller::Options| options.instance_id = Some("mortal".into());
    let first = world.controller(ACCOUNT, mortal).await;
    let metrics =
        json!([job("work", "sleep 8"), web("slow", "/slow/4"), every(web("m", "/seq/killed/1"), "1s", Some(6))]);
    place.create(&ANALYSIS_RUNS, of_instance(run("mine", metrics), "mortal")).await;
    place.until_job_runs().await;
    let has_two = |run: &Value| {
        let results = run["status"]["metricResults"].as_array().into_iter().flatten();
        results.clone().any(|m| m["name"] == "m" && m["count"].as_i64() >= Some(2))
    };
    place.until(&ANALYSIS_RUNS, "mine", has_two).await;
    first.kill();
    let (slow, before) = (world.source.asked("/slow/4"), place.get(&ANALYSIS_RUNS, "mine").await);
    assert_eq!((slow, &before["status"]["phase"]), (1, &json!("Running")));
    world.controller(ACCOUNT, mortal).await;
    let status = place.until_run("mine", "Successful").await;
    let counts = |name: &str| {
        let result = status["metricResults"].as_array().unwrap().iter().find(|m| m["name"] == name).unwrap();
        (result["count"].as_i64(), result["measurements"].as_array().unwrap().len())
    };
    assert_eq!(["work", "slow", "m"].map(counts), [(Some(1), 1), (Some(1), 1), (Some(6), 6)]);
    assert_eq!(world.source.asked("/slow/4"), 2, "what was under way is asked for again");
    assert_eq!(place.list(&JOBS).await.len(), 1, "the Job that runs is waited for");
}

/// The template `looks` of one metric.
fn template(metric: Value) -> Value {
    object("AnalysisTemplate", "looks", json!({ "metrics": [metric] }))
}
