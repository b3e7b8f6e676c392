//! What must hold whatever is measured, however often a run is looked at, and whenever the controller is killed.

use crate::world::{Outcome, World};
use proptest::prelude::*;
use rollouts_core::analysis::Phase::{self, Error, Failed, Inconclusive, Running, Successful};
use rollouts_core::analysis::run::plan;
use serde_json::{Value, json};

#[derive(Debug, Clone)]
struct AMetric {
    fields: Value,
    dry_run: bool,
    latency: i64,
    outcomes: Vec<Outcome>,
}

#[derive(Debug, Clone, Copy)]
enum Disturbance {
    Look,
    Restart,
}

fn phases() -> impl Strategy<Value = Phase> {
    prop_oneof![4 => Just(Successful), 2 => Just(Failed), 2 => Just(Error), 1 => Just(Inconclusive)]
}

/// Valid metrics. With an end, if `finite`.
fn metrics(finite: bool) -> impl Strategy<Value = AMetric> {
    let limits = (0..4, 0..4, 0..3, 0..3, any::<bool>());
    let times = (1..4, prop::option::of(0..5), prop_oneof![Just(0i64), Just(100), 0..4000i64]);
    let job = prop::option::of(prop::option::of(0..5i64).prop_map(move |end| end.or(finite.then_some(2))));
    let outcomes = prop::collection::vec(phases(), 1..8);
    (limits, times, job, outcomes, prop::bool::weighted(0.2), 1..4).prop_map(
        move |(limits, times, job, outcomes, dry_run, surplus)| {
            let (failures, inconclusives, errors, streak, tolerant): (i32, i32, i32, i32, bool) = limits;
            let (interval, delay, latency) = times;
            let failures = if tolerant && streak > 0 { -1 } else { failures };
            let mut fields = json!({
                "interval": format!("{interval}s"),
                "failureLimit": failures,
                "inconclusiveLimit": inconclusives,
                "consecutiveErrorLimit": errors,
                "consecutiveSuccessLimit": streak,
            });
            if finite {
                fields["count"] = json!((failures.max(0) + streak).max(inconclusives).max(surplus));
            }
            if let Some(delay) = delay {
                fields["initialDelay"] = json!(format!("{delay}s"));
            }
            if job.is_some() {
                fields["provider"] = json!({"job": {"spec": {}}});
            }
            let outcomes = outcomes.into_iter().map(|p| Outcome { job, ..Outcome::of(p) }).collect();
            AMetric { fields, dry_run, latency, outcomes }
        },
    )
}

fn disturbances() -> impl Strategy<Value = Vec<(i64, Disturbance)>> {
    let one = (0..20_000i64, prop_oneof![Just(Disturbance::Look), Just(Disturbance::Restart)]);
    prop::collection::vec(one, 0..8).prop_map(|mut all| {
        all.sort_by_key(|(at, _)| *at);
        all
    })
}

fn world(metrics: &[AMetric]) -> World {
    let names: Vec<String> = (0..metrics.len()).map(|i| format!("m{i}")).collect();
    let parts: Vec<_> = names.iter().zip(metrics).map(|(n, m)| (n.as_str(), m.fields.clone(), &[][..])).collect();
    let mut world = World::metrics(&parts);
    for (name, metric) in names.iter().zip(metrics) {
        world.script.insert(name.clone(), metric.outcomes.clone());
        world.latency.insert(name.clone(), metric.latency);
        if metric.dry_run {
            let rule = serde_json::from_value(json!({"metricName": format!("^{name}$")})).unwrap();
            world.run.spec.dry_run.push(rule);
        }
    }
    world
}

fn disturb(world: &mut World, disturbances: &[(i64, Disturbance)]) {
    let start = world.now;
    for (at, disturbance) in disturbances {
        world.run_until(start.checked_add(jiff::SignedDuration::from_millis(*at)).unwrap());
        match disturbance {
            Disturbance::Look => assert!(!world.look(), "an unchanged world: {}", world.last_plan),
            Disturbance::Restart => {
                world.restart();
                world.settle();
            }
        }
    }
}

