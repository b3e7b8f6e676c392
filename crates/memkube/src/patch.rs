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
use rollouts_schema::{Schema, builtin};
use serde_json::{Value, json};
use std::sync::Arc;

const JSON_PATCH: &str = "application/json-patch+json";
const MERGE_PATCH: &str = "application/merge-patch+json";
const STRATEGIC_PATCH: &str = "application/strategic-merge-patch+json";
const APPLY_YAML: &str = "application/apply-patch+yaml";
const BUILTIN_TYPES: &str = "application/json-patch+json, application/merge-patch+json, \
    application/strategic-merge-patch+json, application/apply-patch+yaml, application/apply-patch+cbor";
const CUSTOM_TYPES: &str = "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml, \
    application/apply-patch+cbor";

fn failed(e: &PatchError) -> ApiError {
    let reason = match e.status {
        400 => "BadRequest",
        413 => "RequestEntityTooLarge",
        422 => "Invalid",
        _ => return ApiError::internal(&e.message),
    };
    // Without causes, as the real server answers: what exactly failed stays in the server.
    tracing::debug!(detail = %e.detail, "a patch does not apply");
    ApiError::new(e.status, reason, e.message.clone()).with_details(Details::default())
}

/// Whether the request is a server-side apply.
pub fn is_apply(request: &Request) -> bool {
    request.content_type == APPLY_YAML
}

/// Applies a patch other than server-side apply to `live`.
///
/// # Errors
/// 415 for other types, else what the patch's format says.
pub fn patched(request: &Request, schema: Option<&Schema>, custom: bool, live: &Value) -> Result<(Value, Vec<String>)> {
    let body = || decode::json_body(&request.body);
    let result = match request.content_type.as_str() {
        JSON_PATCH => {
            let body = body()?;
            (patch::json_patch(live, &body.value), Vec::new())
        }
        MERGE_PATCH => {
            let body = body()?;
            (patch::merge_patch(live, &body.value), body.duplicates)
        }
        STRATEGIC_PATCH if !custom => {
            let body = body()?;
            let schema = schema.ok_or_else(|| ApiError::unsupported_media_type(CUSTOM_TYPES))?;
            (patch::strategic_merge_patch(schema, live, &body.value), body.duplicates)
        }
        _ => return Err(ApiError::unsupported_media_type(if custom { CUSTOM_TYPES } else { BUILTIN_TYPES })),
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
    let warnings = decode::field_validation(request, resource, &mut new, &duplicates)?;
    let unchanged_version = meta::resource_version(&new) == meta::resource_version(&live);
    if unchanged_version {
        meta::remove(&mut new, "resourceVersion");
    }
    let w = Write { manager: request.manager(), dry_run: request.query.dry_run()?, unconditional: true };
    let stored = write::update(state, &w, resource, old, new, door)?;
    Ok(Reply::object(200, stored, resource).with_warnings(warnings))
}

fn apply_error(resource: &Resource, key: (&str, &str), e: ApplyError) -> ApiError {
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
        ApplyError::Typed(message) => {
            let what = format!("{}; {}, Kind={}", meta::store_key(key.0, key.1), resource.api_version(), resource.kind);
            let message = format!("failed to create typed patch object ({what}): {message}");
            ApiError::new(500, "", message)
        }
        ApplyError::BadRequest(message) => ApiError::bad_request(message),
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
    let manager = request.query.get("fieldManager").ok_or_else(|| {
        ApiError::new(
            422,
            "Invalid",
            "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch",
        )
    })?;
    let decoded = decode::yaml_body(&request.body)?;
    let mut config = decoded.value;
    decode::check_kind(&mut config, &resource.api_version(), &resource.kind, true)?;
    let warnings = decode::field_validation(request, resource, &mut config.clone(), &decoded.duplicates)?;
    let (namespace, name) = key;
    if meta::name(&config).is_empty() {
        meta::set(&mut config, "name", json!(name));
    }
    if !namespace.is_empty() && meta::namespace(&config).is_empty() {
        meta::set(&mut config, "namespace", json!(namespace));
    }
    if meta::name(&config) != name {
        let have = meta::name(&config);
        return Err(ApiError::bad_request(format!(
            "the name of the object ({have}) does not match the name on the URL ({name})"
        )));
    }
    let Some(schema) = resource.schema.as_ref() else {
        return Err(ApiError::unsupported_media_type(CUSTOM_TYPES));
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
    let merged =
        managed::apply(schema, live.as_deref(), &config, &writer, force).map_err(|e| apply_error(resource, key, e))?;
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
            let why = format!("Precondition failed: UID in precondition: {}, UID in object meta: ", meta::uid(&config));
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
