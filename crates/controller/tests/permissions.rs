//! The roles in `deploy/` against the requests that the controller makes: none is refused, none is granted for nothing.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use rollouts_controller::{Election, Options};
use rollouts_kube::client::from_service;
use rollouts_kube::rest::{Delete, PatchKind};
use rollouts_kube::{Resource, Rest, resource, tokio_clock};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// API group, resource with subresource, and verb.
type Access = (String, String, String);

/// What the admission plugin OwnerReferencesPermissionEnforcement asks for, which memkube has not.
const UNSEEN: [(&str, &str, &str); 1] = [("argoproj.io", "rollouts/finalizers", "update")];

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
fn access(request: &http::Request<kube::client::Body>) -> Access {
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

struct World {
    rest: Rest,
    seen: Arc<Mutex<BTreeSet<Access>>>,
    stop: CancellationToken,
}

impl World {
    async fn new() -> Self {
        let clock = tokio_clock("2026-01-01T00:00:00Z".parse().unwrap());
        let server = rollouts_memkube::Server::new(rollouts_memkube::Config::new(clock.clone()));
        let client = from_service(server.service());
        for crd in rollouts_api::crd::manifests() {
            server.create(crd).unwrap();
        }
        let actors = rollouts_actors::Options::new(clock.clone());
        tokio::spawn(rollouts_actors::run(client.clone(), actors, std::future::pending()));
        let seen = Arc::new(Mutex::new(BTreeSet::new()));
        let accesses = Arc::clone(&seen);
        let recorded = from_service(tower::service_fn(move |request: http::Request<kube::client::Body>| {
            accesses.lock().unwrap().insert(access(&request));
            server.service().oneshot(request)
        }));
        let mut options = Options::new(clock);
        options.election = Some(Election::new(recorded.clone(), "default", None, "only"));
        let stop = CancellationToken::new();
        tokio::spawn(rollouts_controller::run(recorded, options, stop.clone()));
        World { rest: Rest::new(client), seen, stop }
    }

    async fn create(&self, r: &Resource, object: Value) -> Value {
        self.rest.create(r, "default", &object).await.unwrap()
    }

    async fn patch(&self, name: &str, patch: Value) {
        let kind = PatchKind::Merge;
        let _: Value = self.rest.patch(&resource::ROLLOUTS, "default", name, None, kind, &patch).await.unwrap();
    }

    async fn update(&self, name: &str, image: &str) {
        self.patch(name, json!({ "spec": { "template": template(name, image) } })).await;
        self.settle(name).await;
    }

    async fn settle(&self, name: &str) {
        tokio::time::sleep(Duration::from_secs(90)).await;
        assert_eq!(self.phase(name).await, "Healthy", "{name}");
    }

    async fn phase(&self, name: &str) -> Value {
        let ro: Value = self.rest.get(&resource::ROLLOUTS, "default", name).await.unwrap();
        ro["status"]["phase"].clone()
    }

    async fn delete(&self, name: &str) {
        self.rest.delete(&resource::ROLLOUTS, "default", name, &Delete::default()).await.unwrap();
    }
}

fn template(app: &str, image: &str) -> Value {
    json!({
        "metadata": { "labels": { "app": app } },
        "spec": { "containers": [{ "name": "main", "image": image }] },
    })
}

fn rollout(name: &str, spec: Value) -> Value {
    let mut object = json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": { "name": name, "namespace": "default" },
        "spec": { "replicas": 2, "selector": { "matchLabels": { "app": name } } },
    });
    object["spec"].as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    object
}

fn service(name: &str, app: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": { "name": name, "namespace": "default" },
        "spec": { "selector": { "app": app }, "ports": [{ "port": 80 }] },
    })
}

