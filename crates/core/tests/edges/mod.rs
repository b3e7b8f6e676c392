//! Cases at the edges: decisions that meet each other, and operators who change their minds.

use crate::world::World;
use serde_json::json;

fn canary(replicas: i32, steps: serde_json::Value) -> World {
    World::new(replicas, json!({ "canary": { "maxSurge": 1, "maxUnavailable": 0, "steps": steps } }))
}

/// Counts events with this reason.
fn count(w: &World, reason: &str) -> usize {
    w.events.iter().filter(|e| e.split(' ').next() == Some(reason)).count()
}

/// Promoting in full is a decision to go on: the deadline reports, but does not abort.
#[test]
fn the_deadline_does_not_abort_a_full_promotion() {
    let mut w = canary(2, json!([{ "setWeight": 50 }, { "pause": {} }]));
    w.change(|ro| {
        ro.spec.progress_deadline_seconds = Some(30);
        ro.spec.progress_deadline_abort = true;
    });
    w.run(10);
    w.break_image("2");
    w.set_image("2");
    w.rollout.status.promote_full = true;
    w.run(1);
    w.rollout.status.promote_full = true;
    w.run(100);
    assert_eq!(count(&w, "RolloutAborted"), 0);
    assert!(w.status().message.starts_with("ProgressDeadlineExceeded"), "{}", w.status().message);
    assert_eq!(w.status().current_step_index, Some(2));
    w.heal();
    w.run(10);
    assert_eq!(w.status().phase, "Healthy");
}

/// The deadline of a ReplicaSet that was aborted long ago says nothing about the update that runs now.
#[test]
fn an_abort_in_the_past_does_not_stop_the_clock_of_the_next_update() {
    let mut w = World::new(1, json!({ "blueGreen": { "activeService": "live", "autoPromotionEnabled": false } }))
        .with_services(&["live"]);
    w.change(|ro| ro.spec.progress_deadline_seconds = Some(60));
    w.run(10);
    w.set_image("2");
    w.run(10);
    w.rollout.status.abort = true;
    w.run(60);
    assert_eq!(w.sizes(), [(1, 1), (2, 0)]);
    w.break_image("3");
    w.set_image("3");
    w.run(200);
    assert!(w.status().message.starts_with("ProgressDeadlineExceeded"), "{}", w.status().message);
}

/// Whoever aborts last is right: an abort is never taken back by a full promotion that came before it.
#[test]
fn an_abort_stops_a_full_promotion() {
    let mut w = canary(4, json!([{ "setWeight": 25 }, { "pause": {} }]));
    w.run(10);
    w.break_image("2");
    w.set_image("2");
    w.run(10);
    w.rollout.status.promote_full = true;
    w.run(10);
    w.rollout.status.abort = true;
    w.run(30);
    assert_eq!(w.status().phase, "Degraded");
    assert_eq!(w.sizes(), [(1, 4), (2, 0)]);
    assert!(!w.status().promote_full);
    assert_eq!(count(&w, "RolloutAborted"), 1);
}

/// The other way round a full promotion goes on with what was aborted.
#[test]
fn a_full_promotion_lifts_an_abort() {
    for strategy in
        [json!({ "canary": { "steps": [{ "pause": {} }] } }), json!({ "blueGreen": { "activeService": "live" } })]
    {
        let mut w = World::new(2, strategy).with_services(&["live"]);
        w.run(10);
        w.break_image("2");
        w.set_image("2");
        w.run(10);
        w.rollout.status.abort = true;
        w.run(10);
        w.heal();
        w.rollout.status.promote_full = true;
        w.run(100);
        assert_eq!(w.status().phase, "Healthy", "{:?}", w.phases);
        assert_eq!(w.sizes(), [(1, 0), (2, 2)]);
    }
}

/// Old ReplicaSets that carry metadata of their role are not written to once they are deleted.
#[test]
fn without_history_old_versions_vanish_with_their_metadata() {
    let mut w = World::new(
        1,
        json!({ "blueGreen": {
        "activeService": "live",
        "previewMetadata": { "labels": { "role": "preview" } },
        "activeMetadata": { "labels": { "role": "active" } },
    } }),
    )
    .with_services(&["live"]);
    w.change(|ro| ro.spec.revision_history_limit = Some(0));
    for tag in ["2", "3", "4"] {
        w.set_image(tag);
        w.run(60);
    }
    assert_eq!(w.sizes(), [(3, 1)]);
}

