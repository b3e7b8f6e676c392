//! The four kinds of PATCH.

use crate::convert::from_storage;
use crate::decode;
use crate::errors::{ApiError, Cause, Details, Result};
use crate::meta;
use crate::reply::Reply;
use crate::request::Request;
use crate::resource::Resource;
use crate::state::State;
use crate::store::Stored;
use crate::write::{self, Door, Write};
use rollouts_schema::managed::{self, ApplyError, Reset, Writer};
use rollouts_schema::patch::{self, PatchError};
use rollouts_schema::{Schema, builtin, go, strict_json};
use serde_json::Value;
use std::sync::Arc;

const JSON_PATCH: &str = "application/json-patch+json";
const MERGE_PATCH: &str = "application/merge-patch+json";
const STRATEGIC_PATCH: &str = "application/strategic-merge-patch+json";
const APPLY_YAML: &str = "application/apply-patch+yaml";

const CUSTOM_TYPES: &str = "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml";

fn failed(e: &PatchError) -> ApiError {
    let reason = match e.status {
        400 => "BadRequest",
        413 => "RequestEntityTooLarge",
        422 => "Invalid",
        _ => return ApiError::new(500, "", e.message.clone()),
    };
    if e.status == 400 {
        return ApiError::bad_request(e.message.clone());
    }
    // Without causes, as the real server answers: what exactly failed stays in the server.
    tracing::debug!(detail = %e.detail, "a patch does not apply");
    ApiError::new(e.status, reason, e.message.clone()).with_details(Details::default())
}

/// Whether the request is a server-side apply.
pub fn is_apply(request: &Request) -> bool {
    request.content_type == APPLY_YAML
}

