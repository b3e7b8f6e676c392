//! What an AnalysisRun is made of (analysis.md §1.11, §5.1).

use super::{TWO, canary, entry, some};
use rollouts_api::analysis::AnalysisRun;
use rollouts_core::{Effect, plan};
use serde_json::{Value, json};

/// The run that an update to image `2` makes with this analysis, as it is sent.
fn made(templates: Value, analysis: Value) -> Value {
    let mut w = canary(json!({ "steps": [] })).with_templates(templates);
    w.rollout.metadata.labels.insert("team".into(), "blue".into());
    w.rollout.metadata.labels.insert("argo-rollouts.argoproj.io/controller-instance-id".into(), "one".into());
    w.change(|ro| {
        let steps = json!([{ "setWeight": 50 }, { "analysis": analysis }]);
        ro.spec.strategy.canary.as_mut().unwrap().steps = serde_json::from_value(steps).unwrap();
    });
    w.run(10);
    w.set_image("2");
    loop {
        assert!(w.status().phase != "Degraded", "{}", w.status().message);
        let plan = plan(&w.snapshot(), w.now);
        let created = plan.effects().find_map(|e| match e {
            Effect::CreateAnalysisRun { object, .. } => Some(object.clone()),
            _ => None,
        });
        match created {
            Some(object) => return object,
            None => w.step(),
        }
    }
}

fn args(templates: Value, args: Value) -> Vec<(String, Value)> {
    let references: Vec<Value> =
        templates.as_object().unwrap().keys().map(|name| json!({ "templateName": name })).collect();
    let object = made(templates, json!({ "templates": references, "args": args }));
    let run: AnalysisRun = serde_json::from_value(object).unwrap();
    run.spec
        .args
        .iter()
        .map(|a| (a.name.clone(), a.value.clone().map_or_else(|| json!(a.value_from), Value::from)))
        .collect()
}

#[test]
fn metadata() {
    let object = made(
        json!({ "look": { "metrics": [{ "name": "m", "provider": { "web": { "url": "u" } } }] } }),
        json!({
            "templates": [{ "templateName": "look" }],
            "analysisRunMetadata": {
                "labels": { "kind": "smoke", "app": "other", "step-index": "9" },
                "annotations": { "why": "test" },
            },
        }),
    );
    assert_eq!(
        object["metadata"],
        json!({
            "name": format!("{TWO}-1"),
            "namespace": "ns",
            "labels": {
                "app": "web", "kind": "smoke", "rollout-type": "Step", "step-index": "1",
                "rollouts-pod-template-hash": "7445d4664c",
                "argo-rollouts.argoproj.io/controller-instance-id": "one",
            },
            "annotations": { "rollout.argoproj.io/revision": "2", "why": "test" },
            "ownerReferences": [{
                "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "web", "uid": "ro",
                "controller": true, "blockOwnerDeletion": true,
            }],
        })
    );
    // As the Go controller sends it, empty objects included.
    let web = json!({ "url": "u", "authentication": { "sigv4": {}, "oauth2": {}, "basicAuth": {} } });
    assert_eq!(object["spec"], json!({ "metrics": [{ "name": "m", "provider": { "web": web } }] }));
    assert_eq!(object["status"], json!({ "phase": "", "runSummary": {} }));
}

/// One of each source, as recorded.
#[test]
fn sources_of_arguments() {
    let declared = ["plain", "new", "old", "name", "team", "missing-label", "size", "img", "empty"];
    let mut template = json!({ "args": declared.map(|name| json!({ "name": name })) });
    let more = [
        json!({ "name": "fallback", "value": "from-template" }),
        json!({ "name": "key", "valueFrom": { "secretKeyRef": { "name": "keys", "key": "token" } } }),
        // Upstream never resolves this one.
        json!({ "name": "own", "valueFrom": { "fieldRef": { "fieldPath": "metadata.name" } } }),
    ];
    template["args"].as_array_mut().unwrap().extend(more);
    let field = |name: &str, path: &str| json!({ "name": name, "valueFrom": { "fieldRef": { "fieldPath": path } } });
    let hash = |name: &str, of: &str| json!({ "name": name, "valueFrom": { "podTemplateHashValue": of } });
    let given = json!([
        { "name": "plain", "value": "p" },
        hash("new", "Latest"),
        hash("old", "Stable"),
        field("name", "metadata.name"),
        field("team", "metadata.labels['team']"),
        field("missing-label", "metadata.labels['nope']"),
        field("size", "spec.replicas"),
        field("img", "spec.template.spec.containers[0].image"),
        { "name": "empty", "value": "" },
        { "name": "stranger", "value": "x" },
    ]);
    let expected = [
        ("plain", json!("p")),
        ("new", json!("7445d4664c")),
        ("old", json!("64bf54f494")),
        ("name", json!("web")),
        ("team", json!("blue")),
        ("missing-label", json!("")),
        ("size", json!("4")),
        ("img", json!("shop/web:2")),
        ("empty", json!("")),
        ("fallback", json!("from-template")),
        ("key", json!({ "secretKeyRef": { "name": "keys", "key": "token" } })),
        ("own", json!("web")),
    ];
    assert_eq!(args(json!({ "look": template }), given), expected.map(|(name, value)| (name.to_string(), value)));
}

