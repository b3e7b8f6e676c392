//! What is counted for single objects, until shortly after they are gone.

use super::{Kind, Text};
use rollouts_kube::Key;
use rollouts_kube::queue::Next;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The numbers of an object that is gone stay this long, so that they are scraped once more.
const GONE_KEPT: Duration = Duration::from_secs(65);

/// Upper bounds of the buckets of reconcile times, in seconds.
const RECONCILE_BUCKETS: [f64; 5] = [0.01, 0.15, 0.25, 0.5, 1.0];

/// What is counted for each object of one kind. Clones share it.
#[derive(Clone)]
pub(crate) struct PerObject {
    /// How the names of its numbers begin.
    prefix: &'static str,
    /// The kind with its article, for their descriptions.
    what: &'static str,
    counts: Arc<Mutex<BTreeMap<Key, Counts>>>,
}

/// What was counted for one object.
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

impl PerObject {
    /// Nothing so far: `PerObject::of("rollout", "a Rollout")`.
    pub fn of(prefix: &'static str, what: &'static str) -> Self {
        PerObject { prefix, what, counts: Arc::default() }
    }

    /// Counts one look at an object that was there at its beginning, or was not.
    pub async fn counted(&self, key: &Key, found: bool, look: impl Future<Output = Next>) -> Next {
        let started = Instant::now();
        let next = look.await;
        match found {
            true => self.reconciled(key, started.elapsed(), next == Next::Failed),
            false => self.gone(key),
        }
        next
    }

    /// An object was looked at, for so long, and that failed or not.
    pub fn reconciled(&self, key: &Key, took: Duration, failed: bool) {
        let mut all = self.lock();
        let counts = all.entry(key.clone()).or_default();
        counts.gone = None;
        counts.reconciles.observe(took.as_secs_f64());
        counts.errors += u64::from(failed);
    }

    /// An event about an object was recorded.
    pub fn event(&self, key: Key, kind: &'static str, reason: &str) {
        *self.lock().entry(key).or_default().events.entry((kind, reason.to_owned())).or_default() += 1;
    }

    /// An object is gone, and so are soon its numbers.
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
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what came of looking at them.
    pub fn write_reconciles(&self, text: &mut Text) {
        let mut all = self.lock();
        forget(&mut all, Instant::now());
        let name = format!("{}_reconcile", self.prefix);
        text.family(&name, Kind::Histogram, &format!("How long it took to reconcile {}, in seconds.", self.what));
        for (key, counts) in all.iter() {
            let Reconciles { buckets, count, seconds } = &counts.reconciles;
            if *count > 0 {
                let buckets: Vec<(f64, u64)> = RECONCILE_BUCKETS.into_iter().zip(*buckets).collect();
                text.histogram(&name, &labels(key), &buckets, *count, *seconds);
            }
        }
        let name = format!("{name}_error");
        text.family(&name, Kind::Counter, "How often that failed.");
        for (key, counts) in all.iter().filter(|(_, counts)| counts.errors > 0) {
            text.sample(&name, &labels(key), counts.errors as f64);
        }
    }

    /// Writes the events about them.
    pub fn write_events(&self, text: &mut Text) {
        let mut all = self.lock();
        forget(&mut all, Instant::now());
        let name = format!("{}_events_total", self.prefix);
        text.family(&name, Kind::Counter, &format!("Events recorded about {}.", self.what));
        for (key, counts) in all.iter() {
            for ((kind, reason), n) in &counts.events {
                let [namespace, own] = labels(key);
                text.sample(&name, &[namespace, own, ("type", kind), ("reason", reason)], *n as f64);
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
