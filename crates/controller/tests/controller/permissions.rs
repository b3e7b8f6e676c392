//! The roles in `deploy/` against the requests that the controller makes: none is refused, none is granted for nothing.

use crate::analysis::{analysis, metric, refers_to};
use crate::connection::{Verdict, judged};
use crate::objects::{
    deployment, pod_template, pods, reference, referring, replica_set, rollout, selector, service, template,
};
use crate::world::{World, seconds};
use crate::{load_balancers, router_kinds};
use http::Request;
use kube::client::Body;
use rollouts_api::names;
use rollouts_controller::Election;
use rollouts_kube::resource::{
    ANALYSIS_RUNS, ANALYSIS_TEMPLATES, DEPLOYMENTS, EXPERIMENTS, JOBS, POD_TEMPLATES, REPLICA_SETS, ROLLOUTS, SERVICES,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// API group, resource with subresource, and verb.
type Access = (String, String, String);

/// What the admission plugin OwnerReferencesPermissionEnforcement asks for, which memkube has not.
const UNSEEN: [(&str, &str, &str); 3] = [
    ("argoproj.io", "rollouts/finalizers", "update"),
    ("argoproj.io", "experiments/finalizers", "update"),
    ("argoproj.io", "analysisruns/finalizers", "update"),
];

/// Groups that a flag puts in place of another, whose requests are the same.
const BY_FLAG: [&str; 2] = ["traefik.containo.us", "x.getambassador.io"];

fn granted(file: &str, kinds: &[&str]) -> BTreeSet<Access> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    let mut granted = BTreeSet::new();
    for document in text.split("\n---\n") {
        if document.contains("kind: CustomResourceDefinition") {
            continue;
        }
        let object: Value = serde_saphyr::from_str(document).unwrap();
        if object["metadata"]["name"] != "argo-rollouts" || !kinds.contains(&object["kind"].as_str().unwrap()) {
            continue;
        }
        let texts = |list: &Value| -> Vec<String> {
            list.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_string()).collect()
        };
        for rule in object["rules"].as_array().unwrap() {
            for group in texts(&rule["apiGroups"]) {
                for resource in texts(&rule["resources"]) {
                    for verb in texts(&rule["verbs"]) {
                        granted.insert((group.clone(), resource.clone(), verb));
                    }
                }
            }
        }
    }
    granted
}

/// What an API server asks its authorizer about a request.
fn access(request: &Request<Body>) -> Access {
    let mut path: Vec<&str> = request.uri().path().split('/').filter(|part| !part.is_empty()).collect();
    let group = if path[0] == "api" { "" } else { path[1] };
    path.drain(..if path[0] == "api" { 2 } else { 3 });
    if path[0] == "namespaces" && path.len() > 2 {
        path.drain(..2);
    }
    let resource = path.get(2).map_or(path[0].to_string(), |sub| format!("{}/{sub}", path[0]));
    let watches = request.uri().query().is_some_and(|query| query.split('&').any(|part| part == "watch=true"));
    let verb = match (request.method().as_str(), path.len()) {
        ("GET", 1) if watches => "watch",
        ("GET", 1) => "list",
        ("GET", _) => "get",
        ("POST", _) => "create",
        ("PUT", _) => "update",
        ("PATCH", _) => "patch",
        ("DELETE", _) => "delete",
        other => panic!("{other:?}"),
    };
    (group.to_string(), resource, verb.to_string())
}

/// Changes a Rollout and waits until it has settled.
async fn change(world: &World, name: &str, spec: Value) {
    world.patch(&ROLLOUTS, name, json!({ "spec": spec })).await;
    settle(world, name).await;
}

async fn settle(world: &World, name: &str) {
    seconds(90).await;
    assert_eq!(world.rollout(name).await["status"]["phase"], "Healthy", "{name}");
}

/// Services, roles' metadata, a restart, cleaned up history.
async fn canary(world: &World) {
    for name in ["stable", "canary"] {
        world.create(&SERVICES, service(name, "web")).await;
    }
    let mut spec = pods("web", 2);
    spec["revisionHistoryLimit"] = 0.into();
    spec["strategy"]["canary"] = json!({
        "stableService": "stable",
        "canaryService": "canary",
        "stableMetadata": { "labels": { "role": "stable" } },
        "canaryMetadata": { "labels": { "role": "canary" } },
        "steps": [{ "setWeight": 50 }, { "pause": { "duration": 5 } }],
    });
    world.create(&ROLLOUTS, rollout("web", &spec)).await;
    settle(world, "web").await;
    for image in ["b", "a", "b"] {
        change(world, "web", json!({ "template": template("web", image) })).await;
    }
    change(world, "web", json!({ "restartAt": "2026-01-01T00:06:00Z" })).await;
    // The same event twice is one with a count.
    for replicas in [3, 2, 3] {
        change(world, "web", json!({ "replicas": replicas })).await;
    }
    world.delete(&ROLLOUTS, "web").await;
}

