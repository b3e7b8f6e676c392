//! Which collections the server serves.

use kube::Client;
use std::collections::BTreeMap;

/// One kind of object in its preferred version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ServedResource {
    pub group: String,
    pub version: String,
    pub kind: String,
    pub plural: String,
    pub namespaced: bool,
    verbs: Vec<String>,
}

impl ServedResource {
    pub(crate) fn can(&self, verb: &str) -> bool {
        self.verbs.iter().any(|v| v == verb)
    }

    /// `/api/v1` or `/apis/GROUP/VERSION`.
    fn prefix(&self) -> String {
        match self.group.is_empty() {
            true => format!("/api/{}", self.version),
            false => format!("/apis/{}/{}", self.group, self.version),
        }
    }

    /// The collection over all namespaces.
    pub(crate) fn path(&self) -> String {
        format!("{}/{}", self.prefix(), self.plural)
    }

    /// The collection in one namespace.
    pub(crate) fn path_in(&self, namespace: &str) -> String {
        match self.namespaced {
            true => format!("{}/namespaces/{namespace}/{}", self.prefix(), self.plural),
            false => self.path(),
        }
    }
}

/// Every kind served, by group and plural, each in the first of its group's versions that has it.
pub(crate) async fn discover(client: &Client) -> kube::Result<Vec<ServedResource>> {
    let core = client.list_core_api_versions_aggregated().await?;
    let groups = client.list_api_groups_aggregated().await?;
    let mut found = BTreeMap::new();
    for group in core.items.into_iter().chain(groups.items) {
        let name = group.metadata.and_then(|m| m.name).unwrap_or_default();
        for version in group.versions {
            let version_name = version.version.unwrap_or_default();
            for resource in version.resources {
                let plural = resource.resource.unwrap_or_default();
                let key = (name.clone(), plural.clone());
                found.entry(key).or_insert_with(|| ServedResource {
                    group: name.clone(),
                    version: version_name.clone(),
                    kind: resource.response_kind.and_then(|k| k.kind).unwrap_or_default(),
                    plural,
                    namespaced: resource.scope.as_deref() == Some("Namespaced"),
                    verbs: resource.verbs,
                });
            }
        }
    }
    Ok(found.into_values().collect())
}
