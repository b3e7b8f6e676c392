//! One of `spec.versions`: its schema, columns and subresources.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::names::label_problems;
use super::{CrdVersion, PrinterColumn, ScalePaths, structural};
use crate::path::Path;
use crate::schema::{Limits, Type};
use crate::table::JsonPath;
use crate::{FieldError, Schema};

/// The types a printer column may have, as messages list them.
const COLUMN_TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
/// The formats a printer column may have, as messages list them.
const COLUMN_FORMATS: [&str; 8] = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

pub(super) fn parse_all(list: &[Value], group: &str, kind: &str, errors: &mut Vec<FieldError>) -> Vec<CrdVersion> {
    // What is the same in all versions is reported once, at the place older API versions had it.
    let shared = |key: &str| list.windows(2).all(|pair| pair[0].get(key) == pair[1].get(key));
    let place = |key: &str, top: &str, index: usize| {
        if shared(key) { top.to_owned() } else { format!("spec.versions[{index}].{key}") }
    };
    let mut versions = Vec::with_capacity(list.len());
    for (index, json) in list.iter().enumerate() {
        let name = json.get("name").and_then(Value::as_str).unwrap_or_default();
        let problems = label_problems(name);
        if !problems.is_empty() {
            let at = format!("spec.versions[{index}].name");
            errors.push(FieldError::invalid(at, Value::from(name), problems.join(",")));
            if index == 0 {
                errors.push(FieldError::invalid("spec.version", Value::from(name), problems.join(",")));
            }
        }
        let first = |key: &str| index == 0 || !shared(key);
        let mut found = Vec::new();
        let schema_at = place("schema", "spec.validation", index) + ".openAPIV3Schema";
        let written = json.pointer("/schema/openAPIV3Schema").cloned().unwrap_or(Value::Null);
        let schema = if written.is_object() {
            schema(&written, &schema_at, &mut found)
        } else {
            let at = format!("spec.versions[{index}].schema.openAPIV3Schema");
            errors.push(FieldError::required(at, ""));
            Schema::default()
        };
        let schema_fits = found.is_empty();
        errors.extend(found.drain(..).filter(|_| first("schema")));

        let columns_at = place("additionalPrinterColumns", "spec.additionalPrinterColumns", index);
        let printer_columns = columns(json, &columns_at, &mut found);
        errors.extend(found.drain(..).filter(|_| first("additionalPrinterColumns")));

        let subresources_at = place("subresources", "spec.subresources", index);
        let subresources = json.get("subresources");
        let scale = subresources
            .and_then(|s| s.get("scale"))
            .filter(|scale| scale.is_object())
            .and_then(|scale| scale_paths(scale, &format!("{subresources_at}.scale"), &mut found));
        errors.extend(found.drain(..).filter(|_| first("subresources")));

        let selectable_at = place("selectableFields", "spec.selectableFields", index);
        let selectable_fields = selectable_fields(json, &schema, &selectable_at, &mut found);
        // A schema that is not there has no fields to point to.
        errors.extend(found.drain(..).filter(|_| schema_fits && first("selectableFields")));

        versions.push(CrdVersion {
            name: name.to_owned(),
            served: json.get("served").and_then(Value::as_bool).unwrap_or(false),
            storage: json.get("storage").and_then(Value::as_bool).unwrap_or(false),
            deprecation_warning: deprecation(json, group, kind, name),
            schema: Arc::new(schema),
            open_api_v3_schema: written,
            printer_columns,
            status_subresource: subresources.and_then(|s| s.get("status")).is_some_and(Value::is_object),
            scale,
            selectable_fields,
        });
    }
    versions
}

fn deprecation(json: &Value, group: &str, kind: &str, version: &str) -> Option<String> {
    json.get("deprecated").and_then(Value::as_bool).filter(|deprecated| *deprecated)?;
    let written = json.get("deprecationWarning").and_then(Value::as_str).filter(|text| !text.is_empty());
    Some(written.map_or_else(|| format!("{group}/{version} {kind} is deprecated"), str::to_owned))
}

/// Compiles the schema with the fields every object has.
fn schema(written: &Value, at: &str, errors: &mut Vec<FieldError>) -> Schema {
    let before = errors.len();
    structural::check(written, at, errors);
    if errors.len() > before {
        return Schema::default();
    }
    let mut complete = written.clone();
    let mut metadata_rules = None;
    if let Some(root) = complete.as_object_mut() {
        let properties = root.entry("properties").or_insert_with(|| json!({}));
        if let Some(properties) = properties.as_object_mut() {
            properties.entry("apiVersion").or_insert_with(|| json!({"type": "string"}));
            properties.entry("kind").or_insert_with(|| json!({"type": "string"}));
            metadata_rules = properties.insert(
                "metadata".to_owned(),
                json!({"$ref": "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", "default": {}}),
            );
        }
    }
    match Schema::parse_at(&complete, &Path::Text(at)) {
        Ok(mut schema) => {
            if let Some(rules) = metadata_rules.filter(|rules| rules.get("properties").is_some()) {
                restrict_metadata(&mut schema, &rules);
            }
            schema
        }
        Err(found) => {
            errors.extend(found);
            Schema::default()
        }
    }
}

/// A schema may restrict `metadata.name` and `metadata.generateName`.
fn restrict_metadata(schema: &mut Schema, rules: &Value) {
    let only_metadata = json!({"properties": {"metadata": rules}});
    if let Ok(restriction) = Schema::parse(&only_metadata) {
        schema.limits.get_or_insert_with(|| Box::new(Limits::default())).all_of.push(restriction);
    }
}

