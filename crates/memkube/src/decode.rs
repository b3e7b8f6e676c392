//! Bodies of writes: JSON or YAML, their kind, and fields nobody knows.

use crate::errors::{ApiError, Result};
use crate::protobuf;
use crate::request::Request;
use crate::resource::Resource;
use rollouts_schema::strict_json;
use serde_json::{Value, json};

const OBJECT_TYPES: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

/// A decoded body.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// The object.
    pub value: Value,
    /// Paths of fields that were given twice.
    pub duplicates: Vec<String>,
}

/// Parses JSON.
///
/// # Errors
/// 400.
pub fn json_body(bytes: &[u8]) -> Result<Decoded> {
    let (value, duplicates) = strict_json::parse(bytes)
        .map_err(|e| ApiError::bad_request(format!("couldn't get version/kind; json parse error: {e}")))?;
    Ok(Decoded { value, duplicates })
}

/// Parses YAML (of which JSON is a part).
///
/// # Errors
/// 400.
pub fn yaml_body(bytes: &[u8]) -> Result<Decoded> {
    if let Ok((value, duplicates)) = strict_json::parse(bytes) {
        return Ok(Decoded { value, duplicates });
    }
    let value =
        serde_saphyr::from_slice(bytes).map_err(|e| ApiError::bad_request(format!("error decoding YAML: {e}")))?;
    Ok(Decoded { value, duplicates: Vec::new() })
}

/// Parses an object by the request's content type.
///
/// # Errors
/// 415 for other types, 400 for malformed text.
pub fn object_body(request: &Request) -> Result<Decoded> {
    let decoded = match request.content_type.as_str() {
        "" | "application/json" | "*/*" => json_body(&request.body)?,
        "application/yaml" => yaml_body(&request.body)?,
        "application/vnd.kubernetes.protobuf" => {
            let value = protobuf::decode(&request.body).map_err(|e| ApiError::bad_request(e.to_string()))?;
            Decoded { value, duplicates: Vec::new() }
        }
        _ => return Err(ApiError::unsupported_media_type(OBJECT_TYPES)),
    };
    if decoded.value.is_object() {
        Ok(decoded)
    } else {
        Err(ApiError::bad_request("the object provided is unrecognized (must be of type object)"))
    }
}

/// Checks `apiVersion` and `kind` of a body against the resource of the path; absent ones are filled in for built-in
/// kinds.
///
/// # Errors
/// 400 when they name something else.
pub fn check_kind(value: &mut Value, api_version: &str, kind: &str, custom: bool) -> Result<()> {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (have_version, have_kind) = (text("apiVersion"), text("kind"));
    if have_kind.is_empty() || have_version.is_empty() {
        if custom {
            let missing = if have_kind.is_empty() { "Kind" } else { "apiVersion" };
            return Err(ApiError::bad_request(format!("Object '{missing}' is missing in '{value}'")));
        }
        value["apiVersion"] = json!(api_version);
        value["kind"] = json!(kind);
        return Ok(());
    }
    if have_kind != kind {
        let version = have_version.rsplit('/').next().unwrap_or_default();
        return Err(ApiError::bad_request(format!(
            "{have_kind} in version {version:?} cannot be handled as a {kind}: converting ({version}.{have_kind}) to \
             (core.{kind}): unknown conversion"
        )));
    }
    if have_version != api_version {
        return Err(ApiError::bad_request(format!(
            "the API version in the data ({have_version}) does not match the expected API version ({api_version})"
        )));
    }
    Ok(())
}

/// `?fieldValidation=`: drops unknown fields of `value` and gives warnings for the client.
///
/// # Errors
/// 400 in strict mode when there is anything to complain about, and for unknown modes.
pub fn field_validation(
    request: &Request,
    resource: &Resource,
    value: &mut Value,
    duplicates: &[String],
) -> Result<Vec<String>> {
    let unknown = resource.schema.as_ref().map(|s| s.prune(value)).unwrap_or_default();
    match request.query.get("fieldValidation").unwrap_or("Warn") {
        "Ignore" => Ok(Vec::new()),
        "Warn" => Ok(strict_json::strict_problems(duplicates, &unknown)),
        "Strict" => match strict_json::strict_error(duplicates, &unknown) {
            None => Ok(Vec::new()),
            Some(e) if resource.is_custom() => Err(ApiError::bad_request(e)),
            Some(e) => Err(ApiError::bad_request(format!(
                "{kind} in version {version:?} cannot be handled as a {kind}: {e}",
                kind = resource.kind,
                version = resource.version
            ))),
        },
        other => Err(ApiError::new(
            422,
            "Invalid",
            format!(
                "fieldValidation: Unsupported value: {other:?}: supported values: \"Ignore\", \"Warn\", \"Strict\""
            ),
        )),
    }
}
