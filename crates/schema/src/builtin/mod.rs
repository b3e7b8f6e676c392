//! The built-in kinds: their schemas and how they are served.
//!
//! The definitions are Kubernetes 1.34's own, trimmed and compressed by `gen/trim_openapi.py`.

mod decode;
mod definitions;
mod resources;

use std::sync::Arc;

pub use decode::decode_problem;
pub use definitions::Definition;
pub(crate) use definitions::{definition, rows, unpack};

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

/// All built-in resources, by group, version and plural name.
#[must_use]
pub fn resources() -> &'static [Resource] {
    resources::RESOURCES
}

/// The schema of a kind; the core group is `""`. Parsed on first use, then shared.
#[must_use]
pub fn schema(group: &str, version: &str, kind: &str) -> Option<&'static Arc<Schema>> {
    definitions::by_kind(group, version, kind).map(Definition::schema)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resource_has_a_schema() {
        for resource in resources() {
            assert!(schema(resource.group, resource.version, resource.kind).is_some(), "{}", resource.kind);
            for sub in resource.subresources {
                let known = schema(sub.group, sub.version, sub.kind).is_some();
                assert!(known || sub.kind.ends_with("Options"), "{}/{}", resource.plural, sub.name);
            }
        }
    }

    #[test]
    fn lists_and_meta_kinds_are_there() {
        for (group, version, kind) in [
            ("", "v1", "PodList"),
            ("", "v1", "Status"),
            ("", "v1", "DeleteOptions"),
            ("apps", "v1", "DeploymentList"),
            ("autoscaling", "v1", "Scale"),
            ("policy", "v1", "Eviction"),
            ("authentication.k8s.io", "v1", "SelfSubjectReview"),
            ("authorization.k8s.io", "v1", "SelfSubjectAccessReview"),
        ] {
            assert!(schema(group, version, kind).is_some(), "{kind}");
        }
        assert!(schema("", "v1", "Nothing").is_none());
    }

    #[test]
    fn knows_how_lists_merge() {
        let pod = schema("", "v1", "Pod").unwrap();
        let containers = pod.field("spec").unwrap().field("containers").unwrap();
        assert_eq!(containers.list_type, crate::schema::ListType::Map(vec!["name".into()]));
        assert_eq!(containers.patch.merge_key.as_deref(), Some("name"));
        let deployment = schema("apps", "v1", "Deployment").unwrap();
        let strategy = deployment.field("spec").unwrap().field("strategy").unwrap();
        assert!(strategy.patch.retain_keys);
        assert!(strategy.field("rollingUpdate").unwrap().field("maxSurge").unwrap().int_or_string);
    }

    #[test]
    fn cyclic_definitions_work() {
        let crd = schema("apiextensions.k8s.io", "v1", "CustomResourceDefinition").unwrap();
        let versions = crd.field("spec").unwrap().field("versions").unwrap().items.as_ref().unwrap();
        let mut node = versions.field("schema").unwrap().field("openAPIV3Schema").unwrap();
        for _ in 0..10 {
            node = node.field("properties").unwrap().field("anything").unwrap();
        }
        assert!(node.field("maxLength").is_some());
    }
}