/// The count of available pods may be that of before the ReplicaSet was emptied.
#[test]
fn users_are_not_sent_to_pods_that_are_gone() {
    let mut w = World::new(
        2,
        json!({ "blueGreen": { "activeService": "live", "abortScaleDownDelaySeconds": 5,
        "autoPromotionSeconds": 20 } }),
    )
    .with_services(&["live"]);
    w.run(10);
    let first = w.services["live"].selected_hash().to_string();
    w.set_image("2");
    w.run(5);
    w.rollout.status.abort = true;
    w.run(1);
    w.slow = true;
    while w.sizes() != [(1, 2), (2, 0)] {
        w.now += jiff::SignedDuration::from_millis(100);
        w.run(0);
    }
    w.rollout.status.abort = false;
    w.rollout.status.promote_full = true;
    w.run(0);
    assert_eq!(w.sizes(), [(1, 2), (2, 2)]);
    assert_eq!(w.services["live"].selected_hash(), first, "no pod of the new version exists");
    w.run(100);
    assert_eq!(w.status().phase, "Healthy");
}

/// The status speaks of the strategy there is.
#[test]
fn a_changed_strategy_leaves_nothing_of_the_other() {
    let blue_green = json!({ "blueGreen": { "activeService": "live" } });
    let mut w = World::new(2, blue_green.clone()).with_services(&["live"]);
    w.run(10);
    let set = |w: &mut World, strategy: &serde_json::Value| {
        w.change(|ro| ro.spec.strategy = serde_json::from_value(strategy.clone()).unwrap());
        w.run(10);
        assert_eq!(w.status().phase, "Healthy");
    };
    set(&mut w, &json!({ "canary": { "stableService": "live", "steps": [{ "setWeight": 50 }] } }));
    assert_eq!((w.status().blue_green.active_selector.as_str(), w.status().current_step_index), ("", Some(1)));
    assert_eq!(w.status().selector, "app=web");
    w.rollout.status.canary.weights = Some(Default::default());
    w.run(10);
    assert_eq!(w.status().canary.weights, None);
    set(&mut w, &blue_green);
    assert_eq!((w.status().current_step_hash.as_str(), w.status().current_step_index), ("", None));
    assert_eq!(w.sizes(), [(1, 2)], "no pod was replaced");
}

/// As a Deployment's.
#[test]
fn an_annotation_that_was_removed_stays_on_the_replica_set() {
    let mut w = canary(1, json!([]));
    w.rollout.metadata.annotations.insert("note".into(), "x".into());
    w.run(10);
    w.change(|ro| ro.metadata.annotations.remove("note").map_or((), |_| ()));
    w.run(10);
    assert_eq!(w.sets.values().next().unwrap().metadata.annotation("note"), Some("x"));
}

/// Pods that were taken from a ReplicaSet and given back unseen may still be counted in its status.
#[test]
fn pods_stay_until_those_of_the_others_are_counted() {
    let mut w = World::new(4, json!({ "canary": { "maxSurge": 4, "steps": [{ "setWeight": 50 }, { "pause": {} }] } }));
    w.run(10);
    w.set_image("2");
    w.run(10);
    assert_eq!(w.sizes(), [(1, 2), (2, 2)]);
    w.rollout.status.abort = true;
    while w.sizes() == [(1, 2), (2, 2)] {
        w.step();
    }
    let stable = w.sets.iter().find(|(_, set)| set.revision() == 1).map(|(name, _)| name.clone()).unwrap();
    let decided = |w: &mut World, unseen: i64, counted: i32| {
        let set = w.sets.get_mut(&stable).unwrap();
        set.status.observed_generation = set.metadata.generation - unseen;
        let status = &mut set.status;
        (status.replicas, status.ready_replicas, status.available_replicas) = (counted, counted, counted);
        rollouts_core::plan(&w.snapshot(), w.now).to_string()
    };
    assert_eq!(w.sizes(), [(1, 4), (2, 2)]);
    for (unseen, counted) in [(2, 4), (2, 2), (1, 4)] {
        let plan = decided(&mut w, unseen, counted);
        assert!(!plan.contains("replicas="), "{plan}");
    }
    let plan = decided(&mut w, 2, 4);
    assert!(plan.contains(&format!("stays as it is until the pods of {stable} are counted")), "{plan}");
    let plan = decided(&mut w, 0, 4);
    assert!(plan.contains(": replicas=0"), "{plan}");
}
