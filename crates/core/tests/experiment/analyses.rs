//! Analyses: their runs, and what is shown of them (§6.3).

use crate::world::{World, analysis, template};
use rollouts_core::experiment::Refused;
use serde_json::{Value, json};

fn analysed(analyses: Value) -> World {
    World::new(json!({ "templates": [template("a", 1)], "scaleDownDelaySeconds": 0, "analyses": analyses }))
}

#[test]
fn they_begin_when_all_pods_are_available() {
    let mut w = analysed(json!([analysis("look", false)]));
    w.broken.insert("trial-a".into());
    w.run(20);
    assert_eq!((w.runs.len(), w.analysis("look")), (0, ("", "")));
    w.broken.clear();
    w.run(1);
    let run = &w.runs["trial-look"];
    assert_eq!((run.metadata.controller().unwrap().uid.as_str(), run.spec.metrics.len()), ("2", 1));
    assert_eq!(w.events.iter().filter(|e| e.contains("AnalysisRunPending")).count(), 2, "the Rollout hears of it, too");
    w.verdicts.insert("trial-look".into(), (30, "Successful".into()));
    w.run(5);
    assert_eq!(w.analysis("look"), ("Running", ""));
    w.events.clear();
    w.run(10);
    assert_eq!((w.analysis("look"), w.phase().0), (("Successful", ""), "Running"));
    let message = "AnalysisRunSuccessful AnalysisRun 'look' transitioned from Running -> Successful";
    assert_eq!(w.events, [message.to_string(), format!("> {message}")]);
}

#[test]
fn a_missing_template_is_an_error_before_anything_runs() {
    let mut missing = analysis("look", false);
    missing["templateName"] = "nowhere".into();
    let mut w = analysed(json!([missing]));
    w.run(5);
    let message = "AnalysisTemplate verification failed for analysis 'look': analysistemplate.argoproj.io \"nowhere\" \
                   not found";
    assert_eq!((w.analysis("look"), w.phase()), (("Error", message), ("Error", message)));
    let mut cluster = analysis("look", false);
    cluster["clusterScope"] = true.into();
    let mut w = analysed(json!([cluster]));
    w.run(5);
    let message = "ClusterAnalysisTemplate verification failed for analysis 'look': clusteranalysistemplate.argoproj.io \
                   \"looks\" not found";
    assert_eq!(w.phase(), ("Error", message));
}

#[test]
fn a_run_that_cannot_be_made_is_an_error() {
    let mut w = analysed(json!([analysis("look", false)]));
    w.add_template("looks", json!({ "metrics": [], "args": [{ "name": "a" }] }));
    w.run(5);
    let message = "Failed to create AnalysisRun for analysis 'look': args.a was not resolved";
    assert_eq!((w.analysis("look"), w.phase()), (("Error", message), ("Error", message)));
    let mut w = analysed(json!([analysis("look", false)]));
    w.refuses.insert(Refused::AnalysisRun("look".into()), "no".into());
    w.run(5);
    assert_eq!(w.phase(), ("Error", "Failed to create AnalysisRun for analysis 'look': no"));
}

/// Values with their tags filled in, secrets, and fields of the Experiment.
#[test]
fn arguments() {
    let mut look = analysis("look", false);
    let secret = json!({ "secretKeyRef": { "name": "n", "key": "k" } });
    look["args"] = json!([
        { "name": "hash", "value": "x-{{templates.a.podTemplateHash}}" },
        { "name": "set", "value": "{{ templates.a.replicaset.name }}" },
        { "name": "times", "value": "{{experiment.availableAt}} {{experiment.finishedAt}}" },
        { "name": "secret", "valueFrom": secret },
        { "name": "field", "valueFrom": { "fieldRef": { "fieldPath": "metadata.name" } } },
        { "name": "stranger", "value": "dropped" },
    ]);
    let mut w = analysed(json!([look]));
    w.experiment.spec.duration = "1h".into();
    let args: Vec<_> = ["hash", "set", "times", "secret", "field"].map(|name| json!({ "name": name })).into();
    w.add_template("looks", json!({ "metrics": [{ "name": "m", "provider": {} }], "args": args }));
    w.run(5);
    let hash = w.sets["trial-a"].hash();
    assert_eq!(
        json!(w.runs["trial-look"].spec.args),
        json!([
            { "name": "hash", "value": format!("x-{hash}") },
            { "name": "set", "value": "trial-a" },
            { "name": "times", "value": "2026-01-01T00:00:01Z 2026-01-01T01:00:01Z" },
            { "name": "secret", "valueFrom": secret },
            { "name": "field", "value": "trial" },
        ])
    );
    let mut unknown = analysis("look", false);
    unknown["args"] = json!([{ "name": "a", "value": "{{templates.b.podTemplateHash}}" }]);
    let mut w = analysed(json!([unknown]));
    w.run(5);
    let message = "Failed to create AnalysisRun for analysis 'look': failed to resolve {{templates.b.podTemplateHash}}";
    assert_eq!(w.phase(), ("Error", message));
}

#[test]
fn metadata_and_rules() {
    let mut w = analysed(json!([analysis("look", false)]));
    let extra = json!({ "labels": { "kind": "lab" }, "annotations": { "note": "x" } });
    w.experiment.spec.analysis_run_metadata = serde_json::from_value(extra).unwrap();
    w.experiment.spec.dry_run = serde_json::from_value(json!([{ "metricName": "m" }])).unwrap();
    w.experiment.metadata.labels.insert("argo-rollouts.argoproj.io/controller-instance-id".into(), "one".into());
    w.run(5);
    let run = &w.runs["trial-look"];
    let labels = json!({ "kind": "lab", "argo-rollouts.argoproj.io/controller-instance-id": "one" });
    assert_eq!((json!(run.metadata.labels), run.metadata.annotation("note")), (labels, Some("x")));
    assert_eq!(run.spec.dry_run.len(), 1);
}

#[test]
fn a_deleted_run_is_made_again_unless_it_is_over() {
    let mut w = analysed(json!([analysis("look", true)]));
    w.run(5);
    w.runs.clear();
    w.run(5);
    assert_eq!((w.runs.len(), w.analysis("look").0), (1, "Running"));
    w.experiment.spec.terminate = true;
    w.settle();
    w.runs.clear();
    w.settle();
    let message = "AnalysisRun 'trial-look' was deleted before it ended";
    assert_eq!((w.analysis("look"), w.phase()), (("Inconclusive", message), ("Inconclusive", message)));
    w.run(10);
    assert!(w.runs.is_empty());
}

#[test]
fn nothing_is_said_while_nothing_is_known() {
    let mut w = analysed(json!([analysis("look", false)]));
    w.templates.clear();
    w.unreadable = Some("cannot read analysistemplates".into());
    w.run(60);
    assert_eq!((w.phase().0, w.analysis("look").0, w.size("a")), ("Running", "", 1));
    w.add_template("looks", json!({ "metrics": [{ "name": "m", "provider": {} }] }));
    w.unreadable = None;
    w.run(20);
    assert_eq!((w.phase().0, w.analysis("look").0), ("Running", "Running"));
}

#[test]
fn one_that_is_taken_out_ends() {
    let mut w = analysed(json!([analysis("look", false), analysis("see", false)]));
    w.run(5);
    w.experiment.spec.analyses.truncate(1);
    w.run(5);
    assert!(w.runs["trial-see"].spec.terminate && !w.runs["trial-look"].spec.terminate);
    assert_eq!(w.status().analysis_runs.len(), 1);
}
