//! Sizes that follow `spec.replicas` while no version may gain on another. Pure integers: no objects.

use super::{Counts, Pods, Sizes, Weight, ideal, sum};

/// Parts in which a share is reckoned.
const PARTS: i32 = 1_000_000;

/// The size of a ReplicaSet and the `spec.replicas` that it was sized for, at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sized {
    /// `spec.replicas` of the ReplicaSet.
    pub size: i32,
    /// `spec.replicas` of the Rollout at that time.
    pub of: i32,
}

/// The weight that keeps the split between two versions: `weight` if they have reached it, else the share that the
/// canary has, but never more than `weight`. `surge` is that of a number of replicas.
///
/// Each of the two may have been resized already and the other not yet: it is reckoned with what each was sized for.
pub fn kept_weight(weight: Weight, stable: Sized, canary: Sized, surge: impl Fn(i32) -> i32) -> Weight {
    if canary.size == 0 {
        return Weight { weight: 0, ..weight };
    }
    let wanted = |n| ideal(n, weight, surge(n));
    if canary.size == wanted(canary.of).canary && stable.size == wanted(stable.of).stable {
        return weight;
    }
    let pods = |a: Sized, b: Sized| i128::from(a.size) * i128::from(b.of);
    let (new, all) = (pods(canary, stable), pods(canary, stable) + pods(stable, canary));
    let share = i32::try_from(new * i128::from(PARTS) / all).unwrap_or(PARTS);
    let is_less = i64::from(share) * i64::from(weight.max) < i64::from(weight.weight) * i64::from(PARTS);
    if is_less { Weight { weight: share, max: PARTS } } else { weight }
}

/// Where [`follow`] leads to.
pub fn goal(c: &Counts) -> Sizes {
    match c.stable {
        Some(_) => ideal(c.replicas, c.weight, c.max_surge),
        None => Sizes { stable: 0, canary: c.replicas },
    }
}

/// The sizes to move both ReplicaSets to, at once: what is too big shrinks as far as enough pods surely stay available,
/// and what is too small grows in the room that is left, the stable one first. While superseded ReplicaSets have pods,
/// those must shrink first.
pub fn follow(c: &Counts) -> Sizes {
    let goal = goal(c);
    let (stable, canary) = (c.stable.unwrap_or_default(), c.canary.unwrap_or_default());
    let (mut s, mut n) = (stable.size, canary.size);
    if c.others == 0 {
        let least = c.replicas - c.max_unavailable;
        let kept = |pods: Pods, size: i32, other: i32| size.max(pods.size_to_keep(least - other)).min(pods.size);
        n = n.min(goal.canary);
        s = kept(stable, s.min(goal.stable), canary.surely_available(n));
        n = kept(canary, n, stable.surely_available(s));
    }
    let most = c.replicas.saturating_add(c.max_surge);
    let grown = |size: i32, goal: i32, rest: i32| goal.min(most.saturating_sub(rest)).max(size);
    s = grown(s, goal.stable, sum([n, c.others]));
    n = grown(n, goal.canary, sum([s, c.others]));
    Sizes { stable: s, canary: n }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sized(size: i32, of: i32) -> Sized {
        Sized { size, of }
    }

    /// Where a split of (stable, canary), sized for `from`, goes for `to` replicas: a surge of one pod.
    fn split(weight: i32, from: i32, (stable, canary): (i32, i32), to: i32) -> (i32, i32) {
        let weight = kept_weight(Weight { weight, max: 100 }, sized(stable, from), sized(canary, from), |_| 1);
        let Sizes { stable, canary } = ideal(to, weight, 1);
        (stable, canary)
    }

    #[test]
    fn shares_that_are_kept() {
        let table = [
            // At its weight: as the weight says.
            (25, 8, (6, 2), 4, (3, 1)),
            (50, 2, (1, 1), 10, (5, 5)),
            (100, 10, (0, 10), 20, (0, 20)),
            // On its way: as it is.
            (80, 10, (10, 1), 20, (19, 2)),
            (100, 10, (6, 5), 20, (11, 9)),
            (80, 10, (10, 1), 1, (1, 1)),
            // Above its weight: as the weight says.
            (0, 4, (2, 2), 6, (6, 0)),
            (20, 10, (5, 5), 10, (8, 2)),
            // Nothing stays nothing.
            (100, 4, (4, 0), 6, (6, 0)),
        ];
        for (weight, from, before, to, after) in table {
            assert_eq!(split(weight, from, before, to), after, "{before:?} of {from} at {weight} for {to}");
        }
    }

    #[test]
    fn one_that_was_resized_already_is_reckoned_with_its_own_number() {
        let weight = Weight { weight: 80, max: 100 };
        let before = kept_weight(weight, sized(10, 10), sized(2, 10), |_| 2);
        assert_eq!(before, Weight { weight: 166_666, max: PARTS });
        assert_eq!(kept_weight(weight, sized(50, 50), sized(2, 10), |_| 2), before);
        assert_eq!(kept_weight(weight, sized(10, 10), sized(10, 50), |_| 2), before);
        let most = sized(i32::MAX, i32::MAX);
        assert_eq!(kept_weight(weight, most, most, |_| 2).weight, PARTS / 2);
    }

    fn pods() -> impl Strategy<Value = Pods> {
        (0..30i32, 0..30i32, 0..30i32).prop_map(|(size, ready, available)| Pods::new(size, ready, available.min(ready)))
    }

    proptest! {
        #[test]
        fn following_keeps_to_surge_and_availability(
            replicas in 0..30i32, w in 0..=100i32, max_surge in 0..5i32, max_unavailable in 0..5i32,
            stable in pods(), canary in pods(), others in prop_oneof![Just(0), 0..5i32],
        ) {
            let weight = Weight { weight: w, max: 100 };
            let max_unavailable = max_unavailable.min(replicas);
            let (stable, canary) = (Some(stable), Some(canary));
            let c = Counts { replicas, weight, max_surge, max_unavailable, stable, canary, others };
            let (Some(stable), Some(canary)) = (c.stable, c.canary) else { unreachable!() };
            let to = follow(&c);
            let total = |s: Sizes| s.stable + s.canary + others;
            let grows = to.stable > stable.size || to.canary > canary.size;
            prop_assert!(!grows || total(to) <= replicas + max_surge, "{to:?}");
            let serve = stable.surely_available(to.stable) + canary.surely_available(to.canary);
            let least = (replicas - max_unavailable).min(stable.available + canary.available);
            prop_assert!(serve >= least, "{serve} of {least}: {to:?}");
            let goal = goal(&c);
            prop_assert!(goal.canary >= to.canary || canary.size >= to.canary);
            if others == 0 && max_surge + max_unavailable > 0 {
                // With every pod there it comes to its goal.
                let there = |size: i32| Some(Pods::new(size, size, size));
                let next = |s: Sizes| follow(&Counts { stable: there(s.stable), canary: there(s.canary), ..c });
                prop_assert_eq!((0..60).fold(to, |s, _| next(s)), goal);
            }
        }
    }
}
