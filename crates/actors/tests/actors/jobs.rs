//! Jobs run pods to completion.

use crate::support::*;
use serde_json::{Value, json};

fn job(script: &str, spec: Value) -> Value {
    let container = json!({"name": "c", "image": "tool:1", "command": ["sh", "-c", script]});
    let mut job = json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "work"},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}},
    });
    for (k, v) in spec.as_object().unwrap() {
        job["spec"][k] = v.clone();
    }
    job
}

#[tokio::test(start_paused = true)]
async fn success_is_complete() {
    let c = Cluster::new().await;
    c.create("batch/v1/jobs", job("echo hi; sleep 3", json!({}))).await;
    c.sleep(3.0).await;
    let running = c.get("batch/v1/jobs/work").await;
    assert_eq!((&running["status"]["active"], &running["status"]["ready"]), (&json!(1), &json!(1)));
    c.sleep(2.0).await;
    let done = c.get("batch/v1/jobs/work").await;
    assert_eq!((&done["status"]["succeeded"], condition(&done, "Complete").as_str()), (&json!(1), "True"));
    assert_eq!(condition(&done, "SuccessCriteriaMet"), "True");
    assert!(done["status"]["completionTime"].is_string());
    assert_eq!(c.pod_states().await, [("Succeeded".to_string(), false)]);
}

#[tokio::test(start_paused = true)]
async fn failure_is_retried_up_to_the_limit() {
    let c = Cluster::new().await;
    c.create("batch/v1/jobs", job("exit 3", json!({"backoffLimit": 1}))).await;
    c.sleep(5.0).await;
    assert_eq!(c.get("batch/v1/jobs/work").await["status"]["failed"], 1);
    c.sleep(30.0).await;
    let failed = c.get("batch/v1/jobs/work").await;
    assert_eq!(failed["status"]["failed"], 2);
    assert_eq!(
        (condition(&failed, "Failed"), reason(&failed, "Failed")),
        ("True".into(), "BackoffLimitExceeded".into())
    );
    assert_eq!(c.pods().await[0]["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"], 3);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_stops_pods() {
    let c = Cluster::new().await;
    c.create("batch/v1/jobs", job("sleep 600", json!({"activeDeadlineSeconds": 10}))).await;
    c.sleep(15.0).await;
    let failed = c.get("batch/v1/jobs/work").await;
    assert_eq!(reason(&failed, "Failed"), "DeadlineExceeded");
    assert!(c.pods().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn completions_parallelism_and_indexes() {
    let c = Cluster::new().await;
    let spec = json!({"completions": 5, "parallelism": 2, "completionMode": "Indexed"});
    c.create("batch/v1/jobs", job("sleep 2", spec)).await;
    for _ in 0..20 {
        c.sleep(1.0).await;
        let active = c.pod_states().await.iter().filter(|(phase, _)| phase != "Succeeded").count();
        assert!(active <= 2);
    }
    let done = c.get("batch/v1/jobs/work").await;
    assert_eq!((&done["status"]["succeeded"], &done["status"]["completedIndexes"]), (&json!(5), &json!("0-4")));
    assert_eq!(condition(&done, "Complete"), "True");
}

#[tokio::test(start_paused = true)]
async fn suspended_jobs_wait_and_finished_ones_expire() {
    let c = Cluster::new().await;
    c.create("batch/v1/jobs", job("sleep 5", json!({"suspend": true, "ttlSecondsAfterFinished": 60}))).await;
    c.sleep(5.0).await;
    assert!(c.pods().await.is_empty());
    assert_eq!(condition(&c.get("batch/v1/jobs/work").await, "Suspended"), "True");
    c.patch("batch/v1/jobs/work", json!({"spec": {"suspend": false}})).await;
    c.sleep(3.0).await;
    assert_eq!(c.get("batch/v1/jobs/work").await["status"]["active"], 1);
    c.sleep(20.0).await;
    assert_eq!(condition(&c.get("batch/v1/jobs/work").await, "Complete"), "True");
    c.sleep(60.0).await;
    assert!(c.find("batch/v1/jobs/work").await.is_none());
    assert!(c.pods().await.is_empty());
}
