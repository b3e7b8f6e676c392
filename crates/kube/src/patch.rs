//! Minimal JSON merge patches (RFC 7386).

use serde_json::{Map, Value};

/// The smallest merge patch that turns `old` into `new`; `None` if there is nothing to change.
///
/// Arrays are replaced whole, as the RFC has it. A member of `new` that is `null` cannot be said in a merge patch
/// and counts as absent; API servers read it so anyway. (`null` *inside an array* is kept as it is.)
pub fn diff(old: &Value, new: &Value) -> Option<Value> {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let patch = diff_members(old, new);
            (!patch.is_empty()).then_some(Value::Object(patch))
        }
        (_, Value::Object(new)) => Some(Value::Object(diff_members(&Map::new(), new))),
        (old, new) => (old != new).then(|| new.clone()),
    }
}

fn diff_members(old: &Map<String, Value>, new: &Map<String, Value>) -> Map<String, Value> {
    let mut patch = Map::new();
    for (name, before) in old {
        if is_absent(new.get(name)) && !before.is_null() {
            patch.insert(name.clone(), Value::Null);
        }
    }
    for (name, after) in new {
        if after.is_null() {
            continue;
        }
        if let Some(change) = diff(old.get(name).unwrap_or(&Value::Null), after) {
            patch.insert(name.clone(), change);
        }
    }
    patch
}

fn is_absent(value: Option<&Value>) -> bool {
    value.is_none_or(Value::is_null)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// The algorithm of the RFC, word for word.
    fn merge(target: &mut Value, patch: &Value) {
        let Value::Object(patch) = patch else {
            *target = patch.clone();
            return;
        };
        if !target.is_object() {
            *target = json!({});
        }
        for (name, value) in patch {
            if value.is_null() {
                target.as_object_mut().expect("made one").remove(name);
            } else {
                merge(&mut target[name.as_str()], value);
            }
        }
    }

    /// Members that are null are absent, also below; arrays are left alone.
    fn without_nulls(value: &Value) -> Value {
        match value {
            Value::Object(members) => {
                members.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), without_nulls(v))).collect()
            }
            other => other.clone(),
        }
    }

    #[test]
    fn says_only_what_changes() {
        let table = [
            (json!({"a": 1}), json!({"a": 1}), None),
            (json!({"a": 1}), json!({"a": 2}), Some(json!({"a": 2}))),
            (json!({"a": 1, "b": 2}), json!({"b": 2}), Some(json!({"a": null}))),
            (json!({"a": {"b": 1, "c": 2}}), json!({"a": {"b": 1, "c": 3}}), Some(json!({"a": {"c": 3}}))),
            (json!({"a": {"b": 1}}), json!({"a": {}}), Some(json!({"a": {"b": null}}))),
            (json!({}), json!({"a": {}}), Some(json!({"a": {}}))),
            (json!({"a": {"b": 1}}), json!({"a": "x"}), Some(json!({"a": "x"}))),
            (json!({"a": "x"}), json!({"a": {"b": 1, "c": null}}), Some(json!({"a": {"b": 1}}))),
            (json!({"a": [1, {"b": 1}]}), json!({"a": [1, {"b": 2}]}), Some(json!({"a": [1, {"b": 2}]}))),
            (json!({"a": [null]}), json!({"a": [null, {"b": null}]}), Some(json!({"a": [null, {"b": null}]}))),
            (json!({"a": 1}), json!({"a": null}), Some(json!({"a": null}))),
            (json!({"a": null}), json!({}), None),
            (json!({}), json!({"a": null}), None),
            (json!({"a": null}), json!({"a": 1}), Some(json!({"a": 1}))),
        ];
        for (old, new, expected) in table {
            assert_eq!(diff(&old, &new), expected, "{old} -> {new}");
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), (0..3i64).prop_map(Value::from)];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                proptest::collection::btree_map("[a-c]", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    fn object() -> impl Strategy<Value = Value> {
        proptest::collection::btree_map("[a-c]", value(), 0..4)
            .prop_map(|members| Value::Object(members.into_iter().collect()))
    }

    proptest! {
        #[test]
        fn the_patch_leads_to_the_new_value(old in object(), new in object()) {
            // What is stored has no null members: the API server drops them.
            let (old, new) = (without_nulls(&old), without_nulls(&new));
            let mut patched = old.clone();
            if let Some(patch) = diff(&old, &new) {
                merge(&mut patched, &patch);
            } else {
                prop_assert_eq!(&old, &new);
            }
            prop_assert_eq!(patched, new);
        }
    }
}
