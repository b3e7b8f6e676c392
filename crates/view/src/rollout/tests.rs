use super::*;
use serde_json::json;

fn owned(name: &str, owner: &str, revision: &str) -> Value {
    json!({
        "metadata": {
            "name": name, "uid": name, "creationTimestamp": "2026-01-01T00:00:00Z",
            "ownerReferences": [{"uid": owner}],
            "annotations": {"rollout.argoproj.io/revision": revision},
        },
    })
}

fn replica_set(name: &str, owner: &str, revision: &str, hash: &str, images: &[&str]) -> Value {
    let mut rs = owned(name, owner, revision);
    rs["metadata"]["labels"] = json!({"rollouts-pod-template-hash": hash});
    let containers: Vec<_> = images.iter().map(|i| json!({"image": i})).collect();
    rs["spec"] = json!({"replicas": 1, "template": {"spec": {"containers": containers}}});
    rs["status"] = json!({"replicas": 1, "availableReplicas": 1});
    rs
}

fn canary() -> Value {
    json!({
        "metadata": {"name": "web", "namespace": "prod", "uid": "u"},
        "spec": {"strategy": {"canary": {"steps": [{"setWeight": 50}, {"pause": {}}]}}},
        "status": {"phase": "Paused", "stableRS": "a", "currentPodHash": "b", "currentStepIndex": 1,
            "replicas": 2, "availableReplicas": 2},
    })
}

#[test]
fn one_of_everything() {
    let mut baseline = replica_set("web-b-2-baseline", "e", "", "a", &["web:1", "side:1"]);
    baseline["metadata"]["annotations"]["experiment.argoproj.io/template-name"] = json!("baseline");
    let mut passed_on = replica_set("other", "someone else", "9", "b", &["x"]);
    passed_on["status"]["availableReplicas"] = json!(7);
    let replica_sets = [
        replica_set("web-a", "u", "1", "a", &["web:1", "side:1"]),
        replica_set("web-b", "u", "2", "b", &["web:2", "side:1"]),
        baseline,
        passed_on,
    ];
    let mut experiment = owned("web-b-2", "u", "2");
    experiment["metadata"]["uid"] = json!("e");
    let mut run = owned("web-b-2-smoke", "u", "2");
    run["status"] = json!({"phase": "Running", "metricResults": [
        {"successful": 2, "failed": 1, "measurements": [{"metadata": {"job-name": "j.1"}, "phase": "Successful"}, {}]},
        {"successful": 1, "error": 1},
    ]});
    let pods = [owned("p", "web-b", "")];
    let objects = Objects {
        replica_sets: &replica_sets.iter().collect::<Vec<_>>(),
        pods: &pods.iter().collect::<Vec<_>>(),
        experiments: &[&experiment],
        analysis_runs: &[&run, &owned("orphan", "gone", "2")],
    };
    let info = RolloutInfo::of(&canary(), objects, "2026-01-02T00:00:00Z".parse().unwrap());

    assert_eq!(info.weights, Some(Weights { step: Some("1/2".into()), set: 50, actual: 50 }));
    let revisions: Vec<_> =
        info.revisions().iter().map(|r| (r.number, r.replica_sets.len(), r.analysis_runs.len())).collect();
    assert_eq!(revisions, [(2, 1, 1), (1, 1, 0)]);
    assert_eq!(info.replica_sets[0].pods.len(), 1);
    assert_eq!(info.experiments[0].replica_sets[0].roles, []);
    let counts = info.analysis_runs[0].counts;
    assert_eq!((counts.successful, counts.failed, counts.inconclusive, counts.error), (3, 1, 0, 1));
    assert_eq!(info.analysis_runs[0].jobs.len(), 1);
    let images: Vec<_> = info
        .images()
        .iter()
        .map(|i| format!("{} {}", i.image, i.tags.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")))
        .collect();
    assert_eq!(images, ["side:1 canary,stable,Σ:baseline", "web:1 stable,Σ:baseline", "web:2 canary"]);
}

#[test]
fn nothing_but_a_name() {
    let info = RolloutInfo::of(&json!({"metadata": {"name": "web"}}), Objects::default(), Timestamp::UNIX_EPOCH);
    assert_eq!((info.strategy, info.weights.is_none(), info.desired), ("", true, 1));
    assert!(info.revisions().is_empty());
    assert!(info.images().is_empty());
}
