use super::*;
use crate::{File, Settings, check};
use serde_json::Value;

fn report() -> crate::Report {
    let text = "kind: Rollout\napiVersion: argoproj.io/v1alpha1\nmetadata: {name: web, namespace: prod}\nspec:\n  replicas: -1\n  workloadRef: {apiVersion: apps/v1, kind: Deployment, name: d}\n  strategy: {canary: {}}\n";
    let files = [
        File { name: "a b/x,y.yaml".into(), text: text.into() },
        File { name: "/abs/50%.yaml".into(), text: "a: b: c\n".into() },
    ];
    check(&files, &Settings::default())
}

#[test]
fn text_for_people_and_for_scripts() {
    let text = text(&report());
    assert_eq!(text.bodies, "Invalid value: -1: must be greater than or equal to 0\n");
    assert_eq!(
        text.lines,
        "a b/x,y.yaml:5:3: error: Rollout prod/web: spec.replicas: Invalid value: -1: must be greater than or equal to 0 [invalid]\n\
         a b/x,y.yaml:7:14: warning: Rollout prod/web: spec.strategy.canary: a canary without steps is a rolling update: the new version gets all traffic as its pods come up [no-steps]\n\
         /abs/50%.yaml:1:5: error: mapping values are not allowed in this context [yaml]\n"
    );
    assert_eq!(text.first_error.as_deref(), Some("yaml: mapping values are not allowed in this context"));
    assert_eq!(super::text(&crate::Report::default()), Text::default());
}

#[test]
fn json_has_the_documented_shape() {
    let value: Value = serde_json::from_str(&json(&report())).expect("JSON");
    assert_eq!(value["summary"], serde_json::json!({"files": 2, "objects": 1, "errors": 2, "warnings": 1}));
    assert_eq!(
        value["findings"][0],
        serde_json::json!({
            "rule": "invalid", "severity": "error", "file": "a b/x,y.yaml", "line": 5, "column": 3,
            "object": {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "namespace": "prod", "name": "web"},
            "field": "spec.replicas", "message": "Invalid value: -1: must be greater than or equal to 0",
        })
    );
    assert_eq!(value["findings"][2].get("object").or(value["findings"][2].get("field")), None);
}

#[test]
fn github_commands_are_escaped() {
    let commands = github(&report());
    let mut lines = commands.lines();
    assert_eq!(
        lines.next(),
        Some(
            "::error file=a b/x%2Cy.yaml,line=5,col=3,title=rollouts lint%3A invalid::Rollout prod/web: spec.replicas: Invalid value: -1: must be greater than or equal to 0"
        )
    );
    assert!(lines.next().is_some_and(|l| l.starts_with("::warning file=")));
    assert!(lines.next().is_some_and(|l| l.starts_with("::error file=/abs/50%25.yaml,line=1,col=5,")));
}

#[test]
fn sarif_refers_to_its_rules() {
    let log: Value = serde_json::from_str(&sarif(&report(), "v1.2.3")).expect("JSON");
    let run = &log["runs"][0];
    assert_eq!((&log["version"], &run["tool"]["driver"]["version"]), (&"2.1.0".into(), &"v1.2.3".into()));
    let results = run["results"].as_array().expect("results");
    assert_eq!(results.len(), 3);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().expect("a number")).expect("small");
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
        assert!(result["message"]["text"].as_str().is_some_and(|text| !text.is_empty()));
        assert!(matches!(result["level"].as_str(), Some("error" | "warning")));
    }
    let location = &results[0]["locations"][0];
    assert_eq!(location["physicalLocation"]["artifactLocation"]["uri"], "a%20b/x%2Cy.yaml");
    assert_eq!(location["physicalLocation"]["region"], serde_json::json!({"startLine": 5, "startColumn": 3}));
    assert_eq!(location["logicalLocations"][0]["fullyQualifiedName"], "Rollout prod/web spec.replicas");
    assert_eq!(results[2]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "file:///abs/50%25.yaml");
}
