//! The way of an object into the store: create, update, removal. Everything here runs under the server's lock.

mod checks;
mod owners;

use crate::builtin;
use crate::convert::{from_storage, to_storage};
use crate::errors::{ApiError, Result};
use crate::hooks;
use crate::meta;
use crate::resource::{Generation, Resource};
use crate::state::State;
use crate::store::Stored;
use crate::validate;
use checks::{check_finalizers, check_identity, check_namespace, check_version, place};
use owners::{forget_time, record};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Through which door a write comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The object itself.
    Main,
    /// `/status`.
    Status,
    /// Another subresource, which has prepared the change of the whole object.
    Other(&'static str),
}

impl Door {
    fn subresource(self) -> &'static str {
        match self {
            Door::Main => "",
            Door::Status => "status",
            Door::Other(name) => name,
        }
    }
}

/// Who writes, and whether in earnest.
#[derive(Debug, Clone)]
pub struct Write {
    /// Field manager; empty records nobody (after an apply, which has recorded already).
    pub manager: String,
    /// Check everything, store nothing.
    pub dry_run: bool,
    /// An update may leave out the resourceVersion even where a PUT must have it.
    pub unconditional: bool,
}

impl Write {
    /// The server's own writes.
    pub fn internal() -> Self {
        Write { manager: "kube-apiserver".into(), dry_run: false, unconditional: true }
    }
}

/// Creates an object of `resource` in `namespace` (empty for cluster scope).
///
/// # Errors
/// What the real server says.
pub fn create(
    state: &mut State,
    w: &Write,
    resource: &Resource,
    namespace: &str,
    mut obj: Value,
) -> Result<Arc<Stored>> {
    place(resource, namespace, &mut obj)?;
    check_namespace(state, resource, namespace, meta::name(&obj))?;
    if !meta::resource_version(&obj).is_empty() {
        return Err(ApiError::new(500, "", "resourceVersion should not be set on objects to be created"));
    }
    for key in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"] {
        meta::remove(&mut obj, key);
    }
    if meta::name(&obj).is_empty()
        && let Some(name) = generated_name(state, resource, namespace, &obj)
    {
        meta::set(&mut obj, "name", json!(name));
    }
    meta::drop_empty(&mut obj);
    // Before preparation: a Job's selector and labels hold its uid.
    let uid = state.rng.uid();
    meta::set(&mut obj, "uid", json!(uid));
    meta::set(&mut obj, "creationTimestamp", json!(state.now_text()));
    if let Some(schema) = &resource.schema {
        schema.default_fields(&mut obj);
    }
    if !resource.is_custom() {
        builtin::default_object(&resource.group, &resource.kind, &mut obj);
    }
    if hooks::is_crd(resource) {
        rollouts_schema::crd::default_crd(&mut obj);
    }
    // Nobody owns what the server itself fills in below.
    obj = record(state, resource, w, Door::Main, None, obj);
    if resource.is_custom() {
        if resource.status {
            remove_field(&mut obj, "status");
        }
    } else {
        builtin::prepare_create(&resource.group, &resource.kind, &mut obj, &state.ctx());
    }
    match resource.generation {
        Generation::None => {}
        _ => meta::set(&mut obj, "generation", json!(1)),
    }
    hooks::before_create(state, resource, &mut obj)?;
    validate::object(resource, &obj, None)?;
    let obj = to_storage(resource, obj);
    let key = meta::store_key(namespace, meta::name(&obj));
    let store = resource.store_key();
    if state.stores.get(&store, &key).is_some() {
        let error = ApiError::already_exists(&resource.group, &resource.plural, meta::name(&obj));
        return Err(error);
    }
    if w.dry_run {
        return Ok(Arc::new(Stored::detached(&key, obj)));
    }
    let stored = state.stores.put(&store, &key, obj);
    Ok(hooks::after_write(state, resource, stored))
}

const MAX_GENERATED_NAME_BASE_CHARS: usize = 58;
/// Names drawn before a clash is reported.
const MAX_NAME_ATTEMPTS: usize = 8;

/// A name from `generateName`, if that is given.
fn generated_name(state: &State, resource: &Resource, namespace: &str, obj: &Value) -> Option<String> {
    let base = obj["metadata"]["generateName"].as_str().filter(|b| !b.is_empty())?;
    // Cut so that the name stays within 63 characters.
    let base: String = base.chars().take(MAX_GENERATED_NAME_BASE_CHARS).collect();
    let store = resource.store_key();
    let mut name = String::new();
    for _ in 0..MAX_NAME_ATTEMPTS {
        name = format!("{base}{}", state.rng.suffix());
        if state.stores.get(&store, &meta::store_key(namespace, &name)).is_none() {
            break;
        }
    }
    Some(name)
}

fn remove_field(obj: &mut Value, field: &str) {
    if let Some(map) = obj.as_object_mut() {
        map.remove(field);
    }
}

