//! Following a change of `spec.replicas`, also in the middle of a rollout and while paused.

use super::maths::{Share, proportional};
use super::sets::Sets;
use super::{Actor, annotations, available, bounds, is_recreate, size, wanted};
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use std::cmp::Reverse;

/// Whether some ReplicaSet was last scaled for another `spec.replicas`.
pub(super) fn is_scaling(d: &Deployment, sets: &Sets) -> bool {
    let active = sets.all().filter(|rs| size(rs) > 0);
    active.filter_map(annotations::desired).any(|desired| desired != wanted(d))
}

impl Actor {
    pub(super) async fn scale(&self, d: &Deployment, sets: &mut Sets) -> kube::Result<()> {
        let active: Vec<ReplicaSet> = sets.all().filter(|rs| size(rs) > 0).cloned().collect();
        if active.len() <= 1 {
            let latest = || sets.new.clone().or_else(|| sets.old.last().cloned());
            let Some(only) = active.first().cloned().or_else(latest) else { return Ok(()) };
            if size(&only) != wanted(d) {
                sets.put(self.resize(d, &only, wanted(d)).await?);
            }
            return Ok(());
        }
        let saturated = |rs: &ReplicaSet| {
            size(rs) == wanted(d) && annotations::desired(rs) == Some(wanted(d)) && available(rs) == wanted(d)
        };
        if sets.new.as_ref().is_some_and(saturated) {
            for rs in sets.old.clone().iter().filter(|rs| size(rs) > 0) {
                sets.put(self.resize(d, rs, 0).await?);
            }
            return Ok(());
        }
        if is_recreate(d) {
            return Ok(());
        }
        let (surge, _) = bounds(d);
        let allowed = if wanted(d) > 0 { wanted(d) + surge } else { 0 };
        let growing = allowed > active.iter().map(size).sum::<i32>();
        // Rounding favours the largest; among equals the newest when growing, the oldest when shrinking.
        let mut order: Vec<(usize, ReplicaSet)> = active.into_iter().enumerate().collect();
        match growing {
            true => order.sort_by_key(|(age, rs)| (Reverse(size(rs)), Reverse(*age))),
            false => order.sort_by_key(|(age, rs)| (Reverse(size(rs)), *age)),
        }
        let known = d.status.as_ref().and_then(|s| s.replicas).unwrap_or_default();
        let share = |rs: &ReplicaSet| Share { size: size(rs), max: annotations::max(rs).unwrap_or(known) };
        let shares: Vec<Share> = order.iter().map(|(_, rs)| share(rs)).collect();
        for ((_, rs), to) in order.iter().zip(proportional(wanted(d), wanted(d) + surge, allowed, &shares)) {
            sets.put(self.resize(d, rs, to).await?);
        }
        Ok(())
    }
}
