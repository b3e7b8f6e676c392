//! Sizes follow `spec.replicas` while nothing else may go on: a manual pause, an inconclusive analysis, a missing
//! reference. What is split between two versions stays so.

use crate::world::World;
use serde_json::{Value, json};

fn canary(replicas: i32, surge: Value, unavailable: Value, steps: Value) -> World {
    let strategy = json!({ "maxSurge": surge, "maxUnavailable": unavailable, "stableService": "live", "steps": steps });
    let mut w = World::new(replicas, json!({ "canary": strategy })).with_services(&["live"]);
    w.run(20);
    w
}

/// A canary that waits at a pause behind this weight.
fn mid_update(replicas: i32, weight: i32, surge: Value, unavailable: Value) -> World {
    let mut w = canary(replicas, surge, unavailable, json!([{ "setWeight": weight }, { "pause": {} }]));
    w.set_image("2");
    w.run(60);
    w
}

/// All that freezes a canary.
const FREEZERS: [fn(&mut World); 3] = [
    |w| w.change(|ro| ro.spec.paused = true),
    |w| w.lose_service("live"),
    |w| {
        let pause = json!([{ "reason": "InconclusiveAnalysisRun", "startTime": w.now.to_string() }]);
        w.rollout.status.pause_conditions = serde_json::from_value(pause).unwrap();
        w.rollout.status.controller_pause = true;
    },
];

fn scale(w: &mut World, replicas: i32) -> Vec<(i64, i32)> {
    w.change(|ro| ro.spec.replicas = Some(replicas));
    w.run(120);
    w.sizes()
}

/// Whether all resizes kept to the surge and to what may be unavailable.
fn check(w: &World) {
    for r in &w.resizes {
        assert!(r.to < r.from || r.total <= r.wanted + r.surge, "{r:?}");
        assert!(r.available.1 >= r.available.0 || r.available.1 >= r.wanted - r.unavailable, "{r:?}");
    }
}

#[test]
fn a_version_that_nobody_let_begin_gets_no_pods() {
    for freeze in FREEZERS {
        for steps in [json!([{ "setWeight": 50 }, { "pause": {} }]), json!([]), json!([{ "pause": {} }])] {
            let mut w = canary(4, json!(1), json!(0), steps);
            w.change(|ro| ro.spec.paused = true);
            w.run(5);
            w.set_image("2");
            w.run(30);
            assert_eq!(w.sizes(), [(1, 4), (2, 0)]);
            freeze(&mut w);
            w.resizes.clear();
            for replicas in [6, 3, 0, 5] {
                assert_eq!(scale(&mut w, replicas), [(1, replicas), (2, 0)]);
            }
            check(&w);
            assert_ne!(w.status().stable_rs, w.status().current_pod_hash);
        }
    }
}

/// The autoscaler has what it asked for, and the weight is the one of the step.
#[test]
fn a_split_at_its_weight_keeps_the_weight() {
    let quarter = || json!("25%");
    for freeze in FREEZERS {
        for (surge, from, to, expected) in [
            (quarter(), 8, 4, (3, 1)),
            (quarter(), 4, 8, (6, 2)),
            (quarter(), 10, 2, (2, 1)),
            (json!("100%"), 8, 4, (3, 1)),
            (json!("100%"), 20, 10, (8, 3)),
        ] {
            let mut w = mid_update(from, 25, surge.clone(), quarter());
            freeze(&mut w);
            w.run(10);
            w.resizes.clear();
            assert_eq!(scale(&mut w, to), [(1, expected.0), (2, expected.1)], "{surge} {from}->{to}");
            check(&w);
            assert_eq!(w.status().hpa_replicas, expected.0 + expected.1);
            let plans = w.plans.len();
            w.run(100);
            assert_eq!(w.plans.len(), plans, "nothing is left to do");
            scale(&mut w, from);
            scale(&mut w, to);
            assert_eq!(w.sizes(), [(1, expected.0), (2, expected.1)], "and back again");
        }
    }
}

/// On its way to its weight a canary keeps the share that it had, whatever the step asks for.
#[test]
fn a_split_on_its_way_goes_no_further() {
    for freeze in FREEZERS {
        let mut w = canary(10, json!(1), json!(0), json!([{ "setWeight": 80 }, { "pause": {} }]));
        w.set_image("2");
        w.run(2);
        let sizes = w.sizes();
        assert!(sizes[1].1 > 0 && sizes[1].1 < 4, "on its way: {sizes:?}");
        freeze(&mut w);
        w.resizes.clear();
        for replicas in [11, 20, 10] {
            let after = scale(&mut w, replicas);
            let (stable, new) = (after[0].1, after[1].1);
            assert!(stable + new >= replicas && stable + new <= replicas + 1, "{after:?}");
            assert!(new > 0 && new * 10 <= replicas * sizes[1].1 + 5, "{sizes:?} became {after:?} for {replicas}");
        }
        check(&w);
    }
}

