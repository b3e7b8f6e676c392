//! Custom resource definitions.

mod defaults;
mod names;
mod parse;
mod structural;
mod version;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::Schema;
use crate::table::JsonPath;

pub use defaults::default_crd;

/// A parsed and valid CustomResourceDefinition.
#[derive(Clone, Debug)]
pub struct Crd {
    /// `spec.group`.
    pub group: String,
    /// `spec.names`, defaults filled in.
    pub names: Names,
    /// `spec.scope` is `Namespaced`.
    pub namespaced: bool,
    /// All versions, in the order written.
    pub versions: Vec<CrdVersion>,
}

/// `spec.names`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// `rollouts`
    pub plural: String,
    /// `rollout`
    pub singular: String,
    /// `Rollout`
    pub kind: String,
    /// `RolloutList`
    pub list_kind: String,
    /// `["ro"]`
    pub short_names: Vec<String>,
    /// `["all"]`
    pub categories: Vec<String>,
}

/// One of `spec.versions`.
#[derive(Clone, Debug)]
pub struct CrdVersion {
    /// `v1alpha1`
    pub name: String,
    /// Served at all.
    pub served: bool,
    /// The one version objects are stored in.
    pub storage: bool,
    /// `deprecated: true`: the warning to send with every answer.
    pub deprecation_warning: Option<String>,
    /// The schema, with apiVersion, kind and metadata as the API server adds them; CEL rules compiled.
    pub schema: Arc<Schema>,
    /// The schema as written, for OpenAPI.
    pub open_api_v3_schema: Value,
    /// `additionalPrinterColumns`; when none are given, the one `Age` column the API server adds.
    pub printer_columns: Vec<PrinterColumn>,
    /// `subresources.status` is present.
    pub status_subresource: bool,
    /// `subresources.scale`.
    pub scale: Option<ScalePaths>,
    /// `selectableFields`: field selector name (`spec.color`) to its path.
    pub selectable_fields: BTreeMap<String, JsonPath>,
}

/// A column of `kubectl get`.
#[derive(Clone, Debug)]
pub struct PrinterColumn {
    /// Header.
    pub name: String,
    /// `integer`, `number`, `string`, `boolean` or `date`.
    pub column_type: String,
    /// OpenAPI format; may be empty.
    pub format: String,
    /// For `kubectl explain`-like listings; may be empty.
    pub description: String,
    /// 0 is shown always, above only with `-o wide`.
    pub priority: i64,
    /// Where the value is.
    pub json_path: JsonPath,
}

/// `subresources.scale`.
#[derive(Clone, Debug)]
pub struct ScalePaths {
    /// `specReplicasPath`, such as `.spec.replicas`.
    pub spec_replicas: JsonPath,
    /// `statusReplicasPath`.
    pub status_replicas: JsonPath,
    /// `labelSelectorPath`.
    pub label_selector: Option<JsonPath>,
}

impl Crd {
    /// A version by name.
    #[must_use]
    pub fn version(&self, name: &str) -> Option<&CrdVersion> {
        self.versions.iter().find(|version| version.name == name)
    }

    /// The version objects are stored in.
    #[must_use]
    pub fn storage_version(&self) -> Option<&CrdVersion> {
        self.versions.iter().find(|version| version.storage)
    }
}

#[cfg(test)]
mod tests;
