//! Whether an object is as a document shows it.

use serde_json::Value;

/// What is not as `shown`, in words; fields that are not shown may be anything, but lists are shown whole. `null` stands for no
/// such field.
pub fn difference(found: &Value, shown: &Value) -> Option<String> {
    match (found, shown) {
        (Value::Object(_) | Value::Null, Value::Object(members)) => members.iter().find_map(|(key, shown)| {
            let inner = difference(&found[key], shown)?;
            Some(format!("{key}: {inner}"))
        }),
        (Value::Array(found), Value::Array(shown)) if found.len() == shown.len() => {
            found.iter().zip(shown).enumerate().find_map(|(i, (found, shown))| {
                let inner = difference(found, shown)?;
                Some(format!("[{i}] {inner}"))
            })
        }
        _ if found == shown => None,
        _ => Some(format!("is {found}, and the document says {shown}")),
    }
}

#[test]
fn what_is_not_shown_may_be_anything() {
    use serde_json::json;
    let found = json!({ "a": 1, "b": [{ "c": 2, "d": 3 }] });
    assert_eq!(difference(&found, &json!({ "b": [{ "c": 2 }], "e": null })), None);
    let problem = difference(&found, &json!({ "b": [{ "c": 3 }] }));
    assert_eq!(problem.as_deref(), Some("b: [0] c: is 2, and the document says 3"));
    assert!(difference(&found, &json!({ "b": [] })).is_some());
    assert!(difference(&found, &json!({ "a": null })).is_some());
}
