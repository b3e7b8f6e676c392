//! What can go wrong with one request.

use serde::Deserialize;
use std::error::Error;
use std::fmt::Write as _;
use std::time::Duration;
use thiserror::Error;

/// The answer of an API server that refused a request (`metav1.Status`), or what stood in for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Status {
    /// HTTP status code.
    pub code: u16,
    /// Machine-readable reason in CamelCase, such as `NotFound`; may be empty.
    pub reason: String,
    /// The server's words.
    pub message: String,
    /// What it says besides.
    pub details: Details,
    /// How long the server wants us to stay away.
    #[serde(skip)]
    pub retry_after: Option<Duration>,
}

/// `details` of a [`Status`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Details {
    /// Reasons behind the reason.
    pub causes: Vec<Cause>,
}

/// One of [`Details::causes`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Cause {
    /// Machine-readable reason in CamelCase, such as `NamespaceTerminating`.
    pub reason: String,
}

/// Why a request has no result.
#[derive(Debug, Clone, Error)]
pub enum RequestError {
    /// The server refused. The message is the server's, as Go clients print it.
    #[error("{}", .0.message)]
    Refused(Status),
    /// No answer, or half of one: whether the server carried the request out is unknown.
    #[error("{0}")]
    Lost(String),
    /// The answer is not what was asked for.
    #[error("cannot decode the answer to {request}: {problem}")]
    Malformed {
        /// Method and path.
        request: String,
        /// The decoder's words.
        problem: String,
    },
}

impl RequestError {
    /// How the words begin when there was no connection.
    pub(crate) const UNREACHED: &str = "cannot reach the API server: ";

    /// Wraps a transport error with all its causes in one line.
    pub fn lost(error: &dyn Error) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            let inner_text = inner.to_string();
            if !text.contains(&inner_text) {
                // Writing to a String cannot fail.
                let _ = write!(text, ": {inner_text}");
            }
            cause = inner.source();
        }
        // What the HTTP client calls its own parts tells a user nothing.
        let text = text.strip_prefix("ServiceError: ").unwrap_or(&text);
        RequestError::Lost(match text.strip_prefix("client error (Connect): ") {
            Some(reason) => format!("{}{reason}", Self::UNREACHED),
            None => text.to_owned(),
        })
    }

    /// The server's status, if it answered.
    pub fn status(&self) -> Option<&Status> {
        match self {
            RequestError::Refused(status) => Some(status),
            RequestError::Lost(_) | RequestError::Malformed { .. } => None,
        }
    }

    fn is(&self, code: u16, reason: &str) -> bool {
        self.status().is_some_and(|s| if s.reason.is_empty() { s.code == code } else { s.reason == reason })
    }

    /// The object, or its kind, does not exist.
    pub fn is_not_found(&self) -> bool {
        self.is(404, "NotFound")
    }

    /// An object of that name exists already.
    pub fn is_already_exists(&self) -> bool {
        self.status().is_some_and(|s| s.reason == "AlreadyExists")
    }

    /// The object changed since it was read.
    pub fn is_conflict(&self) -> bool {
        self.is(409, "Conflict")
    }

    /// The resourceVersion is too old to watch or to page from.
    pub fn is_gone(&self) -> bool {
        self.status().is_some_and(|s| s.code == 410 || matches!(s.reason.as_str(), "Expired" | "Gone"))
    }

    /// The object was rejected as invalid.
    pub fn is_invalid(&self) -> bool {
        self.is(422, "Invalid")
    }

    /// Access was denied.
    pub fn is_forbidden(&self) -> bool {
        self.is(403, "Forbidden")
    }

    /// The namespace is going away, so nothing can be created in it.
    pub fn is_namespace_terminating(&self) -> bool {
        self.status().is_some_and(|s| s.details.causes.iter().any(|c| c.reason == "NamespaceTerminating"))
    }

    /// The same request may succeed later: no answer, server trouble, or "not now".
    pub fn is_transient(&self) -> bool {
        match self {
            RequestError::Refused(s) => s.code == 429 || s.code >= 500,
            RequestError::Lost(_) => true,
            RequestError::Malformed { .. } => false,
        }
    }

    /// How long the server asked us to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.status().and_then(|s| s.retry_after)
    }
}
