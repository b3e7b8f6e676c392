//! The objects of traffic routers. A kind is watched from the first Rollout on that looks at one of its objects: most
//! clusters have few of these kinds, and many Ingresses. Of the objects that nobody looks at, only outlines are held. Which
//! Rollouts look at an object is noted whenever one is thought about: a change puts those into the queue, and no others.

mod clients;
mod held;
mod interests;
mod released;
mod watched;

pub(crate) use clients::Clients;
pub(crate) use held::Held;
pub(crate) use released::Released;
pub(crate) use rollouts_snapshots::resource_of;

use crate::workloads::FIRST_LIST_MAX;
use interests::{Interests, kind_of};
use rollouts_api::Rollout;
use rollouts_kube::cache::Cached;
use rollouts_kube::rest::Query;
use rollouts_kube::{Cache, Key, Queue, RequestError, Troubles};
use rollouts_snapshots::{Found, Looks, closure};
use rollouts_traffic::{Kind, ObjectRef, Objects, Settings, Want};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use tokio_util::sync::CancellationToken;

/// Caches by kind, and who looks at what; clones share them.
#[derive(Clone)]
pub(crate) struct Routers(Arc<Inner>);

struct Inner {
    clients: Clients,
    namespace: Option<String>,
    settings: Arc<Settings>,
    stop: CancellationToken,
    queue: Queue<Key>,
    rollouts: Cache<Rollout>,
    troubles: Troubles,
    interests: Arc<Interests>,
    caches: Mutex<BTreeMap<Kind, Cache<Held>>>,
}

impl Routers {
    pub fn new(
        client: &kube::Client,
        options: &crate::Options,
        queue: Queue<Key>,
        rollouts: Cache<Rollout>,
        troubles: Troubles,
        stop: CancellationToken,
    ) -> Self {
        Routers(Arc::new(Inner {
            clients: Clients::new(client, options.istio_primary.as_ref().map(|p| &p.0)),
            namespace: options.namespace.clone(),
            settings: Arc::clone(&options.router_settings),
            stop,
            queue,
            rollouts,
            troubles,
            interests: Arc::default(),
            caches: Mutex::default(),
        }))
    }

    /// What the flags say about routers.
    pub fn settings(&self) -> &Arc<Settings> {
        &self.0.settings
    }

    /// Waits, for some time, until the kinds that Rollouts look at have been read.
    pub async fn synced(&self) {
        let (rollouts, nothing) = (self.0.rollouts.list(None), Objects::default());
        let wants = rollouts.iter().flat_map(|ro| rollouts_core::router_wants(ro, &self.0.settings, &nothing));
        let kinds: BTreeSet<Kind> = wants.map(|want| kind_of(&want).clone()).collect();
        let caches: Vec<_> = kinds.iter().map(|kind| self.of(kind)).collect();
        let all = async {
            for cache in &caches {
                watched::settled(cache).await;
            }
        };
        // Whatever is missing then is asked for when it is needed.
        let _ = tokio::time::timeout(FIRST_LIST_MAX, all).await;
    }

    /// The Rollout is gone: it looks at nothing any more.
    pub fn forget(&self, rollout: &Key) {
        self.0.interests.forget(rollout);
    }

    /// All that the routers of a Rollout want to see; from now on a change of it puts the Rollout into the queue.
    ///
    /// # Errors
    /// Of a request that may work the next time.
    pub async fn find(&self, ro: &Rollout) -> Result<Found, RequestError> {
        let key = Key::of(&ro.metadata);
        let (found, seen) = self.all_of(ro, Some(&key)).await?;
        self.0.interests.set(&key, &seen);
        Ok(found)
    }

    /// All that its routers want to see now.
    ///
    /// # Errors
    /// Of a request that may work the next time.
    pub async fn look_once(&self, ro: &Rollout) -> Result<Found, RequestError> {
        Ok(self.all_of(ro, None).await?.0)
    }

    async fn all_of(&self, ro: &Rollout, interested: Option<&Key>) -> Result<(Found, Vec<Want>), RequestError> {
        closure(ro, &self.0.settings, &Looking { routers: self, interested }).await
    }

    /// The cache that holds the objects of this kind and namespace, if it is of use.
    pub fn filled(&self, kind: &Kind) -> Option<Cache<Held>> {
        let caches = self.0.caches.lock().unwrap_or_else(PoisonError::into_inner);
        caches.get(kind).filter(|cache| cache.health().synced).cloned()
    }

