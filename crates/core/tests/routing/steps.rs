use super::*;

#[test]
fn traffic_follows_the_pods_and_pods_go_after_the_traffic() {
    let mut w = updated(5, json!([{ "setWeight": 20 }, { "pause": {} }]), json!({}));
    assert_eq!((weight(&w), recorded(&w)), (0, (0, 100)));
    w.run(60);
    assert_eq!((weight(&w), recorded(&w), w.sizes()), (20, (20, 80), vec![(1, 5), (2, 1)]));
    assert_eq!((serves(&w, "web-stable"), serves(&w, "web-canary")), (1, 2));
    w.promote();
    w.run(5);
    assert_eq!((weight(&w), serves(&w, "web-stable"), w.status().phase.as_str()), (0, 2, "Healthy"));
    assert_eq!(w.sizes(), [(1, 5), (2, 5)], "the old version stays for a while");
    w.run(60);
    assert_eq!(w.sizes(), [(1, 0), (2, 5)]);
    let weights: Vec<&String> = w.events.iter().filter(|e| e.starts_with("TrafficWeightUpdated")).collect();
    let expected = ["to 0", "", "from 0 to 20", "from 20 to 100", "from 100 to 0"];
    assert_eq!(weights, expected.map(|text| format!("TrafficWeightUpdated Traffic weight updated {text}")).each_ref());
}

#[test]
fn nothing_is_written_before_the_first_version_is_there() {
    let mut w = world(3, json!([{ "setWeight": 20 }]), json!({}));
    w.settle_now();
    assert_eq!((w.routed.len(), w.status().canary.weights.is_none()), (0, true));
    w.run(60);
    assert_eq!(recorded(&w), (0, 100));
    assert_eq!(w.routed.len(), 0, "the VirtualService says so already: {:?}", w.routed);
}

#[test]
fn the_canary_has_the_pods_of_its_weight() {
    let sizes = |steps: Value, also: Value| {
        let mut w = updated(10, steps, also);
        w.run(60);
        (weight(&w), w.sizes())
    };
    let pause = json!({ "pause": {} });
    assert_eq!(sizes(json!([{ "setWeight": 25 }, pause]), json!({})), (25, vec![(1, 10), (2, 3)]));
    assert_eq!(
        sizes(json!([{ "setWeight": 5 }, pause]), json!({ "minPodsPerReplicaSet": 2 })),
        (5, vec![(1, 10), (2, 2)])
    );
    let pinned = json!([{ "setCanaryScale": { "replicas": 4 } }, { "setWeight": 10 }, pause]);
    assert_eq!(sizes(pinned, json!({})), (10, vec![(1, 10), (2, 4)]));
    let pinned = json!([{ "setCanaryScale": { "weight": 35 } }, pause]);
    assert_eq!(sizes(pinned, json!({ "minPodsPerReplicaSet": 2 })), (0, vec![(1, 10), (2, 4)]));
    let matching = json!([
        { "setCanaryScale": { "replicas": 4 } }, { "setWeight": 10 },
        { "setCanaryScale": { "matchTrafficWeight": true } }, pause,
    ]);
    assert_eq!(sizes(matching, json!({})), (10, vec![(1, 10), (2, 1)]));
}

#[test]
fn a_rollback_within_the_window_gives_no_pod_more_than_its_share() {
    let mut w = updated(10, json!([{ "setWeight": 80 }]), json!({}));
    w.change(|ro| ro.spec.rollback_window = serde_json::from_value(json!({ "revisions": 3 })).unwrap());
    w.run(120);
    assert_eq!((w.status().phase.as_str(), w.sizes()), ("Healthy", vec![(1, 0), (2, 10)]));
    w.set_image("1");
    for _ in 0..40 {
        w.step();
        let new = w.sets.values().find(|s| s.revision() == 3).map_or(0, |s| s.available());
        assert!(weight(&w) <= i64::from(new) * 10 || w.status().stable_rs == w.status().current_pod_hash, "{new} pods");
    }
    w.run(60);
    assert_eq!((weight(&w), w.status().phase.as_str(), serves(&w, "web-stable")), (0, "Healthy", 3));
}

