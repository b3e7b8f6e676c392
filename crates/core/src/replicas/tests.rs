//! The tables and sequences of rollout.md §3, and properties against a naive oracle.

use super::*;
use proptest::prelude::*;

fn weight(weight: i32) -> Weight {
    Weight { weight, max: 100 }
}

fn pods(size: i32, available: i32) -> Pods {
    Pods::new(size, available, available)
}

#[test]
fn ideal_sizes() {
    // (replicas, weight, surge) -> (canary, stable), §3.3.
    let table = [
        (1, 1, 0, 0, 1),
        (1, 49, 0, 0, 1),
        (1, 50, 0, 1, 0),
        (1, 99, 0, 1, 0),
        (1, 1, 1, 1, 1),
        (1, 99, 1, 1, 1),
        (1, 100, 1, 1, 0),
        (2, 1, 0, 1, 1),
        (2, 99, 0, 1, 1),
        (2, 1, 1, 1, 2),
        (2, 50, 1, 1, 1),
        (2, 99, 1, 2, 1),
        (3, 10, 0, 1, 2),
        (3, 49, 0, 1, 2),
        (3, 50, 0, 2, 1),
        (3, 10, 1, 1, 3),
        (3, 25, 1, 1, 3),
        (3, 33, 1, 1, 2),
        (3, 49, 1, 2, 2),
        (3, 50, 1, 2, 2),
        (10, 1, 0, 1, 9),
        (10, 14, 0, 1, 9),
        (10, 15, 0, 2, 8),
        (10, 99, 0, 9, 1),
        (10, 1, 1, 1, 10),
        (10, 18, 1, 2, 9),
        (10, 20, 1, 2, 8),
        (10, 23, 1, 2, 8),
        (10, 24, 1, 3, 8),
        (10, 25, 1, 3, 8),
        (10, 99, 1, 10, 1),
        (10, 41, 0, 4, 6),
        (10, 41, 1, 4, 6),
        (5, 33, 0, 2, 3),
        (5, 45, 1, 2, 3),
        (7, 50, 1, 4, 4),
        (10, 45, 1, 5, 6),
        (0, 50, 1, 0, 0),
    ];
    for (n, w, surge, canary, stable) in table {
        assert_eq!(ideal(n, weight(w), surge), Sizes { stable, canary }, "N={n} w={w} surge={surge}");
    }
}

/// Upstream scales the canary to nothing here.
#[test]
fn a_tied_weight_without_surge_keeps_one_stable_pod() {
    for (n, w) in [(2, 75), (5, 90), (10, 95)] {
        assert_eq!(ideal(n, weight(w), 0), Sizes { stable: 1, canary: n - 1 });
    }
}

struct Row(i32, i32, i32, i32, i32, (i32, i32), (i32, i32), i32, (i32, i32));

