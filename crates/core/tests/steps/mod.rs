//! The canary's steps: when each is done, and what starts them over.

use crate::world::World;
use serde_json::{Value, json};

fn canary(replicas: i32, steps: Value) -> World {
    World::new(replicas, json!({ "canary": { "maxSurge": 1, "maxUnavailable": 0, "steps": steps } }))
}

fn edit_steps(w: &mut World, steps: Value) {
    w.change(|ro| ro.spec.strategy.canary.as_mut().unwrap().steps = serde_json::from_value(steps).unwrap());
}

fn events(w: &World, reason: &str) -> Vec<String> {
    let of = |e: &&String| e.split(' ').next() == Some(reason);
    w.events.iter().filter(of).map(|e| e.split_once(' ').unwrap().1.to_string()).collect()
}

/// How long a Rollout at a pause of this duration stays there.
fn paused_for(duration: Value) -> i64 {
    let mut w = canary(1, json!([{ "pause": { "duration": duration } }]));
    w.run(10);
    w.set_image("2");
    let start = w.now;
    w.run(0);
    while w.status().current_step_index == Some(0) {
        w.run(1);
        assert!(w.now.duration_since(start).as_secs() < 10_000, "endless");
    }
    w.now.duration_since(start).as_secs()
}

#[test]
fn durations_of_pauses() {
    for (duration, seconds) in [
        (json!(20), 20),
        (json!("20"), 20),
        (json!("1m30s"), 90),
        (json!("2m"), 120),
        (json!("500ms"), 0),
        (json!(0), 0),
    ] {
        let waited = paused_for(duration.clone());
        assert!((seconds..=seconds + 1).contains(&waited), "{duration}: {waited} s");
    }
}

#[test]
fn an_indefinite_pause_waits_for_a_human() {
    let mut w = canary(1, json!([{ "pause": {} }]));
    w.run(10);
    w.set_image("2");
    w.run(100_000);
    assert_eq!((w.status().message.as_str(), w.status().controller_pause), ("CanaryPauseStep", true));
    w.promote();
    w.run(10);
    assert_eq!(w.status().phase, "Healthy");
    assert!(!w.status().controller_pause);
}

/// A threshold of the weight step with two of four wanted pods available; the third column says whether the step is done.
#[test]
fn a_step_is_done_at_its_threshold() {
    let table = [
        (Value::Null, 1, false),
        (Value::Null, 2, true),
        (json!({ "type": "Percent", "value": 50 }), 1, true),
        (json!({ "type": "Percent", "value": 51 }), 1, false),
        (json!({ "type": "Pods", "value": 1 }), 1, true),
        (json!({ "type": "Pods", "value": 1 }), 0, false),
        (json!({ "type": "Pods", "value": 0 }), 0, true),
        // Anything but percent is pods.
        (json!({ "type": "Share", "value": 1 }), 1, true),
        (json!({ "type": "Percent", "value": -1 }), 1, false),
        // Nobody waits for more pods than are wanted.
        (json!({ "type": "Pods", "value": 3 }), 2, true),
        (json!({ "type": "Percent", "value": 150 }), 2, true),
    ];
    for (threshold, available, done) in table {
        let strategy = json!({ "canary": {
            "maxSurge": 4, "maxUnavailable": 0, "steps": [{ "setWeight": 50 }, { "pause": {} }],
            "replicaProgressThreshold": threshold,
        } });
        let mut w = World::new(4, strategy);
        w.run(10);
        w.break_image("2");
        w.set_image("2");
        w.run(5);
        // The stable pods that are to go can go only when others are there.
        let new = w.sets.values_mut().find(|s| s.revision() == 2).unwrap();
        assert_eq!(new.size(), 2);
        new.status.available_replicas = available;
        for set in w.sets.values_mut().filter(|s| s.revision() == 1) {
            set.spec.replicas = Some(4 - available);
            (set.status.replicas, set.status.available_replicas) = (4 - available, 4 - available);
        }
        w.run(0);
        assert_eq!(w.status().current_step_index == Some(1), done, "{threshold} with {available}");
    }
}

