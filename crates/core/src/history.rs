//! Deleting old ReplicaSets (rollout.md §2.6).

use crate::Effect;
use crate::reconcile::Reconcile;
use rollouts_api::Time;

impl Reconcile<'_> {
    /// Deletes the oldest ReplicaSets above `revisionHistoryLimit`, but only empty ones.
    pub(crate) fn clean_history(&mut self) {
        let limit = usize::try_from(self.ro.spec.revision_history_limit()).unwrap_or(0);
        let candidates: Vec<usize> =
            self.others().into_iter().filter(|i| self.sets[*i].metadata.deletion_timestamp.is_none()).collect();
        let excess = candidates.len().saturating_sub(limit);
        for i in candidates.into_iter().take(excess) {
            let set = &self.sets[i];
            if set.status.replicas == 0 && set.size() == 0 && set.observed() {
                let name = set.metadata.name.clone();
                // Nothing may be written to it after that.
                self.sets[i].metadata.deletion_timestamp = Some(Time::new(self.now));
                self.push(Effect::DeleteReplicaSet { name }, format!("revisionHistoryLimit is {limit}"));
            }
        }
    }
}