/// Number, N, weight, surge, unavailable, stable, canary, others -> stable, canary (§3.4).
const NEXT: [Row; 37] = [
    Row(1, 10, 100, 3, 0, (7, 8), (6, 3), 0, (7, 6)),
    Row(2, 10, 20, 2, 0, (10, 10), (0, 0), 0, (10, 2)),
    Row(4, 10, 20, 2, 0, (10, 10), (2, 2), 0, (8, 2)),
    Row(5, 10, 30, 2, 0, (10, 10), (0, 0), 0, (10, 2)),
    Row(6, 10, 20, 0, 2, (10, 10), (0, 0), 0, (8, 0)),
    Row(8, 10, 30, 0, 2, (10, 10), (0, 0), 0, (8, 0)),
    Row(9, 10, 50, 2, 1, (10, 10), (0, 0), 0, (9, 2)),
    Row(10, 10, 0, 1, 1, (10, 10), (1, 1), 0, (10, 0)),
    Row(11, 10, 100, 1, 1, (1, 1), (10, 10), 0, (0, 10)),
    Row(12, 1, 20, 1, 0, (1, 1), (0, 0), 0, (1, 1)),
    Row(13, 1, 90, 1, 0, (1, 1), (0, 0), 0, (1, 1)),
    Row(14, 1, 49, 0, 1, (1, 1), (0, 0), 0, (1, 0)),
    Row(15, 1, 51, 0, 1, (1, 1), (0, 0), 0, (0, 0)),
    Row(16, 1, 51, 0, 1, (0, 0), (0, 0), 0, (0, 1)),
    Row(17, 10, 30, 1, 0, (1, 1), (0, 0), 3, (7, 1)),
    Row(18, 10, 30, 0, 3, (8, 5), (4, 4), 0, (7, 3)),
    Row(19, 10, 100, 1, 0, (10, 2), (10, 8), 0, (2, 9)),
    Row(20, 10, 30, 0, 1, (8, 6), (4, 2), 3, (8, 4)),
    Row(21, 10, 5, 0, 1, (10, 10), (0, 0), 0, (9, 0)),
    Row(22, 10, 5, 0, 1, (9, 9), (0, 0), 0, (9, 1)),
    Row(23, 10, 10, 0, 1, (10, 10), (0, 0), 0, (9, 0)),
    Row(24, 4, 100, 1, 0, (4, 1), (0, 0), 0, (4, 1)),
    Row(25, 4, 100, 1, 0, (4, 1), (1, 1), 0, (3, 1)),
    Row(26, 3, 99, 0, 2, (3, 3), (0, 0), 0, (1, 0)),
    Row(27, 3, 99, 0, 2, (1, 1), (0, 0), 0, (1, 2)),
    Row(28, 4, 0, 1, 0, (0, 0), (4, 4), 0, (1, 4)),
    Row(29, 4, 0, 1, 0, (1, 0), (4, 4), 0, (1, 4)),
    Row(30, 4, 0, 1, 0, (1, 1), (4, 4), 0, (1, 3)),
    Row(31, 4, 100, 4, 4, (4, 4), (0, 0), 0, (0, 4)),
    Row(32, 4, 100, 3, 0, (4, 4), (0, 0), 0, (4, 3)),
    Row(33, 10, 100, 3, 0, (9, 9), (4, 4), 0, (6, 4)),
    Row(3, 10, 20, 2, 0, (10, 10), (0, 0), 0, (10, 2)),
    Row(7, 10, 20, 0, 2, (10, 10), (0, 0), 0, (8, 0)),
    Row(35, 8, 25, 2, 2, (3, 3), (1, 1), 0, (6, 2)),
    Row(36, 4, 25, 1, 1, (6, 6), (2, 2), 0, (4, 1)),
    Row(37, 4, 100, 2, 0, (4, 4), (2, 0), 0, (4, 2)),
    Row(38, 8, 100, 2, 0, (4, 4), (2, 0), 0, (4, 6)),
];

#[test]
fn next_sizes() {
    for Row(number, n, w, max_surge, max_unavailable, s, c, others, expected) in NEXT {
        let counts = Counts {
            replicas: n,
            weight: weight(w),
            max_surge,
            max_unavailable,
            stable: Some(pods(s.0, s.1)),
            canary: Some(pods(c.0, c.1)),
            others,
        };
        let sizes = next(&counts);
        assert_eq!((sizes.stable, sizes.canary), expected, "row {number}");
    }
}

