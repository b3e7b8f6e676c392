//! Rollouts that do not move, and what is said of them.

use crate::stage::{Denial, Stage, analysis, assert_shown, canary, rollout, service, template};
use http::Method;
use rollouts_kube::resource::{DEPLOYMENTS, ROLLOUTS};
use serde_json::{Value, json};

/// The programs that proposals may begin with besides our own, which are tried.
const KUBECTL: [&str; 7] =
    ["describe pod ", "describe replicaset ", "edit ", "get pods ", "get resourcequotas", "logs ", "scale rollout "];

/// Explains `web`, and checks that what is proposed can be run.
async fn explained(stage: &Stage, name: &str) -> String {
    let text = stage.run("explain rollout web").await;
    assert_shown(name, &text);
    let json: Value = serde_json::from_str(&stage.run("explain rollout web -o json").await).expect("JSON");
    assert_eq!(text.lines().next().and_then(|l| l.split_once(' ')).map(|(_, h)| h), json["headline"].as_str());
    for command in json["commands"].as_array().expect("a list") {
        let line = command["command"].as_str().expect("a text");
        let Some(ours) = line.strip_prefix("kubectl argo rollouts ") else {
            let rest = line.strip_prefix("kubectl ").expect("a command of kubectl");
            assert!(KUBECTL.iter().any(|known| rest.starts_with(known)), "{line}");
            continue;
        };
        // With --help the command itself, its flags and their values are looked at, and nothing is done.
        let help = stage.run(&format!("{ours} --help")).await;
        let verb: Vec<&str> = ours.split(' ').take_while(|word| *word != "web").collect();
        assert!(help.contains(&format!("  kubectl-argo-rollouts {}", verb.join(" "))), "{line}:\n{help}");
    }
    text
}

