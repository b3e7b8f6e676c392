//! From OpenAPI v3 JSON to [`Schema`].

use std::sync::Arc;

use serde_json::{Map, Value};

use super::value_rules::Checks;
use super::{Additional, Below, Limits, ListType, PatchStrategy, Pattern, Schema, SchemaRef, Type};
use crate::cel::Rule;
use crate::path::Path;
use crate::{FieldError, builtin};

impl Schema {
    /// Parses an OpenAPI v3 schema object. `$ref` may only name built-in definitions, such as
    /// `io.k8s.api.core.v1.PodTemplateSpec`.
    ///
    /// # Errors
    /// Unknown types or references, bad patterns, CEL rules that do not compile; field paths are relative to the schema
    /// (`properties[spec].pattern`).
    pub fn parse(json: &Value) -> Result<Self, Vec<FieldError>> {
        Self::parse_at(json, &Path::Root)
    }

    pub(crate) fn parse_at(json: &Value, path: &Path<'_>) -> Result<Self, Vec<FieldError>> {
        let mut parser = Parser { errors: Vec::new(), builtin: false };
        let schema = parser.node(json, path);
        if parser.errors.is_empty() { Ok(schema) } else { Err(parser.errors) }
    }

    /// Parses a built-in definition, where an object without fields is free-form (`RawExtension`).
    pub(crate) fn parse_builtin(name: &'static str, json: &Value) -> Self {
        let mut parser = Parser { errors: Vec::new(), builtin: true };
        let schema = Self { definition: Some(name), ..parser.node(json, &Path::Root) };
        debug_assert!(parser.errors.is_empty(), "generated definitions parse: {:?}", parser.errors);
        schema
    }
}

struct Parser {
    errors: Vec<FieldError>,
    builtin: bool,
}

impl Parser {
    fn error(&mut self, path: &Path<'_>, bad: &Value, detail: &str) {
        self.errors.push(FieldError::invalid(path.to_string(), bad.clone(), detail));
    }

    fn reference(&mut self, json: &Value, path: &Path<'_>) -> SchemaRef {
        let default = json.get("default").cloned();
        let Some(name) = json.get("$ref").and_then(Value::as_str) else {
            let schema = self.node(json, path);
            if let Some(default) = default.as_ref().filter(|_| !self.builtin) {
                self.default(&schema, default, &path.field("default"));
            }
            return SchemaRef::owned(Arc::new(schema), default);
        };
        let name = name.rsplit('/').next().unwrap_or(name);
        let Some(definition) = builtin::definition(name) else {
            self.error(&path.field("$ref"), &json["$ref"], "unknown definition");
            return SchemaRef::owned(Arc::default(), default);
        };
        // A field may say more about itself than its type does: then it needs its own (shallow) copy.
        const OVERRIDES: [&str; 4] = [
            "x-kubernetes-patch-strategy",
            "x-kubernetes-patch-merge-key",
            "x-kubernetes-map-type",
            "x-kubernetes-list-type",
        ];
        let Some(object) = json.as_object() else { return SchemaRef::shared(definition, default) };
        if OVERRIDES.iter().any(|key| object.contains_key(*key)) {
            let mut copy = definition.schema().as_ref().clone();
            self.ownership(object, &mut copy, path);
            return SchemaRef::owned(Arc::new(copy), default);
        }
        SchemaRef::shared(definition, default)
    }

    /// A default must itself follow the schema.
    fn default(&mut self, schema: &Schema, default: &Value, path: &Path<'_>) {
        if !schema.unknown_fields(default).is_empty() {
            self.error(path, default, "must not have unknown fields");
            return;
        }
        let mut complete = default.clone();
        schema.default_fields(&mut complete);
        let mut checks = Checks::default();
        schema.check(&complete, None, &Path::Root, &mut checks);
        for mut error in checks.errors {
            let below = std::mem::take(&mut error.field);
            error.field = if below.is_empty() { path.to_string() } else { format!("{path}.{below}") };
            self.errors.push(error);
        }
    }