#[test]
fn a_canary_without_pods_has_no_traffic() {
    let mut w = updated(4, json!([{ "setWeight": 50 }, { "pause": {} }]), json!({}));
    w.run(60);
    let crash = |w: &mut World, available: i32| {
        let set = w.sets.values_mut().find(|s| s.revision() == 2).unwrap();
        set.status.available_replicas = available;
        set.status.ready_replicas = available;
        w.settle_now();
    };
    crash(&mut w, 1);
    assert_eq!(weight(&w), 50, "the step is done: what is left serves");
    crash(&mut w, 0);
    assert_eq!((weight(&w), recorded(&w)), (0, (0, 100)));
    crash(&mut w, 2);
    assert_eq!(weight(&w), 50);
}

#[test]
fn both_versions_follow_the_replicas_while_nobody_lets_it_go_on() {
    let mut w = updated(10, json!([{ "setWeight": 40 }, { "pause": {} }]), json!({}));
    w.run(60);
    assert_eq!(w.sizes(), [(1, 10), (2, 4)]);
    w.change(|ro| ro.spec.paused = true);
    w.change(|ro| ro.spec.replicas = Some(20));
    w.run(60);
    assert_eq!((w.sizes(), weight(&w)), (vec![(1, 20), (2, 8)], 40));
}

#[test]
fn a_superseded_canary_leaves_when_nobody_is_sent_to_it() {
    let mut w = updated(4, json!([{ "setWeight": 50 }, { "pause": {} }]), json!({}));
    w.run(60);
    w.set_image("3");
    w.settle_now();
    assert_eq!((weight(&w), serves(&w, "web-canary")), (0, 2), "the new canary has no pod yet");
    w.run(60);
    assert_eq!((weight(&w), serves(&w, "web-canary"), w.sizes()), (50, 3, vec![(1, 4), (2, 0), (3, 2)]));
}

#[test]
fn a_canary_shrinks_after_its_traffic_has() {
    let steps = json!([{ "setWeight": 80 }, { "pause": {} }, { "setWeight": 20 }, { "setWeight": 0 }, { "pause": {} }]);
    for also in [json!({}), json!({ "dynamicStableScale": true })] {
        let mut w = updated(10, steps.clone(), also);
        w.run(60);
        assert_eq!((weight(&w), w.sizes().pop()), (80, Some((2, 8))));
        w.promote();
        for _ in 0..60 {
            w.step();
            let canary = w.sizes().into_iter().find(|(revision, _)| *revision == 2).map_or(0, |(_, size)| size);
            assert!(weight(&w) <= i64::from(canary) * 10, "{} % go to {canary} pods", weight(&w));
        }
        assert_eq!((weight(&w), w.sizes()), (0, vec![(1, 10), (2, 0)]));
    }
}

#[test]
fn nobody_is_sent_to_a_canary_of_which_a_step_wants_no_pod() {
    let steps = json!([{ "setWeight": 50 }, { "setCanaryScale": { "replicas": 0 } }, { "pause": {} }]);
    let mut w = updated(4, steps, json!({}));
    for _ in 0..60 {
        w.step();
        let canary = w.sizes().into_iter().find(|(revision, _)| *revision == 2).map_or(0, |(_, size)| size);
        assert!(weight(&w) == 0 || canary > 0, "{} % go to nobody", weight(&w));
    }
    assert_eq!((weight(&w), w.sizes()), (0, vec![(1, 4), (2, 0)]));
}

#[test]
fn what_is_replaced_goes_where_no_pods_are_wanted() {
    let mut w = updated(0, json!([{ "setCanaryScale": { "replicas": 2 } }, { "pause": {} }]), json!({}));
    w.run(60);
    assert_eq!((w.sizes(), serves(&w, "web-canary")), (vec![(1, 0), (2, 2)], 2));
    w.set_image("3");
    w.run(60);
    w.rollout.status.promote_full = true;
    w.run(60);
    assert_eq!((w.sizes(), w.status().phase.as_str()), (vec![(1, 0), (2, 0), (3, 0)], "Healthy"));
}

#[test]
fn what_never_became_available_goes_although_no_pod_may_be_missed() {
    let limits = json!({ "maxSurge": "10%", "maxUnavailable": "0%" });
    let mut w = world(7, json!([{ "setWeight": 20 }]), limits);
    w.break_image("1");
    w.run(60);
    w.set_image("2");
    w.run(5);
    w.rollout.status.promote_full = true;
    w.run(120);
    assert_eq!((w.sizes(), w.status().phase.as_str()), (vec![(1, 0), (2, 7)], "Healthy"));
}