/// Services, roles' metadata, a restart, cleaned up history.
async fn canary(world: &World) {
    for name in ["stable", "canary"] {
        world.create(&resource::SERVICES, service(name, "web")).await;
    }
    let strategy = json!({
        "stableService": "stable",
        "canaryService": "canary",
        "stableMetadata": { "labels": { "role": "stable" } },
        "canaryMetadata": { "labels": { "role": "canary" } },
        "steps": [{ "setWeight": 50 }, { "pause": { "duration": 5 } }],
    });
    let spec =
        json!({ "revisionHistoryLimit": 0, "template": template("web", "a"), "strategy": { "canary": strategy } });
    world.create(&resource::ROLLOUTS, rollout("web", spec)).await;
    world.settle("web").await;
    for image in ["b", "a", "b"] {
        world.update("web", image).await;
    }
    world.patch("web", json!({ "spec": { "restartAt": "2026-01-01T00:06:00Z" } })).await;
    world.settle("web").await;
    // The same event twice is one with a count.
    for replicas in [3, 2, 3] {
        world.patch("web", json!({ "spec": { "replicas": replicas } })).await;
        world.settle("web").await;
    }
    world.delete("web").await;
}

/// A ReplicaSet to adopt, and one whose name is in the way.
async fn strangers(world: &World) {
    let spec = json!({ "template": template("old", "a"), "strategy": { "canary": {} } });
    let object = rollout("old", spec);
    let stranger = |name: &str, hash: Option<&str>| {
        let mut template = template("old", "z");
        let mut labels = json!({ "app": "old" });
        if let Some(hash) = hash {
            labels["rollouts-pod-template-hash"] = hash.into();
            template["metadata"]["labels"] = labels.clone();
        }
        json!({
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": { "name": name, "namespace": "default", "labels": labels },
            "spec": { "replicas": 0, "selector": { "matchLabels": labels }, "template": template },
        })
    };
    let sets = &resource::REPLICA_SETS;
    // What it is going to be called shows when it is there for the first time.
    world.create(&resource::ROLLOUTS, object.clone()).await;
    world.settle("old").await;
    let ro: Value = world.rest.get(&resource::ROLLOUTS, "default", "old").await.unwrap();
    let name = format!("old-{}", ro["status"]["currentPodHash"].as_str().unwrap());
    world.delete("old").await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    world.create(sets, stranger("old-orphan", Some("orphan"))).await;
    world.create(sets, stranger(&name, None)).await;
    world.create(&resource::ROLLOUTS, object).await;
    world.settle("old").await;
    let adopted: Value = world.rest.get(sets, "default", "old-orphan").await.unwrap();
    assert_eq!(adopted["metadata"]["ownerReferences"][0]["name"], "old");
}

/// Templates from elsewhere; a Deployment scaled down and given back.
async fn workloads(world: &World) {
    let deployment = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": { "name": "app", "namespace": "default" },
        "spec": {
            "replicas": 2,
            "selector": { "matchLabels": { "app": "app" } },
            "template": template("app", "a"),
        },
    });
    world.create(&resource::DEPLOYMENTS, deployment).await;
    let reference = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "name": "app", "scaleDown": "onsuccess" });
    let spec = json!({ "selector": null, "workloadRef": reference, "strategy": { "canary": {} } });
    world.create(&resource::ROLLOUTS, rollout("app", spec)).await;
    world.settle("app").await;
    let pods = json!({
        "apiVersion": "v1",
        "kind": "PodTemplate",
        "metadata": { "name": "pods", "namespace": "default" },
        "template": template("pods", "a"),
    });
    world.create(&resource::POD_TEMPLATES, pods).await;
    let reference = json!({ "apiVersion": "v1", "kind": "PodTemplate", "name": "pods" });
    let spec = json!({ "workloadRef": reference, "strategy": { "canary": {} } });
    world.create(&resource::ROLLOUTS, rollout("pods", spec)).await;
    world.settle("pods").await;
    world.delete("app").await;
}

#[tokio::test(start_paused = true)]
async fn what_is_granted_is_what_is_needed() {
    let world = World::new().await;
    canary(&world).await;
    strangers(&world).await;
    workloads(&world).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    world.stop.cancel();
    let unseen = UNSEEN.map(|(group, resource, verb)| (group.to_string(), resource.to_string(), verb.to_string()));
    let mut needed = world.seen.lock().unwrap().clone();
    needed.extend(unseen);
    for (file, kinds) in [("install.yaml", &["ClusterRole", "Role"][..]), ("namespace-install.yaml", &["Role"])] {
        let granted = granted(file, kinds);
        let missing: Vec<_> = needed.difference(&granted).collect();
        let unneeded: Vec<_> = granted.difference(&needed).collect();
        assert!(missing.is_empty() && unneeded.is_empty(), "{file}: missing {missing:?}, unneeded {unneeded:?}");
    }
}
