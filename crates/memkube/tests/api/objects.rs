//! Create, read, update, patch and delete.

use crate::support::{Api, CMS, DEPLOYMENTS, PODS, config_map, deployment, pod};
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn created_objects_get_their_metadata() {
    let api = Api::new();
    let made = api.post(CMS, config_map("a")).await.ok();
    let meta = &made["metadata"];
    assert_eq!(meta["namespace"], "default");
    assert_eq!(meta["creationTimestamp"], "2026-01-02T00:00:00Z");
    assert!(meta.get("generation").is_none());
    assert_eq!(meta["uid"].as_str().unwrap().len(), 36);
    assert_eq!(api.get(&format!("{CMS}/a")).await.ok(), made);
}

#[tokio::test(start_paused = true)]
async fn one_seed_gives_one_history() {
    let run = || async {
        let api = Api::new();
        let mut object = config_map("");
        object["metadata"] = json!({"generateName": "x-"});
        api.post(CMS, object).await.ok()
    };
    let (a, b) = (run().await, run().await);
    assert_eq!(a, b);
    let name = a["metadata"]["name"].as_str().unwrap();
    assert_eq!(name.len(), 7);
    assert!(name[2..].chars().all(|c| "bcdfghjklmnpqrstvwxz2456789".contains(c)));
}

#[tokio::test(start_paused = true)]
async fn create_refuses() {
    let api = Api::new();
    api.post(CMS, config_map("a")).await.ok();
    api.post(CMS, config_map("a")).await.fails(409, "AlreadyExists", "configmaps \"a\" already exists");
    api.post("/api/v1/namespaces/no/configmaps", config_map("a")).await.fails(
        404,
        "NotFound",
        "namespaces \"no\" not found",
    );
    let bad = api.post(CMS, config_map("A_b")).await;
    assert_eq!(bad.code, 422);
    assert!(bad.text.contains(
        "ConfigMap \\\"A_b\\\" is invalid: metadata.name: Invalid value: \\\"A_b\\\": a lowercase RFC 1123 subdomain"
    ));
    assert_eq!(bad.body["details"]["causes"][0]["field"], "metadata.name");
    let mut nameless = config_map("");
    nameless["metadata"] = json!({});
    api.post(CMS, nameless).await.fails(
        422,
        "Invalid",
        "ConfigMap \"\" is invalid: metadata.name: Required value: name or generateName is required",
    );
    let mut elsewhere = config_map("b");
    elsewhere["metadata"]["namespace"] = json!("kube-system");
    api.post(CMS, elsewhere).await.fails(
        400,
        "BadRequest",
        "the namespace of the provided object does not match the namespace sent on the request",
    );
    api.send("POST", CMS, &[("content-type", "text/html")], "x").await.fails(415, "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf");
}

