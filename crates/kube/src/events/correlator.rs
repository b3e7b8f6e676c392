//! Which events are worth a write, by the rules of Kubernetes' own client (client-go's event correlator):
//!
//! - From the [`SIMILAR_EVENTS_MAX`]th different message on, events that differ in nothing else and follow each
//!   other within [`SIMILAR_WITHIN_SECONDS`] are combined into one.
//! - An event seen before, equal in everything but the time, raises the count of the stored one.
//! - Each object may cause [`EVENTS_BURST`] writes at once and then one in [`EVENT_REFILL_SECONDS`]. Those beyond are
//!   counted but not written.
//!
//! What is remembered for this is limited to [`REMEMBERED_MAX`] entries of each kind, least recently used first out.

use super::lru::Lru;
use super::{Event, EventType, ObjectReference};
use jiff::Timestamp;
use rollouts_api::Time;
use std::collections::BTreeSet;

/// The message that makes so many different ones is the first to be combined.
pub const SIMILAR_EVENTS_MAX: usize = 10;
/// Similar events further apart than this start afresh.
pub const SIMILAR_WITHIN_SECONDS: i64 = 600;
/// Writes an object may cause at once.
pub const EVENTS_BURST: f64 = 25.0;
/// Time after which an object may cause one more write.
pub const EVENT_REFILL_SECONDS: f64 = 300.0;
/// How many entries of each kind are remembered.
pub const REMEMBERED_MAX: usize = 4096;
/// Begins the message of a combined event.
const COMBINED_PREFIX: &str = "(combined from similar events): ";

/// What to write.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// A new event.
    Create(Event),
    /// A stored event, seen again.
    Update(Event),
}

/// What is equal in similar events. The message is set only to tell equal events from similar ones.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    object: ObjectReference,
    kind: EventType,
    reason: String,
    message: Option<String>,
}

/// Different messages of similar events.
struct Similar {
    messages: BTreeSet<String>,
    last: Timestamp,
}

/// An event that was written.
struct Written {
    name: String,
    first: Time,
    count: u64,
}

/// A token bucket.
struct Bucket {
    tokens: f64,
    at: Timestamp,
}

/// Remembers enough of past events to judge the next one.
#[derive(Default)]
pub struct Correlator {
    similar: Lru<Kind, Similar, REMEMBERED_MAX>,
    written: Lru<Kind, Written, REMEMBERED_MAX>,
    buckets: Lru<ObjectReference, Bucket, REMEMBERED_MAX>,
}

impl Correlator {
    /// What to write for `event`, recorded at `now`; nothing if its object has used up its share.
    pub fn correlate(&mut self, event: Event, now: Timestamp) -> Option<Action> {
        // Two versions of an object are the same object here.
        let object = ObjectReference { resource_version: String::new(), ..event.object.clone() };
        let kind = Kind { object, kind: event.kind, reason: event.reason.clone(), message: None };
        let (event, kind) = self.combine(event, kind, now);
        let object = kind.object.clone();
        let action = self.count(event, kind);
        self.afford(object, now).then_some(action)
    }

    fn combine(&mut self, mut event: Event, kind: Kind, now: Timestamp) -> (Event, Kind) {
        let fresh = || Similar { messages: BTreeSet::new(), last: now };
        let similar = self.similar.entry(kind.clone(), fresh);
        if now.duration_since(similar.last).as_secs() > SIMILAR_WITHIN_SECONDS {
            similar.messages.clear();
        }
        similar.last = now;
        similar.messages.insert(event.message.clone());
        if similar.messages.len() < SIMILAR_EVENTS_MAX {
            let message = Some(event.message.clone());
            return (event, Kind { message, ..kind });
        }
        // One below the limit, so that the set does not grow and the next message makes it full again.
        similar.messages.pop_first();
        event.message.insert_str(0, COMBINED_PREFIX);
        (event, kind)
    }

    fn count(&mut self, mut event: Event, kind: Kind) -> Action {
        let written = self.written.entry(kind, || Written { name: event.name.clone(), first: event.first, count: 0 });
        written.count += 1;
        if written.count == 1 {
            return Action::Create(event);
        }
        event.name.clone_from(&written.name);
        event.first = written.first;
        event.count = written.count;
        Action::Update(event)
    }

    fn afford(&mut self, object: ObjectReference, now: Timestamp) -> bool {
        let bucket = self.buckets.entry(object, || Bucket { tokens: EVENTS_BURST, at: now });
        let passed = now.duration_since(bucket.at).as_secs_f64().max(0.0);
        bucket.tokens = (bucket.tokens + passed / EVENT_REFILL_SECONDS).min(EVENTS_BURST);
        bucket.at = now;
        let affordable = bucket.tokens >= 1.0;
        if affordable {
            bucket.tokens -= 1.0;
        }
        affordable
    }
}

#[cfg(test)]
mod tests;
