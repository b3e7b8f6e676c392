//! Scenarios whose results were computed by Kubernetes' own field manager (gen/golden_apply.go), and our own additions.

use serde_json::{Value, json};

use super::{ApplyError, Reset, Writer, apply, update};
use crate::{Schema, builtin, patch};

fn schema_of(kind: &str, custom: Option<&Value>) -> Schema {
    let mut parts = kind.rsplitn(3, '/');
    let (kind, version, group) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap_or(""));
    let Some(custom) = custom else { return builtin::schema(group, version, kind).unwrap().as_ref().clone() };
    let mut custom = custom.clone();
    custom["properties"]["apiVersion"] = json!({"type": "string"});
    custom["properties"]["kind"] = json!({"type": "string"});
    custom["properties"]["metadata"] = json!({"$ref": "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"});
    Schema::parse(&custom).unwrap()
}

/// Entries sorted and without times, and no trace of how Go writes an absent creation time.
fn normal(mut object: Value) -> Value {
    if let Some(list) = object.pointer_mut("/metadata/managedFields").and_then(Value::as_array_mut) {
        for entry in list.iter_mut() {
            entry.as_object_mut().unwrap().remove("time");
        }
        list.sort_by_key(|e| format!("{} {} {} {}", e["operation"], e["manager"], e["apiVersion"], e["subresource"]));
    }
    object
}

#[test]
fn golden() {
    let scenarios: Vec<Value> = serde_json::from_str(include_str!("../../tests/data/apply.json")).unwrap();
    for scenario in scenarios {
        let schema = schema_of(scenario["kind"].as_str().unwrap(), scenario.get("schema"));
        let mut live: Option<Value> = None;
        for (index, step) in scenario["steps"].as_array().unwrap().iter().enumerate() {
            let at = format!("{} step {index}", scenario["name"]);
            let text = |name: &str| step.get(name).and_then(Value::as_str).unwrap_or_default();
            let kind = scenario["kind"].as_str().unwrap();
            let writer = Writer {
                manager: text("manager"),
                api_version: kind.rsplit_once('/').unwrap().0,
                subresource: text("subresource"),
                now: "2024-01-01T00:00:00Z",
                reset: match text("reset") {
                    "status" => Reset::Status,
                    "spec" => Reset::AllButStatus,
                    _ => Reset::Nothing,
                },
            };
            let got = if text("op") == "apply" {
                apply(&schema, live.as_ref(), &step["object"], &writer, step.get("force").is_some())
            } else {
                let mut new = match step.get("merge") {
                    Some(merge) => patch::merge_patch(live.as_ref().unwrap(), merge).unwrap(),
                    None => step["object"].clone(),
                };
                if schema.definition.is_some() {
                    schema.default_fields(&mut new);
                }
                Ok(update(&schema, live.as_ref(), new, &writer))
            };
            match got {
                Ok(mut object) => {
                    if schema.definition.is_some() {
                        schema.default_fields(&mut object);
                    }
                    object["metadata"]["uid"] = json!("1");
                    let mut want = step["want"].clone();
                    if schema.definition.is_some() {
                        schema.default_fields(&mut want);
                    }
                    assert!(step.get("error").is_none(), "{at}: want {}", step["error"]);
                    let (got, want) = (normal(object.clone()), normal(want));
                    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap();
                    assert!(got == want, "{at}: got {}\nwant {}", pretty(&got), pretty(&want));
                    live = Some(object);
                }
                Err(error) => {
                    // Go lists several problems in the random order of its maps.
                    let (got, want) = (error.to_string(), text("error"));
                    let sorted = |text: &str| {
                        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
                        lines.sort();
                        lines
                    };
                    let same = if got.contains("errors:") { sorted(&got) == sorted(want) } else { got == want };
                    assert!(same, "{at}: got {got}, want {want}");
                    if let ApplyError::Conflicts(conflicts) = &error {
                        let mut causes: Vec<String> = conflicts
                            .iter()
                            .map(|c| format!("FieldManagerConflict|{}|{}", c.cause_message(), c.field))
                            .collect();
                        causes.sort();
                        assert_eq!(json!(causes), step["causes"], "{at}");
                    }
                }
            }
        }
    }
}
