//! ReplicaSets keep their number of pods, whatever happens.

use crate::support::*;
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn pods_are_counted_before_they_are_ready() {
    let c = Cluster::new().await;
    c.create("apps/v1/replicasets", replica_set(3, template(json!({})))).await;
    c.sleep(0.3).await;
    let rs = c.get("apps/v1/replicasets/web").await;
    assert_eq!(rs["status"]["replicas"], 3);
    assert_eq!(rs["status"]["fullyLabeledReplicas"], 3);
    assert_eq!(rs["status"]["observedGeneration"], 1);
    assert!(rs["status"]["readyReplicas"].is_null());
    c.sleep(1.0).await;
    let rs = c.get("apps/v1/replicasets/web").await;
    assert_eq!(rs["status"]["readyReplicas"], 3);
    assert_eq!(rs["status"]["availableReplicas"], 3);
    let events = c.events().await;
    assert_eq!(events.iter().filter(|e| e.starts_with("ReplicaSet SuccessfulCreate Created pod: web-")).count(), 3);
    assert_eq!(events.iter().filter(|e| e.starts_with("Pod Scheduled Successfully assigned default/web-")).count(), 3);
}

#[tokio::test(start_paused = true)]
async fn scaling_follows() {
    let c = Cluster::new().await;
    c.create("apps/v1/replicasets", replica_set(2, template(json!({})))).await;
    c.sleep(2.0).await;
    c.patch("apps/v1/replicasets/web", json!({"spec": {"replicas": 5}})).await;
    c.sleep(2.0).await;
    assert_eq!(c.get("apps/v1/replicasets/web").await["status"]["readyReplicas"], 5);
    c.patch("apps/v1/replicasets/web", json!({"spec": {"replicas": 1}})).await;
    c.sleep(0.3).await;
    let rs = c.get("apps/v1/replicasets/web").await;
    assert_eq!(rs["status"]["replicas"], 1, "pods that terminate do not count");
    assert_eq!(c.pods().await.len(), 5, "but they are there for another second");
    c.sleep(1.0).await;
    assert_eq!(c.pods().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_pod_is_replaced_and_a_foreign_one_adopted() {
    let c = Cluster::new().await;
    c.create("apps/v1/replicasets", replica_set(2, template(json!({})))).await;
    c.sleep(2.0).await;
    let name = text(&c.pods().await[0]["metadata"]["name"]);
    c.delete(&format!("v1/pods/{name}"), None).await;
    c.sleep(2.5).await;
    assert_eq!(c.get("apps/v1/replicasets/web").await["status"]["readyReplicas"], 2);
    // A relabelled pod is released and replaced.
    let name = text(&c.pods().await[0]["metadata"]["name"]);
    c.patch(&format!("v1/pods/{name}"), json!({"metadata": {"labels": {"app": "other"}}})).await;
    c.sleep(2.0).await;
    assert_eq!(c.pods().await.len(), 3);
    assert!(c.get(&format!("v1/pods/{name}")).await["metadata"]["ownerReferences"].is_null());
    // Labelled back, it is adopted, and one is too many.
    c.patch(&format!("v1/pods/{name}"), json!({"metadata": {"labels": {"app": "demo"}}})).await;
    c.sleep(2.0).await;
    assert_eq!(c.pods().await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn min_ready_seconds_delay_availability() {
    let c = Cluster::new().await;
    let mut rs = replica_set(1, template(json!({})));
    rs["spec"]["minReadySeconds"] = json!(10);
    c.create("apps/v1/replicasets", rs).await;
    c.sleep(5.0).await;
    let status = c.get("apps/v1/replicasets/web").await["status"].clone();
    assert_eq!((status["readyReplicas"].as_i64(), status["availableReplicas"].as_i64()), (Some(1), None));
    c.sleep(7.0).await;
    assert_eq!(c.get("apps/v1/replicasets/web").await["status"]["availableReplicas"], 1);
}

#[tokio::test(start_paused = true)]
async fn refused_pods_are_a_condition_until_they_are_accepted() {
    let quota = |method: &str, path: &str, _: u64| match (method, path.ends_with("/pods")) {
        ("POST", true) => Fault::Status(403, "Forbidden", "exceeded quota"),
        _ => Fault::None,
    };
    let faults = Faults::default();
    let c = Cluster::faulty(&faults).await;
    faults.set(quota);
    c.create("apps/v1/replicasets", replica_set(2, template(json!({})))).await;
    c.sleep(1.0).await;
    let rs = c.get("apps/v1/replicasets/web").await;
    assert_eq!(reason(&rs, "ReplicaFailure"), "FailedCreate");
    assert_eq!(rs["status"]["conditions"][0]["message"], "exceeded quota");
    assert!(c.events().await.contains(&"ReplicaSet FailedCreate Error creating: exceeded quota".to_string()));
    faults.set(|_, _, _| Fault::None);
    c.sleep(120.0).await;
    let rs = c.get("apps/v1/replicasets/web").await;
    assert_eq!((&rs["status"]["readyReplicas"], reason(&rs, "ReplicaFailure").as_str()), (&json!(2), ""));
}

#[tokio::test(start_paused = true)]
async fn a_restart_changes_nothing() {
    let mut c = Cluster::new().await;
    c.create("apps/v1/replicasets", replica_set(3, template(json!({})))).await;
    c.sleep(0.5).await;
    c.restart().await;
    c.sleep(3.0).await;
    let before = c.get("apps/v1/replicasets/web").await;
    assert_eq!(before["status"]["readyReplicas"], 3);
    let pods: Vec<_> = c.pods().await.iter().map(|p| p["metadata"]["resourceVersion"].clone()).collect();
    c.restart().await;
    c.sleep(30.0).await;
    assert_eq!(c.get("apps/v1/replicasets/web").await, before);
    let after: Vec<_> = c.pods().await.iter().map(|p| p["metadata"]["resourceVersion"].clone()).collect();
    assert_eq!(pods, after);
}
