//! Analyses of Rollouts from end to end: runs are made, measured and judged, and Rollouts follow their verdicts.

use crate::connection::{Verdict, judged};
use crate::objects::{template, web};
use crate::world::{World, seconds};
use futures::FutureExt;
use futures::future::BoxFuture;
use http::Method;
use rollouts_controller::Options;
use rollouts_kube::resource::{
    ANALYSIS_RUNS, ANALYSIS_TEMPLATES, CLUSTER_ANALYSIS_TEMPLATES, REPLICA_SETS, ROLLOUTS, SECRETS,
};
use rollouts_providers::{Http, HttpError, Request, Response};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A source of metrics: `http://metrics/NAME` answers `{"value": N}` with the number that is set for it, or 1, after the
/// time that is set for it.
#[derive(Debug, Clone, Default)]
pub struct Source(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    values: BTreeMap<String, i64>,
    slow: BTreeMap<String, Duration>,
    asked: BTreeMap<String, usize>,
    tokens: Vec<String>,
}

impl Source {
    pub fn set(&self, metric: &str, value: i64) {
        self.0.lock().unwrap().values.insert(metric.into(), value);
    }

    fn slow(&self, metric: &str, wait: Duration) {
        self.0.lock().unwrap().slow.insert(metric.into(), wait);
    }

    pub fn asked(&self, metric: &str) -> usize {
        self.0.lock().unwrap().asked.get(metric).copied().unwrap_or(0)
    }

    /// Values of the header `token`.
    pub fn tokens(&self) -> Vec<String> {
        self.0.lock().unwrap().tokens.clone()
    }

    pub fn options(&self, options: &mut Options) {
        options.measuring.http = Some(Arc::new(self.clone()));
    }
}

impl Http for Source {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, HttpError>> {
        let metric = request.url.strip_prefix("http://metrics/").unwrap_or_else(|| panic!("{request:?}"));
        let mut state = self.0.lock().unwrap();
        *state.asked.entry(metric.into()).or_default() += 1;
        state.tokens.extend(request.headers.iter().filter(|(name, _)| name == "token").map(|(_, value)| value.clone()));
        let value = state.values.get(metric).copied().unwrap_or(1);
        let wait = state.slow.get(metric).copied().unwrap_or_default();
        let body = json!({ "value": value }).to_string().into_bytes();
        async move {
            tokio::time::sleep(wait).await;
            Ok(Response { status: 200, headers: Vec::new(), body })
        }
        .boxed()
    }
}

/// A metric that should be 1.
pub fn metric(name: &str) -> Value {
    json!({
        "name": name,
        "successCondition": "result == 1",
        "provider": { "web": { "url": format!("http://metrics/{name}"), "jsonPath": "{$.value}" } },
    })
}

/// A template with one metric, or the run of it.
pub fn analysis(kind: &str, name: &str, metric: &Value) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": kind,
        "metadata": { "name": name },
        "spec": { "metrics": [metric] },
    })
}

pub fn refers_to(name: &str) -> Value {
    json!({ "templates": [{ "templateName": name }] })
}

/// A Rollout with this canary is healthy, and then gets another image.
async fn update(world: &World, canary: Value) {
    world.create(&ROLLOUTS, web(json!({ "canary": canary }))).await;
    world.wait("Healthy").await;
    next(world, "shop/web:2").await;
}

async fn next(world: &World, image: &str) {
    world.patch(&ROLLOUTS, "web", json!({ "spec": { "template": template("web", image) } })).await;
}

async fn runs(world: &World) -> Vec<Value> {
    world.list(&ANALYSIS_RUNS).await
}

async fn only_run(world: &World) -> Value {
    let mut runs = runs(world).await;
    assert_eq!(runs.len(), 1, "{runs:#?}");
    runs.remove(0)
}

