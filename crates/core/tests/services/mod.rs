//! Services of a canary without traffic routing, and of a blueGreen.

use crate::world::World;
use rollouts_api::names;
use serde_json::json;

fn canary() -> World {
    let steps = json!([{ "setWeight": 50 }, { "pause": {} }]);
    World::new(
        2,
        json!({ "canary": {
        "maxSurge": 1, "maxUnavailable": 0, "steps": steps, "stableService": "live", "canaryService": "next",
    } }),
    )
    .with_services(&["live", "next"])
}

/// What each Service selects, as a revision.
fn selected(w: &World, service: &str) -> i64 {
    let hash = w.services[service].selected_hash();
    w.sets.values().find(|s| s.hash() == hash).map_or(0, |s| s.revision())
}

#[test]
fn each_service_follows_its_role() {
    let mut w = canary();
    w.run(10);
    assert_eq!((selected(&w, "live"), selected(&w, "next")), (1, 1));
    assert_eq!(w.services["live"].metadata.annotation(names::MANAGED_BY_ROLLOUTS), Some("web"));
    assert_eq!(w.services["live"].spec.selector["app"], "web", "the user's own keys stay");
    w.set_image("2");
    w.run(10);
    assert_eq!((selected(&w, "live"), selected(&w, "next")), (1, 2));
    w.rollout.status.abort = true;
    w.run(10);
    assert_eq!((selected(&w, "live"), selected(&w, "next")), (1, 1));
    w.rollout.status.abort = false;
    w.run(10);
    w.promote();
    w.run(10);
    assert_eq!((selected(&w, "live"), selected(&w, "next")), (2, 2));
}

/// One available pod is enough for a Service that is ours; all pods for one that has served others until now.
#[test]
fn a_service_waits_for_pods() {
    let mut w = canary();
    w.break_image("1");
    w.run(10);
    assert_eq!((selected(&w, "live"), selected(&w, "next")), (0, 0));
    let set = w.sets.values_mut().next().unwrap();
    set.status.available_replicas = 1;
    w.run(0);
    assert_eq!(selected(&w, "live"), 0, "adopted only with all pods");
    w.services.get_mut("live").unwrap().metadata.annotations.insert(names::MANAGED_BY_ROLLOUTS.into(), "web".into());
    w.run(0);
    assert_eq!((selected(&w, "live"), selected(&w, "next")), (1, 0));
    w.heal();
    w.run(10);
    assert_eq!(selected(&w, "next"), 1);
    assert_eq!(w.events.iter().filter(|e| e.starts_with("SwitchService")).count(), 2);
}

#[test]
fn a_switch_is_told_with_both_ends() {
    let mut w = canary();
    w.run(10);
    let hash = w.status().stable_rs.clone();
    let message = |from: &str| format!("SwitchService Switched selector for service 'live' from '{from}' to '{hash}'");
    assert!(w.events.contains(&message("")));
    // The annotation alone was lost: it is written again, and told like a switch.
    w.services.get_mut("live").unwrap().metadata.annotations.clear();
    w.run(10);
    assert_eq!(w.events.last(), Some(&message(&hash)));
}

/// A preview is for looking at what comes, ready or not.
#[test]
fn a_preview_service_does_not_wait() {
    let strategy = json!({ "blueGreen": { "activeService": "live", "previewService": "next" } });
    let mut w = World::new(2, strategy).with_services(&["live", "next"]);
    w.run(10);
    w.break_image("2");
    w.set_image("2");
    w.run(10);
    assert_eq!((selected(&w, "live"), selected(&w, "next")), (1, 2));
    assert_eq!(w.status().blue_green.preview_selector, w.status().current_pod_hash);
    assert_eq!(w.status().blue_green.active_selector, w.status().stable_rs);
}

#[test]
fn a_paused_rollout_switches_nothing() {
    let strategy = json!({ "blueGreen": { "activeService": "live", "previewService": "next" } });
    let mut w = World::new(2, strategy).with_services(&["live", "next"]);
    w.run(10);
    w.change(|ro| ro.spec.paused = true);
    w.set_image("2");
    w.run(10);
    assert_eq!((selected(&w, "live"), selected(&w, "next")), (1, 1));
    assert_eq!(w.sizes(), [(1, 2), (2, 2)], "sizes are free");
    w.change(|ro| ro.spec.paused = false);
    w.run(10);
    assert_eq!((selected(&w, "live"), selected(&w, "next")), (2, 2));
}

/// A Service that has served a Deployment until now is not taken from it by a Rollout that has no pods yet.
#[test]
fn a_service_of_others_waits_for_the_first_pods() {
    let strategy = json!({ "blueGreen": { "activeService": "live" } });
    let mut w = World::new(0, strategy).with_services(&["live"]);
    w.run(2000);
    let live = w.services["live"].clone();
    assert_eq!((live.selected_hash(), live.metadata.annotations.len()), ("", 0));
    assert_eq!(
        (w.status().phase.as_str(), w.status().message.as_str()),
        ("Progressing", "active service cutover pending")
    );
    w.change(|ro| ro.spec.replicas = Some(3));
    w.run(0);
    assert_eq!(selected(&w, "live"), 0);
    w.run(10);
    assert_eq!((selected(&w, "live"), w.status().phase.as_str()), (1, "Healthy"));
    // From now on it is ours, with or without pods.
    w.change(|ro| ro.spec.replicas = Some(0));
    w.run(10);
    w.set_image("2");
    w.run(10);
    assert_eq!((selected(&w, "live"), w.status().phase.as_str()), (2, "Healthy"));
}
