//! Server-side apply and `metadata.managedFields`.
//!
//! Ownership is kept as sets of field paths (`fieldset`), found by walking values along their schema (`shape`,
//! `walk`). The rules are those of Kubernetes' structured-merge-diff; tests compare with its own results.

mod apply;
mod check;
mod conflict;
mod entries;
mod fieldset;
mod last_applied;
mod merge;
mod shape;
mod update;
mod walk;

use thiserror::Error;

pub use apply::apply;
pub use conflict::Conflict;
pub use update::update;

use fieldset::FieldSet;

/// Who writes, through which door, and when.
#[derive(Clone, Copy, Debug)]
pub struct Writer<'a> {
    /// The field manager: `?fieldManager=`, or the first part of the user agent before `/`.
    pub manager: &'a str,
    /// The apiVersion of the request, such as `apps/v1`.
    pub api_version: &'a str,
    /// `""`, `status`, `scale`, ...
    pub subresource: &'a str,
    /// The time of the write, RFC 3339 in whole seconds (`2024-01-02T03:04:05Z`); stored as is.
    pub now: &'a str,
    /// Fields this door does not write, so nobody comes to own them through it.
    pub reset: Reset,
}

/// The fields a door resets, when the kind has a status subresource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reset {
    /// The door writes everything (kinds without a status subresource).
    #[default]
    Nothing,
    /// The main door does not write `status`.
    Status,
    /// The status door writes nothing but `status` and `metadata`.
    AllButStatus,
}

impl Reset {
    fn filter(self, set: &mut FieldSet) {
        match self {
            Self::Nothing => {}
            Self::Status => set.remove_below(&["status"]),
            Self::AllButStatus => set.children.retain(
                |step, _| matches!(step, fieldset::Step::Field(name) if matches!(name.as_ref(), "status" | "metadata")),
            ),
        }
    }
}

/// Why an apply was refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ApplyError {
    /// 409 Conflict: other managers own fields; `Display` is the Status message.
    #[error("{}", conflict::message(.0))]
    Conflicts(Vec<Conflict>),
    /// 500 in the API server: the configuration does not fit the schema, as in
    /// `failed to create typed patch object (default/web; apps/v1, Kind=Deployment): .spec.foo: field not declared in schema`.
    #[error("{0}")]
    Typed(String),
    /// 400 Bad Request: for example `metadata.managedFields must be nil`.
    #[error("{0}")]
    BadRequest(String),
}

/// What the server sets itself is never owned.
fn strip_meta(set: &mut FieldSet) {
    for path in [
        &["apiVersion"][..],
        &["kind"],
        &["metadata"],
        &["metadata", "name"],
        &["metadata", "namespace"],
        &["metadata", "creationTimestamp"],
        &["metadata", "selfLink"],
        &["metadata", "uid"],
        &["metadata", "clusterName"],
        &["metadata", "generation"],
        &["metadata", "managedFields"],
        &["metadata", "resourceVersion"],
    ] {
        set.remove_path(path);
    }
}

#[cfg(test)]
mod tests;
