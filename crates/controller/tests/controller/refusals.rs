//! Writes that are refused, for one object or for a time: what else is to be done is done.

use crate::analysis::{Source, analysis, metric, refers_to};
use crate::connection::{Judge, Verdict, judged};
use crate::objects::{pods, rollout, template, web};
use crate::world::{World, seconds};
use http::Method;
use rollouts_kube::resource;
use serde_json::{Value, json};

/// A world with five pods of one version, and a judge of its controller's requests.
async fn five_pods(strategy: Value) -> (World, Judge, Vec<String>) {
    let (world, judge) = (World::start(), Judge::default());
    world.controller_through(judged(&world.server, judge.judge()), |_| {});
    world.create(&resource::ROLLOUTS, web(strategy)).await;
    seconds(60).await;
    let names = names(&world).await;
    assert_eq!(names.len(), 5);
    (world, judge, names)
}

async fn names(world: &World) -> Vec<String> {
    let pods = world.list(&resource::PODS).await;
    pods.iter().map(|pod| pod["metadata"]["name"].as_str().unwrap().to_string()).collect()
}

/// The budget of a restart is spent on evictions, not on refusals: all other pods go, one after the other.
#[tokio::test(start_paused = true)]
async fn a_pod_that_may_not_be_evicted_holds_up_no_other() {
    let strategy = json!({ "canary": { "maxSurge": 0, "maxUnavailable": 1 } });
    for stubborn in [0, 4] {
        let (world, judge, before) = five_pods(strategy.clone()).await;
        let eviction = format!("{}/eviction", before[stubborn]);
        judge.rules(move |method, path| method == Method::POST && path.ends_with(&eviction), Verdict::Refuse(429));
        let restart = json!({ "spec": { "restartAt": "2026-01-01T00:00:50Z" } });
        world.patch(&resource::ROLLOUTS, "web", restart).await;
        seconds(300).await;
        let after = names(&world).await;
        let stayed: Vec<&String> = before.iter().filter(|name| after.contains(name)).collect();
        assert_eq!(stayed, [&before[stubborn]], "of {before:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_takes_no_metadata_holds_up_no_other() {
    let metadata = |role: &str| json!({ "canary": { "stableMetadata": { "labels": { "role": role } } } });
    let (world, judge, names) = five_pods(metadata("a")).await;
    let first = names[0].clone();
    judge.rules(move |method, path| method != Method::GET && path.contains(&first), Verdict::Refuse(403));
    world.patch(&resource::ROLLOUTS, "web", json!({ "spec": { "strategy": metadata("b") } })).await;
    seconds(10).await;
    let pods = world.list(&resource::PODS).await;
    let roles: Vec<&Value> = pods.iter().map(|pod| &pod["metadata"]["labels"]["role"]).collect();
    assert_eq!(roles, ["a", "b", "b", "b", "b"]);
    judge.retires();
    seconds(60).await;
    let pods = world.list(&resource::PODS).await;
    assert!(pods.iter().all(|pod| pod["metadata"]["labels"]["role"] == "b"), "{pods:?}");
}

/// 500 is what the API server answers when a webhook cannot be called, which may last; an overloaded server says 503.
#[tokio::test(start_paused = true)]
async fn a_creation_that_fails_in_a_webhook_is_told() {
    for (code, told) in [(500, true), (503, false), (429, false)] {
        let (world, judge) = (World::start(), Judge::default());
        world.controller_through(judged(&world.server, judge.judge()), |_| {});
        judge.rules(|method, path| method == Method::POST && path.ends_with("/replicasets"), Verdict::Refuse(code));
        let mut spec = pods("web", 1);
        spec["strategy"] = json!({ "canary": {} });
        world.create(&resource::ROLLOUTS, rollout("web", &spec)).await;
        seconds(60).await;
        assert_eq!(!world.events("ReplicaSetCreateError").await.is_empty(), told, "an event about {code}");
        let web = world.rollout("web").await;
        let conditions = web["status"]["conditions"].as_array().cloned().unwrap_or_default();
        assert_eq!(conditions.iter().any(|c| c["reason"] == "ReplicaSetCreateError"), told, "a condition about {code}");
        judge.retires();
        seconds(60).await;
        assert_eq!(world.rollout("web").await["status"]["phase"], "Healthy", "after {code}");
    }
}

/// A quota, a webhook or a missing right: the update waits, says for what, and goes on by itself.
#[tokio::test(start_paused = true)]
async fn an_analysis_run_that_is_refused_is_told_and_made_later() {
    for (code, told) in [(403, true), (500, true), (503, false)] {
        let (world, judge, source) = (World::start(), Judge::default(), Source::default());
        world.controller_through(judged(&world.server, judge.judge()), |options| source.options(options));
        let is_creation = |method: &Method, path: &str| method == Method::POST && path.ends_with("/analysisruns");
        judge.rules(is_creation, Verdict::Refuse(code));
        let looks = analysis("AnalysisTemplate", "looks", &metric("m"));
        world.create(&resource::ANALYSIS_TEMPLATES, looks).await;
        let canary = json!({ "steps": [{ "setWeight": 20 }, { "analysis": refers_to("looks") }, { "pause": {} }] });
        world.create(&resource::ROLLOUTS, web(json!({ "canary": canary }))).await;
        world.wait("Healthy").await;
        world.patch(&resource::ROLLOUTS, "web", json!({ "spec": { "template": template("web", "shop/web:2") } })).await;
        seconds(300).await;
        let status = world.rollout("web").await["status"].clone();
        assert_eq!((&status["phase"], &status["currentStepIndex"]), (&json!("Progressing"), &json!(1)), "{status:#}");
        let name = format!("web-{}-2-1", status["currentPodHash"].as_str().unwrap());
        let said = format!("Failed to create AnalysisRun \"{name}\": refused on the way");
        let events = world.events("AnalysisRunCreateError").await;
        let condition = progressing(&status);
        if told {
            assert_eq!(status["message"], format!("AnalysisRunCreateError: {said}"));
            assert_eq!(events, [said.as_str()]);
            assert_eq!((&condition["status"], &condition["message"]), (&json!("False"), &json!(said)));
        } else {
            assert!(events.is_empty() && condition["reason"] == "ReplicaSetUpdated", "{status:#}");
        }
        assert!(judge.count(is_creation) > 10, "it is tried again and again");
        let is_write = |method: &Method, path: &str| method == Method::PATCH && path.ends_with("/rollouts/web/status");
        let writes = judge.count(is_write);
        seconds(300).await;
        assert_eq!(judge.count(is_write), writes, "and told once");

        judge.retires();
        let status = world.wait("Paused").await["status"].clone();
        assert_eq!((&status["currentStepIndex"], source.asked("m")), (&json!(2), 1));
        assert_ne!(progressing(&status)["reason"], "AnalysisRunCreateError");
    }
}

#[tokio::test(start_paused = true)]
async fn an_experiment_that_is_refused_is_told_and_made_later() {
    let (world, judge) = (World::start(), Judge::default());
    world.controller_through(judged(&world.server, judge.judge()), |_| {});
    judge.rules(|method, path| method == Method::POST && path.ends_with("/experiments"), Verdict::Refuse(403));
    let one = json!({ "templates": [{ "name": "new", "specRef": "canary" }], "duration": "10s" });
    let canary = json!({ "steps": [{ "experiment": one }, { "pause": {} }] });
    world.create(&resource::ROLLOUTS, web(json!({ "canary": canary }))).await;
    world.wait("Healthy").await;
    world.patch(&resource::ROLLOUTS, "web", json!({ "spec": { "template": template("web", "shop/web:2") } })).await;
    seconds(120).await;
    let status = world.rollout("web").await["status"].clone();
    let name = format!("web-{}-2-0", status["currentPodHash"].as_str().unwrap());
    let said = format!("Failed to create Experiment \"{name}\": refused on the way");
    assert_eq!(status["message"], format!("ExperimentCreateError: {said}"), "{status:#}");
    assert_eq!(world.events("ExperimentCreateError").await, [said.as_str()]);
    judge.retires();
    let status = world.wait("Paused").await["status"].clone();
    assert_eq!(status["currentStepIndex"], 1);
    assert_ne!(progressing(&status)["reason"], "ExperimentCreateError");
}

fn progressing(status: &Value) -> Value {
    status["conditions"].as_array().unwrap().iter().find(|c| c["type"] == "Progressing").unwrap().clone()
}
