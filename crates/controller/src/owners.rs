//! Which objects belong to a Rollout or an Experiment, and which only look like it.

use rollouts_api::{ObjectMeta, names};
use rollouts_kube::cache::Cached;
use rollouts_kube::{Cache, Key};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Objects by [`controller_uid`].
pub(crate) const BY_OWNER: &str = "owner";

/// The uid of an object's controller, for an index; none if it has none.
pub(crate) fn controller_uid<T: Cached>(object: &T) -> Vec<String> {
    object.meta().controller().map(|c| c.uid.clone()).into_iter().collect()
}

/// Objects that `owner` controls.
pub(crate) fn owned_by<T: Cached>(cache: &Cache<T>, owner: &ObjectMeta) -> Vec<Arc<T>> {
    let mut owned = cache.by_index(BY_OWNER, &owner.uid);
    owned.retain(|object| object.meta().namespace == owner.namespace);
    owned
}

/// Names of objects that begin with the name of `owner` and a dash but are not its own.
pub(crate) fn foreign_names<T: Cached>(cache: &Cache<T>, owner: &ObjectMeta) -> BTreeSet<String> {
    let namespace = owner.namespace.as_str();
    let prefix = format!("{}-", owner.name);
    let is_foreign =
        |meta: &ObjectMeta| meta.name.starts_with(&prefix) && meta.controller().is_none_or(|c| c.uid != owner.uid);
    let (whole, malformed) = (cache.list(Some(namespace)), cache.malformed(Some(namespace)));
    let whole = whole.iter().map(|object| object.meta()).filter(|meta| is_foreign(meta));
    // What cannot be read is nobody's, but has its name.
    let malformed = malformed.iter().map(|object| &object.meta).filter(|meta| meta.name.starts_with(&prefix));
    whole.chain(malformed).map(|meta| meta.name.clone()).collect()
}

/// The custom resource of this kind that controls an object.
pub(crate) fn owner(meta: &ObjectMeta, kind: &str) -> Option<Key> {
    let owner = meta.controller().filter(|c| c.kind == kind && c.api_version.starts_with(names::GROUP))?;
    Some(Key::new(meta.namespace.as_str(), owner.name.as_str()))
}
