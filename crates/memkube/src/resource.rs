//! What the server knows about one served resource: names, scope, subresources and rules.

use rollouts_schema::Schema;
use rollouts_schema::crd::{Crd, CrdVersion};
use std::sync::Arc;

/// How `metadata.generation` behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generation {
    /// The kind has none.
    None,
    /// Bumped by a change outside `metadata` and `status`.
    Spec,
    /// As `Spec`, and by a change of the annotations (Deployments).
    SpecAndAnnotations,
    /// Bumped by a change outside `metadata` (kinds without a status subresource).
    All,
}

/// Where the scale subresource finds its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScalePaths {
    /// JSON path of the wanted replicas, e.g. `.spec.replicas`.
    pub spec_replicas: String,
    /// JSON path of the observed replicas.
    pub status_replicas: String,
    /// JSON path of the label selector: a `LabelSelector` object for built-in kinds, a string for custom ones.
    pub selector: Option<String>,
}

/// One served resource in one version.
#[derive(Debug, Clone)]
pub struct Resource {
    /// API group; empty for core.
    pub group: String,
    /// Served version.
    pub version: String,
    /// Kind of one object.
    pub kind: String,
    /// Kind of a list.
    pub list_kind: String,
    /// Plural name, as in paths.
    pub plural: String,
    /// Singular name.
    pub singular: String,
    /// Short names for kubectl.
    pub short_names: Vec<String>,
    /// Categories such as `all`.
    pub categories: Vec<String>,
    /// Whether objects live in namespaces.
    pub namespaced: bool,
    /// Verbs of the main resource.
    pub verbs: Vec<&'static str>,
    /// Whether `/status` is served.
    pub status: bool,
    /// Whether `/scale` is served, and from where.
    pub scale: Option<ScalePaths>,
    /// All subresources with their kinds.
    pub subresources: Vec<SubResource>,
    /// Generation rule.
    pub generation: Generation,
    /// Group whose store holds the objects (differs for events).
    pub storage_group: String,
    /// Version in which the objects are stored.
    pub storage_version: String,
    /// What objects may hold; `None` accepts anything.
    pub schema: Option<Arc<Schema>>,
    /// The CustomResourceDefinition it comes from.
    pub crd: Option<Arc<Crd>>,
}

/// A subresource as discovery shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubResource {
    /// Path segment.
    pub name: &'static str,
    /// Group of its kind, when it differs from the parent's.
    pub group: &'static str,
    /// Version of its kind, when it differs from the parent's.
    pub version: &'static str,
    /// Its kind.
    pub kind: &'static str,
    /// Its verbs.
    pub verbs: &'static [&'static str],
}

/// Identifies the store of a resource: storage group and plural name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoreKey {
    /// Group of the storage.
    pub group: String,
    /// Plural name.
    pub plural: String,
}

impl StoreKey {
    /// Of a group and a plural name.
    pub fn new(group: &str, plural: &str) -> Self {
        StoreKey { group: group.to_owned(), plural: plural.to_owned() }
    }
}

impl Resource {
    /// `group/version`, or `version` for core.
    pub fn api_version(&self) -> String {
        join_api_version(&self.group, &self.version)
    }

    /// The `apiVersion` of stored objects.
    pub fn storage_api_version(&self) -> String {
        join_api_version(&self.storage_group, &self.storage_version)
    }

    /// Key of the store that holds the objects.
    pub fn store_key(&self) -> StoreKey {
        StoreKey { group: self.storage_group.clone(), plural: self.plural.clone() }
    }

    /// `deployments.apps`.
    pub fn qualified(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// Whether it comes from a CustomResourceDefinition.
    pub fn is_custom(&self) -> bool {
        self.crd.is_some()
    }

    /// The version of the CustomResourceDefinition that this resource serves.
    pub fn crd_version(&self) -> Option<&CrdVersion> {
        self.crd.as_ref()?.version(&self.version)
    }

    /// Whether reads must translate from the storage version.
    pub fn needs_conversion(&self) -> bool {
        self.group != self.storage_group || self.version != self.storage_version
    }
}

/// `group/version`, or `version` for the core group.
pub fn join_api_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

/// The reverse of [`join_api_version`].
pub fn split_api_version(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}
