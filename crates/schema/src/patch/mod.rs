//! The three patch formats of `PATCH` requests. All give the patched object and leave the original alone.

mod json;
mod merge;
mod order;
mod strategic;

use thiserror::Error;

pub use json::json_patch;
pub use merge::merge_patch;
pub use strategic::strategic_merge_patch;

/// Why a patch cannot be applied; `Display` is the API server's message.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{message}")]
pub struct PatchError {
    /// The HTTP status the API server answers with: 400, 413, 422 or 500.
    pub status: u16,
    /// The message of the Status.
    pub message: String,
    /// What went wrong in detail, where the API server's message does not say (422); otherwise equal to the message.
    pub detail: String,
}

impl PatchError {
    fn bad_request(message: impl Into<String>) -> Self {
        Self::with_status(400, message)
    }

    fn internal(message: impl Into<String>) -> Self {
        Self::with_status(500, message)
    }

    fn with_status(status: u16, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, detail: message.clone(), message }
    }

    /// 422, whose message the API server replaces by a general one.
    fn unprocessable(detail: impl Into<String>) -> Self {
        let message = "the server rejected our request due to an error in our request".to_owned();
        Self { status: 422, message, detail: detail.into() }
    }
}
