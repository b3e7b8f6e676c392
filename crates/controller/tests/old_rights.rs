//! With the roles of the Go controller, which allow to update pods and Deployments but not to patch them, nor to read a
//! single pod: whoever changes nothing but the image has those.

use http::Method;
use kube::client::Body;
use rollouts_kube::client::from_service;
use rollouts_kube::rest::Query;
use rollouts_kube::{Rest, resource, tokio_clock};
use serde_json::{Value, json};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

fn is_granted(method: &Method, path: &str) -> bool {
    let of = |kind: &str| path.contains(&format!("/{kind}/"));
    match *method {
        Method::PATCH => !of("pods") && !of("deployments"),
        Method::GET => !of("pods"),
        _ => true,
    }
}

#[tokio::test(start_paused = true)]
async fn pods_and_deployments_are_updated() {
    let clock = tokio_clock("2026-01-01T00:00:00Z".parse().unwrap());
    let server = rollouts_memkube::Server::new(rollouts_memkube::Config::new(clock.clone()));
    let client = from_service(server.service());
    for crd in rollouts_api::crd::manifests() {
        server.create(crd).unwrap();
    }
    let actors = rollouts_actors::Options::new(clock.clone());
    tokio::spawn(rollouts_actors::run(client.clone(), actors, std::future::pending()));
    let inner = client.clone();
    let limited = from_service(tower::service_fn(move |request: http::Request<Body>| {
        let inner = inner.clone();
        async move {
            if is_granted(request.method(), request.uri().path()) {
                return inner.send(request).await;
            }
            let status =
                json!({ "kind": "Status", "code": 403, "reason": "Forbidden", "message": "not with these rights" });
            let response = http::Response::builder().status(403);
            Ok(response.body(Body::from(status.to_string().into_bytes())).unwrap())
        }
    }));
    let options = rollouts_controller::Options::new(clock);
    tokio::spawn(rollouts_controller::run(limited, options, CancellationToken::new()));

    let rest = Rest::new(client);
    let template = |image: &str| {
        json!({
            "metadata": { "labels": { "app": "web" } },
            "spec": { "containers": [{ "name": "main", "image": image }] },
        })
    };
    let deployment = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": { "name": "web", "namespace": "default" },
        "spec": { "replicas": 2, "selector": { "matchLabels": { "app": "web" } }, "template": template("a") },
    });
    let _: Value = rest.create(&resource::DEPLOYMENTS, "default", &deployment).await.unwrap();
    let rollout = json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": { "name": "web", "namespace": "default" },
        "spec": {
            "replicas": 2,
            "workloadRef": { "apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "scaleDown": "onsuccess" },
            "strategy": { "canary": {
                "stableMetadata": { "labels": { "role": "stable" } },
                "canaryMetadata": { "labels": { "role": "canary" } },
            } },
        },
    });
    let _: Value = rest.create(&resource::ROLLOUTS, "default", &rollout).await.unwrap();
    tokio::time::sleep(Duration::from_secs(120)).await;
    let deployment: Value = rest.get(&resource::DEPLOYMENTS, "default", "web").await.unwrap();
    assert_eq!(deployment["spec"]["replicas"], 0);
    // Pods of the canary that became the stable version.
    let patch = json!({ "spec": { "template": template("b") } });
    let _: Value = rest.merge(&resource::DEPLOYMENTS, "default", "web", None, &patch).await.unwrap();
    tokio::time::sleep(Duration::from_secs(120)).await;
    let ro: Value = rest.get(&resource::ROLLOUTS, "default", "web").await.unwrap();
    assert_eq!(ro["status"]["phase"], "Healthy", "{:#}", ro["status"]);
    let stable = Query::default().labels("role=stable".to_string());
    let pods = rest.list::<Value>(&resource::PODS, Some("default"), &stable).await.unwrap().items;
    assert_eq!(pods.len(), 2);
    assert!(pods.iter().all(|pod| pod["spec"]["containers"][0]["image"] == "b"));
}
