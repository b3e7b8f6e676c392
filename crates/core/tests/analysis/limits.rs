//! Limits and counts: the tables of analysis.md §2.4 to §2.6.

use crate::world::World;
use rollouts_core::analysis::Phase::{self, Error, Failed, Inconclusive, Successful};
use rollouts_core::analysis::run::Options;
use serde_json::{Value, json};

/// Fields of a metric, its measurements, and what the run becomes of it with which message; "" for one that goes on.
type Row<'a> = (Value, &'a [Phase], &'a str, &'a str);

fn check(rows: &[Row<'_>]) {
    for (fields, measured, phase, message) in rows {
        let mut world = World::metric(fields.clone(), measured);
        for _ in 0..measured.len() * 11 {
            let taken = world.run.status.metric_results.first().map_or(0, |r| r.count + r.error);
            if taken as usize >= measured.len() {
                break;
            }
            world.run_for(1);
        }
        let phase = if phase.is_empty() { "Running" } else { phase };
        assert_eq!((world.phase(), world.message()), (phase, *message), "{fields} {measured:?}");
    }
}

#[test]
fn each_limit() {
    let failed = "Metric \"m\" assessed Failed due to failed (1) > failureLimit (0)";
    check(&[
        (json!({}), &[Successful], "Successful", ""),
        (json!({}), &[Failed], "Failed", failed),
        (json!({"count": "x%", "failureLimit": "many"}), &[Failed], "Failed", failed),
        (
            json!({}),
            &[Inconclusive],
            "Inconclusive",
            "Metric \"m\" assessed Inconclusive due to inconclusive (1) > inconclusiveLimit (0)",
        ),
        (json!({}), &[Error, Error, Error, Error, Successful], "Successful", ""),
        (
            json!({}),
            &[Error; 5],
            "Error",
            "Metric \"m\" assessed Error due to consecutiveErrors (5) > consecutiveErrorLimit (4): \"Error Message: it broke\"",
        ),
        (
            json!({"consecutiveErrorLimit": 0}),
            &[Error],
            "Error",
            "Metric \"m\" assessed Error due to consecutiveErrors (1) > consecutiveErrorLimit (0): \"Error Message: it broke\"",
        ),
        (json!({"count": 3, "interval": "1s", "failureLimit": 2}), &[Failed, Successful, Failed], "Successful", ""),
        (
            json!({"count": 3, "interval": "1s", "failureLimit": 1}),
            &[Failed, Successful, Failed],
            "Failed",
            "Metric \"m\" assessed Failed due to failed (2) > failureLimit (1)",
        ),
        (json!({"interval": "1s"}), &[Successful, Successful], "", ""),
        (json!({"interval": "1s", "failureLimit": 2}), &[Failed, Successful], "", ""),
        // A failure between errors is no error in a row.
        (
            json!({"interval": "1s", "failureLimit": 1, "consecutiveErrorLimit": 1}),
            &[Error, Failed, Error, Successful],
            "",
            "",
        ),
        // Errors do not count as measurements.
        (json!({"count": 2, "interval": "1s"}), &[Successful, Error, Error, Successful], "Successful", ""),
    ]);
}

#[test]
fn counts_and_streaks() {
    let short = "Metric \"m\" assessed PHASE due to consecutiveSuccess (1) < consecutiveSuccessLimit (2)";
    let (unsure, bad) = (short.replace("PHASE", "Inconclusive"), short.replace("PHASE", "Failed"));
    let metric = |failure_limit: i32| json!({"count": 3, "interval": "1s", "failureLimit": failure_limit, "consecutiveSuccessLimit": 2});
    check(&[
        (metric(1), &[Failed, Failed], "Failed", "Metric \"m\" assessed Failed due to failed (2) > failureLimit (1)"),
        (metric(1), &[Successful, Successful], "Successful", ""),
        (metric(1), &[Failed, Successful, Successful], "Successful", ""),
        (metric(1), &[Successful, Failed, Successful], "Inconclusive", &unsure),
        (metric(-1), &[Successful, Failed, Successful], "Failed", &bad),
        (metric(-1), &[Failed, Successful, Successful], "Successful", ""),
        // Anything but a success ends a streak.
        (json!({"interval": "1s", "consecutiveSuccessLimit": 2}), &[Successful, Error, Successful], "", ""),
        (
            json!({"interval": "1s", "consecutiveSuccessLimit": 2, "inconclusiveLimit": 1}),
            &[Successful, Inconclusive, Successful, Successful],
            "Successful",
            "",
        ),
    ]);
}

#[test]
fn nothing_succeeds_without_a_success() {
    check(&[
        (
            json!({"count": 2, "interval": "1s", "failureLimit": 2}),
            &[Failed, Failed],
            "Failed",
            "No measurement was successful",
        ),
        (json!({"count": 2, "interval": "1s", "failureLimit": 2}), &[Failed, Successful], "Successful", ""),
        (json!({"count": 1, "failureLimit": 1}), &[Error, Failed], "Failed", "No measurement was successful"),
        (
            json!({"count": 2, "interval": "1s", "inconclusiveLimit": 2}),
            &[Inconclusive; 2],
            "Inconclusive",
            "No measurement was successful",
        ),
        (
            json!({"count": 2, "interval": "1s", "inconclusiveLimit": 1, "failureLimit": 1}),
            &[Inconclusive, Failed],
            "Failed",
            "No measurement was successful",
        ),
    ]);
    // It is the run that needs one, not every metric.
    let tolerant = json!({"count": 1, "failureLimit": 1});
    let mut world = World::metrics(&[("a", tolerant.clone(), &[Failed]), ("b", json!({}), &[Successful])]);
    world.run_for(10);
    assert_eq!(world.phase(), "Successful");
    // One that only informs does not stand in for it, nor is it asked for one.
    let mut world = World::metrics(&[("a", tolerant.clone(), &[Failed]), ("b", json!({}), &[Successful])]);
    world.run.spec.dry_run = serde_json::from_value(json!([{"metricName": "b"}])).unwrap();
    world.run_for(10);
    assert_eq!(world.phase(), "Failed");
    let mut world = World::metric(tolerant, &[Failed]);
    world.run.spec.dry_run = serde_json::from_value(json!([{"metricName": "m"}])).unwrap();
    world.run_for(10);
    assert_eq!(world.phase(), "Successful");
}

#[test]
fn the_worst_metric_decides() {
    let one = |a: Phase, b: Phase| {
        let fields = json!({"consecutiveErrorLimit": 0});
        let mut world = World::metrics(&[("a", fields.clone(), &[a]), ("b", fields, &[b])]);
        world.run_for(5);
        let told = world.message().split(" due").next().unwrap().to_string();
        (world.phase().to_string(), told)
    };
    let table = [
        (Successful, Failed, "Failed", "Metric \"b\" assessed Failed"),
        (Failed, Successful, "Failed", "Metric \"a\" assessed Failed"),
        (Failed, Failed, "Failed", "Metric \"a\" assessed Failed"),
        (Inconclusive, Failed, "Failed", "Metric \"b\" assessed Failed"),
        (Failed, Inconclusive, "Failed", "Metric \"a\" assessed Failed"),
        (Error, Failed, "Failed", "Metric \"b\" assessed Failed"),
        (Error, Inconclusive, "Error", "Metric \"a\" assessed Error"),
        (Inconclusive, Error, "Error", "Metric \"b\" assessed Error"),
        (Inconclusive, Successful, "Inconclusive", "Metric \"a\" assessed Inconclusive"),
        (Successful, Successful, "Successful", ""),
    ];
    for (a, b, phase, message) in table {
        assert_eq!(one(a, b), (phase.to_string(), message.to_string()), "{a} {b}");
    }
}

/// Both limits can be passed at once only in a status that was written by somebody else.
#[test]
fn failed_wins_over_inconclusive_unless_told_otherwise() {
    for (inconclusive_over_failed, phase) in [(false, "Failed"), (true, "Inconclusive")] {
        let mut world = World::metric(json!({"count": 9, "interval": "1h"}), &[]);
        world.options = Options { inconclusive_over_failed };
        world.run.status = serde_json::from_value(json!({
            "phase": "Running", "startedAt": "2023-11-14T22:00:00Z",
            "metricResults": [{"name": "m", "phase": "Running", "count": 2, "failed": 1, "inconclusive": 1,
                "measurements": [{"phase": "Failed", "finishedAt": "2023-11-14T22:13:20Z"}]}],
        }))
        .unwrap();
        world.run_for(10);
        assert_eq!(world.phase(), phase);
    }
}

#[test]
fn intervals() {
    // From the end of one measurement to the next: whole seconds, as they are written, and just after them.
    let starts = |fields: Value, measured: &[Phase], latency: i64, seconds: i64| {
        let mut world = World::metric(fields, measured);
        world.latency.insert("m".to_string(), latency);
        world.run_for(seconds);
        let starts = world.run.status.metric_results[0].measurements.iter().map(|m| m.started_at.unwrap());
        starts.map(|t| t.timestamp().as_second() - crate::world::START).collect::<Vec<_>>()
    };
    let every = |interval: &str| json!({"interval": interval, "failureLimit": 9});
    assert_eq!(starts(every("5s"), &[Successful], 100, 16), [0, 5, 10, 15]);
    assert_eq!(starts(every("5s"), &[Failed], 2500, 18), [0, 7, 14]);
    // An error is tried again after 10 s, whatever the interval.
    assert_eq!(starts(every("1s"), &[Error, Successful, Error, Successful], 100, 23), [0, 10, 11, 21, 22]);
    assert_eq!(starts(every("1h"), &[Error, Successful], 100, 20), [0, 10]);
    assert_eq!(starts(json!({}), &[Error, Successful], 100, 20), [0, 10]);
    // Nothing is measured without a pause.
    for interval in ["1ms", "0s", "-5s"] {
        assert_eq!(starts(every(interval), &[Successful], 0, 3), [0, 1, 2], "{interval}");
    }
    // The delay counts from the start that was written.
    assert_eq!(starts(json!({"initialDelay": "3s"}), &[Successful], 100, 9), [3]);
    assert_eq!(starts(json!({"initialDelay": "-3s"}), &[Successful], 100, 9), [0]);
    let forever = json!({"initialDelay": "2562047h", "interval": "2562047h"});
    let mut world = World::metric(forever, &[Successful]);
    world.run_for(100_000);
    assert_eq!((world.phase(), world.tasks), ("Running", 0));
}