#[tokio::test(start_paused = true)]
async fn a_step_that_succeeds_goes_on() {
    let (world, source) = (World::start(), Source::default());
    let controller = world.controller_with(|options| source.options(options));
    let mut looks = metric("m");
    looks["count"] = 3.into();
    looks["interval"] = "10s".into();
    world.create(&ANALYSIS_TEMPLATES, analysis("AnalysisTemplate", "looks", &looks)).await;
    update(&world, json!({ "steps": [{ "setWeight": 20 }, { "analysis": refers_to("looks") }, { "pause": {} }] }))
        .await;
    seconds(15).await;
    let ro = world.rollout("web").await;
    let (run, status) = (only_run(&world).await, &ro["status"]);
    assert_eq!(status["phase"], "Progressing", "{status:#}");
    assert_eq!(run["status"]["phase"], "Running", "{:#}", run["status"]);
    let name = format!("web-{}-2-1", status["currentPodHash"].as_str().unwrap());
    assert_eq!(run["metadata"]["name"], name.as_str());
    let entry = &status["canary"]["currentStepAnalysisRunStatus"];
    assert_eq!(*entry, json!({ "name": name, "status": "Running" }));
    let ro = world.wait("Paused").await;
    assert_eq!(ro["status"]["currentStepIndex"], 2);
    let run = only_run(&world).await;
    assert_eq!(run["status"]["phase"], "Successful");
    let result = &run["status"]["metricResults"][0];
    assert_eq!((&result["count"], &result["successful"], source.asked("m")), (&json!(3), &json!(3), 3));
    assert_eq!(result["measurements"][0]["value"], "1");
    assert_eq!(world.events("AnalysisRunSuccessful").await.len(), 2, "of the run, and of the Rollout");
    controller.stop();
}

#[tokio::test(start_paused = true)]
async fn a_step_that_fails_aborts() {
    let (world, source) = (World::start(), Source::default());
    world.controller_with(|options| source.options(options));
    world.create(&ANALYSIS_TEMPLATES, analysis("AnalysisTemplate", "looks", &metric("m"))).await;
    source.set("m", 2);
    update(&world, json!({ "steps": [{ "setWeight": 20 }, { "analysis": refers_to("looks") }, { "pause": {} }] }))
        .await;
    let ro = world.wait("Degraded").await;
    let message = "RolloutAborted: Rollout aborted update to revision 2: Step-based analysis phase error/failed: Metric \
                   \"m\" assessed Failed due to failed (1) > failureLimit (0)";
    assert_eq!(ro["status"]["message"], message);
    seconds(60).await;
    // What serves is the stable version, and what was measured stays to be looked at.
    let sets = world.list(&REPLICA_SETS).await;
    let sizes = sets.iter().map(|s| s["spec"]["replicas"].as_i64().unwrap()).collect::<Vec<_>>();
    assert_eq!(sizes.iter().sum::<i64>(), 5, "{sizes:?}");
    assert_eq!(only_run(&world).await["status"]["phase"], "Failed");
    // Another try measures again, with another run.
    source.set("m", 1);
    world.patch_status(&ROLLOUTS, "web", json!({ "abort": false })).await;
    let ro = world.wait("Paused").await;
    assert_eq!(ro["status"]["currentStepIndex"], 2);
    let names: Vec<String> = runs(&world).await.iter().map(|r| r["metadata"]["name"].to_string()).collect();
    assert!(names.len() == 2 && names[1].ends_with("-2-1.1\""), "{names:?}");
}

#[tokio::test(start_paused = true)]
async fn a_background_analysis_ends_with_its_update() {
    let (world, source) = (World::start(), Source::default());
    world.controller_with(|options| source.options(options));
    let mut endless = metric("m");
    endless["interval"] = "5s".into();
    world.create(&CLUSTER_ANALYSIS_TEMPLATES, analysis("ClusterAnalysisTemplate", "endless", &endless)).await;
    let canary = json!({
        "analysis": { "templates": [{ "templateName": "endless", "clusterScope": true }] },
        "steps": [{ "setWeight": 20 }, { "pause": { "duration": 60 } }, { "setWeight": 60 }, { "pause": { "duration": 60 } }],
    });
    update(&world, canary).await;
    seconds(90).await;
    let run = only_run(&world).await;
    assert_eq!(run["status"]["phase"], "Running");
    assert!((16..=18).contains(&source.asked("m")), "{}", source.asked("m"));
    world.wait("Healthy").await;
    seconds(5).await;
    let (status, asked) = (only_run(&world).await["status"].clone(), source.asked("m"));
    assert_eq!((&status["phase"], &status["message"]), (&json!("Successful"), &json!("Run Terminated")));
    seconds(600).await;
    assert_eq!(source.asked("m"), asked);
    // The next update fails half-way.
    next(&world, "shop/web:3").await;
    seconds(80).await;
    source.set("m", 0);
    let ro = world.wait("Degraded").await;
    assert!(ro["status"]["message"].as_str().unwrap().contains("Background analysis phase error/failed"), "{ro:#}");
}

