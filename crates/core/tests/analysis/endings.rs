//! Runs that end before their time, or with nothing measured, and what becomes of runs that have ended.

use crate::world::{Outcome, World};
use jiff::{SignedDuration, Timestamp};
use rollouts_core::analysis::Phase::{self, Error, Failed, Inconclusive, Successful};
use rollouts_core::analysis::run::{RunEffect, plan};
use serde_json::{Value, json};

/// A Job that runs for so many seconds.
fn job(seconds: Option<i64>, phase: Phase) -> Outcome {
    Outcome { job: Some(seconds), ..Outcome::of(phase) }
}

fn with_job(other: &[Phase], tolerated: i32) -> World {
    let job_metric =
        json!({"inconclusiveLimit": tolerated, "count": 5, "interval": "1m", "provider": {"job": {"spec": {}}}});
    let mut world =
        World::metrics(&[("job", job_metric, &[]), ("web", json!({"interval": "5s", "failureLimit": 1}), other)]);
    world.script.insert("job".to_string(), vec![job(None, Successful)]);
    world
}

fn results(world: &World) -> Vec<(String, String, String)> {
    let results = world.run.status.metric_results.iter();
    results.map(|r| (r.name.clone(), r.phase.clone(), r.message.clone())).collect()
}

fn result(name: &str, phase: &str, message: &str) -> (String, String, String) {
    (name.to_string(), phase.to_string(), message.to_string())
}

#[test]
fn terminating_ends_what_runs_outside() {
    let mut world = with_job(&[Successful], 0);
    world.run_for(12);
    world.terminate();
    world.run_for(1);
    assert!(world.running_jobs() == 0);
    assert_eq!(world.phase(), "Inconclusive");
    assert_eq!(
        world.message(),
        "Metric \"job\" assessed Inconclusive due to inconclusive (1) > inconclusiveLimit (0): \"Error Message: Metric Terminated\""
    );
    let mut world = with_job(&[Successful], 1);
    world.run_for(12);
    world.terminate();
    world.run_for(1);
    assert_eq!((world.phase(), world.message()), ("Successful", "Run Terminated"));
    assert_eq!(results(&world), [result("job", "Successful", "Metric Terminated"), result("web", "Successful", "")]);
}

#[test]
fn a_failed_metric_ends_the_others() {
    let mut world = with_job(&[Successful, Failed, Failed], 1);
    world.run_for(60);
    assert!(world.running_jobs() == 0);
    let told = "Metric \"web\" assessed Failed due to failed (2) > failureLimit (1)";
    assert_eq!((world.phase(), world.message()), ("Failed", told));
    assert_eq!(results(&world), [result("job", "Successful", "Metric Terminated"), result("web", "Failed", "")]);
    // The one that decided is written before the run ends.
    let phases: Vec<_> = world.states.iter().map(|s| s["phase"].as_str().unwrap_or_default()).collect();
    assert_eq!(phases[phases.len() - 2..], ["Running", "Failed"]);
}

#[test]
fn terminated_without_a_success_is_not_success() {
    let table: [(&[Phase], &str, &str); 4] = [
        (&[Failed], "Inconclusive", "Run Terminated: No measurement was successful"),
        (&[Error], "Inconclusive", "Run Terminated: No measurement was successful"),
        (&[Inconclusive], "Successful", "Run Terminated"),
        (&[Failed, Successful], "Successful", "Run Terminated"),
    ];
    for (measured, phase, message) in table {
        let fields = json!({"interval": "1m", "failureLimit": 3, "inconclusiveLimit": 3});
        let mut world = World::metric(fields, measured);
        world.run_for(measured.len() as i64 * 60 - 30);
        world.terminate();
        world.run_for(1);
        assert_eq!((world.phase(), world.message()), (phase, message), "{measured:?}");
    }
    // Nothing was measured: nothing speaks against it.
    let mut world = World::metric(json!({"initialDelay": "1h"}), &[Failed]);
    world.run_for(5);
    world.terminate();
    assert_eq!((world.phase(), world.message()), ("Successful", "Run Terminated"));
    assert_eq!(results(&world), []);
}

#[test]
fn a_spec_that_becomes_invalid_ends_the_run_and_its_jobs() {
    for spoil in
        [json!({"failureLimit": -9}), json!({"name": "job", "interval": "{{args.gone}}"}), json!({"twice": true})]
    {
        let mut world = with_job(&[Successful], 0);
        world.run_for(12);
        let mut metric = json!(world.run.spec.metrics[0]);
        metric.as_object_mut().unwrap().extend(spoil.as_object().unwrap().clone());
        world.run.spec.metrics[0] = serde_json::from_value(metric).unwrap();
        if spoil["twice"] == true {
            world.run.spec.metrics[1] = world.run.spec.metrics[0].clone();
        }
        world.run_for(5);
        assert_eq!(world.phase(), "Error");
        assert!(world.message().starts_with("Analysis spec invalid") || world.message().contains("{{args.gone}}"));
        assert!(world.running_jobs() == 0, "{spoil}");
        assert!(world.run.status.completed_at.is_some());
    }
}

