//! The five CustomResourceDefinitions: schemas from the Rust types of `crates/api` (names, types and doc comments),
//! pod templates from Kubernetes' own OpenAPI, and what neither of them says from [`tables`].

mod kinds;
mod kubernetes;
mod rust_types;
#[cfg(test)]
mod samples;
mod tables;
#[cfg(test)]
mod tests;

use anyhow::{Context, Result};
use kinds::{KINDS, Kind};
use serde_json::{Value, json};

/// The definitions, ordered by name.
pub fn all() -> Result<Vec<Value>> {
    let kubernetes = kubernetes::Definitions::load()?;
    let types = rust_types::Types::load("crates/api/src", &kubernetes)?;
    KINDS.iter().map(|kind| definition(kind, &types).with_context(|| kind.name.to_string())).collect()
}

fn definition(kind: &Kind, types: &rust_types::Types<'_>) -> Result<Value> {
    let plural = kind.plural;
    let mut version = json!({
        "name": "v1alpha1",
        "served": true,
        "storage": true,
        "additionalPrinterColumns": kind.columns.iter().map(kinds::Column::to_json).collect::<Vec<_>>(),
        "schema": { "openAPIV3Schema": root(kind, types)? },
        "subresources": {},
    });
    if kind.has_status_and_scale {
        version["subresources"] = json!({
            "status": {},
            "scale": {
                "specReplicasPath": ".spec.replicas",
                "statusReplicasPath": ".status.HPAReplicas",
                "labelSelectorPath": ".status.selector",
            },
        });
    }
    Ok(json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": { "name": format!("{plural}.argoproj.io") },
        "spec": {
            "group": "argoproj.io",
            "names": {
                "kind": kind.name,
                "listKind": format!("{}List", kind.name),
                "plural": plural,
                "singular": kind.name.to_lowercase(),
                "shortNames": [kind.short_name],
            },
            "scope": if kind.namespaced { "Namespaced" } else { "Cluster" },
            "versions": [version],
        },
    }))
}

fn root(kind: &Kind, types: &rust_types::Types<'_>) -> Result<Value> {
    let mut schema = types.schema(kind.rust_type)?;
    schema["description"] = json!(kind.description);
    schema["properties"]["metadata"] = json!({ "type": "object" });
    schema["properties"]["apiVersion"] = json!({
        "description": "Version of the schema of this object, argoproj.io/v1alpha1.",
        "type": "string",
    });
    schema["properties"]["kind"] = json!({ "description": "Kind of this object.", "type": "string" });
    schema["required"] = json!(["spec"]);
    Ok(schema)
}
