//! `diff` and `history`.

use crate::stage::{Stage, analysis, assert_shown, canary, rollout, template};
use rollouts_kube::resource::{DEPLOYMENTS, ROLLOUTS};
use serde_json::{Value, json};

/// A Rollout with many fields.
fn rich() -> Value {
    let mut web = canary(json!([{"setWeight": 25}, {"pause": {}}]));
    web["spec"]["template"]["spec"]["containers"] = json!([
        {"name": "proxy", "image": "reg.example/proxy:1"},
        {
            "name": "web", "image": "reg.example/web:1", "ports": [{"containerPort": 8080}],
            "env": [{"name": "LOG", "value": "info"}, {"name": "OLD", "value": "1"}],
            "resources": {"limits": {"memory": "256Mi"}},
        },
    ]);
    web
}

async fn changed(stage: &Stage) {
    stage.create(rich());
    stage.wait(60).await;
    let containers = json!([
        {
            "name": "web", "image": "reg.example/web:2", "ports": [{"containerPort": 8080, "protocol": "TCP"}],
            "env": [{"name": "LOG", "value": "debug"}, {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "web", "key": "token"}}}],
            "resources": {"limits": {"memory": "512Mi"}},
        },
        {"name": "proxy", "image": "reg.example/proxy:1", "imagePullPolicy": "IfNotPresent"},
    ]);
    stage.set("/spec/containers", containers).await;
    stage.set("/metadata/annotations", json!({"prometheus.io/scrape": "true"})).await;
    stage.wait(60).await;
}

#[tokio::test(start_paused = true)]
async fn an_update_field_by_field() {
    let stage = Stage::new();
    changed(&stage).await;
    assert_shown("diff", &stage.run("diff rollout web").await);
    let json: Value = serde_json::from_str(&stage.run("diff ro web -o json").await).expect("JSON");
    let changes = json["changes"].as_array().expect("a list");
    let image = changes.iter().find(|c| c["path"] == "spec.containers[web].image").expect("the image");
    let expected = json!({"path": "spec.containers[web].image", "change": "changed", "old": "reg.example/web:1", "new": "reg.example/web:2"});
    assert_eq!(*image, expected);
    let kinds: Vec<&str> = changes.iter().filter_map(|c| c["change"].as_str()).collect();
    assert!(kinds.contains(&"added") && kinds.contains(&"removed"), "{kinds:?}");
}

#[tokio::test(start_paused = true)]
async fn equal_templates_are_said_to_be_equal() {
    let stage = Stage::new();
    stage.create(rich());
    stage.wait(60).await;
    let text = stage.run("diff rollout web").await;
    assert!(text.starts_with("web: nothing differs between revision 1 (stable, ReplicaSet web-"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn what_nobody_has_rolled_out_yet_is_compared_too() {
    let mut stage = Stage::new();
    stage.create(rich());
    stage.wait(60).await;
    stage.kill_controller().await;
    stage.set("/spec/containers/0/image", json!("reg.example/proxy:2")).await;
    let text = stage.run("diff rollout web").await;
    assert!(text.contains("+ the pod template (no revision yet)\n"), "{text}");
    assert!(text.ends_with("~ spec.containers[proxy].image  reg.example/proxy:1 → reg.example/proxy:2\n"), "{text}");
    let (code, _, stderr) = stage.try_run("diff rollout web --from-revision 9").await;
    assert_eq!((code, stderr.as_str()), (1, "Error: unable to find specified revision 9 in history\n"));
}

#[tokio::test(start_paused = true)]
async fn revisions_are_compared() {
    let stage = Stage::new();
    changed(&stage).await;
    let text = stage.run("diff rollout web --from-revision 2 --to-revision 1").await;
    assert!(text.contains("~ spec.containers[web].image"), "{text}");
    assert!(text.contains("reg.example/web:2 → reg.example/web:1\n"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn the_template_of_a_workload_is_compared() {
    let stage = Stage::new();
    let mut old = rollout(json!({}));
    (old["apiVersion"], old["kind"], old["metadata"]["name"]) =
        (json!("apps/v1"), json!("Deployment"), json!("web-old"));
    old["spec"].as_object_mut().expect("an object").remove("strategy");
    old["spec"]["replicas"] = json!(0);
    stage.create(old);
    let mut web = canary(json!([{"setWeight": 25}, {"pause": {}}]));
    web["spec"].as_object_mut().expect("an object").remove("template");
    web["spec"]["workloadRef"] = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web-old"});
    stage.create(web);
    stage.wait(60).await;
    let containers = json!([{"name": "web", "image": "reg.example/web:2"}]);
    stage
        .merge(&DEPLOYMENTS, "web-old", None, json!({"spec": {"template": {"spec": {"containers": containers}}}}))
        .await;
    stage.wait(60).await;
    let text = stage.run("diff rollout web").await;
    assert!(text.contains("+ revision 2 (the pod template, Deployment web-old)\n"), "{text}");
    assert!(text.ends_with("~ spec.containers[web].image  reg.example/web:1 → reg.example/web:2\n"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn how_revisions_ended() {
    let stage = Stage::new();
    stage.create(template("0.87", json!({"successCondition": "result[0] >= 0.95"})));
    let mut web = canary(json!([{"setWeight": 25}, {"analysis": analysis()}]));
    web["metadata"]["annotations"] = json!({"kubernetes.io/change-cause": "the first release"});
    stage.create(web);
    stage.wait(60).await;
    // Fails its analysis.
    stage.image("reg.example/web:2").await;
    stage.wait(120).await;
    // Goes to all without being looked at.
    stage.image("reg.example/web:3").await;
    stage.wait(1).await;
    let cause = json!({"metadata": {"annotations": {"kubernetes.io/change-cause": "hurry"}}});
    stage.merge(&ROLLOUTS, "web", None, cause).await;
    stage.act("promote web --full").await;
    stage.wait(120).await;
    // Aborted by hand.
    stage.image("reg.example/web:does-not-exist").await;
    stage.wait(20).await;
    stage.act("abort web").await;
    stage.wait(60).await;
    assert_shown("history", &stage.run("history rollout web").await);
    let json: Value = serde_json::from_str(&stage.run("history rollout web -o json").await).expect("JSON");
    let outcomes: Vec<&Value> = json["revisions"].as_array().expect("a list").iter().map(|r| &r["outcome"]).collect();
    assert_eq!(outcomes, ["aborted", "stable", "failed analysis", "completed"]);

    assert_shown("history-revision", &stage.run("history rollout web --revision 2").await);
    let one: Value = serde_json::from_str(&stage.run("history rollout web --revision 2 -o json").await).expect("JSON");
    assert_eq!(one["template"]["spec"]["containers"][0]["image"], "reg.example/web:2");
    let (code, _, stderr) = stage.try_run("history rollout web --revision 7").await;
    assert_eq!((code, stderr.as_str()), (1, "Error: unable to find specified revision 7 in history\n"));
}
