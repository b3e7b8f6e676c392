//! What a write is refused for, whatever its kind.

use super::Write;
use crate::errors::{ApiError, Cause, Details, Result};
use crate::meta;
use crate::resource::Resource;
use crate::state::State;
use crate::store::Stored;
use crate::validate;
use rollouts_schema::FieldError;
use serde_json::{Value, json};

/// Puts the path's namespace into the object.
pub(super) fn place(resource: &Resource, namespace: &str, obj: &mut Value) -> Result<()> {
    let given = meta::namespace(obj);
    if !resource.namespaced || namespace.is_empty() {
        if resource.namespaced {
            return Err(ApiError::bad_request("an empty namespace may not be set during creation"));
        }
        meta::remove(obj, "namespace");
        return Ok(());
    }
    if !given.is_empty() && given != namespace {
        return Err(ApiError::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    meta::set(obj, "namespace", json!(namespace));
    Ok(())
}

pub(super) fn check_namespace(state: &State, resource: &Resource, namespace: &str, name: &str) -> Result<()> {
    if !resource.namespaced {
        return Ok(());
    }
    let Some(ns) = state.object("", "namespaces", "", namespace) else {
        return Err(ApiError::not_found("", "namespaces", namespace));
    };
    if !meta::is_deleting(&ns.value) {
        return Ok(());
    }
    let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
    Err(ApiError::forbidden(&resource.group, &resource.plural, name, &why).with_details(Details {
        name: name.to_owned(),
        group: resource.group.clone(),
        kind: resource.plural.clone(),
        causes: vec![Cause {
            reason: "NamespaceTerminating".into(),
            message: format!("namespace {namespace} is being terminated"),
            field: "metadata.namespace".into(),
        }],
        ..Details::default()
    }))
}

const IMMUTABLE: &str = "field is immutable";

pub(super) fn check_identity(resource: &Resource, w: &Write, live: &Value, new: &Value) -> Result<()> {
    let (have, want) = (meta::name(new), meta::name(live));
    if !have.is_empty() && have != want {
        return Err(ApiError::bad_request(format!(
            "the name of the object ({have}) does not match the name on the URL ({want})"
        )));
    }
    if !meta::namespace(new).is_empty() && meta::namespace(new) != meta::namespace(live) {
        return Err(ApiError::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    let (have, want) = (meta::uid(new), meta::uid(live));
    if !have.is_empty() && have != want {
        // The uid of a PUT is a precondition of its storage.
        if !w.unconditional {
            let why = format!(
                "StorageError: invalid object, Code: 4, Key: /registry/{}/{}, ResourceVersion: 0, AdditionalErrorMsg: \
                 Precondition failed: UID in precondition: {have}, UID in object meta: {want}",
                resource.plural,
                meta::store_key(meta::namespace(live), meta::name(live)),
            );
            return Err(ApiError::conflict(&resource.group, &resource.plural, meta::name(live), &why));
        }
        let e = FieldError::invalid("metadata.uid", json!(have), IMMUTABLE);
        return Err(validate::invalid(resource, meta::name(live), &[e.clone(), e]));
    }
    for key in ["deletionTimestamp", "deletionGracePeriodSeconds"] {
        let (have, want) = (&new["metadata"][key], &live["metadata"][key]);
        if !have.is_null() && want.is_null() {
            let e = FieldError::invalid(format!("metadata.{key}"), have.clone(), IMMUTABLE);
            return Err(validate::invalid(resource, meta::name(live), &[e.clone(), e]));
        }
    }
    Ok(())
}

/// Kinds that a PUT must not replace without saying which version it means.
fn needs_version(resource: &Resource) -> bool {
    resource.is_custom()
        || matches!(
            (resource.group.as_str(), resource.plural.as_str()),
            ("coordination.k8s.io", "leases")
                | ("policy", "poddisruptionbudgets")
                | ("apiextensions.k8s.io", "customresourcedefinitions")
                | ("admissionregistration.k8s.io", _)
        )
}

pub(super) fn check_version(resource: &Resource, w: &Write, old: &Stored, new: &Value) -> Result<()> {
    let name = meta::name(&old.value);
    match meta::resource_version(new) {
        "" | "0" if w.unconditional || !needs_version(resource) => Ok(()),
        "" | "0" => {
            let e = FieldError::invalid("metadata.resourceVersion", json!(0), "must be specified for an update");
            Err(ApiError::invalid(&resource.group, &resource.plural, name, vec![validate::cause(&e)]))
        }
        version if version.parse() == Ok(old.rv) => Ok(()),
        version if version.parse::<u64>().is_err() => {
            Err(ApiError::new(500, "", format!("strconv.ParseUint: parsing {version:?}: invalid syntax")))
        }
        _ => Err(ApiError::stale(&resource.group, &resource.plural, name)),
    }
}

pub(super) fn check_finalizers(resource: &Resource, live: &Value, new: &Value) -> Result<()> {
    if !meta::is_deleting(live) {
        return Ok(());
    }
    let old = meta::finalizers(live);
    let added: Vec<_> = meta::finalizers(new).into_iter().filter(|f| !old.contains(f)).collect();
    if added.is_empty() {
        return Ok(());
    }
    let list = added.iter().map(|f| format!("{f:?}")).collect::<Vec<_>>().join(", ");
    let detail = format!(
        "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{list}}}"
    );
    let e = FieldError::forbidden("metadata.finalizers", detail);
    // Built-in kinds check this in two places.
    let errors = if resource.is_custom() { vec![e] } else { vec![e.clone(), e] };
    Err(validate::invalid(resource, meta::name(live), &errors))
}
