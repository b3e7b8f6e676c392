//! Custom resource validation against the results of Kubernetes' own code (gen/golden_crd.go).

use rollouts_schema::Schema;
use serde_json::{Value, json};

/// The schema as a CRD's is completed.
fn complete(schema: &Value) -> Value {
    let mut schema = schema.clone();
    schema["x-kubernetes-embedded-resource"] = json!(true);
    schema
}

#[test]
fn golden() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("data/validation.json")).expect("the file is JSON");
    let mut problems = Vec::new();
    for case in &cases {
        let schema = match Schema::parse(&complete(&case["schema"])) {
            Ok(schema) => schema,
            Err(errors) => panic!("{}: {errors:?}", case["name"]),
        };
        let mut object = case["object"].clone();
        let mut compare = |what: &str, got: Value, want: &Value| {
            // Go writes 2.0 as 2.
            let written = got.to_string().replace("2.0", "2");
            if written.parse::<Value>().ok().as_ref() != Some(want) {
                problems.push(format!("{} {what}:\n   got {got}\n  want {want}", case["name"]));
            }
        };
        compare("unknown", json!(schema.prune(&mut object)), &case["unknown"]);
        schema.default_fields(&mut object);
        compare("defaulted", object.clone(), &case["defaulted"]);
        let errors = schema.validate(&object, case.get("old"));
        let mut got: Vec<String> = errors.iter().map(ToString::to_string).collect();
        got.sort();
        compare("errors", json!(got), &case["errors"]);
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
