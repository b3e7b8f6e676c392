//! The queues of one controller: one a kind of object that it looks after.

use crate::caches::Caches;
use crate::services;
use rollouts_api::Clock;
use rollouts_kube::{Key, Queue};
use std::time::Duration;

/// Handles on all of them; clones share them.
#[derive(Clone)]
pub(crate) struct Queues {
    pub rollouts: Queue<Key>,
    pub experiments: Queue<Key>,
    pub runs: Queue<Key>,
    pub services: Queue<Key>,
    /// Deployments to which Rollouts owe replicas.
    pub debts: Queue<Key>,
    /// Rollouts that are gone, and whose routes are left.
    pub routes: Queue<Key>,
}

impl Queues {
    pub fn new(clock: &Clock) -> Self {
        let queue = |name| Queue::new(name, clock.clone());
        Queues {
            rollouts: queue("Rollouts"),
            experiments: queue("Experiments"),
            runs: queue("AnalysisRuns"),
            services: queue("Services"),
            debts: queue("Debts"),
            routes: queue("Routes"),
        }
    }

    pub fn all(&self) -> Vec<Queue<Key>> {
        let Queues { rollouts, experiments, runs, services, debts, routes } = self.clone();
        vec![rollouts, experiments, runs, services, debts, routes]
    }

    /// Lets the workers end what they have in hand.
    pub fn shut_down(&self) {
        self.all().iter().for_each(Queue::shut_down);
    }

    /// Looks at everything from time to time, whether or not anything changed.
    pub async fn resync(&self, period: Option<Duration>, caches: &Caches) {
        let Some(period) = period else { return std::future::pending().await };
        loop {
            tokio::time::sleep(period).await;
            caches.rollouts.list(None).iter().for_each(|ro| self.rollouts.add(Key::of(&ro.metadata)));
            caches.experiments.list(None).iter().for_each(|e| self.experiments.add(Key::of(&e.metadata)));
            caches.analyses.runs.list(None).iter().for_each(|run| self.runs.add(Key::of(&run.metadata)));
            let marked = caches.services.list(None);
            marked.iter().filter(|s| services::is_marked(s)).for_each(|s| self.services.add(Key::of(&s.metadata)));
        }
    }
}
