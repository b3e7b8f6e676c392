//! How many replicas each ReplicaSet gets.

/// The size of the new ReplicaSet, now at `current`: as large as the surge allows beside the `others`.
pub(super) fn new_set_size(wanted: i32, surge: i32, others: i32, current: i32) -> i32 {
    let room = wanted + surge - others - current;
    if room <= 0 { current } else { current + room.min(wanted - current).max(0) }
}

/// One old ReplicaSet: its size and how many of its pods are available.
#[derive(Debug, Clone, Copy)]
pub(super) struct OldSet {
    pub size: i32,
    pub available: i32,
}

/// New sizes of the old ReplicaSets (oldest first) of a rolling update: unhealthy pods go first, then as many
/// healthy ones as `max_unavailable` allows.
pub(super) fn old_set_sizes(wanted: i32, max_unavailable: i32, new: OldSet, old: &[OldSet]) -> Vec<i32> {
    let mut sizes: Vec<i32> = old.iter().map(|o| o.size).collect();
    let min_available = wanted - max_unavailable;
    let total = new.size + sizes.iter().sum::<i32>();
    let mut unhealthy = total - min_available - (new.size - new.available);
    if unhealthy <= 0 {
        return sizes;
    }
    for (size, o) in sizes.iter_mut().zip(old) {
        let gone = unhealthy.min(o.size - o.available).max(0);
        *size -= gone;
        unhealthy -= gone;
    }
    let available = new.available + old.iter().map(|o| o.available).sum::<i32>();
    let mut spare = (available - min_available).max(0);
    for size in &mut sizes {
        let gone = spare.min(*size);
        *size -= gone;
        spare -= gone;
    }
    sizes
}

/// One active ReplicaSet in proportional scaling: its size, and the most pods the Deployment might have had when it
/// was last scaled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    pub size: i32,
    pub max: i32,
}

/// Spreads `allowed` replicas over ReplicaSets in proportion to their sizes; `shares` come in the order in which the
/// rounding favours them, and the first takes what is left over.
pub(super) fn proportional(wanted: i32, max: i32, allowed: i32, shares: &[Share]) -> Vec<i32> {
    let to_add = allowed - shares.iter().map(|s| s.size).sum::<i32>();
    let mut added = 0;
    let mut sizes = Vec::new();
    for share in shares {
        let fraction = if share.size == 0 {
            0
        } else if wanted == 0 {
            -share.size
        } else {
            let exact = f64::from(share.size) * f64::from(max) / f64::from(share.max.max(1));
            exact.round() as i32 - share.size
        };
        let left = to_add - added;
        let step = if to_add > 0 { fraction.min(left) } else { fraction.max(left) };
        sizes.push(share.size + step);
        added += step;
    }
    if let Some(first) = sizes.first_mut() {
        *first = (*first + to_add - added).max(0);
    }
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(size: i32, available: i32) -> OldSet {
        OldSet { size, available }
    }

    #[test]
    fn the_new_set_grows_into_the_surge() {
        assert_eq!(new_set_size(10, 3, 10, 0), 3);
        assert_eq!(new_set_size(10, 3, 5, 3), 8);
        assert_eq!(new_set_size(10, 0, 10, 0), 0);
        assert_eq!(new_set_size(10, 3, 2, 5), 10);
    }

    #[test]
    fn old_sets_shrink_as_new_pods_become_available() {
        assert_eq!(old_set_sizes(10, 2, set(3, 0), &[set(10, 10)]), [8]);
        assert_eq!(old_set_sizes(10, 2, set(5, 3), &[set(8, 8)]), [5]);
        assert_eq!(old_set_sizes(10, 0, set(3, 0), &[set(10, 10)]), [10]);
        assert_eq!(old_set_sizes(4, 0, set(1, 0), &[set(2, 0), set(4, 4)]), [0, 4], "unhealthy pods go first");
    }

    #[test]
    fn scaling_mid_way_keeps_proportions() {
        let shares = [Share { size: 8, max: 13 }, Share { size: 5, max: 13 }];
        assert_eq!(proportional(15, 18, 18, &shares), [11, 7]);
        assert_eq!(proportional(0, 0, 0, &shares), [0, 0]);
    }
}
