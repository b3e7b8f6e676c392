//! What surrounds a Rollout: other Rollouts, many workloads, a namespace that goes. Against the embedded API server and its actors, under paused time.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use rollouts_actors::Which;
use rollouts_kube::rest::{Delete, PatchKind, Query};
use rollouts_kube::{Resource, Rest, resource, tokio_clock};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

const NAMESPACE: &str = "shop";

struct World {
    rest: Rest,
    /// `METHOD path` of what the controller asked for.
    requests: Arc<Mutex<Vec<String>>>,
    _stop: tokio_util::sync::DropGuard,
}

impl World {
    /// With a controller that looks at everything every minute.
    async fn start() -> Self {
        Self::start_with(Which::all(), Some(Duration::from_secs(60))).await
    }

    async fn start_with(which: Which, resync: Option<Duration>) -> Self {
        let clock = tokio_clock("2026-01-01T00:00:00Z".parse().unwrap());
        let server = rollouts_memkube::Server::new(rollouts_memkube::Config::new(clock.clone()));
        let client = rollouts_kube::client::from_service(server.service());
        let rest = Rest::new(client.clone());
        for crd in rollouts_api::crd::manifests() {
            let _: Value = rest.create(&resource::CUSTOM_RESOURCE_DEFINITIONS, "", &crd).await.unwrap();
        }
        let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": NAMESPACE } });
        let _: Value = rest.create(&resource::NAMESPACES, "", &namespace).await.unwrap();
        let stop = CancellationToken::new();
        let actors = rollouts_actors::Options { which, ..rollouts_actors::Options::new(clock.clone()) };
        tokio::spawn(rollouts_actors::run(client.clone(), actors, stop.clone().cancelled_owned()));
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let seen = Arc::clone(&requests);
        let service = server.service().map_request(move |request: http::Request<kube::client::Body>| {
            seen.lock().unwrap().push(format!("{} {}", request.method(), request.uri().path()));
            request
        });
        let client = rollouts_kube::client::from_service(service);
        let options = rollouts_controller::Options { resync, ..rollouts_controller::Options::new(clock) };
        tokio::spawn(rollouts_controller::run(client, options, stop.clone()));
        World { rest, requests, _stop: stop.drop_guard() }
    }

    async fn create(&self, r: &Resource, object: Value) {
        let _: Value = self.rest.create(r, NAMESPACE, &object).await.unwrap();
    }

    async fn create_rollout(&self, name: &str, reference: Value) {
        let spec = json!({ "replicas": 2, "workloadRef": reference, "strategy": { "canary": {} } });
        let metadata = json!({ "name": name, "namespace": NAMESPACE });
        let kind =
            json!({ "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": metadata, "spec": spec });
        self.create(&resource::ROLLOUTS, kind).await;
    }

    async fn patch(&self, r: &Resource, name: &str, body: &Value) {
        let _: Value = self.rest.patch(r, NAMESPACE, name, None, PatchKind::Merge, body).await.unwrap();
    }

    /// The hash of the present version of a Rollout that must be healthy.
    async fn healthy(&self, name: &str) -> Value {
        let ro: Value = self.rest.get(&resource::ROLLOUTS, NAMESPACE, name).await.unwrap();
        assert_eq!(ro["status"]["phase"], "Healthy", "{:#}", ro["status"]);
        ro["status"]["currentPodHash"].clone()
    }

    /// How often the controller has asked for this alone.
    fn asked_for(&self, r: &Resource, name: &str) -> usize {
        let request = format!("GET {}", r.object(NAMESPACE, name, None));
        self.requests.lock().unwrap().iter().filter(|r| **r == request).count()
    }

    async fn size(&self) -> Value {
        let deployment: Value = self.rest.get(&resource::DEPLOYMENTS, NAMESPACE, "old").await.unwrap();
        deployment["spec"]["replicas"].clone()
    }

    /// Object, message and count of the warnings that another Rollout has the Deployment.
    async fn warnings(&self) -> Vec<(String, String, i64)> {
        let page = self.rest.list::<Value>(&resource::EVENTS, Some(NAMESPACE), &Query::default()).await.unwrap();
        let ours = page.items.iter().filter(|e| e["reason"] == "WorkloadTaken" && e["type"] == "Warning");
        let text = |value: &Value| value.as_str().unwrap().to_string();
        ours.map(|e| (text(&e["involvedObject"]["name"]), text(&e["message"]), e["count"].as_i64().unwrap())).collect()
    }
}

fn template(tag: &str) -> Value {
    json!({
        "metadata": { "labels": { "app": "web" } },
        "spec": { "containers": [{ "name": "web", "image": format!("shop/web:{tag}") }] },
    })
}

async fn seconds(n: u64) {
    tokio::time::sleep(Duration::from_secs(n)).await;
}

