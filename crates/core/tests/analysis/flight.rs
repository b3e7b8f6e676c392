//! Measurements that are out: rounds, slow ones, cuts, and lost answers.

use crate::world::{Outcome, World};
use rollouts_core::analysis::Phase::{Failed, Successful};
use rollouts_core::analysis::run::{Ask, Measuring};
use serde_json::json;

fn asked(world: &World, metric: &str) -> Option<Ask> {
    match world.measuring.get(metric) {
        Some(Measuring::Asked { ask, .. }) => Some(*ask),
        _ => None,
    }
}

#[test]
fn one_write_carries_a_round() {
    let mut world = World::metrics(&[
        ("a", json!({}), &[Successful]),
        ("b", json!({}), &[Failed]),
        ("c", json!({}), &[Successful]),
    ]);
    world.latency = [("a", 700), ("b", 100), ("c", 400)].map(|(m, l)| (m.to_string(), l)).into();
    world.run_for(5);
    assert_eq!(world.states.len(), 2, "{:#?}", world.states);
    // Results stand in the order in which they came.
    let names: Vec<_> = world.run.status.metric_results.iter().map(|r| r.name.as_str()).collect();
    assert_eq!(names, ["b", "c", "a"]);
}

#[test]
fn a_slow_measurement_holds_the_others_up_for_a_second() {
    let mut world = World::metrics(&[
        ("slow", json!({}), &[Successful]),
        ("quick", json!({"interval": "5s", "count": 3}), &[Successful]),
    ]);
    world.latency.insert("slow".to_string(), 60_000);
    world.run_until(world.later(1000));
    assert_eq!(world.states.len(), 1);
    world.run_until(world.later(101));
    assert_eq!(world.run.status.metric_results[0].count, 1);
    world.run_for(12);
    assert_eq!(world.run.status.metric_results[0].phase, "Successful");
    assert_eq!(asked(&world, "slow"), Some(Ask::Run));
    world.run_for(60);
    assert_eq!(world.phase(), "Successful");
    assert_eq!(world.tasks, 4);
}

#[test]
fn the_end_cuts_what_leaves_nothing_behind() {
    let mut world = World::metric(json!({"provider": {"web": {"url": "u"}}}), &[Failed]);
    world.latency.insert("m".to_string(), 3_600_000);
    world.run_for(1);
    world.terminate();
    assert_eq!((world.phase(), world.message()), ("Successful", "Run Terminated"));
    assert!(world.measuring.is_empty());
    // So does another metric that fails.
    let mut world = World::metrics(&[("slow", json!({}), &[Successful]), ("bad", json!({}), &[Failed])]);
    world.latency.insert("slow".to_string(), 3_600_000);
    world.run_for(3);
    assert_eq!(world.phase(), "Failed");
    assert!(world.measuring.is_empty());
}

#[test]
fn a_job_that_is_being_created_is_waited_for_and_ended() {
    for provider in [json!({"job": {"spec": {}}}), json!({"kayenta": {}}), json!({"plugin": {"a/b": {}}})] {
        let mut world = World::metric(json!({"provider": provider, "inconclusiveLimit": 1}), &[]);
        world.script.insert("m".to_string(), vec![Outcome { job: Some(None), ..Outcome::of(Successful) }]);
        world.latency.insert("m".to_string(), 5000);
        world.run_for(1);
        world.terminate();
        assert_eq!((world.phase(), asked(&world, "m")), ("", Some(Ask::Run)));
        world.run_for(5);
        assert_eq!((world.phase(), asked(&world, "m")), ("Running", Some(Ask::Terminate)));
        world.run_for(5);
        assert_eq!((world.phase(), world.message()), ("Successful", "Run Terminated"));
        assert!(world.running_jobs() == 0 && world.measuring.is_empty());
    }
}

#[test]
fn a_look_at_a_job_is_cut_to_end_it() {
    let mut world = World::metric(json!({"provider": {"job": {"spec": {}}}}), &[]);
    world.script.insert("m".to_string(), vec![Outcome { job: Some(None), ..Outcome::of(Successful) }]);
    world.run_until(world.later(150));
    world.latency.insert("m".to_string(), 100_000);
    world.run_for(5);
    assert_eq!(asked(&world, "m"), Some(Ask::Resume));
    world.run.spec.terminate = true;
    world.settle();
    assert_eq!(asked(&world, "m"), Some(Ask::Terminate));
}

#[test]
fn a_job_that_has_ended_is_looked_at_at_once() {
    let mut world = World::metric(json!({"provider": {"job": {"spec": {}}}}), &[]);
    world.script.insert("m".to_string(), vec![Outcome { job: Some(Some(1)), ..Outcome::of(Successful) }]);
    world.run_until(world.later(1000));
    let planned = world.last_plan.wake_at.unwrap();
    assert!(planned > world.later(600));
    world.now = world.later(200);
    world.ended.insert("m".to_string());
    world.settle();
    assert_eq!(asked(&world, "m"), Some(Ask::Resume));
    world.run_until(world.later(100));
    assert_eq!(world.phase(), "Successful");
}

#[test]
fn a_lost_answer_is_asked_for_again() {
    let mut world = World::metric(json!({"count": 2, "interval": "1s", "provider": {"job": {"spec": {}}}}), &[]);
    world.script.insert("m".to_string(), vec![Outcome { job: Some(Some(3)), ..Outcome::of(Successful) }]);
    for _ in 0..4 {
        world.settle();
        world.restart();
    }
    assert_eq!((world.tasks, world.jobs.len()), (4, 1));
    world.run_for(20);
    assert_eq!(world.phase(), "Successful");
    assert_eq!(world.run.status.metric_results[0].successful, 2);
}

#[test]
fn answers_that_nobody_waits_for_are_forgotten() {
    let mut world = World::metrics(&[
        ("a", json!({"interval": "1s"}), &[Successful]),
        ("b", json!({"interval": "1s"}), &[Successful]),
    ]);
    world.latency.insert("b".to_string(), 10_000);
    world.run_for(5);
    // The metric is taken out of the spec while it is being measured.
    world.run.spec.metrics.pop();
    world.settle();
    assert!(!world.measuring.contains_key("b"));
}

#[test]
fn a_plan_prints_itself() {
    let mut world = World::metrics(&[
        ("a", json!({"interval": "5s", "count": 2}), &[Successful, Failed]),
        ("slow", json!({}), &[Successful]),
    ]);
    world.latency.insert("slow".to_string(), 30_000);
    world.look();
    assert_eq!(world.last_plan.to_string(), "- measure a\n- measure slow\n");
    world.run_until(world.later(1100));
    assert_eq!(
        world.last_plan.to_string(),
        "nothing to do\n* waiting for slow since 2023-11-14T22:13:20Z\nnext look at 2023-11-14T22:13:25Z\n"
    );
}

#[test]
fn a_provider_that_was_changed_leaves_nothing_unfinished() {
    let mut world = World::metric(json!({"provider": {"job": {"spec": {}}}, "consecutiveErrorLimit": 0}), &[]);
    world.script.insert("m".to_string(), vec![Outcome { job: Some(None), ..Outcome::of(Successful) }]);
    world.run_for(1);
    world.run.spec.metrics[0].provider = serde_json::from_value(json!({"web": {"url": "u"}})).unwrap();
    world.run_for(10);
    assert_eq!(world.phase(), "Error");
}
