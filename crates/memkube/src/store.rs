//! The objects: one ordered map a resource, one global version counter, and a log of events each.

use crate::event::{Event, EventType, line_and_object};
use crate::log::{History, Log};
use crate::meta;
use crate::resource::StoreKey;
use bytes::Bytes;
use jiff::Timestamp;
use rollouts_api::Clock;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// One version of one object, immutable and shared by the store, the log and answers under way.
#[derive(Debug)]
pub struct Stored {
    /// `namespace/name`, or `name`.
    pub key: Box<str>,
    /// The object, in its storage version.
    pub value: Value,
    /// Its resourceVersion.
    pub rv: u64,
    json: OnceLock<Bytes>,
}

impl Stored {
    /// An object with its text.
    pub fn with_json(key: &str, value: Value, rv: u64, json: Bytes) -> Self {
        Stored { key: key.into(), value, rv, json: OnceLock::from(json) }
    }

    /// An object from its text.
    pub fn from_json(key: &str, rv: u64, json: Bytes) -> Self {
        // Fails only for what nests deeper than the parser goes, which is more than requests may.
        let value = serde_json::from_slice(&json).unwrap_or_default();
        Stored::with_json(key, value, rv, json)
    }

    /// An object that is not in the store (yet).
    pub fn detached(key: &str, value: Value) -> Self {
        let rv = meta::resource_version(&value).parse().unwrap_or(0);
        Stored { key: key.into(), value, rv, json: OnceLock::new() }
    }

    /// The object in JSON; serialized once.
    pub fn json(&self) -> &Bytes {
        self.json.get_or_init(|| to_json(&self.value))
    }
}

/// Serializes a value.
pub fn to_json(value: &Value) -> Bytes {
    Bytes::from(serde_json::to_vec(value).expect("a Value with string keys always serializes"))
}

/// All objects of one resource.
#[derive(Debug)]
pub struct Store {
    objects: BTreeMap<Box<str>, Arc<Stored>>,
    log: Arc<Log>,
}

/// All stores.
#[derive(Debug)]
pub struct Stores {
    stores: BTreeMap<StoreKey, Store>,
    rv: u64,
    committed: Arc<AtomicU64>,
    history: History,
    clock: Clock,
    /// How long an Event lives after its last write.
    event_ttl: Duration,
    /// Writes of Events, oldest first: when, key and resourceVersion.
    aging: VecDeque<(Timestamp, Box<str>, u64)>,
    /// When what is too old was last looked for.
    expired_at: Timestamp,
    /// Everything up to this resourceVersion was forgotten by [`Stores::compact`].
    compacted: u64,
}

/// Plural name of Events, which are stored in the core group.
const EVENTS: &str = "events";

fn is_events(store: &StoreKey) -> bool {
    store.plural == EVENTS && store.group.is_empty()
}

/// How often what is too old is looked for, in all logs, so that a resource at rest gives its history back too.
const EXPIRY_INTERVAL: Duration = Duration::from_secs(30);

impl Stores {
    /// No objects; every log keeps as much as `history` allows, and Events live for `event_ttl`.
    pub fn new(history: History, event_ttl: Duration, clock: Clock) -> Self {
        let (committed, expired_at) = (Arc::new(AtomicU64::new(1)), clock.now());
        let (stores, aging) = (BTreeMap::new(), VecDeque::new());
        Stores { stores, rv: 1, committed, history, clock, event_ttl, aging, expired_at, compacted: 0 }
    }

    /// The resourceVersion of the last write.
    pub fn rv(&self) -> u64 {
        self.rv
    }

    /// The same, readable without the store's lock: every event up to it is in its log.
    pub fn committed(&self) -> Arc<AtomicU64> {
        self.committed.clone()
    }

    fn store(&mut self, key: &StoreKey) -> &mut Store {
        let (history, rv) = (self.history, self.compacted);
        self.stores
            .entry(key.clone())
            .or_insert_with(|| Store { objects: BTreeMap::new(), log: Arc::new(Log::new(history, rv)) })
    }

    /// Makes a store whose history begins now.
    pub fn begin(&mut self, key: &StoreKey) {
        let (history, rv) = (self.history, self.rv);
        self.stores
            .entry(key.clone())
            .or_insert_with(|| Store { objects: BTreeMap::new(), log: Arc::new(Log::new(history, rv)) });
    }

