//! How a cache is set up.

use super::reflector::Reflector;
use super::store::{IndexFn, Store};
use super::{Cache, Cached, Change};
use crate::{Resource, Troubles};
use tokio_util::sync::CancellationToken;

/// Hears of every change, in order.
pub(super) type Handler<T> = Box<dyn FnMut(&Change<T>) + Send>;

/// Forgets parts of an object.
pub(super) type Trim<T> = Box<dyn FnMut(&mut T) + Send>;

/// What a cache holds and who hears of its changes.
pub struct Builder<T> {
    pub(super) client: kube::Client,
    pub(super) resource: Resource,
    pub(super) namespace: Option<String>,
    pub(super) labels: String,
    pub(super) fields: String,
    pub(super) handlers: Vec<Handler<T>>,
    pub(super) trim: Option<Trim<T>>,
    pub(super) troubles: Troubles,
    pub(super) may_be_unserved: bool,
    indexes: Vec<(&'static str, IndexFn<T>)>,
}

impl<T: Cached> Builder<T> {
    pub(super) fn new(client: kube::Client, resource: Resource) -> Self {
        Builder {
            client,
            resource,
            namespace: None,
            labels: String::new(),
            fields: String::new(),
            handlers: Vec::new(),
            trim: None,
            troubles: Troubles::new(),
            may_be_unserved: false,
            indexes: Vec::new(),
        }
    }

    /// Holds the objects of one namespace only; of all namespaces if this is not called or given `None`.
    #[must_use]
    pub fn namespace(mut self, namespace: Option<impl Into<String>>) -> Self {
        self.namespace = namespace.map(Into::into);
        self
    }

    /// Holds only objects whose labels match, in the syntax of `kubectl -l`.
    #[must_use]
    pub fn labels(mut self, selector: impl Into<String>) -> Self {
        self.labels = selector.into();
        self
    }

    /// Holds only objects whose fields match, such as `metadata.name=a`.
    #[must_use]
    pub fn fields(mut self, selector: impl Into<String>) -> Self {
        self.fields = selector.into();
        self
    }

    /// Files each object under the values that `values_of` returns, to be found with [`Cache::by_index`].
    /// `values_of` must depend on the object alone.
    #[must_use]
    pub fn index(mut self, name: &'static str, values_of: impl Fn(&T) -> Vec<String> + Send + Sync + 'static) -> Self {
        self.indexes.push((name, Box::new(values_of)));
        self
    }

    /// Calls `handler` with every change, in order. It runs in the cache's task: it must be quick, and put work
    /// into a queue. It may read the cache, which shows the change already.
    #[must_use]
    pub fn on_change(mut self, handler: impl FnMut(&Change<T>) + Send + 'static) -> Self {
        self.handlers.push(Box::new(handler));
        self
    }

    /// Calls `trim` with every object before it is held, to forget what nobody reads of this one. It runs in the
    /// cache's task and must leave name, namespace, uid and resourceVersion as they are. See [`Cache::complete`].
    #[must_use]
    pub fn trim(mut self, trim: impl FnMut(&mut T) + Send + 'static) -> Self {
        self.trim = Some(Box::new(trim));
        self
    }

    /// Tells of failures together with others.
    #[must_use]
    pub fn troubles(mut self, troubles: &Troubles) -> Self {
        self.troubles = troubles.clone();
        self
    }

    /// It is no trouble if the API server does not know the kind (a CustomResourceDefinition that is not installed):
    /// [`Health::unserved`](super::Health::unserved) then says so, and it is looked for again every
    /// [`limits::UNSERVED_RETRY`](super::limits::UNSERVED_RETRY).
    #[must_use]
    pub fn may_be_unserved(mut self) -> Self {
        self.may_be_unserved = true;
        self
    }

    /// Starts the task that fills the cache and keeps it up to date until `stop` is cancelled.
    pub fn start(self, stop: &CancellationToken) -> Cache<T> {
        let (cache, run) = self.build();
        let stop = stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = run => {}
            }
        });
        cache
    }

    /// The cache and the endless future that fills it and keeps it up to date, for callers who run it themselves.
    pub fn build(mut self) -> (Cache<T>, impl Future<Output = ()> + Send + 'static) {
        let store = Store::new(std::mem::take(&mut self.indexes));
        let cache = Cache::new(self.resource.clone(), store);
        (cache.clone(), Reflector::new(cache, self).run())
    }
}
