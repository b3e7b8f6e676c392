//! The task behind a cache: list, watch, and begin again when either fails.

use super::builder::{Builder, Handler, Trim};
use super::decode::{self, Event, Item, ItemPage};
use super::lines::Lines;
use super::{Cache, Cached, Change, Watching, limits};
use crate::backoff::Backoff;
use crate::queue::panic_text;
use crate::rest::{Query, send_for_body};
use crate::version::older;
use crate::{Key, RequestError, Troubles};
use http::Method;
use http_body_util::BodyExt;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::PoisonError;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

pub(super) struct Reflector<T> {
    cache: Cache<T>,
    client: kube::Client,
    collection: String,
    query: Query,
    handlers: Vec<Handler<T>>,
    trim: Option<Trim<T>>,
    troubles: Troubles,
    /// What the cache is called when it is in trouble.
    name: String,
    watch_for: Duration,
    backoff: Backoff,
    may_be_unserved: bool,
}

/// Why a list or a watch ended.
enum End {
    /// The version to continue from is too old: list again.
    Expired,
    /// The server closed the watch as it was asked to: watch on.
    Closed,
    /// Nothing came over it for too long: watch on over another connection.
    Silent(&'static str),
    /// It failed and is to be tried again later.
    Failed(RequestError),
    /// What came makes no sense; start over from a list.
    Confused(String),
}

impl From<RequestError> for End {
    fn from(error: RequestError) -> Self {
        if error.is_gone() { End::Expired } else { End::Failed(error) }
    }
}

impl<T: Cached> Reflector<T> {
    pub(super) fn new(cache: Cache<T>, builder: Builder<T>) -> Self {
        let collection = builder.resource.collection(builder.namespace.as_deref());
        // Spread by name, not by chance.
        let spread = collection.bytes().fold(0u64, |sum, b| sum.wrapping_mul(31).wrapping_add(u64::from(b)));
        Reflector {
            cache,
            client: builder.client,
            name: format!("watch of {} {}{}", builder.resource, builder.labels, builder.fields).trim_end().to_owned(),
            query: Query::default().labels(builder.labels).fields(builder.fields),
            handlers: builder.handlers,
            trim: builder.trim,
            troubles: builder.troubles,
            watch_for: Duration::from_secs(limits::WATCH_SECONDS + spread % limits::WATCH_SPREAD_SECONDS),
            backoff: Backoff::new(limits::RETRY_MIN, limits::RETRY_MAX),
            may_be_unserved: builder.may_be_unserved,
            collection,
        }
    }

    pub(super) async fn run(mut self) {
        loop {
            let mut version = match self.list().await {
                Ok(version) => version,
                Err(End::Failed(error)) if self.may_be_unserved && error.is_not_found() => {
                    self.unserved().await;
                    continue;
                }
                Err(end) => {
                    self.pause(end).await;
                    continue;
                }
            };
            loop {
                match self.watch(&mut version).await {
                    End::Closed => {}
                    end @ End::Silent(_) => self.pause(end).await,
                    end @ (End::Expired | End::Confused(_)) => {
                        // The list that follows shows what was missed.
                        self.pause(end).await;
                        break;
                    }
                    End::Failed(error) => {
                        let relist = is_final(&error);
                        self.pause(End::Failed(error)).await;
                        if relist {
                            break;
                        }
                    }
                }
            }
        }
    }

    /// Waits before the next attempt.
    async fn pause(&mut self, end: End) {
        let (problem, wait) = match end {
            End::Closed => return,
            End::Expired => {
                tracing::debug!(resource = %self.cache.resource(), "version expired, listing again");
                return tokio::time::sleep(self.backoff.failed()).await;
            }
            End::Silent(why) => {
                tracing::info!(resource = %self.cache.resource(), "{why}: a new watch is opened");
                return tokio::time::sleep(self.backoff.failed()).await;
            }
            // The list that follows tells more.
            End::Failed(error) if self.may_be_unserved && error.is_not_found() => {
                return tokio::time::sleep(self.backoff.failed()).await;
            }
            End::Failed(error) => {
                self.troubles.failed(&self.name, &error);
                (error.to_string(), error.retry_after())
            }
            End::Confused(problem) => {
                self.troubles.refused(&self.name, &problem);
                (problem, None)
            }
        };
        self.cache.shared.health.change(|health| health.lost.replace(problem).is_none());
        tokio::time::sleep(self.backoff.failed().max(wait.unwrap_or_default())).await;
    }

