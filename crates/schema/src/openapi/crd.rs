//! Custom resources in the documents.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::definitions::{self, Definitions, LIST_META, OBJECT_META};
use super::paths::{self, Served, ServedSubresource};
use super::v2;
use crate::crd::{Crd, CrdVersion};

const SCALE: &str = "io.k8s.api.autoscaling.v1.Scale";
const API_VERSION: &str = "APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources";
const KIND: &str = "Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds";
const METADATA: &str = "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

/// Adds a CRD's version to the v3 document of `apis/<group>/<version>` (from [`super::v3`]).
pub fn add_crd_v3(document: &mut Value, crd: &Crd, version: &str) {
    let Some(version) = crd.version(version) else { return };
    let served = served(crd, version);
    paths::add_v3(&mut document["paths"], &served);
    for (name, schema) in schemas(crd, version) {
        document["components"]["schemas"][name] = definitions::long(&schema);
    }
    let mut names = BTreeSet::new();
    if version.scale.is_some() {
        names.insert(SCALE.to_owned());
    }
    definitions::add_v3(document, &Definitions::load(), names);
}

/// Adds all served versions of a CRD to the v2 document (from [`super::v2`]).
pub fn add_crd_v2(document: &mut Value, crd: &Crd) {
    for version in crd.versions.iter().filter(|version| version.served) {
        paths::add_v2(&mut document["paths"], &served(crd, version));
        for (name, schema) in schemas(crd, version) {
            document["definitions"][name] = v2::schema(&schema);
        }
    }
}

/// `io.argoproj.v1alpha1.Rollout`: the group's parts turned around.
fn definition_name(crd: &Crd, version: &CrdVersion, kind: &str) -> String {
    let group: Vec<&str> = crd.group.rsplit('.').collect();
    format!("{}.{}.{kind}", group.join("."), version.name)
}

fn served(crd: &Crd, version: &CrdVersion) -> Served {
    let verbs = |list: &[&str]| list.iter().map(|verb| (*verb).to_owned()).collect::<BTreeSet<String>>();
    let definition = Some(definition_name(crd, version, &crd.names.kind));
    let sub = |name: &str, group: &str, version: &str, kind: &str, definition| ServedSubresource {
        name: name.to_owned(),
        group: group.to_owned(),
        version: version.to_owned(),
        kind: kind.to_owned(),
        verbs: verbs(&["get", "patch", "update"]),
        definition,
    };
    let mut subresources = Vec::new();
    if version.status_subresource {
        subresources.push(sub("status", &crd.group, &version.name, &crd.names.kind, definition.clone()));
    }
    if version.scale.is_some() {
        subresources.push(sub("scale", "autoscaling", "v1", "Scale", Some(SCALE.to_owned())));
    }
    Served {
        group: crd.group.clone(),
        version: version.name.clone(),
        kind: crd.names.kind.clone(),
        plural: crd.names.plural.clone(),
        namespaced: crd.namespaced,
        verbs: verbs(&["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]),
        list_definition: Some(definition_name(crd, version, &crd.names.list_kind)),
        definition,
        strategic: false,
        subresources,
    }
}

/// The definitions of the kind and its list, in short form.
fn schemas(crd: &Crd, version: &CrdVersion) -> [(String, Value); 2] {
    let gvk = |kind: &str| json!([{"group": crd.group, "kind": kind, "version": version.name}]);
    let mut object = version.open_api_v3_schema.clone();
    object["x-kubernetes-group-version-kind"] = gvk(&crd.names.kind);
    object["properties"]["apiVersion"] = json!({"type": "string", "description": API_VERSION});
    object["properties"]["kind"] = json!({"type": "string", "description": KIND});
    object["properties"]["metadata"] = json!({"$ref": OBJECT_META, "description": METADATA});
    let name = definition_name(crd, version, &crd.names.kind);
    let list = json!({
        "description": format!("{} is a list of {}", crd.names.list_kind, crd.names.kind),
        "type": "object",
        "required": ["items"],
        "properties": {
            "apiVersion": {"type": "string", "description": API_VERSION},
            "kind": {"type": "string", "description": KIND},
            "metadata": {"$ref": LIST_META, "description": METADATA},
            "items": {
                "description": format!("List of {}. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md", crd.names.plural),
                "type": "array",
                "items": {"$ref": name},
            },
        },
        "x-kubernetes-group-version-kind": gvk(&crd.names.list_kind),
    });
    [(name, object), (definition_name(crd, version, &crd.names.list_kind), list)]
}
