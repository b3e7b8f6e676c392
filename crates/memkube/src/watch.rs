//! The body of a watch: a stream of lines that follows a store's log.

use crate::errors::ApiError;
use crate::event::{Event, EventType, event_line};
use crate::log::{Cursor, Log, Read};
use crate::selector::Filter;
use crate::store::{Stored, to_json};
use bytes::Bytes;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

/// How a watch prints an object; `None` sends the stored bytes.
pub type Render = Option<Box<dyn FnMut(&Value) -> Value + Send>>;

/// What a watch sends, and until when.
pub struct WatchOptions {
    /// Which objects it selects.
    pub filter: Filter,
    /// How it prints them.
    pub render: Render,
    /// Objects to send first as `ADDED`.
    pub initial: Vec<Arc<Stored>>,
    /// Whether a bookmark marks the end of the initial objects.
    pub initial_bookmark: bool,
    /// Period of bookmarks, if wanted.
    pub bookmarks: Option<Duration>,
    /// When the server ends the watch.
    pub timeout: Duration,
    /// apiVersion and kind of bookmarks.
    pub api_version: String,
    /// Kind of bookmarks.
    pub kind: String,
}

/// A running watch.
pub struct WatchBody {
    log: Arc<Log>,
    cursor: Option<Cursor>,
    committed: Arc<AtomicU64>,
    options: WatchOptions,
    queue: VecDeque<Bytes>,
    end: Pin<Box<Sleep>>,
    bookmark: Option<(Pin<Box<Sleep>>, Duration)>,
    done: bool,
}

impl WatchBody {
    /// A watch of `log` from `cursor`; `rv` is the version of the initial objects.
    pub fn new(log: Arc<Log>, cursor: Cursor, committed: Arc<AtomicU64>, rv: u64, mut options: WatchOptions) -> Self {
        let mut queue = VecDeque::new();
        for object in std::mem::take(&mut options.initial) {
            queue.push_back(print(&mut options.render, EventType::Added, &object));
        }
        if options.initial_bookmark {
            queue.push_back(bookmark_line(&mut options, rv, true));
        }
        let now = Instant::now();
        let end = Box::pin(sleep_until(now + options.timeout));
        let bookmark = options.bookmarks.map(|every| (Box::pin(sleep_until(now + every)), every));
        WatchBody { log, cursor: Some(cursor), committed, options, queue, end, bookmark, done: false }
    }

    /// A watch that only says why it cannot start.
    pub fn failed(log: Arc<Log>, error: &ApiError, options: WatchOptions) -> Self {
        let end = Box::pin(sleep_until(Instant::now() + options.timeout));
        let queue = VecDeque::from([error_line(error)]);
        WatchBody { log, cursor: None, committed: Arc::default(), options, queue, end, bookmark: None, done: true }
    }

    fn enqueue(&mut self, event: &Event) {
        let filter = &self.options.filter;
        // Who selects nothing needs no object, which an old event would have to parse.
        let (before, now) = if filter.is_narrow() {
            (event.previous().is_some_and(|p| filter.matches(&p)), filter.matches(&event.object()))
        } else {
            let seen = filter.sees(event.key());
            (seen && event.event_type != EventType::Added, seen)
        };
        let (event_type, deleted_from_view) = match (event.event_type, before, now) {
            (EventType::Deleted, true, _) => (EventType::Deleted, false),
            (EventType::Deleted, false, _) => return,
            (_, false, true) => (EventType::Added, false),
            (_, true, true) => (EventType::Modified, false),
            (_, true, false) => (EventType::Deleted, true),
            (_, false, false) => return,
        };
        let line = if self.options.render.is_none() && event_type == event.event_type {
            event.line().clone()
        } else if deleted_from_view {
            // The watcher sees the state it knew, under the version of the change.
            let mut last = event.previous().map_or(Value::Null, |p| p.value.clone());
            crate::meta::set(&mut last, "resourceVersion", json!(event.rv().to_string()));
            let shown = self.options.render.as_mut().map_or(last.clone(), |r| r(&last));
            event_line(event_type.as_str(), &to_json(&shown))
        } else {
            print(&mut self.options.render, event_type, &event.object())
        };
        self.queue.push_back(line);
    }

    /// The next line, if the watch goes on.
    pub fn poll_line(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            if let Some(line) = self.queue.pop_front() {
                return Poll::Ready(Some(line));
            }
            let Some(cursor) = self.cursor.as_mut().filter(|_| !self.done) else { return Poll::Ready(None) };
            // Read before the log is looked at: all events up to it are there.
            let committed = self.committed.load(Ordering::Acquire);
            match self.log.read(cursor, cx.waker()) {
                Read::Events(events) => {
                    events.iter().for_each(|e| self.enqueue(e));
                    continue;
                }
                Read::Expired(oldest) => {
                    let error = ApiError::expired(format!("too old resource version: {} ({oldest})", oldest - 1));
                    self.queue.push_back(error_line(&error));
                    self.done = true;
                    continue;
                }
                Read::Cut => self.done = true,
                Read::Pending => {}
            }
            if self.done || self.end.as_mut().poll(cx).is_ready() {
                self.done = true;
                return Poll::Ready(None);
            }
            if let Some((sleep, every)) = &mut self.bookmark
                && sleep.as_mut().poll(cx).is_ready()
            {
                let next = Instant::now() + *every;
                sleep.as_mut().reset(next);
                let line = bookmark_line(&mut self.options, committed, false);
                self.queue.push_back(line);
                continue;
            }
            return Poll::Pending;
        }
    }
}

impl Drop for WatchBody {
    fn drop(&mut self) {
        if let Some(cursor) = &self.cursor {
            self.log.forget(cursor);
        }
    }
}

fn print(render: &mut Render, event_type: EventType, object: &Stored) -> Bytes {
    match render {
        None => event_line(event_type.as_str(), object.json()),
        Some(render) => event_line(event_type.as_str(), &to_json(&render(&object.value))),
    }
}

fn bookmark_line(options: &mut WatchOptions, rv: u64, initial: bool) -> Bytes {
    let mut object = json!({
        "kind": options.kind, "apiVersion": options.api_version,
        "metadata": {"resourceVersion": rv.to_string()},
    });
    if initial {
        object["metadata"]["annotations"] = json!({"k8s.io/initial-events-end": "true"});
    }
    let shown = options.render.as_mut().map_or_else(|| object.clone(), |r| r(&object));
    event_line("BOOKMARK", &to_json(&shown))
}

fn error_line(error: &ApiError) -> Bytes {
    event_line("ERROR", &to_json(&error.to_status()))
}