    /// The API server does not know the kind, so there are no objects of it.
    async fn unserved(&mut self) {
        let gone = self.cache.read().keys();
        for key in gone {
            self.apply(|store| store.remove(&key).into_iter().collect());
        }
        self.in_touch();
        self.cache.shared.health.change(|health| {
            let is_news = !health.unserved;
            (health.unserved, health.synced) = (true, false);
            is_news
        });
        tokio::time::sleep(limits::UNSERVED_RETRY).await;
    }

    /// A watch brought something or lasted. A list alone is no proof: it would hide that watches keep failing.
    fn in_touch(&mut self) {
        self.backoff.reset();
        self.troubles.worked(&self.name);
        self.cache.shared.health.change(|health| health.lost.take().is_some());
    }

    /// Reads the whole collection page by page and takes it in. A list without a version is read from the store's
    /// present, so it is believed even where it is older than what is known: then the store was restored, or a replica
    /// of it lags, and the watch that follows catches up.
    async fn list(&mut self) -> Result<String, End> {
        let mut missing: BTreeSet<Key> = self.cache.read().keys();
        let mut next = String::new();
        loop {
            let query = self.query.clone().with("limit", limits::LIST_PAGE_OBJECTS.to_string()).with("continue", next);
            let (meta, items) = read_page(&self.client, &query.on(&self.collection)).await?;
            for item in items {
                match item {
                    Ok(item) => {
                        missing.remove(&Key::of(item.meta()));
                        self.hold(item);
                    }
                    Err(problem) => self.nameless(&problem),
                }
            }
            next = meta.next;
            if next.is_empty() {
                for key in missing {
                    self.apply(|store| store.remove(&key).into_iter().collect());
                }
                self.reached(&meta.resource_version);
                self.cache.shared.health.change(|health| {
                    let is_news = !health.synced || health.unserved;
                    (health.synced, health.unserved) = (true, false);
                    is_news
                });
                return Ok(meta.resource_version);
            }
        }
    }

    /// Watches from `version`, which moves with what comes, until the watch ends or is doubted.
    async fn watch(&mut self, version: &mut String) -> End {
        let watching = self.cache.shared.watching.clone();
        let set = |since| {
            watching.change(|watching| {
                *watching = Watching { since, is_doubted: false };
                false
            })
        };
        set(Some(Instant::now()));
        let end = tokio::select! {
            biased;
            () = watching.until(|watching| watching.is_doubted) => {
                End::Silent("the watch does not show what was written")
            }
            end = self.follow(version) => end,
        };
        set(None);
        end
    }

    async fn follow(&mut self, version: &mut String) -> End {
        let query = self
            .query
            .clone()
            .with("watch", "true")
            .with("allowWatchBookmarks", "true")
            .with("resourceVersion", version.as_str())
            .with("timeoutSeconds", self.watch_for.as_secs().to_string());
        let opened = Instant::now();
        let deadline = opened + self.watch_for + limits::WATCH_OVERDUE;
        let overdue = || End::Silent("the watch fell silent");
        let url = query.on(&self.collection);
        let begin = opened + limits::WATCH_BEGIN_TIMEOUT;
        let mut body = match timeout_at(begin, send_for_body(&self.client, Method::GET, &url, None)).await {
            Ok(Ok(body)) => body,
            Ok(Err(error)) => return error.into(),
            Err(_) => return End::Failed(RequestError::Lost("the watch did not begin in time".into())),
        };
        let (mut lines, mut proven) = (Lines::default(), false);
        // Only a server that sends bookmarks says something when nothing happens.
        let (mut heard, mut brings_bookmarks) = (Instant::now(), false);
        loop {
            let until = match (proven, brings_bookmarks) {
                (false, _) => opened + limits::WATCH_SHORT,
                (true, false) => deadline,
                (true, true) => deadline.min(heard + limits::WATCH_SILENT_MAX),
            };
            let frame = match timeout_at(until, body.frame()).await {
                Ok(Some(Ok(frame))) => frame,
                Ok(Some(Err(error))) => return End::Failed(RequestError::lost(&error)),
                Ok(None) if proven => return End::Closed,
                Ok(None) => return End::Failed(RequestError::Lost("the watch ended at once".into())),
                Err(_) if proven => return overdue(),
                Err(_) => {
                    proven = true;
                    self.in_touch();
                    continue;
                }
            };
            heard = Instant::now();
            let Ok(bytes) = frame.into_data() else { continue };
            if let Err(problem) = lines.push(&bytes) {
                return End::Confused(problem);
            }
            while let Some(line) = lines.next() {
                match decode::event::<T>(line) {
                    Ok(Event::Error(status)) => {
                        let error = RequestError::Refused(status);
                        return if error.is_gone() { End::Expired } else { End::Confused(error.to_string()) };
                    }
                    Ok(event) => {
                        brings_bookmarks |= matches!(event, Event::Bookmark(_));
                        if !std::mem::replace(&mut proven, true) {
                            self.in_touch();
                        }
                        self.take_in(event, version);
                    }
                    // Where to continue from is unknown now.
                    Err(problem) => return End::Confused(problem),
                }
            }
        }
    }

