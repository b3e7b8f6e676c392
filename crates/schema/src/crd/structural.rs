//! Whether a schema is structural: every field says its type outside of `allOf`, `anyOf`, `oneOf` and `not`, and
//! nothing is used that custom resources may not use.

use serde_json::{Map, Value, json};

use crate::FieldError;
use crate::path::Path;

#[derive(Clone, Copy, PartialEq)]
enum Level {
    Root,
    Item,
    Field,
}

/// Reports problems sorted by message, as the API server does.
pub(super) fn check(schema: &Value, at: &str, errors: &mut Vec<FieldError>) {
    let mut checker = Checker { errors: Vec::new() };
    let path = Path::Text(at);
    if schema.get("nullable").and_then(Value::as_bool) == Some(true) {
        checker.forbid(&path.field("nullable"), "nullable cannot be true at the root");
    }
    checker.node(schema, Level::Root, &path);
    checker.errors.sort_by_key(ToString::to_string);
    errors.extend(checker.errors);
}

struct Checker {
    errors: Vec<FieldError>,
}

impl Checker {
    fn forbid(&mut self, path: &Path<'_>, detail: &str) {
        self.errors.push(FieldError::forbidden(path.to_string(), detail));
    }

    fn require(&mut self, path: &Path<'_>, detail: &str) {
        self.errors.push(FieldError::required(path.to_string(), detail));
    }

    fn invalid(&mut self, path: &Path<'_>, bad: &Value, detail: &str) {
        self.errors.push(FieldError::invalid(path.to_string(), bad.clone(), detail));
    }

    fn node(&mut self, schema: &Value, level: Level, path: &Path<'_>) {
        let Some(object) = schema.as_object() else { return };
        self.unsupported(object, path);
        self.types(object, level, path);
        self.lists(object, path);
        self.alternatives(object, path);
        if let Some(properties) = object.get("properties").and_then(Value::as_object) {
            let at = path.field("properties");
            for (name, child) in properties {
                if name == "metadata" && level == Level::Root {
                    self.metadata(child, &at.key(name));
                } else {
                    self.node(child, Level::Field, &at.key(name));
                }
            }
        }
        if let Some(items) = object.get("items") {
            if items.is_array() {
                self.forbid(&path.field("items"), "items must be a schema object and not an array");
            }
            self.node(items, Level::Item, &path.field("items"));
        }
        if let Some(additional) = object.get("additionalProperties") {
            let at = path.field("additionalProperties");
            if level == Level::Root {
                self.forbid(&at, "must not be used at the root");
            }
            let properties = object.get("properties").and_then(Value::as_object);
            if properties.is_some_and(|properties| !properties.is_empty()) && additional != &Value::Bool(false) {
                self.forbid(&at, "additionalProperties and properties are mutual exclusive");
            }
            self.node(additional, Level::Field, &at);
        }
    }

