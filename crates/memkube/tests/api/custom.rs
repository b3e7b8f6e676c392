//! CustomResourceDefinitions and discovery.

use crate::support::Api;
use serde_json::{Value, json};

const CRDS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const WIDGETS: &str = "/apis/x.io/v1/namespaces/default/widgets";

fn crd() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.x.io"},
        "spec": {
            "group": "x.io", "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"]},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.replicas",
                    "statusReplicasPath": ".status.replicas", "labelSelectorPath": ".status.selector"}},
                "additionalPrinterColumns": [{"name": "Size", "type": "integer", "jsonPath": ".spec.replicas"}],
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                    "spec": {"type": "object", "required": ["color"], "properties": {
                        "replicas": {"type": "integer", "default": 3, "minimum": 0},
                        "color": {"type": "string", "x-kubernetes-validations": [
                            {"rule": "self == oldSelf", "message": "color is immutable"}]},
                    }},
                    "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                }}},
            }],
        },
    })
}

fn widget(name: &str) -> Value {
    json!({"apiVersion": "x.io/v1", "kind": "Widget", "metadata": {"name": name}, "spec": {"color": "red"}})
}

async fn with_crd() -> Api {
    let api = Api::new();
    let made = api.post(CRDS, crd()).await.ok();
    let conditions = made["status"]["conditions"].as_array().unwrap();
    assert!(conditions.iter().any(|c| c["type"] == "Established" && c["status"] == "True"));
    api
}

#[tokio::test(start_paused = true)]
async fn instances_are_defaulted_pruned_and_checked() {
    let api = with_crd().await;
    let mut object = widget("w");
    object["spec"]["bogus"] = json!(1);
    object["status"] = json!({"replicas": 1});
    let made = api.post(WIDGETS, object).await;
    assert_eq!(made.headers["warning"], "299 - \"unknown field \\\"spec.bogus\\\"\"");
    let made = made.ok();
    assert_eq!(made["spec"], json!({"color": "red", "replicas": 3}));
    assert_eq!((&made["metadata"]["generation"], made.get("status")), (&json!(1), None));
    let path = format!("{WIDGETS}/w");
    api.merge(&path, json!({"spec": {"color": "blue"}})).await.fails(
        422,
        "Invalid",
        "Widget.x.io \"w\" is invalid: spec.color: Invalid value: \"string\": color is immutable",
    );
    let colorless = json!({"apiVersion": "x.io/v1", "kind": "Widget", "metadata": {"name": "v"}, "spec": {}});
    let refused = api.post(WIDGETS, colorless).await;
    assert_eq!((refused.code, &refused.body["reason"]), (422, &json!("Invalid")));
    let cause = &refused.body["details"]["causes"][0];
    assert_eq!((&cause["field"], &cause["message"]), (&json!("spec.color"), &json!("Required value")));
    let unversioned = api.put(&path, widget("w")).await;
    unversioned.fails(
        422,
        "Invalid",
        "widgets.x.io \"w\" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update",
    );
}

#[tokio::test(start_paused = true)]
async fn status_and_scale_have_their_own_doors() {
    let api = with_crd().await;
    api.post(WIDGETS, widget("w")).await.ok();
    let path = format!("{WIDGETS}/w");
    let both = json!({"spec": {"replicas": 9}, "status": {"replicas": 2, "selector": "a=b"}});
    let status = api.merge(&format!("{path}/status"), both.clone()).await.ok();
    assert_eq!((&status["spec"]["replicas"], &status["status"]["replicas"]), (&json!(3), &json!(2)));
    assert_eq!(status["metadata"]["generation"], 1);
    let main = api.merge(&path, json!({"spec": {"replicas": 4}, "status": {"replicas": 7}})).await.ok();
    assert_eq!((&main["spec"]["replicas"], &main["status"]["replicas"]), (&json!(4), &json!(2)));
    assert_eq!(main["metadata"]["generation"], 2);
    let scale = api.get(&format!("{path}/scale")).await.ok();
    assert_eq!((&scale["spec"]["replicas"], &scale["status"]), (&json!(4), &json!({"replicas": 2, "selector": "a=b"})));
    api.merge(&format!("{path}/scale"), json!({"spec": {"replicas": 5}})).await.ok();
    let table = api.table(WIDGETS).await;
    assert_eq!(table["rows"][0]["cells"], json!(["w", 5]));
}