/// A ReplicaSet to adopt, and one whose name is in the way.
async fn strangers(world: &World) {
    let mut spec = pods("old", 2);
    spec["strategy"] = json!({ "canary": {} });
    let object = rollout("old", &spec);
    let stranger = |name: &str, hash: Option<&str>| {
        let mut spec = pods("old", 0);
        if let Some(hash) = hash {
            spec["selector"]["matchLabels"][names::POD_TEMPLATE_HASH] = hash.into();
            spec["template"]["metadata"]["labels"][names::POD_TEMPLATE_HASH] = hash.into();
        }
        spec["template"]["spec"]["containers"][0]["image"] = "z".into();
        let mut set = replica_set(name, &spec);
        set["metadata"]["labels"] = spec["template"]["metadata"]["labels"].clone();
        set
    };
    // What it is going to be called shows when it is there for the first time.
    world.create(&ROLLOUTS, object.clone()).await;
    settle(world, "old").await;
    let name = format!("old-{}", world.rollout("old").await["status"]["currentPodHash"].as_str().unwrap());
    world.delete(&ROLLOUTS, "old").await;
    seconds(30).await;
    world.create(&REPLICA_SETS, stranger("old-orphan", Some("orphan"))).await;
    world.create(&REPLICA_SETS, stranger(&name, None)).await;
    world.create(&ROLLOUTS, object).await;
    settle(world, "old").await;
    let adopted = world.get(&REPLICA_SETS, "old-orphan").await;
    assert_eq!(adopted["metadata"]["ownerReferences"][0]["name"], "old");
}

/// Templates from elsewhere; a Deployment scaled down and given back.
async fn workloads(world: &World) {
    world.create(&DEPLOYMENTS, deployment("app", "app", 2)).await;
    world.create(&ROLLOUTS, referring("app", 2, reference("app", "onsuccess"))).await;
    settle(world, "app").await;
    world.create(&POD_TEMPLATES, pod_template("pods", "pods")).await;
    let reference = json!({ "apiVersion": "v1", "kind": "PodTemplate", "name": "pods" });
    let mut ro = referring("pods", 2, reference);
    ro["spec"]["selector"] = selector("pods");
    world.create(&ROLLOUTS, ro).await;
    settle(world, "pods").await;
    world.delete(&ROLLOUTS, "app").await;
}

/// A run with a Secret, one whose name is in the way of another, one that is told to end, and one whose time is over.
async fn analyses(world: &World) {
    let mut endless = metric("endless");
    endless["interval"] = "5s".into();
    world.create(&ANALYSIS_TEMPLATES, analysis("AnalysisTemplate", "endless", &endless)).await;
    let mut spec = pods("seen", 2);
    let steps = json!([{ "pause": { "duration": 10 } }, { "setWeight": 50 }, { "pause": { "duration": 10 } }]);
    spec["strategy"]["canary"] = json!({ "analysis": refers_to("endless"), "steps": steps });
    spec["strategy"]["canary"]["analysis"]["startingStep"] = 1.into();
    world.create(&ROLLOUTS, rollout("seen", &spec)).await;
    settle(world, "seen").await;
    world.patch(&ROLLOUTS, "seen", json!({ "spec": { "template": template("seen", "b") } })).await;
    seconds(3).await;
    let hash = world.rollout("seen").await["status"]["currentPodHash"].as_str().unwrap().to_string();
    let mut stranger = analysis("AnalysisRun", &format!("seen-{hash}-2"), &metric("m"));
    stranger["metadata"]["labels"] = json!({ names::INSTANCE_ID: "other" });
    world.create(&ANALYSIS_RUNS, stranger).await;
    settle(world, "seen").await;
    let mut run = analysis("AnalysisRun", "mine", &metric("m"));
    run["spec"]["args"] = json!([{ "name": "a", "valueFrom": { "secretKeyRef": { "name": "s", "key": "k" } } }]);
    run["spec"]["ttlStrategy"] = json!({ "secondsAfterCompletion": 10 });
    world.create(&ANALYSIS_RUNS, run).await;
    // One whose Job would go on.
    let command = json!(["sh", "-c", "sleep 3600"]);
    let containers = json!([{ "name": "main", "image": "tool:1", "command": command }]);
    let job = json!({ "template": { "spec": { "containers": containers, "restartPolicy": "Never" } } });
    let work = json!({ "name": "work", "provider": { "job": { "spec": job } } });
    world.create(&ANALYSIS_RUNS, analysis("AnalysisRun", "working", &work)).await;
    seconds(30).await;
    world.patch(&ANALYSIS_RUNS, "working", json!({ "spec": { "terminate": true } })).await;
    seconds(30).await;
    assert_eq!(world.get(&ANALYSIS_RUNS, "working").await["status"]["phase"], "Inconclusive");
    assert!(world.list(&JOBS).await.is_empty());
    assert_eq!(world.list(&ANALYSIS_RUNS).await.len(), 3);
}