#[tokio::test(start_paused = true)]
async fn the_second_rollout_is_warned_once_and_takes_over_when_the_first_is_gone() {
    let world = World::start().await;
    let reference = json!({ "apiVersion": "apps/v1", "kind": "Deployment", "name": "old", "scaleDown": "onsuccess" });
    let selector = json!({ "matchLabels": { "app": "web" } });
    world
        .create(
            &resource::DEPLOYMENTS,
            json!({
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "old", "namespace": NAMESPACE },
                "spec": { "replicas": 2, "selector": selector, "template": template("1") },
            }),
        )
        .await;
    world.create_rollout("first", reference.clone()).await;
    seconds(30).await;
    assert_eq!((world.size().await, world.warnings().await), (json!(0), vec![]));

    world.create_rollout("second", reference).await;
    seconds(600).await;
    let message = "Rollout second does not scale down Deployment old, which Rollout first has scaled down: delete one of \
                   the two Rollouts, let one refer to another workload, or set scaleDown: never in the workloadRef of \
                   second";
    assert_eq!(world.warnings().await, [("second".to_string(), message.to_string(), 1)]);
    world.healthy("second").await;
    let second: Value = world.rest.get(&resource::ROLLOUTS, NAMESPACE, "second").await.unwrap();

    // It changes, and still has nothing to do with the Deployment.
    world.patch(&resource::ROLLOUTS, "second", &json!({ "spec": { "replicas": 3 } })).await;
    seconds(60).await;
    assert_eq!(world.warnings().await.len(), 1);

    // Now the Deployment is its own.
    world.rest.delete(&resource::ROLLOUTS, NAMESPACE, "first", &Delete::default()).await.unwrap();
    seconds(120).await;
    assert_eq!((world.size().await, world.warnings().await.len()), (json!(0), 1));
    let deployment: Value = world.rest.get(&resource::DEPLOYMENTS, NAMESPACE, "old").await.unwrap();
    let by = deployment["metadata"]["labels"]["argo-rollouts.argoproj.io/scaled-down-by"].as_str().unwrap();
    assert!(by.starts_with(second["metadata"]["uid"].as_str().unwrap()), "{by}");
}

/// Only what is referred to is held whole, so a first reference asks for the object; once, and then the watch brings it.
#[tokio::test(start_paused = true)]
async fn a_workload_is_asked_for_once_when_a_rollout_begins_to_refer_to_it() {
    let world = World::start().await;
    let pod_template = |name: &str, tag: &str| {
        json!({
            "apiVersion": "v1", "kind": "PodTemplate", "metadata": { "name": name, "namespace": NAMESPACE },
            "template": template(tag),
        })
    };
    let reference = |name: &str| json!({ "apiVersion": "v1", "kind": "PodTemplate", "name": name });
    let selector = json!({ "spec": { "selector": { "matchLabels": { "app": "web" } } } });
    for name in ["one", "two"] {
        world.create(&resource::POD_TEMPLATES, pod_template(name, "1")).await;
    }
    world.create_rollout("first", reference("one")).await;
    world.patch(&resource::ROLLOUTS, "first", &selector).await;
    seconds(60).await;
    let asked = world.asked_for(&resource::POD_TEMPLATES, "one");

    // The kind is watched by now, and nobody has referred to this one.
    world.create_rollout("second", reference("two")).await;
    world.patch(&resource::ROLLOUTS, "second", &selector).await;
    seconds(600).await;
    let hash = world.healthy("second").await;
    assert_eq!(world.asked_for(&resource::POD_TEMPLATES, "two"), 1);

    let patch = json!({ "template": template("2") });
    world.patch(&resource::POD_TEMPLATES, "two", &patch).await;
    seconds(60).await;
    assert_ne!(world.healthy("second").await, hash, "the watch brings what changes");
    assert_eq!(world.asked_for(&resource::POD_TEMPLATES, "two"), 1);
    assert_eq!(world.asked_for(&resource::POD_TEMPLATES, "one"), asked);
}

/// Whoever deletes a namespace need not hear that nothing can be made there any more.
#[tokio::test(start_paused = true)]
async fn a_creation_refused_by_a_namespace_that_goes_is_neither_told_nor_tried_again() {
    // Nobody empties the namespace.
    let world = World::start_with(Which { namespace: false, ..Which::all() }, None).await;
    let reference = json!({ "apiVersion": "v1", "kind": "PodTemplate", "name": "one" });
    let pod_template = json!({
        "apiVersion": "v1", "kind": "PodTemplate", "metadata": { "name": "one", "namespace": NAMESPACE },
        "template": template("1"),
    });
    world.create(&resource::POD_TEMPLATES, pod_template).await;
    world.create_rollout("web", reference).await;
    world
        .patch(&resource::ROLLOUTS, "web", &json!({ "spec": { "selector": { "matchLabels": { "app": "web" } } } }))
        .await;
    seconds(60).await;
    world.healthy("web").await;
    let creations = || {
        let request = format!("POST {}", resource::REPLICA_SETS.collection(Some(NAMESPACE)));
        world.requests.lock().unwrap().iter().filter(|r| **r == request).count()
    };
    let before = (creations(), world.rest.get::<Value>(&resource::ROLLOUTS, NAMESPACE, "web").await.unwrap());

    world.rest.delete(&resource::NAMESPACES, "", NAMESPACE, &Delete::default()).await.unwrap();
    world.patch(&resource::POD_TEMPLATES, "one", &json!({ "template": template("2") })).await;
    seconds(600).await;
    let after: Value = world.rest.get(&resource::ROLLOUTS, NAMESPACE, "web").await.unwrap();
    assert_eq!(after["metadata"]["deletionTimestamp"], Value::Null);
    // One for each look, and a look for each of its own writes.
    assert!((1..=3).contains(&(creations() - before.0)), "{} creations", creations() - before.0);
    assert_eq!(after["status"]["conditions"], before.1["status"]["conditions"]);
    let events = world.rest.list::<Value>(&resource::EVENTS, Some(NAMESPACE), &Query::default()).await.unwrap();
    let warnings = events.items.iter().filter(|event| event["type"] == "Warning").count();
    assert_eq!(warnings, 0, "{:#?}", events.items);
}
