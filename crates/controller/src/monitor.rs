//! What can be seen of a running controller from outside: for probes and metrics.

use crate::analysis::{Analyses, Runs};
use crate::caches::Caches;
use crate::inquiries::Inquiries;
use crate::metrics::{self, Counters, Text};
use rollouts_kube::lease::Term;
use rollouts_kube::queue::Stats;
use rollouts_kube::{Key, Queue};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

/// One object in hand for longer than this is a worker that hangs: every request is given up long before.
pub const STUCK_AFTER: Duration = Duration::from_secs(30 * 60);

/// A window on a controller; clones show the same. Give it to the controller with [`crate::Options::monitor`].
#[derive(Clone, Default)]
pub struct Monitor(Arc<OnceLock<Running>>);

pub(crate) struct Running {
    /// Where Rollouts are looked after.
    pub rollouts: Option<Caches>,
    pub analyses: Analyses,
    pub queues: Vec<Queue<Key>>,
    pub term: Term,
    pub counters: Counters,
    /// Those who measure, for as long as they do.
    pub runs: Weak<Runs>,
    /// Where Rollouts are looked after.
    pub inquiries: Option<Inquiries>,
}

impl Monitor {
    pub(crate) fn open(&self, running: Running) {
        // One window shows one controller, the first.
        let _ = self.0.set(running);
    }

    /// Whether it works, or could take over at once; if not, what it waits for.
    ///
    /// # Errors
    /// What is missing, in words.
    pub fn readiness(&self) -> Result<(), String> {
        let Some(running) = self.0.get() else { return Err("the controller has not started".into()) };
        let unfilled = match &running.rollouts {
            Some(caches) => caches.unfilled(),
            None => running.analyses.unfilled(),
        };
        if unfilled.is_empty() { Ok(()) } else { Err(format!("caches are not filled yet: {}", unfilled.join(", "))) }
    }

    /// Whether it works; otherwise it stands by, or has not started.
    pub fn is_leading(&self) -> bool {
        self.0.get().is_some_and(|running| running.term.has_begun())
    }

    /// The queues by name.
    pub fn queues(&self) -> Vec<(&'static str, Stats)> {
        let queues = self.0.get().map(|running| &running.queues[..]).unwrap_or_default();
        queues.iter().map(|queue| (queue.name(), queue.stats())).collect()
    }

    /// How many things the controller remembers of AnalysisRuns, and of what Rollouts ask others, beside its caches, by
    /// what they are.
    pub fn held(&self) -> Vec<(&'static str, usize)> {
        let Some(running) = self.0.get() else { return Vec::new() };
        let mut held = running.runs.upgrade().map(|runs| runs.held()).unwrap_or_default();
        held.extend(running.inquiries.iter().map(|inquiries| ("questions to others", inquiries.len())));
        held
    }

    /// The numbers of the controller in Prometheus' format. A standby has none of single objects: nobody wants them twice.
    pub fn write_metrics(&self, text: &mut Text) {
        metrics::write_queues(text, &self.queues());
        let Some(running) = self.0.get().filter(|_| self.is_leading()) else { return };
        let Running { rollouts, analyses, counters, .. } = running;
        if let Some(caches) = rollouts {
            metrics::write_rollouts(text, &caches.rollouts);
            counters.rollouts.write_reconciles(text);
            counters.rollouts.write_events(text);
            metrics::write_experiments(text, &caches.experiments);
            counters.experiments.write_reconciles(text);
        }
        metrics::write_analyses(text, analyses);
        counters.runs.write_reconciles(text);
    }

    /// The queue of a worker that hangs, if there is one, and for how long it does.
    pub fn stuck(&self) -> Option<(&'static str, Duration)> {
        let longest = self.queues().into_iter().map(|(name, stats)| (name, stats.longest)).max_by_key(|(_, age)| *age);
        longest.filter(|(_, age)| *age > STUCK_AFTER)
    }
}

impl std::fmt::Debug for Monitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Monitor").field("leading", &self.is_leading()).finish_non_exhaustive()
    }
}
