//! Rollouts that refer to a workload: against the embedded API server and its actors, under paused time.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use rollouts_api::names;
use rollouts_kube::rest::{Delete, PatchKind};
use rollouts_kube::{Resource, Rest, resource, tokio_clock};
use serde_json::{Value, json};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

const NAMESPACE: &str = "default";
const USER: &str = "controller";

struct Cluster {
    rest: Rest,
    server: rollouts_memkube::Server,
    client: kube::Client,
    clock: rollouts_api::Clock,
    stop: CancellationToken,
}

impl Cluster {
    async fn start() -> Self {
        let clock = tokio_clock("2026-01-01T00:00:00Z".parse().unwrap());
        let server = rollouts_memkube::Server::new(rollouts_memkube::Config::new(clock.clone()));
        let client = rollouts_kube::client::from_service(server.service());
        let rest = Rest::new(client.clone());
        for crd in rollouts_api::crd::manifests() {
            let _: Value = rest.create(&resource::CUSTOM_RESOURCE_DEFINITIONS, "", &crd).await.unwrap();
        }
        let stop = CancellationToken::new();
        let actors = rollouts_actors::Options::new(clock.clone());
        tokio::spawn(rollouts_actors::run(client.clone(), actors, stop.clone().cancelled_owned()));
        Cluster { rest, server, client, clock, stop }
    }

    /// A controller, until the token that it gives is cancelled.
    fn controller(&self) -> CancellationToken {
        let (options, stop) = (rollouts_controller::Options::new(self.clock.clone()), self.stop.child_token());
        tokio::spawn(rollouts_controller::run(self.client.clone(), options, stop.clone()));
        stop
    }

    /// A controller that may do nothing about Deployments.
    async fn controller_without_deployments(&self) {
        let rule =
            |group: &str, resources: Value| json!({ "apiGroups": [group], "resources": resources, "verbs": ["*"] });
        let role = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": { "name": USER },
            "rules": [
                rule("argoproj.io", json!(["*"])),
                rule("apps", json!(["replicasets"])),
                rule("", json!(["services", "pods", "events", "podtemplates"])),
            ],
        });
        let binding = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": { "name": USER },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": USER },
            "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": USER }],
        });
        self.server.create(role).unwrap();
        self.server.create(binding).unwrap();
        let service = self.server.service().map_request(|mut request: http::Request<kube::client::Body>| {
            request.headers_mut().insert("impersonate-user", http::HeaderValue::from_static(USER));
            request
        });
        let options = rollouts_controller::Options::new(self.clock.clone());
        let client = rollouts_kube::client::from_service(service);
        tokio::spawn(rollouts_controller::run(client, options, self.stop.child_token()));
    }

    /// Lets that controller do more.
    async fn grant(&self, resource: &str, verbs: Value) {
        let rule = json!({ "apiGroups": ["apps"], "resources": [resource], "verbs": verbs });
        let rules = json!([{ "op": "add", "path": "/rules/-", "value": rule }]);
        let roles = Resource::fixed("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", false);
        let _: Value = self.rest.patch(&roles, "", USER, None, PatchKind::Json, &rules).await.unwrap();
    }

    async fn create(&self, r: &Resource, object: Value) {
        let _: Value = self.rest.create(r, NAMESPACE, &object).await.unwrap();
    }

    async fn patch(&self, r: &Resource, name: &str, body: Value) {
        let _: Value = self.rest.patch(r, NAMESPACE, name, None, PatchKind::Merge, &body).await.unwrap();
    }

    async fn get(&self, r: &Resource, name: &str) -> Value {
        self.rest.get(r, NAMESPACE, name).await.unwrap()
    }

    async fn delete(&self, r: &Resource, name: &str) {
        self.rest.delete(r, NAMESPACE, name, &Delete::default()).await.unwrap();
    }

    /// Size of the Deployment `old`, and whether it is marked.
    async fn old(&self) -> (i64, bool) {
        let old = self.get(&resource::DEPLOYMENTS, "old").await;
        let labels = &old["metadata"]["labels"];
        let marks =
            [names::SCALED_DOWN_BY, names::SCALED_DOWN_FROM, names::SCALED_DOWN_TO].map(|key| !labels[key].is_null());
        assert!(marks == [marks[0]; 3], "{labels}");
        (old["spec"]["replicas"].as_i64().unwrap(), marks[0])
    }

    async fn phase(&self) -> String {
        let ro = self.get(&resource::ROLLOUTS, "web").await;
        format!(
            "{} {}",
            ro["status"]["phase"].as_str().unwrap_or_default(),
            ro["status"]["message"].as_str().unwrap_or_default()
        )
    }

    /// Pods that are ready and not going.
    async fn ready(&self) -> usize {
        let pods = self.rest.list::<Value>(&resource::PODS, Some(NAMESPACE), &Default::default()).await.unwrap();
        let is_ready = |pod: &&Value| {
            let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
            let ready = conditions.clone().any(|c| c["type"] == "Ready" && c["status"] == "True");
            ready && pod["metadata"]["deletionTimestamp"].is_null()
        };
        pods.items.iter().filter(is_ready).count()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn template(tag: &str) -> Value {
    json!({
        "metadata": { "labels": { "app": "web" } },
        "spec": { "containers": [{ "name": "web", "image": format!("shop/web:{tag}") }] },
    })
}

fn deployment(replicas: i64) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "old", "namespace": NAMESPACE },
        "spec": { "replicas": replicas, "selector": { "matchLabels": { "app": "web" } }, "template": template("1") },
    })
}