#[tokio::test(start_paused = true)]
async fn a_missing_template_heals() {
    let (world, source) = (World::start(), Source::default());
    world.controller_with(|options| source.options(options));
    let steps = json!([{ "analysis": refers_to("outer") }, { "pause": {} }]);
    world.create(&ROLLOUTS, web(json!({ "canary": { "steps": steps } }))).await;
    let ro = world.wait("Degraded").await;
    let message = "InvalidSpec: The Rollout \"web\" is invalid: spec.strategy.canary.steps[0].analysis.templates: Invalid \
                   value: \"outer\": AnalysisTemplate 'outer' not found";
    assert_eq!(ro["status"]["message"], message);
    // It refers to another one, which comes last.
    let mut outer = analysis("AnalysisTemplate", "outer", &metric("m"));
    outer["spec"] = json!({ "templates": [{ "templateName": "inner" }] });
    world.create(&ANALYSIS_TEMPLATES, outer).await;
    seconds(60).await;
    assert_eq!(world.rollout("web").await["status"]["phase"], "Degraded");
    world.create(&ANALYSIS_TEMPLATES, analysis("AnalysisTemplate", "inner", &metric("m"))).await;
    world.wait("Healthy").await;
    next(&world, "shop/web:2").await;
    world.wait("Paused").await;
    assert_eq!(source.asked("m"), 1);
}

