//! Random operators.

use crate::world::World;
use proptest::prelude::*;
use serde_json::{Value, json};

/// What an operator, or the world, may do.
#[derive(Debug, Clone)]
pub enum Action {
    SetImage(u8),
    BreakImage(u8),
    HealAll,
    Abort,
    Retry,
    Promote,
    PromoteStep,
    PromoteFull,
    Scale(i32),
    SetImageAndScale(u8, i32),
    Pause(bool),
    EditSteps(Vec<Value>),
    ChangeStrategy(Value),
    DeleteSet(prop::sample::Index),
    LoseService(&'static str),
    RestoreServices,
    Restart,
    MinReady(i32),
    KeepHistory(i32),
    RefuseEvictions(bool),
    /// Every run and Experiment that is going on gets this phase.
    Measure(&'static str),
    LoseTemplate,
    RestoreTemplate,
    DeleteRuns,
    Wait(i64),
}

impl Action {
    /// Takes effect, and the controller reacts.
    pub fn take(&self, w: &mut World) {
        match self {
            Action::SetImage(tag) => w.set_image(&tag.to_string()),
            Action::BreakImage(tag) => w.break_image(&tag.to_string()),
            Action::HealAll => w.heal(),
            Action::Abort => w.rollout.status.abort = true,
            Action::Retry => w.rollout.status.abort = false,
            Action::Promote => w.promote(),
            Action::PromoteStep => {
                let steps = w.rollout.spec.canary_steps().len() as i32;
                let status = &mut w.rollout.status;
                if status.pause_conditions.is_empty() && status.current_step_index.is_some_and(|i| i < steps) {
                    status.current_step_index = status.current_step_index.map(|i| i + 1);
                }
            }
            Action::PromoteFull => {
                let status = &mut w.rollout.status;
                status.promote_full = status.current_pod_hash != status.stable_rs;
            }
            Action::Scale(n) => w.change(|ro| ro.spec.replicas = Some(*n)),
            Action::SetImageAndScale(tag, n) => {
                w.set_image(&tag.to_string());
                w.rollout.spec.replicas = Some(*n);
            }
            Action::Pause(paused) => w.change(|ro| ro.spec.paused = *paused),
            Action::EditSteps(steps) => w.change(|ro| {
                if let Some(canary) = &mut ro.spec.strategy.canary {
                    canary.steps = serde_json::from_value(json!(steps)).unwrap();
                }
            }),
            Action::ChangeStrategy(strategy) => w.change(|ro| {
                ro.spec.strategy = serde_json::from_value(strategy.clone()).unwrap();
                ro.spec.revision_history_limit = None;
            }),
            Action::DeleteSet(which) => {
                if !w.sets.is_empty() {
                    let name = w.sets.keys().nth(which.index(w.sets.len())).unwrap().clone();
                    w.delete_set(&name);
                }
            }
            Action::LoseService(name) => w.lose_service(name),
            Action::RestoreServices => w.restore_services(),
            Action::Restart if w.pods.is_none() => {}
            Action::Restart => w.change_restart(),
            Action::MinReady(seconds) => w.change(|ro| ro.spec.min_ready_seconds = *seconds),
            Action::KeepHistory(limit) => w.change(|ro| {
                let delayed = ro.spec.strategy.blue_green.as_ref().and_then(|b| b.scale_down_delay_revision_limit);
                ro.spec.revision_history_limit = Some(*limit.max(&delayed.unwrap_or(0)));
            }),
            Action::RefuseEvictions(refuse) => w.budget_refuses = *refuse,
            Action::Measure(phase) => w.measure(phase),
            Action::LoseTemplate => w.templates.clear(),
            Action::RestoreTemplate => w.restore_template(),
            Action::DeleteRuns => {
                w.runs.clear();
                w.experiments.clear();
            }
            Action::Wait(seconds) => return w.run(*seconds),
        }
        w.run(0);
    }
}

pub fn actions() -> impl Strategy<Value = Action> {
    prop_oneof![
        6 => (1..5u8).prop_map(Action::SetImage),
        1 => (1..5u8).prop_map(Action::BreakImage),
        1 => Just(Action::HealAll),
        2 => Just(Action::Abort),
        2 => Just(Action::Retry),
        3 => Just(Action::Promote),
        1 => Just(Action::PromoteStep),
        1 => Just(Action::PromoteFull),
        3 => (0..8).prop_map(Action::Scale),
        1 => (1..5u8, 0..8).prop_map(|(tag, n)| Action::SetImageAndScale(tag, n)),
        1 => any::<bool>().prop_map(Action::Pause),
        1 => steps().prop_map(Action::EditSteps),
        1 => prop_oneof![canaries(), blue_greens()].prop_map(Action::ChangeStrategy),
        1 => any::<prop::sample::Index>().prop_map(Action::DeleteSet),
        1 => prop_oneof![Just("live"), Just("next")].prop_map(Action::LoseService),
        1 => Just(Action::RestoreServices),
        1 => Just(Action::Restart),
        1 => any::<bool>().prop_map(Action::RefuseEvictions),
        1 => (0..3).prop_map(Action::MinReady),
        1 => (0..3).prop_map(Action::KeepHistory),
        6 => prop_oneof![
            3 => Just("Successful"),
            2 => Just("Running"),
            1 => Just("Inconclusive"),
            1 => Just("Failed"),
            1 => Just("Error"),
        ].prop_map(Action::Measure),
        1 => Just(Action::LoseTemplate),
        1 => Just(Action::RestoreTemplate),
        1 => Just(Action::DeleteRuns),
        12 => (1..40i64).prop_map(Action::Wait),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Value>> {
    let step = prop_oneof![
        3 => (0..=100).prop_map(|w| json!({ "setWeight": w })),
        1 => Just(json!({ "pause": {} })),
        1 => (0..20).prop_map(|d| json!({ "pause": { "duration": d } })),
        1 => analysis().prop_map(|a| json!({ "analysis": a })),
        1 => Just(json!({ "experiment": { "templates": [{ "name": "lab", "specRef": "canary" }] } })),
    ];
    prop::collection::vec(step, 0..5)
}

fn analysis() -> impl Strategy<Value = Value> {
    prop_oneof![
        1 => Just(json!({ "templates": [] })),
        5 => Just(json!({ "templates": [{ "templateName": "look" }] })),
    ]
}

/// Rollouts of any valid kind without traffic routing: parts of a spec.
pub fn specs() -> impl Strategy<Value = Value> {
    let limits = (0..7, prop::option::of(0..4i64), 0..4, 0..3);
    let deadline = (5..90, any::<bool>());
    (limits, deadline, prop_oneof![canaries(), blue_greens()]).prop_map(|(limits, deadline, strategy)| {
        let (replicas, history, window, min_ready_seconds) = limits;
        // A smaller history would be invalid.
        let delayed = strategy["blueGreen"]["scaleDownDelayRevisionLimit"].as_i64().unwrap_or(0);
        let history = history.map(|h: i64| h.max(delayed));
        json!({
            "replicas": replicas,
            "revisionHistoryLimit": history,
            "rollbackWindow": { "revisions": window },
            "minReadySeconds": min_ready_seconds,
            "progressDeadlineSeconds": deadline.0,
            "progressDeadlineAbort": deadline.1,
            "strategy": strategy,
        })
    })
}

fn canaries() -> impl Strategy<Value = Value> {
    let count = || prop_oneof![(0..4).prop_map(|n| json!(n)), (0..=100).prop_map(|p| json!(format!("{p}%")))];
    let background = prop::option::weighted(0.3, (analysis(), prop::option::of(0..4)));
    (count(), count(), steps(), any::<bool>(), metadata(), extras(), background).prop_map(
        |(surge, unavailable, steps, services, metadata, extras, background)| {
            let none = |v: &Value| v == &json!(0) || v == &json!("0%");
            let unavailable = if none(&surge) && none(&unavailable) { json!(1) } else { unavailable };
            let mut canary = json!({ "maxSurge": surge, "maxUnavailable": unavailable, "steps": steps });
            if services {
                canary["stableService"] = json!("live");
                canary["canaryService"] = json!("next");
            }
            (canary["replicaProgressThreshold"], canary["antiAffinity"]) = extras;
            if let Some((analysis, start)) = background {
                canary["analysis"] = analysis;
                canary["analysis"]["startingStep"] = json!(start);
            }
            canary["canaryMetadata"] = metadata.0;
            canary["stableMetadata"] = metadata.1;
            json!({ "canary": canary })
        },
    )
}

fn blue_greens() -> impl Strategy<Value = Value> {
    let seconds = || prop::option::of(0..40);
    let pauses = (any::<bool>(), 0..30, prop::option::of(0..5));
    let delays = (seconds(), seconds(), prop::option::of(0..3));
    let around = (prop::option::weighted(0.3, analysis()), prop::option::weighted(0.3, analysis()));
    (pauses, delays, any::<bool>(), metadata(), extras(), around).prop_map(|parts| {
        let (pauses, delays, preview, metadata, extras, around) = parts;
        let mut strategy = json!({
            "prePromotionAnalysis": around.0,
            "postPromotionAnalysis": around.1,
            "activeService": "live",
            "autoPromotionEnabled": pauses.0,
            "autoPromotionSeconds": pauses.1,
            "previewReplicaCount": pauses.2,
            "scaleDownDelaySeconds": delays.0,
            "abortScaleDownDelaySeconds": delays.1,
            "scaleDownDelayRevisionLimit": delays.2,
            "antiAffinity": extras.1,
            "previewMetadata": metadata.0,
            "activeMetadata": metadata.1,
        });
        if preview {
            strategy["previewService"] = json!("next");
        }
        json!({ "blueGreen": strategy })
    })
}

/// A threshold of progress, and an anti-affinity rule.
fn extras() -> impl Strategy<Value = (Value, Value)> {
    let threshold = prop_oneof![
        4 => Just(Value::Null),
        1 => (0..=100).prop_map(|p| json!({ "type": "Percent", "value": p })),
        1 => (0..5).prop_map(|n| json!({ "type": "Pods", "value": n })),
    ];
    let rule = prop_oneof![
        3 => Just(Value::Null),
        1 => Just(json!({ "requiredDuringSchedulingIgnoredDuringExecution": {} })),
        1 => (1..=100).prop_map(|w| json!({ "preferredDuringSchedulingIgnoredDuringExecution": { "weight": w } })),
    ];
    (threshold, rule)
}

/// Metadata of the new and of the stable pods.
fn metadata() -> impl Strategy<Value = (Value, Value)> {
    (role(), role())
}

fn role() -> impl Strategy<Value = Value> {
    let few = || prop::collection::btree_map("[abc]", "[12]", 0..3);
    prop_oneof![
        Just(Value::Null),
        (few(), few()).prop_map(|(labels, annotations)| json!({ "labels": labels, "annotations": annotations })),
    ]
}