fn columns(json: &Value, at: &str, errors: &mut Vec<FieldError>) -> Vec<PrinterColumn> {
    let list = json.get("additionalPrinterColumns").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if list.is_empty() {
        return age_column().into_iter().collect();
    }
    list.iter().enumerate().filter_map(|(index, json)| column(json, &format!("{at}[{index}]"), errors)).collect()
}

/// The column the API server shows when a CRD names none.
fn age_column() -> Option<PrinterColumn> {
    Some(PrinterColumn {
        name: "Age".to_owned(),
        column_type: "date".to_owned(),
        format: String::new(),
        description: "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata".to_owned(),
        priority: 0,
        json_path: JsonPath::parse(".metadata.creationTimestamp").ok()?,
    })
}

fn column(json: &Value, at: &str, errors: &mut Vec<FieldError>) -> Option<PrinterColumn> {
    let text = |key: &str| json.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (name, column_type, format, path) = (text("name"), text("type"), text("format"), text("jsonPath"));
    if name.is_empty() {
        errors.push(FieldError::required(format!("{at}.name"), ""));
    }
    let types = format!("must be one of {}", COLUMN_TYPES.join(","));
    if column_type.is_empty() {
        errors.push(FieldError::required(format!("{at}.type"), types));
    } else if !COLUMN_TYPES.contains(&column_type.as_str()) {
        errors.push(FieldError::invalid(format!("{at}.type"), Value::from(column_type.as_str()), types));
    }
    if !format.is_empty() && !COLUMN_FORMATS.contains(&format.as_str()) {
        let detail = format!("must be one of {}", COLUMN_FORMATS.join(","));
        errors.push(FieldError::invalid(format!("{at}.format"), Value::from(format.as_str()), detail));
    }
    let json_path = simple_path(&path, &format!("{at}.JSONPath"), None, errors)?;
    let priority = json.get("priority").and_then(Value::as_i64).unwrap_or(0);
    Some(PrinterColumn { name, column_type, format, description: text("description"), priority, json_path })
}

/// A path in dot notation, under one of the given prefixes.
fn simple_path(path: &str, at: &str, under: Option<(&[&str], &str)>, errors: &mut Vec<FieldError>) -> Option<JsonPath> {
    let bad = || Value::from(path);
    if path.is_empty() {
        errors.push(FieldError::required(at, ""));
        return None;
    }
    if !path.starts_with('.') {
        errors.push(FieldError::invalid(at, bad(), "must be a simple json path starting with ."));
        return None;
    }
    if let Some((prefixes, detail)) = under
        && !prefixes.iter().any(|prefix| path.starts_with(prefix))
    {
        errors.push(FieldError::invalid(at, bad(), detail));
        return None;
    }
    JsonPath::parse(path).map_err(|problem| errors.push(FieldError::invalid(at, bad(), problem))).ok()
}

fn scale_paths(json: &Value, at: &str, errors: &mut Vec<FieldError>) -> Option<ScalePaths> {
    let text = |key: &str| json.get(key).and_then(Value::as_str).unwrap_or_default();
    let path = |key: &str, prefixes: &[&str], detail: &str, errors: &mut Vec<FieldError>| {
        simple_path(text(key), &format!("{at}.{key}"), Some((prefixes, detail)), errors)
    };
    let spec = path("specReplicasPath", &[".spec."], "should be a json path under .spec", errors);
    let status = path("statusReplicasPath", &[".status."], "should be a json path under .status", errors);
    let label_selector = if text("labelSelectorPath").is_empty() {
        None
    } else {
        let detail = "should be a json path under either .spec or .status";
        path("labelSelectorPath", &[".spec.", ".status."], detail, errors)
    };
    Some(ScalePaths { spec_replicas: spec?, status_replicas: status?, label_selector })
}

fn selectable_fields(
    json: &Value,
    schema: &Schema,
    at: &str,
    errors: &mut Vec<FieldError>,
) -> BTreeMap<String, JsonPath> {
    let list = json.get("selectableFields").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut fields = BTreeMap::new();
    for (place, field) in list.iter().enumerate() {
        let at = format!("{at}[{place}].jsonPath");
        let path = field.get("jsonPath").and_then(Value::as_str).unwrap_or_default();
        let bad = || Value::from(path);
        let Some(parsed) = simple_path(path, &at, None, errors) else { continue };
        let target = parsed.field_names().and_then(|names| below(schema, &names));
        let Some(target) = target.filter(|_| !path.starts_with(".metadata")) else {
            errors.push(FieldError::invalid(at, bad(), "is an invalid path: does not refer to a valid field"));
            continue;
        };
        if !matches!(target.ty, Type::String | Type::Boolean | Type::Integer) {
            let detail = "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.";
            errors.push(FieldError::invalid(at.as_str(), bad(), detail));
        }
        if fields.insert(path.trim_start_matches('.').to_owned(), parsed).is_some() {
            errors.push(FieldError::duplicate(at, bad()));
        }
    }
    fields
}

/// The schema of a named field below.
fn below<'s>(schema: &'s Schema, names: &[&str]) -> Option<&'s Schema> {
    names.iter().try_fold(schema, |schema, name| schema.properties.get(*name).map(|child| &**child))
}
