//! Watches a namespace and writes down what it sees.

use super::{Event, KINDS, project};
use crate::feed::{Change, Feed};
use rollouts_kube::{RequestError, Resource};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Objects whose names start so are not recorded: their events tell that all earlier ones were written.
pub(crate) const MARKER: &str = "zz-flush";

/// A running observer of one namespace.
pub struct Observer {
    seen: Arc<Mutex<Seen>>,
    watches: JoinSet<Result<(), RequestError>>,
}

struct Seen {
    tracks: BTreeMap<String, Vec<Value>>,
    /// By uid of the event, with the order of first sight.
    events: BTreeMap<String, (usize, Event)>,
    flushed: bool,
    last_news: Instant,
}

impl Observer {
    /// Starts watching every recorded kind.
    ///
    /// # Errors
    /// What the API server answered.
    pub async fn start(client: &kube::Client, namespace: &str) -> Result<Observer, RequestError> {
        let seen = Seen { tracks: BTreeMap::new(), events: BTreeMap::new(), flushed: false, last_news: Instant::now() };
        let mut observer = Observer { seen: Arc::new(Mutex::new(seen)), watches: JoinSet::new() };
        for resource in KINDS {
            let feed = Feed::open(client.clone(), &resource, Some(namespace)).await?;
            observer.watches.spawn(watch(feed, resource, Arc::clone(&observer.seen)));
        }
        Ok(observer)
    }

    /// When something new was seen last, or [`Observer::quiet_from_now`] was called.
    pub fn last_news(&self) -> Instant {
        lock(&self.seen).last_news
    }

    /// Counts silence from now on.
    pub fn quiet_from_now(&self) {
        lock(&self.seen).last_news = Instant::now();
    }

    /// Whether an event of the marker object came.
    pub fn is_flushed(&self) -> bool {
        lock(&self.seen).flushed
    }

    /// Ends the watches and gives the tracks and the events in order.
    pub fn finish(mut self) -> (BTreeMap<String, Vec<Value>>, Vec<Event>) {
        self.watches.abort_all();
        let mut seen = lock(&self.seen);
        let mut events: Vec<(usize, Event)> = std::mem::take(&mut seen.events).into_values().collect();
        events.sort_by_key(|(order, _)| *order);
        (std::mem::take(&mut seen.tracks), events.into_iter().map(|(_, event)| event).collect())
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn watch(mut feed: Feed, resource: Resource, seen: Arc<Mutex<Seen>>) -> Result<(), RequestError> {
    loop {
        let change = feed.next().await?;
        lock(&seen).note(&resource.plural, &change);
    }
}

impl Seen {
    fn note(&mut self, plural: &str, change: &Change) {
        let meta = &change.object["metadata"];
        let name = meta["name"].as_str().unwrap_or_default();
        if name.starts_with(MARKER) {
            self.flushed |= plural == "events";
            return;
        }
        match plural {
            "events" => self.note_event(&change.object),
            "services" if name == "kubernetes" => {}
            _ => {
                let state = if change.is_deletion() { "DELETED".into() } else { project(plural, &change.object) };
                let track = self.tracks.entry(format!("{plural}/{name}")).or_default();
                if track.last() != Some(&state) {
                    track.push(state);
                    self.last_news = Instant::now();
                }
            }
        }
    }

    fn note_event(&mut self, event: &Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let kind = text(&event["involvedObject"]["kind"]);
        if !matches!(kind.as_str(), "Rollout" | "AnalysisRun" | "Experiment") {
            return;
        }
        let object = format!("{kind}/{}", text(&event["involvedObject"]["name"]));
        let (order, count) = (self.events.len(), event["count"].as_i64().unwrap_or(1));
        let entry = self.events.entry(text(&event["metadata"]["uid"])).or_insert_with(|| {
            self.last_news = Instant::now();
            (order, (object, text(&event["type"]), text(&event["reason"]), text(&event["message"]), 1))
        });
        entry.1.4 = count;
    }
}
