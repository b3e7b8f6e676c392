//! Which resources are served now: the built-in ones and those of established CustomResourceDefinitions.

use crate::kinds;
use crate::resource::Resource;
use std::collections::BTreeMap;
use std::sync::Arc;

/// An immutable set of served resources; replaced as a whole when a CRD changes.
#[derive(Debug, Clone)]
pub struct Registry {
    builtin: Arc<[Arc<Resource>]>,
    custom: BTreeMap<String, Vec<Arc<Resource>>>,
    /// Counts changes, for ETags of discovery documents.
    revision: u64,
}

impl Registry {
    /// The built-in kinds alone.
    pub fn new() -> Self {
        let builtin = kinds::builtin().into_iter().map(Arc::new).collect();
        Registry { builtin, custom: BTreeMap::new(), revision: 0 }
    }

    /// Number of changes so far.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Sets what the CRD of that name serves; nothing removes it.
    pub fn set_custom(&mut self, crd: &str, resources: Vec<Resource>) {
        self.revision += 1;
        if resources.is_empty() {
            self.custom.remove(crd);
        } else {
            self.custom.insert(crd.to_owned(), resources.into_iter().map(Arc::new).collect());
        }
    }

    /// All resources: built-in in table order, then custom by CRD name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Resource>> {
        self.builtin.iter().chain(self.custom.values().flatten())
    }

    /// The resource with that group, version and plural name.
    pub fn find(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<Resource>> {
        self.iter().find(|r| r.plural == plural && r.group == group && r.version == version)
    }

    /// The first resource of that group and plural name, in any version.
    pub fn find_any_version(&self, group: &str, plural: &str) -> Option<&Arc<Resource>> {
        self.iter().find(|r| r.plural == plural && r.group == group)
    }

    /// The resource that serves that kind.
    pub fn find_kind(&self, group: &str, version: &str, kind: &str) -> Option<&Arc<Resource>> {
        self.iter().find(|r| r.kind == kind && r.group == group && r.version == version)
    }

    /// Group names with their versions, the preferred first, core excluded, sorted by name.
    pub fn groups(&self) -> BTreeMap<String, Vec<String>> {
        let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for r in self.iter().filter(|r| !r.group.is_empty()) {
            let versions = groups.entry(r.group.clone()).or_default();
            if !versions.contains(&r.version) {
                versions.push(r.version.clone());
            }
        }
        for versions in groups.values_mut() {
            versions.sort_by_key(|v| std::cmp::Reverse(version_priority(v)));
        }
        groups
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self::new()
    }
}

/// Orders versions as Kubernetes does: GA over beta over alpha, then by numbers.
pub fn version_priority(v: &str) -> (u8, u32, u32) {
    let Some(rest) = v.strip_prefix('v') else { return (0, 0, 0) };
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (major, tail) = rest.split_at(digits);
    let Ok(major) = major.parse() else { return (0, 0, 0) };
    if tail.is_empty() {
        return (3, major, 0);
    }
    for (stage, prefix) in [(2, "beta"), (1, "alpha")] {
        if let Some(minor) = tail.strip_prefix(prefix) {
            return (stage, major, minor.parse().unwrap_or(0));
        }
    }
    (0, 0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_built_in_kinds() {
        let r = Registry::new();
        assert_eq!(r.find("apps", "v1", "deployments").map(|r| r.kind.as_str()), Some("Deployment"));
        assert_eq!(r.find("", "v1", "endpoints").map(|r| r.singular.as_str()), Some("endpoints"));
        assert!(r.find("apps", "v1", "nope").is_none());
    }

    #[test]
    fn preferred_version_comes_first() {
        assert_eq!(Registry::new().groups()["autoscaling"], ["v2", "v1"]);
        assert!(version_priority("v1") > version_priority("v2beta1"));
        assert!(version_priority("v1beta1") > version_priority("v1alpha9"));
    }
}
