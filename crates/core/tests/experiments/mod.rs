//! Experiments as steps of a canary (analysis.md §6.6).

use crate::world::World;
use rollouts_core::{Effect, plan};
use serde_json::{Value, json};

/// Name of the Experiment that a step of the update to image `2` has.
fn name(suffix: &str) -> String {
    format!("web-7445d4664c-2-{suffix}")
}

/// A canary at image `1`, on its way to image `2`, whose second step is `experiment`.
fn at(experiment: Value) -> World {
    let steps = json!([{ "setWeight": 50 }, { "experiment": experiment }, { "pause": {} }]);
    let mut w = World::new(2, json!({ "canary": { "maxSurge": 1, "maxUnavailable": 0, "steps": steps } }));
    w.rollout.metadata.labels.insert("team".into(), "blue".into());
    w.run(10);
    w.set_image("2");
    w.run(10);
    w
}

fn simple() -> Value {
    json!({ "templates": [{ "name": "new", "specRef": "canary" }] })
}

fn current(w: &World) -> &str {
    &w.status().canary.current_experiment
}

#[test]
fn success_completes_the_step() {
    let mut w = at(simple());
    assert_eq!(current(&w), name("1"));
    w.experiment_ends(&name("1"), "Running", "", 3600);
    assert_eq!((current(&w), w.status().current_step_index), (name("1").as_str(), Some(1)));
    assert_eq!(w.status().phase, "Progressing", "no deadline while it goes on");
    w.events.clear();
    w.experiment_ends(&name("1"), "Successful", "", 10);
    assert_eq!((current(&w), w.status().current_step_index), ("", Some(2)));
    assert_eq!(
        w.events,
        [
            "RolloutStepCompleted Rollout step 2/3 completed (experiment)",
            "RolloutPaused Rollout is paused (CanaryPauseStep)",
        ]
    );
}

#[test]
fn its_creation_is_told() {
    let w = at(simple());
    let events = &w.events[w.events.len() - 2..];
    assert_eq!(
        events,
        [
            "RolloutStepCompleted Rollout step 1/3 completed (setWeight: 50)".to_string(),
            format!("ExperimentCreated Created Experiment '{}'", name("1")),
        ]
    );
}

/// As recorded: the write of the abort names the Experiment no more.
#[test]
fn failure_aborts() {
    for (message, told) in [("look: too slow", ": look: too slow"), ("", "")] {
        let mut w = at(simple());
        w.events.clear();
        w.phases.clear();
        w.experiment_ends(&name("1"), "Failed", message, 0);
        let cause = format!("Rollout aborted update to revision 2: Experiment analysis phase is error/failed{told}");
        assert_eq!(w.phases[0], format!("Degraded @0 RolloutAborted: {cause}"));
        assert_eq!((w.events[0].as_str(), current(&w)), (format!("RolloutAborted {cause}").as_str(), ""));
        w.run(30);
        w.rollout.status.abort = false;
        w.run(30);
        assert_eq!((current(&w), w.experiments.len()), (name("1-1").as_str(), 2));
    }
}

/// Upstream forgets which one it was, and makes another one, again and again.
#[test]
fn an_inconclusive_experiment_waits_for_a_human() {
    let mut w = at(simple());
    w.experiment_ends(&name("1"), "Inconclusive", "", 3600);
    assert_eq!((w.status().phase.as_str(), w.status().message.as_str()), ("Paused", "InconclusiveExperiment"));
    assert_eq!((current(&w), w.experiments.len()), (name("1").as_str(), 1));
    w.promote();
    w.run(10);
    assert_eq!((current(&w), w.experiments.len()), (name("1-1").as_str(), 2));
    w.experiment_ends(&name("1-1"), "Successful", "", 10);
    assert_eq!(w.status().current_step_index, Some(2));
}

#[test]
fn whatever_ends_the_update_ends_it() {
    type Action = fn(&mut World);
    let actions: [Action; 5] = [
        |w| w.rollout.status.abort = true,
        |w| w.rollout.status.promote_full = true,
        |w| w.rollout.status.current_step_index = Some(2),
        |w| w.set_image("1"),
        |w| w.set_image("3"),
    ];
    for action in actions {
        let mut w = at(simple());
        w.experiment_ends(&name("1"), "Running", "", 5);
        action(&mut w);
        w.run(30);
        assert!(w.experiments[&name("1")].spec.terminate);
        assert_ne!(current(&w), name("1"));
    }
}

