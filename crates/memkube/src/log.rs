//! The watch history of one store: a ring of events that all its watchers read.

use crate::store::Stored;
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventType {
    /// It came into being, or into the watcher's selection.
    Added,
    /// It changed.
    Modified,
    /// It went, or left the watcher's selection.
    Deleted,
}

impl EventType {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            EventType::Added => "ADDED",
            EventType::Modified => "MODIFIED",
            EventType::Deleted => "DELETED",
        }
    }
}

/// One committed write.
#[derive(Debug)]
pub struct Event {
    /// Its resourceVersion.
    pub rv: u64,
    /// What happened.
    pub event_type: EventType,
    /// The object after the write; for a deletion its last state under the deletion's resourceVersion.
    pub object: Arc<Stored>,
    /// The object before the write.
    pub previous: Option<Arc<Stored>>,
    line: OnceLock<Bytes>,
}

impl Event {
    /// A new event.
    pub fn new(rv: u64, event_type: EventType, object: Arc<Stored>, previous: Option<Arc<Stored>>) -> Self {
        Event { rv, event_type, object, previous, line: OnceLock::new() }
    }

    /// The line every unfiltered watcher sends; serialized once.
    pub fn line(&self) -> &Bytes {
        self.line.get_or_init(|| event_line(self.event_type.as_str(), self.object.json()))
    }
}

/// `{"type":…,"object":…}` and a newline.
pub fn event_line(event_type: &str, object: &[u8]) -> Bytes {
    let mut line = Vec::with_capacity(object.len() + 40);
    line.extend_from_slice(b"{\"type\":\"");
    line.extend_from_slice(event_type.as_bytes());
    line.extend_from_slice(b"\",\"object\":");
    line.extend_from_slice(object);
    line.extend_from_slice(b"}\n");
    Bytes::from(line)
}

/// Events in order, and who waits for more.
#[derive(Debug)]
pub struct Log {
    ring: Mutex<Ring>,
    capacity: usize,
}

#[derive(Debug, Default)]
struct Ring {
    events: VecDeque<Arc<Event>>,
    /// Sequence number of the first event in `events`.
    first_seq: u64,
    /// Every event up to this resourceVersion is gone.
    compacted_rv: u64,
    /// Counts calls of [`Log::drop_watches`].
    epoch: u64,
    wakers: BTreeMap<u64, Waker>,
    next_waker: u64,
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
    /// An empty log that keeps `capacity` events.
    pub fn new(capacity: usize, compacted_rv: u64) -> Self {
        Log { ring: Mutex::new(Ring { compacted_rv, ..Ring::default() }), capacity: capacity.max(1) }
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends an event and wakes the watchers.
    pub fn push(&self, event: Event) {
        let wakers = {
            let mut ring = self.ring();
            ring.events.push_back(Arc::new(event));
            while ring.events.len() > self.capacity {
                if let Some(old) = ring.events.pop_front() {
                    ring.first_seq += 1;
                    ring.compacted_rv = old.rv;
                }
            }
            std::mem::take(&mut ring.wakers)
        };
        wakers.into_values().for_each(Waker::wake);
    }

    /// Forgets all events; watches from before `rv` fail from now on.
    pub fn compact(&self, rv: u64) {
        let wakers = {
            let mut ring = self.ring();
            ring.first_seq += ring.events.len() as u64;
            ring.events.clear();
            ring.compacted_rv = rv;
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
        let index = ring.events.partition_point(|e| e.rv <= rv);
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

    /// Events after `rv`, newest first, to undo them.
    ///
    /// # Errors
    /// The oldest known resourceVersion, when `rv` lies before it.
    pub fn undo_to(&self, rv: u64) -> Result<Vec<Arc<Event>>, u64> {
        let ring = self.ring();
        if rv < ring.compacted_rv {
            return Err(ring.compacted_rv + 1);
        }
        Ok(ring.events.iter().rev().take_while(|e| e.rv > rv).cloned().collect())
    }
}
