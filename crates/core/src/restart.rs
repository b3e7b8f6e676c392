//! Restarting pods by eviction (rollout.md §6.5).

use crate::reconcile::Reconcile;
use crate::replicas::sum;
use crate::{Effect, Pod, ReplicaSet};
use rollouts_api::Time;

/// How soon a restart that a disruption budget holds back is tried again.
const RESTART_RETRY_SECONDS: i64 = 30;

impl Reconcile<'_> {
    /// Evicts pods older than `spec.restartAt` within the availability budget that sizing has left. The restart is done
    /// when every such pod is at least on its way out.
    pub(crate) fn restart_pods(&mut self) {
        let Some(restart_at) = self.ro.spec.restart_at.filter(|at| Some(*at) != self.ro.status.restarted_at) else {
            return;
        };
        if self.now <= restart_at.timestamp() {
            self.plan.wake_after(restart_at.timestamp(), "the restart of the pods begins");
            return;
        }
        let waiting = self.pods_older_than(restart_at);
        if waiting.is_empty() && self.restart_shows() {
            self.ro.status.restarted_at = Some(restart_at);
            return;
        }
        let n = self.ro.spec.replicas();
        let total = n.max(sum(self.sets.iter().map(|s| s.size())));
        // What this plan has given up already is not given up twice.
        let kept = sum(self.sets.iter().map(ReplicaSet::staying));
        let budget = self.available_pods().min(kept) - (total - self.ro.spec.max_unavailable(n).max(1));
        let names: Vec<String> = waiting.iter().map(|p| p.metadata.name.clone()).collect();
        if let Ok(at_most @ 1..) = usize::try_from(budget)
            && !names.is_empty()
        {
            let why = format!("older than spec.restartAt {restart_at}");
            self.push(Effect::EvictPods { names, at_most }, why);
        } else if !waiting.is_empty() {
            self.note(format!(
                "the restart waits for pods: {} of {total} are available, and {} more may go",
                self.available_pods(),
                budget.max(0)
            ));
        }
        self.plan.look_again(Time::new(self.now).plus_seconds(RESTART_RETRY_SECONDS));
    }

    /// Whether the ReplicaSets' counters know of the evictions; before that the Rollout would look healthy for a moment.
    /// A canary's replacements must exist, too (as recorded).
    fn restart_shows(&self) -> bool {
        let replaced = self.sets.iter().all(|s| s.status.replicas >= s.size());
        self.counters_follow() && (replaced || self.ro.spec.strategy.blue_green.is_some())
    }

    fn counters_follow(&self) -> bool {
        sum(self.sets.iter().map(|s| s.available())) <= self.available_pods()
    }

    /// Whether the counters still count pods that a restart has evicted: nothing may be taken away on their account.
    pub(crate) fn counts_evicted_pods(&self) -> bool {
        let spec = &self.ro.spec;
        let restarts = spec.restart_at.is_some_and(|at| at.timestamp() < self.now);
        restarts && spec.restart_at != self.ro.status.restarted_at && !self.counters_follow()
    }

    /// Those that are not being deleted, in the order stable, new, others oldest first; within a ReplicaSet the pods that
    /// nobody would miss come first.
    fn pods_older_than(&self, at: Time) -> Vec<&Pod> {
        let roles = [self.roles.stable, self.roles.new.filter(|n| self.roles.stable != Some(*n))];
        let order = roles.into_iter().flatten().chain(self.others());
        let mut old = Vec::new();
        for i in order {
            let uid = &self.sets[i].metadata.uid;
            let mut pods: Vec<&Pod> = self.snapshot.pods.iter().map(|p| &**p).filter(|p| owned_by(p, uid)).collect();
            pods.retain(|p| p.metadata.deletion_timestamp.is_none());
            pods.retain(|p| p.metadata.creation_timestamp.is_some_and(|c| c < at));
            pods.sort_by(|a, b| {
                let key = |p: &Pod| (p.ready_since().is_some(), p.metadata.creation_timestamp, p.metadata.name.clone());
                key(a).cmp(&key(b))
            });
            old.extend(pods);
        }
        old
    }

    fn available_pods(&self) -> i32 {
        let available = |p: &&std::sync::Arc<Pod>| {
            let set = self.sets.iter().find(|s| owned_by(p, &s.metadata.uid));
            let wait = i64::from(set.map_or(0, |s| s.spec.min_ready_seconds));
            p.metadata.deletion_timestamp.is_none()
                && p.ready_since().is_some_and(|t| wait == 0 || t.is_some_and(|t| t.plus_seconds(wait) <= self.now))
        };
        self.snapshot.pods.iter().filter(available).count() as i32
    }
}

pub(crate) fn owned_by(pod: &Pod, uid: &str) -> bool {
    pod.metadata.controller().is_some_and(|c| c.uid == uid)
}
