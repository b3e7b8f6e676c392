//! Objects made from the schemas: whatever a server accepts, the types must be able to read.

use rollouts_api::{AnalysisRun, AnalysisTemplate, Experiment, Rollout};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

/// How deep to fill a sample.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fill {
    /// Every field.
    All,
    /// Every field of the outer object, and only required ones further in.
    Outer,
    /// Required fields.
    Required,
}

fn sample(schema: &Value, fill: Fill) -> Value {
    if schema["x-kubernetes-int-or-string"] == true {
        return json!("1");
    }
    if let Some(values) = schema["enum"].as_array() {
        return values[0].clone();
    }
    match schema["type"].as_str() {
        Some("string") if schema["format"] == "date-time" => json!("2026-01-02T03:04:05Z"),
        Some("string") => json!("x"),
        Some("integer") => json!(1),
        Some("boolean") => json!(true),
        Some("array") => json!([sample(&schema["items"], fill)]),
        Some("object") if schema["additionalProperties"].is_object() => {
            json!({ "k": sample(&schema["additionalProperties"], fill) })
        }
        _ => Value::Object(object(schema, fill)),
    }
}

fn object(schema: &Value, fill: Fill) -> Map<String, Value> {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let properties = schema["properties"].as_object().into_iter().flatten();
    let wanted = properties.filter(|(name, _)| fill != Fill::Required || required.contains(&json!(name)));
    let inner = if fill == Fill::Outer { Fill::Required } else { fill };
    wanted.map(|(name, property)| (name.clone(), sample(property, inner))).collect()
}

/// Paths under which `after` lacks what `before` has; nothing may become of an empty object.
fn lost(before: &Value, after: &Value, path: &str, out: &mut Vec<String>) {
    match (before, after) {
        (Value::Object(b), Value::Object(_)) => {
            b.iter().for_each(|(k, v)| lost(v, &after[k], &format!("{path}.{k}"), out))
        }
        (Value::Array(b), Value::Array(a)) if a.len() == b.len() => {
            b.iter().zip(a).for_each(|(b, a)| lost(b, a, &format!("{path}[]"), out));
        }
        _ if before == after || *before == json!({}) => {}
        _ => out.push(format!("{path}: {before} became {after}")),
    }
}

fn read_back<T: DeserializeOwned + Serialize>(object: &Value) -> Value {
    let typed: T = serde_json::from_value(object.clone()).unwrap_or_else(|e| panic!("{e}: {object}"));
    serde_json::to_value(typed).expect("types serialise")
}

#[test]
fn types_read_whatever_the_schemas_allow() {
    for crd in super::all().expect("generates") {
        let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"];
        let read = match crd["spec"]["names"]["kind"].as_str().expect("a kind") {
            "AnalysisRun" => read_back::<AnalysisRun>,
            "AnalysisTemplate" | "ClusterAnalysisTemplate" => read_back::<AnalysisTemplate>,
            "Experiment" => read_back::<Experiment>,
            "Rollout" => read_back::<Rollout>,
            other => panic!("{other}"),
        };
        for part in ["spec", "status"] {
            let everything = json!({ part: sample(&schema[part], Fill::All) });
            let mut losses = Vec::new();
            lost(&everything, &read(&everything), "", &mut losses);
            assert!(losses.is_empty(), "{}", losses.join("\n"));
            little_inside(&schema[part], &|object| {
                read(&json!({ part: object }));
            });
        }
    }
}

/// Calls `read` with objects of which every level in turn has empty or nearly empty objects inside.
fn little_inside(schema: &Value, read: &dyn Fn(Value)) {
    read(sample(schema, Fill::Required));
    read(sample(schema, Fill::Outer));
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let is_list = property["type"] == "array";
        let inner = if is_list { &property["items"] } else { property };
        if inner["properties"].is_object() && name != "template" {
            little_inside(inner, &|object| {
                let mut outer = sample(schema, Fill::Required);
                outer[name] = if is_list { json!([object]) } else { object };
                read(outer);
            });
        }
    }
}