    fn node(&mut self, json: &Value, path: &Path<'_>) -> Schema {
        let Some(object) = json.as_object() else {
            self.error(path, json, "must be a schema object");
            return Schema::default();
        };
        let mut schema = Schema {
            ty: self.type_of(object, path),
            format: text(object, "format"),
            nullable: flag(object, "nullable"),
            int_or_string: flag(object, "x-kubernetes-int-or-string"),
            preserve_unknown: flag(object, "x-kubernetes-preserve-unknown-fields"),
            embedded_resource: flag(object, "x-kubernetes-embedded-resource"),
            required: texts(object.get("required")),
            limits: self.limits(object, path),
            ..Schema::default()
        };
        if schema.format.as_deref() == Some("int-or-string") {
            schema.int_or_string = true;
            schema.ty = Type::Any;
            schema.limits = None;
        }
        self.ownership(object, &mut schema, path);
        self.children(object, &mut schema, path);
        self.rules(object, &mut schema, path);
        if self.builtin
            && schema.ty == Type::Object
            && schema.properties.is_empty()
            && matches!(schema.additional, Additional::Unsaid)
        {
            schema.preserve_unknown = true;
        }
        schema
    }

    fn type_of(&mut self, object: &Map<String, Value>, path: &Path<'_>) -> Type {
        match object.get("type").and_then(Value::as_str) {
            None | Some("") => Type::Any,
            Some("object") => Type::Object,
            Some("array") => Type::Array,
            Some("string") => Type::String,
            Some("integer") => Type::Integer,
            Some("number") => Type::Number,
            Some("boolean") => Type::Boolean,
            Some(other) => {
                let types = ["array", "boolean", "integer", "number", "object", "string"];
                let at = path.field("type").to_string();
                self.errors.push(FieldError::not_supported(at, Value::from(other), types));
                Type::Any
            }
        }
    }

    fn ownership(&mut self, object: &Map<String, Value>, schema: &mut Schema, path: &Path<'_>) {
        if let Some(kind) = object.get("x-kubernetes-list-type") {
            schema.list_type_given = true;
            schema.list_type = match kind.as_str() {
                Some("atomic") => ListType::Atomic,
                Some("set") => ListType::Set,
                Some("map") => ListType::Map(texts(object.get("x-kubernetes-list-map-keys"))),
                _ => {
                    let at = path.field("x-kubernetes-list-type").to_string();
                    self.errors.push(FieldError::not_supported(at, kind.clone(), ["atomic", "set", "map"]));
                    ListType::Atomic
                }
            };
        }
        match object.get("x-kubernetes-map-type").map(Value::as_str) {
            None => {}
            Some(Some("atomic")) => schema.map_atomic = true,
            Some(Some("granular")) => schema.map_atomic = false,
            Some(_) => {
                let at = path.field("x-kubernetes-map-type").to_string();
                let bad = object["x-kubernetes-map-type"].clone();
                self.errors.push(FieldError::not_supported(at, bad, ["atomic", "granular"]));
            }
        }
        if let Some(strategies) = object.get("x-kubernetes-patch-strategy").and_then(Value::as_str) {
            schema.patch = PatchStrategy {
                merge: strategies.split(',').any(|s| s == "merge"),
                retain_keys: strategies.split(',').any(|s| s == "retainKeys"),
                merge_key: text(object, "x-kubernetes-patch-merge-key"),
            };
        }
    }

