//! The objects that `workloadRef` refers to. A kind is watched from the first reference to it on: most clusters have
//! none, and many Deployments. Of the objects that nobody refers to, only outlines are held.

mod held;

pub(crate) use held::Held;

use crate::caches::BY_WORKLOAD;
use rollouts_api::rollout::WorkloadKind;
use rollouts_api::{ObjectMeta, Rollout, names};
use rollouts_core::{Referenced, Workload};
use rollouts_kube::cache::{Cached, Change};
use rollouts_kube::{Cache, Key, Queue, RequestError, Resource, Rest, Troubles, resource};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long a start waits for the workloads that Rollouts refer to. A kind that cannot be listed holds up nobody: its
/// objects are then asked for one by one.
pub(crate) const FIRST_LIST_MAX: Duration = Duration::from_secs(10);

/// Caches by kind; clones share them.
#[derive(Clone)]
pub(crate) struct Workloads(Arc<Inner>);

struct Inner {
    client: kube::Client,
    namespace: Option<String>,
    stop: CancellationToken,
    queue: Queue<Key>,
    rollouts: Cache<Rollout>,
    troubles: Troubles,
    rest: Rest,
    caches: Mutex<BTreeMap<WorkloadKind, Cache<Held>>>,
}

/// Under what a Rollout is filed in [`BY_WORKLOAD`].
pub(crate) fn index_value(kind: WorkloadKind, namespace: &str, name: &str) -> String {
    format!("{}/{namespace}/{name}", kind.kind())
}

/// What `ro` refers to, in [`BY_WORKLOAD`].
pub(crate) fn reference(ro: &Rollout) -> Option<String> {
    let reference = ro.spec.workload_ref.as_ref()?;
    let kind = reference.workload_kind().ok()?;
    Some(index_value(kind, &ro.metadata.namespace, &reference.name))
}

fn resource_of(kind: WorkloadKind) -> Resource {
    match kind {
        WorkloadKind::Deployment => resource::DEPLOYMENTS,
        WorkloadKind::ReplicaSet => resource::REPLICA_SETS,
        WorkloadKind::PodTemplate => resource::POD_TEMPLATES,
    }
}

impl Workloads {
    pub fn new(
        client: kube::Client,
        namespace: Option<String>,
        queue: Queue<Key>,
        rollouts: Cache<Rollout>,
        troubles: Troubles,
        stop: CancellationToken,
    ) -> Self {
        let rest = Rest::new(client.clone());
        Workloads(Arc::new(Inner {
            client,
            namespace,
            stop,
            queue,
            rollouts,
            troubles,
            rest,
            caches: Mutex::default(),
        }))
    }

    /// Waits, for some time, until the workloads of all Rollouts that there are have been read.
    pub async fn synced(&self) {
        let rollouts = self.0.rollouts.list(None);
        let references = rollouts.iter().filter_map(|ro| ro.spec.workload_ref.as_ref()?.workload_kind().ok());
        let kinds: std::collections::BTreeSet<WorkloadKind> = references.collect();
        let caches: Vec<_> = kinds.into_iter().map(|kind| self.of(kind)).collect();
        let all = async {
            for cache in &caches {
                cache.synced().await;
            }
        };
        // Whatever is missing then is asked for when it is needed.
        let _ = tokio::time::timeout(FIRST_LIST_MAX, all).await;
    }

    /// What the Rollout's `workloadRef` points at.
    ///
    /// # Errors
    /// Of a request that may work the next time.
    pub async fn find(&self, ro: &Rollout) -> Result<Referenced, RequestError> {
        let Some(reference) = &ro.spec.workload_ref else { return Ok(Referenced::Missing) };
        let Ok(kind) = reference.workload_kind() else { return Ok(Referenced::Missing) };
        let (cache, namespace, name) = (self.of(kind), ro.metadata.namespace.as_str(), reference.name.as_str());
        if !cache.health().synced {
            return self.ask(kind, namespace, name).await;
        }
        if let Some(malformed) = cache.get_malformed(namespace, name) {
            return Ok(Referenced::Unreadable(format!("cannot read {} {name:?}: {}", kind.kind(), malformed.error)));
        }
        let workload = match cache.get(namespace, name).as_deref() {
            None => return Ok(Referenced::Missing),
            Some(Held::Whole(workload)) => Arc::clone(workload),
            // Nobody referred to it when it last changed.
            Some(Held::Outline(_)) => {
                let asked = self.ask(kind, namespace, name).await?;
                if let Referenced::Found(workload) = &asked {
                    cache.complete(Held::Whole(Arc::clone(workload)));
                }
                return Ok(asked);
            }
        };
        // A list may be of the past, and its template must not be rolled out again. Most likely the workload is another
        // one, though, and its generations begin anew.
        let noted = ro.metadata.annotation(names::WORKLOAD_GENERATION).and_then(|g| g.parse::<i64>().ok());
        if noted.is_some_and(|noted| noted > workload.metadata.generation) {
            return self.ask(kind, namespace, name).await;
        }
        Ok(Referenced::Found(workload))
    }

    /// The cache of Deployments, if any Rollout has needed it.
    pub fn deployments(&self) -> Option<Cache<Held>> {
        self.0.caches.lock().unwrap_or_else(PoisonError::into_inner).get(&WorkloadKind::Deployment).cloned()
    }

    async fn ask(&self, kind: WorkloadKind, namespace: &str, name: &str) -> Result<Referenced, RequestError> {
        match self.0.rest.get_opt::<Workload>(&resource_of(kind), namespace, name).await {
            Ok(None) => Ok(Referenced::Missing),
            Ok(Some(mut workload)) => {
                workload.slim();
                Ok(Referenced::Found(Arc::new(workload)))
            }
            // A user or an administrator must do something, so they are told.
            Err(error) if error.status().is_some_and(|s| s.code == 403) => {
                Ok(Referenced::Unreadable(error.to_string()))
            }
            Err(error) => Err(error),
        }
    }

    fn of(&self, kind: WorkloadKind) -> Cache<Held> {
        let inner = &self.0;
        let mut caches = inner.caches.lock().unwrap_or_else(PoisonError::into_inner);
        let start = || {
            tracing::info!(kind = kind.kind(), "A Rollout refers to a workload: its kind is watched from now on");
            let (to, rollouts, all) = (inner.queue.clone(), inner.rollouts.clone(), inner.rollouts.clone());
            let referring = move |all: &Cache<Rollout>, meta: &ObjectMeta| {
                all.by_index(BY_WORKLOAD, &index_value(kind, &meta.namespace, &meta.name))
            };
            Cache::builder(inner.client.clone(), resource_of(kind))
                .troubles(&inner.troubles)
                .namespace(inner.namespace.clone())
                .trim(move |held: &mut Held| {
                    if referring(&all, held.meta()).is_empty() {
                        held.shrink();
                    }
                })
                .on_change(move |change: &Change<Held>| {
                    if let Change::Updated { old, new } = change
                        && !new.differs(old)
                    {
                        return;
                    }
                    referring(&rollouts, change.meta()).iter().for_each(|ro| to.add(Key::of(&ro.metadata)));
                })
                .start(&inner.stop)
        };
        caches.entry(kind).or_insert_with(start).clone()
    }
}
