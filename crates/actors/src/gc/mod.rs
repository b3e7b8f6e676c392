//! Garbage collection: an object goes with the last of its owners, at once, before them, or not at all.

mod collect;
mod graph;

use crate::machinery::{
    Backoff, Cached, Change, Context, Hub, Queue, Reflecting, ServedResource, Slim, Store, discover, drive,
    reflect_path,
};
use graph::{Graph, Node};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// A real API server serves a new kind a moment after its definition says so.
const SECOND_LOOK: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub(super) struct Collector {
    ctx: Context,
    shared: Arc<Shared>,
    queue: Arc<Queue<String>>,
}

#[derive(Default)]
struct Shared {
    graph: Mutex<Graph>,
    served: Mutex<Arc<Vec<ServedResource>>>,
    rediscover: Notify,
    ready: Notify,
}

impl Collector {
    fn graph(&self) -> MutexGuard<'_, Graph> {
        self.shared.graph.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn served(&self) -> Arc<Vec<ServedResource>> {
        self.shared.served.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn look_at(&self, uids: Vec<String>) {
        uids.into_iter().for_each(|uid| self.queue.add(uid));
    }

    fn changed(&self, resource: &Arc<ServedResource>, change: &Change<'_, Slim>) {
        let look = match (change.new, change.old) {
            (Some(new), _) => self.graph().upsert(Node { resource: resource.clone(), meta: new.metadata.clone() }),
            (None, Some(old)) => self.graph().remove(old.uid()),
            (None, None) => Vec::new(),
        };
        self.look_at(look);
        if resource.plural == "customresourcedefinitions" {
            self.shared.rediscover.notify_one();
        }
    }
}

pub(crate) fn start(hub: &mut Hub) {
    let collector = Collector { ctx: hub.ctx.clone(), shared: Arc::default(), queue: Arc::new(Queue::new()) };
    let watcher = collector.clone();
    hub.spawn(async move { watch_everything(watcher).await });
    hub.spawn(async move {
        collector.shared.ready.notified().await;
        let collector = &collector;
        drive("garbage-collector", collector.queue.clone(), move |uid| collector.clone().collect(uid)).await;
    });
}

struct Watched {
    resource: Arc<ServedResource>,
    store: Arc<Store<Slim>>,
    _reflecting: Reflecting,
}

/// Keeps a watch on every kind that can be deleted, as kinds come and go.
async fn watch_everything(collector: Collector) {
    let mut watched: BTreeMap<String, Watched> = BTreeMap::new();
    let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(10));
    let mut again = None;
    loop {
        match discover(&collector.ctx.client).await {
            Ok(served) => {
                backoff.reset();
                follow(&collector, &mut watched, served);
            }
            Err(error) => {
                tracing::debug!(%error, "cannot discover kinds");
                tokio::time::sleep(backoff.next()).await;
                continue;
            }
        }
        for kind in watched.values() {
            kind.store.synced().await;
        }
        // Owners may have been of a kind that was not known.
        let unresolved = collector.graph().unresolved();
        collector.look_at(unresolved);
        collector.shared.ready.notify_one();
        again = match again.take() {
            None => {
                collector.shared.rediscover.notified().await;
                Some(tokio::time::Instant::now() + SECOND_LOOK)
            }
            Some(at) => tokio::select! {
                biased;
                () = collector.shared.rediscover.notified() => Some(tokio::time::Instant::now() + SECOND_LOOK),
                () = tokio::time::sleep_until(at) => None,
            },
        };
    }
}

fn follow(collector: &Collector, watched: &mut BTreeMap<String, Watched>, served: Vec<ServedResource>) {
    // Events have no dependents, and there are many.
    let wanted = served.iter().filter(|r| r.plural != "events" && ["delete", "list", "watch"].iter().all(|v| r.can(v)));
    let wanted: BTreeMap<String, ServedResource> = wanted.map(|r| (r.path(), r.clone())).collect();
    *collector.shared.served.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(served);
    watched.retain(|path, kind| {
        let keep = wanted.contains_key(path);
        if !keep {
            let look = collector.graph().remove_kind(&kind.resource);
            collector.look_at(look);
        }
        keep
    });
    for (path, resource) in wanted {
        watched.entry(path.clone()).or_insert_with(|| {
            let (resource, store) = (Arc::new(resource), Arc::new(Store::new()));
            let (c, r) = (collector.clone(), resource.clone());
            store.on_change(move |change| c.changed(&r, &change));
            let reflecting = reflect_path(collector.ctx.client.clone(), path, store.clone());
            Watched { resource, store, _reflecting: reflecting }
        });
    }
}