#[test]
fn a_secret_that_cannot_be_had_ends_the_run_and_its_jobs() {
    let mut world = with_job(&[Successful], 0);
    world.run_for(6);
    world.no_secrets = Some("secrets \"gone\" not found".to_string());
    world.run_for(30);
    let told = "Unable to resolve metric arguments: secrets \"gone\" not found";
    assert_eq!((world.phase(), world.message()), ("Error", told));
    assert!(world.running_jobs() == 0);
    let job = &world.run.status.metric_results[0];
    assert_eq!((job.inconclusive, job.measurements[0].message.as_str()), (1, "Metric Terminated"));
    assert_eq!(world.events.last().unwrap()[1], "AnalysisRunError");
    assert!(world.measuring.is_empty());
}

#[test]
fn numbers_from_secrets_are_refused() {
    let mut world = World::metric(json!({"count": "{{args.n}}", "interval": "1s"}), &[Successful]);
    world.run.spec.args =
        serde_json::from_value(json!([{"name": "n", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]))
            .unwrap();
    world.run_for(1);
    let told = "Analysis spec invalid: metrics[0]: count must not come from a secret";
    assert_eq!((world.phase(), world.message()), ("Error", told));
}

/// Ended in `phase` at its start, with this `ttlStrategy`: after how many seconds it is deleted.
fn deleted_after(phase: &str, status: Value, ttl: Value) -> Option<i64> {
    let mut world = World::metric(json!({}), &[]);
    let start = world.now;
    world.run.spec.ttl_strategy = serde_json::from_value(ttl).unwrap();
    world.run.status = serde_json::from_value(status).unwrap();
    world.run.status.phase = phase.to_string();
    world.now = start.checked_add(SignedDuration::from_millis(300)).unwrap();
    let first = plan(&world.snapshot(), world.now);
    let at = match first.effects().next() {
        Some(RunEffect::Delete) => return Some(0),
        Some(effect) => panic!("a run that has ended changes: {effect}"),
        None => first.wake_at?,
    };
    let just_before = at.checked_sub(SignedDuration::from_millis(1)).unwrap();
    assert!(plan(&world.snapshot(), just_before).is_idle());
    assert_eq!(plan(&world.snapshot(), at).effects().collect::<Vec<_>>(), [&RunEffect::Delete]);
    Some(at.duration_since(start).as_secs())
}

#[test]
fn ttl() {
    let ended = || json!({"completedAt": "2023-11-14T22:13:20Z"});
    let all = json!({"secondsAfterCompletion": 10, "secondsAfterSuccess": 20, "secondsAfterFailure": 30});
    let table = [
        ("Successful", ended(), all.clone(), Some(21)),
        ("Failed", ended(), all.clone(), Some(31)),
        ("Error", ended(), all.clone(), Some(31)),
        ("Inconclusive", ended(), all, Some(31)),
        ("Successful", ended(), json!({"secondsAfterFailure": 3}), None),
        ("Failed", ended(), json!({"secondsAfterSuccess": 3}), None),
        ("Failed", ended(), json!({"secondsAfterCompletion": 3}), Some(4)),
        ("Successful", ended(), json!({"secondsAfterSuccess": 0}), Some(1)),
        ("Successful", ended(), json!({"secondsAfterSuccess": -7}), Some(1)),
        ("Successful", ended(), json!(null), None),
        // Runs that Argo Rollouts ended before they began have no end.
        ("Error", json!({"message": "Analysis spec invalid"}), json!({"secondsAfterCompletion": 3}), Some(4)),
        ("Error", json!({"startedAt": "2023-11-14T22:00:00Z"}), json!({"secondsAfterCompletion": 3}), Some(0)),
        (
            "Error",
            json!({"metricResults": [{"name": "m", "measurements": [{"finishedAt": "2023-11-14T22:13:22Z"}]}]}),
            json!({"secondsAfterCompletion": 3}),
            Some(6),
        ),
    ];
    for (phase, status, ttl, want) in table {
        assert_eq!(deleted_after(phase, status.clone(), ttl.clone()), want, "{phase} {status} {ttl}");
    }
}

#[test]
fn a_run_that_is_being_deleted_is_left_alone() {
    let mut world = World::metric(json!({"interval": "1s"}), &[Successful]);
    world.settle();
    world.run.metadata.deletion_timestamp = Some(rollouts_api::Time::new(Timestamp::UNIX_EPOCH));
    world.run_for(10);
    assert_eq!(world.states.len(), 1);
    assert!(world.measuring.is_empty());
}