/// An Experiment whose name is in the way, one that is told to end, and old ones that go; Services.
async fn experiments(world: &World) {
    let mut spec = pods("tried", 1);
    spec["analysis"] = json!({ "successfulRunHistoryLimit": 0 });
    spec["template"]["spec"]["containers"][0]["ports"] = json!([{ "containerPort": 80 }]);
    let tried = json!({ "name": "new", "specRef": "canary", "service": { "name": "lab" } });
    let experiment = json!({ "templates": [tried], "duration": "5m", "scaleDownDelaySeconds": 0 });
    let steps = json!([{ "pause": { "duration": 10 } }, { "experiment": experiment }]);
    spec["strategy"] = json!({ "canary": { "steps": steps } });
    world.create(&ROLLOUTS, rollout("tried", &spec)).await;
    settle(world, "tried").await;
    world.create(&SERVICES, service("lab", "other")).await;
    spec["template"]["spec"]["containers"][0]["image"] = "b".into();
    world.patch(&ROLLOUTS, "tried", json!({ "spec": { "template": spec["template"] } })).await;
    seconds(3).await;
    let hash = world.rollout("tried").await["status"]["currentPodHash"].as_str().unwrap().to_string();
    let mut stranger = analysis("Experiment", &format!("tried-{hash}-2-1"), &metric("m"));
    stranger["metadata"]["labels"] = json!({ names::INSTANCE_ID: "other" });
    stranger["spec"] = json!({ "templates": [] });
    world.create(&EXPERIMENTS, stranger).await;
    seconds(30).await;
    assert_eq!(world.rollout("tried").await["status"]["abort"], true, "the Service has a name of somebody else's");
    world.delete(&SERVICES, "lab").await;
    world.patch_status(&ROLLOUTS, "tried", json!({ "abort": false })).await;
    seconds(30).await;
    assert_eq!(world.get(&SERVICES, "lab").await["spec"]["ports"][0]["port"], 80);
    world.patch_status(&ROLLOUTS, "tried", json!({ "promoteFull": true })).await;
    settle(world, "tried").await;
    assert_eq!(world.list(&EXPERIMENTS).await.len(), 2, "the stranger, and the one that failed");
}

#[tokio::test(start_paused = true)]
async fn what_is_granted_is_what_is_needed() {
    let (world, seen) = (World::start(), Arc::new(Mutex::new(BTreeSet::new())));
    let accesses = Arc::clone(&seen);
    let recorded = judged(&world.server, move |request| {
        accesses.lock().unwrap().insert(access(request));
        Verdict::Pass
    });
    let election = Election::new(recorded.clone(), "default", None, "only");
    let aws = load_balancers::Aws::default();
    let controller = world.controller_through(recorded, |options| {
        options.election = Some(election);
        aws.options(options);
    });
    canary(&world).await;
    strangers(&world).await;
    workloads(&world).await;
    analyses(&world).await;
    experiments(&world).await;
    router_kinds::play(&world).await;
    load_balancers::prepare(&world, &aws).await;
    load_balancers::play(&world, &aws).await;
    seconds(60).await;
    controller.stop();
    let unseen = UNSEEN.map(|(group, resource, verb)| (group.to_string(), resource.to_string(), verb.to_string()));
    let mut needed = seen.lock().unwrap().clone();
    needed.extend(unseen);
    for (file, kinds) in [("install.yaml", &["ClusterRole", "Role"][..]), ("namespace-install.yaml", &["Role"])] {
        let (mut granted, mut needed) = (granted(file, kinds), needed.clone());
        granted.retain(|(group, ..)| !BY_FLAG.contains(&&**group));
        if file == "namespace-install.yaml" {
            // With `--namespaced` they are not read.
            needed.retain(|(_, resource, _)| resource != "clusteranalysistemplates");
        }
        let missing: Vec<_> = needed.difference(&granted).collect();
        let unneeded: Vec<_> = granted.difference(&needed).collect();
        assert!(missing.is_empty() && unneeded.is_empty(), "{file}: missing {missing:?}, unneeded {unneeded:?}");
    }
}
