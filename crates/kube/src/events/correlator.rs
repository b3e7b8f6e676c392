//! Which events are worth a write, by the rules of Kubernetes' own client (client-go's event correlator):
//!
//! - From the [`SIMILAR_EVENTS_MAX`]th different message on, events that differ in nothing else and follow each
//!   other within [`SIMILAR_WITHIN_SECONDS`] are combined into one.
//! - An event seen before, equal in everything but the time, raises the count of the stored one.
//! - Each object may cause [`EVENTS_BURST`] writes of each type at once and then one in [`EVENT_REFILL_SECONDS`]. Those
//!   beyond are counted but not written.
//!
//! What is remembered for this is limited to [`REMEMBERED_MAX`] entries of each kind, least recently used first out.
//! Objects, reasons and messages are remembered as [`Fingerprint`]s alone: their texts would be most of the memory of
//! a controller of a thousand Rollouts.

use super::Event;
use super::lru::Lru;
use jiff::Timestamp;
use rollouts_api::Time;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The message that makes so many different ones is the first to be combined.
pub const SIMILAR_EVENTS_MAX: usize = 10;
/// Similar events further apart than this start afresh.
pub const SIMILAR_WITHIN_SECONDS: i64 = 600;
/// Writes of one type an object may cause at once.
pub const EVENTS_BURST: f64 = 25.0;
/// Time after which an object may cause one more write of that type.
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

/// Stands for a value: the same in every run, and never the same for two different values that one controller meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Fingerprint(u64, u64);

impl Fingerprint {
    fn of(value: &impl Hash) -> Self {
        let half = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            salt.hash(&mut hasher);
            value.hash(&mut hasher);
            hasher.finish()
        };
        Fingerprint(half(0), half(1))
    }
}

/// Different messages of similar events.
struct Similar {
    /// Oldest first, fewer than [`SIMILAR_EVENTS_MAX`].
    messages: Vec<Fingerprint>,
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
    /// By what is equal in similar events: all but message and time.
    similar: Lru<Fingerprint, Similar, REMEMBERED_MAX>,
    /// By what is equal in equal events: also the message, unless they are combined.
    written: Lru<Fingerprint, Written, REMEMBERED_MAX>,
    /// By object and type: what is normal does not keep a warning from being written.
    buckets: Lru<Fingerprint, Bucket, REMEMBERED_MAX>,
}

impl Correlator {
    /// What to write for `event`, recorded at `now`; nothing if its object has used up its share.
    pub fn correlate(&mut self, event: Event, now: Timestamp) -> Option<Action> {
        let o = &event.object;
        // Two versions of an object are the same object here.
        let object = Fingerprint::of(&(&o.api_version, &o.kind, &o.namespace, &o.name, &o.uid));
        let of_type = Fingerprint::of(&(object.0, object.1, event.kind));
        let (event, kind) = self.combine(event, object, now);
        let action = self.count(event, kind);
        self.afford(of_type, now).then_some(action)
    }

    fn combine(&mut self, mut event: Event, object: Fingerprint, now: Timestamp) -> (Event, Fingerprint) {
        let kind = Fingerprint::of(&(object.0, object.1, event.kind, &event.reason));
        let message = Fingerprint::of(&event.message);
        let similar = self.similar.entry(kind, || Similar { messages: Vec::new(), last: now });
        if now.duration_since(similar.last).as_secs() > SIMILAR_WITHIN_SECONDS {
            similar.messages.clear();
        }
        similar.last = now;
        if !similar.messages.contains(&message) {
            similar.messages.push(message);
        }
        if similar.messages.len() < SIMILAR_EVENTS_MAX {
            return (event, Fingerprint::of(&(kind.0, kind.1, message.0, message.1)));
        }
        // One below the limit, so that the list does not grow and the next message makes it full again.
        similar.messages.remove(0);
        event.message.insert_str(0, COMBINED_PREFIX);
        (event, kind)
    }

    fn count(&mut self, mut event: Event, kind: Fingerprint) -> Action {
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

    fn afford(&mut self, of_type: Fingerprint, now: Timestamp) -> bool {
        let bucket = self.buckets.entry(of_type, || Bucket { tokens: EVENTS_BURST, at: now });
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
