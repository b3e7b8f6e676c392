//! A Rollout that cannot be right: what it says, what goes on, and how it comes back.

use crate::world::World;
use rollouts_core::Concern;
use serde_json::json;

fn blue_green() -> World {
    let strategy = json!({ "blueGreen": {
        "activeService": "live", "previewService": "next", "autoPromotionEnabled": false,
    } });
    World::new(2, strategy).with_services(&["live", "next"])
}

fn canary() -> World {
    let steps = json!([{ "setWeight": 50 }, { "pause": {} }]);
    let strategy = json!({ "canary": { "maxSurge": 1, "maxUnavailable": 0, "steps": steps, "stableService": "live" } });
    World::new(4, strategy).with_services(&["live"])
}

fn condition(w: &World, r#type: &str) -> Option<(String, String)> {
    let found = w.status().conditions.iter().find(|c| c.r#type == r#type)?;
    Some((found.status.clone(), found.message.clone()))
}

#[test]
fn it_says_what_is_wrong_and_does_nothing() {
    let mut w = canary();
    w.run(10);
    w.set_image("2");
    w.change(|ro| ro.spec.min_ready_seconds = -1);
    let before = w.sizes();
    w.events.clear();
    w.run(100);
    let message =
        "The Rollout \"web\" is invalid: spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0";
    assert_eq!(condition(&w, "InvalidSpec"), Some(("True".into(), message.into())));
    assert_eq!(w.status().phase, "Degraded");
    assert_eq!(w.status().message, format!("InvalidSpec: {message}"));
    assert_eq!(w.status().observed_generation, w.rollout.metadata.generation.to_string());
    assert_eq!((w.sizes(), w.events.len()), (before, 0));
}

#[test]
fn another_error_is_another_condition_and_the_same_is_written_once() {
    let mut w = canary();
    w.run(10);
    w.change(|ro| ro.spec.min_ready_seconds = -1);
    w.run(10);
    let plans = w.plans.len();
    w.run(1000);
    assert_eq!(w.plans.len(), plans, "no retry by time: what is repaired is seen");
    w.change(|ro| ro.spec.revision_history_limit = Some(-2));
    w.run(10);
    assert_eq!(w.plans.len(), plans + 1, "a new generation is observed");
    w.change(|ro| ro.spec.min_ready_seconds = 0);
    w.run(10);
    assert!(condition(&w, "InvalidSpec").unwrap().1.contains("spec.revisionHistoryLimit"));
}

#[test]
fn a_repaired_spec_goes_on_where_it_was() {
    let mut w = canary();
    w.run(10);
    w.set_image("2");
    w.run(10);
    assert_eq!(w.status().message, "CanaryPauseStep");
    w.change(|ro| ro.spec.min_ready_seconds = -1);
    w.run(10);
    w.change(|ro| ro.spec.min_ready_seconds = 0);
    w.run(10);
    assert_eq!(condition(&w, "InvalidSpec"), None);
    assert_eq!((w.status().message.as_str(), w.status().current_step_index), ("CanaryPauseStep", Some(1)));
    w.promote();
    w.run(20);
    assert_eq!(w.status().phase, "Healthy");
}

/// Upstream looks again up to 10 s later.
#[test]
fn a_service_that_appears_is_used_at_once() {
    let mut w = canary();
    let service = w.services.remove("live").unwrap();
    w.run(10);
    assert_eq!(w.sizes(), []);
    assert!(w.status().message.ends_with("service \"live\" not found"), "{}", w.status().message);
    w.services.insert("live".into(), service);
    w.run(10);
    assert_eq!(w.status().phase, "Healthy");
}

/// A Service that is deleted in mid-update stops the update, also when time passes.
#[test]
fn a_missing_service_freezes_the_steps() {
    let mut w = canary();
    w.change(|ro| {
        let steps = json!([{ "setWeight": 50 }, { "pause": { "duration": 30 } }]);
        ro.spec.strategy.canary.as_mut().unwrap().steps = serde_json::from_value(steps).unwrap();
    });
    w.run(10);
    w.set_image("2");
    w.run(10);
    let service = w.services.remove("live").unwrap();
    w.run(100);
    assert_eq!((w.sizes(), w.status().current_step_index), (vec![(1, 2), (2, 2)], Some(1)));
    w.services.insert("live".into(), service);
    w.run(10);
    assert_eq!(w.status().phase, "Healthy");
}

/// Upstream freezes everything, also the autoscaler.
#[test]
fn pods_follow_the_autoscaler_while_a_reference_is_missing() {
    let mut w = canary();
    w.run(10);
    w.set_image("2");
    w.run(10);
    w.services.remove("live");
    for (replicas, expected) in [(10, [(1, 5), (2, 5)]), (2, [(1, 1), (2, 1)]), (7, [(1, 4), (2, 4)])] {
        w.change(|ro| ro.spec.replicas = Some(replicas));
        w.run(20);
        assert_eq!(w.sizes(), expected);
        assert_eq!(w.status().hpa_replicas, expected[0].1 + expected[1].1);
        assert_eq!((w.status().phase.as_str(), w.status().current_step_index), ("Degraded", Some(1)));
    }
}

#[test]
fn a_blue_green_follows_the_autoscaler_without_its_services() {
    let mut w = blue_green();
    w.run(10);
    w.set_image("2");
    w.run(10);
    let active = w.status().blue_green.active_selector.clone();
    w.services.clear();
    w.change(|ro| ro.spec.replicas = Some(5));
    w.run(10);
    assert_eq!(w.sizes(), [(1, 5), (2, 5)]);
    assert_eq!((w.status().hpa_replicas, &w.status().blue_green.active_selector), (5, &active));
    assert!(w.status().selector.ends_with(&active));
}

/// Nothing in a spec that is wrong in itself can be trusted, the number of pods neither.
#[test]
fn an_invalid_spec_does_not_scale() {
    let mut w = canary();
    w.run(10);
    w.change(|ro| {
        ro.spec.replicas = Some(9);
        ro.spec.min_ready_seconds = -1;
    });
    w.run(10);
    assert_eq!(w.sizes(), [(1, 4)]);
}

/// What is wrong in a feature that this version lacks is still told in the words of the original.
#[test]
fn errors_come_before_what_is_not_supported() {
    let table = [
        (
            json!({ "trafficRouting": { "nginx": {} } }),
            "spec.strategy.stableService: Invalid value: \"\": Canary service and Stable service must to be set to use Traffic Routing",
        ),
        (
            json!({ "pingPong": { "pingService": "a", "pongService": "a" } }),
            "spec.strategy.pingPong.pingService: Invalid value: \"a\": This rollout uses the same service for the ping and pong services, but two different services are required.",
        ),
        (
            json!({ "steps": [{ "analysis": {} }, { "setWeight": 101 }] }),
            "spec.strategy.steps[1].setWeight: Invalid value: 101: SetWeight needs to be between 0 and 100",
        ),
    ];
    for (strategy, error) in table {
        let mut w = World::new(1, json!({ "canary": strategy }));
        w.run(10);
        assert_eq!(w.status().message, format!("InvalidSpec: The Rollout \"web\" is invalid: {error}"));
    }
}

/// Every ReplicaSet would be released as soon as it is made, and the next one made.
#[test]
fn a_selector_that_no_new_replicaset_matches_makes_none() {
    const HASH: &str = "rollouts-pod-template-hash";
    let copied = json!({ "matchLabels": { "app": "web", HASH: "7cb95fc85d" } });
    let without = json!({ "matchExpressions": [{ "key": HASH, "operator": "DoesNotExist" }] });
    for (selector, label) in [(copied, Some("7cb95fc85d")), (without, None)] {
        let mut w = canary();
        w.change(|ro| {
            ro.spec.selector = serde_json::from_value(selector).unwrap();
            if let Some(label) = label {
                ro.spec.template = ro.spec.template.with_label(HASH, label);
            }
        });
        w.run(10);
        assert_eq!(w.sizes(), []);
        let (_, message) = condition(&w, "InvalidSpec").unwrap();
        assert!(message.contains("spec.selector: Invalid value"), "{message}");
        assert!(message.ends_with(
            "must leave the label rollouts-pod-template-hash alone, of which every ReplicaSet has a value of its own"
        ));
    }
}

#[test]
fn a_selector_that_the_present_replicaset_matches_is_none_of_our_business() {
    const HASH: &str = "rollouts-pod-template-hash";
    let mut w = canary();
    w.run(10);
    let hash = w.status().stable_rs.clone();
    let set = w.sets.values_mut().next().unwrap();
    set.spec.template = set.spec.template.map(rollouts_api::pod_template::default);
    w.change(|ro| {
        ro.spec.selector.as_mut().unwrap().match_labels.insert(HASH.into(), hash.clone());
        ro.spec.template = ro.spec.template.with_label(HASH, &hash);
    });
    w.run(10);
    assert_eq!((w.sizes(), condition(&w, "InvalidSpec")), (vec![(1, 4)], None));
    w.set_image("2");
    w.run(10);
    assert_eq!(w.sizes(), [(1, 4)], "neither released nor replaced");
    assert!(condition(&w, "InvalidSpec").is_some());
}

/// The time in which nothing could be done is not held against the update.
#[test]
fn the_deadline_starts_again_when_the_spec_is_valid_again() {
    for abort in [true, false] {
        let mut w = canary();
        w.change(|ro| {
            (ro.spec.progress_deadline_seconds, ro.spec.progress_deadline_abort) = (Some(60), abort);
            let steps = json!([{ "setWeight": 50 }, { "setWeight": 100 }]);
            ro.spec.strategy.canary.as_mut().unwrap().steps = serde_json::from_value(steps).unwrap();
        });
        w.run(10);
        w.set_image("2");
        w.run(1);
        w.lose_service("live");
        w.run(300);
        assert!(w.status().message.starts_with("InvalidSpec"));
        w.phases.clear();
        w.restore_services();
        w.run(60);
        assert_eq!(w.status().phase, "Healthy");
        assert!(!w.phases.iter().any(|p| p.starts_with("Degraded")), "{:?}", w.phases);
        // A version that does not get on still has no more than its deadline.
        w.break_image("3");
        w.set_image("3");
        w.run(10);
        w.lose_service("live");
        w.run(300);
        w.restore_services();
        w.run(50);
        assert_eq!(w.status().phase, "Progressing");
        w.run(20);
        assert_eq!((w.status().phase.as_str(), w.status().abort), ("Degraded", abort));
    }
}

#[test]
fn routes_that_a_router_cannot_have_together_are_refused() {
    let route = |name: &str, header: &str| {
        let matches = json!([{ "headers": { header: { "exact": "1" } } }]);
        json!({ "setHeaderRoute": { "name": name, "match": matches } })
    };
    let gone = json!({ "setHeaderRoute": { "name": "vip" } });
    let refused = |steps: Vec<serde_json::Value>| {
        let routing = json!({
            "nginx": { "stableIngress": "front" },
            "managedRoutes": [{ "name": "vip" }, { "name": "beta" }],
        });
        let strategy = json!({ "canary": {
            "steps": steps, "stableService": "live", "canaryService": "next", "trafficRouting": routing,
        } });
        let mut w = World::new(1, strategy).with_services(&["live", "next"]);
        w.run(10);
        condition(&w, "InvalidSpec").map(|(_, message)| message).unwrap_or_default()
    };
    let message = refused(vec![route("vip", "a"), route("beta", "b")]);
    assert!(message.contains("steps[1].setHeaderRoute: Invalid value"), "{message}");
    assert!(message.ends_with("NGINX can match on one header, not on a and b"), "{message}");
    for steps in [vec![route("vip", "a"), gone, route("beta", "b")], vec![route("vip", "a"), route("beta", "a")]] {
        let message = refused(steps);
        assert!(message.contains("ingress.networking.k8s.io \"front\" not found"), "{message}");
    }
}

/// What checks manifests says all of it, in the order in which the controller would come to it.
#[test]
fn everything_wrong_at_once_begins_with_what_the_condition_says() {
    let mut w = canary();
    w.run(10);
    w.lose_service("live");
    let found = |w: &World| rollouts_core::problems(&w.snapshot());
    let absent = found(&w);
    assert_eq!(absent.len(), 1);
    assert_eq!(absent[0].concern, Concern::Absent("Service"));
    w.change(|ro| {
        ro.spec.min_ready_seconds = -1;
        ro.spec.revision_history_limit = Some(-2);
    });
    w.run(10);
    let problems = found(&w);
    let concerns: Vec<Concern> = problems.iter().map(|p| p.concern).collect();
    assert_eq!(concerns, [Concern::Spec, Concern::Spec, Concern::Absent("Service")]);
    let first = format!("The Rollout \"web\" is invalid: {}", problems[0].error);
    assert_eq!(condition(&w, "InvalidSpec"), Some(("True".into(), first)));
    w.restore_services();
    w.change(|ro| {
        ro.spec.min_ready_seconds = 0;
        ro.spec.revision_history_limit = None;
    });
    assert_eq!(found(&w), []);
}
