//! RFC 6902.

use json_patch::{AddOperation, CopyOperation, PatchOperation, ReplaceOperation, TestOperation};
use serde_json::Value;

use super::PatchError;

/// The API server's limit on operations in one JSON patch.
const MAX_OPERATIONS: usize = 10_000;

/// RFC 6902 (`application/json-patch+json`).
///
/// # Errors
/// 400 for a body that is no list, 413 for more than 10,000 operations, 422 when an operation is malformed or fails
/// (a `test` that does not hold, a path that is not there).
pub fn json_patch(doc: &Value, patch: &Value) -> Result<Value, PatchError> {
    let Some(operations) = patch.as_array() else {
        let kind = match patch {
            Value::Object(_) => "object",
            Value::String(_) => "string",
            Value::Number(_) => "number",
            Value::Bool(_) => "bool",
            Value::Null | Value::Array(_) => return Ok(doc.clone()),
        };
        let message =
            format!("error decoding patch: json: cannot unmarshal {kind} into Go value of type []handlers.jsonPatchOp");
        return Err(PatchError::bad_request(message));
    };
    if operations.len() > MAX_OPERATIONS {
        let count = operations.len();
        let message = format!("The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {count}");
        return Err(PatchError::with_status(413, message));
    }
    let patch: json_patch::Patch = serde_json::from_value(patch.clone())
        .map_err(|error| PatchError::unprocessable(format!("malformed operation: {error}")))?;
    let mut result = doc.clone();
    for operation in patch.0 {
        apply(&mut result, operation).map_err(|error| PatchError::unprocessable(error.to_string()))?;
    }
    Ok(result)
}

/// Applies one operation. Where the API server's library is more lenient than the RFC, so is this: a field that is not
/// there is null to `test` and `copy`, and `replace` makes it.
fn apply(document: &mut Value, operation: PatchOperation) -> Result<(), json_patch::PatchError> {
    let operation = match operation {
        PatchOperation::Replace(ReplaceOperation { path, value }) if is_missing_field(document, &path.to_string()) => {
            PatchOperation::Add(AddOperation { path, value })
        }
        PatchOperation::Copy(CopyOperation { from, path }) if is_missing_field(document, &from.to_string()) => {
            PatchOperation::Add(AddOperation { path, value: Value::Null })
        }
        PatchOperation::Test(TestOperation { path, value: Value::Null })
            if is_missing_field(document, &path.to_string()) =>
        {
            return Ok(());
        }
        other => other,
    };
    json_patch::patch(document, &[operation])
}

/// Whether a pointer names no field of an object that is there.
fn is_missing_field(document: &Value, pointer: &str) -> bool {
    let Some((parent, _)) = pointer.rsplit_once('/') else { return false };
    document.pointer(parent).is_some_and(Value::is_object) && document.pointer(pointer).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn operations() {
        let doc = json!({"metadata": {"labels": {"a/b": "1"}}, "spec": {"list": [1, 2]}});
        let patch = json!([
            {"op": "test", "path": "/spec/list/0", "value": 1},
            {"op": "add", "path": "/spec/list/-", "value": 3},
            {"op": "replace", "path": "/metadata/labels/a~1b", "value": "2"},
            {"op": "remove", "path": "/spec/list/0"},
            {"op": "copy", "from": "/spec/list", "path": "/spec/copy"},
            {"op": "move", "from": "/spec/copy", "path": "/spec/moved"},
        ]);
        let got = json_patch(&doc, &patch).unwrap();
        assert_eq!(got, json!({"metadata": {"labels": {"a/b": "2"}}, "spec": {"list": [2, 3], "moved": [2, 3]}}));
    }

    #[test]
    fn failures() {
        let doc = json!({"a": 1});
        for patch in [
            json!([{"op": "test", "path": "/a", "value": 2}]),
            json!([{"op": "remove", "path": "/b"}]),
            json!([{"op": "replace", "path": "/b/c", "value": 1}]),
            json!([{"op": "dance", "path": "/b"}]),
        ] {
            let error = json_patch(&doc, &patch).unwrap_err();
            assert_eq!(error.status, 422, "{patch}");
            assert_eq!(error.to_string(), "the server rejected our request due to an error in our request");
        }
        assert_eq!(json_patch(&doc, &json!({})).unwrap_err().status, 400);
    }
}
