//! The watch history of one store: a ring of events that all its watchers read.

use crate::event::Event;
use jiff::Timestamp;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

/// How much of the past a log keeps. What goes beyond any of the bounds is forgotten, except for the newest
/// [`NEWEST_KEPT`] events.
#[derive(Debug, Clone, Copy)]
pub struct History {
    /// The most events; this bound holds for the newest too.
    pub events: usize,
    /// The most memory they take, in bytes, roughly.
    pub bytes: usize,
    /// The age at which they are forgotten.
    pub age: Duration,
}

/// These of the newest events a log never forgets for their size or age, and keeps with their parsed objects; the real
/// server's watch cache has room for as many at least.
pub const NEWEST_KEPT: usize = 100;

/// Events in order, and who waits for more.
#[derive(Debug)]
pub struct Log {
    ring: Mutex<Ring>,
    history: History,
}

#[derive(Debug, Default)]
struct Ring {
    events: VecDeque<Arc<Event>>,
    /// Sum of their sizes.
    bytes: usize,
    /// Sequence number of the first event in `events`.
    first_seq: u64,
    /// Every event up to this resourceVersion is gone.
    compacted_rv: u64,
    /// Counts calls of [`Log::drop_watches`].
    epoch: u64,
    wakers: BTreeMap<u64, Waker>,
    next_waker: u64,
}

impl Ring {
    fn push(&mut self, event: Event) {
        self.bytes += event.size();
        self.events.push_back(Arc::new(event));
        // One more has stopped to be new.
        if let Some(aged) = self.events.len().checked_sub(NEWEST_KEPT + 1).and_then(|i| self.events.get_mut(i)) {
            *aged = Arc::new(aged.text_only());
        }
    }

    fn pop(&mut self) {
        if let Some(old) = self.events.pop_front() {
            self.bytes -= old.size();
            self.first_seq += 1;
            self.compacted_rv = old.rv();
        }
    }
}

/// Where a watcher is in the log.
#[derive(Debug, Clone, Copy)]
pub struct Cursor {
    next_seq: u64,
    epoch: u64,
    waker: u64,
}

/// What a watcher finds at its cursor.
#[derive(Debug)]
pub enum Read {
    /// Events, oldest first.
    Events(Vec<Arc<Event>>),
    /// Nothing yet; the waker is registered.
    Pending,
    /// Events were lost to compaction; the oldest known resourceVersion follows.
    Expired(u64),
    /// The server cut the watch.
    Cut,
}

/// Upper bound of events handed to a watcher in one read, so that one slow watcher holds the lock only briefly.
const MAX_EVENTS_PER_READ: usize = 512;

impl Log {
    /// An empty log, to whom everything up to `compacted_rv` is unknown.
    pub fn new(history: History, compacted_rv: u64) -> Self {
        Log { ring: Mutex::new(Ring { compacted_rv, ..Ring::default() }), history }
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends an event and wakes the watchers.
    pub fn push(&self, event: Event) {
        let wakers = {
            let mut ring = self.ring();
            ring.push(event);
            let History { events, bytes, .. } = self.history;
            while ring.events.len() > events.max(1) || (ring.bytes > bytes && ring.events.len() > NEWEST_KEPT) {
                ring.pop();
            }
            std::mem::take(&mut ring.wakers)
        };
        wakers.into_values().for_each(Waker::wake);
    }

    /// Forgets the events that are too old at `now`.
    pub fn expire(&self, now: Timestamp) {
        let mut ring = self.ring();
        // An event of the future (the clock was set back) has no age.
        let too_old = |e: &Arc<Event>| Duration::try_from(now.duration_since(e.at)).is_ok_and(|a| a > self.history.age);
        while ring.events.len() > NEWEST_KEPT && ring.events.front().is_some_and(too_old) {
            ring.pop();
        }
    }

    /// Forgets the events up to `rv`; watches from before it fail from now on.
    pub fn compact(&self, rv: u64) {
        let wakers = {
            let mut ring = self.ring();
            while ring.events.front().is_some_and(|e| e.rv() <= rv) {
                ring.pop();
            }
            ring.compacted_rv = ring.compacted_rv.max(rv);
            std::mem::take(&mut ring.wakers)
        };
        wakers.into_values().for_each(Waker::wake);
    }

    /// Ends every open watch.
    pub fn drop_watches(&self) {
        let wakers = {
            let mut ring = self.ring();
            ring.epoch += 1;
            std::mem::take(&mut ring.wakers)
        };
        wakers.into_values().for_each(Waker::wake);
    }

    /// A cursor behind everything up to and including `rv`.
    ///
    /// # Errors
    /// The oldest known resourceVersion, when `rv` lies before it.
    pub fn cursor_after(&self, rv: u64) -> Result<Cursor, u64> {
        let mut ring = self.ring();
        if rv < ring.compacted_rv {
            return Err(ring.compacted_rv + 1);
        }
        let index = ring.events.partition_point(|e| e.rv() <= rv);
        ring.next_waker += 1;
        Ok(Cursor { next_seq: ring.first_seq + index as u64, epoch: ring.epoch, waker: ring.next_waker })
    }

    /// Takes what is new at the cursor, or registers the waker.
    pub fn read(&self, cursor: &mut Cursor, waker: &Waker) -> Read {
        let mut ring = self.ring();
        if cursor.next_seq < ring.first_seq {
            return Read::Expired(ring.compacted_rv + 1);
        }
        let from = (cursor.next_seq - ring.first_seq) as usize;
        if from >= ring.events.len() {
            // What happened before the cut is still told.
            if cursor.epoch != ring.epoch {
                return Read::Cut;
            }
            ring.wakers.insert(cursor.waker, waker.clone());
            return Read::Pending;
        }
        let events: Vec<_> = ring.events.iter().skip(from).take(MAX_EVENTS_PER_READ).cloned().collect();
        cursor.next_seq += events.len() as u64;
        Read::Events(events)
    }

    /// Forgets the waker of a watch that ended.
    pub fn forget(&self, cursor: &Cursor) {
        self.ring().wakers.remove(&cursor.waker);
    }

    /// How many events it has.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.ring().events.len()
    }

    /// Events after `rv`, newest first, to undo them.
    ///
    /// # Errors
    /// The oldest known resourceVersion, when `rv` lies before it.
    pub fn undo_to(&self, rv: u64) -> Result<Vec<Arc<Event>>, u64> {
        let ring = self.ring();
        if rv < ring.compacted_rv {
            return Err(ring.compacted_rv + 1);
        }
        Ok(ring.events.iter().rev().take_while(|e| e.rv() > rv).cloned().collect())
    }
}
