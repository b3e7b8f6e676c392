//! The definitions with their descriptions, in short form and as OpenAPI v3.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::builtin::{rows, unpack};

const OPENAPI: &[u8] = include_bytes!("../../data/openapi.gz");

/// The name of the body schema of patches, which the generated file does not hold.
pub(super) const PATCH: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch";
pub(super) const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
pub(super) const LIST_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";
pub(super) const DELETE_OPTIONS: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions";
pub(super) const STATUS: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Status";

/// The unpacked file.
pub(super) struct Definitions {
    text: String,
    /// Name to the range of its JSON in `text`.
    places: BTreeMap<String, (usize, usize)>,
    by_kind: BTreeMap<String, String>,
}

impl Definitions {
    pub(super) fn load() -> Self {
        let text = unpack(OPENAPI);
        let (mut places, mut by_kind) = (BTreeMap::new(), BTreeMap::new());
        let start = text.as_ptr().addr();
        for (name, kinds, json) in rows(&text) {
            let from = json.as_ptr().addr() - start;
            places.insert(name.to_owned(), (from, from + json.len()));
            for kind in kinds.split(',').filter(|kind| !kind.is_empty()) {
                by_kind.insert(kind.to_owned(), name.to_owned());
            }
        }
        Self { text, places, by_kind }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }

    pub(super) fn of_kind(&self, group: &str, version: &str, kind: &str) -> Option<&str> {
        self.by_kind.get(&format!("{group}/{version}/{kind}")).map(String::as_str)
    }

    /// A definition in short form (`{"$ref": "<name>", ...}`).
    pub(super) fn get(&self, name: &str) -> Option<Value> {
        let (from, to) = *self.places.get(name)?;
        serde_json::from_str(self.text.get(from..to)?).ok()
    }
}

/// Adds the named definitions, and all they refer to, to `components.schemas`.
pub(super) fn add_v3(document: &mut Value, definitions: &Definitions, names: BTreeSet<String>) {
    let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else { return };
    let mut open: Vec<String> = names.into_iter().collect();
    open.extend([DELETE_OPTIONS, STATUS, OBJECT_META, LIST_META].map(str::to_owned));
    schemas.insert(PATCH.to_owned(), patch_schema());
    while let Some(name) = open.pop() {
        if schemas.contains_key(&name) {
            continue;
        }
        let Some(short) = definitions.get(&name) else { continue };
        references(&short, &mut open);
        schemas.insert(name, long(&short));
    }
}

pub(super) fn patch_schema() -> Value {
    json!({
        "description": "Patch is provided to give a concrete name and type to the Kubernetes PATCH request body.",
        "type": "object",
    })
}

fn references(node: &Value, found: &mut Vec<String>) {
    match node {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

/// Spells references out: with words of its own beside it, a reference goes into an `allOf`, as v3 demands.
pub(super) fn long(node: &Value) -> Value {
    match node {
        Value::Object(fields) => {
            let mut spelled: Map<String, Value> = fields
                .iter()
                .filter(|(name, _)| !is_reference(name, fields))
                .map(|(k, v)| (k.clone(), long(v)))
                .collect();
            if let Some(name) = fields.get("$ref").and_then(Value::as_str) {
                let reference = json!({"$ref": format!("#/components/schemas/{name}")});
                if spelled.is_empty() {
                    return reference;
                }
                spelled.insert("allOf".to_owned(), json!([reference]));
            }
            Value::Object(spelled)
        }
        Value::Array(items) => Value::Array(items.iter().map(long).collect()),
        other => other.clone(),
    }
}

/// A property may be called `$ref` too; a reference is a string.
fn is_reference(name: &str, fields: &Map<String, Value>) -> bool {
    name == "$ref" && fields.get(name).is_some_and(Value::is_string)
}
