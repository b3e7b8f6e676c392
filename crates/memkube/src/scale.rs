//! The scale subresource.

use crate::convert::from_storage;
use crate::decode;
use crate::errors::{ApiError, Cause, Result};
use crate::meta;
use crate::patch;
use crate::reply::Reply;
use crate::request::Request;
use crate::resource::{Resource, ScalePaths};
use crate::state::State;
use crate::store::Stored;
use crate::write::{self, Door, Write};
use http::Method;
use rollouts_schema::managed::{self, Reset, Writer};
use serde_json::{Map, Value, json};
use std::sync::Arc;

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('.').filter(|s| !s.is_empty())
}

pub(crate) fn at<'v>(object: &'v Value, path: &str) -> Option<&'v Value> {
    segments(path).try_fold(object, |v, s| v.get(s))
}

fn put(object: &mut Value, path: &str, value: Value) {
    let mut spot = object;
    for segment in segments(path) {
        if !spot.is_object() {
            *spot = Value::Object(Map::new());
        }
        spot = &mut spot[segment];
    }
    *spot = value;
}

/// A `LabelSelector` object (or a plain map) as the text of a label selector.
fn selector_text(selector: &Value) -> String {
    if let Some(text) = selector.as_str() {
        return text.to_owned();
    }
    let structured = selector.get("matchLabels").is_some() || selector.get("matchExpressions").is_some();
    let labels = if structured { selector.get("matchLabels") } else { Some(selector) };
    let mut terms: Vec<String> = Vec::new();
    for (k, v) in labels.and_then(Value::as_object).into_iter().flatten() {
        terms.push(format!("{k}={}", v.as_str().unwrap_or_default()));
    }
    for e in selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten() {
        let key = e["key"].as_str().unwrap_or_default();
        let values: Vec<&str> = e["values"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        terms.push(match e["operator"].as_str() {
            Some("In") => format!("{key} in ({})", values.join(",")),
            Some("NotIn") => format!("{key} notin ({})", values.join(",")),
            Some("DoesNotExist") => format!("!{key}"),
            _ => key.to_owned(),
        });
    }
    terms.sort();
    terms.join(",")
}

fn show(paths: &ScalePaths, object: &Value) -> Value {
    let m = &object["metadata"];
    let mut metadata = json!({"name": m["name"], "uid": m["uid"], "resourceVersion": m["resourceVersion"],
        "creationTimestamp": m["creationTimestamp"]});
    if let Some(ns) = m.get("namespace") {
        metadata["namespace"] = ns.clone();
    }
    let mut spec = Map::new();
    if let Some(replicas) = at(object, &paths.spec_replicas).filter(|r| **r != json!(0)) {
        spec.insert("replicas".into(), replicas.clone());
    }
    let mut status = json!({"replicas": at(object, &paths.status_replicas).and_then(Value::as_i64).unwrap_or(0)});
    let selector = paths.selector.as_ref().and_then(|p| at(object, p)).map(selector_text).unwrap_or_default();
    if !selector.is_empty() {
        status["selector"] = json!(selector);
    }
    json!({"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": spec, "status": status})
}

/// Answers GET, PUT and PATCH of `/scale`.
///
/// # Errors
/// What the real server says.
pub fn scale(
    state: &mut State,
    request: &Request,
    resource: &Arc<Resource>,
    paths: &ScalePaths,
    old: &Arc<Stored>,
) -> Result<Reply> {
    let live = from_storage(resource, &old.value).into_owned();
    let current = show(paths, &live);
    let wanted = match request.method {
        Method::GET => return Ok(Reply::json(200, current)),
        Method::PUT => {
            let mut scale = decode::object_body(request)?.value;
            decode::check_kind(&mut scale, "autoscaling/v1", "Scale", false)?;
            let (have, want) = (meta::name(&scale), meta::name(&live));
            if have != want {
                return Err(match have {
                    "" => patch::nameless(request),
                    _ => ApiError::bad_request(format!(
                        "the name of the object ({have}) does not match the name on the URL ({want})"
                    )),
                });
            }
            scale
        }
        _ if patch::is_apply(request) => return apply(state, request, resource, paths, old),
        _ => patch::patched(request, patch::scale_schema().map(AsRef::as_ref), false, &current)?.0,
    };
    let replicas = wanted["spec"].get("replicas").and_then(Value::as_i64).unwrap_or(0);
    // What a custom resource may hold its own rules say.
    if replicas < 0 && !resource.is_custom() {
        let message = format!("Invalid value: {replicas}: must be greater than or equal to 0");
        let cause = Cause { reason: "FieldValueInvalid".into(), message, field: "spec.replicas".into() };
        return Err(ApiError::invalid("autoscaling", "Scale", meta::name(&live), vec![cause]));
    }
    let mut new = live.clone();
    put(&mut new, &paths.spec_replicas, json!(replicas));
    let version = wanted["metadata"]["resourceVersion"].as_str().unwrap_or_default();
    if request.method == Method::PATCH && version == meta::resource_version(&live) || version.is_empty() {
        meta::remove(&mut new, "resourceVersion");
    } else {
        meta::set(&mut new, "resourceVersion", json!(version));
    }
    let w = Write { manager: request.manager(), dry_run: request.query.dry_run()?, unconditional: true };
    let stored = write::update(state, &w, resource, old, new, Door::Other("scale"))?;
    Ok(Reply::json(200, show(paths, &from_storage(resource, &stored.value))))
}

/// Server-side apply: of the parent's replicas, and nothing else.
fn apply(
    state: &mut State,
    request: &Request,
    resource: &Arc<Resource>,
    paths: &ScalePaths,
    old: &Arc<Stored>,
) -> Result<Reply> {
    let (config, _) = patch::configuration(request, "autoscaling/v1", "Scale", false)?;
    let schema = resource.schema.as_ref().ok_or_else(ApiError::unsupported_patch)?;
    let live = from_storage(resource, &old.value).into_owned();
    let mut parent = json!({
        "apiVersion": resource.api_version(), "kind": resource.kind, "metadata": {"name": meta::name(&live)},
    });
    if let Some(replicas) = config["spec"].get("replicas") {
        put(&mut parent, &paths.spec_replicas, replicas.clone());
    }
    let writer = Writer {
        manager: request.query.get("fieldManager").unwrap_or_default(),
        api_version: &resource.api_version(),
        subresource: "scale",
        now: &state.now_text(),
        reset: Reset::Nothing,
    };
    let force = request.query.flag("force");
    let mut merged = managed::apply(schema, Some(&live), &parent, &writer, force).map_err(patch::apply_error)?;
    match meta::resource_version(&config) {
        "" => meta::remove(&mut merged, "resourceVersion"),
        version => meta::set(&mut merged, "resourceVersion", json!(version)),
    }
    let w = Write { manager: String::new(), dry_run: request.query.dry_run()?, unconditional: true };
    let stored = write::update(state, &w, resource, old, merged, Door::Other("scale"))?;
    Ok(Reply::json(200, show(paths, &from_storage(resource, &stored.value))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_become_text() {
        assert_eq!(selector_text(&json!({"matchLabels": {"b": "2", "a": "1"}})), "a=1,b=2");
        assert_eq!(selector_text(&json!({"app": "x"})), "app=x");
        assert_eq!(selector_text(&json!("app=x")), "app=x");
    }
}
