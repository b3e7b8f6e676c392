//! The documents under `/openapi`, for kubectl explain, validation and completion.

use serde_json::{Map, Value};

use crate::crd::Crd;

/// Paths of `/openapi/v3`: group-version keys such as `api/v1`, `apis/apps/v1`, for all built-in kinds.
#[must_use]
pub fn v3_group_versions() -> Vec<String> {
    Vec::new()
}

/// The document under `/openapi/v3/<group_version>` for a built-in group version such as `api/v1` or `apis/apps/v1`;
/// an empty document (no paths, no schemas) for an unknown one, ready for [`add_crd_v3`].
#[must_use]
pub fn v3(group_version: &str) -> Value {
    let _ = group_version;
    Value::Object(Map::new())
}

/// Adds a CRD's version to the document of `apis/<group>/<version>`.
pub fn add_crd_v3(document: &mut Value, crd: &Crd, version: &str) {
    let _ = (document, crd, version);
}

/// The document under `/openapi/v2` (JSON form) for all built-in kinds.
#[must_use]
pub fn v2() -> Value {
    Value::Object(Map::new())
}

/// Adds all served versions of a CRD to the v2 document.
pub fn add_crd_v2(document: &mut Value, crd: &Crd) {
    let _ = (document, crd);
}