/// Replaces `old` by `new`, which is in the version of `resource`.
///
/// # Errors
/// What the real server says.
pub fn update(
    state: &mut State,
    w: &Write,
    resource: &Resource,
    old: &Arc<Stored>,
    mut new: Value,
    door: Door,
) -> Result<Arc<Stored>> {
    let live = from_storage(resource, &old.value);
    let name = meta::name(&old.value).to_owned();
    check_identity(resource, w, &live, &new)?;
    check_version(resource, w, old, &new)?;
    for key in SERVER_FIELDS {
        match live["metadata"].get(*key) {
            Some(value) => meta::set(&mut new, key, value.clone()),
            None => meta::remove(&mut new, key),
        }
    }
    if new["metadata"]["managedFields"] == json!([]) {
        // An empty list and one empty entry both say: forget the owners. Only the latter survives what follows.
        meta::set(&mut new, "managedFields", json!([{}]));
    }
    if let Some(schema) = &resource.schema {
        schema.default_fields(&mut new);
    }
    if !resource.is_custom() {
        builtin::default_object(&resource.group, &resource.kind, &mut new);
    }
    meta::drop_empty(&mut new);
    new = through_door(resource, door, &live, new);
    if !resource.is_custom() && door == Door::Main {
        builtin::prepare_update(&resource.group, &resource.kind, &mut new, &live, &state.ctx());
    }
    hooks::before_update(state, resource, &mut new, &live)?;
    check_finalizers(resource, &live, &new)?;
    if !matches!(door, Door::Status | Door::Other("binding")) && generation_changes(resource.generation, &live, &new) {
        meta::set(&mut new, "generation", json!(meta::generation(&live) + 1));
    }
    match door {
        // The node of a pod is the scheduler's to set, through this door alone.
        Door::Other("binding") => {
            let mut bound = live.clone().into_owned();
            bound["spec"]["nodeName"] = new["spec"]["nodeName"].clone();
            validate::object(resource, &new, Some(&bound))?;
        }
        _ => validate::object(resource, &new, Some(&live))?,
    }
    let mut new = record(state, resource, w, door, Some(&live), new);
    if door == Door::Other("scale") {
        forget_time(&mut new, &w.manager);
    }
    let mut new = to_storage(resource, new);
    meta::set(&mut new, "resourceVersion", json!(old.rv.to_string()));
    let key = old.key.to_string();
    let gone = may_be_removed(resource, &new);
    if w.dry_run {
        return Ok(Arc::new(Stored::detached(&key, new)));
    }
    if new == old.value {
        return Ok(old.clone());
    }
    let store = resource.store_key();
    if gone {
        // The last change is seen only as the deletion, as with the real server.
        let stored = state.stores.remove_as(&store, &key, new);
        let stored = stored.ok_or_else(|| ApiError::not_found(&resource.group, &resource.plural, &name))?;
        hooks::after_remove(state, resource, &stored);
        return Ok(stored);
    }
    let stored = state.stores.put(&store, &key, new);
    Ok(hooks::after_write(state, resource, stored))
}

const SERVER_FIELDS: &[&str] = &[
    "uid",
    "name",
    "namespace",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "generateName",
    "selfLink",
];

fn through_door(resource: &Resource, door: Door, live: &Value, mut new: Value) -> Value {
    match door {
        Door::Status => {
            let mut out = live.clone();
            match new.get_mut("status").map(Value::take) {
                Some(status) => out["status"] = status,
                None => remove_field(&mut out, "status"),
            }
            // Of a custom resource this door lets nothing but the status in; most built-in kinds are less strict.
            let kept: &[&str] = match (resource.is_custom(), resource.plural.as_str()) {
                (true, _) => return with_metadata(out, &new, &["managedFields"]),
                (false, "deployments") => &["labels"],
                (false, "pods") => &["ownerReferences"],
                (false, _) => &[],
            };
            if resource.plural == "pods" {
                out["status"]["qosClass"] = live["status"]["qosClass"].clone();
            }
            let metadata = with_metadata(new, live, kept)["metadata"].take();
            out["metadata"] = metadata;
            out
        }
        Door::Main if resource.status => {
            match live.get("status") {
                Some(status) => new["status"] = status.clone(),
                None => remove_field(&mut new, "status"),
            }
            new
        }
        _ => new,
    }
}

/// `obj` with these fields of the metadata of `other`.
fn with_metadata(mut obj: Value, other: &Value, fields: &[&str]) -> Value {
    for field in fields {
        match other["metadata"].get(*field) {
            Some(value) => meta::set(&mut obj, field, value.clone()),
            None => meta::remove(&mut obj, field),
        }
    }
    obj
}

/// The object without `metadata` and, if told so, `status`.
fn body(obj: &Value, status: bool) -> Map<String, Value> {
    let map = obj.as_object().cloned().unwrap_or_default();
    map.into_iter().filter(|(k, _)| k != "metadata" && (status || k != "status")).collect()
}

fn generation_changes(rule: Generation, live: &Value, new: &Value) -> bool {
    match rule {
        Generation::None => false,
        Generation::All => body(live, true) != body(new, true),
        Generation::Spec => body(live, false) != body(new, false),
        Generation::SpecAndAnnotations => {
            let annotations = |o: &Value| o["metadata"].get("annotations").cloned();
            annotations(live) != annotations(new) || body(live, false) != body(new, false)
        }
    }
}

/// Whether nothing keeps a deleted object any more.
pub fn may_be_removed(resource: &Resource, obj: &Value) -> bool {
    let held_by_namespace_finalizer = resource.group.is_empty()
        && resource.plural == "namespaces"
        && obj["spec"]["finalizers"].as_array().is_some_and(|f| !f.is_empty());
    meta::is_deleting(obj)
        && meta::finalizers(obj).is_empty()
        && meta::deletion_grace_seconds(obj).unwrap_or(0) == 0
        && !held_by_namespace_finalizer
}
