//! Objects to create. They come into the namespace that they are created in.

use rollouts_api::names;
use serde_json::{Value, json};

/// What pods run at first.
pub const IMAGE: &str = "shop/web:1";

fn object(api_version: &str, kind: &str, name: &str, spec: &Value) -> Value {
    json!({ "apiVersion": api_version, "kind": kind, "metadata": { "name": name }, "spec": spec })
}

/// A template of pods with the label `app`.
pub fn template(app: &str, image: &str) -> Value {
    json!({
        "metadata": { "labels": { "app": app } },
        "spec": { "containers": [{ "name": "main", "image": image }] },
    })
}

/// Selects the pods with the label `app`.
pub fn selector(app: &str) -> Value {
    json!({ "matchLabels": { "app": app } })
}

/// Pods with the label `app`, as a Deployment, a ReplicaSet or a Rollout has them in its spec.
pub fn pods(app: &str, replicas: i64) -> Value {
    json!({ "replicas": replicas, "selector": selector(app), "template": template(app, IMAGE) })
}

pub fn rollout(name: &str, spec: &Value) -> Value {
    object(&format!("{}/v1alpha1", names::GROUP), "Rollout", name, spec)
}

/// The Rollout `web` of five pods.
pub fn web(strategy: Value) -> Value {
    let mut spec = pods("web", 5);
    spec["strategy"] = strategy;
    rollout("web", &spec)
}

/// A Rollout that refers to a workload.
pub fn referring(name: &str, replicas: i64, reference: Value) -> Value {
    rollout(name, &json!({ "replicas": replicas, "workloadRef": reference, "strategy": { "canary": {} } }))
}

/// A Rollout that takes over from a Deployment when it is healthy.
pub fn taking_over(name: &str, deployment: &str) -> Value {
    referring(name, 2, reference(deployment, "onsuccess"))
}

/// Refers to a Deployment.
pub fn reference(deployment: &str, scale_down: &str) -> Value {
    json!({ "apiVersion": "apps/v1", "kind": "Deployment", "name": deployment, "scaleDown": scale_down })
}

pub fn deployment(name: &str, app: &str, replicas: i64) -> Value {
    object("apps/v1", "Deployment", name, &pods(app, replicas))
}

pub fn replica_set(name: &str, spec: &Value) -> Value {
    object("apps/v1", "ReplicaSet", name, spec)
}

pub fn pod_template(name: &str, app: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "PodTemplate", "metadata": { "name": name },
        "template": template(app, IMAGE),
    })
}

/// A Service of the pods with the label `app`.
pub fn service(name: &str, app: &str) -> Value {
    object("v1", "Service", name, &json!({ "selector": { "app": app }, "ports": [{ "port": 80 }] }))
}

/// A Namespace.
pub fn namespace(name: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } })
}
