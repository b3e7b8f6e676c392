//! Replica maths of a canary without traffic routing (rollout.md §3). Pure integers: no objects.

mod kept;

pub use kept::{Sized, follow, goal, kept_weight};

/// Weight of the canary out of `max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weight {
    /// 0 to `max`.
    pub weight: i32,
    /// What everything is; 100 unless the traffic routing says otherwise.
    pub max: i32,
}

/// Pods that a ReplicaSet should have, and those that surely serve.
///
/// Which pods go when a ReplicaSet shrinks is Kubernetes' choice: first those that are not ready, but then a pod that is
/// available may go and one that has become ready a moment ago may stay. So a pod that is ready and not available yet
/// (`minReadySeconds`) cannot be taken away for nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pods {
    /// `spec.replicas`.
    pub size: i32,
    /// Ready pods, at most `size`.
    pub ready: i32,
    /// Available pods, at most `ready`.
    pub available: i32,
}

impl Pods {
    /// `spec.replicas`, `status.readyReplicas` and `status.availableReplicas`. The counts may be of a time before the
    /// last resize: pods that are about to go are taken off, the available ones first.
    pub fn new(size: i32, ready: i32, available: i32) -> Pods {
        let ready = ready.max(available);
        let going = ready.saturating_sub(size).max(0);
        Pods { size, ready: ready - going, available: (available - going).max(0) }
    }

    /// How many available pods surely remain with so many pods.
    pub fn surely_available(self, size: i32) -> i32 {
        (self.available - (self.ready - size).max(0)).max(0)
    }

    /// The smallest size with which so many pods surely are available, or as many of them as there are.
    pub fn size_to_keep(self, available: i32) -> i32 {
        match available.min(self.available) {
            ..=0 => 0,
            kept => (self.ready - (self.available - kept)).min(self.size),
        }
    }
}

/// Input of [`next`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// `spec.replicas` of the Rollout.
    pub replicas: i32,
    /// Weight of the canary.
    pub weight: Weight,
    /// Pods allowed above `replicas`.
    pub max_surge: i32,
    /// Pods allowed to be missing from `replicas`.
    pub max_unavailable: i32,
    /// The stable ReplicaSet, if there is one besides the canary.
    pub stable: Option<Pods>,
    /// The new ReplicaSet.
    pub canary: Option<Pods>,
    /// Sum of `spec.replicas` of all other ReplicaSets.
    pub others: i32,
}

/// Sizes of the two ReplicaSets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Stable.
    pub stable: i32,
    /// Canary.
    pub canary: i32,
}

/// The sizes that come closest to the weight (§3.3). With `surge`, one pod more than `n` may be used to get closer.
///
/// Upstream gives the canary nothing when no option remains (no surge and a tied weight near the maximum, such as
/// two pods at 75 %); here the stable keeps one pod and the canary has the rest.
pub fn ideal(n: i32, weight: Weight, surge: i32) -> Sizes {
    let Weight { weight: w, max } = weight;
    if n <= 0 || max <= 0 {
        return Sizes { stable: 0, canary: 0 };
    }
    let product = i64::from(n) * i64::from(w);
    let floor = i32::try_from(product / i64::from(max)).unwrap_or(n);
    let ceil = floor.saturating_add(i32::from(product % i64::from(max) != 0));
    let zero_ok = w == max || w == 0 || (n == 1 && surge == 0);
    let mut options = Vec::with_capacity(4);
    if ceil < n || zero_ok {
        options.push((ceil, n));
    }
    if !tied(n, weight) && (floor != 0 || zero_ok) {
        options.push((floor, n));
    }
    if surge > 0 {
        let more = n.saturating_add(1);
        options.push((ceil, more));
        if !tied(more, weight) && (floor != 0 || zero_ok) {
            options.push((floor, more));
        }
    }
    let distance = |(canary, total): (i32, i32)| {
        let share = f64::from(canary) * f64::from(max) / f64::from(total);
        (share - f64::from(w)).abs()
    };
    let mut best: Option<(i32, i32)> = None;
    for option in options {
        if best.is_none_or(|b| distance(option) < distance(b)) {
            best = Some(option);
        }
    }
    let (canary, total) = best.unwrap_or((n - 1, n));
    Sizes { stable: total - canary, canary }
}

