//! Authentication, authorization, and subresources of pods and service accounts.

use crate::support::{Api, CMS, PODS, config_map, pod};
use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};
use tower::ServiceExt as _;

const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";

async fn token(api: &Api, account: &str) -> String {
    let path = format!("/api/v1/namespaces/default/serviceaccounts/{account}/token");
    let made =
        api.post(&path, json!({"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "spec": {}})).await;
    made.ok()["status"]["token"].as_str().unwrap().to_owned()
}

async fn grant(api: &Api) {
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "r"},
        "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]});
    api.post(&format!("{RBAC}/namespaces/default/roles"), role).await.ok();
    let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": "r"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": "default"}]});
    api.post(&format!("{RBAC}/namespaces/default/rolebindings"), binding).await.ok();
}

#[tokio::test(start_paused = true)]
async fn service_accounts_may_what_roles_grant() {
    let api = Api::new();
    let bearer = format!("Bearer {}", token(&api, "default").await);
    let headers = [("authorization", bearer.as_str())];
    api.send("GET", CMS, &headers, "").await.fails(403, "Forbidden",
        "configmaps is forbidden: User \"system:serviceaccount:default:default\" cannot list resource \"configmaps\" in API group \"\" in the namespace \"default\"");
    grant(&api).await;
    api.send("GET", CMS, &headers, "").await.ok();
    let path = format!("{CMS}/kube-root-ca.crt");
    assert_eq!(api.send("DELETE", &path, &headers, "").await.code, 403);
    assert_eq!(api.send("GET", "/api/v1/configmaps", &headers, "").await.code, 403, "a role ends at its namespace");
    tokio::time::advance(std::time::Duration::from_secs(3601)).await;
    api.send("GET", CMS, &headers, "").await.fails(401, "Unauthorized", "Unauthorized");
}

#[tokio::test(start_paused = true)]
async fn strangers_may_little() {
    let api = Api::new();
    let request = Request::builder().uri(PODS).body(Full::new(Bytes::new())).unwrap();
    let answer = api.server.guarded_service().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 403);
    let request = Request::builder().uri("/healthz").body(Full::new(Bytes::new())).unwrap();
    assert_eq!(api.server.guarded_service().oneshot(request).await.unwrap().status(), 200);
    assert_eq!(api.send("GET", PODS, &[("authorization", "Bearer x")], "").await.code, 401);
    let bob = [("impersonate-user", "bob")];
    api.send("GET", PODS, &bob, "").await.fails(
        403,
        "Forbidden",
        "pods is forbidden: User \"bob\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"",
    );
}

#[tokio::test(start_paused = true)]
async fn reviews_answer() {
    let api = Api::new();
    let ask = |user: &str| {
        json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
        "spec": {"user": user, "resourceAttributes": {"verb": "get", "resource": "configmaps", "namespace": "default"}}})
    };
    let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
    let user = "system:serviceaccount:default:default";
    assert_eq!(api.post(path, ask(user)).await.ok()["status"]["allowed"], false);
    grant(&api).await;
    assert_eq!(api.post(path, ask(user)).await.ok()["status"]["allowed"], true);
    let own = api
        .post(
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {"verb": "delete", "resource": "nodes"}}}),
        )
        .await
        .ok();
    assert_eq!(own["status"]["allowed"], true);
    let who = api
        .post(
            "/apis/authentication.k8s.io/v1/selfsubjectreviews",
            json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}),
        )
        .await
        .ok();
    assert_eq!(who["status"]["userInfo"]["username"], "kubernetes-admin");
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview",
        "spec": {"token": token(&api, "default").await}});
    let known = api.post("/apis/authentication.k8s.io/v1/tokenreviews", review).await.ok();
    assert_eq!(known["status"]["user"]["username"], user);
}

fn ready(api_pod: &str) -> (String, Value) {
    let status = json!({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}});
    (format!("{PODS}/{api_pod}/status"), status)
}

#[tokio::test(start_paused = true)]
async fn evictions_respect_the_budget() {
    let api = Api::new();
    api.post(PODS, pod("a")).await.ok();
    let (path, status) = ready("a");
    api.merge(&path, status).await.ok();
    let budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
    api.post(
        budgets,
        json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "b"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "a"}}}}),
    )
    .await
    .ok();
    let counts = |allowed: i64| {
        json!({"status": {"observedGeneration": 1, "disruptionsAllowed": allowed,
        "currentHealthy": 1, "desiredHealthy": 1, "expectedPods": 1}})
    };
    api.merge(&format!("{budgets}/b/status"), counts(0)).await.ok();
    let evict = || {
        api.post(
            "/api/v1/namespaces/default/pods/a/eviction",
            json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "a"}}),
        )
    };
    let refused = evict().await.fails(
        429,
        "TooManyRequests",
        "Cannot evict pod as it would violate the pod's disruption budget.",
    );
    assert_eq!(refused["details"]["causes"][0]["reason"], "DisruptionBudget");
    api.merge(&format!("{budgets}/b/status"), counts(1)).await.ok();
    assert_eq!(evict().await.code, 201);
    assert_eq!(api.get(&format!("{PODS}/a")).await.code, 404);
    assert_eq!(api.get(&format!("{budgets}/b")).await.ok()["status"]["disruptionsAllowed"], 0);
}

#[tokio::test(start_paused = true)]
async fn pods_are_bound_once_and_have_logs() {
    let api = Api::new();
    let mut object = pod("a");
    object["metadata"]["annotations"] = json!({"memkube.argoproj.io/log": "one\ntwo\n"});
    api.post(PODS, object).await.ok();
    let binding = json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "a"},
        "target": {"kind": "Node", "name": "n"}});
    assert_eq!(api.post(&format!("{PODS}/a/binding"), binding.clone()).await.code, 201);
    assert_eq!(api.get(&format!("{PODS}/a")).await.ok()["spec"]["nodeName"], "n");
    assert_eq!(api.post(&format!("{PODS}/a/binding"), binding).await.code, 409);
    assert_eq!(api.get(&format!("{PODS}/a/log")).await.text, "one\ntwo\n");
    assert_eq!(api.get(&format!("{PODS}/a/log?tailLines=1")).await.text, "two\n");
    api.get(&format!("{PODS}/a/log?container=z")).await.fails(400, "BadRequest", "container z is not valid for pod a");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_request_did_all_or_nothing() {
    let api = Api::new();
    let request = Request::builder().method("POST").uri(CMS).header("content-type", "application/json");
    let request = request.body(Full::new(Bytes::from(config_map("a").to_string()))).unwrap();
    drop(api.server.service().oneshot(request));
    assert_eq!(api.get(&format!("{CMS}/a")).await.code, 404);
}
