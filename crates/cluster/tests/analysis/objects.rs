//! Objects to begin with.

use crate::source::url;
use rollouts_api::names::API_VERSION;
use serde_json::{Value, json};

pub fn object(kind: &str, name: &str, spec: Value) -> Value {
    json!({ "apiVersion": API_VERSION, "kind": kind, "metadata": { "name": name }, "spec": spec })
}

/// A run of these metrics.
pub fn run(name: &str, metrics: Value) -> Value {
    object("AnalysisRun", name, json!({ "metrics": metrics }))
}

/// `object` for the controller with this instance id alone.
pub fn of_instance(mut object: Value, id: &str) -> Value {
    object["metadata"]["labels"][rollouts_api::names::INSTANCE_ID] = id.into();
    object
}

/// A metric that is the number at `value` in what a path of the source of metrics answers, and should be 1.
pub fn web(name: &str, path: &str) -> Value {
    json!({
        "name": name,
        "successCondition": "result == 1",
        "provider": { "web": { "url": url(path), "jsonPath": "{$.value}" } },
    })
}

/// A metric that is a Job which runs this script once.
pub fn job(name: &str, script: &str) -> Value {
    let container = json!({ "name": "check", "image": "tool:1", "command": ["sh", "-c", script] });
    let pod = json!({ "restartPolicy": "Never", "containers": [container] });
    json!({
        "name": name,
        "provider": { "job": { "spec": { "backoffLimit": 0, "template": { "spec": pod } } } },
    })
}

/// `metric`, measured every `interval` up to `count` times; for ever without that.
pub fn every(mut metric: Value, interval: &str, count: Option<u32>) -> Value {
    metric["interval"] = interval.into();
    if let Some(count) = count {
        metric["count"] = count.into();
    }
    metric
}

/// What an analysis of a Rollout is: one template, of the cluster or not.
pub fn refers_to(template: &str, of_cluster: bool) -> Value {
    json!({ "templates": [{ "templateName": template, "clusterScope": of_cluster }] })
}

fn pods(image: &str) -> Value {
    json!({
        "metadata": { "labels": { "app": "web" } },
        "spec": { "containers": [{ "name": "main", "image": image }] },
    })
}

/// The Rollout `web` of two pods.
pub fn web_rollout(strategy: Value) -> Value {
    let spec = json!({
        "replicas": 2,
        "selector": { "matchLabels": { "app": "web" } },
        "template": pods("shop/web:1"),
        "strategy": strategy,
    });
    object("Rollout", "web", spec)
}

/// What makes of it another version.
pub fn version(image: &str) -> Value {
    json!({ "spec": { "template": pods(image) } })
}

/// A Service that selects the pods of `web`.
pub fn service(name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": { "name": name },
        "spec": { "selector": { "app": "web" }, "ports": [{ "port": 80 }] },
    })
}
