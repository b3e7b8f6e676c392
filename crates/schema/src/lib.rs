//! The pure engine under an embedded Kubernetes API server: no async, no clock, everything on [`serde_json::Value`].
//!
//! # Where to find what
//!
//! | need | call |
//! |---|---|
//! | schema of a built-in kind | [`builtin::schema`]`(group, version, kind)` |
//! | all built-in resources (discovery) | [`builtin::resources`]`()` |
//! | parse a body, find duplicate keys | [`strict_json::parse`]`(bytes)` |
//! | unknown fields | [`Schema::unknown_fields`], [`Schema::prune`] |
//! | defaults | [`Schema::default_fields`] |
//! | wrong JSON types of built-in kinds (400) | [`builtin::decode_problem`]`(schema, object)` |
//! | validation (values, list keys, CEL) | [`Schema::validate`]`(new, old)` |
//! | a CRD | [`crd::Crd::parse`]`(object)`, [`crd::default_crd`]`(object)` |
//! | JSON patch, merge patch, strategic merge patch | [`patch`] |
//! | server-side apply, managedFields | [`managed::apply`], [`managed::update`] |
//! | printer columns, ages | [`table`] |
//! | `/openapi/v2`, `/openapi/v3/...` | [`openapi`] |
//!
//! A usual write through the server:
//!
//! 1. `strict_json::parse` → value and duplicate fields;
//! 2. for a patch: `patch::…` on the live object;
//! 3. for built-in kinds `builtin::decode_problem`; `schema.prune(&mut obj)` → unknown fields (an error, a warning or nothing, as `fieldValidation` says);
//! 4. `schema.default_fields(&mut obj)`;
//! 5. the server's own work (metadata, generation, status separation);
//! 6. `schema.validate(&obj, old)` → [`FieldError`]s for a Status 422;
//! 7. `managed::update(schema, live, obj, &writer)` (or `managed::apply` instead of 2).

pub mod builtin;
pub mod cel;
pub mod crd;
pub mod error;
pub mod go;
pub mod managed;
pub mod openapi;
pub mod patch;
mod path;
pub mod schema;
pub mod strict_json;
pub mod table;

pub use error::{ErrorKind, FieldError, aggregate};
pub use schema::{Schema, SchemaRef};
