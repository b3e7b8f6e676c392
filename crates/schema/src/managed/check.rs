//! Whether an applied configuration fits the schema, in structured-merge-diff's words.

use std::collections::BTreeSet;

use serde_json::Value;

use super::fieldset::Step;
use super::shape::{Items, Shape, item_step};
use crate::go::go_value;
use crate::schema::Type;

/// All problems as one message: one alone bare, several under `errors:`.
pub(super) fn check(shape: Shape<'_>, value: &Value) -> Result<(), String> {
    let mut problems = Vec::new();
    walk(shape, value, &mut String::new(), &mut problems);
    match problems.len() {
        0 => Ok(()),
        1 => Err(problems.remove(0)),
        _ => Err(format!("errors:\n  {}", problems.join("\n  "))),
    }
}

fn walk(shape: Shape<'_>, value: &Value, path: &mut String, problems: &mut Vec<String>) {
    if value.is_null() {
        return;
    }
    if let Some(problem) = wrong_type(shape, value) {
        problems.push(format!("{path}: {problem}"));
        return;
    }
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let length = path.len();
                path.push('.');
                path.push_str(name);
                match shape.field(name) {
                    Some(child) => walk(child, value, path, problems),
                    None => problems.push(format!("{path}: field not declared in schema")),
                }
                path.truncate(length);
            }
        }
        Value::Array(list) => {
            let items = shape.items();
            let mut seen = BTreeSet::new();
            for (index, item) in list.iter().enumerate() {
                let step = match items {
                    Items::Atomic => Step::Index(index),
                    _ => match item_step(items, item) {
                        Ok(step) => step,
                        Err(problem) => {
                            problems.push(format!("{path}: element {index}: {problem}"));
                            return;
                        }
                    },
                };
                if !seen.insert(step.clone()) {
                    problems.push(format!("{path}: duplicate entries for key {step}"));
                }
                let child = match (items, shape) {
                    (Items::Atomic, Shape::Known(schema)) => {
                        schema.items.as_ref().map_or(Shape::Deduced, |s| Shape::Known(s))
                    }
                    _ => items.shape(),
                };
                let length = path.len();
                path.push_str(&step.to_string());
                walk(child, item, path, problems);
                path.truncate(length);
            }
        }
        _ => {}
    }
}

fn wrong_type(shape: Shape<'_>, value: &Value) -> Option<String> {
    let Shape::Known(schema) = shape else { return None };
    let printed = || format!("&{{{}}}", go_value(value));
    match (schema.ty, value) {
        (Type::Any, Value::Object(_) | Value::Array(_)) if schema.int_or_string => {
            Some(format!("expected any scalar, got {}", printed()))
        }
        (Type::Any, _) => None,
        (Type::Object, Value::Object(_)) | (Type::Array, Value::Array(_)) => None,
        (Type::Object, _) => Some(format!("expected map, got {}", printed())),
        (Type::Array, _) => Some(format!("expected list, got {}", printed())),
        (Type::Integer | Type::Number, Value::Number(_)) => None,
        (Type::Integer | Type::Number, other) => {
            Some(format!("expected numeric (int or float), got {}", go_type(other)))
        }
        (Type::Boolean, Value::Bool(_)) | (Type::String, Value::String(_)) => None,
        (Type::Boolean, _) => Some(format!("expected boolean, got {}", printed())),
        // Formats other than bytes are not checked to be strings.
        (Type::String, Value::Bool(_) | Value::Number(_)) if schema.format.as_deref().is_some_and(|f| f != "byte") => {
            None
        }
        (Type::String, other) => {
            Some(format!("expected string, got &value.valueUnstructured{{Value:{}}}", go_syntax(other)))
        }
    }
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(n) if n.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// `%#v` of decoded JSON.
fn go_syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".to_owned(),
        Value::String(s) => crate::go::go_quote(s),
        Value::Array(items) => {
            format!("[]interface {{}}{{{}}}", items.iter().map(go_syntax).collect::<Vec<_>>().join(", "))
        }
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| format!("{}:{}", crate::go::go_quote(name), go_syntax(value)))
                .collect();
            format!("map[string]interface {{}}{{{}}}", fields.join(", "))
        }
        other => go_value(other),
    }
}
