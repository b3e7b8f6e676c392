//! Rollouts that take over from a Deployment (rollout.md §10).

use crate::world::World;
use rollouts_api::names;
use rollouts_core::{Debt, size_given_back};
use serde_json::json;

fn canary(replicas: i32, size: i32, scale_down: &str) -> World {
    let strategy = json!({ "canary": { "maxSurge": 1, "maxUnavailable": 0 } });
    World::new(replicas, strategy).with_deployment(size, scale_down)
}

fn sizes(w: &World) -> Vec<i32> {
    w.deployment_sizes.iter().map(|(_, n)| *n).collect()
}

fn debt(w: &World, name: &str) -> Option<(i32, i32)> {
    Debt::of(w.deployment(name)).map(|d| (d.from, d.to))
}

#[test]
fn the_template_comes_from_the_deployment_and_its_generation_is_told() {
    let mut w = canary(2, 3, "");
    w.run(10);
    assert_eq!(w.status().phase, "Healthy");
    assert_eq!(w.status().selector, "app=web");
    assert_eq!(w.status().workload_observed_generation, "1");
    let rs = w.sets.values().next().unwrap();
    assert_eq!(rs.metadata.annotation(names::WORKLOAD_GENERATION), Some("1"));
    assert!(w.rollout.spec.template.is_empty() && w.rollout.spec.selector.is_none(), "never written back");

    w.set_deployment_image("old", "2");
    w.run(20);
    assert_eq!(w.sizes(), [(1, 0), (2, 2)]);
    assert_eq!(w.status().workload_observed_generation, "2");
    assert_eq!(w.rollout.metadata.annotation(names::WORKLOAD_GENERATION), Some("2"));
    assert_eq!((w.deployment("old").size(), debt(&w, "old")), (3, None), "the Deployment is left alone");

    w.scale_deployment("old", 5);
    w.run(10);
    assert_eq!(w.sizes(), [(1, 0), (2, 2)], "another size is no update");
    let rs = w.sets.values().find(|s| s.revision() == 2).unwrap();
    assert_eq!(rs.metadata.annotation(names::WORKLOAD_GENERATION), Some("3"));
    assert_eq!(rs.metadata.annotation(names::REVISION_HISTORY), Some("2"));
}

#[test]
fn a_missing_deployment_is_invalid_until_it_appears_and_freezes_nothing_that_runs() {
    let mut w = canary(1, 1, "");
    let old = w.deployments.remove("old").unwrap();
    w.run(30);
    let message = "The Rollout \"web\" is invalid: deployments.apps \"ns/old\" not found";
    assert_eq!(w.status().message, format!("InvalidSpec: {message}"));
    w.deployments.insert("old".into(), old);
    w.run(10);
    assert_eq!(w.status().phase, "Healthy");
    w.deployments.clear();
    w.run(30);
    assert_eq!(w.status().phase, "Degraded");
    assert_eq!(w.sizes(), [(1, 1)], "the pods stay");
    w.change(|ro| ro.spec.replicas = Some(3));
    w.run(30);
    assert_eq!(w.sizes(), [(1, 3)], "and follow the autoscaler");
    assert_eq!((w.status().selector.as_str(), w.status().hpa_replicas), ("app=web", 3), "which reads these");
}

/// What is missing comes first, and must not hide that the sizes cannot be reckoned.
#[test]
fn a_missing_deployment_does_not_hide_that_the_spec_is_invalid() {
    let router = json!({ "nginx": { "stableIngress": "web" } });
    for replicas in [3, -1] {
        let mut w = canary(1, 1, "");
        w.run(10);
        w.deployments.clear();
        w.change(|ro| {
            ro.spec.replicas = Some(replicas);
            if replicas > 0 {
                let canary = ro.spec.strategy.canary.as_mut().unwrap();
                canary.traffic_routing = serde_json::from_value(router.clone()).unwrap();
            }
        });
        w.run(30);
        assert_eq!(w.status().phase, "Degraded");
        assert_eq!(w.sizes(), [(1, 1)], "{replicas}");
    }
}

