//! Deployments roll as kubectl expects.

use crate::support::*;
use serde_json::{Value, json};

fn image(tag: &str) -> Value {
    json!({"spec": {"template": {"spec": {"containers": [{"name": "c", "image": format!("app:{tag}")}]}}}})
}

async fn sizes(c: &Cluster) -> Vec<(String, i64)> {
    let sets = c.list("apps/v1/replicasets").await;
    let tag = |rs: &Value| text(&rs["spec"]["template"]["spec"]["containers"][0]["image"]);
    let mut sizes: Vec<_> = sets.iter().map(|rs| (tag(rs), rs["spec"]["replicas"].as_i64().unwrap())).collect();
    sizes.sort();
    sizes
}

#[tokio::test(start_paused = true)]
async fn a_rolling_update_keeps_its_bounds() {
    let c = Cluster::new().await;
    c.create("apps/v1/deployments", deployment(4, template(json!({})))).await;
    c.sleep(3.0).await;
    let d = c.get("apps/v1/deployments/web").await;
    assert_eq!(d["status"]["availableReplicas"], 4);
    assert_eq!(reason(&d, "Progressing"), "NewReplicaSetAvailable");
    assert_eq!(condition(&d, "Available"), "True");
    assert_eq!(d["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "1");

    c.patch("apps/v1/deployments/web", image("2")).await;
    let mut seen = Vec::new();
    for _ in 0..100 {
        c.sleep(0.1).await;
        let pods = c.pod_states().await;
        let ready = c
            .pods()
            .await
            .iter()
            .filter(|p| condition(p, "Ready") == "True" && p["metadata"]["deletionTimestamp"].is_null())
            .count();
        assert!(ready >= 3, "25% of 4 may be unavailable: {pods:?}");
        let active = c.pods().await.iter().filter(|p| p["metadata"]["deletionTimestamp"].is_null()).count();
        assert!(active <= 5, "25% of 4 may be surplus");
        seen.push(sizes(&c).await);
    }
    assert_eq!(sizes(&c).await, [("app:1".to_string(), 0), ("app:2".to_string(), 4)]);
    let d = c.get("apps/v1/deployments/web").await;
    assert_eq!(d["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "2");
    assert_eq!(d["status"]["updatedReplicas"], 4);
    assert_eq!(d["status"]["observedGeneration"], d["metadata"]["generation"]);
    assert!(d["status"]["unavailableReplicas"].is_null());

    // Undo: the old template makes the old ReplicaSet the newest revision.
    c.patch("apps/v1/deployments/web", image("1")).await;
    c.sleep(10.0).await;
    assert_eq!(sizes(&c).await, [("app:1".to_string(), 4), ("app:2".to_string(), 0)]);
    let sets = c.list("apps/v1/replicasets").await;
    assert_eq!(sets.len(), 2);
    let first = sets.iter().find(|rs| rs["spec"]["replicas"] == 4).unwrap();
    assert_eq!(first["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "3");
    assert_eq!(first["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"], "1");
}

#[tokio::test(start_paused = true)]
async fn paused_deployments_scale_but_do_not_roll() {
    let c = Cluster::new().await;
    c.create("apps/v1/deployments", deployment(2, template(json!({})))).await;
    c.sleep(3.0).await;
    c.patch("apps/v1/deployments/web", json!({"spec": {"paused": true}})).await;
    c.sleep(1.0).await;
    assert_eq!(reason(&c.get("apps/v1/deployments/web").await, "Progressing"), "DeploymentPaused");
    c.patch("apps/v1/deployments/web", image("2")).await;
    c.patch("apps/v1/deployments/web", json!({"spec": {"replicas": 3}})).await;
    c.sleep(3.0).await;
    assert_eq!(sizes(&c).await, [("app:1".to_string(), 3)]);
    c.patch("apps/v1/deployments/web", json!({"spec": {"paused": false}})).await;
    c.sleep(10.0).await;
    assert_eq!(sizes(&c).await, [("app:1".to_string(), 0), ("app:2".to_string(), 3)]);
    assert_eq!(reason(&c.get("apps/v1/deployments/web").await, "Progressing"), "NewReplicaSetAvailable");
}

#[tokio::test(start_paused = true)]
async fn recreate_stops_all_before_it_starts_any() {
    let c = Cluster::new().await;
    let mut d = deployment(3, template(json!({})));
    d["spec"]["strategy"] = json!({"type": "Recreate"});
    c.create("apps/v1/deployments", d).await;
    c.sleep(3.0).await;
    c.patch("apps/v1/deployments/web", image("2")).await;
    for _ in 0..60 {
        c.sleep(0.1).await;
        let images: std::collections::BTreeSet<String> =
            c.pods().await.iter().map(|p| text(&p["spec"]["containers"][0]["image"])).collect();
        assert!(images.len() <= 1, "{images:?}");
    }
    assert_eq!(sizes(&c).await, [("app:1".to_string(), 0), ("app:2".to_string(), 3)]);
}

#[tokio::test(start_paused = true)]
async fn a_stuck_rollout_exceeds_its_deadline() {
    let c = Cluster::new().await;
    let mut d = deployment(2, template(json!({})));
    d["spec"]["progressDeadlineSeconds"] = json!(30);
    c.create("apps/v1/deployments", d).await;
    c.sleep(3.0).await;
    c.patch("apps/v1/deployments/web", image("error")).await;
    c.sleep(20.0).await;
    assert_eq!(reason(&c.get("apps/v1/deployments/web").await, "Progressing"), "ReplicaSetUpdated");
    c.sleep(20.0).await;
    let d = c.get("apps/v1/deployments/web").await;
    assert_eq!(reason(&d, "Progressing"), "ProgressDeadlineExceeded");
    assert_eq!(condition(&d, "Available"), "True");
}

#[tokio::test(start_paused = true)]
async fn history_is_limited() {
    let c = Cluster::new().await;
    let mut d = deployment(1, template(json!({})));
    d["spec"]["revisionHistoryLimit"] = json!(1);
    c.create("apps/v1/deployments", d).await;
    for tag in ["2", "3", "4"] {
        c.sleep(5.0).await;
        c.patch("apps/v1/deployments/web", image(tag)).await;
    }
    c.sleep(5.0).await;
    assert_eq!(sizes(&c).await, [("app:3".to_string(), 0), ("app:4".to_string(), 1)]);
    c.delete("apps/v1/deployments/web", Some("Background")).await;
    c.sleep(5.0).await;
    assert!(c.list("apps/v1/replicasets").await.is_empty());
    assert!(c.pods().await.is_empty());
}
