use super::Backoff;
use super::store::lock;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

const RETRY_BASE: Duration = Duration::from_millis(10);
const RETRY_CAP: Duration = Duration::from_secs(60);

/// Keys that want work. A key is handed out to one worker at a time; adding it meanwhile makes it run again after.
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Notify,
}

struct State<T> {
    ready: VecDeque<T>,
    /// Exactly what `ready` holds.
    queued: BTreeSet<T>,
    running: BTreeSet<T>,
    /// Running, and to be queued once done.
    again: BTreeSet<T>,
    timers: BTreeSet<(Instant, T)>,
    due: BTreeMap<T, Instant>,
    failures: BTreeMap<T, u32>,
}

impl<T: Ord + Clone> Queue<T> {
    pub(crate) fn new() -> Self {
        Queue {
            state: Mutex::new(State {
                ready: VecDeque::new(),
                queued: BTreeSet::new(),
                running: BTreeSet::new(),
                again: BTreeSet::new(),
                timers: BTreeSet::new(),
                due: BTreeMap::new(),
                failures: BTreeMap::new(),
            }),
            changed: Notify::new(),
        }
    }

    /// Wants work on `key` now.
    pub(crate) fn add(&self, key: T) {
        lock(&self.state).add(key);
        self.changed.notify_one();
    }

    /// Wants work on `key` after `delay`, unless an earlier timer is set already.
    pub(crate) fn add_after(&self, key: T, delay: Duration) {
        lock(&self.state).schedule(key, Instant::now() + delay);
        self.changed.notify_one();
    }

    /// The next key; pass it to [`Queue::done`] or [`Queue::failed`].
    pub(super) async fn next(&self) -> T {
        loop {
            let wake = {
                let mut state = lock(&self.state);
                state.fire(Instant::now());
                if let Some(key) = state.ready.pop_front() {
                    state.queued.remove(&key);
                    state.running.insert(key.clone());
                    return key;
                }
                state.timers.first().map(|(at, _)| *at)
            };
            match wake {
                None => self.changed.notified().await,
                Some(at) => tokio::select! {
                    biased;
                    () = self.changed.notified() => {}
                    () = tokio::time::sleep_until(at) => {}
                },
            }
        }
    }

    /// The work on `key` succeeded.
    pub(super) fn done(&self, key: &T) {
        let mut state = lock(&self.state);
        state.failures.remove(key);
        state.finish(key);
        drop(state);
        self.changed.notify_one();
    }

    /// The work on `key` failed: it runs again after a delay that doubles each time.
    pub(super) fn failed(&self, key: &T) {
        let mut state = lock(&self.state);
        let failures = state.failures.entry(key.clone()).or_default();
        let delay = Backoff::nth(RETRY_BASE, RETRY_CAP, *failures);
        *failures = failures.saturating_add(1);
        state.finish(key);
        state.schedule(key.clone(), Instant::now() + delay);
        drop(state);
        self.changed.notify_one();
    }
}

impl<T: Ord + Clone> State<T> {
    fn add(&mut self, key: T) {
        if self.running.contains(&key) {
            self.again.insert(key);
        } else if self.queued.insert(key.clone()) {
            self.ready.push_back(key);
        }
    }

    fn schedule(&mut self, key: T, at: Instant) {
        if let Some(&due) = self.due.get(&key) {
            if due <= at {
                return;
            }
            self.timers.remove(&(due, key.clone()));
        }
        self.due.insert(key.clone(), at);
        self.timers.insert((at, key));
    }

    fn fire(&mut self, now: Instant) {
        while self.timers.first().is_some_and(|(at, _)| *at <= now)
            && let Some((_, key)) = self.timers.pop_first()
        {
            self.due.remove(&key);
            self.add(key);
        }
    }

    fn finish(&mut self, key: &T) {
        self.running.remove(key);
        if self.again.remove(key) {
            self.add(key.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_key_runs_once_at_a_time_and_again_when_added_meanwhile() {
        let q = Queue::new();
        q.add("a");
        q.add("a");
        assert_eq!(q.next().await, "a");
        q.add("a");
        q.add("b");
        assert_eq!(q.next().await, "b");
        q.done(&"a");
        assert_eq!(q.next().await, "a");
    }

    #[tokio::test(start_paused = true)]
    async fn the_earliest_timer_of_a_key_wins() {
        let q = Queue::new();
        let start = Instant::now();
        q.add_after("a", Duration::from_secs(9));
        q.add_after("a", Duration::from_secs(3));
        q.add_after("a", Duration::from_secs(5));
        assert_eq!(q.next().await, "a");
        assert_eq!(start.elapsed().as_secs(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn failures_back_off_until_success() {
        let q = Queue::new();
        q.add("a");
        let start = Instant::now();
        for _ in 0..3 {
            let key = q.next().await;
            q.failed(&key);
        }
        let key = q.next().await;
        assert_eq!(start.elapsed().as_millis(), 10 + 20 + 40);
        q.done(&key);
        q.add("a");
        q.next().await;
        q.failed(&"a");
        q.next().await;
        assert_eq!(start.elapsed().as_millis(), 70 + 10);
    }
}
