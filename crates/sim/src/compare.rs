//! Whether two recordings are the same as far as a user can tell.
//!
//! The same are: the objects by name; the events of each object in order, whatever their counts; the sizes of each
//! ReplicaSet in order; phase, message, step, hashes and pauses of each Rollout in order, and its last status;
//! contents of Services and routes in order; the last status of AnalysisRuns and Experiments; and what each command
//! printed, apart from ages, the names of pods and the sentences of help. A recording without any events was made to
//! look at commands alone: events and counters of the others count for nothing then.

mod commands;
pub(crate) mod mask;
mod usage;

use crate::recording::{Event, Recording};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// What is different, as unified diffs; empty when the recordings are the same.
pub fn diff(golden: &Recording, ours: &Recording) -> String {
    let (golden, ours) = (mask::recording(golden), mask::recording(ours));
    let mut out = String::new();
    let both = golden.events.iter().chain(&ours.events).filter(|_| !golden.events.is_empty());
    for object in both.map(|event| &event.0).collect::<BTreeSet<_>>() {
        sequence(&format!("events of {object}"), &events(&golden, object), &events(&ours, object), &mut out);
    }
    let names = |r: &Recording| r.tracks.keys().map(|k| json!(k)).collect::<Vec<_>>();
    sequence("objects", &names(&golden), &names(&ours), &mut out);
    for (name, golden) in &golden.tracks {
        if let Some(ours) = ours.tracks.get(name) {
            track(name, golden, ours, &mut out);
        }
    }
    commands::compare(&golden.commands, &ours.commands, &mut out);
    sequence("counters", &[json!(golden.final_counts)], &[json!(ours.final_counts)], &mut out);
    sequence("failed", &[json!(golden.failed)], &[json!(ours.failed)], &mut out);
    out
}

fn track(name: &str, golden: &[Value], ours: &[Value], out: &mut String) {
    let last = |track: &[Value]| track.last().cloned().into_iter().collect::<Vec<_>>();
    let finally = format!("{name} in the end");
    match name.split('/').next().unwrap_or_default() {
        "rollouts" => {
            sequence(name, &statuses(golden), &statuses(ours), out);
            sequence(&finally, &last(golden), &last(ours), out);
        }
        "replicasets" => {
            sequence(name, &sizes(golden), &sizes(ours), out);
            sequence(&finally, &last_alive(golden), &last_alive(ours), out);
        }
        "analysisruns" | "experiments" | "jobs" | "deployments" => {
            let sorted = |track: &[Value]| last(track).into_iter().map(by_name).collect::<Vec<_>>();
            sequence(&finally, &sorted(golden), &sorted(ours), out);
        }
        _ => sequence(name, &dedupe(golden.iter().cloned()), &dedupe(ours.iter().cloned()), out),
    }
}

/// Appends a unified diff of the two lists, one line an element.
fn sequence(name: &str, golden: &[Value], ours: &[Value], out: &mut String) {
    if golden == ours {
        return;
    }
    let lines = |values: &[Value]| values.iter().map(|v| format!("{v}\n")).collect::<String>();
    let (golden, ours) = (lines(golden), lines(ours));
    let text = similar::TextDiff::from_lines(&golden, &ours);
    let (before, after) = (format!("golden {name}"), format!("ours {name}"));
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{}", text.unified_diff().context_radius(1).header(&before, &after));
}

/// Type, reason and message, in order; AnalysisRuns measure side by side, so theirs are sorted.
fn events(recording: &Recording, object: &str) -> Vec<Value> {
    let of_object = |event: &&Event| event.0 == *object && !event.3.starts_with("(combined from similar events)");
    let mut lines: Vec<String> =
        recording.events.iter().filter(of_object).map(|e| format!("{} {} {}", e.1, e.2, e.3)).collect();
    if object.starts_with("AnalysisRun/") {
        lines.sort();
    }
    lines.into_iter().map(Value::String).collect()
}

fn statuses(track: &[Value]) -> Vec<Value> {
    let statuses = track.iter().map(|state| &state["status"]);
    dedupe(statuses.filter(|s| s.as_object().is_some_and(|s| !s.is_empty())).map(|s| {
        let message = s["message"].as_str().unwrap_or_default();
        let abort = s["abort"].as_bool().unwrap_or_default();
        let (hashes, step) = ([&s["stableRS"], &s["currentPodHash"]], &s["currentStepIndex"]);
        json!([s["phase"], message, step, hashes[0], hashes[1], abort, s["pauseConditions"]])
    }))
}

fn sizes(track: &[Value]) -> Vec<Value> {
    dedupe(track.iter().map(|state| if state.is_string() { state.clone() } else { state["replicas"].clone() }))
}

fn last_alive(track: &[Value]) -> Vec<Value> {
    track.iter().rev().find(|state| !state.is_string()).cloned().into_iter().collect()
}

fn dedupe(values: impl Iterator<Item = Value>) -> Vec<Value> {
    let mut out: Vec<Value> = values.collect();
    out.dedup();
    out
}

/// Metrics that start together finish in any order: their results are compared by name.
pub(crate) fn by_name(value: Value) -> Value {
    match value {
        Value::Object(map) => map
            .into_iter()
            .map(|(key, value)| match value {
                Value::Array(mut items)
                    if matches!(key.as_str(), "metricResults" | "analysisRuns" | "templateStatuses") =>
                {
                    items.sort_by_key(|item| item["name"].as_str().unwrap_or_default().to_owned());
                    (key, Value::Array(items))
                }
                other => (key, by_name(other)),
            })
            .collect(),
        Value::Array(items) => items.into_iter().map(by_name).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests;