#[tokio::test(start_paused = true)]
async fn runs_of_users_know_secrets_and_go_when_their_time_is_over() {
    let (world, source) = (World::start(), Source::default());
    world.controller_with(|options| source.options(options));
    let mut m = metric("m");
    m["provider"]["web"]["headers"] = json!([{ "key": "token", "value": "{{args.token}}" }]);
    let mut run = analysis("AnalysisRun", "mine", &m);
    let secret = json!({ "secretKeyRef": { "name": "tokens", "key": "m" } });
    run["spec"]["args"] = json!([{ "name": "token", "valueFrom": secret }]);
    run["spec"]["ttlStrategy"] = json!({ "secondsAfterCompletion": 60 });
    world.create(&ANALYSIS_RUNS, run.clone()).await;
    seconds(2).await;
    let status = world.get(&ANALYSIS_RUNS, "mine").await["status"].clone();
    assert_eq!(status["phase"], "Error");
    assert_eq!(status["message"], "Unable to resolve metric arguments: secrets \"tokens\" not found");
    let data = json!({ "m": "czNjcjN0" });
    let tokens = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "tokens" }, "data": data });
    world.create(&SECRETS, tokens).await;
    run["metadata"]["name"] = "other".into();
    world.create(&ANALYSIS_RUNS, run).await;
    seconds(2).await;
    assert_eq!(world.get(&ANALYSIS_RUNS, "other").await["status"]["phase"], "Successful");
    assert_eq!(source.tokens(), ["s3cr3t"]);
    seconds(64).await;
    assert!(runs(&world).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn another_run_of_that_name_is_in_the_way() {
    let (world, source) = (World::start(), Source::default());
    world.controller_with(|options| source.options(options));
    world.create(&ANALYSIS_TEMPLATES, analysis("AnalysisTemplate", "looks", &metric("m"))).await;
    let steps = json!([{ "pause": {} }, { "analysis": refers_to("looks") }, { "pause": {} }]);
    update(&world, json!({ "steps": steps })).await;
    let hash = world.wait("Paused").await["status"]["currentPodHash"].as_str().unwrap().to_string();
    // Of another instance, which the caches do not hold.
    let mut stranger = analysis("AnalysisRun", &format!("web-{hash}-2-1"), &metric("theirs"));
    stranger["metadata"]["labels"] = json!({ "argo-rollouts.argoproj.io/controller-instance-id": "theirs" });
    world.create(&ANALYSIS_RUNS, stranger).await;
    world.patch(&ROLLOUTS, "web", json!({ "metadata": { "labels": { "a": "b" } } })).await;
    world.patch_status(&ROLLOUTS, "web", json!({ "pauseConditions": null, "currentStepIndex": 1 })).await;
    seconds(30).await;
    assert_eq!(world.rollout("web").await["status"]["currentStepIndex"], 2);
    let all: Vec<String> = runs(&world).await.iter().map(|r| r["metadata"]["name"].to_string()).collect();
    assert!(all.len() == 2 && all[1].ends_with("-2-1.1\""), "{all:?}");
    assert_eq!((source.asked("m"), source.asked("theirs")), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_slow_source_keeps_nobody_else_waiting_and_no_stop() {
    let (world, source) = (World::start(), Source::default());
    let controller = world.controller_with(|options| {
        source.options(options);
        options.analysis_workers = 1;
    });
    for n in 0..5 {
        let mut m = metric(&format!("slow{n}"));
        m["provider"]["web"]["timeoutSeconds"] = 600.into();
        source.slow(&format!("slow{n}"), Duration::from_secs(300));
        world.create(&ANALYSIS_RUNS, analysis("AnalysisRun", &format!("slow{n}"), &m)).await;
    }
    seconds(1).await;
    world.create(&ANALYSIS_RUNS, analysis("AnalysisRun", "fast", &metric("fast"))).await;
    seconds(2).await;
    assert_eq!(world.get(&ANALYSIS_RUNS, "fast").await["status"]["phase"], "Successful");
    // What is to end does not wait for it either.
    world.patch(&ANALYSIS_RUNS, "slow0", json!({ "spec": { "terminate": true } })).await;
    seconds(2).await;
    assert_eq!(world.get(&ANALYSIS_RUNS, "slow0").await["status"]["phase"], "Successful");
    controller.stop();
    tokio::time::timeout(Duration::from_secs(5), controller.task).await.unwrap().unwrap();
    seconds(600).await;
    assert!(world.get(&ANALYSIS_RUNS, "slow1").await["status"].is_null());
    // The next one measures again.
    world.controller_with(|options| source.options(options));
    seconds(400).await;
    assert_eq!(world.get(&ANALYSIS_RUNS, "slow1").await["status"]["phase"], "Successful");
    assert_eq!((source.asked("slow0"), source.asked("slow1")), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_gets_lost_is_not_counted_twice() {
    let (world, source) = (World::start(), Source::default());
    let writes = AtomicU32::new(0);
    let client = judged(&world.server, move |request| {
        let is_status = *request.method() == Method::PATCH && request.uri().path().contains("/analysisruns/");
        match is_status && writes.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
            true => Verdict::Lose,
            false => Verdict::Pass,
        }
    });
    world.controller_through(client, |options| source.options(options));
    let mut looks = metric("m");
    looks["count"] = 6.into();
    looks["interval"] = "10s".into();
    world.create(&ANALYSIS_RUNS, analysis("AnalysisRun", "run", &looks)).await;
    seconds(120).await;
    let status = world.get(&ANALYSIS_RUNS, "run").await["status"].clone();
    assert_eq!((&status["phase"], source.asked("m")), (&json!("Successful"), 6), "{status:#}");
    assert_eq!(status["metricResults"][0]["measurements"].as_array().unwrap().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn whoever_may_not_read_analyses_works_on() {
    let (world, source) = (World::start(), Source::default());
    let client = judged(&world.server, |request| {
        let path = request.uri().path();
        match path.contains("analysis") && path.contains("argoproj.io") {
            true => Verdict::FORBID,
            false => Verdict::Pass,
        }
    });
    world.controller_through(client, |options| source.options(options));
    world.create(&ROLLOUTS, web(json!({ "canary": {} }))).await;
    world.wait("Healthy").await;
    let steps = json!([{ "analysis": refers_to("looks") }]);
    world.patch(&ROLLOUTS, "web", json!({ "spec": { "strategy": { "canary": { "steps": steps } } } })).await;
    let ro = world.wait("Degraded").await;
    let message = ro["status"]["message"].as_str().unwrap();
    assert!(message.contains("cannot read analysisruns.argoproj.io: "), "{message}");
}