#[tokio::test(start_paused = true)]
async fn a_definition_goes_with_its_instances() {
    let api = with_crd().await;
    api.post(WIDGETS, widget("a")).await.ok();
    let mut held = widget("b");
    held["metadata"]["finalizers"] = json!(["x.io/f"]);
    api.post(WIDGETS, held).await.ok();
    let path = format!("{CRDS}/widgets.x.io");
    api.delete(&path, json!({})).await.ok();
    assert_eq!(api.get(&format!("{WIDGETS}/a")).await.code, 404);
    assert_eq!(api.get(&path).await.code, 200, "it waits for the last instance");
    api.merge(&format!("{WIDGETS}/b"), json!({"metadata": {"finalizers": null}})).await.ok();
    assert_eq!(api.get(&path).await.code, 404);
    assert_eq!(api.get(WIDGETS).await.code, 404);
}

#[tokio::test(start_paused = true)]
async fn discovery_knows_everything_served() {
    let api = with_crd().await;
    let list = api.get("/apis/x.io/v1").await.ok();
    let names: Vec<_> = list["resources"].as_array().unwrap().iter().map(|r| r["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["widgets", "widgets/status", "widgets/scale"]);
    assert_eq!(list["resources"][0]["shortNames"], json!(["wd"]));
    let groups = api.get("/apis").await.ok();
    assert!(groups["groups"].as_array().unwrap().iter().any(|g| g["name"] == "x.io"));
    let accept = [("accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json")];
    let aggregated = api.send("GET", "/apis", &accept, "").await;
    assert_eq!(
        aggregated.headers["content-type"],
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    );
    let etag = aggregated.headers["etag"].to_str().unwrap().to_owned();
    let cached = api.send("GET", "/apis", &[accept[0], ("if-none-match", &etag)], "").await;
    assert_eq!((cached.code, cached.text.as_str()), (304, ""));
    let asked = [("accept", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf")];
    let given = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
    assert_eq!(api.send("GET", "/openapi/v2", &asked, "").await.headers["content-type"], given);
    assert_eq!(api.get("/openapi/v2").await.ok()["swagger"], "2.0");
    assert_eq!(api.get("/version").await.ok()["gitVersion"], "v1.34.4");
    for path in ["/healthz", "/livez", "/readyz"] {
        assert_eq!(api.get(path).await.text, "ok");
    }
    let index = api.get("/openapi/v3").await.ok();
    let url = index["paths"]["apis/x.io/v1"]["serverRelativeURL"].as_str().unwrap();
    let document = api.get(url).await.ok();
    assert!(document["components"]["schemas"]["io.x.v1.Widget"].is_object(), "{document}");
}

#[tokio::test(start_paused = true)]
async fn a_definition_may_change_but_not_what_it_defines() {
    let api = with_crd().await;
    let path = format!("{CRDS}/widgets.x.io");
    api.merge(&path, json!({"spec": {"scope": "Cluster"}})).await.fails(
        422,
        "Invalid",
        "CustomResourceDefinition.apiextensions.k8s.io \"widgets.x.io\" is invalid: spec.scope: Invalid value: \"Cluster\": field is immutable",
    );
    let mut watch = api.watch(&format!("{WIDGETS}?watch=true")).await;
    let mut new = api.get(&path).await.ok();
    new["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["size"] =
        json!({"type": "string"});
    let changed = api.put(&path, new).await.ok();
    assert_eq!(changed["metadata"]["generation"], 2);
    let mut object = widget("w");
    object["spec"]["size"] = json!("big");
    assert_eq!(api.post(WIDGETS, object).await.ok()["spec"]["size"], "big");
    assert_eq!(watch.brief().await, "ADDED w");
    api.delete(&path, json!({})).await.ok();
    assert_eq!(watch.brief().await, "DELETED w");
    assert!(watch.next().await.is_none(), "watches end with the definition");
}
