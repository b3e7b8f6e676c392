//! Schemas as Swagger 2.0 has them.

use serde_json::{Map, Value, json};

/// What Swagger 2.0 has no word for, or Kubernetes leaves away there.
const UNKNOWN: [&str; 6] = ["nullable", "default", "anyOf", "oneOf", "not", "x-kubernetes-validations"];

/// A definition in short form as Swagger 2.0.
pub(super) fn schema(short: &Value) -> Value {
    node(short, false)
}

fn node(value: &Value, properties: bool) -> Value {
    match value {
        Value::Object(fields) => {
            let mut spelled = Map::new();
            for (name, value) in fields {
                if !properties && UNKNOWN.contains(&name.as_str()) {
                    continue;
                }
                spelled.insert(name.clone(), node(value, !properties && name == "properties"));
            }
            if !properties && let Some(name) = fields.get("$ref").and_then(Value::as_str) {
                let name = name.rsplit('/').next().unwrap_or(name);
                spelled.insert("$ref".to_owned(), json!(format!("#/definitions/{name}")));
            }
            if !properties && fields.get("oneOf").is_some() && !fields.contains_key("type") {
                // Quantities and int-or-strings are strings there.
                spelled.insert("type".to_owned(), json!("string"));
            }
            Value::Object(spelled)
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| node(item, false)).collect()),
        other => other.clone(),
    }
}
