//! Services, garbage, namespaces, budgets and autoscalers.

use crate::support::*;
use rollouts_actors::annotations::METRIC;
use serde_json::{Value, json};

fn service(spec: Value) -> Value {
    let mut s = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "labels": {"team": "a"}},
        "spec": {"selector": {"app": "demo"}, "ports": [{"name": "http", "port": 80, "targetPort": "web"}]},
    });
    for (k, v) in spec.as_object().unwrap() {
        s["spec"][k] = v.clone();
    }
    s
}

#[tokio::test(start_paused = true)]
async fn services_get_endpoints_and_slices() {
    let c = Cluster::new().await;
    c.create("v1/services", service(json!({}))).await;
    let container = json!({"ports": [{"name": "web", "containerPort": 8080}]});
    c.create("apps/v1/replicasets", replica_set(2, template(container))).await;
    c.sleep(0.5).await;
    let e = c.get("v1/endpoints/web").await;
    assert_eq!(e["subsets"][0]["notReadyAddresses"].as_array().unwrap().len(), 2);
    c.sleep(1.0).await;
    let e = c.get("v1/endpoints/web").await;
    assert_eq!(e["subsets"][0]["addresses"].as_array().unwrap().len(), 2);
    assert_eq!(e["subsets"][0]["ports"][0]["port"], 8080);
    assert_eq!(e["subsets"][0]["ports"][0]["name"], "http");
    assert_eq!(e["metadata"]["labels"]["team"], "a");
    let slices = c.list("discovery.k8s.io/v1/endpointslices").await;
    assert_eq!(slices.len(), 1);
    assert_eq!(slices[0]["metadata"]["labels"]["kubernetes.io/service-name"], "web");
    assert!(slices[0]["endpoints"].as_array().unwrap().iter().all(|e| e["conditions"]["ready"] == true));
    // A terminating pod leaves the Endpoints, and stays in the slice as terminating.
    c.patch("apps/v1/replicasets/web", json!({"spec": {"replicas": 1}})).await;
    c.sleep(0.5).await;
    assert_eq!(c.get("v1/endpoints/web").await["subsets"][0]["addresses"].as_array().unwrap().len(), 1);
    let slice = c.list("discovery.k8s.io/v1/endpointslices").await[0].clone();
    let going =
        slice["endpoints"].as_array().unwrap().iter().filter(|e| e["conditions"]["terminating"] == true).count();
    assert_eq!(going, 1);
    // Another selector, other endpoints; without the service, none.
    c.patch("v1/services/web", json!({"spec": {"selector": {"app": "none"}}})).await;
    c.sleep(2.0).await;
    assert!(c.get("v1/endpoints/web").await["subsets"].as_array().is_none_or(|s| s.is_empty()));
    c.delete("v1/services/web", None).await;
    c.sleep(2.0).await;
    assert!(c.find("v1/endpoints/web").await.is_none());
    assert!(c.list("discovery.k8s.io/v1/endpointslices").await.is_empty());
}

fn config_map(name: &str, owner: Option<&Value>) -> Value {
    let owners: Vec<Value> = owner
        .map(|o| json!({"apiVersion": "v1", "kind": "ConfigMap", "name": o["metadata"]["name"], "uid": o["metadata"]["uid"], "blockOwnerDeletion": true}))
        .into_iter()
        .collect();
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "ownerReferences": owners}})
}

async fn names(c: &Cluster) -> Vec<String> {
    let maps = c.list("v1/configmaps").await;
    let mut names: Vec<String> = maps.iter().map(|m| text(&m["metadata"]["name"])).collect();
    names.retain(|n| n != "kube-root-ca.crt");
    names
}