fn rollout(replicas: i64, reference: Value) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": { "name": "web", "namespace": NAMESPACE },
        "spec": { "replicas": replicas, "workloadRef": reference, "strategy": { "canary": {} } },
    })
}

fn reference(scale_down: &str) -> Value {
    json!({ "apiVersion": "apps/v1", "kind": "Deployment", "name": "old", "scaleDown": scale_down })
}

async fn seconds(n: u64) {
    tokio::time::sleep(Duration::from_secs(n)).await;
}

#[tokio::test(start_paused = true)]
async fn a_deleted_rollout_gives_the_deployment_its_replicas_back() {
    let cluster = Cluster::start().await;
    let controller = cluster.controller();
    cluster.create(&resource::DEPLOYMENTS, deployment(3)).await;
    cluster.create(&resource::ROLLOUTS, rollout(3, reference("onsuccess"))).await;
    seconds(30).await;
    assert_eq!(cluster.phase().await, "Healthy ");
    assert_eq!(cluster.old().await, (0, true));
    cluster.delete(&resource::ROLLOUTS, "web").await;
    seconds(5).await;
    assert_eq!(cluster.old().await, (3, false));

    // The same again, with nobody there when it is deleted.
    cluster.create(&resource::ROLLOUTS, rollout(3, reference("onsuccess"))).await;
    seconds(30).await;
    assert_eq!(cluster.old().await, (0, true));
    controller.cancel();
    seconds(5).await;
    cluster.delete(&resource::ROLLOUTS, "web").await;
    seconds(60).await;
    assert_eq!(cluster.old().await, (0, true));
    let controller = cluster.controller();
    seconds(5).await;
    assert_eq!(cluster.old().await, (3, false));

    // And with somebody who has decided on another size since.
    cluster.create(&resource::ROLLOUTS, rollout(3, reference("onsuccess"))).await;
    seconds(30).await;
    controller.cancel();
    seconds(5).await;
    cluster.patch(&resource::DEPLOYMENTS, "old", json!({ "spec": { "replicas": 1 } })).await;
    cluster.delete(&resource::ROLLOUTS, "web").await;
    cluster.controller();
    seconds(5).await;
    assert_eq!(cluster.old().await, (1, false));
}

/// A Rollout that waits for finalizers does nothing more, and its pods may go at any time.
#[tokio::test(start_paused = true)]
async fn a_rollout_that_is_being_deleted_counts_as_gone() {
    let cluster = Cluster::start().await;
    cluster.controller();
    cluster.create(&resource::DEPLOYMENTS, deployment(2)).await;
    cluster.create(&resource::ROLLOUTS, rollout(2, reference("onsuccess"))).await;
    seconds(30).await;
    assert_eq!(cluster.old().await, (0, true));
    let finalizers = json!({ "metadata": { "finalizers": ["example.test/wait"] } });
    cluster.patch(&resource::ROLLOUTS, "web", finalizers).await;
    cluster.delete(&resource::ROLLOUTS, "web").await;
    seconds(5).await;
    assert_eq!(cluster.old().await, (2, false));
}

#[tokio::test(start_paused = true)]
async fn progressively_keeps_the_capacity_of_both() {
    let cluster = Cluster::start().await;
    cluster.controller();
    cluster.create(&resource::DEPLOYMENTS, deployment(4)).await;
    seconds(20).await;
    assert_eq!(cluster.ready().await, 4);
    let mut ro = rollout(4, reference("progressively"));
    ro["spec"]["minReadySeconds"] = 5.into();
    cluster.create(&resource::ROLLOUTS, ro).await;
    for _ in 0..120 {
        tokio::time::sleep(Duration::from_millis(250)).await;
        let ready = cluster.ready().await;
        assert!((4..=8).contains(&ready), "{ready} pods are ready");
    }
    assert_eq!(cluster.phase().await, "Healthy ");
    assert_eq!((cluster.ready().await, cluster.old().await), (4, (0, true)));
}

#[tokio::test(start_paused = true)]
async fn a_workload_that_appears_is_noticed_at_once() {
    let cluster = Cluster::start().await;
    cluster.controller();
    cluster.create(&resource::ROLLOUTS, rollout(1, reference("never"))).await;
    seconds(30).await;
    let missing = "Degraded InvalidSpec: The Rollout \"web\" is invalid: deployments.apps \"default/old\" not found";
    assert_eq!(cluster.phase().await, missing);
    cluster.create(&resource::DEPLOYMENTS, deployment(1)).await;
    seconds(3).await;
    assert_eq!(cluster.phase().await, "Healthy ");
    cluster.delete(&resource::DEPLOYMENTS, "old").await;
    seconds(3).await;
    assert_eq!(cluster.phase().await, missing);
}