#[tokio::test(start_paused = true)]
async fn reads_refuse() {
    let api = Api::new();
    let gone = api.get(&format!("{PODS}/x")).await.fails(404, "NotFound", "pods \"x\" not found");
    assert_eq!(gone["details"], json!({"name": "x", "kind": "pods"}));
    api.get("/apis/apps/v1/nope").await.fails(404, "NotFound", "the server could not find the requested resource");
    api.post("/api/v1/pods", pod("x")).await.fails(
        405,
        "MethodNotAllowed",
        "the server does not allow this method on the requested resource",
    );
    api.post(CMS, pod("x")).await.fails(
        400,
        "BadRequest",
        "Pod in version \"v1\" cannot be handled as a ConfigMap: converting (v1.Pod) to (core.ConfigMap): unknown conversion",
    );
    let wrong = api.send("POST", "/api/v1/pods/x/y/z", &[], "").await;
    assert_eq!(wrong.code, 404);
    api.send("GET", PODS, &[("accept", "text/css")], "").await.fails(
        406,
        "NotAcceptable",
        "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, \
         application/vnd.kubernetes.protobuf",
    );
    let put = api.send("PUT", PODS, &[("content-type", "application/json")], "{}").await;
    put.fails(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
}

#[tokio::test(start_paused = true)]
async fn updates_compare_versions() {
    let api = Api::new();
    let made = api.post(CMS, config_map("a")).await.ok();
    let path = format!("{CMS}/a");
    let mut new = made.clone();
    new["data"] = json!({"k": "v"});
    let second = api.put(&path, new.clone()).await.ok();
    assert_ne!(second["metadata"]["resourceVersion"], made["metadata"]["resourceVersion"]);
    api.put(&path, new.clone()).await.fails(409, "Conflict",
        "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your changes to the latest version and try again");
    // What changes nothing writes nothing.
    assert_eq!(api.put(&path, second.clone()).await.ok(), second);
    assert_eq!(api.merge(&path, json!({"data": {"k": "v"}})).await.ok(), second);
    new["metadata"]["resourceVersion"] = json!("");
    new["metadata"]["uid"] = json!("other");
    assert_eq!(api.put(&path, new).await.code, 409);
}

#[tokio::test(start_paused = true)]
async fn generation_counts_changes_of_the_specification() {
    let api = Api::new();
    let path = format!("{DEPLOYMENTS}/d");
    let made = api.post(DEPLOYMENTS, deployment("d")).await.ok();
    assert_eq!(made["metadata"]["generation"], 1);
    let labelled = api.merge(&path, json!({"metadata": {"labels": {"a": "b"}}})).await.ok();
    assert_eq!(labelled["metadata"]["generation"], 1);
    let annotated = api.merge(&path, json!({"metadata": {"annotations": {"a": "b"}}})).await.ok();
    assert_eq!(annotated["metadata"]["generation"], 2);
    let scaled = api.merge(&path, json!({"spec": {"replicas": 3}, "status": {"replicas": 9}})).await.ok();
    assert_eq!(scaled["metadata"]["generation"], 3);
    assert!(scaled["status"].get("replicas").is_none(), "the main door does not write status");
    let status =
        api.merge(&format!("{path}/status"), json!({"spec": {"replicas": 7}, "status": {"replicas": 2}})).await.ok();
    assert_eq!((&status["spec"]["replicas"], &status["status"]["replicas"]), (&json!(3), &json!(2)));
    assert_eq!(status["metadata"]["generation"], 3);
}

#[tokio::test(start_paused = true)]
async fn scale_is_a_view_of_the_object() {
    let api = Api::new();
    api.post(DEPLOYMENTS, deployment("d")).await.ok();
    let path = format!("{DEPLOYMENTS}/d/scale");
    let scale = api.get(&path).await.ok();
    assert_eq!((&scale["spec"]["replicas"], &scale["status"]["selector"]), (&json!(2), &json!("app=d")));
    assert_eq!(api.merge(&path, json!({"spec": {"replicas": 5}})).await.ok()["spec"]["replicas"], 5);
    assert_eq!(api.get(&format!("{DEPLOYMENTS}/d")).await.ok()["spec"]["replicas"], 5);
    api.merge(&path, json!({"spec": {"replicas": -1}})).await.fails(
        422,
        "Invalid",
        "Scale.autoscaling \"d\" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0",
    );
    let zero = api.merge(&path, json!({"spec": {"replicas": 0}})).await.ok();
    assert_eq!(zero["spec"], json!({}));
}

#[tokio::test(start_paused = true)]
async fn all_kinds_of_patches() {
    let api = Api::new();
    api.post(DEPLOYMENTS, deployment("d")).await.ok();
    let path = format!("{DEPLOYMENTS}/d");
    let json_patch = json!([{"op": "replace", "path": "/spec/replicas", "value": 4}]).to_string();
    let answer = api.send("PATCH", &path, &[("content-type", "application/json-patch+json")], json_patch).await;
    assert_eq!(answer.ok()["spec"]["replicas"], 4);
    let strategic =
        json!({"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "i:2"}]}}}}).to_string();
    let answer =
        api.send("PATCH", &path, &[("content-type", "application/strategic-merge-patch+json")], strategic).await;
    let containers = answer.ok()["spec"]["template"]["spec"]["containers"].clone();
    assert_eq!((containers.as_array().unwrap().len(), &containers[0]["image"]), (1, &json!("i:2")));
    let apply = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {replicas: 6}\n";
    let kind = [("content-type", "application/apply-patch+yaml")];
    let conflict = api.send("PATCH", &format!("{path}?fieldManager=me"), &kind, apply).await;
    assert_eq!(conflict.code, 409);
    assert_eq!(conflict.body["details"]["causes"][0]["reason"], "FieldManagerConflict");
    let forced = api.send("PATCH", &format!("{path}?fieldManager=me&force=true"), &kind, apply).await.ok();
    assert_eq!(forced["spec"]["replicas"], 6);
    assert_eq!(api.send("PATCH", &path, &kind, apply).await.code, 422, "an apply needs a manager");
    let fresh = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: fresh}\ndata: {a: b}\n";
    let made = api.send("PATCH", &format!("{CMS}/fresh?fieldManager=me"), &kind, fresh).await;
    assert_eq!(made.code, 201, "{}", made.text);
    assert_eq!(made.body["metadata"]["managedFields"][0]["operation"], "Apply");
}

#[tokio::test(start_paused = true)]
async fn dry_runs_store_nothing() {
    let api = Api::new();
    let before = api.server.resource_version();
    api.post(&format!("{CMS}?dryRun=All"), config_map("a")).await.ok();
    assert_eq!(api.get(&format!("{CMS}/a")).await.code, 404);
    api.post(CMS, config_map("a")).await.ok();
    api.merge(&format!("{CMS}/a?dryRun=All"), json!({"data": {"x": "y"}})).await.ok();
    api.delete(&format!("{CMS}/a?dryRun=All"), json!({})).await.ok();
    assert!(api.get(&format!("{CMS}/a")).await.ok().get("data").is_none());
    assert_eq!(api.server.resource_version(), before + 1);
}

#[tokio::test(start_paused = true)]
async fn unknown_fields_are_refused_warned_of_or_ignored() {
    let api = Api::new();
    let mut object = deployment("d");
    object["spec"]["bogus"] = json!(1);
    api.post(&format!("{DEPLOYMENTS}?fieldValidation=Strict"), object.clone()).await.fails(400, "BadRequest",
        "Deployment in version \"v1\" cannot be handled as a Deployment: strict decoding error: unknown field \"spec.bogus\"");
    let warned = api.post(&format!("{DEPLOYMENTS}?fieldValidation=Warn&dryRun=All"), object.clone()).await;
    assert_eq!(warned.headers["warning"], "299 - \"unknown field \\\"spec.bogus\\\"\"");
    let quiet = api.post(&format!("{DEPLOYMENTS}?fieldValidation=Ignore"), object).await;
    assert!(!quiet.headers.contains_key("warning"));
    assert!(quiet.ok()["spec"].get("bogus").is_none());
}

#[tokio::test(start_paused = true)]
async fn pods_go_gracefully() {
    let api = Api::new();
    api.post(PODS, pod("idle")).await.ok();
    assert_eq!(api.delete(&format!("{PODS}/idle"), json!({})).await.ok()["kind"], "Pod");
    assert_eq!(api.get(&format!("{PODS}/idle")).await.code, 404, "no node has to confirm");
    let mut placed = pod("placed");
    placed["spec"]["nodeName"] = json!("n");
    api.post(PODS, placed).await.ok();
    let path = format!("{PODS}/placed");
    let going = api.delete(&path, json!({})).await.ok();
    assert_eq!(going["metadata"]["deletionTimestamp"], "2026-01-02T00:00:30Z");
    assert_eq!(going["metadata"]["deletionGracePeriodSeconds"], 30);
    assert_eq!(api.delete(&path, json!({})).await.ok(), going, "a second wish changes nothing");
    let sooner = api.delete(&path, json!({"gracePeriodSeconds": 5})).await.ok();
    assert_eq!(sooner["metadata"]["deletionGracePeriodSeconds"], 5);
    api.delete(&format!("{path}?gracePeriodSeconds=0"), json!({})).await.ok();
    assert_eq!(api.get(&path).await.code, 404);
}

#[tokio::test(start_paused = true)]
async fn finalizers_hold_objects() {
    let api = Api::new();
    let mut object = config_map("a");
    object["metadata"]["finalizers"] = json!(["x.io/y"]);
    api.post(CMS, object).await.ok();
    let path = format!("{CMS}/a");
    let going = api.delete(&path, json!({})).await.ok();
    assert!(going["metadata"]["deletionTimestamp"].is_string());
    let more = api.merge(&path, json!({"metadata": {"finalizers": ["x.io/y", "x.io/z"]}})).await;
    more.fails(422, "Invalid", "ConfigMap \"a\" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{\"x.io/z\"}");
    api.merge(&path, json!({"metadata": {"finalizers": null}})).await.ok();
    assert_eq!(api.get(&path).await.code, 404);
}

#[tokio::test(start_paused = true)]
async fn cascades_leave_finalizers_for_the_collector() {
    let api = Api::new();
    for (policy, finalizer) in [("Foreground", "foregroundDeletion"), ("Orphan", "orphan")] {
        api.post(DEPLOYMENTS, deployment("d")).await.ok();
        let path = format!("{DEPLOYMENTS}/d");
        let going = api.delete(&path, json!({"propagationPolicy": policy})).await.ok();
        assert_eq!(going["metadata"]["finalizers"], json!([finalizer]));
        assert_eq!(going["metadata"]["generation"], 2);
        api.merge(&path, json!({"metadata": {"finalizers": []}})).await.ok();
        assert_eq!(api.get(&path).await.code, 404);
    }
    api.post(DEPLOYMENTS, deployment("d")).await.ok();
    let gone = api.delete(&format!("{DEPLOYMENTS}/d?propagationPolicy=Background"), json!({})).await.ok();
    assert_eq!((&gone["kind"], &gone["status"]), (&json!("Status"), &json!("Success")));
}

#[tokio::test(start_paused = true)]
async fn deletions_have_preconditions() {
    let api = Api::new();
    let made = api.post(CMS, config_map("a")).await.ok();
    let path = format!("{CMS}/a");
    let uid = made["metadata"]["uid"].as_str().unwrap();
    api.delete(&path, json!({"preconditions": {"uid": "x"}})).await.fails(409, "Conflict",
        &format!("Operation cannot be fulfilled on ConfigMap \"a\": the UID in the precondition (x) does not match the UID in record ({uid}). The object might have been deleted and then recreated"));
    assert_eq!(api.delete(&path, json!({"preconditions": {"resourceVersion": "1"}})).await.code, 409);
    api.delete(&path, json!({"preconditions": {"uid": uid}})).await.ok();
}

#[tokio::test(start_paused = true)]
async fn collections_are_deleted_by_selector() {
    let api = Api::new();
    for name in ["a", "b", "c"] {
        let mut object = config_map(name);
        object["metadata"]["labels"] = json!({"n": name});
        api.post(CMS, object).await.ok();
    }
    api.delete(&format!("{CMS}?labelSelector=n in (a,b)"), json!({})).await.ok();
    let left = api.get(&format!("{CMS}?labelSelector=n")).await.ok();
    assert_eq!(left["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_terminating_namespace_takes_nothing_new() {
    let api = Api::new();
    api.post("/api/v1/namespaces", json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}))
        .await
        .ok();
    let cms = "/api/v1/namespaces/n/configmaps";
    assert_eq!(api.get(&format!("{cms}/kube-root-ca.crt")).await.code, 200);
    assert_eq!(api.get("/api/v1/namespaces/n/serviceaccounts/default").await.code, 200);
    api.delete(&format!("{cms}/kube-root-ca.crt"), json!({})).await.ok();
    assert_eq!(api.get(&format!("{cms}/kube-root-ca.crt")).await.code, 200, "it is put back");
    let going = api.delete("/api/v1/namespaces/n", json!({})).await.ok();
    assert_eq!(going["status"]["phase"], "Terminating");
    let refused = api.post(cms, config_map("a")).await.fails(
        403,
        "Forbidden",
        "configmaps \"a\" is forbidden: unable to create new content in namespace n because it is being terminated",
    );
    assert_eq!(refused["details"]["causes"][0]["reason"], "NamespaceTerminating");
    let mut done = going;
    done["spec"] = json!({});
    api.put("/api/v1/namespaces/n/finalize", done).await.ok();
    assert_eq!(api.get("/api/v1/namespaces/n").await.code, 404);
}