/// What is created, in full.
#[test]
fn the_object() {
    let experiment = json!({
        "templates": [
            { "name": "base", "specRef": "stable", "weight": 10 },
            {
                "name": "new", "specRef": "canary", "replicas": 2, "service": { "name": "lab" },
                "metadata": { "labels": { "lane": "new" }, "annotations": { "note": "x" } },
            },
        ],
        "duration": "6s",
        "scaleDownDelaySeconds": 0,
        "dryRun": [{ "metricName": "m" }],
        "analysisRunMetadata": { "labels": { "kind": "lab" } },
        "analyses": [{
            "name": "look", "templateName": "look", "requiredForCompletion": true,
            "args": [
                { "name": "a", "value": "{{templates.base.podTemplateHash}}" },
                { "name": "b", "valueFrom": { "podTemplateHashValue": "Latest" } },
                { "name": "c", "valueFrom": { "fieldRef": { "fieldPath": "metadata.name" } } },
            ],
        }],
    });
    let steps = json!([{ "experiment": experiment }]);
    let mut w = World::new(2, json!({ "canary": { "steps": steps } }));
    // A weight needs a router, and those are not supported yet.
    w.change(|ro| {
        let mut canary = json!(ro.spec.strategy.canary);
        canary["steps"][0]["experiment"]["templates"][0].as_object_mut().unwrap().remove("weight");
        canary["steps"][0]["experiment"]["templates"][0]["service"] = json!({});
        ro.spec.strategy.canary = serde_json::from_value(canary).unwrap();
        ro.spec.min_ready_seconds = 3;
        ro.spec.progress_deadline_seconds = Some(60);
        ro.metadata.labels.insert("team".into(), "blue".into());
    });
    w.run(10);
    w.set_image("2");
    let object = loop {
        let plan = plan(&w.snapshot(), w.now);
        let created = plan.effects().find_map(|e| match e {
            Effect::CreateExperiment { object, .. } => Some(object.clone()),
            _ => None,
        });
        match created {
            Some(object) => break object,
            None => w.step(),
        }
    };
    let pods = |labels: Value, annotations: Value, tag: &str| {
        let mut metadata = json!({ "labels": labels });
        if annotations != Value::Null {
            metadata["annotations"] = annotations;
        }
        let container = json!({ "name": "web", "image": format!("shop/web:{tag}") });
        json!({ "metadata": metadata, "spec": { "containers": [container] } })
    };
    assert_eq!(
        object,
        json!({
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Experiment",
            "metadata": {
                "name": name("0"),
                "namespace": "ns",
                "labels": { "team": "blue", "rollouts-pod-template-hash": "7445d4664c" },
                "annotations": { "rollout.argoproj.io/revision": "2" },
                "ownerReferences": [rollouts_core::owner_reference(&w.rollout.metadata)],
            },
            "spec": {
                "templates": [
                    {
                        "name": "base", "minReadySeconds": 3, "service": {},
                        "selector": { "matchLabels": { "app": "web" } },
                        "template": pods(json!({ "app": "web" }), Value::Null, "1"),
                    },
                    {
                        "name": "new", "replicas": 2, "minReadySeconds": 3, "service": { "name": "lab" },
                        "selector": { "matchLabels": { "app": "web", "lane": "new" } },
                        "template": pods(json!({ "app": "web", "lane": "new" }), json!({ "note": "x" }), "2"),
                    },
                ],
                "duration": "6s",
                "progressDeadlineSeconds": 60,
                "scaleDownDelaySeconds": 0,
                "dryRun": [{ "metricName": "m" }],
                "analysisRunMetadata": { "labels": { "kind": "lab" } },
                "analyses": [{
                    "name": "look", "templateName": "look", "requiredForCompletion": true,
                    "args": [
                        { "name": "a", "value": "{{templates.base.podTemplateHash}}" },
                        { "name": "b", "value": "7445d4664c" },
                        { "name": "c", "value": "web" },
                    ],
                }],
            },
        })
    );
}

#[test]
fn a_bad_reference_is_told() {
    let w = at(json!({ "templates": [{ "name": "new", "specRef": "newest" }] }));
    let message = "InvalidSpec: The Rollout \"web\" is invalid: experiment: Invalid template step SpecRef: must be canary or stable";
    assert_eq!((w.status().message.as_str(), w.experiments.len()), (message, 0));
}

/// Names that others have are passed over; what a plan made before it was cut short is taken up.
#[test]
fn collisions() {
    let steps = json!([{ "experiment": simple() }, { "pause": {} }]);
    let mut fresh = World::new(2, json!({ "canary": { "steps": steps } }));
    fresh.run(10);
    let mut w = fresh.clone();
    w.foreign_experiments.insert(name("0"));
    w.set_image("2");
    w.run(10);
    assert_eq!(current(&w), name("0-1"));
    let mut w = fresh;
    w.set_image("2");
    while w.experiments.is_empty() {
        if plan(&w.snapshot(), w.now).effects().any(|e| matches!(e, Effect::CreateExperiment { .. })) {
            w.crashes.push(1);
        }
        w.step();
    }
    assert_eq!(current(&w), "", "the status was not written");
    w.run(10);
    assert_eq!((current(&w), w.experiments.len()), (name("0").as_str(), 1));
}

#[test]
fn the_newest_stay() {
    let mut w = World::new(1, json!({ "canary": { "steps": [{ "experiment": simple() }] } }));
    w.change(|ro| {
        let limits = json!({ "successfulRunHistoryLimit": 1, "unsuccessfulRunHistoryLimit": 1 });
        ro.spec.analysis = serde_json::from_value(limits).unwrap();
    });
    w.run(10);
    for (image, phase) in [("2", "Successful"), ("3", "Failed"), ("4", "Error"), ("5", "Successful")] {
        w.set_image(image);
        w.run(5);
        let name = current(&w).to_string();
        w.experiment_ends(&name, phase, "", 30);
    }
    let mut left: Vec<_> =
        w.experiments.values().map(|e| e.metadata.annotations["rollout.argoproj.io/revision"].as_str()).collect();
    left.sort();
    assert_eq!(left, ["4", "5"]);
}