macro_rules! situations {
    ($($(#[$doc:meta])* async fn $name:ident($stage:ident) $body:block)*) => {
        $($(#[$doc])* #[tokio::test(start_paused = true)]
        async fn $name() {
            let mut $stage = Stage::new();
            $body
            let _ = &mut $stage;
            explained(&$stage, stringify!($name)).await;
        })*
    };
}

fn steps() -> Value {
    json!([{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {"duration": "10m"}}])
}

/// A canary whose first version runs, and whose second one has just been asked for.
async fn updated(stage: &Stage, rollout: Value, image: &str, seconds: u64) {
    stage.create(rollout);
    stage.wait(60).await;
    stage.image(image).await;
    stage.wait(seconds).await;
}

/// The route that a Rollout divides.
fn primary() -> Value {
    let to = |host: &str, weight: i32| json!({"destination": {"host": host}, "weight": weight});
    json!([{"name": "primary", "route": [to("web", 100), to("web-canary", 0)]}])
}

/// A canary behind Istio, whose VirtualService has these routes.
fn routed(stage: &Stage, http: Value) {
    ["web", "web-canary"].into_iter().for_each(|name| stage.create(service(name)));
    stage.create(json!({
        "apiVersion": "networking.istio.io/v1alpha3", "kind": "VirtualService", "metadata": {"name": "web"},
        "spec": {"hosts": ["web"], "http": http},
    }));
    let routing = json!({"istio": {"virtualService": {"name": "web", "routes": ["primary"]}}});
    stage.create(rollout(json!({"canary": {
        "canaryService": "web-canary", "stableService": "web", "trafficRouting": routing, "steps": steps(),
    }})));
}

situations! {
    async fn healthy(stage) {
        updated(&stage, canary(json!([{"setWeight": 50}])), "reg.example/web:2", 120).await;
    }
    async fn waits_for_a_promotion(stage) {
        updated(&stage, canary(steps()), "reg.example/web:2", 300).await;
    }
    async fn pauses_for_a_time(stage) {
        updated(&stage, canary(steps()), "reg.example/web:2", 60).await;
        stage.act("promote web").await;
        stage.wait(120).await;
    }
    async fn is_under_way(stage) {
        stage.create(canary(steps()));
        stage.wait(60).await;
        stage.set("/metadata/annotations", json!({"memkube.argoproj.io/ready-after": "25s"})).await;
        stage.wait(15).await;
    }
    async fn image_cannot_be_pulled(stage) {
        updated(&stage, canary(steps()), "reg.example/web:does-not-exist", 90).await;
    }
    async fn container_crashes(stage) {
        stage.create(canary(steps()));
        stage.wait(60).await;
        let log = "listening on :8080\npanic: DATABASE_URL is not set";
        let annotations = json!({"memkube.argoproj.io/crash-after": "1s", "memkube.argoproj.io/log": log});
        stage.set("/metadata/annotations", annotations).await;
        stage.wait(120).await;
    }
    async fn no_node_takes_a_pod(stage) {
        stage.create(canary(steps()));
        stage.wait(60).await;
        stage.set("/spec/nodeSelector", json!({"disk": "nvme"})).await;
        stage.wait(60).await;
    }
    async fn never_ready_and_out_of_time(stage) {
        let mut web = canary(steps());
        web["spec"]["progressDeadlineSeconds"] = json!(120);
        stage.create(web);
        stage.wait(60).await;
        stage.set("/metadata/annotations", json!({"memkube.argoproj.io/never-ready": "true"})).await;
        stage.wait(200).await;
    }
    async fn analysis_failed(stage) {
        stage.create(template("0.87", json!({
            "count": 3, "interval": "10s", "failureLimit": 1, "successCondition": "result[0] >= 0.95",
        })));
        let steps = json!([{"setWeight": 25}, {"analysis": analysis()}, {"setWeight": 50}]);
        updated(&stage, canary(steps), "reg.example/web:2", 120).await;
    }
    async fn analysis_inconclusive(stage) {
        stage.create(template("0.93", json!({
            "successCondition": "result[0] >= 0.95", "failureCondition": "result[0] < 0.9",
        })));
        let steps = json!([{"setWeight": 25}, {"analysis": analysis()}, {"setWeight": 50}]);
        updated(&stage, canary(steps), "reg.example/web:2", 120).await;
    }
    async fn analysis_error(stage) {
        stage.create(template("error", json!({
            "count": 10, "interval": "10s", "consecutiveErrorLimit": 2, "successCondition": "result[0] >= 0.95",
        })));
        let steps = json!([{"setWeight": 25}, {"analysis": analysis()}, {"setWeight": 50}]);
        updated(&stage, canary(steps), "reg.example/web:2", 180).await;
    }
    async fn analysis_goes_on(stage) {
        stage.create(template("0.97", json!({"interval": "1m", "count": 10, "successCondition": "result[0] >= 0.95"})));
        let steps = json!([{"setWeight": 25}, {"analysis": analysis()}, {"setWeight": 50}]);
        updated(&stage, canary(steps), "reg.example/web:2", 120).await;
    }
    async fn spec_is_invalid(stage) {
        updated(&stage, canary(json!([{"setWeight": 25}])), "reg.example/web:2", 60).await;
        stage.merge(&ROLLOUTS, "web", None, json!({"spec": {"strategy": {"canary": {"steps": [{"setWeight": 120}]}}}})).await;
        stage.wait(5).await;
    }
    async fn service_is_missing(stage) {
        stage.create(rollout(json!({"canary": {"canaryService": "web-canary", "stableService": "web"}})));
        stage.wait(30).await;
    }
    async fn analysis_template_is_missing(stage) {
        stage.create(canary(json!([{"setWeight": 25}, {"analysis": analysis()}])));
        stage.wait(30).await;
    }
    async fn deployment_is_missing(stage) {
        let mut web = canary(steps());
        web["spec"].as_object_mut().expect("an object").remove("template");
        web["spec"]["workloadRef"] = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web-old"});
        stage.create(web);
        stage.wait(30).await;
    }
    async fn paused_by_hand(stage) {
        updated(&stage, canary(steps()), "reg.example/web:2", 2).await;
        stage.act("pause web").await;
        stage.wait(300).await;
    }
    async fn aborted_by_hand(stage) {
        updated(&stage, canary(steps()), "reg.example/web:2", 60).await;
        stage.act("abort web").await;
        stage.wait(90).await;
    }
    async fn blue_green_waits_for_a_promotion(stage) {
        ["web", "web-preview"].into_iter().for_each(|name| stage.create(service(name)));
        let strategy = json!({"activeService": "web", "previewService": "web-preview", "autoPromotionEnabled": false});
        updated(&stage, rollout(json!({"blueGreen": strategy})), "reg.example/web:2", 90).await;
    }
    async fn blue_green_keeps_the_old_version_for_a_while(stage) {
        stage.create(service("web"));
        let strategy = json!({"activeService": "web", "scaleDownDelaySeconds": 600});
        updated(&stage, rollout(json!({"blueGreen": strategy})), "reg.example/web:2", 90).await;
    }
    async fn blue_green_analysis_failed_after_the_switch(stage) {
        stage.create(service("web"));
        stage.create(template("0.42", json!({"successCondition": "result[0] >= 0.95"})));
        let strategy = json!({"activeService": "web", "postPromotionAnalysis": analysis()});
        updated(&stage, rollout(json!({"blueGreen": strategy})), "reg.example/web:2", 90).await;
    }
    async fn scaled_to_nothing(stage) {
        updated(&stage, canary(steps()), "reg.example/web:2", 60).await;
        stage.merge(&ROLLOUTS, "web", None, json!({"spec": {"replicas": 0}})).await;
        stage.wait(60).await;
    }
    async fn route_is_missing(stage) {
        routed(&stage, json!([{"name": "other", "route": [{"destination": {"host": "elsewhere"}}]}]));
        stage.wait(60).await;
    }
    async fn traffic_is_shared(stage) {
        routed(&stage, primary());
        stage.wait(60).await;
        stage.image("reg.example/web:2").await;
        stage.wait(90).await;
    }
    async fn controller_is_down(stage) {
        stage.create(canary(steps()));
        stage.wait(60).await;
        stage.kill_controller().await;
        stage.image("reg.example/web:2").await;
        stage.wait(300).await;
    }
    async fn controller_of_another_instance(stage) {
        let mut web = canary(steps());
        web["metadata"]["labels"] = json!({"argo-rollouts.argoproj.io/controller-instance-id": "blue"});
        stage.kill_controller().await;
        stage.create(web);
        stage.wait(120).await;
    }
    async fn restart_is_held_by_a_budget(stage) {
        stage.create(canary(steps()));
        stage.create(json!({
            "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web"},
            "spec": {"minAvailable": "100%", "selector": {"matchLabels": {"app": "web"}}},
        }));
        stage.wait(60).await;
        stage.act("restart web").await;
        stage.wait(120).await;
    }
    async fn experiment_failed(stage) {
        stage.create(template("0.5", json!({"successCondition": "result[0] >= 0.95"})));
        let experiment = json!({
            "duration": "5m", "templates": [{"name": "try", "specRef": "canary"}],
            "analyses": [{"name": "rate", "templateName": "success-rate", "args": [{"name": "app", "value": "web"}]}],
        });
        let steps = json!([{"experiment": experiment}, {"setWeight": 50}]);
        updated(&stage, canary(steps), "reg.example/web:2", 120).await;
    }
    async fn pods_may_not_be_looked_at(stage) {
        updated(&stage, canary(steps()), "reg.example/web:does-not-exist", 90).await;
        let words = "pods is forbidden: User \"jane\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"";
        stage.deny("/pods", words);
    }
    async fn analysis_runs_may_not_be_looked_at(stage) {
        stage.create(template("0.87", json!({"successCondition": "result[0] >= 0.95"})));
        let steps = json!([{"setWeight": 25}, {"analysis": analysis()}, {"setWeight": 50}]);
        updated(&stage, canary(steps), "reg.example/web:2", 120).await;
        let words = "analysisruns.argoproj.io is forbidden: User \"jane\" cannot list resource \"analysisruns\"";
        stage.deny("/analysisruns", words);
    }
    async fn is_going(stage) {
        let mut web = canary(steps());
        web["metadata"]["finalizers"] = json!(["example.com/backup"]);
        stage.create(web);
        stage.wait(60).await;
        stage.rest().delete(&ROLLOUTS, "default", "web", &Default::default()).await.expect("it is accepted");
        stage.wait(5).await;
    }
    async fn deployment_gives_the_template(stage) {
        let mut old = rollout(json!({}));
        old["apiVersion"] = json!("apps/v1");
        old["kind"] = json!("Deployment");
        old["metadata"]["name"] = json!("web-old");
        old["spec"].as_object_mut().expect("an object").remove("strategy");
        old["spec"]["replicas"] = json!(0);
        stage.create(old);
        let mut web = canary(steps());
        web["spec"].as_object_mut().expect("an object").remove("template");
        web["spec"]["workloadRef"] = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web-old"});
        stage.create(web);
        stage.wait(60).await;
        let containers = json!([{"name": "web", "image": "reg.example/web:2"}]);
        stage.merge(&DEPLOYMENTS, "web-old", None, json!({"spec": {"template": {"spec": {"containers": containers}}}})).await;
        stage.wait(60).await;
    }
}

#[tokio::test(start_paused = true)]
async fn quota_is_exhausted() {
    let words = "pods \"web-\" is forbidden: exceeded quota: team-a, requested: pods=1, used: pods=4, limited: pods=4";
    let stage = Stage::with(&[Denial(Method::POST, "/pods", words)], &[]);
    stage.create(canary(steps()));
    stage.wait(60).await;
    explained(&stage, "quota_is_exhausted").await;
}

#[tokio::test(start_paused = true)]
async fn router_may_not_be_written() {
    let words = "virtualservices.networking.istio.io \"web\" is forbidden: User \"argo-rollouts\" cannot patch it";
    let denials = [Method::PATCH, Method::PUT].map(|method| Denial(method, "/virtualservices/web", words));
    let stage = Stage::with(&[], &denials);
    routed(&stage, primary());
    stage.wait(60).await;
    stage.image("reg.example/web:2").await;
    stage.wait(60).await;
    explained(&stage, "router_may_not_be_written").await;
}

#[tokio::test(start_paused = true)]
async fn flags_that_lead_there_are_repeated() {
    let stage = Stage::new();
    updated(&stage, canary(steps()), "reg.example/web:2", 60).await;
    let text = stage.run("explain ro web -n default --context prod@eu").await;
    assert!(text.contains("  kubectl argo rollouts promote web -n default --context prod@eu "), "{text}");
}

#[tokio::test(start_paused = true)]
async fn misuse_is_answered_as_by_other_commands() {
    let stage = Stage::new();
    for verb in ["explain", "diff", "history"] {
        let (code, stdout, stderr) = stage.try_run(&format!("{verb} rollout nope")).await;
        let not_found = "Error: rollout.argoproj.io \"nope\" not found\n";
        assert_eq!((code, stdout.as_str(), stderr.as_str()), (1, "", not_found));
        let (code, _, stderr) = stage.try_run(&format!("{verb} rollout")).await;
        assert!(code == 1 && stderr.starts_with("Usage:"), "{stderr}");
        let (code, _, stderr) = stage.try_run(&format!("{verb} rollout web -o xml")).await;
        assert_eq!((code, stderr.as_str()), (1, "Error: output \"xml\" is not supported; it is json, or none\n"));
        stage.run(&format!("{verb} rollouts --help")).await;
    }
}