    fn children(&mut self, object: &Map<String, Value>, schema: &mut Schema, path: &Path<'_>) {
        if let Some(properties) = object.get("properties").and_then(Value::as_object) {
            let at = path.field("properties");
            for (name, child) in properties {
                let child = self.reference(child, &at.key(name));
                schema.properties.insert(name.as_str().into(), child);
            }
        }
        schema.additional = match object.get("additionalProperties") {
            None => Additional::Unsaid,
            Some(Value::Bool(true)) => Additional::Any,
            Some(Value::Bool(false)) => Additional::None,
            Some(child) => Additional::Schema(self.reference(child, &path.field("additionalProperties"))),
        };
        if let Some(items) = object.get("items") {
            schema.items = Some(self.reference(items, &path.field("items")));
        }
        let more = match &schema.additional {
            Additional::Schema(child) => Some(child),
            _ => None,
        };
        let mut below = Below::default();
        for child in schema.properties.values().chain(more).chain(&schema.items) {
            let child_below = child.below_or_any();
            below.defaults |= child.default_value().is_some() || child_below.defaults;
            below.rules |= child_below.rules;
        }
        schema.below = below;
    }

    fn rules(&mut self, object: &Map<String, Value>, schema: &mut Schema, path: &Path<'_>) {
        let Some(rules) = object.get("x-kubernetes-validations").and_then(Value::as_array) else { return };
        let at = path.field("x-kubernetes-validations");
        for (index, rule) in rules.iter().enumerate() {
            match Rule::compile(rule, schema, &at.index(index)) {
                Ok(rule) => schema.rules.push(rule),
                Err(error) => self.errors.push(error),
            }
        }
        schema.below.rules |= !schema.rules.is_empty();
    }

    fn limits(&mut self, object: &Map<String, Value>, path: &Path<'_>) -> Option<Box<Limits>> {
        const KEYWORDS: [&str; 16] = [
            "enum",
            "minimum",
            "maximum",
            "multipleOf",
            "minLength",
            "maxLength",
            "pattern",
            "minItems",
            "maxItems",
            "uniqueItems",
            "minProperties",
            "maxProperties",
            "allOf",
            "anyOf",
            "oneOf",
            "not",
        ];
        if !KEYWORDS.iter().any(|key| object.contains_key(*key)) {
            return None;
        }
        let number = |key| object.get(key).and_then(Value::as_number).cloned();
        let count = |key| object.get(key).and_then(Value::as_u64);
        Some(Box::new(Limits {
            one_of_values: object.get("enum").and_then(Value::as_array).cloned(),
            minimum: number("minimum"),
            exclusive_minimum: flag(object, "exclusiveMinimum"),
            maximum: number("maximum"),
            exclusive_maximum: flag(object, "exclusiveMaximum"),
            multiple_of: number("multipleOf"),
            min_length: count("minLength"),
            max_length: count("maxLength"),
            pattern: self.pattern(object, path),
            min_items: count("minItems"),
            max_items: count("maxItems"),
            unique_items: flag(object, "uniqueItems"),
            min_properties: count("minProperties"),
            max_properties: count("maxProperties"),
            all_of: self.list(object, "allOf", path),
            any_of: self.list(object, "anyOf", path),
            one_of: self.list(object, "oneOf", path),
            not: object.get("not").map(|json| Box::new(self.node(json, &path.field("not")))),
        }))
    }

    fn pattern(&mut self, object: &Map<String, Value>, path: &Path<'_>) -> Option<Pattern> {
        let source = text(object, "pattern").filter(|source| !source.is_empty())?;
        match regex_lite::Regex::new(&source) {
            Ok(regex) => Some(Pattern { source, regex }),
            Err(error) => {
                let detail = format!("must be a valid regular expression, but isn't: {error}");
                self.error(&path.field("pattern"), &object["pattern"], &detail);
                None
            }
        }
    }

    fn list(&mut self, object: &Map<String, Value>, key: &str, path: &Path<'_>) -> Vec<Schema> {
        let at = path.field(key);
        let list = object.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        list.iter().enumerate().map(|(index, json)| self.node(json, &at.index(index))).collect()
    }
}

fn flag(object: &Map<String, Value>, key: &str) -> bool {
    object.get(key).and_then(Value::as_bool).unwrap_or(false)
}

fn text(object: &Map<String, Value>, key: &str) -> Option<Box<str>> {
    object.get(key).and_then(Value::as_str).map(Into::into)
}

fn texts(list: Option<&Value>) -> Vec<Box<str>> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(Into::into).collect()
}