/// Without steps, with steps done: promoted when all pods, or as many as the threshold says, are there.
#[test]
fn promotion_waits_for_pods() {
    let mut w = canary(4, json!([]));
    w.run(10);
    assert_eq!(w.status().current_step_index, None);
    w.break_image("2");
    w.set_image("2");
    w.run(20);
    assert_ne!(w.status().stable_rs, w.status().current_pod_hash);
    w.heal();
    w.run(20);
    assert_eq!(w.status().stable_rs, w.status().current_pod_hash);
    assert!(events(&w, "RolloutCompleted")[1].ends_with(": Completed all 0 canary steps"));
}

#[test]
fn one_step_a_write() {
    let mut w =
        canary(1, json!([{ "setWeight": 0 }, { "setWeight": 0 }, { "pause": { "duration": 0 } }, { "setWeight": 0 }]));
    w.run(10);
    w.phases.clear();
    w.set_image("2");
    w.run(10);
    let steps: Vec<String> =
        w.phases.iter().filter_map(|p| p.split(' ').find(|w| w.starts_with('@')).map(str::to_string)).collect();
    let mut distinct = steps.clone();
    distinct.dedup();
    assert_eq!(distinct, ["@4", "@0", "@1", "@2", "@3", "@4"], "{:?}", w.phases);
    assert_eq!(
        events(&w, "RolloutStepCompleted"),
        [
            "Rollout step 1/4 completed (setWeight: 0)",
            "Rollout step 2/4 completed (setWeight: 0)",
            "Rollout step 3/4 completed (pause: 0)",
            "Rollout step 4/4 completed (setWeight: 0)",
        ]
    );
}

#[test]
fn edited_steps_start_over_with_the_canary_there_is() {
    let mut w = canary(4, json!([{ "setWeight": 50 }, { "pause": {} }]));
    w.run(10);
    w.set_image("2");
    w.run(10);
    assert_eq!(w.sizes(), [(1, 2), (2, 2)]);
    edit_steps(&mut w, json!([{ "setWeight": 25 }, { "pause": {} }, { "setWeight": 75 }]));
    w.events.clear();
    w.run(10);
    assert_eq!((w.sizes(), w.status().current_step_index), (vec![(1, 3), (2, 1)], Some(1)));
    assert!(!w.status().abort);
    assert_eq!(events(&w, "RolloutResumed").len(), 1, "the controller itself lifted the pause");
}

/// An idle Rollout only gets a new index.
#[test]
fn edited_steps_of_an_idle_rollout_are_skipped() {
    let mut w = canary(2, json!([{ "setWeight": 50 }, { "pause": {} }]));
    w.run(10);
    w.events.clear();
    edit_steps(&mut w, json!([{ "setWeight": 10 }, { "pause": {} }, { "setWeight": 20 }]));
    w.run(10);
    assert_eq!(w.events, ["SkipSteps Rollback to stable ReplicaSets"]);
    assert_eq!((w.status().current_step_index, w.status().phase.as_str()), (Some(3), "Healthy"));
    edit_steps(&mut w, json!([]));
    w.events.clear();
    w.run(10);
    assert_eq!((w.events.len(), w.status().current_step_index), (0, None));
    assert_eq!(w.status().phase, "Healthy");
}

/// Upstream lets a weight step pass with a canary of 0 pods, while it removes broken pods of the version before.
#[test]
fn a_weight_step_waits_for_the_canary_it_asks_for() {
    let mut w = canary(2, json!([{ "setWeight": 50 }, { "pause": {} }]));
    w.run(10);
    w.break_image("2");
    w.set_image("2");
    w.run(10);
    w.set_image("3");
    w.run(20);
    assert_eq!((w.sizes(), w.status().current_step_index), (vec![(1, 1), (2, 0), (3, 1)], Some(1)));
    let done = w.plans.iter().position(|p| p.contains("RolloutStepCompleted: Rollout step 1/2")).unwrap();
    let third = |p: &String| p.contains("(revision 3) from 0 to 1");
    assert!(w.plans.iter().position(third).unwrap() < done);
}

#[test]
fn a_new_version_clears_pause_and_abort() {
    let mut w = canary(2, json!([{ "setWeight": 50 }, { "pause": {} }]));
    w.run(10);
    w.set_image("2");
    w.run(10);
    w.rollout.status.abort = true;
    w.run(10);
    w.set_image("3");
    w.run(10);
    let s = w.status();
    assert_eq!((s.abort, s.aborted_at, s.current_step_index), (false, None, Some(1)));
    assert_eq!(s.message, "CanaryPauseStep");
}
