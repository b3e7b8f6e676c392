//! Restarting pods by eviction, within the budget of the strategy and those of others.

use crate::world::World;
use rollouts_api::Time;
use serde_json::json;

fn canary(replicas: i32, unavailable: i32) -> World {
    World::new(replicas, json!({ "canary": { "maxSurge": 0, "maxUnavailable": unavailable } })).with_pods()
}

fn restart_in(w: &mut World, seconds: i64) {
    let at = Time::new(Time::new(w.now).plus_seconds(seconds));
    w.change(|ro| ro.spec.restart_at = Some(at));
}

fn done(w: &World) -> bool {
    w.status().restarted_at.is_some() && w.status().restarted_at == w.rollout.spec.restart_at
}

/// Evictions so far, second by second.
fn pace(w: &mut World, seconds: usize) -> Vec<usize> {
    (0..seconds)
        .map(|_| {
            w.run(1);
            w.evicted.len()
        })
        .collect()
}

#[test]
fn all_pods_are_replaced_as_fast_as_the_strategy_allows() {
    for (unavailable, expected) in [(1, [1, 2, 3, 4, 4, 4]), (2, [2, 4, 4, 4, 4, 4]), (9, [4, 4, 4, 4, 4, 4])] {
        let mut w = canary(4, unavailable);
        w.run(10);
        restart_in(&mut w, 0);
        assert_eq!(pace(&mut w, 6), expected, "maxUnavailable {unavailable}");
        assert!(done(&w));
        assert_eq!(w.status().phase, "Healthy");
        assert!(w.pods_of(1).iter().all(|m| m.creation_timestamp >= w.rollout.spec.restart_at));
    }
}

/// `maxUnavailable` of a blueGreen is for this alone, and even 0 lets one pod go at a time.
#[test]
fn a_blue_green_restarts_too() {
    let strategy = json!({ "blueGreen": { "activeService": "live", "maxUnavailable": 0 } });
    let mut w = World::new(3, strategy).with_services(&["live"]).with_pods();
    w.run(10);
    restart_in(&mut w, 0);
    assert_eq!(pace(&mut w, 5), [1, 2, 3, 3, 3]);
    assert!(done(&w));
}

#[test]
fn the_status_says_so_until_it_is_done() {
    let mut w = canary(2, 1);
    w.run(10);
    w.phases.clear();
    restart_in(&mut w, 0);
    w.run(10);
    let last = "Progressing updated replicas are still becoming available";
    assert_eq!(w.phases, ["Progressing rollout is restarting", last, "Healthy"]);
    assert!(w.events.iter().all(|e| !e.contains("estart")), "no event tells of a restart");
}

/// Upstream says "rollout is restarting" from the moment the time is set.
#[test]
fn a_restart_of_tomorrow_is_none_today() {
    let mut w = canary(2, 1);
    w.run(10);
    w.phases.clear();
    restart_in(&mut w, 3600);
    w.run(3590);
    assert_eq!((w.evicted.len(), w.phases.len(), w.status().phase.as_str()), (0, 1, "Healthy"));
    w.run(30);
    assert_eq!(w.evicted.len(), 2);
    assert!(done(&w));
}

/// Other controllers' pods, and pods that are as young as the restart, stay.
#[test]
fn young_pods_stay() {
    let mut w = canary(2, 2);
    w.run(10);
    w.change(|ro| ro.spec.replicas = Some(4));
    w.run(0);
    restart_in(&mut w, 0);
    w.run(10);
    assert_eq!(w.evicted.len(), 2, "{:?}", w.evicted);
    assert!(done(&w));
}

/// Upstream takes them as the API server lists them.
#[test]
fn pods_that_nobody_would_miss_go_first() {
    let mut w = canary(3, 1);
    w.run(10);
    let unready = w.pods.as_ref().unwrap().keys().next_back().unwrap().clone();
    w.pods.as_mut().unwrap().get_mut(&unready).unwrap().status = Default::default();
    restart_in(&mut w, 0);
    w.change(|ro| ro.spec.strategy.canary.as_mut().unwrap().max_unavailable = Some(2.into()));
    w.run(2);
    assert_eq!(w.evicted.first(), Some(&unready));
    let mut oldest_first = w.evicted[1..].to_vec();
    oldest_first.sort();
    assert_eq!(w.evicted[1..], oldest_first);
}

/// Stable pods first, then those of the canary.
#[test]
fn in_mid_update_both_versions_restart() {
    let steps = json!([{ "setWeight": 50 }, { "pause": {} }]);
    let strategy = json!({ "canary": { "maxSurge": 1, "maxUnavailable": 0, "steps": steps } });
    let mut w = World::new(4, strategy).with_pods();
    w.run(10);
    let stable = w.sets.keys().next().unwrap().clone();
    w.set_image("2");
    w.run(10);
    restart_in(&mut w, 0);
    w.run(10);
    let of_stable: Vec<bool> = w.evicted.iter().map(|p| p.starts_with(&stable)).collect();
    assert_eq!(of_stable, [true, true, false, false]);
    assert!(done(&w));
    assert_eq!(w.status().message, "CanaryPauseStep", "a pause hides a restart");
}

/// A budget that refuses is asked again every half a minute, and nothing else waits for it.
#[test]
fn a_disruption_budget_delays_a_restart() {
    let mut w = canary(2, 1);
    w.run(10);
    w.budget_refuses = true;
    restart_in(&mut w, 0);
    w.run(100);
    assert!(!done(&w));
    assert_eq!(w.status().message, "rollout is restarting");
    w.change(|ro| ro.spec.replicas = Some(3));
    w.run(5);
    assert_eq!(w.sizes(), [(1, 3)]);
    w.budget_refuses = false;
    w.run(40);
    assert!(done(&w));
    assert_eq!(w.evicted.len(), 2);
}

/// A new template does not take a restart back: the pods it was asked for are still there.
#[test]
fn a_new_version_does_not_cancel_a_restart() {
    let steps = json!([{ "setWeight": 25 }, { "pause": {} }]);
    let strategy = json!({ "canary": { "maxSurge": 1, "maxUnavailable": 0, "steps": steps } });
    let mut w = World::new(4, strategy).with_pods();
    w.run(10);
    w.budget_refuses = true;
    restart_in(&mut w, 0);
    w.run(5);
    w.set_image("2");
    w.run(60);
    assert!(!done(&w));
    w.budget_refuses = false;
    w.run(60);
    assert!(done(&w));
    assert_eq!(w.evicted.len(), 3, "the old pods that are left");
}