/// Sum of counts of pods. Each may be as large as the API allows: the sum saturates.
pub(crate) fn sum(counts: impl IntoIterator<Item = i32>) -> i32 {
    counts.into_iter().fold(0, i32::saturating_add)
}

/// Whether `n` pods at this weight fall exactly between two counts. Float on purpose: upstream's, and so every
/// recorded trajectory's, rounding is that of float64.
fn tied(n: i32, weight: Weight) -> bool {
    let share = f64::from(n) * (f64::from(weight.weight) / f64::from(weight.max));
    share.fract() == 0.5
}

/// The sizes one reconcile moves to (§3.4): as far towards [`ideal`] as surge and availability allow now.
pub fn next(c: &Counts) -> Sizes {
    let canary = c.canary.unwrap_or_default();
    let Some(stable) = c.stable else {
        // Nothing to replace: straight to full size, but within the surge while other pods remain.
        let grows = c.others > 0 && canary.size < c.replicas;
        let room = c.replicas.saturating_add(c.max_surge).saturating_sub(c.others);
        let within_surge = room.clamp(canary.size, c.replicas.max(canary.size));
        let size = match c.others > 0 {
            true if grows => within_surge,
            true => canary.size,
            false => c.replicas,
        };
        return Sizes { stable: 0, canary: size };
    };
    let ideal = ideal(c.replicas, c.weight, c.max_surge);
    let most = c.replicas.saturating_add(c.max_surge);
    let least_available = c.replicas - c.max_unavailable;
    let mut sizes = Sizes { stable: stable.size, canary: canary.size };

    let mut room = most.saturating_sub(sum([c.others, canary.size, stable.size]));
    if stable.size < ideal.stable && room > 0 {
        let grown = ideal.stable.min(stable.size + room);
        room -= grown - stable.size;
        sizes.stable = grown;
    }
    if canary.size < ideal.canary && room > 0 {
        sizes.canary = ideal.canary.min(canary.size + room);
    }
    if c.others > 0 {
        // The others must shrink before these two may.
        return sizes;
    }

    let canary_grows = c.canary.is_none() || ideal.canary >= canary.size;
    let counted = |p: Pods, ignore_availability: bool| if ignore_availability { p.size } else { p.available };
    let total = sum([counted(canary, !canary_grows), counted(stable, canary_grows)]);
    if total <= least_available {
        return sizes;
    }
    let spare = total - least_available;
    let limits = Limits { most, least_available };
    if canary_grows {
        if stable.size > ideal.stable {
            sizes.stable = ideal.stable.max(stable.size - spare);
            limits.apply(&mut sizes.stable, stable, &mut sizes.canary, canary);
        }
    } else if canary.size > ideal.canary {
        sizes.canary = ideal.canary.max(canary.size - spare);
        limits.apply(&mut sizes.canary, canary, &mut sizes.stable, stable);
    }
    sizes
}

struct Limits {
    most: i32,
    least_available: i32,
}

impl Limits {
    /// §3.4.5: keeps the sum within the surge and the surely available pods above the minimum, at the cost of the
    /// side that is not being drained. Other than upstream, the side that is drained keeps pods which are ready and not
    /// available yet as long as an available one could go in their place.
    fn apply(&self, drained: &mut i32, drained_pods: Pods, adjusted: &mut i32, adjusted_pods: Pods) {
        let over = |a: i32, b: i32| sum([a, b]).saturating_sub(self.most).max(0);
        let untrimmed = *adjusted;
        *adjusted -= over(*drained, *adjusted);
        let missing = self.least_available.saturating_sub(drained_pods.surely_available(*drained));
        *adjusted = adjusted_pods.size_to_keep(missing).min(untrimmed).max(*adjusted);
        *drained -= over(*drained, *adjusted);
        let missing = self.least_available.saturating_sub(adjusted_pods.surely_available(*adjusted));
        *drained = drained_pods.size_to_keep(missing).max(*drained);
    }
}

#[cfg(test)]
mod tests;
