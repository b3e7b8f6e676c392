//! Templates that are missing or wrong (analysis.md §1.12).

use super::{TWO, canary, entry, some};
use crate::world::World;
use rollouts_core::template_closure;
use serde_json::{Value, json};

fn world(analysis: Value, templates: Value) -> World {
    let strategy = json!({ "canary": { "steps": [{ "setWeight": 50 }, { "analysis": analysis }] } });
    let mut w = World::new(2, strategy).with_templates(templates);
    w.run(10);
    w
}

fn invalid(w: &World) -> Option<&str> {
    let message = w.status().conditions.iter().find(|c| c.r#type == "InvalidSpec").map(|c| c.message.as_str())?;
    message.strip_prefix("The Rollout \"web\" is invalid: ")
}

#[test]
fn a_missing_template_is_named_and_heals_at_once() {
    let mut w = world(json!({ "templates": [{ "templateName": "look" }] }), json!({}));
    let error =
        "spec.strategy.canary.steps[1].analysis.templates: Invalid value: \"look\": AnalysisTemplate 'look' not found";
    assert_eq!((invalid(&w), w.sizes()), (Some(error), vec![]));
    w = w.with_template("look");
    w.run(10);
    assert_eq!((invalid(&w), w.status().phase.as_str()), (None, "Healthy"));
    // Also when it is lost in the middle of an update: sizes follow, steps wait.
    w.set_image("2");
    w.run(10);
    let name = format!("{TWO}-1");
    w.templates.clear();
    w.ends(&name, "Successful", 10);
    assert_eq!((invalid(&w), w.status().current_step_index), (Some(error), Some(1)));
    w.change(|ro| ro.spec.replicas = Some(4));
    w.run(10);
    assert_eq!(w.sizes(), [(1, 2), (2, 2)]);
    w = w.with_template("look");
    w.run(20);
    assert_eq!((w.status().phase.as_str(), w.runs.len()), ("Healthy", 1));
}

#[test]
fn what_is_wrong_is_told_in_the_words_of_the_original() {
    let at = "spec.strategy.canary.steps[1].analysis";
    let one = json!([{ "templateName": "a" }]);
    let two = json!([{ "templateName": "a" }, { "templateName": "b" }]);
    let metric = json!({ "metrics": [{ "name": "m" }] });
    let field = |path: &str| json!([{ "name": "x", "valueFrom": { "fieldRef": { "fieldPath": path } } }]);
    let table = [
        (
            json!({ "templates": [{ "templateName": "c", "clusterScope": true }] }),
            json!({}),
            format!("{at}.templates: Invalid value: \"c\": ClusterAnalysisTemplate 'c' not found"),
        ),
        (
            json!({ "templates": one }),
            json!({ "a": { "templates": [{ "templateName": "inner" }] } }),
            "spec.templates: Invalid value: \"inner\": AnalysisTemplate 'inner' not found".to_string(),
        ),
        (
            json!({ "templates": two }),
            json!({ "a": metric, "b": metric }),
            format!("{at}.templates: Invalid value: \"templateNames: [a b]\": two metrics have the same name 'm'"),
        ),
        (
            json!({ "templates": one }),
            json!({ "a": { "args": [{ "name": "x" }] } }),
            format!("{at}.templates: Invalid value: \"templateNames: [a]\": args.x was not resolved"),
        ),
        (
            json!({ "templates": two }),
            json!({ "a": { "args": [{ "name": "x", "value": "1" }] }, "b": { "args": [{ "name": "x", "value": "2" }] } }),
            format!(
                "{at}.templates: Invalid value: \"templateNames: [a b]\": Argument `x` specified multiple times with \
                 different values: '1', '2'"
            ),
        ),
        (
            json!({ "templates": one, "dryRun": [{ "metricName": "m" }] }),
            json!({ "a": { "metrics": [{ "name": "m" }], "dryRun": [{ "metricName": "m" }] } }),
            format!(
                "{at}.templates: Invalid value: \"templateNames: [a]\": two Dry-Run metric rules have the same name 'm'"
            ),
        ),
        (
            json!({ "templates": one }),
            json!({ "a": { "metrics": [{ "name": "m", "interval": "1m" }] } }),
            format!(
                "{at}.templates: Invalid value: \"a\": AnalysisTemplate a has metric m which runs indefinitely. Invalid \
                 value for count: <nil>"
            ),
        ),
        (
            json!({ "templates": one }),
            json!({ "a": { "args": [{
                "name": "x", "value": "1", "valueFrom": { "secretKeyRef": { "name": "n", "key": "k" } },
            }] } }),
            format!(
                "{at}.templates: Invalid value: \"a\": AnalysisTemplate a: arg 'x' has both Value and ValueFrom fields"
            ),
        ),
        (
            json!({ "templates": one, "args": field("metadata.owner") }),
            json!({ "a": { "args": [{ "name": "x" }] } }),
            "spec.strategy.steps[1].analyses: Invalid value: [{\"name\":\"x\",\"valueFrom\":{\"fieldRef\":\
             {\"fieldPath\":\"metadata.owner\"}}}]: Analyses arguments must refer to valid object metadata supported by \
             downwardAPI"
                .to_string(),
        ),
        // Upstream fails to make the run, for ever and without a word.
        (
            json!({ "templates": one, "args": field("spec.nope") }),
            json!({ "a": { "args": [{ "name": "x" }] } }),
            format!("{at}.args: Invalid value: \"spec.nope\": invalid path spec.nope in rollout"),
        ),
        (
            json!({ "templates": one }),
            json!({ "a": { "args": [{ "name": "x", "valueFrom": { "fieldRef": { "fieldPath": "spec.template" } } }] } }),
            format!(
                "{at}.args: Invalid value: \"spec.template\": path spec.template in rollout must terminate in a \
                 primitive value"
            ),
        ),
    ];
    for (analysis, templates, error) in table {
        let w = world(analysis, templates);
        assert_eq!(invalid(&w), Some(error.as_str()));
    }
}

#[test]
fn every_place_is_checked() {
    let none = json!({ "templates": [{ "templateName": "look" }] });
    let table = [
        ("canary", json!({ "analysis": none }), "spec.strategy.canary.analysis.templates"),
        (
            "blueGreen",
            json!({ "prePromotionAnalysis": none }),
            "spec.strategy.blueGreen.prePromotionAnalysis.templates",
        ),
        (
            "blueGreen",
            json!({ "postPromotionAnalysis": none }),
            "spec.strategy.blueGreen.postPromotionAnalysis.templates",
        ),
    ];
    for (strategy, mut fields, path) in table {
        if strategy == "blueGreen" {
            fields["activeService"] = json!("live");
        }
        let mut w = World::new(1, json!({ strategy: fields })).with_services(&["live"]);
        w.run(10);
        let error = format!("{path}: Invalid value: \"look\": AnalysisTemplate 'look' not found");
        assert_eq!(invalid(&w), Some(error.as_str()));
        w = w.with_template("look");
        w.run(10);
        assert_eq!(invalid(&w), None);
    }
}

/// A background analysis ends with the update, so its metrics need not.
#[test]
fn a_background_metric_may_go_on_for_ever() {
    let strategy = json!({ "canary": { "analysis": { "templates": [{ "templateName": "a" }] } } });
    let templates = json!({ "a": { "metrics": [{ "name": "m", "interval": "1m" }] } });
    let mut w = World::new(1, strategy).with_templates(templates);
    w.run(10);
    assert_eq!(invalid(&w), None);
}

/// A field of the status may not be there yet. If it is not when it is needed, that is told, and heals.
#[test]
fn a_field_of_the_status_is_looked_up_when_it_is_needed() {
    let analysis = json!({
        "templates": [{ "templateName": "a" }],
        "args": [{ "name": "x", "valueFrom": { "fieldRef": { "fieldPath": "status.canary.currentExperiment" } } }],
    });
    let mut w = world(analysis, json!({ "a": { "args": [{ "name": "x" }] } }));
    assert_eq!(w.status().phase, "Healthy");
    w.set_image("2");
    w.run(30);
    let error = "Step analysis: invalid path status.canary.currentExperiment in rollout";
    assert_eq!((invalid(&w), w.status().phase.as_str()), (Some(error), "Degraded"));
    w.rollout.status.canary.current_experiment = "e".into();
    w.run(10);
    assert_eq!((invalid(&w), entry(&w, "step")), (None, some(&format!("{TWO}-1"), "")));
}

#[test]
fn an_unknown_argument_is_warned_of() {
    let analysis = json!({
        "templates": [{ "templateName": "a" }],
        "args": [{ "name": "x", "value": "1" }, { "name": "stranger", "value": "2" }],
    });
    let mut w = world(analysis, json!({ "a": { "args": [{ "name": "x" }] } }));
    let warning = "UnknownAnalysisArgument spec.strategy.canary.steps[1].analysis.args: none of the templates has an \
                   argument 'stranger', so it has no effect";
    assert_eq!((w.warnings.as_slice(), w.status().phase.as_str()), (&[warning.to_string()][..], "Healthy"));
    w.templates.get_mut("a").unwrap().args.push(serde_json::from_value(json!({ "name": "stranger" })).unwrap());
    w.run(10);
    assert!(w.warnings.is_empty());
}

/// Templates that refer to each other in a circle are taken once.
#[test]
fn the_closure_of_references() {
    let w = canary(json!({
        "steps": [{ "analysis": { "templates": [{ "templateName": "a" }] } }],
        "analysis": { "templates": [{ "templateName": "b", "clusterScope": true }] },
    }));
    let specs = json!({
        "a": { "templates": [{ "templateName": "b", "clusterScope": true }, { "templateName": "missing" }] },
        "b": { "templates": [{ "templateName": "a" }, { "templateName": "b", "clusterScope": true }] },
    });
    let closure = template_closure(&w.rollout, |r| serde_json::from_value(specs.get(&r.template_name)?.clone()).ok());
    let names = |refs: Vec<&rollouts_api::rollout::AnalysisTemplateRef>| {
        refs.iter()
            .map(|r| format!("{}{}", r.template_name, if r.cluster_scope { "*" } else { "" }))
            .collect::<Vec<_>>()
    };
    assert_eq!(names(closure.references.iter().collect()), ["a", "b*", "missing"]);
    assert_eq!(names(closure.found.keys().collect()), ["a", "b*"]);
}
