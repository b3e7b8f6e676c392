//! One write in the history of a store.

use crate::store::Stored;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;
use std::sync::Arc;

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

/// One version of an object in the history: its text, and while it is new the object too. A parsed object takes more
/// room than its text, a map of one field as much as one of eleven, and hardly anyone asks for an old one.
#[derive(Debug, Clone)]
struct Version {
    rv: u64,
    json: Bytes,
    parsed: Option<Arc<Stored>>,
}

impl Version {
    fn new(stored: Arc<Stored>) -> Self {
        Version { rv: stored.rv, json: stored.json().clone(), parsed: Some(stored) }
    }

    fn stored(&self, key: &str) -> Arc<Stored> {
        self.parsed.clone().unwrap_or_else(|| Arc::new(Stored::from_json(key, self.rv, self.json.clone())))
    }

    fn text_only(&self) -> Self {
        Version { parsed: None, ..self.clone() }
    }
}

/// One committed write.
#[derive(Debug)]
pub struct Event {
    /// What happened.
    pub event_type: EventType,
    /// When, by the server's clock.
    pub at: Timestamp,
    key: Box<str>,
    line: Bytes,
    object: Version,
    previous: Option<Version>,
}

impl Event {
    /// A new event. `object` is the object after the write; for a deletion its last state under the deletion's
    /// resourceVersion. `line` tells of it.
    pub fn new(
        event_type: EventType,
        at: Timestamp,
        line: Bytes,
        object: Arc<Stored>,
        previous: Option<Arc<Stored>>,
    ) -> Self {
        let (key, previous) = (object.key.clone(), previous.map(Version::new));
        Event { event_type, at, key, line, object: Version::new(object), previous }
    }

    /// Its resourceVersion.
    pub fn rv(&self) -> u64 {
        self.object.rv
    }

    /// Key of the object.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The line every unfiltered watcher sends.
    pub fn line(&self) -> &Bytes {
        &self.line
    }

    /// The object after the write; that of an old event is parsed.
    pub fn object(&self) -> Arc<Stored> {
        self.object.stored(&self.key)
    }

    /// The object before the write; that of an old event is parsed.
    pub fn previous(&self) -> Option<Arc<Stored>> {
        self.previous.as_ref().map(|p| p.stored(&self.key))
    }

    /// The same event without parsed objects.
    pub fn text_only(&self) -> Self {
        let (object, previous) = (self.object.text_only(), self.previous.as_ref().map(Version::text_only));
        Event {
            event_type: self.event_type,
            at: self.at,
            key: self.key.clone(),
            line: self.line.clone(),
            object,
            previous,
        }
    }

    /// Roughly how many bytes of memory it holds, parsed objects aside. The text before the write is not counted: it is
    /// part of an earlier event's line.
    pub fn size(&self) -> usize {
        size_of::<Event>() + self.key.len() + self.line.len()
    }
}

/// `{"type":…,"object":…}` and a newline.
pub fn event_line(event_type: &str, object: &[u8]) -> Bytes {
    let mut line = Vec::with_capacity(object.len() + 40);
    begin_line(&mut line, event_type);
    line.extend_from_slice(object);
    line.extend_from_slice(LINE_END);
    Bytes::from(line)
}

/// The line of an event, and within it, in the same memory, the object alone.
pub fn line_and_object(event_type: EventType, object: &Value) -> (Bytes, Bytes) {
    let mut line = Vec::new();
    begin_line(&mut line, event_type.as_str());
    let start = line.len();
    serde_json::to_writer(&mut line, object).expect("a Value with string keys always serializes");
    let end = line.len();
    line.extend_from_slice(LINE_END);
    // Cut to size: it may stay for minutes.
    let line = Bytes::from(line.into_boxed_slice());
    let object = line.slice(start..end);
    (line, object)
}

fn begin_line(line: &mut Vec<u8>, event_type: &str) {
    line.extend_from_slice(b"{\"type\":\"");
    line.extend_from_slice(event_type.as_bytes());
    line.extend_from_slice(b"\",\"object\":");
}

const LINE_END: &[u8] = b"}\n";

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_old_event_tells_the_same_from_its_text() {
        let value = json!({"metadata": {"name": "a", "labels": {"x": "y"}}, "n": 1.5});
        let (line, text) = line_and_object(EventType::Modified, &value);
        assert_eq!(line, event_line("MODIFIED", &text));
        let stored = |rv| Arc::new(Stored::with_json("ns/a", value.clone(), rv, text.clone()));
        let new = Event::new(EventType::Modified, Timestamp::UNIX_EPOCH, line, stored(8), Some(stored(7)));
        let old = new.text_only();
        for event in [&new, &old] {
            assert_eq!((event.rv(), event.key(), event.object().rv), (8, "ns/a", 8));
            assert_eq!((&event.object().value, event.object().json()), (&value, &text));
            let previous = event.previous().unwrap();
            assert_eq!((&*previous.key, &previous.value, previous.rv), ("ns/a", &value, 7));
        }
        assert!(Arc::ptr_eq(&new.object(), &new.object()));
        assert!(old.object.parsed.is_none() && old.previous.unwrap().parsed.is_none());
    }
}