/// Pods that are not available make way for nothing, and the rest follows when they are.
#[test]
fn users_keep_their_pods_while_a_split_shrinks() {
    for freeze in FREEZERS {
        let mut w = mid_update(10, 50, json!(1), json!(0));
        assert_eq!(w.sizes(), [(1, 5), (2, 5)]);
        freeze(&mut w);
        w.run(5);
        let stable = w.sets.values_mut().find(|s| s.revision() == 1).unwrap();
        (stable.status.available_replicas, stable.status.ready_replicas) = (0, 0);
        w.resizes.clear();
        w.break_image("1");
        scale(&mut w, 4);
        check(&w);
        assert_eq!(w.sets.values().map(|s| s.available().min(s.size())).sum::<i32>(), 4);
        w.heal();
        w.run(60);
        assert!([vec![(1, 2), (2, 2)], vec![(1, 3), (2, 2)]].contains(&w.sizes()), "{:?}", w.sizes());
    }
}

/// What was superseded makes room.
#[test]
fn superseded_versions_make_room_for_the_stable_one() {
    let mut w = mid_update(4, 50, json!(1), json!(0));
    w.change(|ro| ro.spec.paused = true);
    w.run(5);
    w.set_image("3");
    w.run(30);
    assert_eq!(w.sizes(), [(1, 2), (2, 2), (3, 0)]);
    w.resizes.clear();
    let after = scale(&mut w, 8);
    check(&w);
    assert_eq!((after[0].1 + after[1].1 >= 8, after[2]), (true, (3, 0)), "{after:?}");
    assert_eq!(scale(&mut w, 2), [(1, 2), (2, 0), (3, 0)]);
}

#[test]
fn an_abort_under_a_manual_pause_scales_towards_stable() {
    let mut w = mid_update(4, 50, json!(1), json!(0));
    w.change(|ro| ro.spec.paused = true);
    w.run(5);
    w.rollout.status.abort = true;
    w.run(20);
    assert_eq!(w.sizes(), [(1, 2), (2, 2)]);
    assert_eq!(scale(&mut w, 6), [(1, 6), (2, 0)]);
    check(&w);
}

/// Also what was scaled to 0 in the meantime comes back, but for a version that is not stable: it has no share to keep.
#[test]
fn what_had_no_pods_for_a_while_gets_them_back() {
    for freeze in FREEZERS {
        for early in [true, false] {
            let mut w = canary(3, json!(1), json!(0), json!([]));
            if early {
                freeze(&mut w);
                w.run(10);
            }
            assert_eq!(scale(&mut w, 0), [(1, 0)]);
            freeze(&mut w);
            w.run(10);
            assert_eq!(scale(&mut w, 3), [(1, 3)]);
            assert_eq!(scale(&mut w, 5), [(1, 5)]);
            check(&w);
        }
        let mut w = mid_update(10, 50, json!(1), json!(0));
        freeze(&mut w);
        assert_eq!(scale(&mut w, 0), [(1, 0), (2, 0)]);
        assert_eq!(scale(&mut w, 10), [(1, 10), (2, 0)]);
        w.change(|ro| ro.spec.paused = false);
        w.restore_services();
        w.run(60);
        let inconclusive = w.status().message == "InconclusiveAnalysisRun";
        assert_eq!(w.sizes(), if inconclusive { [(1, 10), (2, 0)] } else { [(1, 5), (2, 5)] });
    }
}

#[test]
fn a_blue_green_without_its_service_gets_its_pods_back() {
    let mut w = World::new(3, json!({ "blueGreen": { "activeService": "live", "autoPromotionEnabled": false } }))
        .with_services(&["live"]);
    w.run(10);
    for update in [false, true] {
        if update {
            w.restore_services();
            w.set_image("2");
            w.run(10);
        }
        let before = w.sizes();
        w.lose_service("live");
        w.run(10);
        let empty: Vec<_> = before.iter().map(|(revision, _)| (*revision, 0)).collect();
        assert_eq!(scale(&mut w, 0), empty);
        assert_eq!(scale(&mut w, 3), before);
    }
}