    /// Adds what is there of `want`.
    async fn look(&self, want: &Want, found: &mut Found) -> Result<(), RequestError> {
        let (kind, namespace) = match want {
            Want::Named(at) => (&at.kind, at.namespace.as_str()),
            Want::Selected { kind, namespace, .. } => (kind, namespace.as_str()),
        };
        let is_watched = self.0.namespace.as_deref().is_none_or(|watched| watched == namespace);
        let cache = match is_watched {
            true => self.of(kind),
            false => return self.ask(want, found).await,
        };
        // Whatever comes of it: without it, the first look at a kind would ask for every object by itself.
        let _ = tokio::time::timeout(FIRST_LIST_MAX, watched::settled(&cache)).await;
        let health = cache.health();
        if health.unserved {
            found.objects.unserved.insert(kind.clone());
            return Ok(());
        }
        if !health.synced {
            return self.ask(want, found).await;
        }
        let held: Vec<Arc<Held>> = match want {
            Want::Named(at) => cache.get(namespace, &at.name).into_iter().collect(),
            Want::Selected { selector, .. } => {
                let Ok(selector) = selector.compile() else { return Ok(()) };
                let all = cache.list(Some(namespace)).into_iter();
                all.filter(|held| selector.matches(held.labels())).collect()
            }
        };
        for held in held {
            let at = kind.named(namespace, &held.meta().name);
            match held.whole() {
                Some(whole) => found.objects.insert(at, Arc::clone(whole)),
                // Nobody looked at it when it last changed.
                None => self.ask(&Want::Named(at), found).await?,
            }
        }
        if let Want::Named(at) = want
            && let Some(malformed) = cache.get_malformed(namespace, &at.name)
        {
            found.unreadable = Some(format!("cannot read {at}: {}", malformed.error));
        }
        Ok(())
    }

    /// Asks the API server.
    async fn ask(&self, want: &Want, found: &mut Found) -> Result<(), RequestError> {
        let answer = match want {
            Want::Named(at) => self.get(at).await.map(|held| held.into_iter().collect()),
            Want::Selected { kind, namespace, selector } => match selector.compile() {
                Ok(selector) => self.list(kind, namespace, selector.to_string()).await,
                Err(_) => Ok(Vec::new()),
            },
        };
        let kind = kind_of(want);
        let all = match answer {
            Ok(all) => all,
            Err(error) if error.is_forbidden() => {
                found.unreadable = Some(error.to_string());
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        for held in all {
            if let Some(whole) = held.whole() {
                let Key { namespace, name } = Key::of(held.meta());
                found.objects.insert(kind.named(&namespace, &name), Arc::clone(whole));
            }
        }
        Ok(())
    }

    async fn get(&self, at: &ObjectRef) -> Result<Option<Held>, RequestError> {
        let held: Option<Held> =
            self.0.clients.rest(&at.kind).get_opt(&resource_of(&at.kind), &at.namespace, &at.name).await?;
        let held = held.map(|mut held| {
            held.set_kind(&at.kind);
            held
        });
        if let (Some(cache), Some(held)) = (self.filled(&at.kind), &held) {
            cache.complete(held.clone());
        }
        Ok(held)
    }

    async fn list(&self, kind: &Kind, namespace: &str, labels: String) -> Result<Vec<Held>, RequestError> {
        let query = Query::default().labels(labels);
        let page = self.0.clients.rest(kind).list::<Held>(&resource_of(kind), Some(namespace), &query).await;
        match page {
            Ok(mut page) => {
                page.items.iter_mut().for_each(|held| held.set_kind(kind));
                Ok(page.items)
            }
            // The kind is not served.
            Err(error) if error.is_not_found() => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    fn of(&self, kind: &Kind) -> Cache<Held> {
        let mut caches = self.0.caches.lock().unwrap_or_else(PoisonError::into_inner);
        caches.entry(kind.clone()).or_insert_with(|| watched::start(&self.0, kind)).clone()
    }
}

/// A look at the objects of a Rollout's routers, for the sake of a Rollout that wants to be told of changes, or once.
struct Looking<'a> {
    routers: &'a Routers,
    interested: Option<&'a Key>,
}

impl Looks for Looking<'_> {
    async fn look(&self, want: &Want, found: &mut Found) -> Result<(), RequestError> {
        // First, so that what changes meanwhile is told.
        self.interested.inspect(|key| self.routers.0.interests.add(key, want));
        self.routers.look(want, found).await
    }
}