/// Should a size be refused, users know all the same.
#[test]
fn what_is_wrong_is_told_before_sizes_change() {
    let mut w = canary(1, 1, "");
    w.run(10);
    w.deployments.clear();
    w.change(|ro| ro.spec.replicas = Some(3));
    let told = w.plans.len();
    w.run(30);
    let plan = w.plans[told..].iter().map(ToString::to_string).find(|plan| plan.contains("replicas=3")).unwrap();
    assert!(plan.starts_with("- write status: Degraded"), "{plan}");
}

#[test]
fn onsuccess_takes_over_when_healthy_and_again_at_the_first_revision() {
    let mut w = canary(2, 3, "onsuccess");
    w.run(10);
    assert_eq!((sizes(&w), debt(&w, "old")), (vec![0], Some((3, 0))));
    w.scale_deployment("old", 5);
    w.run(5);
    assert_eq!((sizes(&w), debt(&w, "old")), (vec![0, 0], Some((5, 0))), "as upstream; but five are given back");
    w.set_deployment_image("old", "2");
    w.run(20);
    w.scale_deployment("old", 1);
    w.run(60);
    assert_eq!(w.deployment("old").size(), 1, "later it is the user's decision");
}

/// No API server lets it pass; a cache may hold anything.
#[test]
fn a_negative_size_counts_as_none() {
    let mut w = canary(2, -1, "progressively");
    w.run(60);
    assert_eq!((w.status().phase.as_str(), debt(&w, "old")), ("Healthy", None));
}

#[test]
fn a_first_revision_that_fails_does_not_leave_the_deployment_for_ever() {
    for mode in ["onsuccess", "progressively"] {
        let mut w = canary(2, 2, mode);
        w.break_image("1");
        w.run(60);
        assert_eq!(sizes(&w), [0; 0], "{mode}: users still need it");
        w.set_deployment_image("old", "2");
        w.run(60);
        assert_eq!(w.status().phase, "Healthy");
        assert_eq!((w.deployment("old").size(), debt(&w, "old")), (0, Some((2, 0))), "{mode}");
    }
}

#[test]
fn progressively_never_serves_less_nor_more_than_both_promise() {
    let mut w = canary(4, 6, "progressively");
    w.run(30);
    assert_eq!(w.deployment("old").size(), 0);
    assert_eq!(debt(&w, "old"), Some((6, 0)));
    // A pod that fails later is the Rollout's own business.
    w.broken = w.sets.values().map(|s| s.hash().to_string()).collect();
    w.change(|ro| ro.spec.replicas = Some(5));
    w.run(30);
    assert_eq!(w.deployment("old").size(), 0);
}

#[test]
fn a_failure_in_the_middle_gives_the_deployment_its_pods_back() {
    let mut w = canary(4, 4, "progressively");
    w.run(0);
    let name = w.sets.keys().next().unwrap().clone();
    let available = |w: &mut World, n| {
        let status = &mut w.sets.get_mut(&name).unwrap().status;
        (status.replicas, status.available_replicas, status.ready_replicas) = (4, n, n);
        w.settle_now();
        w.deployment("old").size()
    };
    assert_eq!(available(&mut w, 1), 3);
    assert_eq!(available(&mut w, 3), 1);
    assert_eq!(available(&mut w, 2), 2);
    assert_eq!(available(&mut w, 0), 4);
    assert_eq!(available(&mut w, 3), 1);
    w.scale_deployment("old", 2);
    assert_eq!(available(&mut w, 3), 2, "somebody, or an autoscaler, wants it so");
    assert_eq!(available(&mut w, 4), 0);
}

#[test]
fn a_rollout_of_no_pods_takes_nothing_over() {
    for mode in ["onsuccess", "progressively"] {
        let mut w = canary(0, 3, mode);
        w.run(60);
        assert_eq!((sizes(&w), debt(&w, "old")), (vec![], Some((3, 3))));
        w.set_deployment_image("old", "2");
        w.run(60);
        w.change(|ro| ro.spec.replicas = Some(2));
        w.run(60);
        assert_eq!(sizes(&w).last(), Some(&0));
    }
}

#[test]
fn a_blue_green_counts_the_pods_that_users_reach() {
    let strategy = json!({ "blueGreen": { "activeService": "live" } });
    let mut w = World::new(2, strategy).with_services(&["live"]).with_deployment(2, "progressively");
    w.run(60);
    assert_eq!(w.status().phase, "Healthy");
    assert_eq!(w.deployment("old").size(), 0);
}