/// Pods that are ready and not available yet may be the ones that stay when a ReplicaSet shrinks.
#[test]
fn a_pod_that_just_became_ready_is_not_taken_for_nothing() {
    let stable = Pods::new(5, 5, 3);
    assert_eq!(stable.surely_available(3), 1);
    assert_eq!([0, 1, 2, 3, 4].map(|kept| stable.size_to_keep(kept)), [0, 3, 4, 5, 5]);
    assert_eq!(Pods::new(5, 3, 3).size_to_keep(3), 3, "the others are not ready, and go first");
    assert_eq!(Pods::new(5, 5, 0).size_to_keep(3), 0, "nobody is served by them");
    assert_eq!(Pods::new(i32::MAX, i32::MAX, i32::MAX).size_to_keep(i32::MAX), i32::MAX);
    assert_eq!(Pods::new(3, 5, 5), Pods::new(3, 3, 3), "two are about to go");
    assert_eq!(Pods::new(3, 5, 4), Pods::new(3, 3, 2), "and may be available ones");
    let counts = Counts {
        replicas: 7,
        weight: weight(100),
        max_surge: 0,
        max_unavailable: 2,
        stable: Some(stable),
        canary: Some(Pods::new(2, 2, 2)),
        others: 0,
    };
    assert_eq!(next(&counts).stable, 5, "five are promised, and five are available");
    let soon = Counts { stable: Some(Pods::new(5, 5, 5)), ..counts };
    assert_eq!(next(&soon).stable, 3);
}

#[test]
fn without_a_stable_replica_set_the_new_one_gets_everything() {
    let counts = Counts {
        replicas: 10,
        weight: weight(100),
        max_surge: 0,
        max_unavailable: 1,
        stable: None,
        canary: Some(pods(9, 9)),
        others: 0,
    };
    assert_eq!(next(&counts).canary, 10, "row 34");
    assert_eq!(next(&Counts { others: 1, ..counts }).canary, 9, "within the surge while others remain");
}

/// Applies one resize a reconcile, stable first, every pod becoming available in between.
fn trajectory(n: i32, w: i32, surge: i32, unavailable: i32, start: (i32, i32)) -> Vec<(i32, i32)> {
    let (mut s, mut c) = start;
    let mut seen = vec![start];
    for _ in 0..100 {
        let counts = Counts {
            replicas: n,
            weight: weight(w),
            max_surge: surge,
            max_unavailable: unavailable,
            stable: Some(pods(s, s)),
            canary: Some(pods(c, c)),
            others: 0,
        };
        let sizes = next(&counts);
        if sizes.stable != s {
            s = sizes.stable;
        } else if sizes.canary != c {
            c = sizes.canary;
        } else {
            return seen;
        }
        seen.push((s, c));
    }
    panic!("no fixed point from {start:?}: {seen:?}");
}

#[test]
fn sequences() {
    let path = |text: &str| -> Vec<(i32, i32)> {
        let pair = |p: &str| {
            let (a, b) = p.split_once(',').unwrap();
            (a.parse().unwrap(), b.parse().unwrap())
        };
        text.split('>').map(pair).collect()
    };
    let full = "4,0>4,1>3,1>3,2>2,2>2,3>1,3>1,4>0,4";
    assert_eq!(trajectory(4, 100, 1, 0, (4, 0)), path(full));
    assert_eq!(trajectory(10, 100, 3, 2, (10, 0)), path("10,0>8,0>8,5>3,5>3,10>0,10"));
    assert_eq!(trajectory(10, 20, 3, 2, (10, 0)), path("10,0>8,0>8,2"));
    assert_eq!(trajectory(10, 20, 3, 0, (10, 0)), path("10,0>10,2>8,2"));
    assert_eq!(trajectory(6, 100, 0, 2, (6, 0)), path("6,0>4,0>4,2>2,2>2,4>0,4>0,6"));
    assert_eq!(trajectory(3, 50, 1, 0, (3, 0)), path("3,0>3,1>2,1>2,2"));
    assert_eq!(trajectory(20, 33, 3, 0, (20, 0)), path("20,0>20,3>17,3>17,6>14,6>14,7"));
    assert_eq!(trajectory(1, 50, 1, 0, (1, 0)), path("1,0>1,1"));
    assert_eq!(trajectory(1, 100, 1, 0, (1, 1)), path("1,1>0,1"));
    let abort = "5,5>6,5>6,4>7,4>7,3>8,3>8,2>9,2>9,1>10,1>10,0";
    assert_eq!(trajectory(10, 0, 1, 0, (5, 5)), path(abort));
    assert_eq!(trajectory(4, 0, 4, 0, (0, 4)), path("0,4>4,4>4,0"));
    assert_eq!(trajectory(8, 25, 2, 2, (3, 1)), path("3,1>6,1>6,2"));
    assert_eq!(trajectory(4, 25, 1, 1, (6, 2)), path("6,2>4,2>4,1>3,1"));
}

