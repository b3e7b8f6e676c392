//! RFC 7386.

use serde_json::Value;

use super::PatchError;

/// RFC 7386 (`application/merge-patch+json`).
///
/// # Errors
/// 400 when the patch is not an object.
pub fn merge_patch(doc: &Value, patch: &Value) -> Result<Value, PatchError> {
    if !patch.is_object() {
        return Err(PatchError::bad_request("Invalid JSON Patch"));
    }
    let mut result = doc.clone();
    json_patch::merge(&mut result, patch);
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nulls_delete_lists_replace() {
        let doc = json!({"spec": {"replicas": 1, "paused": true, "list": [1, 2], "template": {"a": 1, "b": 2}}});
        let patch = json!({"spec": {"paused": null, "gone": null, "list": [3], "template": {"b": 3}, "new": {"x": null, "y": 1}}});
        let got = merge_patch(&doc, &patch).unwrap();
        assert_eq!(got, json!({"spec": {"replicas": 1, "list": [3], "template": {"a": 1, "b": 3}, "new": {"y": 1}}}));
        assert_eq!(merge_patch(&doc, &json!([])).unwrap_err().status, 400);
    }
}