fn check_end(world: &World) {
    let status = &world.run.status;
    assert!(world.completed(), "{} {}", status.phase, world.last_plan);
    assert!(world.running_jobs() == 0, "{:?}", world.jobs);
    assert!(world.measuring.is_empty() && world.last_plan.is_idle());
    assert!(status.completed_at.is_some() && status.started_at.is_some());
    let counting = status.metric_results.iter().filter(|r| !r.dry_run);
    let sum = |n: fn(&rollouts_api::analysis::MetricResult) -> i32| counting.clone().map(n).sum::<i32>();
    if sum(|r| r.failed + r.error) > 0 && sum(|r| r.successful) == 0 {
        assert_ne!(world.phase(), "Successful", "{status:?}");
    }
    let worst = counting.clone().filter_map(|r| Phase::parse(&r.phase)).filter(|p| p.is_completed()).max();
    let verdict = Phase::parse(world.phase()).unwrap();
    match worst {
        Some(worst @ (Failed | Error | Inconclusive)) => assert_eq!(verdict, worst, "{status:?}"),
        _ if sum(|r| r.successful) > 0 => assert_eq!(verdict, Successful, "{status:?}"),
        _ => {}
    }
    // Every measurement stands in the counters, whatever was dropped.
    for r in &status.metric_results {
        assert_eq!(r.count, r.successful + r.failed + r.inconclusive);
        assert!(r.measurements.len() as i32 <= (r.count + r.error).min(10), "{r:?}");
        assert!(r.measurements.iter().all(|m| m.finished_at.is_some()));
    }
    let ends = world.events.iter().filter(|e| e[1].starts_with("AnalysisRun")).count();
    assert_eq!((ends, world.events.last().unwrap()[1].as_str()), (1, format!("AnalysisRun{verdict}").as_str()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn one_metric_takes_the_same_way_whatever_happens(metric in metrics(true), disturbances in disturbances()) {
        let mut calm = world(std::slice::from_ref(&metric));
        calm.run_for(3600);
        check_end(&calm);
        let mut disturbed = world(&[metric]);
        disturb(&mut disturbed, &disturbances);
        disturbed.run_for(3600);
        check_end(&disturbed);
        prop_assert_eq!(calm.states, disturbed.states);
        prop_assert_eq!(calm.events, disturbed.events);
    }

    #[test]
    fn every_run_ends_by_its_measurements(
        metrics in prop::collection::vec(metrics(true), 1..5),
        disturbances in disturbances(),
    ) {
        let mut world = world(&metrics);
        disturb(&mut world, &disturbances);
        world.run_for(3600);
        check_end(&world);
    }

    /// Of several metrics the first that ends badly ends the others, and which one is first depends on when each could
    /// be measured. Without one that does, nothing depends on anything but the measurements.
    #[test]
    fn a_restart_changes_no_verdict(
        metrics in prop::collection::vec(metrics(true), 2..5),
        disturbances in disturbances(),
    ) {
        let (mut calm, mut disturbed) = (world(&metrics), world(&metrics));
        calm.run_for(3600);
        disturb(&mut disturbed, &disturbances);
        disturbed.run_for(3600);
        let ends_badly = |world: &World| {
            let counting = world.run.status.metric_results.iter().filter(|r| !r.dry_run);
            counting.filter_map(|r| Phase::parse(&r.phase)).any(|p| matches!(p, Failed | Error | Inconclusive))
        };
        prop_assert_eq!(ends_badly(&calm), ends_badly(&disturbed));
        if !ends_badly(&calm) {
            prop_assert_eq!(calm.states.last(), disturbed.states.last());
        }
    }

    #[test]
    fn looking_changes_nothing(
        metrics in prop::collection::vec(metrics(true), 1..4),
        looks in prop::collection::vec(0..20_000i64, 0..10),
    ) {
        let mut calm = world(&metrics);
        calm.run_for(3600);
        let mut looks: Vec<_> = looks.into_iter().map(|at| (at, Disturbance::Look)).collect();
        looks.sort_by_key(|(at, _)| *at);
        let mut watched = world(&metrics);
        disturb(&mut watched, &looks);
        watched.run_for(3600);
        prop_assert_eq!(calm.states, watched.states);
    }

    #[test]
    fn a_terminated_run_ends_soon(
        metrics in prop::collection::vec(metrics(false), 1..5),
        disturbances in disturbances(),
        after in 0..30i64,
    ) {
        let mut world = world(&metrics);
        disturb(&mut world, &disturbances);
        world.run_for(after);
        if !world.completed() {
            world.terminate();
            // A Job that is being created is waited for, and then ended: twice the longest latency.
            world.run_for(10);
        }
        check_end(&world);
    }

    /// A status may have been written by anybody.
    #[test]
    fn no_status_is_too_odd(
        counters in prop::collection::vec(prop_oneof![Just(0), Just(1), Just(i32::MAX), Just(i32::MIN), any::<i32>()], 7),
        phase in prop_oneof![Just("Running"), Just(""), Just("odd"), Just("Pending"), Just("Failed")],
        last in prop::option::of((phases(), any::<bool>())),
        job: bool,
        terminate: bool,
    ) {
        let provider = if job { json!({"job": {"spec": {}}}) } else { json!({"web": {"url": "u"}}) };
        let fields = json!({"interval": "1s", "count": 5, "failureLimit": 2, "consecutiveSuccessLimit": 2, "provider": provider});
        let mut world = World::metric(fields, &[Successful]);
        let measurements: Vec<_> = last
            .iter()
            .map(|(p, finished)| json!({"phase": p.as_str(), "finishedAt": finished.then_some("2023-11-14T22:13:20Z")}))
            .collect();
        world.run.status = serde_json::from_value(json!({
            "phase": "Running",
            "metricResults": [
                {"name": "m", "phase": phase, "measurements": measurements, "count": counters[0], "successful": counters[1],
                 "failed": counters[2], "inconclusive": counters[3], "error": counters[4],
                 "consecutiveError": counters[5], "consecutiveSuccess": counters[6]},
                {"name": "m", "phase": phase},
                {"name": "stranger", "phase": "Running", "measurements": [{"phase": Running.as_str()}]},
            ],
        }))
        .unwrap();
        world.run.spec.terminate = terminate;
        let plan = plan(&world.snapshot(), world.now);
        prop_assert!(plan.wake_at.is_none_or(|at| at > world.now));
    }
}
