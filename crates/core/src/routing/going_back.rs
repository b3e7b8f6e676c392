//! The canary's weight while traffic goes back to the stable version (traffic.md §1.6). Pure integers.

use super::decision::Facts;

/// `all * part / whole`, rounded down; everything when there is no whole.
pub fn part(all: i32, part: i32, whole: i32) -> i32 {
    let share = i64::from(all) * i64::from(part.max(0)) / i64::from(whole.max(1));
    if whole <= 0 { all } else { i32::try_from(share).unwrap_or(all) }
}

/// `all * part / whole`, rounded up; 0 when there is no whole.
pub fn part_up(all: i32, part: i32, whole: i32) -> i32 {
    let whole = i64::from(whole.max(1));
    i32::try_from((i64::from(all) * i64::from(part.max(0)) + whole - 1) / whole).unwrap_or(i32::MAX)
}

/// The weight of the last of `steps` (in order, from the first) below the recorded one whose share of the pods is less than
/// the canary still has to serve for; 0 if there is none. `delayed`: an explicit delay keeps the canary's pods whatever
/// their share. (Upstream asks for the pods alone: a canary that `minPodsPerReplicaSet` keeps larger than its step stays.)
pub fn lower_step(f: &Facts, steps: impl DoubleEndedIterator<Item = i32>, delayed: bool) -> i32 {
    let missing = f.replicas - f.stable_available.unwrap_or(0);
    let pods = if delayed { missing } else { missing.max(f.new_available.unwrap_or(0)) };
    let mut lower = steps.rev().filter(|weight| f.recorded.is_none_or(|recorded| *weight < recorded));
    lower.find(|weight| part_up(*weight, f.replicas, f.max) < pods).unwrap_or(0)
}

/// The weight that remains with the canary. Without `dynamicStableScale` the stable version has all its pods, so nothing.
pub fn weight(f: &Facts) -> i32 {
    let (Some(stable), Some(new), true) = (f.stable_available, f.new_available, f.dynamic && f.replicas > 0) else {
        return 0;
    };
    let desired = if f.aborted { f.lower_step } else { f.max };
    let share = part(f.max, stable, f.replicas);
    let expected = (f.max - share).max(0);
    match f.recorded {
        // Nobody has been told anything, and nobody is until there is a stable pod.
        None if stable == 0 => 0,
        None => expected.max(desired).min(part(f.max, new.min(f.replicas), f.replicas)),
        Some(current) if desired <= 0 => expected.min(current),
        Some(current) if share < f.max - desired => current,
        Some(current) => desired.min(current),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A dynamic canary with `recorded` of 100 for ten replicas.
    fn facts(recorded: Option<i32>, stable: i32, canary: i32) -> Facts {
        Facts {
            replicas: 10,
            max: 100,
            dynamic: true,
            aborted: true,
            new_available: Some(canary),
            stable_available: Some(stable),
            recorded,
            ..Facts::default()
        }
    }

    fn weight_with(steps: &[i32], delayed: bool, mut f: Facts) -> i32 {
        f.lower_step = lower_step(&f, steps.iter().copied(), delayed);
        weight(&f)
    }

    #[test]
    fn step_by_step_as_the_stable_pods_return() {
        let steps = [20, 50, 80];
        let table = [
            // (recorded, stable, canary): the canary's next weight.
            (Some(80), 2, 8, 80),
            (Some(80), 5, 8, 50),
            (Some(50), 5, 5, 50),
            (Some(50), 8, 5, 20),
            (Some(20), 8, 2, 20),
            (Some(20), 10, 2, 0),
            (Some(20), 9, 2, 10),
            (None, 5, 5, 50),
            (None, 10, 0, 0),
            (None, 0, 5, 0),
            (None, 5, 3, 30),
            // Kept larger than its step by `minPodsPerReplicaSet`.
            (Some(20), 10, 5, 0),
        ];
        for (recorded, stable, canary, expected) in table {
            assert_eq!(weight_with(&steps, false, facts(recorded, stable, canary)), expected, "{recorded:?} {stable}");
        }
    }

    #[test]
    fn an_explicit_delay_looks_at_the_stable_pods_alone() {
        // The canary keeps its eight pods: counting them would hold the weight for ever.
        assert_eq!(weight_with(&[20, 50, 80], true, facts(Some(80), 10, 8)), 0);
        assert_eq!(weight_with(&[20, 50, 80], true, facts(Some(80), 8, 8)), 20);
    }

    #[test]
    fn everything_at_once_where_the_stable_pods_are_all_there() {
        assert_eq!(weight(&Facts { dynamic: false, ..facts(Some(80), 0, 8) }), 0);
        assert_eq!(weight(&Facts { replicas: 0, ..facts(Some(80), 0, 8) }), 0);
        assert_eq!(weight(&Facts { stable_available: None, ..facts(Some(80), 0, 8) }), 0);
    }

    #[test]
    fn parts() {
        assert_eq!((part(100, 1, 3), part_up(100, 1, 3)), (33, 34));
        assert_eq!((part(100, 4, 0), part_up(100, 0, 0)), (100, 0));
        assert_eq!(part(i32::MAX, i32::MAX, 1), i32::MAX);
    }
}
