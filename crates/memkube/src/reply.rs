//! What handlers answer, before it becomes bytes.

use crate::resource::Resource;
use crate::store::Stored;
use crate::watch::WatchBody;
use bytes::Bytes;
use serde_json::Value;
use std::sync::Arc;

/// An answer.
pub struct Reply {
    /// HTTP status code.
    pub code: u16,
    /// What is sent.
    pub content: Content,
    /// `Warning:` headers.
    pub warnings: Vec<String>,
}

/// What is sent.
pub enum Content {
    /// One object, shown in the shape the client asked for.
    Object {
        /// The stored object.
        object: Arc<Stored>,
        /// In which version to show it.
        resource: Arc<Resource>,
    },
    /// A list, shown in the shape the client asked for.
    List {
        /// The objects.
        items: Vec<Arc<Stored>>,
        /// In which version to show them.
        resource: Arc<Resource>,
        /// `metadata.resourceVersion`.
        rv: u64,
        /// `metadata.continue`; empty at the end.
        next: String,
        /// `metadata.remainingItemCount`.
        remaining: Option<usize>,
    },
    /// A watch.
    Watch(Box<WatchBody>),
    /// A document that has only one shape.
    Json(Value),
    /// Bytes of some type.
    Bytes {
        /// `Content-Type`.
        content_type: &'static str,
        /// The bytes.
        bytes: Bytes,
        /// `ETag`, if any.
        etag: Option<String>,
    },
}

impl Reply {
    /// A document.
    pub fn json(code: u16, value: Value) -> Self {
        Reply { code, content: Content::Json(value), warnings: Vec::new() }
    }

    /// Text.
    pub fn text(code: u16, text: impl Into<String>) -> Self {
        let bytes = Bytes::from(text.into());
        let content = Content::Bytes { content_type: "text/plain; charset=utf-8", bytes, etag: None };
        Reply { code, content, warnings: Vec::new() }
    }

    /// An object.
    pub fn object(code: u16, object: Arc<Stored>, resource: &Arc<Resource>) -> Self {
        Reply { code, content: Content::Object { object, resource: resource.clone() }, warnings: Vec::new() }
    }

    /// Adds warnings.
    #[must_use]
    pub fn with_warnings(mut self, warnings: Vec<String>) -> Self {
        self.warnings.extend(warnings);
        self
    }
}
