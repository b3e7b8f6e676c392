//! What is kept of measurements is bounded.

use crate::world::{Outcome, World};
use rollouts_core::analysis::Phase::Successful;
use serde_json::json;

fn values(world: &World) -> Vec<String> {
    world.run.status.metric_results[0].measurements.iter().map(|m| m.value.clone()).collect()
}

fn counting(fields: serde_json::Value, rules: serde_json::Value, n: usize) -> World {
    let mut world = World::metric(fields, &[]);
    world.run.spec.measurement_retention = serde_json::from_value(rules).unwrap();
    let outcomes = (0..n).map(|i| Outcome { value: i.to_string(), ..Outcome::of(Successful) });
    world.script.insert("m".to_string(), outcomes.collect());
    world
}

#[test]
fn rules() {
    let fields = json!({"interval": "1s", "count": 15});
    let table = [
        (json!([]), 10),
        (json!([{"metricName": "m", "limit": 3}]), 3),
        (json!([{"metricName": "m", "limit": 0}]), 10),
        (json!([{"metricName": "m", "limit": -1}]), 10),
        (json!([{"metricName": "m", "limit": 2}, {"metricName": ".*", "limit": 5}]), 5),
        (json!([{"metricName": "^m$", "limit": 100}]), 15),
    ];
    for (rules, kept) in table {
        let mut world = counting(fields.clone(), rules.clone(), 15);
        world.run_for(100);
        let newest: Vec<_> = (15 - kept..15).map(|i| i.to_string()).collect();
        assert_eq!(values(&world), newest, "{rules}");
        assert_eq!((world.phase(), world.run.status.metric_results[0].count), ("Successful", 15), "{rules}");
        assert!(world.collected.is_empty());
    }
}

#[test]
fn what_is_dropped_is_cleaned_up_outside() {
    let fields = json!({"interval": "1s", "count": 4, "provider": {"job": {"spec": {}}}});
    let mut world = counting(fields, json!([{"metricName": "m", "limit": 2}]), 4);
    world.run_for(100);
    assert_eq!(world.collected, [("m".to_string(), 2), ("m".to_string(), 2)]);
}

#[test]
fn a_status_stays_small_whatever_is_measured() {
    let rules = json!([{"metricName": ".*", "limit": 2_000_000_000}]);
    let mut world = counting(json!({"interval": "1s"}), rules, 1);
    let big = Outcome { value: "é".repeat(100_000), message: "x".repeat(100_000), ..Outcome::of(Successful) };
    world.script.insert("m".to_string(), vec![big]);
    for _ in 0..30 {
        world.run_for(1);
        assert!(json!(world.run.status).to_string().len() < 1 << 20);
    }
    // Somebody else's status, and a limit that keeps everything.
    let measurement = json!({"phase": "Successful", "value": "1", "finishedAt": "2023-11-14T22:13:20Z"});
    let many = vec![measurement; 20_000];
    world.run.status.metric_results[0].measurements = serde_json::from_value(json!(many)).unwrap();
    world.script.insert("m".to_string(), vec![Outcome { value: "2".to_string(), ..Outcome::of(Successful) }]);
    world.run_for(2);
    assert!(json!(world.run.status).to_string().len() < 1 << 20);
    let values = values(&world);
    assert!(values.len() > 1000 && values.last().is_some_and(|v| v == "2"), "{}", values.len());
}

#[test]
fn many_metrics_share_the_room() {
    let names: Vec<String> = (0..300).map(|i| format!("m{i}")).collect();
    let metrics: Vec<_> = names.iter().map(|n| (n.as_str(), json!({"interval": "1s", "count": 3}), &[][..])).collect();
    let mut world = World::metrics(&metrics);
    for name in &names {
        let big = Outcome { value: "x".repeat(20_000), ..Outcome::of(Successful) };
        world.script.insert(name.clone(), vec![big]);
    }
    world.run_for(10);
    assert_eq!(world.phase(), "Successful");
    let bytes = json!(world.run.status).to_string().len();
    assert!(bytes < 1 << 20, "{bytes}");
    assert!(world.run.status.metric_results.iter().all(|r| r.successful == 3 && !r.measurements.is_empty()));
}
