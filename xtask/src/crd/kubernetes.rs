//! Kubernetes' own types as structural schemas, from the trimmed OpenAPI in `crates/schema/data`.

use crate::tree;
use anyhow::{Context, Result};
use flate2::read::GzDecoder;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;

const INT_OR_STRING: &str = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
const QUANTITY: &str = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// What the protocol of a port is unless it is said: a key of the list of ports, so that it can be applied server-side,
/// and part of the pod hash.
const PORT_PROTOCOL: &str = "TCP";

/// Longer sentences are left out.
const MAX_DESCRIPTION_BYTES: usize = 140;

/// OpenAPI definitions by name, with short references.
pub struct Definitions(BTreeMap<String, Value>);

impl Definitions {
    /// Reads one definition a line: name, kinds, JSON.
    pub fn load() -> Result<Self> {
        let path = tree::root().join("crates/schema/data/openapi.gz");
        let mut text = String::new();
        let file = File::open(&path).with_context(|| format!("{}", path.display()))?;
        GzDecoder::new(file).read_to_string(&mut text)?;
        let mut definitions = BTreeMap::new();
        for line in text.lines() {
            let mut columns = line.splitn(3, '\t');
            let (name, _, json) = (columns.next(), columns.next(), columns.next());
            let (name, json) = name.zip(json).with_context(|| format!("no definition: {line}"))?;
            definitions.insert(name.to_string(), serde_json::from_str(json)?);
        }
        Ok(Definitions(definitions))
    }

    /// The structural schema of a definition: everything inlined, no defaults but [`PORT_PROTOCOL`].
    pub fn schema(&self, name: &str) -> Result<Value> {
        match name {
            INT_OR_STRING => return Ok(int_or_string()),
            QUANTITY => return Ok(int_or_string()),
            // A pod template's metadata are its labels and annotations; everything else would be ignored.
            OBJECT_META => return Ok(labels_and_annotations()),
            _ => {}
        }
        let definition = self.0.get(name).with_context(|| format!("OpenAPI has no {name}"))?;
        let mut schema = self.convert(definition)?;
        match name.rsplit('.').next() {
            Some("PodSpec") => {
                // Volumes come in kinds that this server's Kubernetes may not know yet.
                open(&mut schema["properties"]["volumes"]);
                schema["required"] = json!(["containers"]);
            }
            Some("ContainerPort") => schema["properties"]["protocol"]["default"] = json!(PORT_PROTOCOL),
            Some("ResourceRequirements" | "VolumeResourceRequirements") => {
                for side in ["limits", "requests"] {
                    open(&mut schema["properties"][side]);
                }
            }
            _ => {}
        }
        Ok(schema)
    }

    fn convert(&self, node: &Value) -> Result<Value> {
        let object = node.as_object().context("a schema is an object")?;
        if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
            let mut schema = self.schema(reference)?;
            if let (Some(text), Some(schema)) = (one_liner(object), schema.as_object_mut()) {
                schema.insert("description".into(), json!(text));
            }
            return Ok(schema);
        }
        let mut schema = Map::new();
        schema.extend(one_liner(object).map(|text| ("description".to_string(), json!(text))));
        for (key, value) in object {
            let value = match key.as_str() {
                "properties" => {
                    let properties = value.as_object().context("properties are an object")?;
                    let converted = properties.iter().map(|(name, p)| Ok((name.clone(), self.convert(p)?)));
                    Value::Object(converted.collect::<Result<_>>()?)
                }
                "items" | "additionalProperties" => self.convert(value)?,
                "type"
                | "format"
                | "required"
                | "enum"
                | "x-kubernetes-list-type"
                | "x-kubernetes-list-map-keys"
                | "x-kubernetes-map-type" => value.clone(),
                _ => continue,
            };
            schema.insert(key.clone(), value);
        }
        drop_impossible_list_map(&mut schema);
        Ok(Value::Object(schema))
    }
}

/// Accepts anything from here on.
fn open(schema: &mut Value) {
    let mut opened = json!({ "x-kubernetes-preserve-unknown-fields": true });
    if let Some(description) = schema.get("description") {
        opened["description"] = description.clone();
    }
    *schema = opened;
}

/// The first sentence of the description: whole ones would make the CRDs too big for `kubectl apply`.
fn one_liner(schema: &Map<String, Value>) -> Option<String> {
    let text = schema.get("description")?.as_str()?.lines().next()?;
    let end = text.find(". ").map_or(text.len(), |i| i + 1);
    let sentence = &text[..end];
    (sentence.len() <= MAX_DESCRIPTION_BYTES).then(|| sentence.to_string())
}

/// The keys of a list-map must be required in a CRD, or have a default.
fn drop_impossible_list_map(schema: &mut Map<String, Value>) {
    let Some(keys) = schema.get("x-kubernetes-list-map-keys").and_then(Value::as_array) else { return };
    let Some(items) = schema.get("items") else { return };
    let is_required = |key: &Value| items["required"].as_array().is_some_and(|required| required.contains(key));
    let has_default = |key: &Value| key.as_str().is_some_and(|key| !items["properties"][key]["default"].is_null());
    if !keys.iter().all(|key| is_required(key) || has_default(key)) {
        schema.remove("x-kubernetes-list-map-keys");
        schema.remove("x-kubernetes-list-type");
    }
}

/// A number or a string.
pub fn int_or_string() -> Value {
    json!({ "anyOf": [{ "type": "integer" }, { "type": "string" }], "x-kubernetes-int-or-string": true })
}

fn labels_and_annotations() -> Value {
    let map = json!({ "type": "object", "additionalProperties": { "type": "string" } });
    json!({ "type": "object", "properties": { "labels": map, "annotations": map } })
}
