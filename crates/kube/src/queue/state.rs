//! The bookkeeping of a queue, without locks or waiting.

use super::{RETRY_MAX, RETRY_MIN, Stats};
use crate::backoff::exponential;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

pub(super) struct State<K> {
    /// Keys to hand out, first in first out. Exactly the dirty keys that are not in work.
    ready: VecDeque<K>,
    /// Keys that need work: ready ones, and those in work that were added again.
    dirty: BTreeSet<K>,
    /// Keys in the hands of workers, and since when.
    in_work: BTreeMap<K, Instant>,
    /// Keys that become ready later, by time and then in the order they were added.
    timers: BTreeMap<(Instant, u64), K>,
    /// Where in `timers` a key is.
    delayed: BTreeMap<K, (Instant, u64)>,
    failures: BTreeMap<K, u32>,
    next_timer: u64,
    adds: u64,
    retries: u64,
    shut_down: bool,
}

impl<K> Default for State<K> {
    fn default() -> Self {
        State {
            ready: VecDeque::new(),
            dirty: BTreeSet::new(),
            in_work: BTreeMap::new(),
            timers: BTreeMap::new(),
            delayed: BTreeMap::new(),
            failures: BTreeMap::new(),
            next_timer: 0,
            adds: 0,
            retries: 0,
            shut_down: false,
        }
    }
}

impl<K: Clone + Ord> State<K> {
    pub(super) fn add(&mut self, key: K) {
        if self.shut_down || self.dirty.contains(&key) {
            return;
        }
        self.adds += 1;
        self.dirty.insert(key.clone());
        if !self.in_work.contains_key(&key) {
            self.ready.push_back(key);
        }
    }

    pub(super) fn add_at(&mut self, key: K, at: Instant) {
        if self.shut_down {
            return;
        }
        if let Some(&planned) = self.delayed.get(&key) {
            if planned.0 <= at {
                return;
            }
            self.timers.remove(&planned);
        }
        let timer = (at, self.next_timer);
        self.next_timer += 1;
        self.timers.insert(timer, key.clone());
        self.delayed.insert(key, timer);
    }

    /// Makes all keys ready whose time has come.
    pub(super) fn promote_due(&mut self, now: Instant) {
        while let Some(entry) = self.timers.first_entry() {
            if entry.key().0 > now {
                return;
            }
            let key = entry.remove();
            self.delayed.remove(&key);
            self.add(key);
        }
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        self.timers.first_key_value().map(|((at, _), _)| *at)
    }

    pub(super) fn take(&mut self, now: Instant) -> Option<K> {
        let key = self.ready.pop_front()?;
        self.dirty.remove(&key);
        self.in_work.insert(key.clone(), now);
        Some(key)
    }

    /// Whether an idle worker has anything to do or to wait for.
    pub(super) fn has_more(&self) -> bool {
        !self.ready.is_empty() || !self.timers.is_empty()
    }

    pub(super) fn done(&mut self, key: &K) {
        self.in_work.remove(key);
        if self.dirty.contains(key) && !self.shut_down {
            self.ready.push_back(key.clone());
        }
    }

    pub(super) fn fail(&mut self, key: &K) -> Duration {
        self.retries += 1;
        let failures = self.failures.entry(key.clone()).or_insert(0);
        let delay = exponential(RETRY_MIN, RETRY_MAX, *failures);
        *failures = failures.saturating_add(1);
        delay
    }

    pub(super) fn forget(&mut self, key: &K) {
        self.failures.remove(key);
    }

    pub(super) fn failures(&self, key: &K) -> u32 {
        self.failures.get(key).copied().unwrap_or(0)
    }

    pub(super) fn is_shut_down(&self) -> bool {
        self.shut_down
    }

    pub(super) fn shut_down(&mut self) {
        self.shut_down = true;
        self.ready.clear();
        self.dirty.clear();
        self.timers.clear();
        self.delayed.clear();
    }

    pub(super) fn stats(&self, now: Instant) -> Stats {
        let ages = || self.in_work.values().map(|since| now.saturating_duration_since(*since));
        Stats {
            depth: self.ready.len(),
            in_work: self.in_work.len(),
            delayed: self.timers.len(),
            adds: self.adds,
            retries: self.retries,
            unfinished: ages().sum(),
            longest: ages().max().unwrap_or_default(),
        }
    }
}
