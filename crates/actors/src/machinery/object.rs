use super::owner::controller_of;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::de::DeserializeOwned;
use std::fmt;

/// Namespace (empty for cluster-scoped objects) and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Key {
    pub namespace: String,
    pub name: String,
}

impl Key {
    pub(crate) fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Key { namespace: namespace.into(), name: name.into() }
    }

    pub(crate) fn of(meta: &ObjectMeta) -> Self {
        Key::new(meta.namespace.clone().unwrap_or_default(), meta.name.clone().unwrap_or_default())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// What a [`Store`](super::Store) can hold.
pub(crate) trait Cached: Clone + DeserializeOwned + Send + Sync + 'static {
    fn key(&self) -> Key;
    fn uid(&self) -> &str;
    /// The uid of its controller, if it has one.
    fn controller_uid(&self) -> Option<&str>;
    /// The resource version as the server wrote it.
    fn version_text(&self) -> &str;
    /// The resource version as a number; zero when the server's are not numbers.
    fn version(&self) -> u64 {
        self.version_text().parse().unwrap_or_default()
    }
    fn terminating(&self) -> bool;
    /// Drops what no actor reads.
    fn trim(&mut self);
}

impl<K> Cached for K
where
    K: kube::Resource + Clone + DeserializeOwned + Send + Sync + 'static,
{
    fn key(&self) -> Key {
        Key::of(self.meta())
    }

    fn uid(&self) -> &str {
        meta_uid(self.meta())
    }

    fn controller_uid(&self) -> Option<&str> {
        controller_of(self.meta()).map(|owner| owner.uid.as_str())
    }

    fn version_text(&self) -> &str {
        self.meta().resource_version.as_deref().unwrap_or_default()
    }

    fn terminating(&self) -> bool {
        self.meta().deletion_timestamp.is_some()
    }

    fn trim(&mut self) {
        self.meta_mut().managed_fields = None;
    }
}

pub(crate) fn meta_uid(meta: &ObjectMeta) -> &str {
    meta.uid.as_deref().unwrap_or_default()
}

/// Any object, reduced to the metadata that garbage collection reads.
#[derive(Debug, Clone, serde::Deserialize)]
pub(crate) struct Slim {
    pub metadata: rollouts_api::ObjectMeta,
}

impl Cached for Slim {
    fn key(&self) -> Key {
        Key::new(&self.metadata.namespace, &self.metadata.name)
    }

    fn uid(&self) -> &str {
        &self.metadata.uid
    }

    fn controller_uid(&self) -> Option<&str> {
        self.metadata.controller().map(|owner| owner.uid.as_str())
    }

    fn version_text(&self) -> &str {
        &self.metadata.resource_version
    }

    fn terminating(&self) -> bool {
        self.metadata.deletion_timestamp.is_some()
    }

    fn trim(&mut self) {
        self.metadata.labels.clear();
        self.metadata.annotations.clear();
    }
}
