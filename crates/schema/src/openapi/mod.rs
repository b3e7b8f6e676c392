//! The documents under `/openapi`, for kubectl explain, validation and completion.
//!
//! Definitions come from the generated file, paths from [`builtin::resources`] and CRDs. Building a document unpacks
//! the file anew (milliseconds), so that nothing of it stays in memory: keep the result.

mod crd;
mod definitions;
mod paths;
mod v2;

use std::collections::BTreeSet;

use serde_json::{Value, json};

pub use crd::{add_crd_v2, add_crd_v3};

use crate::builtin;
use definitions::Definitions;
use paths::{Served, ServedSubresource};

/// Keys of the `paths` object of `/openapi/v3` for all built-in group versions: `api/v1`, `apis/apps/v1`, ... Each is
/// served under `/openapi/v3/<key>`.
#[must_use]
pub fn v3_group_versions() -> Vec<String> {
    let keys: BTreeSet<String> = builtin::resources().iter().map(|r| group_version_key(r.group, r.version)).collect();
    keys.into_iter().collect()
}

/// `api/v1` for the core group, `apis/<group>/<version>` for others.
#[must_use]
pub fn group_version_key(group: &str, version: &str) -> String {
    if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") }
}

/// The document under `/openapi/v3/<group_version>` for a built-in group version such as `api/v1` or `apis/apps/v1`;
/// without paths and schemas for an unknown one, ready for [`add_crd_v3`].
#[must_use]
pub fn v3(group_version: &str) -> Value {
    let definitions = Definitions::load();
    let mut document = json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": VERSION},
        "paths": {},
        "components": {
            "schemas": {},
            "securitySchemes": {"BearerToken": {
                "description": "Bearer Token authentication", "in": "header", "name": "authorization", "type": "apiKey"}},
        },
    });
    let mut names = BTreeSet::new();
    for resource in builtin::resources() {
        if group_version_key(resource.group, resource.version) != group_version {
            continue;
        }
        let served = served(resource, &definitions);
        names.extend(served.definitions());
        paths::add_v3(&mut document["paths"], &served);
    }
    if !names.is_empty() {
        definitions::add_v3(&mut document, &definitions, names);
    }
    document
}

/// The document under `/openapi/v2` (JSON form) for all built-in kinds.
#[must_use]
pub fn v2() -> Value {
    let definitions = Definitions::load();
    let mut document = json!({
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": VERSION},
        "paths": {},
        "definitions": {},
        "securityDefinitions": {"BearerToken": {
            "description": "Bearer Token authentication", "in": "header", "name": "authorization", "type": "apiKey"}},
        "security": [{"BearerToken": []}],
    });
    for resource in builtin::resources() {
        paths::add_v2(&mut document["paths"], &served(resource, &definitions));
    }
    for name in definitions.names() {
        if let Some(definition) = definitions.get(name) {
            document["definitions"][name] = v2::schema(&definition);
        }
    }
    document["definitions"][definitions::PATCH] = definitions::patch_schema();
    document
}

/// The version of Kubernetes whose API is described.
const VERSION: &str = "v1.34.4";

fn served(resource: &builtin::Resource, definitions: &Definitions) -> Served {
    let name = |group: &str, version: &str, kind: &str| definitions.of_kind(group, version, kind).map(str::to_owned);
    Served {
        group: resource.group.to_owned(),
        version: resource.version.to_owned(),
        kind: resource.kind.to_owned(),
        plural: resource.plural.to_owned(),
        namespaced: resource.namespaced,
        verbs: resource.verbs.iter().map(|verb| (*verb).to_owned()).collect(),
        definition: name(resource.group, resource.version, resource.kind),
        list_definition: name(resource.group, resource.version, &format!("{}List", resource.kind)),
        strategic: true,
        subresources: resource
            .subresources
            .iter()
            .map(|sub| ServedSubresource {
                name: sub.name.to_owned(),
                group: sub.group.to_owned(),
                version: sub.version.to_owned(),
                kind: sub.kind.to_owned(),
                verbs: sub.verbs.iter().map(|verb| (*verb).to_owned()).collect(),
                definition: name(sub.group, sub.version, sub.kind),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests;
