//! Rollouts and their analyses.

use crate::objects::{every, job, object, refers_to, service, version, web, web_rollout};
use crate::world::Place;
use rollouts_kube::resource::{
    ANALYSIS_RUNS, ANALYSIS_TEMPLATES, CLUSTER_ANALYSIS_TEMPLATES, JOBS, REPLICA_SETS, ROLLOUTS, SECRETS, SERVICES,
};
use serde_json::{Value, json};

fn template(name: &str, spec: Value) -> Value {
    object("AnalysisTemplate", name, spec)
}

fn cluster_template(name: &str, spec: Value) -> Value {
    object("ClusterAnalysisTemplate", name, spec)
}

/// A template of the cluster that refers to another one, with a Secret of the Rollout's namespace.
pub async fn templates_of_the_cluster_measure_in_any_namespace(place: &Place<'_>) {
    let inner = json!({
        "args": [
            { "name": "token", "valueFrom": { "secretKeyRef": { "name": "tokens", "key": "m" } } },
            { "name": "namespace" },
        ],
        "metrics": [{
            "name": "m",
            "successCondition": "result == '{{args.namespace}}'",
            "provider": { "web": {
                "url": crate::source::url("/echo"),
                "headers": [{ "key": "Token", "value": "{{args.token}}" }],
                "jsonPath": "{$.headers.Token}",
            } },
        }],
    });
    let outer = json!({ "templates": [{ "templateName": "tests-inner", "clusterScope": true }] });
    place.create(&CLUSTER_ANALYSIS_TEMPLATES, cluster_template("tests-inner", inner)).await;
    place.create(&CLUSTER_ANALYSIS_TEMPLATES, cluster_template("tests-outer", outer)).await;
    let tokens = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": { "name": "tokens" },
        "stringData": { "m": place.namespace },
    });
    place.create(&SECRETS, tokens).await;
    let mut analysis = refers_to("tests-outer", true);
    let field = json!({ "fieldRef": { "fieldPath": "metadata.namespace" } });
    analysis["args"] = json!([{ "name": "namespace", "valueFrom": field }]);
    let steps = json!([{ "setWeight": 50 }, { "analysis": analysis }, { "pause": {} }]);
    place.create(&ROLLOUTS, web_rollout(json!({ "canary": { "steps": steps } }))).await;
    place.until_web("Healthy").await;
    place.patch(&ROLLOUTS, "web", version("shop/web:2")).await;
    let status = place.until_web("Paused").await;
    assert_eq!(status["currentStepIndex"], 2);
    let runs = place.list(&ANALYSIS_RUNS).await;
    let value = &runs[0]["status"]["metricResults"][0]["measurements"][0]["value"];
    assert_eq!((runs.len(), value), (1, &json!("\"*****\"")));
}

pub async fn templates_that_come_late_heal(place: &Place<'_>) {
    let steps = json!([{ "analysis": refers_to("late", false) }, { "analysis": refers_to("later", true) }]);
    place.create(&ROLLOUTS, web_rollout(json!({ "canary": { "steps": steps } }))).await;
    let complaint = |step: usize, kind: &str, name: &str| {
        format!(
            "InvalidSpec: The Rollout \"web\" is invalid: spec.strategy.canary.steps[{step}].analysis.templates: Invalid \
             value: \"{name}\": {kind} '{name}' not found"
        )
    };
    let first = complaint(0, "AnalysisTemplate", "late");
    assert_eq!(place.until_web("Degraded").await["message"], first);
    assert!(place.list(&REPLICA_SETS).await.is_empty());
    let spec = json!({ "metrics": [web("m", "/seq/late/1")] });
    place.create(&ANALYSIS_TEMPLATES, template("late", spec.clone())).await;
    let second = complaint(1, "ClusterAnalysisTemplate", "later");
    place.until(&ROLLOUTS, "web", |ro| ro["status"]["message"] == second.as_str()).await;
    place.create(&CLUSTER_ANALYSIS_TEMPLATES, cluster_template("later", spec)).await;
    place.until_web("Healthy").await;
    place.patch(&ROLLOUTS, "web", version("shop/web:2")).await;
    place.until(&ROLLOUTS, "web", |ro| ro["status"]["currentStepIndex"] == 2).await;
    place.until_web("Healthy").await;
    assert_eq!(place.world.source.asked("/seq/late/1"), 2);
}

pub async fn a_failing_background_analysis_aborts_and_ends_its_job(place: &Place<'_>) {
    let metrics = json!([job("work", "sleep 3600"), every(web("m", "/seq/background/1/1/1/0"), "2s", None)]);
    place.create(&ANALYSIS_TEMPLATES, template("looks", json!({ "metrics": metrics }))).await;
    let canary = json!({ "analysis": refers_to("looks", false), "steps": [{ "setWeight": 50 }, { "pause": {} }] });
    place.create(&ROLLOUTS, web_rollout(json!({ "canary": canary }))).await;
    let stable = place.until_web("Healthy").await["stableRS"].clone();
    place.patch(&ROLLOUTS, "web", version("shop/web:2")).await;
    place.until_job_runs().await;
    let status = place.until_web("Degraded").await;
    let message = "RolloutAborted: Rollout aborted update to revision 2: Background analysis phase error/failed: Metric \
                   \"m\" assessed Failed due to failed (1) > failureLimit (0)";
    assert_eq!((&status["message"], &status["stableRS"]), (&json!(message), &stable));
    place.until_none(&JOBS).await;
    let run = &place.list(&ANALYSIS_RUNS).await[0];
    assert_eq!(run["status"]["phase"], "Failed");
    let is_back = |ro: &Value| ro["status"]["availableReplicas"] == 2 && ro["status"]["updatedReplicas"].is_null();
    place.until(&ROLLOUTS, "web", is_back).await;
}

pub async fn an_inconclusive_analysis_waits_for_the_plugin(place: &Place<'_>) {
    let mut unsure = web("m", "/seq/unsure/0/1");
    unsure["failureCondition"] = "result == 2".into();
    place.create(&ANALYSIS_TEMPLATES, template("looks", json!({ "metrics": [unsure] }))).await;
    for name in ["active", "preview"] {
        place.create(&SERVICES, service(name)).await;
    }
    let blue_green = json!({
        "activeService": "active",
        "previewService": "preview",
        "prePromotionAnalysis": refers_to("looks", false),
        "scaleDownDelaySeconds": 1,
    });
    place.create(&ROLLOUTS, web_rollout(json!({ "blueGreen": blue_green }))).await;
    let stable = place.until_web("Healthy").await["stableRS"].clone();
    place.patch(&ROLLOUTS, "web", version("shop/web:2")).await;
    let status = place.until_web("Paused").await;
    assert_eq!((&status["message"], &status["stableRS"]), (&json!("InconclusiveAnalysisRun"), &stable));
    let first = status["blueGreen"]["prePromotionAnalysisRunStatus"]["name"].as_str().unwrap().to_owned();
    assert_eq!(place.get(&ANALYSIS_RUNS, &first).await["status"]["phase"], "Inconclusive");
    assert_eq!(status["blueGreen"]["activeSelector"], stable);
    place.plugin("promote web").await;
    let is_promoted = |ro: &Value| ro["status"]["stableRS"] != stable && ro["status"]["phase"] == "Healthy";
    place.until(&ROLLOUTS, "web", is_promoted).await;
    let second = place.get(&ANALYSIS_RUNS, &format!("{first}.1")).await;
    assert_eq!(second["status"]["phase"], "Successful");
}