    fn take_in(&mut self, event: Event<T>, version: &mut String) {
        match event {
            Event::Upsert(item) => {
                advance(version, &item.meta().resource_version);
                if !self.is_old_news(&item) {
                    self.hold(item);
                }
            }
            Event::Deleted(item) => {
                advance(version, &item.meta().resource_version);
                if !self.is_old_news(&item) {
                    let key = Key::of(item.meta());
                    self.apply(|store| store.remove(&key).into_iter().collect());
                }
            }
            Event::Bookmark(at) => advance(version, &at),
            // Ends the watch before it gets here.
            Event::Error(_) => {}
        }
        self.reached(version);
    }

    /// Tells users of the copy up to where it is complete.
    fn reached(&self, version: &str) {
        let mut store = self.cache.shared.store.write().unwrap_or_else(PoisonError::into_inner);
        version.clone_into(&mut store.version);
    }

    /// Whether a watch brings something older than what is known of the object. API servers send events in order,
    /// but a proxy or a test may repeat one.
    fn is_old_news(&self, item: &Item<T>) -> bool {
        let meta = item.meta();
        let store = self.cache.read();
        store.known(&Key::of(meta)).is_some_and(|known| older(&meta.resource_version, &known.resource_version))
    }

    fn nameless(&self, problem: &str) {
        tracing::warn!(resource = %self.cache.resource(), "an object that cannot be named is left alone: {problem}");
    }

    /// Takes in an object as it is now. A trim that panics leaves it whole.
    fn hold(&mut self, mut item: Item<T>) {
        if let (Some(trim), Item::Good(object)) = (&mut self.trim, &mut item)
            && let Err(panic) = catch_unwind(AssertUnwindSafe(|| trim(object)))
        {
            tracing::error!(resource = %self.cache.resource(), "a trim panicked: {}", panic_text(&*panic));
        }
        self.apply(|store| store.upsert(item));
    }

    /// Changes the copy, then reports what changed. Code of the caller that panics (a handler, an index function)
    /// misses that change and nothing else.
    fn apply(&mut self, change: impl FnOnce(&mut super::Store<T>) -> Vec<Change<T>>) {
        let changes = catch_unwind(AssertUnwindSafe(|| {
            change(&mut self.cache.shared.store.write().unwrap_or_else(PoisonError::into_inner))
        }));
        let changes = changes.unwrap_or_else(|panic| {
            tracing::error!(resource = %self.cache.resource(), "an index function panicked: {}", panic_text(&*panic));
            Vec::new()
        });
        for change in &changes {
            if let Change::Malformed { new, .. } = change {
                let (resource, key) = (self.cache.resource(), change.key());
                tracing::warn!(%resource, %key, "object does not decode and is left alone: {}", new.error);
            }
            for handler in &mut self.handlers {
                if let Err(panic) = catch_unwind(AssertUnwindSafe(|| handler(change))) {
                    let (resource, key) = (self.cache.resource(), change.key());
                    tracing::error!(%resource, %key, "a change handler panicked: {}", panic_text(&*panic));
                }
            }
        }
        if !changes.is_empty() {
            self.cache.shared.revision.change(|revision| {
                *revision += 1;
                true
            });
        }
    }
}

async fn read_page<T: Cached>(client: &kube::Client, url: &str) -> Result<ItemPage<T>, End> {
    let read = async {
        let body = send_for_body(client, Method::GET, url, None).await?;
        let text = body.collect().await.map_err(|e| RequestError::lost(&e))?.to_bytes();
        decode::page::<T>(&text).map_err(End::Confused)
    };
    let late = || Err(RequestError::Lost("a page of the list did not arrive in time".into()).into());
    timeout(limits::LIST_PAGE_TIMEOUT, read).await.unwrap_or_else(|_| late())
}

/// Whether a refused watch will be refused again, so that a list must show where to begin anew: the version may be
/// from before a restore of the server's store (which says 504), or the resource may be gone.
fn is_final(error: &RequestError) -> bool {
    error.status().is_some_and(|s| s.code == 504 || (s.code < 500 && s.code != 429))
}

/// Moves the version to continue from, never back.
fn advance(version: &mut String, to: &str) {
    if !to.is_empty() && !older(to, version) {
        to.clone_into(version);
    }
}
