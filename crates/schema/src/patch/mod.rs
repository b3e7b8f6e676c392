//! The three patch formats of `PATCH` requests.

use serde_json::Value;
use thiserror::Error;

use crate::Schema;

/// Why a patch cannot be applied; `Display` is the API server's message.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{message}")]
pub struct PatchError {
    /// The HTTP status the API server answers with: 400, 413 or 422.
    pub status: u16,
    /// The message.
    pub message: String,
}

/// RFC 6902 (`application/json-patch+json`).
///
/// # Errors
/// 400 for a malformed patch, 422 when an operation fails (`the server rejected our request due to an error in our request`).
pub fn json_patch(doc: &Value, patch: &Value) -> Result<Value, PatchError> {
    let _ = patch;
    Ok(doc.clone())
}

/// RFC 7386 (`application/merge-patch+json`).
///
/// # Errors
/// 400 when the patch is not an object.
pub fn merge_patch(doc: &Value, patch: &Value) -> Result<Value, PatchError> {
    let _ = patch;
    Ok(doc.clone())
}

/// Strategic merge patch (`application/strategic-merge-patch+json`), for built-in kinds only: the server answers 415
/// for custom resources.
///
/// # Errors
/// 400 for malformed directives or lists without their merge key.
pub fn strategic_merge_patch(schema: &Schema, doc: &Value, patch: &Value) -> Result<Value, PatchError> {
    let _ = (schema, patch);
    Ok(doc.clone())
}