/// The caller's value wins over a secret, and a declaration without a value takes nothing away.
#[test]
fn secrets_and_values() {
    let secret = json!({ "secretKeyRef": { "name": "keys", "key": "token" } });
    let templates =
        json!({ "a": { "args": [{ "name": "s", "valueFrom": secret }] }, "b": { "args": [{ "name": "s" }] } });
    assert_eq!(args(templates.clone(), json!([])), [("s".to_string(), secret)]);
    let given = json!([{ "name": "s", "value": "open" }]);
    assert_eq!(args(templates, given), [("s".to_string(), json!("open"))]);
}

#[test]
fn nested_templates_rules_and_arguments() {
    let object = made(
        json!({
            "cluster/outer": { "templates": [{ "templateName": "inner", "clusterScope": true }] },
            "cluster/inner": { "metrics": [{ "name": "from-inner" }] },
            "top": {
                "metrics": [{ "name": "from-top" }],
                "templates": [{ "templateName": "left" }, { "templateName": "right" }],
                "dryRun": [{ "metricName": "from-left" }],
            },
            "left": { "metrics": [{ "name": "from-left" }], "templates": [{ "templateName": "base" }] },
            "right": {
                "metrics": [{ "name": "from-right" }],
                "templates": [{ "templateName": "base" }],
                "measurementRetention": [{ "metricName": "from-right", "limit": 3 }],
            },
            "base": { "args": [{ "name": "word", "value": "default" }], "metrics": [{ "name": "from-base" }] },
        }),
        json!({
            "templates": [{ "templateName": "outer", "clusterScope": true }, { "templateName": "top" }],
            "dryRun": [{ "metricName": "from-inner" }],
            "measurementRetention": [{ "metricName": "from-base", "limit": 2 }],
        }),
    );
    let run: AnalysisRun = serde_json::from_value(object).unwrap();
    let names: Vec<&str> = run.spec.metrics.iter().map(|m| m.name.as_str()).collect();
    assert_eq!(names, ["from-top", "from-left", "from-base", "from-right", "from-inner"]);
    let rules: Vec<&str> = run.spec.dry_run.iter().map(|m| m.metric_name.as_str()).collect();
    assert_eq!(rules, ["from-inner", "from-left"]);
    let limits: Vec<i32> = run.spec.measurement_retention.iter().map(|r| r.limit).collect();
    assert_eq!(limits, [2, 3]);
}

/// Names that others have are passed over; a run of ours that a plan made before it was cut short is taken up.
#[test]
fn collisions() {
    let strategy = || json!({ "steps": [{ "analysis": super::analysis() }] });
    let mut w = canary(strategy());
    w.foreign_runs.extend([format!("{TWO}-0"), format!("{TWO}-0.1")]);
    w.set_image("2");
    w.run(10);
    assert_eq!(entry(&w, "step"), some(&format!("{TWO}-0.2"), ""));

    let mut w = canary(strategy());
    w.set_image("2");
    while w.runs.is_empty() {
        w.crash_after = None;
        let creates = plan(&w.snapshot(), w.now).effects().any(|e| matches!(e, Effect::CreateAnalysisRun { .. }));
        if creates {
            w.crashes.push(1);
        }
        w.step();
    }
    assert_eq!(entry(&w, "step"), None, "the status was not written");
    w.run(10);
    assert_eq!((entry(&w, "step"), w.runs.len()), (some(&format!("{TWO}-0"), ""), 1));
}

/// A run with the name and the spec of another step's, but without its label, would be taken up and left by turns.
#[test]
fn a_run_without_its_step_is_not_taken_up() {
    let mut w = canary(json!({ "steps": [{ "setWeight": 50 }, { "analysis": super::analysis() }] }));
    w.set_image("2");
    w.run(10);
    let mut run = w.runs[&format!("{TWO}-1")].clone();
    run.metadata.labels.remove("step-index");
    w.runs.insert(format!("{TWO}-1"), run);
    w.rollout.status.canary.current_step_analysis_run_status = None;
    w.run(10);
    assert_eq!(entry(&w, "step"), some(&format!("{TWO}-1.1"), ""));
}

/// What a Go controller has made before it was replaced is the same run, though it writes empty objects.
#[test]
fn a_run_of_another_is_taken_up_if_it_measures_the_same() {
    for (other, taken) in [(json!({}), true), (json!({ "sigv4": { "region": "eu" } }), false)] {
        let mut w = canary(json!({ "steps": [{ "analysis": super::analysis() }] }));
        let object = json!({
            "metadata": {
                "name": format!("{TWO}-0"),
                "labels": { "step-index": "0", "rollouts-pod-template-hash": "7445d4664c" },
                "ownerReferences": [rollouts_core::owner_reference(&w.rollout.metadata)],
            },
            "spec": { "metrics": [{ "name": "m", "provider": { "web": { "url": "u", "authentication": other } } }] },
            "status": { "phase": "Running" },
        });
        w.runs.insert(format!("{TWO}-0"), serde_json::from_value(object).unwrap());
        w.rollout.spec.template = serde_json::from_value(json!({
            "metadata": { "labels": { "app": "web" } },
            "spec": { "containers": [{ "name": "web", "image": "shop/web:2" }] },
        }))
        .unwrap();
        w.rollout.metadata.generation += 1;
        let keep = w.runs.clone();
        while entry(&w, "step").is_none() {
            // Nobody minds it before the update has come so far.
            w.runs.extend(keep.clone());
            w.step();
        }
        let name = if taken { format!("{TWO}-0") } else { format!("{TWO}-0.1") };
        assert_eq!(entry(&w, "step").map(|e| e.0), Some(name));
    }
}
