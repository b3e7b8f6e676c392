//! Bodies of writes: JSON or YAML, their kind, and fields nobody knows.

use crate::errors::{ApiError, Result};
use crate::protobuf;
use crate::request::Request;
use crate::resource::Resource;
use rollouts_schema::{FieldError, builtin, strict_json};
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

/// Parses JSON; the error is what Go's parser says.
///
/// # Errors
/// A sentence without the name of the caller.
pub fn json_body(bytes: &[u8]) -> std::result::Result<Decoded, String> {
    let (value, duplicates) = strict_json::parse(bytes).map_err(|e| go_syntax_error(bytes, &e))?;
    Ok(Decoded { value, duplicates })
}

/// What Go's parser says where another one stopped.
fn go_syntax_error(bytes: &[u8], e: &serde_json::Error) -> String {
    if e.is_eof() {
        return "unexpected end of JSON input".to_owned();
    }
    let line = bytes.split(|b| *b == b'\n').nth(e.line().saturating_sub(1)).unwrap_or_default();
    let at = line.get(e.column().saturating_sub(1)).copied().map_or('?', char::from);
    let place =
        if e.to_string().starts_with("trailing") { "after top-level value" } else { "looking for beginning of value" };
    format!("invalid character '{at}' {place}")
}

/// Parses YAML (of which JSON is a part).
///
/// # Errors
/// A sentence without the name of the caller.
pub fn yaml_body(bytes: &[u8]) -> std::result::Result<Decoded, String> {
    if let Ok((value, duplicates)) = strict_json::parse(bytes) {
        return Ok(Decoded { value, duplicates });
    }
    let value = serde_saphyr::from_slice(bytes).map_err(|e| e.to_string())?;
    Ok(Decoded { value, duplicates: Vec::new() })
}

/// How much of a body an error shows.
const SUMMARY_BYTES: usize = 30;

/// The beginning of a body that is no object, for its sender.
fn summary(body: &[u8]) -> String {
    let (shown, rest) = body.split_at(body.len().min(SUMMARY_BYTES));
    let more = if rest.is_empty() { "" } else { " ..." };
    match shown.first() {
        None => "<empty>".to_owned(),
        Some(b'{') => format!("{}{more}", String::from_utf8_lossy(shown)),
        Some(_) => format!("{}{more}", shown.iter().map(|b| format!("{b:02x}")).collect::<String>()),
    }
}

/// What Go makes of a value that should be an object, or `None` for an object.
fn not_an_object(value: &Value) -> Option<String> {
    const WANTED: &str = "Go value of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind \
                          string \"json:\\\"kind,omitempty\\\"\" }";
    let found = match value {
        Value::Object(_) => return None,
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::Null => "null",
    };
    Some(format!("couldn't get version/kind; json parse error: json: cannot unmarshal {found} into {WANTED}"))
}

/// Parses an object of `kind` by the request's content type.
///
/// # Errors
/// 415 for other types, 400 for malformed text.
pub fn object_body_of(request: &Request, kind: &str) -> Result<Decoded> {
    let unrecognized = |why: String| {
        let shown = summary(&request.body);
        ApiError::bad_request(format!("the object provided is unrecognized (must be of type {kind}): {why} ({shown})"))
    };
    let json_fault = |e: String| unrecognized(format!("couldn't get version/kind; json parse error: {e}"));
    let decoded = match request.content_type.as_str() {
        "" | "application/json" | "*/*" => json_body(&request.body).map_err(json_fault)?,
        "application/yaml" => yaml_body(&request.body).map_err(unrecognized)?,
        "application/vnd.kubernetes.protobuf" => {
            if request.body.is_empty() {
                return Err(unrecognized("empty data".to_owned()));
            }
            let value = protobuf::decode(&request.body).map_err(|e| ApiError::bad_request(e.to_string()))?;
            Decoded { value, duplicates: Vec::new() }
        }
        _ => return Err(ApiError::unsupported_media_type(OBJECT_TYPES)),
    };
    match not_an_object(&decoded.value) {
        None => Ok(decoded),
        Some(why) => Err(unrecognized(why)),
    }
}

