use serde_json::{Value, json};

use super::{add_crd_v2, add_crd_v3, v2, v3, v3_group_versions};
use crate::crd::{Crd, default_crd};

fn dangling(document: &Value, root: &str) -> Vec<String> {
    fn walk(node: &Value, found: &mut Vec<String>) {
        match node {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
                fields.values().for_each(|value| walk(value, found));
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(document, &mut found);
    let known = document.pointer(root).unwrap();
    found.retain(|name| name.strip_prefix(&format!("#{root}/")).is_none_or(|name| known.get(name).is_none()));
    found
}

#[test]
fn every_v3_document_is_whole() {
    let keys = v3_group_versions();
    assert!(keys.contains(&"api/v1".to_owned()) && keys.contains(&"apis/apps/v1".to_owned()));
    for key in keys {
        let document = v3(&key);
        assert_eq!(dangling(&document, "/components/schemas"), [""; 0], "{key}");
    }
}

#[test]
fn kubectl_finds_what_it_looks_for() {
    let document = v3("apis/apps/v1");
    let item = &document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"];
    let patch = &item["patch"];
    assert_eq!(patch["x-kubernetes-action"], "patch");
    assert_eq!(
        patch["x-kubernetes-group-version-kind"],
        json!({"group": "apps", "version": "v1", "kind": "Deployment"})
    );
    let names: Vec<&str> = patch["parameters"].as_array().unwrap().iter().filter_map(|p| p["name"].as_str()).collect();
    assert_eq!(names, ["dryRun", "fieldManager", "fieldValidation", "force"]);
    assert!(patch["requestBody"]["content"].get("application/strategic-merge-patch+json").is_some());
    assert_eq!(patch["operationId"], "patchAppsV1NamespacedDeployment");
    let list = &document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments"]["get"];
    assert_eq!(list["x-kubernetes-action"], "list");
    assert!(document["paths"].get("/apis/apps/v1/deployments").is_some());
    let schema = &document["components"]["schemas"]["io.k8s.api.apps.v1.DeploymentSpec"];
    assert!(schema["properties"]["replicas"]["description"].as_str().unwrap().starts_with("Number of desired pods."));
    assert_eq!(schema["properties"]["strategy"]["x-kubernetes-patch-strategy"], "retainKeys");
    assert_eq!(
        schema["properties"]["strategy"]["allOf"][0]["$ref"],
        "#/components/schemas/io.k8s.api.apps.v1.DeploymentStrategy"
    );
    let core = v3("api/v1");
    assert_eq!(
        core["paths"]["/api/v1/namespaces/{namespace}/pods/{name}/eviction"]["post"]["x-kubernetes-group-version-kind"],
        json!({"group": "policy", "version": "v1", "kind": "Eviction"})
    );
}

#[test]
fn v2_is_whole_and_plain() {
    let document = v2();
    assert_eq!(dangling(&document, "/definitions"), [""; 0]);
    let strategy = &document["definitions"]["io.k8s.api.apps.v1.DeploymentSpec"]["properties"]["strategy"];
    assert_eq!(strategy["$ref"], "#/definitions/io.k8s.api.apps.v1.DeploymentStrategy");
    assert_eq!(document["definitions"]["io.k8s.apimachinery.pkg.api.resource.Quantity"]["type"], "string");
    let props = &document["definitions"]["io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"];
    assert!(props["properties"].get("default").is_some(), "a property called default stays");
}

#[test]
fn custom_resources_join() {
    let mut object = json!({
        "metadata": {"name": "rollouts.argoproj.io"},
        "spec": {"group": "argoproj.io", "scope": "Namespaced", "names": {"plural": "rollouts", "kind": "Rollout"},
            "versions": [{"name": "v1alpha1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "description": "A Rollout.", "properties": {
                    "spec": {"type": "object", "properties": {"replicas": {"type": "integer", "description": "How many."}}}}}},
                "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.HPAReplicas"}}}]},
    });
    default_crd(&mut object);
    let crd = Crd::parse(&object).unwrap();
    let mut document = v3("apis/argoproj.io/v1alpha1");
    add_crd_v3(&mut document, &crd, "v1alpha1");
    assert_eq!(dangling(&document, "/components/schemas"), [""; 0]);
    let schema = &document["components"]["schemas"]["io.argoproj.v1alpha1.Rollout"];
    assert_eq!(schema["x-kubernetes-group-version-kind"][0]["kind"], "Rollout");
    assert_eq!(schema["properties"]["spec"]["properties"]["replicas"]["description"], "How many.");
    let paths = &document["paths"];
    assert!(paths.get("/apis/argoproj.io/v1alpha1/namespaces/{namespace}/rollouts/{name}/scale").is_some());
    let patch = &paths["/apis/argoproj.io/v1alpha1/namespaces/{namespace}/rollouts/{name}"]["patch"];
    assert!(patch["requestBody"]["content"].get("application/strategic-merge-patch+json").is_none());
    let mut document = v2();
    add_crd_v2(&mut document, &crd);
    assert_eq!(dangling(&document, "/definitions"), [""; 0]);
}
