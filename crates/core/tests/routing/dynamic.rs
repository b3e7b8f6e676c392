//! `dynamicStableScale`: pods follow the traffic, and never go before it.

use super::*;

fn dynamic(replicas: i32, steps: Value) -> World {
    updated(replicas, steps, json!({ "dynamicStableScale": true }))
}

/// Both versions have the pods for the traffic that the router sends them. What becomes available later counts as soon as
/// it is there, so this looks at sizes.
fn assert_borne(world: &World) {
    let n = i64::from(world.rollout.spec.replicas());
    let canary = weight(world);
    for (set, hash) in world.sets.values().map(|set| (set, set.hash())) {
        let share =
            |service: &str, weight: i64| if world.services[service].selected_hash() == hash { weight } else { 0 };
        let share = share("web-canary", canary) + share("web-stable", 100 - canary);
        assert!(i64::from(set.size()) * 100 >= share * n, "{share} % to {}: {:?}", set.revision(), world.sizes());
    }
}

fn run(world: &mut World, steps: usize) {
    for _ in 0..steps {
        world.step();
        assert_borne(world);
    }
}

#[test]
fn pods_follow_the_traffic() {
    let mut w = dynamic(10, json!([{ "setWeight": 30 }, { "pause": {} }, { "setWeight": 60 }, { "pause": {} }]));
    run(&mut w, 60);
    assert_eq!((weight(&w), w.sizes()), (30, vec![(1, 7), (2, 3)]));
    w.promote();
    run(&mut w, 60);
    assert_eq!((weight(&w), w.sizes()), (60, vec![(1, 4), (2, 6)]));
    w.promote();
    run(&mut w, 80);
    assert_eq!((weight(&w), w.sizes(), w.status().phase.as_str()), (0, vec![(1, 0), (2, 10)], "Healthy"));
}

#[test]
fn an_abort_goes_back_as_far_as_the_stable_pods_are_there() {
    let mut w = dynamic(10, json!([{ "setWeight": 30 }, { "setWeight": 80 }, { "pause": {} }]));
    run(&mut w, 80);
    assert_eq!((weight(&w), w.sizes()), (80, vec![(1, 2), (2, 8)]));
    w.rollout.status.abort = true;
    run(&mut w, 80);
    assert_eq!((weight(&w), w.sizes(), serves(&w, "web-canary")), (0, vec![(1, 10), (2, 0)], 1));
}

#[test]
fn going_back_to_the_stable_version_keeps_the_old_canary_until_then() {
    let mut w = dynamic(10, json!([{ "setWeight": 80 }, { "pause": {} }]));
    run(&mut w, 80);
    w.set_image("1");
    run(&mut w, 100);
    assert_eq!((weight(&w), w.status().phase.as_str()), (0, "Healthy"));
    let sizes: Vec<i32> = w.sizes().into_iter().map(|(_, size)| size).filter(|size| *size > 0).collect();
    assert_eq!(sizes, [10]);
}

#[test]
fn a_crashing_canary_is_no_deadlock() {
    let mut w = dynamic(10, json!([{ "setWeight": 50 }, { "pause": {} }]));
    w.run(60);
    assert_eq!(w.sizes(), [(1, 5), (2, 5)]);
    let set = w.sets.values_mut().find(|s| s.revision() == 2).unwrap();
    (set.status.available_replicas, set.status.ready_replicas) = (0, 0);
    w.settle_now();
    assert_eq!((weight(&w), w.sizes()), (0, vec![(1, 10), (2, 5)]));
    w.heal();
    w.run(10);
    assert_eq!((weight(&w), w.sizes()), (50, vec![(1, 5), (2, 5)]));
}

#[test]
fn a_full_promotion_takes_the_traffic_with_it() {
    let mut w = dynamic(10, json!([{ "setWeight": 20 }, { "pause": {} }]));
    run(&mut w, 60);
    w.rollout.status.promote_full = true;
    run(&mut w, 80);
    assert_eq!((weight(&w), w.sizes(), w.status().phase.as_str()), (0, vec![(1, 0), (2, 10)], "Healthy"));
}

#[test]
fn a_superseded_canary_gives_its_traffic_to_pods_that_are_there() {
    let mut w = dynamic(10, json!([{ "setWeight": 80 }, { "pause": {} }]));
    run(&mut w, 80);
    assert_eq!((weight(&w), w.sizes()), (80, vec![(1, 2), (2, 8)]));
    w.set_image("3");
    run(&mut w, 120);
    assert_eq!((weight(&w), w.sizes(), serves(&w, "web-canary")), (80, vec![(1, 2), (2, 0), (3, 8)], 3));
}

#[test]
fn an_aborted_canary_goes_though_it_is_kept_larger_than_its_step() {
    let also = json!({ "dynamicStableScale": true, "minPodsPerReplicaSet": 2 });
    let mut w = updated(2, json!([{ "setWeight": 66 }, { "setWeight": 20 }, { "pause": {} }]), also);
    w.run(60);
    assert_eq!((weight(&w), w.sizes()), (20, vec![(1, 2), (2, 2)]));
    w.rollout.status.abort = true;
    w.run(60);
    assert_eq!((weight(&w), w.sizes()), (0, vec![(1, 2), (2, 0)]));
}

#[test]
fn an_abort_before_anybody_was_told_sends_nobody_to_the_canary() {
    let mut w = dynamic(4, json!([{ "setWeight": 50 }, { "pause": {} }]));
    w.run(60);
    // The status was not written.
    w.rollout.status.canary.weights = None;
    w.rollout.status.abort = true;
    w.endpoints.insert("web-stable".into(), Default::default());
    w.run(30);
    assert_eq!(weight(&w), 50, "nobody leads to the stable pods");
    w.endpoints.clear();
    w.run(60);
    assert_eq!((weight(&w), w.sizes()), (0, vec![(1, 4), (2, 0)]));
}
