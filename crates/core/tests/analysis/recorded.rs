//! Runs as they went under Argo Rollouts 1.10: their specs, what was measured, and every status that was seen.

use crate::world::{Outcome, World};
use rollouts_core::analysis::Phase;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recording {
    run: String,
    spec: Value,
    measured: BTreeMap<String, Vec<Measured>>,
    states: Vec<Value>,
    events: Vec<[String; 3]>,
    /// Number of states before `spec.terminate` was set.
    terminate_after: Option<usize>,
}

#[derive(Deserialize)]
struct Measured {
    phase: String,
    #[serde(default)]
    value: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    job: bool,
}

impl Measured {
    fn outcome(&self) -> Outcome {
        let terminated = self.message == "Metric Terminated";
        Outcome {
            phase: Phase::parse(&self.phase).unwrap(),
            value: self.value.clone(),
            message: self.message.clone(),
            job: self.job.then_some((!terminated).then_some(3)),
        }
    }
}

/// What is different on purpose (docs/differences.md): fields of the last status.
fn differences(run: &str) -> Option<Value> {
    let streak = "Metric \"m\" assessed PHASE due to consecutiveSuccess (1) < consecutiveSuccessLimit (2)";
    Some(match run {
        "consecutive-success/count-runs-out-with-limit" => json!({
            "message": streak.replace("PHASE", "Inconclusive"), "runSummary": { "count": 1, "inconclusive": 1 },
        }),
        "consecutive-success/count-runs-out-without-limit" => json!({
            "message": streak.replace("PHASE", "Failed"), "runSummary": { "count": 1, "failed": 1 },
        }),
        "terminate/idle" => json!({
            "phase": "Inconclusive", "message": "Run Terminated: No measurement was successful",
        }),
        _ => return None,
    })
}

#[test]
fn runs_go_as_recorded() {
    let recordings: Vec<Recording> = serde_json::from_str(include_str!("recorded.json")).unwrap();
    assert_eq!(recordings.len(), 116);
    for recording in recordings {
        replay(recording);
    }
}

fn replay(mut recording: Recording) {
    let run = recording.run.as_str();
    let mut world = World::new(&recording.spec);
    world.run.status = serde_json::from_value(recording.states[0].clone()).unwrap();
    world.states = vec![recording.states[0].clone()];
    for (metric, measured) in &recording.measured {
        world.script.insert(metric.clone(), measured.iter().map(Measured::outcome).collect());
    }
    if run == "args/no-such-secret" || run == "args/no-such-key" {
        let message = recording.states[1]["message"].as_str().unwrap();
        world.no_secrets = message.strip_prefix("Unable to resolve metric arguments: ").map(str::to_string);
    }
    if let Some(fields) = differences(run) {
        let last = recording.states.last_mut().unwrap().as_object_mut().unwrap();
        last.extend(fields.as_object().unwrap().clone());
        if run == "terminate/idle" {
            recording.events[1] =
                ["Normal", "AnalysisRunInconclusive", "Analysis Completed. Result: Inconclusive"].map(str::to_string);
        }
    }
    if run == "ttl/unsure-failure-only" {
        recording.states.push(json!("DELETED"));
    }
    match recording.terminate_after {
        None => world.run_for(7200),
        Some(states) => {
            world.run_for(60);
            assert_eq!(world.states.len(), states, "{run}");
            world.terminate();
            world.run_for(7200);
        }
    }
    let text = |states: &[Value]| states.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
    assert_eq!(text(&world.states), text(&recording.states), "{run}");
    assert_eq!(world.running_jobs(), 0, "{run}");
    // Metrics that end together are told of in the order of the spec; there, in any order.
    world.events.sort();
    recording.events.sort();
    assert_eq!(world.events, recording.events, "{run}");
    let status = &world.run.status;
    assert!(status.started_at.is_some() && status.completed_at.is_some(), "{run}");
}