/// Parses an object whose kind the caller looks at.
///
/// # Errors
/// As [`object_body_of`].
pub fn object_body(request: &Request) -> Result<Decoded> {
    let kind = request.target.as_ref().map_or("object", |t| t.plural.as_str());
    object_body_of(request, kind)
}

/// Why an object that says this of itself cannot be taken for `kind`.
fn foreign(have_version: &str, have_kind: &str, kind: &str) -> String {
    let (group, version) = crate::resource::split_api_version(have_version);
    if builtin::schema(group, version, have_kind).is_some() {
        return format!("converting ({version}.{have_kind}) to (core.{kind}): unknown conversion");
    }
    format!("no kind {have_kind:?} is registered for version {have_version:?} in scheme \"pkg/runtime/scheme.go:110\"")
}

/// What Go's decoder says about fields of the wrong type: of a custom resource, only its metadata has types.
pub fn decode_problem(resource: &Resource, value: &Value) -> Option<String> {
    if !resource.is_custom() {
        return builtin::decode_problem(resource.schema.as_ref()?, value);
    }
    let metadata = builtin::schema("", "v1", "ConfigMap")?.properties.get("metadata")?;
    builtin::decode_problem(metadata, value.get("metadata")?)
}

/// What is wrong with a patched object before anybody looks at its meaning: another kind, or a field of the
/// wrong type. The error is Go's sentence.
///
/// # Errors
/// A sentence.
pub fn typed_problem(resource: &Resource, value: &Value) -> std::result::Result<(), String> {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    if text("kind") != resource.kind || text("apiVersion") != resource.api_version() {
        return Err(foreign(text("apiVersion"), text("kind"), &resource.kind));
    }
    match decode_problem(resource, value) {
        Some(problem) => Err(problem),
        None => Ok(()),
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
    if have_kind.is_empty() && custom {
        let (text, shown) = (value.to_string(), summary(value.to_string().as_bytes()));
        return Err(ApiError::bad_request(format!(
            "the object provided is unrecognized (must be of type {kind}): Object 'Kind' is missing in '{text}' ({shown})"
        )));
    }
    if !custom && (have_kind.is_empty() || have_version.is_empty()) {
        value["apiVersion"] = json!(api_version);
        value["kind"] = json!(kind);
        return Ok(());
    }
    if have_kind != kind && custom {
        let (group, _) = crate::resource::split_api_version(api_version);
        let e = FieldError::invalid("kind", json!(have_kind), format!("must be {kind}"));
        let name = crate::meta::name(value).to_owned();
        return Err(ApiError::invalid(group, &have_kind, &name, vec![crate::validate::cause(&e)]));
    }
    if have_kind != kind {
        let version = have_version.rsplit('/').next().unwrap_or_default();
        let why = foreign(&have_version, &have_kind, kind);
        return Err(ApiError::bad_request(format!(
            "{have_kind} in version {version:?} cannot be handled as a {kind}: {why}"
        )));
    }
    let (group, version) = crate::resource::split_api_version(&have_version);
    if !custom && builtin::schema(group, version, &have_kind).is_none() {
        let why = foreign(&have_version, &have_kind, kind);
        return Err(ApiError::bad_request(format!(
            "{have_kind} in version {version:?} cannot be handled as a {kind}: {why}"
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
    if let Some(problem) = decode_problem(resource, value) {
        return Err(ApiError::bad_request(format!(
            "{kind} in version {version:?} cannot be handled as a {kind}: {problem}",
            kind = resource.kind,
            version = resource.version
        )));
    }
    let unknown = resource.schema.as_ref().map(|s| s.prune(value)).unwrap_or_default();
    match request.query.get("fieldValidation").unwrap_or("Warn") {
        "Ignore" => Ok(Vec::new()),
        "Warn" => Ok(strict_json::strict_problems(duplicates, &unknown)),
        "Strict" => match strict_json::strict_error(duplicates, &unknown) {
            None => Ok(Vec::new()),
            Some(e) => Err(ApiError::bad_request(format!(
                "{kind} in version {version:?} cannot be handled as a {kind}: {e}",
                kind = resource.kind,
                version = resource.version
            ))),
        },
        // Other modes were refused with the other parameters.
        other => Err(ApiError::bad_request(format!("fieldValidation: {other:?}"))),
    }
}
