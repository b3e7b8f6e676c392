//! The name under which an object is found: namespace and name.

use rollouts_api::ObjectMeta;
use std::fmt;
use std::sync::Arc;

/// Namespace and name of one object of a known kind. Cloning shares the text, so keys may travel through queues
/// and indexes freely. Ordered by namespace, then name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Namespace; empty for cluster-scoped objects.
    pub namespace: Arc<str>,
    /// Name, unique in the namespace.
    pub name: Arc<str>,
}

impl Key {
    /// The key of `name` in `namespace` (empty for cluster-scoped objects).
    pub fn new(namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Key { namespace: namespace.into(), name: name.into() }
    }

    /// The key of the object that `meta` belongs to.
    pub fn of(meta: &ObjectMeta) -> Self {
        Key::new(meta.namespace.as_str(), meta.name.as_str())
    }
}

/// `namespace/name`, or `name` alone for cluster-scoped objects, as Kubernetes writes keys.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() { f.write_str(&self.name) } else { write!(f, "{}/{}", self.namespace, self.name) }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