fn word(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The 422 for a patch whose result cannot be read: it shows the patched object or, of a strategic patch, the patch.
fn unreadable(request: &Request, patched: &Value, why: &str) -> ApiError {
    let shown = match request.content_type.as_str() {
        STRATEGIC_PATCH => serde_json::from_slice(&request.body).map(|p| go::go_value(&p)).unwrap_or_default(),
        _ => patched.to_string(),
    };
    let message = format!("Invalid value: {}: {why}", go::go_quote(&shown));
    let cause = Cause { reason: "FieldValueInvalid".into(), message, field: "patch".into() };
    ApiError::new(422, "Invalid", format!(" \"\" is invalid: patch: {}", cause.message))
        .with_details(Details { causes: vec![cause], ..Details::default() })
}

/// A strategic patch is put into the object field by field, without a parser: its words are others.
fn conversion_words(problem: &str) -> String {
    let Some((found, wanted)) = problem
        .strip_prefix("json: cannot unmarshal ")
        .and_then(|rest| Some((rest.split_once(' ')?.0, rest.rsplit_once(" of type ")?.1)))
    else {
        return problem.to_owned();
    };
    let found = if found == "object" { "map" } else { found };
    match wanted {
        w if w.starts_with("[]") => format!("cannot restore slice from {found}"),
        w if w.starts_with("map[") => format!("cannot restore map from {found}"),
        w if w.contains('.') => format!("cannot restore struct from: {found}"),
        w => format!("unrecognized type: {w}"),
    }
}

/// Reads what a patch made: its types, then fields nobody knows; gives warnings.
fn read_patched(request: &Request, resource: &Resource, new: &mut Value, duplicates: &[String]) -> Result<Vec<String>> {
    if let Err(problem) = decode::typed_problem(resource, new) {
        let strategic = request.content_type == STRATEGIC_PATCH;
        let words = if strategic { conversion_words(&problem) } else { problem };
        return Err(unreadable(request, new, &words));
    }
    if meta::name(new).is_empty() {
        return Err(nameless(request));
    }
    let before = new.clone();
    let unknown = resource.schema.as_ref().map(|s| s.prune(new)).unwrap_or_default();
    let mut problems = unknown_parameters(request);
    problems.extend(strict_json::strict_problems(duplicates, &unknown));
    match request.query.get("fieldValidation") {
        Some("Ignore") => Ok(Vec::new()),
        Some("Strict") if !problems.is_empty() => {
            Err(unreadable(request, &before, &format!("strict decoding error: {}", problems.join(", "))))
        }
        _ => Ok(problems),
    }
}

/// Fields of the operations of a JSON patch that mean nothing.
fn unknown_parameters(request: &Request) -> Vec<String> {
    if request.content_type != JSON_PATCH {
        return Vec::new();
    }
    let operations: Vec<Value> = serde_json::from_slice(&request.body).unwrap_or_default();
    let fields =
        operations.iter().enumerate().flat_map(|(i, o)| o.as_object().into_iter().flatten().map(move |f| (i, f)));
    fields
        .filter(|(_, (name, _))| !matches!(name.as_str(), "op" | "path" | "from" | "value"))
        .map(|(i, (name, _))| format!("json patch unknown field \"[{i}].{name}\""))
        .collect()
}

/// The 400 for an object that does not say its name.
pub fn nameless(request: &Request) -> ApiError {
    let name = request.target.as_ref().map_or("", |t| t.name.as_str());
    ApiError::bad_request(format!(
        "the name of the object ({name} based on URL) was undeterminable: name must be provided"
    ))
}

/// Applies a patch other than server-side apply to `live`.
///
/// # Errors
/// 415 for other types, else what the patch's format says.
pub fn patched(request: &Request, schema: Option<&Schema>, custom: bool, live: &Value) -> Result<(Value, Vec<String>)> {
    let body =
        || decode::json_body(&request.body).map_err(|e| ApiError::bad_request(format!("error decoding patch: {e}")));
    let result = match request.content_type.as_str() {
        JSON_PATCH => {
            let body = body()?;
            (patch::json_patch(live, &body.value), Vec::new())
        }
        MERGE_PATCH => {
            let body = body()?;
            if !body.value.is_object() {
                let why =
                    format!("cannot unmarshal {} into Go value of type map[string]interface {{}}", word(&body.value));
                return Err(ApiError::bad_request(format!("error decoding patch: json: {why}")));
            }
            (patch::merge_patch(live, &body.value), body.duplicates)
        }
        STRATEGIC_PATCH if !custom => {
            let body = decode::json_body(&request.body).map_err(ApiError::bad_request)?;
            let schema = schema.ok_or_else(ApiError::unsupported_patch)?;
            (patch::strategic_merge_patch(schema, live, &body.value), body.duplicates)
        }
        _ if custom => return Err(ApiError::unsupported_media_type(CUSTOM_TYPES)),
        _ => return Err(ApiError::unsupported_patch()),
    };
    let (value, duplicates) = result;
    Ok((value.map_err(|e| failed(&e))?, duplicates))
}

/// Answers a PATCH of an object or its status.
///
/// # Errors
/// What the real server says.
pub fn patch(
    state: &mut State,
    request: &Request,
    resource: &Arc<Resource>,
    old: Option<&Arc<Stored>>,
    key: (&str, &str),
    door: Door,
) -> Result<Reply> {
    if is_apply(request) {
        return apply(state, request, resource, old, key, door);
    }
    let old = old.ok_or_else(|| ApiError::not_found(&resource.group, &resource.plural, key.1))?;
    let live = from_storage(resource, &old.value);
    let (mut new, duplicates) = patched(request, resource.schema.as_deref(), resource.is_custom(), &live)?;
    let warnings = read_patched(request, resource, &mut new, &duplicates)?;
    let unchanged_version = meta::resource_version(&new) == meta::resource_version(&live);
    if unchanged_version {
        meta::remove(&mut new, "resourceVersion");
    }
    let w = Write { manager: request.manager(), dry_run: request.query.dry_run()?, unconditional: true };
    let stored = write::update(state, &w, resource, old, new, door)?;
    Ok(Reply::object(200, stored, resource).with_warnings(warnings))
}

/// What a client reads of an apply that was refused.
pub fn apply_error(e: ApplyError) -> ApiError {
    match e {
        ApplyError::Conflicts(ref conflicts) => {
            let causes = conflicts
                .iter()
                .map(|c| Cause {
                    reason: "FieldManagerConflict".into(),
                    message: c.cause_message(),
                    field: c.field.clone(),
                })
                .collect();
            ApiError::new(409, "Conflict", e.to_string()).with_details(Details { causes, ..Details::default() })
        }
        ApplyError::Typed(message) => ApiError::new(500, "", message),
        ApplyError::BadRequest(message) => ApiError::bad_request(message),
    }
}

/// The configuration a client applies, and warnings about its text.
pub fn configuration(request: &Request, api_version: &str, kind: &str, custom: bool) -> Result<(Value, Vec<String>)> {
    let decoded = decode::yaml_body(&request.body);
    let decoded = decoded.map_err(|e| ApiError::bad_request(format!("error decoding YAML: {e}")))?;
    let text = |key: &str| decoded.value.get(key).and_then(Value::as_str).unwrap_or_default();
    let (group, version) = crate::resource::split_api_version(text("apiVersion"));
    let (wanted_group, _) = crate::resource::split_api_version(api_version);
    let foreign_version = custom && text("apiVersion") != api_version;
    if text("kind") != kind || group != wanted_group || foreign_version {
        let have = text("kind");
        return Err(ApiError::bad_request(format!("invalid object type: {group}/{version}, Kind={have}")));
    }
    let problems = strict_json::strict_problems(&decoded.duplicates, &[]);
    match request.query.get("fieldValidation") {
        Some("Ignore") => Ok((decoded.value, Vec::new())),
        Some("Strict") if !problems.is_empty() => {
            let all = problems.join(", ");
            Err(ApiError::bad_request(format!("error decoding YAML: {all}")))
        }
        _ => Ok((decoded.value, problems)),
    }
}

fn apply(
    state: &mut State,
    request: &Request,
    resource: &Arc<Resource>,
    old: Option<&Arc<Stored>>,
    key: (&str, &str),
    door: Door,
) -> Result<Reply> {
    let manager = request.query.get("fieldManager").unwrap_or_default();
    let (config, warnings) = configuration(request, &resource.api_version(), &resource.kind, resource.is_custom())?;
    let (namespace, name) = key;
    if meta::name(&config).is_empty() {
        return Err(nameless(request));
    }
    if meta::name(&config) != name {
        let have = meta::name(&config);
        return Err(ApiError::bad_request(format!(
            "the name of the object ({have}) does not match the name on the URL ({name})"
        )));
    }
    let Some(schema) = resource.schema.as_ref() else {
        return Err(ApiError::unsupported_patch());
    };
    let writer = Writer {
        manager,
        api_version: &resource.api_version(),
        subresource: if door == Door::Status { "status" } else { "" },
        now: &state.now_text(),
        reset: match door {
            Door::Status => Reset::AllButStatus,
            Door::Main if resource.status => Reset::Status,
            _ => Reset::Nothing,
        },
    };
    let live = old.map(|o| from_storage(resource, &o.value));
    let force = request.query.flag("force");
    let merged = managed::apply(schema, live.as_deref(), &config, &writer, force).map_err(apply_error)?;
    drop(live);
    // The apply has recorded its manager already.
    let w = Write { manager: String::new(), dry_run: request.query.dry_run()?, unconditional: true };
    let (code, stored) = match old {
        Some(old) => {
            let mut merged = merged;
            if meta::resource_version(&config).is_empty() {
                meta::remove(&mut merged, "resourceVersion");
            } else {
                meta::set(&mut merged, "resourceVersion", config["metadata"]["resourceVersion"].clone());
            }
            (200, write::update(state, &w, resource, old, merged, door)?)
        }
        None if door != Door::Main => {
            return Err(ApiError::not_found(&resource.group, &resource.plural, name));
        }
        None if !meta::uid(&config).is_empty() => {
            let uid = meta::uid(&config);
            let why =
                format!("uid mismatch: the provided object specified uid {uid}, and no existing object was found");
            return Err(ApiError::conflict(&resource.group, &resource.plural, name, &why));
        }
        None => (201, write::create(state, &w, resource, namespace, merged)?),
    };
    Ok(Reply::object(code, stored, resource).with_warnings(warnings))
}

/// The schema of `autoscaling/v1` Scale.
pub fn scale_schema() -> Option<&'static Arc<Schema>> {
    builtin::schema("autoscaling", "v1", "Scale")
}