    /// The log of a store.
    pub fn log(&mut self, key: &StoreKey) -> Arc<Log> {
        self.store(key).log.clone()
    }

    /// One object by `namespace/name`.
    pub fn get(&self, store: &StoreKey, key: &str) -> Option<&Arc<Stored>> {
        self.stores.get(store)?.objects.get(key)
    }

    /// Objects in key order, of one namespace or of all (`None`).
    pub fn range<'s>(
        &'s self,
        store: &StoreKey,
        namespace: Option<&str>,
    ) -> Box<dyn Iterator<Item = &'s Arc<Stored>> + 's> {
        let Some(store) = self.stores.get(store) else { return Box::new(std::iter::empty()) };
        match namespace {
            None => Box::new(store.objects.values()),
            Some(ns) => {
                // '0' follows '/', so this is exactly the keys that start with "ns/".
                let (from, to) = (format!("{ns}/"), format!("{ns}0"));
                let bounds: (Bound<&str>, Bound<&str>) = (Bound::Included(&from), Bound::Excluded(&to));
                Box::new(store.objects.range::<str, _>(bounds).map(|(_, o)| o))
            }
        }
    }

    /// Writes an object under the next resourceVersion.
    pub fn put(&mut self, store: &StoreKey, key: &str, mut value: Value) -> Arc<Stored> {
        self.rv += 1;
        let (rv, now) = (self.rv, self.clock.now());
        meta::set(&mut value, "resourceVersion", json!(rv.to_string()));
        if is_events(store) {
            self.aging.push_back((now, key.into(), rv));
        }
        let store = self.store(store);
        let event_type = if store.objects.contains_key(key) { EventType::Modified } else { EventType::Added };
        let (line, text) = line_and_object(event_type, &value);
        let stored = Arc::new(Stored::with_json(key, value, rv, text));
        let previous = store.objects.insert(key.into(), stored.clone());
        store.log.push(Event::new(event_type, now, line, stored.clone(), previous));
        self.committed.store(rv, Ordering::Release);
        self.expire(now);
        stored
    }

    /// Removes an object; gives its last state under the deletion's resourceVersion.
    pub fn remove(&mut self, store: &StoreKey, key: &str) -> Option<Arc<Stored>> {
        let value = self.get(store, key)?.value.clone();
        self.remove_as(store, key, value)
    }

    /// As [`Stores::remove`], with the last state given.
    pub fn remove_as(&mut self, store: &StoreKey, key: &str, value: Value) -> Option<Arc<Stored>> {
        let now = self.clock.now();
        let removed = self.take_out(store, key, value, now);
        self.expire(now);
        removed
    }

    fn take_out(&mut self, store: &StoreKey, key: &str, mut value: Value, now: Timestamp) -> Option<Arc<Stored>> {
        let rv = self.rv + 1;
        let store = self.store(store);
        let previous = store.objects.remove(key)?;
        meta::set(&mut value, "resourceVersion", json!(rv.to_string()));
        let (line, text) = line_and_object(EventType::Deleted, &value);
        let last = Arc::new(Stored::with_json(key, value, rv, text));
        store.log.push(Event::new(EventType::Deleted, now, line, last.clone(), Some(previous)));
        self.rv = rv;
        self.committed.store(rv, Ordering::Release);
        Some(last)
    }

    /// Forgets what is too old, now and then: history, and Events that nothing was written to for long.
    fn expire(&mut self, now: Timestamp) {
        let age = |since: Timestamp| Duration::try_from(now.duration_since(since)).unwrap_or_default();
        if age(self.expired_at) < EXPIRY_INTERVAL {
            return;
        }
        self.expired_at = now;
        self.stores.values().for_each(|s| s.log.expire(now));
        let events = StoreKey::new("", EVENTS);
        while let Some((_, key, rv)) = self.aging.pop_front_if(|(at, ..)| age(*at) > self.event_ttl) {
            // Of one that was written again there is a later entry.
            let old = self.get(&events, &key).filter(|event| event.rv == rv).map(|event| event.value.clone());
            if let Some(value) = old {
                self.take_out(&events, &key, value, now);
            }
        }
    }

    /// The objects as they were at `rv`.
    ///
    /// # Errors
    /// The oldest known resourceVersion, when `rv` lies before it.
    pub fn snapshot(&mut self, key: &StoreKey, namespace: Option<&str>, rv: u64) -> Result<Vec<Arc<Stored>>, u64> {
        let undo = self.log(key).undo_to(rv)?;
        let mut objects: BTreeMap<Box<str>, Arc<Stored>> =
            self.range(key, namespace).map(|o| (o.key.clone(), o.clone())).collect();
        let prefix = namespace.map(|ns| format!("{ns}/"));
        // Newest first: what remains of a key is the oldest.
        let undone: BTreeMap<&str, &Event> = undo.iter().map(|e| (e.key(), &**e)).collect();
        for (key, event) in undone {
            if prefix.as_ref().is_some_and(|p| !key.starts_with(p.as_str())) {
                continue;
            }
            match event.previous() {
                Some(previous) => objects.insert(key.into(), previous),
                None => objects.remove(key),
            };
        }
        Ok(objects.into_values().collect())
    }

    /// Forgets the history up to a version.
    pub fn compact(&mut self, rv: u64) {
        self.compacted = self.compacted.max(rv.min(self.rv));
        self.stores.values().for_each(|s| s.log.compact(self.compacted));
    }

    /// Ends all watches.
    pub fn drop_watches(&self) {
        self.stores.values().for_each(|s| s.log.drop_watches());
    }

    /// Every stored object, for inspection.
    pub fn all(&self) -> impl Iterator<Item = (&StoreKey, &Arc<Stored>)> {
        self.stores.iter().flat_map(|(k, s)| s.objects.values().map(move |o| (k, o)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::NEWEST_KEPT;
    use std::sync::Mutex;

    const HISTORY: History = History { events: 1_000, bytes: 1 << 20, age: Duration::from_secs(300) };

    const HOUR: Duration = Duration::from_secs(3600);

    fn stores(history: History) -> Stores {
        Stores::new(history, HOUR, Clock::new(|| Timestamp::UNIX_EPOCH))
    }

    /// How many events the log of pods has.
    fn known(s: &mut Stores) -> usize {
        s.log(&pods()).len()
    }

    fn pods() -> StoreKey {
        StoreKey::new("", "pods")
    }

    fn pod(n: i64) -> Value {
        json!({"metadata": {"name": "a"}, "n": n})
    }

    #[test]
    fn events_go_an_hour_after_their_last_write() {
        let (now, events) = (Arc::new(Mutex::new(Timestamp::UNIX_EPOCH)), StoreKey::new("", "events"));
        let clock = now.clone();
        let mut s = Stores::new(HISTORY, HOUR, Clock::new(move || *clock.lock().unwrap()));
        let pass = |minutes: u64| *now.lock().unwrap() += Duration::from_secs(60 * minutes);
        s.put(&events, "a/once", pod(1));
        s.put(&events, "a/again", pod(1));
        s.put(&pods(), "a/x", pod(1));
        pass(40);
        s.put(&events, "a/again", pod(2));
        pass(40);
        s.put(&pods(), "a/x", pod(2));
        let left = |s: &Stores| s.range(&events, None).map(|o| o.key.to_string()).collect::<Vec<_>>();
        assert_eq!(left(&s), ["a/again"]);
        pass(40);
        s.remove(&pods(), "a/x");
        assert!(left(&s).is_empty());
        assert_eq!(s.aging.len(), 0);
        // Who watches hears of it, and versions go on.
        assert_eq!(s.rv(), 1 + 6 + 2);
        assert_eq!(s.log(&events).undo_to(s.rv() - 1).unwrap()[0].event_type, EventType::Deleted);
    }

    #[test]
    fn versions_grow_and_namespaces_do_not_mix() {
        let mut s = stores(HISTORY);
        s.put(&pods(), "a/x", pod(1));
        s.put(&pods(), "a-b/x", pod(1));
        let last = s.put(&pods(), "a/x", pod(2));
        assert_eq!(last.rv, s.rv());
        assert_eq!(s.range(&pods(), Some("a")).count(), 1);
        assert_eq!(s.range(&pods(), None).count(), 2);
    }

    #[test]
    fn a_snapshot_undoes_later_writes() {
        let mut s = stores(HISTORY);
        let first = s.put(&pods(), "a/x", pod(1)).rv;
        s.put(&pods(), "a/y", pod(1));
        s.put(&pods(), "a/x", pod(2));
        s.remove(&pods(), "a/x");
        let then = s.snapshot(&pods(), Some("a"), first).unwrap();
        assert_eq!(then.len(), 1);
        assert_eq!(then[0].value["n"], 1);
        s.compact(s.rv);
        assert!(s.snapshot(&pods(), None, first).is_err());
    }

    #[test]
    fn a_snapshot_reads_old_events_from_their_text() {
        let mut s = stores(HISTORY);
        let first = s.put(&pods(), "a/x", pod(1)).rv;
        (2..500).for_each(|n| drop(s.put(&pods(), "a/x", pod(n))));
        assert_eq!(s.snapshot(&pods(), None, first).unwrap()[0].value["n"], 1);
        assert_eq!(s.snapshot(&pods(), None, first + 7).unwrap()[0].value["n"], 8);
    }

    #[test]
    fn only_the_newest_events_keep_parsed_objects() {
        let mut s = stores(HISTORY);
        let first = Arc::downgrade(&s.put(&pods(), "a/x", pod(0)));
        // It is the object of the first event and what was there before the second.
        (1..=NEWEST_KEPT).for_each(|_| drop(s.put(&pods(), "a/x", pod(1))));
        assert!(first.upgrade().is_some());
        s.put(&pods(), "a/x", pod(1));
        assert!(first.upgrade().is_none());
    }

    #[test]
    fn history_is_bounded_by_count() {
        let mut s = stores(History { events: 150, ..HISTORY });
        (0..300).for_each(|n| drop(s.put(&pods(), "a/x", pod(n))));
        assert_eq!(known(&mut s), 150);
        assert!(s.snapshot(&pods(), None, s.rv() - 150).is_ok());
        assert!(s.snapshot(&pods(), None, s.rv() - 151).is_err());
    }

    #[test]
    fn history_is_bounded_by_size() {
        let large = |n| json!({"metadata": {"name": "a"}, "n": n, "text": "x".repeat(10_000)});
        let mut s = stores(History { bytes: 200 * 10_300, ..HISTORY });
        (0..600).for_each(|n| drop(s.put(&pods(), "a/x", large(n))));
        let kept = known(&mut s);
        assert!((195..=200).contains(&kept), "{kept}");
        // However large they are, some stay; and what went is no longer counted.
        let huge = |n| json!({"metadata": {"name": "a"}, "n": n, "text": "x".repeat(100_000)});
        (0..300).for_each(|n| drop(s.put(&pods(), "a/x", huge(n))));
        assert_eq!(known(&mut s), NEWEST_KEPT);
        (0..300).for_each(|n| drop(s.put(&pods(), "a/x", large(n))));
        assert!((195..=200).contains(&known(&mut s)));
        s.compact(s.rv);
        assert_eq!(known(&mut s), 0);
        (0..300).for_each(|n| drop(s.put(&pods(), "a/x", large(n))));
        assert!((195..=200).contains(&known(&mut s)));
    }

    #[test]
    fn history_is_bounded_by_age_also_where_nothing_happens() {
        let now = Arc::new(Mutex::new(Timestamp::UNIX_EPOCH));
        let read = now.clone();
        let mut s = Stores::new(HISTORY, HOUR, Clock::new(move || *read.lock().unwrap()));
        let pass = |seconds: i64| *now.lock().unwrap() += jiff::SignedDuration::from_secs(seconds);
        let other = StoreKey::new("", "configmaps");
        (0..150).for_each(|n| drop(s.put(&pods(), "a/x", pod(n))));
        pass(200);
        (0..110).for_each(|n| drop(s.put(&pods(), "a/x", pod(n))));
        pass(90);
        s.put(&other, "a/x", pod(1));
        assert_eq!(known(&mut s), 260, "290 seconds are not too long");
        pass(40);
        s.put(&other, "a/x", pod(2));
        assert_eq!(known(&mut s), 110);
        pass(1_000);
        s.remove(&other, "a/x");
        assert_eq!(known(&mut s), NEWEST_KEPT, "the newest stay");
        assert!(s.snapshot(&pods(), None, 2).is_err());
    }
}
