//! Following what changes: copies of the objects, kept up to date by watches, and screens redrawn from them.

use crate::context::{Context, Session, Wish};
use crate::failure::{Failure, Result};
use crate::objects::Object;
use futures::future::{BoxFuture, FutureExt, join_all, select_all};
use rollouts_kube::resource::{ANALYSIS_RUNS, EXPERIMENTS, PODS, REPLICA_SETS};
use rollouts_kube::{Cache, Resource};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

/// The shortest time between two screens.
const SCREEN_EVERY_AT_MOST: Duration = Duration::from_millis(200);
/// The longest: ages grow while nothing happens.
const SCREEN_EVERY_AT_LEAST: Duration = Duration::from_secs(1);
/// How often to look whether a copy that is not complete yet never will be.
const LOOK_FOR_TROUBLE_EVERY: Duration = Duration::from_millis(100);
/// Copies of several kinds of objects of one namespace.
pub(super) struct Live {
    caches: Vec<Cache<Object>>,
    /// Keeps them up to date for as long as it is polled; never ends.
    feed: BoxFuture<'static, ()>,
}

/// One kind of a [`Live`].
#[derive(Debug, Clone)]
pub(super) struct Source<'n> {
    pub(super) resource: Resource,
    /// The name of the only object wanted, or "".
    pub(super) name: &'n str,
    /// Labels of the objects wanted, in the syntax of `kubectl -l`, or "".
    pub(super) labels: &'n str,
}

impl<'n> Source<'n> {
    /// One object; all for "".
    pub(super) fn named(resource: Resource, name: &'n str) -> Self {
        Source { resource, name, labels: "" }
    }
}

/// What a tree is made of besides its root, in the order of [`Live::parts`].
pub(super) static PARTS: [Resource; 4] = [REPLICA_SETS, PODS, EXPERIMENTS, ANALYSIS_RUNS];

impl Live {
    /// Fills copies of `sources` and returns when all are complete. Access denied, or a server that does not answer,
    /// is an error here; later it is not, because a watch that is cut comes back.
    pub(super) async fn start(session: &Session, namespace: Option<&str>, sources: &[Source<'_>]) -> Result<Live> {
        let mut caches = Vec::new();
        let mut feeds = Vec::new();
        for Source { resource, name, labels } in sources {
            let client = session.rest.client().clone();
            let mut builder = Cache::builder(client, resource.clone()).namespace(namespace).labels(*labels);
            if !name.is_empty() {
                builder = builder.fields(format!("metadata.name={name}"));
            }
            let (cache, feed) = builder.build();
            caches.push(cache);
            feeds.push(feed);
        }
        let mut live = Live { caches, feed: join_all(feeds).map(|_| ()).boxed() };
        live.synced().await?;
        Ok(live)
    }

    async fn synced(&mut self) -> Result {
        let synced = join_all(self.caches.iter().map(Cache::synced)).map(|_| ());
        let mut synced = std::pin::pin!(synced);
        loop {
            tokio::select! {
                biased;
                () = &mut synced => return Ok(()),
                () = &mut self.feed => {}
                () = sleep(LOOK_FOR_TROUBLE_EVERY) => {}
            }
            let troubled = self.caches.iter().map(Cache::health).filter(|health| !health.synced);
            if let Some(problem) = troubled.filter_map(|health| health.lost).next() {
                return Err(Failure::of_request(&problem));
            }
        }
    }

    /// The objects of the n-th source.
    pub(super) fn list(&self, source: usize) -> Vec<Arc<Object>> {
        self.caches[source].list(None)
    }

    /// The objects of [`PARTS`], which must be the sources behind the first.
    pub(super) fn parts(&self) -> [Vec<Arc<Object>>; 4] {
        std::array::from_fn(|part| self.list(part + 1))
    }

    /// Returns after the next change. To be called anew for each: what changes between two calls counts for neither,
    /// so look at the objects after calling [`Live::watch`].
    pub(super) fn watch(&self) -> BoxFuture<'static, ()> {
        let changes = self.caches.iter().map(|cache| {
            let mut changes = cache.changes();
            async move { changes.changed().await }.boxed()
        });
        select_all(changes).map(|_| ()).boxed()
    }

    /// Keeps the copies up to date until `until` is ready.
    pub(super) async fn run<T>(&mut self, until: impl Future<Output = T>) -> T {
        let mut until = std::pin::pin!(until);
        loop {
            tokio::select! {
                biased;
                done = &mut until => return done,
                () = &mut self.feed => {}
            }
        }
    }
}

/// Shows a screen, and again when it changes, until the user asks to stop, `timeout` is over, or `draw` fails. Where it
/// cannot be drawn over, a change of ages alone is none.
pub(super) async fn screens(
    context: &mut Context<'_>,
    live: &mut Live,
    timeout: Option<Duration>,
    draw: impl Fn(&Live, jiff::Timestamp) -> Result<String>,
) -> Result {
    let deadline = timeout.map(|timeout| Instant::now() + timeout);
    let began = context.now();
    let mut screen = context.screen();
    loop {
        let change = live.watch();
        let text = draw(live, context.now())?;
        let essence = if screen.is_in_place() { text.clone() } else { draw(live, began)? };
        if let Some(frame) = screen.show(&text, essence, context.size()) {
            context.print(&frame)?;
        }
        let wait = async {
            sleep(SCREEN_EVERY_AT_MOST).await;
            tokio::select! {
                biased;
                () = change => {}
                () = sleep(SCREEN_EVERY_AT_LEAST - SCREEN_EVERY_AT_MOST) => {}
            }
        };
        let stop = async {
            match deadline {
                Some(deadline) => sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        let next = live.run(async {
            tokio::select! {
                biased;
                next = context.next_wish() => Some(next),
                () = stop => Some(Wish::Stop),
                () = wait => None,
            }
        });
        if next.await == Some(Wish::Stop) {
            return context.print(screen.end());
        }
    }
}
