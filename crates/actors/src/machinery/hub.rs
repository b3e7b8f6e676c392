use super::reflector::reflect;
use super::{Cached, Recorder, Rng, Store};
use crate::Options;
use jiff::Timestamp;
use kube::{Api, Client, Resource};
use rollouts_api::Clock;
use serde::de::DeserializeOwned;
use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::task::{AbortHandle, JoinSet};

/// What every actor may use. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Context {
    pub client: Client,
    pub clock: Clock,
    pub events: Recorder,
    pub options: Arc<Options>,
}

impl Context {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The present as Kubernetes writes it: whole seconds.
    pub(crate) fn time(&self) -> k8s_openapi::apimachinery::pkg::apis::meta::v1::Time {
        super::whole_seconds(self.now())
    }

    /// A generator whose stream depends on the seed and on who asks.
    pub(crate) fn rng(&self, salt: u64) -> Rng {
        Rng::new(self.options.seed ^ salt.wrapping_mul(0xD6E8_FEB8_6659_FD93))
    }

    pub(crate) fn api<K>(&self, namespace: &str) -> Api<K>
    where
        K: Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), namespace)
    }
}

/// Owns the caches, one a kind however many actors ask, and all tasks.
pub(crate) struct Hub {
    pub ctx: Context,
    stores: BTreeMap<String, Arc<dyn Any + Send + Sync>>,
    tasks: JoinSet<()>,
}

impl Hub {
    pub(crate) fn new(ctx: Context) -> Self {
        Hub { ctx, stores: BTreeMap::new(), tasks: JoinSet::new() }
    }

    /// The cache of `K` over all namespaces; filled from the first call on.
    pub(crate) fn store<K>(&mut self) -> Arc<Store<K>>
    where
        K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Send + Sync + 'static,
    {
        let path = K::url_path(&(), None);
        if let Some(store) = self.stores.get(&path).and_then(|s| s.clone().downcast::<Store<K>>().ok()) {
            return store;
        }
        let store = Arc::new(Store::<K>::new());
        self.stores.insert(path.clone(), store.clone());
        let (client, filled) = (self.ctx.client.clone(), store.clone());
        self.spawn(async move { reflect(client, path, &filled).await });
        store
    }

    /// Runs `task` until the actors are shut down. Nothing runs before the first await of the caller.
    pub(crate) fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    pub(crate) fn into_tasks(self) -> JoinSet<()> {
        self.tasks
    }
}

/// Fills a cache of the collection at `path`; dropping the guard stops it.
pub(crate) fn reflect_path<K: Cached>(client: Client, path: String, store: Arc<Store<K>>) -> Reflecting {
    Reflecting(tokio::spawn(async move { reflect(client, path, &store).await }).abort_handle())
}

/// See [`reflect_path`].
pub(crate) struct Reflecting(AbortHandle);

impl Drop for Reflecting {
    fn drop(&mut self) {
        self.0.abort();
    }
}