    fn unsupported(&mut self, object: &Map<String, Value>, path: &Path<'_>) {
        for key in ["$ref", "id", "additionalItems", "patternProperties", "definitions", "dependencies"] {
            if object.contains_key(key) {
                self.forbid(&path.field(key), &format!("{key} is not supported"));
            }
        }
        if object.get("uniqueItems") == Some(&Value::Bool(true)) {
            let detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
            self.forbid(&path.field("uniqueItems"), detail);
        }
        if object.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(false)) {
            let at = path.field("x-kubernetes-preserve-unknown-fields");
            self.invalid(&at, &Value::Bool(false), "must be true or undefined");
        }
    }

    fn types(&mut self, object: &Map<String, Value>, level: Level, path: &Path<'_>) {
        let at = path.field("type");
        let kind = object.get("type").and_then(Value::as_str).unwrap_or_default();
        let flag = |key: &str| object.get(key) == Some(&Value::Bool(true));
        let embedded = flag("x-kubernetes-embedded-resource");
        if embedded && kind != "object" {
            let detail = "must be object if x-kubernetes-embedded-resource is true";
            if kind.is_empty() { self.require(&at, detail) } else { self.invalid(&at, &json!(kind), detail) }
        } else if kind.is_empty()
            && !flag("x-kubernetes-int-or-string")
            && !flag("x-kubernetes-preserve-unknown-fields")
        {
            let detail = match level {
                Level::Root => "must not be empty at the root",
                Level::Item => "must not be empty for specified array items",
                Level::Field => "must not be empty for specified object fields",
            };
            self.require(&at, detail);
        } else if level == Level::Root && !kind.is_empty() && kind != "object" {
            self.invalid(&at, &json!(kind), "must be object at the root");
        }
        if kind == "array" && !object.contains_key("items") {
            self.require(&path.field("items"), "must be specified");
        }
        if flag("x-kubernetes-int-or-string") && flag("x-kubernetes-preserve-unknown-fields") {
            let at = path.field("x-kubernetes-preserve-unknown-fields");
            self.invalid(&at, &Value::Bool(true), "must be false if x-kubernetes-int-or-string is true");
        }
        let properties = object.get("properties").and_then(Value::as_object);
        if embedded && !flag("x-kubernetes-preserve-unknown-fields") && properties.is_none_or(Map::is_empty) {
            let detail = "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields";
            self.require(&path.field("properties"), detail);
        }
    }

    fn lists(&mut self, object: &Map<String, Value>, path: &Path<'_>) {
        let kind = object.get("type").and_then(Value::as_str).unwrap_or_default();
        if object.contains_key("x-kubernetes-map-type") && kind != "object" {
            let detail = "must be object if x-kubernetes-map-type is specified";
            if kind.is_empty() {
                self.require(&path.field("type"), detail);
            } else {
                self.invalid(&path.field("type"), &json!(kind), detail);
            }
        }
        self.word(object, "x-kubernetes-map-type", &["atomic", "granular"], path);
        self.word(object, "x-kubernetes-list-type", &["atomic", "set", "map"], path);
        let list_type = object.get("x-kubernetes-list-type").and_then(Value::as_str);
        if list_type.is_some() && kind != "array" {
            let detail = "must be array if x-kubernetes-list-type is specified";
            if kind.is_empty() {
                self.require(&path.field("type"), detail);
            } else {
                self.invalid(&path.field("type"), &json!(kind), detail);
            }
        }
        let keys_at = path.field("x-kubernetes-list-map-keys");
        let keys =
            object.get("x-kubernetes-list-map-keys").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        if list_type != Some("map") {
            if !keys.is_empty() {
                let detail = "must be map if x-kubernetes-list-map-keys is non-empty";
                match list_type {
                    None => self.require(&path.field("x-kubernetes-list-type"), detail),
                    Some(other) => self.invalid(&path.field("x-kubernetes-list-type"), &json!(other), detail),
                }
            }
            return;
        }
        if keys.is_empty() {
            self.require(&keys_at, "must not be empty if x-kubernetes-list-type is map");
        }
        self.map_keys(object, keys, path, &keys_at);
    }

    fn word(&mut self, object: &Map<String, Value>, key: &str, allowed: &[&str], path: &Path<'_>) {
        if let Some(word) = object.get(key)
            && !word.as_str().is_some_and(|word| allowed.contains(&word))
        {
            self.errors.push(FieldError::not_supported(path.field(key).to_string(), word.clone(), allowed));
        }
    }

    fn map_keys(&mut self, object: &Map<String, Value>, keys: &[Value], path: &Path<'_>, keys_at: &Path<'_>) {
        let Some(items) = object.get("items").and_then(Value::as_object) else {
            self.require(&path.field("items"), "must have a schema if x-kubernetes-list-type is map");
            return;
        };
        let items_at = path.field("items");
        let item_type = items.get("type").cloned().unwrap_or_else(|| json!(""));
        if item_type != "object" {
            let detail = "must be object if parent array's x-kubernetes-list-type is map";
            self.invalid(&items_at.field("type"), &item_type, detail);
        }
        let required = items.get("required").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let properties_at = items_at.field("properties");
        for (index, key) in keys.iter().enumerate() {
            let name = key.as_str().unwrap_or_default();
            let all = Value::Array(keys.to_vec());
            if keys[..index].contains(key) {
                self.invalid(keys_at, &all, "must not contain duplicate entries");
            }
            let Some(property) = items.get("properties").and_then(|properties| properties.get(name)) else {
                self.invalid(keys_at, &all, "entries must all be names of item properties");
                continue;
            };
            let property_at = properties_at.key(name);
            if matches!(property.get("type").and_then(Value::as_str), Some("object" | "array")) {
                let detail = "must be a scalar type if parent array's x-kubernetes-list-type is map";
                self.invalid(&property_at.field("type"), &item_type, detail);
            }
            if !required.contains(key) && property.get("default").is_none() {
                let detail = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property";
                self.require(&property_at.field("default"), detail);
            }
        }
    }

    fn alternatives(&mut self, object: &Map<String, Value>, path: &Path<'_>) {
        let int_or_string = json!([{"type": "integer"}, {"type": "string"}]);
        for key in ["anyOf", "allOf", "oneOf"] {
            let Some(list) = object.get(key).and_then(Value::as_array) else { continue };
            // The usual spelling of int-or-string is allowed.
            if key == "anyOf" && Value::Array(list.clone()) == int_or_string {
                continue;
            }
            let at = path.field(key);
            for (index, nested) in list.iter().enumerate() {
                if key == "allOf" && index == 0 && nested.get("anyOf") == Some(&int_or_string) {
                    continue;
                }
                self.nested(nested, &at.index(index));
            }
        }
        if let Some(not) = object.get("not") {
            self.nested(not, &path.field("not"));
        }
    }

    /// Inside an alternative only value validation is allowed.
    fn nested(&mut self, schema: &Value, path: &Path<'_>) {
        let Some(object) = schema.as_object() else { return };
        for key in ["type", "title", "description"] {
            if object.get(key).and_then(Value::as_str).is_some_and(|text| !text.is_empty()) {
                self.forbid(&path.field(key), "must be empty to be structural");
            }
        }
        for key in ["additionalProperties", "default", "x-kubernetes-list-type", "x-kubernetes-map-type"] {
            if object.contains_key(key) {
                self.forbid(&path.field(key), "must be undefined to be structural");
            }
        }
        for key in [
            "nullable",
            "x-kubernetes-preserve-unknown-fields",
            "x-kubernetes-embedded-resource",
            "x-kubernetes-int-or-string",
        ] {
            if object.get(key) == Some(&Value::Bool(true)) {
                self.forbid(&path.field(key), "must be false to be structural");
            }
        }
        for key in ["x-kubernetes-list-map-keys", "x-kubernetes-validations"] {
            if object.get(key).and_then(Value::as_array).is_some_and(|list| !list.is_empty()) {
                self.forbid(&path.field(key), "must be empty to be structural");
            }
        }
        self.alternatives(object, path);
        if let Some(items) = object.get("items") {
            self.nested(items, &path.field("items"));
        }
        if let Some(properties) = object.get("properties").and_then(Value::as_object) {
            let at = path.field("properties");
            for (name, child) in properties {
                if name == "metadata" {
                    self.forbid(&at.key(name), "must not be specified in a nested context");
                }
                self.nested(child, &at.key(name));
            }
        }
    }

    fn metadata(&mut self, schema: &Value, path: &Path<'_>) {
        let Some(object) = schema.as_object() else { return };
        if object.get("type").and_then(Value::as_str) != Some("object") {
            let bad = object.get("type").cloned().unwrap_or_else(|| json!(""));
            self.invalid(&path.field("type"), &bad, "must be object");
        }
        let properties = object.get("properties").and_then(Value::as_object);
        let allowed = |name: &String| matches!(name.as_str(), "name" | "generateName");
        let strange = properties.is_some_and(|properties| !properties.keys().all(allowed))
            || object.keys().any(|key| !matches!(key.as_str(), "type" | "properties" | "description"));
        if strange {
            let detail =
                "must not specify anything other than name and generateName, but metadata is implicitly specified";
            self.forbid(path, detail);
        }
    }
}
