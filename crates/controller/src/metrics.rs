//! Numbers for Prometheus: what was counted since the start, and what the caches say at the moment.

mod rollouts;
mod text;

pub use text::{Kind, Text};

use rollouts_kube::queue::Stats;
use rollouts_kube::{Cache, Key};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The numbers of an object that is gone stay this long, so that they are scraped once more.
const GONE_KEPT: Duration = Duration::from_secs(65);

/// Upper bounds of the buckets of reconcile times, in seconds.
const RECONCILE_BUCKETS: [f64; 5] = [0.01, 0.15, 0.25, 0.5, 1.0];

/// What is counted. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Counters(Arc<Mutex<BTreeMap<Key, Counts>>>);

/// What was counted for one Rollout.
#[derive(Debug, Default)]
struct Counts {
    reconciles: Reconciles,
    errors: u64,
    /// By type and reason.
    events: BTreeMap<(&'static str, String), u64>,
    gone: Option<Instant>,
}

#[derive(Debug, Default)]
struct Reconciles {
    /// How many took at most as long as the bucket's bound.
    buckets: [u64; RECONCILE_BUCKETS.len()],
    count: u64,
    seconds: f64,
}

impl Counters {
    /// A Rollout was looked at, for so long, and that failed or not.
    pub fn reconciled(&self, key: &Key, took: Duration, failed: bool) {
        let mut all = self.lock();
        let counts = all.entry(key.clone()).or_default();
        counts.gone = None;
        counts.reconciles.observe(took.as_secs_f64());
        counts.errors += u64::from(failed);
    }

    /// An event about a Rollout was recorded.
    pub fn event(&self, key: Key, kind: &'static str, reason: &str) {
        *self.lock().entry(key).or_default().events.entry((kind, reason.to_owned())).or_default() += 1;
    }

    /// A Rollout is gone, and so are soon its numbers.
    pub fn gone(&self, key: &Key) {
        let now = Instant::now();
        let mut all = self.lock();
        if let Some(counts) = all.get_mut(key) {
            counts.gone.get_or_insert(now);
        }
        forget(&mut all, now);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Counts>> {
        // Nothing inside panics half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes them all.
    pub fn write(&self, text: &mut Text) {
        let mut all = self.lock();
        forget(&mut all, Instant::now());
        text.family("rollout_reconcile", Kind::Histogram, "How long it took to reconcile a Rollout, in seconds.");
        for (key, counts) in all.iter() {
            let Reconciles { buckets, count, seconds } = &counts.reconciles;
            if *count > 0 {
                let buckets: Vec<(f64, u64)> = RECONCILE_BUCKETS.into_iter().zip(*buckets).collect();
                text.histogram("rollout_reconcile", &labels(key), &buckets, *count, *seconds);
            }
        }
        text.family("rollout_reconcile_error", Kind::Counter, "How often that failed.");
        for (key, counts) in all.iter().filter(|(_, counts)| counts.errors > 0) {
            text.sample("rollout_reconcile_error", &labels(key), counts.errors as f64);
        }
        text.family("rollout_events_total", Kind::Counter, "Events recorded about a Rollout.");
        for (key, counts) in all.iter() {
            for ((kind, reason), n) in &counts.events {
                let [namespace, name] = labels(key);
                let labels = [namespace, name, ("type", kind), ("reason", reason)];
                text.sample("rollout_events_total", &labels, *n as f64);
            }
        }
    }
}

impl Reconciles {
    fn observe(&mut self, seconds: f64) {
        let reached = self.buckets.iter_mut().zip(RECONCILE_BUCKETS).filter(|(_, bound)| seconds <= *bound);
        reached.for_each(|(bucket, _)| *bucket += 1);
        self.count += 1;
        self.seconds += seconds;
    }
}

fn forget(all: &mut BTreeMap<Key, Counts>, now: Instant) {
    all.retain(|_, counts| counts.gone.is_none_or(|gone| now.duration_since(gone) < GONE_KEPT));
}

fn labels(key: &Key) -> [(&str, &str); 2] {
    [("namespace", &key.namespace), ("name", &key.name)]
}

/// What the queues are doing.
pub(crate) fn write_queues(text: &mut Text, queues: &[(&'static str, Stats)]) {
    type Read = fn(&Stats) -> f64;
    let families: [(&str, Kind, &str, Read); 5] = [
        ("workqueue_depth", Kind::Gauge, "Keys ready to be worked on.", |s| s.depth as f64),
        ("workqueue_adds_total", Kind::Counter, "Keys that became ready.", |s| s.adds as f64),
        ("workqueue_retries_total", Kind::Counter, "Keys tried again after a failure.", |s| s.retries as f64),
        (
            "workqueue_unfinished_work_seconds",
            Kind::Gauge,
            "How long the work in hand has been going on, summed up.",
            |s| s.unfinished.as_secs_f64(),
        ),
        (
            "workqueue_longest_running_processor_seconds",
            Kind::Gauge,
            "How long the longest work in hand has been going on.",
            |s| s.longest.as_secs_f64(),
        ),
    ];
    for (name, kind, help, read) in families {
        text.family(name, kind, help);
        queues.iter().for_each(|(queue, stats)| text.sample(name, &[("name", queue)], read(stats)));
    }
}

/// What the Rollouts are like at the moment.
pub(crate) fn write_rollouts(text: &mut Text, rollouts: &Cache<rollouts_api::Rollout>) {
    rollouts::write(text, &rollouts.list(None));
}

#[cfg(test)]
mod tests;