prop_compose! {
    fn counts()(
        n in 0..40i32, w in 0..=100i32, surge in 0..12i32, unavailable in 0..12i32,
        s in 0..40i32, c in 0..40i32, sa in 0.0..1.0f64, ca in 0.0..1.0f64, sr in 0.0..1.0f64, cr in 0.0..1.0f64,
    ) -> Counts {
        // The same fence-posts as the spec's defaults: at least one of the two, never more unavailable than pods.
        let unavailable = if surge == 0 { unavailable.max(1) } else { unavailable }.min(n);
        let share = |size: i32, share: f64| (f64::from(size) * share).round() as i32;
        Counts {
            replicas: n, weight: weight(w), max_surge: surge, max_unavailable: unavailable,
            stable: Some(Pods::new(s, share(s, sr), share(s, sa.min(sr)))),
            canary: Some(Pods::new(c, share(c, cr), share(c, ca.min(cr)))),
            others: 0,
        }
    }
}

proptest! {
    /// No split of N (or N+1 with a surge) pods that keeps both sides when both are wanted is closer to the weight.
    #[test]
    fn ideal_is_as_close_as_any(n in 1..60i32, w in 0..=100i32, surge in 0..3i32) {
        let sizes = ideal(n, weight(w), surge);
        let total = sizes.stable + sizes.canary;
        prop_assert!(total == n || (surge > 0 && total == n + 1));
        prop_assert!(sizes.stable >= 0 && sizes.canary >= 0);
        let off = |c: i32, t: i32| (f64::from(c) * 100.0 / f64::from(t) - f64::from(w)).abs();
        let both = w > 0 && w < 100 && (n > 1 || surge > 0);
        let best = [n, n + i32::from(surge > 0)].into_iter().flat_map(|t| (0..=t).map(move |c| (c, t)))
            .filter(|(c, t)| !both || (*c > 0 && c < t))
            .map(|(c, t)| off(c, t)).fold(f64::INFINITY, f64::min);
        // Upstream never rounds the canary down on a tie, nor considers all of N+1: one pod of slack.
        prop_assert!(off(sizes.canary, total) <= best + 100.0 / f64::from(n) + 1e-9);
    }

    /// A resize never takes available pods below the promise, whichever pods go, and never grows beyond the surge.
    #[test]
    fn next_respects_surge_and_availability(c in counts()) {
        let before = (c.stable.unwrap(), c.canary.unwrap());
        let sizes = next(&c);
        let least = c.replicas - c.max_unavailable;
        let available = before.0.available + before.1.available;
        let after = before.0.surely_available(sizes.stable) + before.1.surely_available(sizes.canary);
        prop_assert!(after >= least.min(available), "{c:?} -> {sizes:?}");
        let most = c.replicas + c.max_surge;
        let total = before.0.size + before.1.size;
        prop_assert!(sizes.stable + sizes.canary <= most.max(total), "{c:?} -> {sizes:?}");
    }

    /// With pods that become available, repeated resizes end at the ideal split.
    #[test]
    fn it_converges(n in 1..30i32, w in 0..=100i32, surge in 0..5i32, unavailable in 0..5i32, s in 0..30i32, c in 0..30i32) {
        let unavailable = if surge == 0 { unavailable.max(1) } else { unavailable }.min(n);
        let end = trajectory(n, w, surge, unavailable, (s, c)).pop().unwrap();
        let goal = ideal(n, weight(w), surge);
        prop_assert_eq!(end, (goal.stable, goal.canary));
    }
}