#[test]
fn turning_to_another_deployment_takes_that_one_over_and_lets_the_first_go() {
    let mut w = canary(2, 3, "onsuccess");
    w.run(20);
    w.add_deployment("next", 4);
    w.set_deployment_image("next", "2");
    w.refer_to("next", "onsuccess");
    w.run(60);
    assert_eq!(w.status().phase, "Healthy");
    assert_eq!((w.deployment("next").size(), debt(&w, "next")), (0, Some((4, 0))));
    assert_eq!((w.deployment("old").size(), debt(&w, "old")), (0, None), "it was taken over for good");
}

#[test]
fn what_is_still_being_taken_is_given_back_when_the_rollout_turns_away() {
    let mut w = canary(4, 4, "progressively");
    w.run(0);
    let set = w.sets.values_mut().next().unwrap();
    (set.status.replicas, set.status.available_replicas, set.status.ready_replicas) = (4, 1, 1);
    w.settle_now();
    assert_eq!(debt(&w, "old"), Some((4, 3)));
    let template = w.deployment("old").spec.template.clone();
    w.change(|ro| {
        ro.spec.workload_ref = None;
        ro.spec.selector = serde_json::from_value(json!({ "matchLabels": { "app": "web" } })).unwrap();
        ro.spec.template = template;
    });
    w.run(60);
    assert_eq!((w.deployment("old").size(), debt(&w, "old")), (4, None));
    assert_eq!(w.sizes(), [(1, 4)], "the same template is no update");
    assert_eq!(w.status().workload_observed_generation, "");
    w.set_image("9");
    w.run(60);
    let newest = w.sets.values().find(|s| s.revision() == 2).unwrap();
    assert_eq!(newest.metadata.annotation(names::WORKLOAD_GENERATION), None);
}

#[test]
fn a_rollout_with_its_own_template_may_begin_to_refer_to_a_deployment() {
    let mut w = World::new(2, json!({ "canary": {} }));
    w.run(20);
    w.set_image("2");
    w.run(20);
    w.add_deployment("old", 3);
    w.set_deployment_image("old", "3");
    w.break_image("3");
    w.refer_to("old", "onsuccess");
    w.run(60);
    assert_eq!((w.deployment("old").size(), debt(&w, "old")), (3, Some((3, 3))), "noted, and nothing taken yet");
    assert_eq!(size_given_back(w.deployment("old")), None);
    w.heal();
    w.run(60);
    assert_eq!((w.deployment("old").size(), debt(&w, "old")), (0, Some((3, 0))));
}

#[test]
fn a_deployment_that_another_rollout_scales_is_left_alone() {
    let mut w = canary(2, 2, "onsuccess");
    let other = Debt::new("other", w.deployment("old"), 5, 2);
    w.change_deployment("old", |d| d.metadata.labels.extend(other.labels().map(|(k, v)| (k.into(), v))));
    w.run(30);
    assert_eq!((sizes(&w), debt(&w, "old")), (vec![], Some((5, 2))));
    w.change_deployment("old", |d| d.metadata.labels.clear());
    w.run(30);
    assert_eq!(debt(&w, "old"), Some((2, 0)));
}

/// It scales nothing, and says so in all its plans: whoever applies them tells it once.
#[test]
fn a_deployment_that_another_rollout_took_is_left_to_it() {
    for (mode, warned) in [("onsuccess", true), ("progressively", true), ("never", false)] {
        let mut w = canary(2, 3, mode);
        let debt = Debt::new("another-uid", w.deployment("old"), 3, 1);
        let labels = debt.labels().map(|(key, value)| (key.to_string(), value));
        w.change_deployment("old", |d| {
            d.metadata.labels.extend(labels);
            d.spec.replicas = Some(1);
        });
        w.run(30);
        assert!(w.plans.iter().all(|plan| !plan.contains("! ")), "that one is gone: {:#?}", w.plans);
        w.taken_by = Some("first".into());
        let told = w.plans.len();
        w.set_deployment_image("old", "2");
        w.run(30);
        assert_eq!((w.status().phase.as_str(), sizes(&w)), ("Healthy", vec![]), "{mode}");
        let warning =
            "! WorkloadTaken: Rollout web does not scale down Deployment old, which Rollout first has scaled down";
        for plan in &w.plans[told..] {
            assert_eq!(plan.contains(warning), warned, "{plan}");
        }
    }
}
