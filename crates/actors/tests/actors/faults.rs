//! Whatever goes wrong between the actors and the API server, they act once and arrive.

use crate::support::*;
use serde_json::json;
use std::time::Duration;

/// A seeded stream of mishaps: one request in three goes wrong.
fn chaos(seed: u64) -> impl Fn(&str, &str, u64) -> Fault + Send + Sync + 'static {
    move |method, _, number| {
        let mut x = (seed ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        x = (x ^ (x >> 31)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        x ^= x >> 29;
        match (x % 30, method) {
            (0, _) => Fault::Status(500, "InternalError", "stumbled"),
            (1, _) => Fault::Status(429, "TooManyRequests", "slow down"),
            (2, "PUT" | "PATCH") => Fault::Status(409, "Conflict", "changed"),
            (3 | 4, _) => Fault::LostAnswer,
            (5 | 6, _) => Fault::Slow(Duration::from_millis(x % 3000)),
            (7 | 8, "GET") => Fault::Cut(Duration::from_millis(x % 5000)),
            (9, "GET") => Fault::Status(410, "Expired", "too old"),
            _ => Fault::None,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_pod_too_many_and_all_at_last() {
    for seed in 0..8 {
        let faults = Faults::default();
        let mut c = Cluster::faulty(&faults).await;
        faults.set(chaos(seed));
        c.create(
            "v1/services",
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
            "spec": {"selector": {"app": "demo"}, "ports": [{"port": 80}]}}),
        )
        .await;
        c.create("apps/v1/replicasets", replica_set(5, template(json!({})))).await;
        for step in 0..60 {
            c.sleep(0.5).await;
            let pods = c.pods().await;
            assert!(pods.len() <= 5, "seed {seed}: {} pods", pods.len());
            if step == 20 {
                c.restart().await;
            }
        }
        faults.set(|_, _, _| Fault::None);
        c.sleep(200.0).await;
        assert_eq!(c.get("apps/v1/replicasets/web").await["status"]["readyReplicas"], 5, "seed {seed}");
        assert_eq!(c.get("v1/endpoints/web").await["subsets"][0]["addresses"].as_array().unwrap().len(), 5);
        assert_eq!(c.list("discovery.k8s.io/v1/endpointslices").await.len(), 1);
        c.patch("apps/v1/replicasets/web", json!({"spec": {"replicas": 2}})).await;
        faults.set(chaos(seed + 1000));
        for _ in 0..60 {
            c.sleep(0.5).await;
            let alive = c.pods().await.iter().filter(|p| p["metadata"]["deletionTimestamp"].is_null()).count();
            assert!(alive >= 2, "seed {seed}: {alive} pods");
        }
        faults.set(|_, _, _| Fault::None);
        c.sleep(200.0).await;
        assert_eq!(c.pods().await.len(), 2, "seed {seed}");
        c.delete("apps/v1/replicasets/web", Some("Foreground")).await;
        c.sleep(60.0).await;
        assert!(c.pods().await.is_empty(), "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn rollouts_and_jobs_arrive_too() {
    for seed in 100..105 {
        let faults = Faults::default();
        let c = Cluster::faulty(&faults).await;
        faults.set(chaos(seed));
        c.create("apps/v1/deployments", deployment(3, template(json!({})))).await;
        c.create("batch/v1/jobs", json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "work"}, "spec": {
            "completions": 3, "parallelism": 3,
            "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "tool:1", "command": ["sleep", "2"]}]}}}})).await;
        c.sleep(10.0).await;
        c.patch("apps/v1/deployments/web", json!({"spec": {"template": {"metadata": {"annotations": {"v": "2"}}}}}))
            .await;
        c.sleep(60.0).await;
        faults.set(|_, _, _| Fault::None);
        c.sleep(300.0).await;
        let d = c.get("apps/v1/deployments/web").await;
        assert_eq!(
            (&d["status"]["updatedReplicas"], &d["status"]["availableReplicas"]),
            (&json!(3), &json!(3)),
            "seed {seed}"
        );
        assert_eq!(c.list("apps/v1/replicasets").await.len(), 2, "seed {seed}");
        let job = c.get("batch/v1/jobs/work").await;
        assert_eq!(
            (&job["status"]["succeeded"], condition(&job, "Complete").as_str()),
            (&json!(3), "True"),
            "seed {seed}"
        );
        assert_eq!(c.pods().await.len(), 6, "seed {seed}: three of each");
    }
}

/// The same seeds give the same requests in the same order, and idling gives none.
#[tokio::test(start_paused = true)]
async fn runs_repeat_and_idling_is_free() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let faults = Faults::default();
        let c = Cluster::faulty(&faults).await;
        faults.set(chaos(7));
        c.create("apps/v1/deployments", deployment(4, template(json!({})))).await;
        c.sleep(10.0).await;
        c.patch("apps/v1/deployments/web", json!({"spec": {"template": {"metadata": {"annotations": {"v": "2"}}}}}))
            .await;
        c.sleep(60.0).await;
        faults.set(|_, _, _| Fault::None);
        c.sleep(300.0).await;
        let before = faults.requests().len();
        c.sleep(1200.0).await;
        let idle = faults.requests().split_off(before);
        assert!(idle.is_empty(), "{idle:?}");
        runs.push(faults.requests());
    }
    assert_eq!(runs[0].len(), runs[1].len());
    for (a, b) in runs[0].iter().zip(&runs[1]) {
        assert_eq!(a, b);
    }
}
