use super::*;
use serde_json::json;

/// One JSON object a line: a template, and what Kubernetes 1.34 says about a ReplicaSet with it.
const GOLDEN: &str = include_str!("golden.jsonl");

#[test]
fn says_what_kubernetes_says() {
    let selector: LabelSelector = serde_json::from_value(json!({"matchLabels": {"app": "a"}})).unwrap();
    let mut wrong = Vec::new();
    for line in GOLDEN.lines() {
        let mut case: Value = serde_json::from_str(line).unwrap();
        crate::pod_template::default(&mut case["template"]);
        let errors = for_replica_set(&case["template"], &selector, &Path::new("spec.template"));
        let mut got: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let mut expected: Vec<&str> = case["errors"].as_array().unwrap().iter().map(|e| e.as_str().unwrap()).collect();
        if ["labels", "resources"].contains(&case["name"].as_str().unwrap()) {
            // Go walks these maps in random order, we in order of their keys.
            got.sort();
            expected.sort();
        }
        if got != expected {
            let lost: Vec<_> = expected.iter().filter(|e| !got.iter().any(|g| g == *e)).collect();
            let added: Vec<_> = got.iter().filter(|g| !expected.contains(&g.as_str())).collect();
            wrong.push(format!("{}: missing {lost:#?}, added {added:#?}", case["name"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
