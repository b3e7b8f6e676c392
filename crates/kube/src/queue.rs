//! A work queue of keys: each key waits at most once, and is in the hands of at most one worker.
//!
//! The semantics are those Kubernetes controllers rely on: adding a key that already waits does nothing; adding a
//! key that is being worked on hands it out again once the worker is done. Keys come out in the order they became
//! ready. The queue holds a key at most three times (ready, in work, delayed), so its length is bounded by the
//! number of objects that exist.

mod state;
mod workers;

pub(crate) use workers::panic_text;
pub use workers::{Next, run_workers};

use jiff::Timestamp;
use rollouts_api::Clock;
use state::State;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// First wait of a key that failed.
pub const RETRY_MIN: Duration = Duration::from_millis(1);
/// Longest wait of a key that keeps failing.
pub const RETRY_MAX: Duration = Duration::from_secs(10);

/// What may be queued: small and cheap to clone, with an order and a name for logs.
pub trait Work: Clone + Ord + std::fmt::Display + Send + 'static {}
impl<K: Clone + Ord + std::fmt::Display + Send + 'static> Work for K {}

/// A handle on a queue; clones share it.
pub struct Queue<K> {
    shared: Arc<Shared<K>>,
}

struct Shared<K> {
    name: &'static str,
    clock: Clock,
    state: Mutex<State<K>>,
    changed: Notify,
}

/// A snapshot of the counters of a queue, for metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Keys ready to be worked on.
    pub depth: usize,
    /// Keys in the hands of workers.
    pub in_work: usize,
    /// Keys waiting for their time.
    pub delayed: usize,
    /// Keys that became ready since the start.
    pub adds: u64,
    /// Failures handed to [`Queue::add_rate_limited`] since the start.
    pub retries: u64,
    /// How long the work in hand has been going on, summed up.
    pub unfinished: Duration,
    /// How long the longest work in hand has been going on.
    pub longest: Duration,
}

impl<K: Work> Queue<K> {
    /// An empty queue. `name` appears in logs and metrics; `clock` turns points in time into waits.
    pub fn new(name: &'static str, clock: Clock) -> Self {
        let shared = Shared { name, clock, state: Mutex::new(State::default()), changed: Notify::new() };
        Queue { shared: Arc::new(shared) }
    }

    /// The queue's name.
    pub fn name(&self) -> &'static str {
        self.shared.name
    }

    /// Makes `key` ready now.
    pub fn add(&self, key: K) {
        self.change(|state| state.add(key));
    }

    /// Makes `key` ready after `delay`; of several delays of one key the earliest counts.
    pub fn add_after(&self, key: K, delay: Duration) {
        if delay.is_zero() {
            return self.add(key);
        }
        let now = Instant::now();
        // A delay beyond the end of time never comes.
        if let Some(at) = now.checked_add(delay) {
            self.change(|state| state.add_at(key, at));
        }
    }

    /// Makes `key` ready at `at`, or now if that has passed.
    pub fn add_at(&self, key: K, at: Timestamp) {
        let delay = at.duration_since(self.shared.clock.now());
        self.add_after(key, delay.try_into().unwrap_or(Duration::ZERO));
    }

    /// Makes `key` ready after a wait that doubles with each failure, from [`RETRY_MIN`] to [`RETRY_MAX`].
    pub fn add_rate_limited(&self, key: K) {
        let delay = self.lock().fail(&key);
        self.add_after(key, delay);
    }

    /// Forgets the failures of `key`: it succeeded, or there is no use in trying.
    pub fn forget(&self, key: &K) {
        self.lock().forget(key);
    }

    /// How often `key` has failed since it was last forgotten.
    pub fn failures(&self, key: &K) -> u32 {
        self.lock().failures(key)
    }

    /// The next key, when there is one; `None` once the queue is shut down. The caller must hand the key back with
    /// [`Queue::done`].
    pub async fn get(&self) -> Option<K> {
        loop {
            // Registered before looking, so that a change in between is not missed.
            let changed = self.shared.changed.notified();
            let wake = {
                let mut state = self.lock();
                if state.is_shut_down() {
                    self.shared.changed.notify_one();
                    return None;
                }
                let now = Instant::now();
                state.promote_due(now);
                if let Some(key) = state.take(now) {
                    if state.has_more() {
                        // Another idle worker must take the next key, or watch the timers in this one's place.
                        self.shared.changed.notify_one();
                    }
                    return Some(key);
                }
                state.next_due()
            };
            match wake {
                Some(at) => tokio::select! {
                    biased;
                    () = changed => {}
                    () = tokio::time::sleep_until(at) => {}
                },
                None => changed.await,
            }
        }
    }

    /// Hands a key back; it becomes ready again if it was added in the meantime.
    pub fn done(&self, key: &K) {
        self.change(|state| state.done(key));
    }

    /// Ends the queue: [`Queue::get`] returns `None` from now on, keys that wait are dropped, work in hand goes on.
    pub fn shut_down(&self) {
        self.lock().shut_down();
        self.shared.changed.notify_waiters();
        self.shared.changed.notify_one();
    }

    /// The counters.
    pub fn stats(&self) -> Stats {
        self.lock().stats(Instant::now())
    }

    fn change(&self, f: impl FnOnce(&mut State<K>)) {
        f(&mut self.lock());
        self.shared.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State<K>> {
        // The state is changed by code of this module alone, none of which can panic half-way.
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K> Clone for Queue<K> {
    fn clone(&self) -> Self {
        Queue { shared: Arc::clone(&self.shared) }
    }
}

#[cfg(test)]
mod tests;
