//! Kubernetes events about objects: recorded at once, written later, in order, by one task.
//!
//! What reaches the API server is what Kubernetes' own client would let through (see [`correlator`]): equal events
//! become a count, floods of similar ones are combined, and an object that causes too many is rationed.

pub mod correlator;
mod lru;
mod model;
mod writer;

pub use model::{Event, EventType, ObjectReference};

use correlator::Correlator;
use rollouts_api::{Clock, Time};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Events that may wait to be written; beyond that the oldest are dropped.
pub const QUEUED_EVENTS_MAX: usize = 1000;

/// Is told of every event that is recorded, and what it is about.
pub type Observer = Box<dyn Fn(&ObjectReference, EventType, &str) + Send + Sync>;

/// Records events; clones share the queue.
#[derive(Clone)]
pub struct Recorder {
    shared: Arc<Shared>,
}

struct Shared {
    component: String,
    observer: Option<Observer>,
    clock: Clock,
    queue: Mutex<Queue>,
    changed: Notify,
    settled: Notify,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Event>,
    /// The writer holds an event that is not written yet.
    writing: bool,
    /// Events were dropped since the queue was last empty; that was logged.
    dropping: bool,
    /// The time in the last event's name, in nanoseconds since 1970; names must not repeat.
    last_name: i128,
}

impl Recorder {
    /// A recorder that writes as `component` through `client`, by a task that runs until `stop` is cancelled.
    pub fn start(client: kube::Client, component: &str, clock: Clock, stop: &CancellationToken) -> Self {
        Self::start_observed(client, component, clock, stop, None)
    }

    /// The same, with somebody who is told of every event: to count them, say.
    pub fn start_observed(
        client: kube::Client,
        component: &str,
        clock: Clock,
        stop: &CancellationToken,
        observer: Option<Observer>,
    ) -> Self {
        let (recorder, run) = Self::build(client, component, clock, observer);
        let stop = stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = run => {}
            }
        });
        recorder
    }

    /// The recorder and the endless future that writes its events, for callers who run it themselves.
    pub fn build(
        client: kube::Client,
        component: &str,
        clock: Clock,
        observer: Option<Observer>,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let shared = Shared {
            component: component.to_owned(),
            observer,
            clock,
            queue: Mutex::default(),
            changed: Notify::new(),
            settled: Notify::new(),
        };
        let recorder = Recorder { shared: Arc::new(shared) };
        (recorder.clone(), recorder.write(client))
    }

    /// Records that something happened to `object`. Never waits and never fails: an event that cannot be written
    /// is logged and lost.
    pub fn event(&self, object: &ObjectReference, kind: EventType, reason: &str, message: impl Into<String>) {
        self.count(object, kind, reason);
        let now = self.shared.clock.now();
        let mut queue = self.lock();
        let nanos = now.as_nanosecond().max(queue.last_name + 1);
        queue.last_name = nanos;
        let event = Event {
            name: format!("{}.{nanos:x}", stem(&object.name)),
            object: object.clone(),
            kind,
            reason: reason.to_owned(),
            message: message.into(),
            component: self.shared.component.clone(),
            first: Time::new(now),
            last: Time::new(now),
            count: 1,
        };
        if queue.waiting.len() == QUEUED_EVENTS_MAX {
            queue.waiting.pop_front();
            if !std::mem::replace(&mut queue.dropping, true) {
                tracing::warn!("more than {QUEUED_EVENTS_MAX} events wait to be written: the oldest are dropped");
            }
        }
        queue.waiting.push_back(event);
        drop(queue);
        self.shared.changed.notify_one();
    }

    /// Tells the observer of an event that is not worth writing.
    pub fn count(&self, object: &ObjectReference, kind: EventType, reason: &str) {
        if let Some(observer) = &self.shared.observer {
            observer(object, kind, reason);
        }
    }

    /// Waits until all events recorded so far are written or given up.
    pub async fn flush(&self) {
        loop {
            let settled = self.shared.settled.notified();
            {
                let queue = self.lock();
                if queue.waiting.is_empty() && !queue.writing {
                    return;
                }
            }
            settled.await;
        }
    }

    async fn write(self, client: kube::Client) {
        let mut correlator = Correlator::default();
        loop {
            let changed = self.shared.changed.notified();
            let event = self.next();
            let Some(event) = event else {
                self.shared.settled.notify_waiters();
                changed.await;
                continue;
            };
            let now = event.last.timestamp();
            if let Some(action) = correlator.correlate(event, now) {
                writer::write(&client, action).await;
            }
        }
    }

    /// Takes the next event; on none, the writer is idle.
    fn next(&self) -> Option<Event> {
        let mut queue = self.lock();
        let event = queue.waiting.pop_front();
        queue.writing = event.is_some();
        queue.dropping &= event.is_some();
        event
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Nothing above panics half-way through a change.
        self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As much of an object's name as fits before the time in the name of an event, which has at most 253 characters.
fn stem(name: &str) -> &str {
    const STEM_BYTES_MAX: usize = 253 - ".ffffffffffffffff".len();
    // Names of objects are ASCII; a cut must not leave a dot or a dash at the end.
    name.get(..STEM_BYTES_MAX).map_or(name, |cut| cut.trim_end_matches(['.', '-']))
}

#[cfg(test)]
mod tests;
