//! The built-in kinds: their schemas and how they are served.

use std::sync::{Arc, OnceLock};

use crate::Schema;

/// A built-in resource as discovery shows it.
#[derive(Clone, Copy, Debug)]
pub struct Resource {
    /// `apps`; empty for the core group.
    pub group: &'static str,
    /// `v1`
    pub version: &'static str,
    /// `Deployment`
    pub kind: &'static str,
    /// `deployments`
    pub plural: &'static str,
    /// `deployment`
    pub singular: &'static str,
    /// `["deploy"]`
    pub short_names: &'static [&'static str],
    /// `["all"]`
    pub categories: &'static [&'static str],
    /// Lives in a namespace.
    pub namespaced: bool,
    /// `["create", "delete", ...]`, sorted.
    pub verbs: &'static [&'static str],
    /// `status`, `scale`, ...
    pub subresources: &'static [Subresource],
}

/// A subresource such as `deployments/scale`.
#[derive(Clone, Copy, Debug)]
pub struct Subresource {
    /// `scale`
    pub name: &'static str,
    /// Group of what is read and written there: `autoscaling`.
    pub group: &'static str,
    /// Its version: `v1`.
    pub version: &'static str,
    /// Its kind: `Scale`.
    pub kind: &'static str,
    /// Verbs, sorted.
    pub verbs: &'static [&'static str],
}

/// All built-in resources.
#[must_use]
pub fn resources() -> &'static [Resource] {
    &[]
}

/// The schema of a kind; the core group is `""`. Parsed on first use, then shared.
#[must_use]
pub fn schema(group: &str, version: &str, kind: &str) -> Option<&'static Arc<Schema>> {
    let _ = (group, version, kind);
    None
}

/// One of the shared definitions that built-in schemas refer to; parsed when first looked at.
#[derive(Debug)]
pub struct Definition {
    parsed: OnceLock<Arc<Schema>>,
}

impl Definition {
    /// The parsed schema.
    #[must_use]
    pub fn schema(&self) -> &Arc<Schema> {
        self.parsed.get_or_init(Arc::default)
    }
}
