//! What happened to a cached object.

use super::Cached;
use crate::Key;
use rollouts_api::ObjectMeta;
use std::sync::Arc;

/// One change of the copy, reported after it was made.
#[derive(Debug)]
pub enum Change<T> {
    /// An object appeared, or became well-formed.
    Added(Arc<T>),
    /// An object changed.
    Updated {
        /// Before.
        old: Arc<T>,
        /// After.
        new: Arc<T>,
    },
    /// An object is gone; this is the last that was known of it. An object that was deleted and created again
    /// while nobody watched is reported as deleted and added.
    Deleted(Arc<T>),
    /// An object appeared, or changed, and does not decode.
    Malformed {
        /// What it was before, if it was well-formed then.
        old: Option<Arc<T>>,
        /// What is known of it now.
        new: Arc<Malformed>,
    },
    /// A malformed object is gone.
    MalformedDeleted(Arc<Malformed>),
}

impl<T: Cached> Change<T> {
    /// The metadata of the object, after the change.
    pub fn meta(&self) -> &ObjectMeta {
        match self {
            Change::Added(object) | Change::Updated { new: object, .. } | Change::Deleted(object) => object.meta(),
            Change::Malformed { new, .. } | Change::MalformedDeleted(new) => &new.meta,
        }
    }

    /// The key of the object.
    pub fn key(&self) -> Key {
        Key::of(self.meta())
    }
}

// Not derived: that would ask for `T: Clone`.
impl<T> Clone for Change<T> {
    fn clone(&self) -> Self {
        match self {
            Change::Added(object) => Change::Added(Arc::clone(object)),
            Change::Updated { old, new } => Change::Updated { old: Arc::clone(old), new: Arc::clone(new) },
            Change::Deleted(object) => Change::Deleted(Arc::clone(object)),
            Change::Malformed { old, new } => Change::Malformed { old: old.clone(), new: Arc::clone(new) },
            Change::MalformedDeleted(object) => Change::MalformedDeleted(Arc::clone(object)),
        }
    }
}

/// An object that exists but does not decode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// Its metadata: all of it if that decodes, else name, namespace, uid and resourceVersion.
    pub meta: ObjectMeta,
    /// What is wrong with it.
    pub error: String,
}
