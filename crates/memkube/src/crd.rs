//! Serving what CustomResourceDefinitions describe.

use crate::errors::Result;
use crate::meta;
use crate::resource::{Generation, Resource, ScalePaths, StoreKey, SubResource};
use crate::state::State;
use crate::validate;
use rollouts_schema::FieldError;
use rollouts_schema::crd::{Crd, default_crd};
use serde_json::{Value, json};
use std::sync::Arc;

const GROUP: &str = "apiextensions.k8s.io";
const PLURAL: &str = "customresourcedefinitions";
/// Holds a deleted definition until its instances are gone.
pub const CLEANUP_FINALIZER: &str = "customresourcecleanup.apiextensions.k8s.io";
const VERBS: &[&str] = &["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];

/// Defaults, checks and (as its controllers would at once) accepts a definition.
///
/// # Errors
/// 422 with the faults.
pub fn prepare(state: &State, resource: &Resource, obj: &mut Value, live: Option<&Value>) -> Result<()> {
    default_crd(obj);
    let crd = Crd::parse(obj).map_err(|errors| validate::invalid(resource, meta::name(obj), &errors))?;
    if let Some(live) = live {
        let errors = immutable(obj, live);
        if !errors.is_empty() {
            return Err(validate::invalid(resource, meta::name(obj), &errors));
        }
    }
    let names = json!({
        "plural": crd.names.plural, "singular": crd.names.singular, "kind": crd.names.kind,
        "listKind": crd.names.list_kind,
    });
    let mut accepted = names;
    if !crd.names.short_names.is_empty() {
        accepted["shortNames"] = json!(crd.names.short_names);
    }
    if !crd.names.categories.is_empty() {
        accepted["categories"] = json!(crd.names.categories);
    }
    let mut stored: Vec<Value> =
        live.and_then(|l| l["status"]["storedVersions"].as_array().cloned()).unwrap_or_default();
    if let Some(v) = crd.storage_version().map(|v| json!(v.name))
        && !stored.contains(&v)
    {
        stored.push(v);
    }
    let now = live
        .and_then(|l| l["status"]["conditions"][0]["lastTransitionTime"].as_str().map(str::to_owned))
        .unwrap_or_else(|| state.now_text());
    let condition = |kind: &str, reason: &str, message: &str| json!({"type": kind, "status": "True", "lastTransitionTime": now, "reason": reason, "message": message});
    obj["status"] = json!({
        "acceptedNames": accepted, "storedVersions": stored,
        "conditions": [
            condition("NamesAccepted", "NoConflicts", "no conflicts found"),
            condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        ],
    });
    if meta::is_deleting(obj) {
        terminating(state, obj);
    }
    Ok(())
}

/// What an established definition may not change.
fn immutable(new: &Value, live: &Value) -> Vec<FieldError> {
    ["/spec/group", "/spec/scope", "/spec/names/kind", "/spec/names/plural"]
        .iter()
        .filter(|path| new.pointer(path) != live.pointer(path))
        .map(|path| {
            let field = path.trim_start_matches('/').replace('/', ".");
            FieldError::invalid(field, new.pointer(path).cloned().unwrap_or(Value::Null), "field is immutable")
        })
        .collect()
}

fn terminating(state: &State, obj: &mut Value) {
    if let Some(conditions) = obj["status"]["conditions"].as_array_mut() {
        conditions.push(json!({
            "type": "Terminating", "status": "True", "lastTransitionTime": state.now_text(),
            "reason": "InstanceDeletionInProgress", "message": "CustomResource deletion is in progress",
        }));
    }
}

const SUB_VERBS: &[&str] = &["get", "patch", "update"];

fn resources(crd: Crd) -> Vec<Resource> {
    let crd = Arc::new(crd);
    let storage = crd.storage_version().map(|v| v.name.clone()).unwrap_or_default();
    let served = crd.versions.iter().filter(|v| v.served).map(|v| {
        let scale = v.scale.as_ref().map(|s| ScalePaths {
            spec_replicas: s.spec_replicas.source().to_owned(),
            status_replicas: s.status_replicas.source().to_owned(),
            selector: s.label_selector.as_ref().map(|p| p.source().to_owned()),
        });
        let mut subresources = Vec::new();
        if v.status_subresource {
            subresources.push(SubResource { name: "status", group: "", version: "", kind: "", verbs: SUB_VERBS });
        }
        if scale.is_some() {
            let (group, version) = ("autoscaling", "v1");
            subresources.push(SubResource { name: "scale", group, version, kind: "Scale", verbs: SUB_VERBS });
        }
        Resource {
            group: crd.group.clone(),
            version: v.name.clone(),
            kind: crd.names.kind.clone(),
            list_kind: crd.names.list_kind.clone(),
            plural: crd.names.plural.clone(),
            singular: crd.names.singular.clone(),
            short_names: crd.names.short_names.clone(),
            categories: crd.names.categories.clone(),
            namespaced: crd.namespaced,
            verbs: VERBS.to_vec(),
            status: v.status_subresource,
            scale,
            subresources,
            generation: if v.status_subresource { Generation::Spec } else { Generation::All },
            storage_group: crd.group.clone(),
            storage_version: storage.clone(),
            schema: Some(v.schema.clone()),
            crd: Some(crd.clone()),
        }
    });
    served.collect()
}

/// Serves what a stored definition describes.
pub fn serve(state: &mut State, definition: &Value) {
    let Ok(crd) = Crd::parse(definition) else {
        tracing::error!(name = meta::name(definition), "a stored CustomResourceDefinition does not parse");
        return;
    };
    state.stores.begin(&instances(definition));
    Arc::make_mut(&mut state.registry).set_custom(meta::name(definition), resources(crd));
}

/// Stops serving a definition.
pub fn withdraw(state: &mut State, name: &str) {
    let served = state.registry.iter().find(|r| r.is_custom() && r.qualified() == name).map(|r| r.store_key());
    if let Some(key) = served {
        state.stores.log(&key).drop_watches();
    }
    Arc::make_mut(&mut state.registry).set_custom(name, Vec::new());
}

/// The store of a definition's instances.
pub fn instances(definition: &Value) -> StoreKey {
    let spec = &definition["spec"];
    StoreKey::new(spec["group"].as_str().unwrap_or_default(), spec["names"]["plural"].as_str().unwrap_or_default())
}

/// Lets a deleted definition go when its last instance has gone.
pub fn after_instance_removed(state: &mut State, name: &str) {
    let Some(definition) = state.object(GROUP, PLURAL, "", name).cloned() else { return };
    let empty = state.stores.range(&instances(&definition.value), None).next().is_none();
    let others = meta::finalizers(&definition.value).iter().any(|f| *f != CLEANUP_FINALIZER);
    if meta::is_deleting(&definition.value) && empty && !others {
        state.stores.remove(&StoreKey::new(GROUP, PLURAL), name);
        withdraw(state, name);
    }
}
