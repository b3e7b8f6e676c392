//! The API server's own rules, and what users see of the definitions.

use super::all;
use rollouts_schema::crd::Crd;
use serde_json::{Value, json};

fn schema(kind: &str) -> Value {
    let crds = all().expect("generates");
    let crd = crds.iter().find(|c| c["spec"]["names"]["kind"] == kind).expect("a kind");
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
}

#[test]
fn a_server_accepts_them() {
    for crd in all().expect("generates") {
        let parsed = Crd::parse(&crd);
        assert!(parsed.is_ok(), "{}: {:?}", crd["metadata"]["name"], parsed.err());
    }
}

#[test]
fn fields_are_described() {
    let steps = &schema("Rollout")["properties"]["spec"]["properties"]["strategy"]["properties"]["canary"]["properties"]
        ["steps"];
    assert_eq!(steps["description"], "Steps of an update, in order.");
    for (name, step) in steps["items"]["properties"].as_object().expect("steps") {
        assert!(step["description"].is_string(), "{name}");
    }
}

#[test]
fn selector_is_immutable_and_templates_keep_only_labels_and_annotations() {
    let spec = &schema("Rollout")["properties"]["spec"]["properties"];
    assert_eq!(
        spec["selector"]["x-kubernetes-validations"],
        json!([{ "rule": "self == oldSelf", "message": ".spec.selector is immutable" }])
    );
    let template = &spec["template"]["properties"];
    let metadata: Vec<&String> = template["metadata"]["properties"].as_object().expect("metadata").keys().collect();
    assert_eq!(metadata, ["annotations", "labels"]);
    assert_eq!(template["spec"]["required"], json!(["containers"]));
    let containers = &template["spec"]["properties"]["containers"];
    assert_eq!(containers["x-kubernetes-list-map-keys"], json!(["name"]));
    assert_eq!(template["spec"]["properties"]["volumes"]["x-kubernetes-preserve-unknown-fields"], true);
}

/// As in the original's definitions: the protocol of a port is a key of the list, and part of the pod hash.
#[test]
fn ports_and_datadog_have_defaults() {
    fn defaults(node: &Value, path: &str, out: &mut Vec<String>) {
        for (key, value) in node.as_object().into_iter().flatten() {
            if key == "default" && !value.is_object() {
                out.push(path.to_string());
            }
            defaults(value, &format!("{path}.{key}"), out);
        }
    }
    // Containers, init containers and ephemeral containers; an AnalysisTemplate has those of a Job.
    for (kind, datadog) in [("Rollout", 0), ("Experiment", 0), ("AnalysisTemplate", 3)] {
        let mut found = Vec::new();
        defaults(&schema(kind), kind, &mut found);
        let ports = found.iter().filter(|path| path.ends_with("ports.items.properties.protocol")).count();
        assert_eq!((ports, found.len()), (3, 3 + datadog), "{found:?}");
        assert_eq!(found.iter().filter(|path| path.contains("datadog")).count(), datadog, "{found:?}");
    }
}

/// Objects that the Go controller's CRDs accepted and kept.
#[test]
fn recorded_objects_are_valid_and_lose_nothing() {
    let crds = all().expect("generates");
    let lines = include_str!("../../../crates/api/tests/data/objects.jsonl").lines();
    let objects = lines.map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let mut complaints = Vec::new();
    for case in objects {
        let crd = crds.iter().find(|c| c["spec"]["names"]["kind"] == case["kind"]).expect("a kind");
        let crd = Crd::parse(crd).expect("valid");
        let schema = &crd.storage_version().expect("one version").schema;
        let mut object = case["object"].clone();
        object["apiVersion"] = json!("argoproj.io/v1alpha1");
        object["kind"] = case["kind"].clone();
        object["metadata"] = json!({ "name": "x", "namespace": "x" });
        if object["spec"].is_null() {
            object["spec"] = json!({ "metrics": [], "templates": [] });
            schema.prune(&mut object);
        }
        complaints.extend(schema.validate(&object, None).iter().map(|e| format!("{e}: {object}")));
        complaints.extend(schema.prune(&mut object).iter().map(|path| format!("{path} is unknown")));
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn the_yaml_says_the_same() {
    for crd in all().expect("generates") {
        let text = rollouts_api::yaml::to_string(&crd);
        let read: Value = serde_saphyr::from_str(&text).expect("YAML");
        assert_eq!(read, crd);
    }
}
