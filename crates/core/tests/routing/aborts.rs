use super::*;

fn aborted(world: &mut World) {
    world.rollout.status.abort = true;
    world.settle_now();
}

#[test]
fn traffic_leaves_at_once_and_the_pods_after_their_delay() {
    let mut w = updated(4, json!([{ "setWeight": 50 }, { "pause": {} }]), json!({}));
    w.run(60);
    // One stable pod is not ready: upstream leaves the traffic where it is.
    w.sets.values_mut().find(|s| s.revision() == 1).unwrap().status.available_replicas = 3;
    aborted(&mut w);
    assert_eq!((weight(&w), serves(&w, "web-canary"), w.sizes()), (0, 1, vec![(1, 4), (2, 2)]));
    let switches = told(&w, "SwitchService");
    w.heal();
    w.run(20);
    assert_eq!(w.sizes(), [(1, 4), (2, 2)]);
    w.run(60);
    assert_eq!((w.sizes(), w.status().phase.as_str()), (vec![(1, 4), (2, 0)], "Degraded"));
    assert_eq!(told(&w, "SwitchService"), switches, "the canary's Service does not go to and fro");
}

#[test]
fn without_any_stable_pod_traffic_stays() {
    let mut w = updated(2, json!([{ "setWeight": 50 }, { "pause": {} }]), json!({}));
    w.run(60);
    w.sets.values_mut().find(|s| s.revision() == 1).unwrap().status.available_replicas = 0;
    aborted(&mut w);
    assert_eq!(weight(&w), 50);
    w.heal();
    w.run(2);
    assert_eq!(weight(&w), 0);
}

#[test]
fn how_long_the_canary_is_kept() {
    let kept = |also: Value| {
        let mut w = updated(4, json!([{ "setWeight": 50 }, { "pause": {} }]), also);
        w.run(60);
        aborted(&mut w);
        w.run(600);
        assert_eq!(weight(&w), 0);
        w.sizes()
    };
    assert_eq!(kept(json!({ "abortScaleDownDelaySeconds": 0 })), [(1, 4), (2, 2)]);
    assert_eq!(kept(json!({ "abortScaleDownDelaySeconds": 60 })), [(1, 4), (2, 0)]);
    assert_eq!(kept(json!({ "dynamicStableScale": true })), [(1, 4), (2, 0)]);
}

#[test]
fn a_retry_goes_on_from_the_first_step() {
    let mut w = updated(4, json!([{ "setWeight": 25 }, { "pause": {} }]), json!({}));
    w.run(60);
    aborted(&mut w);
    w.run(100);
    w.rollout.status.abort = false;
    w.run(60);
    assert_eq!((weight(&w), w.sizes(), serves(&w, "web-canary")), (25, vec![(1, 4), (2, 1)], 2));
}
