//! When a version becomes the stable one, why, and what that keeps.

use crate::world::World;
use rollouts_api::names;
use serde_json::{Value, json};

fn blue_green(extra: Value) -> World {
    let mut strategy = json!({ "activeService": "live", "previewService": "next" });
    strategy.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    let mut w = World::new(2, json!({ "blueGreen": strategy })).with_services(&["live", "next"]);
    w.run(10);
    w
}

/// What the last promotion was for.
fn reason(w: &World) -> &str {
    let completed = w.events.iter().rfind(|e| e.starts_with("RolloutCompleted")).unwrap();
    completed.rsplit(": ").next().unwrap()
}

fn name_of(w: &World, revision: i64) -> String {
    w.sets.values().find(|s| s.revision() == revision).unwrap().metadata.name.clone()
}

fn update(w: &mut World, tag: &str) {
    w.set_image(tag);
    w.run(20);
}

#[test]
fn why_a_blue_green_was_promoted() {
    let mut w = blue_green(json!({ "scaleDownDelaySeconds": 30 }));
    assert_eq!(reason(&w), "Initial deploy");
    update(&mut w, "2");
    assert_eq!(reason(&w), "Completed blue-green update");
    update(&mut w, "1");
    assert_eq!(reason(&w), "Fast rollback", "it still had its pods");
    w.run(100);
    update(&mut w, "2");
    w.run(100);
    w.change(|ro| ro.spec.rollback_window = serde_json::from_value(json!({ "revisions": 1 })).unwrap());
    update(&mut w, "1");
    assert_eq!(reason(&w), "Rollback within window", "it had none any more");
    w.change(|ro| ro.spec.strategy.blue_green.as_mut().unwrap().auto_promotion_enabled = Some(false));
    update(&mut w, "3");
    w.rollout.status.promote_full = true;
    w.run(20);
    assert_eq!(reason(&w), "Full promotion requested");
}

/// There is nothing left to compare with: what is new is what there is.
#[test]
fn a_version_without_a_stable_one_is_the_first() {
    let mut w = blue_green(json!({ "autoPromotionEnabled": false }));
    update(&mut w, "2");
    assert_eq!(w.status().message, "BlueGreenPause");
    let stable = name_of(&w, 1);
    w.delete_set(&stable);
    w.run(20);
    assert_eq!(reason(&w), "Initial deploy");
    assert_eq!(w.status().stable_rs, w.status().current_pod_hash);
}

/// `replicaProgressThreshold` says how many pods are enough for the promotion, too.
#[test]
fn a_threshold_is_enough_for_a_promotion() {
    for (threshold, enough) in
        [(json!({ "type": "Percent", "value": 50 }), 2), (json!({ "type": "Pods", "value": 3 }), 3), (Value::Null, 4)]
    {
        let strategy = json!({ "maxSurge": "100%", "maxUnavailable": 0, "replicaProgressThreshold": threshold });
        let mut w = World::new(4, json!({ "canary": strategy }));
        w.run(10);
        w.break_image("2");
        update(&mut w, "2");
        for available in 1..=4 {
            let new = w.sets.values_mut().find(|s| s.revision() == 2).unwrap();
            (new.status.available_replicas, new.status.ready_replicas) = (available, available);
            w.run(0);
            let promoted = w.status().stable_rs == w.status().current_pod_hash;
            assert_eq!(promoted, available >= enough, "{available} of {threshold}");
        }
        assert_eq!(reason(&w), "Completed all 0 canary steps");
    }
}

/// Whatever its deadline says, a ReplicaSet that the status or a Service names keeps its pods.
#[test]
fn what_is_referred_to_keeps_its_pods() {
    let mut w = blue_green(json!({ "scaleDownDelaySeconds": 30 }));
    let first = w.status().stable_rs.clone();
    update(&mut w, "2");
    // Somebody pointed a Service back by hand.
    for service in ["live", "next"] {
        let mut w = w.clone();
        w.change(|ro| ro.spec.paused = true);
        w.run(1);
        let selector = &mut w.services.get_mut(service).unwrap().spec.selector;
        selector.insert(names::POD_TEMPLATE_HASH.into(), first.clone());
        w.run(300);
        assert_eq!(w.sizes(), [(1, 2), (2, 2)], "{service}");
        w.change(|ro| ro.spec.paused = false);
        w.run(300);
        assert_eq!(
            (w.sizes(), w.services[service].selected_hash()),
            (vec![(1, 0), (2, 2)], w.status().stable_rs.as_str())
        );
    }
    w.run(300);
    assert_eq!(w.sizes(), [(1, 0), (2, 2)]);
}

/// Not before its preview Service shows the new version, too.
#[test]
fn a_blue_green_is_healthy_with_both_services() {
    let mut w = blue_green(json!({}));
    w.change(|ro| ro.spec.paused = true);
    w.run(1);
    let healthy = |w: &World| w.status().conditions.iter().any(|c| c.r#type == "Healthy" && c.status == "True");
    w.services.get_mut("next").unwrap().spec.selector.insert(names::POD_TEMPLATE_HASH.into(), "other".into());
    w.run(1);
    assert_eq!((w.status().blue_green.preview_selector.as_str(), healthy(&w)), ("other", false));
    w.change(|ro| ro.spec.paused = false);
    w.run(10);
    assert_eq!(w.status().blue_green.preview_selector, w.status().current_pod_hash);
    assert!(healthy(&w));
}

/// What is wrong with the spec comes first, then the ReplicaSet, then what is absent, then sizes, then the strategy:
/// each in a write of its own.
#[test]
fn a_reconcile_keeps_its_order() {
    let mut w = World::new(2, json!({ "canary": { "steps": [{ "setWeight": 50 }, { "pause": {} }] } }));
    w.run(10);
    w.plans.clear();
    w.change(|ro| ro.spec.min_ready_seconds = -1);
    w.set_image("2");
    w.rollout.spec.replicas = None;
    w.run(10);
    assert_eq!(w.plans.len(), 1, "{:?}", w.plans);
    assert!(w.plans[0].contains("is invalid"));
    w.plans.clear();
    w.change(|ro| ro.spec.min_ready_seconds = 0);
    w.run(1);
    let expected = [
        "create ReplicaSet web-7445d4664c",
        "patch Rollout: replicas=1",
        "update ReplicaSet web-64bf54f494: replicas=1",
    ];
    let first: Vec<String> = w.plans.iter().map(|p| p.lines().next().unwrap().to_string()).collect();
    for (plan, effect) in first.iter().zip(expected) {
        assert!(plan.starts_with(&format!("- {effect}")), "{first:?}");
    }
    let reset = w.plans.iter().position(|p| p.contains("because the pod template changed")).unwrap();
    assert!(reset >= expected.len(), "{first:?}");
}
