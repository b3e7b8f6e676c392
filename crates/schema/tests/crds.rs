//! Validation of CustomResourceDefinitions against Kubernetes' own (gen/golden_crd_objects.go).

use rollouts_schema::crd::{Crd, default_crd};
use serde_json::{Value, json};

#[test]
fn golden() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("data/crds.json")).expect("the file is JSON");
    let mut problems = Vec::new();
    for case in &cases {
        let schema = case.get("schema").cloned().unwrap_or_else(|| json!({"type": "object"}));
        let mut version = json!({"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}});
        let merge = |into: &mut Value, more: Option<&Value>| {
            for (key, value) in more.and_then(Value::as_object).into_iter().flatten() {
                into[key] = value.clone();
            }
        };
        merge(&mut version, case.get("merge"));
        let mut crd = json!({
            "metadata": {"name": "things.example.com"},
            "spec": {"group": "example.com", "scope": "Namespaced", "names": {"plural": "things", "kind": "Thing"},
                "versions": [version]},
        });
        merge(&mut crd["spec"], case.get("spec"));
        default_crd(&mut crd);
        let errors = Crd::parse(&crd).err().unwrap_or_default();
        let mut got: Vec<String> = errors.iter().map(ToString::to_string).collect();
        got.sort();
        if json!(got) != case["errors"] {
            problems.push(format!("{}:\n   got {}\n  want {}", case["name"], json!(got), case["errors"]));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
