//! Analyses that measure for weeks: what they leave behind must not grow with the time.

use crate::cluster::Cluster;
use crate::metrics_source::{ADDRESS, Mood};
use crate::scenario::kubectl::Kubectl;
use crate::workload::NAMESPACE;
use rollouts_controller::{Monitor, Options};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How many Jobs of the run by Jobs are kept.
pub const JOBS_KEPT: usize = 3;

/// What there is after a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// Days since the beginning.
    pub number: u64,
    /// Measurements taken so far by all runs, failed ones included.
    pub measured: u64,
    /// The same of the run that measures most often, each half minute.
    pub measured_by_one: u64,
    /// Most measurements kept of one metric.
    pub kept: usize,
    /// The largest run, in bytes as JSON.
    pub largest_bytes: usize,
    /// Jobs that exist.
    pub jobs: usize,
    /// Events of runs and Rollouts that exist.
    pub events: usize,
    /// What the controller remembers of runs beside its caches.
    pub held: Vec<(&'static str, usize)>,
}

/// Measures for so many virtual days: by requests to a good source and to one that fails, hangs and talks too much, by
/// Jobs, and beside a Rollout that waits. Must run under paused time.
///
/// # Errors
/// When the cluster refuses what is created.
pub async fn measure(days: u64, mut each: impl FnMut(&Day)) -> Result<(), String> {
    let mut cluster = Cluster::new(0).map_err(|e| format!("{e:?}"))?;
    cluster.start_actors(cluster.client.clone());
    let (monitor, stop) = (Monitor::default(), CancellationToken::new());
    let mut options = Options::new(cluster.clock.clone());
    options.measuring.http = Some(Arc::new(cluster.metrics.clone()));
    options.monitor = monitor.clone();
    let controller = tokio::spawn(rollouts_controller::run(cluster.client.clone(), options, stop.clone()));
    let hours = |hours: u64| Duration::from_secs(hours * 60 * 60);
    let moods = [(hours(8), Mood::Good), (hours(1), Mood::Failing), (hours(1), Mood::Hanging), (hours(1), Mood::Huge)];
    cluster.metrics.set_moods("flaky", moods.to_vec());
    for object in objects() {
        cluster.server.create(object).map_err(|e| format!("{e:?}"))?;
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
    let next = json!({"spec": {"template": {"metadata": {"annotations": {"version": "2"}}}}});
    let user = Kubectl { client: &cluster.client, namespace: NAMESPACE, directory: Path::new("") };
    user.patch("rollouts/app", None, "merge", &next).await.map_err(|e| e.text())?;
    for number in 1..=days {
        tokio::time::sleep(DAY).await;
        each(&look(&cluster, &monitor, number));
    }
    stop.cancel();
    controller.abort();
    cluster.stop();
    Ok(())
}

fn look(cluster: &Cluster, monitor: &Monitor, number: u64) -> Day {
    let runs = cluster.server.list("argoproj.io", "analysisruns", NAMESPACE);
    let results: Vec<&Value> =
        runs.iter().flat_map(|run| run["status"]["metricResults"].as_array().into_iter().flatten()).collect();
    let measured = |result: &&Value| result["count"].as_u64().unwrap_or(0) + result["error"].as_u64().unwrap_or(0);
    let kept = |result: &&Value| result["measurements"].as_array().map_or(0, Vec::len);
    Day {
        number,
        measured: results.iter().map(measured).sum(),
        measured_by_one: results.iter().map(measured).max().unwrap_or(0),
        kept: results.iter().map(kept).max().unwrap_or(0),
        largest_bytes: runs.iter().map(|run| run.to_string().len()).max().unwrap_or(0),
        jobs: cluster.server.list("batch", "jobs", NAMESPACE).len(),
        events: cluster.server.list("", "events", NAMESPACE).into_iter().filter(is_ours).count(),
        held: monitor.held(),
    }
}

fn is_ours(event: &Value) -> bool {
    event["involvedObject"]["apiVersion"] == rollouts_api::names::API_VERSION
}

fn objects() -> Vec<Value> {
    let url = |source: &str| format!("http://{ADDRESS}/mood/{source}");
    let good = json!({"prometheus": {"address": url("good"), "query": "up"}});
    let flaky = json!({"web": {"url": url("flaky"), "jsonPath": "{$.value}"}});
    let container = json!({"name": "main", "image": "tool:1", "command": ["sh", "-c", "sleep 5"]});
    let job = json!({"job": {"spec": {"template": {"spec": {"containers": [container], "restartPolicy": "Never"}}}}});
    let metric = |interval: &str, provider: &Value, condition: &str| {
        let endless = 1_000_000;
        json!({"name": "m", "interval": interval, "provider": provider, "successCondition": condition,
            "failureLimit": endless, "inconclusiveLimit": endless, "consecutiveErrorLimit": endless})
    };
    let mut with_jobs = run("jobs", metric("1h", &job, ""));
    with_jobs["spec"]["measurementRetention"] = json!([{"metricName": "m", "limit": JOBS_KEPT}]);
    let template = json!({"apiVersion": rollouts_api::names::API_VERSION, "kind": "AnalysisTemplate",
        "metadata": {"name": "watch", "namespace": NAMESPACE}, "spec": {"metrics": [metric("5m", &good, "result[0] == 1")]}});
    let canary =
        json!({"analysis": {"templates": [{"templateName": "watch"}]}, "steps": [{"setWeight": 50}, {"pause": {}}]});
    let labels = json!({"app": "app"});
    let rollout = json!({"apiVersion": rollouts_api::names::API_VERSION, "kind": "Rollout",
        "metadata": {"name": "app", "namespace": NAMESPACE},
        "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "strategy": {"canary": canary},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "shop/app:1"}]}}}});
    vec![
        run("good", metric("30s", &good, "result[0] == 1")),
        run("flaky", metric("1m", &flaky, "result == 1")),
        with_jobs,
        template,
        rollout,
    ]
}

fn run(name: &str, metric: Value) -> Value {
    json!({"apiVersion": rollouts_api::names::API_VERSION, "kind": "AnalysisRun",
        "metadata": {"name": name, "namespace": NAMESPACE}, "spec": {"metrics": [metric]}})
}