#[tokio::test(start_paused = true)]
async fn garbage_goes_in_the_background_foreground_or_not_at_all() {
    let c = Cluster::new().await;
    for policy in ["Background", "Foreground", "Orphan"] {
        let owner = c.create("v1/configmaps", config_map("owner", None)).await;
        let child = c.create("v1/configmaps", config_map("child", Some(&owner))).await;
        c.create("v1/configmaps", config_map("grandchild", Some(&child))).await;
        c.sleep(1.0).await;
        c.delete("v1/configmaps/owner", Some(policy)).await;
        c.sleep(2.0).await;
        if policy == "Orphan" {
            assert_eq!(names(&c).await, ["child", "grandchild"]);
            assert!(c.get("v1/configmaps/child").await["metadata"]["ownerReferences"].is_null());
        } else {
            assert!(names(&c).await.is_empty(), "{policy}: {:?}", names(&c).await);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn foreground_deletion_waits_for_blocking_dependents() {
    let c = Cluster::new().await;
    let owner = c.create("v1/configmaps", config_map("owner", None)).await;
    let mut child = config_map("child", Some(&owner));
    child["metadata"]["finalizers"] = json!(["example.test/hold"]);
    c.create("v1/configmaps", child).await;
    c.sleep(1.0).await;
    c.delete("v1/configmaps/owner", Some("Foreground")).await;
    c.sleep(30.0).await;
    assert_eq!(names(&c).await, ["child", "owner"]);
    c.patch("v1/configmaps/child", json!({"metadata": {"finalizers": Value::Null}})).await;
    c.sleep(1.0).await;
    assert!(names(&c).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_object_born_to_a_dead_owner_is_garbage_and_one_living_owner_saves() {
    let c = Cluster::new().await;
    let owner = c.create("v1/configmaps", config_map("owner", None)).await;
    let other = c.create("v1/configmaps", config_map("other", None)).await;
    c.delete("v1/configmaps/owner", Some("Background")).await;
    c.sleep(1.0).await;
    c.create("v1/configmaps", config_map("late", Some(&owner))).await;
    let mut shared = config_map("shared", Some(&owner));
    let second = config_map("x", Some(&other))["metadata"]["ownerReferences"][0].clone();
    shared["metadata"]["ownerReferences"].as_array_mut().unwrap().push(second);
    c.create("v1/configmaps", shared).await;
    c.sleep(1.0).await;
    assert_eq!(names(&c).await, ["other", "shared"]);
    assert_eq!(c.get("v1/configmaps/shared").await["metadata"]["ownerReferences"].as_array().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn custom_resources_are_collected_too() {
    let c = Cluster::new().await;
    let crd = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.test"},
        "spec": {"group": "example.test", "scope": "Namespaced",
            "names": {"plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"},
            "versions": [{"name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]},
    });
    c.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd).await;
    c.sleep(1.0).await;
    let thing = |name: &str| json!({"apiVersion": "example.test/v1", "kind": "Thing", "metadata": {"name": name}});
    let owner = c.create("example.test/v1/things", thing("owner")).await;
    let reference =
        json!([{"apiVersion": "example.test/v1", "kind": "Thing", "name": "owner", "uid": owner["metadata"]["uid"]}]);
    let mut child = thing("child");
    child["metadata"]["ownerReferences"] = reference.clone();
    c.create("example.test/v1/things", child).await;
    let mut map = config_map("map", None);
    map["metadata"]["ownerReferences"] = reference;
    c.create("v1/configmaps", map).await;
    c.sleep(1.0).await;
    c.delete("example.test/v1/things/owner", None).await;
    c.sleep(1.0).await;
    assert!(c.list("example.test/v1/things").await.is_empty());
    assert!(names(&c).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_deleted_namespace_is_emptied_first() {
    let c = Cluster::new().await;
    c.create("/api/v1/namespaces", json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}))
        .await;
    let base = "/apis/apps/v1/namespaces/shop";
    c.create(&format!("{base}/deployments"), deployment(2, template(json!({})))).await;
    let mut held = config_map("held", None);
    held["metadata"]["finalizers"] = json!(["example.test/hold"]);
    c.create("/api/v1/namespaces/shop/configmaps", held).await;
    c.sleep(3.0).await;
    c.delete("/api/v1/namespaces/shop", None).await;
    c.sleep(20.0).await;
    let ns = c.get("/api/v1/namespaces/shop").await;
    assert_eq!(ns["status"]["phase"], "Terminating");
    assert_eq!(condition(&ns, "NamespaceFinalizersRemaining"), "True");
    assert!(c.list("/api/v1/namespaces/shop/pods").await.is_empty());
    c.patch("/api/v1/namespaces/shop/configmaps/held", json!({"metadata": {"finalizers": Value::Null}})).await;
    c.sleep(30.0).await;
    assert!(c.find("/api/v1/namespaces/shop").await.is_none());
}

#[tokio::test(start_paused = true)]
async fn budgets_count_healthy_pods() {
    let c = Cluster::new().await;
    c.create("apps/v1/deployments", deployment(4, template(json!({})))).await;
    c.create(
        "policy/v1/poddisruptionbudgets",
        json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web"},
            "spec": {"maxUnavailable": "25%", "selector": {"matchLabels": {"app": "demo"}}}}),
    )
    .await;
    c.sleep(0.5).await;
    let status = c.get("policy/v1/poddisruptionbudgets/web").await["status"].clone();
    assert_eq!((&status["expectedPods"], &status["currentHealthy"]), (&json!(4), &json!(0)));
    c.sleep(2.0).await;
    let budget = c.get("policy/v1/poddisruptionbudgets/web").await;
    let s = &budget["status"];
    assert_eq!(
        (&s["expectedPods"], &s["desiredHealthy"], &s["currentHealthy"], &s["disruptionsAllowed"]),
        (&json!(4), &json!(3), &json!(4), &json!(1))
    );
    assert_eq!(reason(&budget, "DisruptionAllowed"), "SufficientPods");
    // Evicting one uses the budget up until it is replaced.
    let pods: Vec<String> = c.pods().await.iter().map(|p| text(&p["metadata"]["name"])).collect();
    let evict = |name: &str| {
        let body =
            json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": "default"}});
        (format!("/api/v1/namespaces/default/pods/{name}/eviction"), body)
    };
    let (path, body) = evict(&pods[0]);
    c.call("POST", &path, Some(body)).await.unwrap();
    let (path, body) = evict(&pods[1]);
    assert!(c.call("POST", &path, Some(body)).await.is_err());
    c.sleep(3.0).await;
    assert_eq!(c.get("policy/v1/poddisruptionbudgets/web").await["status"]["disruptionsAllowed"], 1);
}

#[tokio::test(start_paused = true)]
async fn autoscalers_follow_the_scripted_metric() {
    let c = Cluster::new().await;
    c.create("apps/v1/deployments", deployment(2, template(json!({})))).await;
    c.create(
        "autoscaling/v2/horizontalpodautoscalers",
        json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "web", "annotations": {METRIC: "100"}},
            "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
                "minReplicas": 2, "maxReplicas": 6,
                "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}]}}),
    )
    .await;
    c.sleep(1.0).await;
    assert_eq!(c.get("apps/v1/deployments/web").await["spec"]["replicas"], 4);
    c.sleep(20.0).await;
    assert_eq!(c.get("apps/v1/deployments/web").await["spec"]["replicas"], 6);
    c.sleep(20.0).await;
    let hpa = c.get("autoscaling/v2/horizontalpodautoscalers/web").await;
    assert_eq!(reason(&hpa, "ScalingLimited"), "TooManyReplicas");
    assert_eq!((&hpa["status"]["currentReplicas"], &hpa["status"]["desiredReplicas"]), (&json!(6), &json!(6)));
    assert_eq!(hpa["status"]["currentMetrics"][0]["resource"]["current"]["averageUtilization"], 100);
    // On target, nothing moves; far below, it shrinks once the window has passed.
    c.patch("autoscaling/v2/horizontalpodautoscalers/web", json!({"metadata": {"annotations": {METRIC: "20"}}})).await;
    c.sleep(200.0).await;
    assert_eq!(c.get("apps/v1/deployments/web").await["spec"]["replicas"], 6);
    c.sleep(150.0).await;
    assert_eq!(c.get("apps/v1/deployments/web").await["spec"]["replicas"], 3);
}