#[tokio::test(start_paused = true)]
async fn replica_sets_and_pod_templates_supply_templates_too() {
    let cluster = Cluster::start().await;
    cluster.controller();
    let pod_template = json!({
        "apiVersion": "v1", "kind": "PodTemplate", "metadata": { "name": "old", "namespace": NAMESPACE },
        "template": template("1"),
    });
    cluster.create(&resource::POD_TEMPLATES, pod_template).await;
    // A Deployment of that name is none of its business.
    cluster.create(&resource::DEPLOYMENTS, deployment(2)).await;
    let mut ro =
        rollout(1, json!({ "apiVersion": "v1", "kind": "PodTemplate", "name": "old", "scaleDown": "onsuccess" }));
    ro["spec"]["selector"] = json!({ "matchLabels": { "app": "web" } });
    cluster.create(&resource::ROLLOUTS, ro).await;
    seconds(30).await;
    assert_eq!(cluster.phase().await, "Healthy ");
    assert_eq!(cluster.old().await, (2, false));

    let image = json!({ "template": { "spec": { "containers": [{ "name": "web", "image": "shop/web:2" }] } } });
    cluster.patch(&resource::POD_TEMPLATES, "old", image).await;
    seconds(30).await;
    let ro = cluster.get(&resource::ROLLOUTS, "web").await;
    assert_eq!(ro["metadata"]["annotations"][names::REVISION], "2");
    assert_eq!(ro["status"]["workloadObservedGeneration"], "2");

    let mut set = deployment(0);
    (set["kind"], set["metadata"]["name"]) = ("ReplicaSet".into(), "bare".into());
    set["spec"]["template"] = template("3");
    cluster.create(&resource::REPLICA_SETS, set).await;
    let bare = json!({ "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "bare" });
    cluster.patch(&resource::ROLLOUTS, "web", json!({ "spec": { "workloadRef": bare } })).await;
    seconds(30).await;
    assert_eq!(cluster.phase().await, "Healthy ");
    let ro = cluster.get(&resource::ROLLOUTS, "web").await;
    assert_eq!(ro["metadata"]["annotations"][names::REVISION], "3");
}

/// What it must not see stops it nowhere else, and is seen as soon as it may.
#[tokio::test(start_paused = true)]
async fn a_missing_permission_concerns_those_alone_who_need_it() {
    let cluster = Cluster::start().await;
    cluster.controller_without_deployments().await;
    cluster.create(&resource::DEPLOYMENTS, deployment(1)).await;
    cluster.create(&resource::ROLLOUTS, rollout(1, reference("onsuccess"))).await;
    let mut plain = rollout(1, Value::Null);
    plain["metadata"]["name"] = "plain".into();
    plain["spec"]["selector"] = json!({ "matchLabels": { "app": "web" } });
    plain["spec"]["template"] = template("1");
    cluster.create(&resource::ROLLOUTS, plain).await;
    seconds(60).await;
    assert_eq!(cluster.get(&resource::ROLLOUTS, "plain").await["status"]["phase"], "Healthy");
    let phase = cluster.phase().await;
    assert!(phase.starts_with("Degraded InvalidSpec: The Rollout \"web\" is invalid: "), "{phase}");
    let forbidden = "deployments.apps \"old\" is forbidden: User \"controller\" cannot get resource \"deployments\"";
    assert!(phase.contains(forbidden), "{phase}");

    // To see it is not enough to scale it, and no reason to say nothing.
    cluster.grant("deployments", json!(["get", "list", "watch"])).await;
    seconds(60).await;
    assert_eq!(cluster.phase().await, "Healthy ");
    assert_eq!(cluster.old().await, (1, false));

    cluster.grant("deployments", json!(["patch"])).await;
    seconds(60).await;
    assert_eq!(cluster.old().await, (0, true));
}

/// It can be deleted all the same.
#[tokio::test(start_paused = true)]
async fn a_rollout_that_cannot_be_read_owes_like_any_other() {
    let cluster = Cluster::start().await;
    cluster.controller();
    cluster.create(&resource::DEPLOYMENTS, deployment(2)).await;
    cluster.create(&resource::ROLLOUTS, rollout(2, reference("onsuccess"))).await;
    seconds(30).await;
    cluster.patch(&resource::ROLLOUTS, "web", json!({ "spec": { "minReadySeconds": 3_000_000_000_i64 } })).await;
    seconds(5).await;
    assert_eq!(cluster.old().await, (0, true), "it is still there");
    cluster.delete(&resource::ROLLOUTS, "web").await;
    seconds(5).await;
    assert_eq!(cluster.old().await, (2, false));
}
