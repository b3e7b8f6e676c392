//! Laws that hold for whatever is applied.

use proptest::prelude::*;
use rollouts_schema::managed::{ApplyError, Reset, Writer, apply};
use rollouts_schema::{builtin, strict_json};
use serde_json::{Map, Value, json};

fn writer(manager: &str) -> Writer<'_> {
    Writer { manager, api_version: "v1", subresource: "", now: "2024-01-01T00:00:00Z", reset: Reset::Nothing }
}

/// A Pod configuration: some labels, and containers in any order.
fn config() -> impl Strategy<Value = Value> {
    let labels = prop::collection::btree_map("[a-c]", "[12]", 0..3);
    let container = ("[12]", prop::option::of("[xy]"));
    let names = Just(vec!["a", "b", "c", "d"]).prop_shuffle();
    let containers = (names, prop::collection::vec(container, 0..4));
    (labels, containers).prop_map(|(labels, (names, containers))| {
        let containers: Vec<Value> = names
            .iter()
            .zip(containers)
            .map(|(name, (image, command))| {
                let mut container = json!({"name": name, "image": image});
                if let Some(command) = command {
                    container["command"] = json!([command]);
                }
                container
            })
            .collect();
        let mut config = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}});
        if !labels.is_empty() {
            config["metadata"]["labels"] = json!(labels);
        }
        if !containers.is_empty() {
            config["spec"] = json!({"containers": containers});
        }
        config
    })
}

/// What a configuration says, without order: labels and containers by name.
fn said(object: &Value) -> (Map<String, Value>, Map<String, Value>) {
    let labels = object.pointer("/metadata/labels").and_then(Value::as_object).cloned().unwrap_or_default();
    let list = object.pointer("/spec/containers").and_then(Value::as_array).cloned().unwrap_or_default();
    let containers = list.into_iter().map(|c| (c["name"].as_str().unwrap_or_default().to_owned(), c)).collect();
    (labels, containers)
}

fn order(object: &Value, only: &Value) -> Vec<String> {
    let names = |object: &Value| -> Vec<String> {
        let list = object.pointer("/spec/containers").and_then(Value::as_array).cloned().unwrap_or_default();
        list.iter().map(|c| c["name"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let wanted = names(only);
    names(object).into_iter().filter(|name| wanted.contains(name)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn applying_again_changes_nothing(first in config(), second in config()) {
        let schema = builtin::schema("", "v1", "Pod").expect("Pods are built in");
        let live = apply(schema, None, &first, &writer("a"), false).expect("nobody else is there");
        prop_assert_eq!(&apply(schema, Some(&live), &first, &writer("a"), false).expect("no change"), &live);
        let live = apply(schema, Some(&live), &second, &writer("b"), true).expect("forced");
        prop_assert_eq!(&apply(schema, Some(&live), &second, &writer("b"), false).expect("no change"), &live);
    }

    #[test]
    fn a_sole_applier_gets_exactly_what_it_says(first in config(), second in config()) {
        let schema = builtin::schema("", "v1", "Pod").expect("Pods are built in");
        let live = apply(schema, None, &first, &writer("a"), false).expect("nobody else is there");
        let live = apply(schema, Some(&live), &second, &writer("a"), false).expect("nobody else is there");
        prop_assert_eq!(said(&live), said(&second));
        prop_assert_eq!(order(&live, &second), order(&second, &second));
    }

    #[test]
    fn an_apply_conflicts_or_holds(first in config(), second in config()) {
        let schema = builtin::schema("", "v1", "Pod").expect("Pods are built in");
        let live = apply(schema, None, &first, &writer("a"), false).expect("nobody else is there");
        match apply(schema, Some(&live), &second, &writer("b"), false) {
            Err(ApplyError::Conflicts(conflicts)) => prop_assert!(!conflicts.is_empty()),
            Err(other) => prop_assert!(false, "{}", other),
            Ok(merged) => {
                let ((labels, containers), (said_labels, said_containers)) = (said(&merged), said(&second));
                for (name, value) in said_labels {
                    prop_assert_eq!(labels.get(&name), Some(&value));
                }
                for (name, wanted) in said_containers {
                    let got = containers.get(&name).cloned().unwrap_or_default();
                    for (field, value) in wanted.as_object().into_iter().flatten() {
                        prop_assert_eq!(got.get(field), Some(value));
                    }
                }
                for name in said(&first).1.keys() {
                    prop_assert!(containers.contains_key(name), "what others own stays");
                }
            }
        }
    }

    #[test]
    fn strict_json_reads_what_serde_reads(text in r#"[\[\]{}:,"a-c0-9.truefalsn -]{0,40}"#) {
        let ours = strict_json::parse(text.as_bytes()).ok().map(|(value, _)| value);
        prop_assert_eq!(ours, serde_json::from_str::<Value>(&text).ok());
    }
}
