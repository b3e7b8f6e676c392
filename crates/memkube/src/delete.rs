//! Deletion: graceful for pods, waiting for finalizers for everything, cascading by finalizers of its own.

use crate::crd;
use crate::decode;
use crate::errors::{ApiError, Result};
use crate::hooks;
use crate::meta::{self, FOREGROUND_FINALIZER, ORPHAN_FINALIZER};
use crate::request::Request;
use crate::resource::Resource;
use crate::state::State;
use crate::store::Stored;
use crate::validate::cause;
use crate::write::may_be_removed;
use rollouts_api::Time;
use rollouts_schema::FieldError;
use serde_json::{Value, json};
use std::sync::Arc;

/// `metav1.DeleteOptions`, from the body and the query.
#[derive(Debug, Clone, Default)]
pub struct DeleteOptions {
    /// Seconds of grace; `None` takes the object's own.
    pub grace_period_seconds: Option<i64>,
    /// What becomes of dependents.
    pub propagation: Option<Propagation>,
    /// Delete only this incarnation.
    pub uid: Option<String>,
    /// Delete only this version.
    pub resource_version: Option<String>,
    /// Check everything, delete nothing.
    pub dry_run: bool,
}

/// What becomes of dependents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Propagation {
    /// They are deleted first.
    Foreground,
    /// They are deleted afterwards.
    Background,
    /// They lose their owner.
    Orphan,
}

impl DeleteOptions {
    /// Reads options from a DELETE.
    ///
    /// # Errors
    /// 400 for malformed bodies, 422 for unknown policies.
    pub fn parse(request: &Request) -> Result<Self> {
        let body = if request.body.is_empty() { Value::Null } else { decode::object_body(request)?.value };
        let from_body = Self::from_value(&body)?;
        let query = &request.query;
        let propagation = match (query.get("propagationPolicy"), query.get("orphanDependents")) {
            (Some(policy), _) => Some(parse_propagation(policy)?),
            (None, Some(orphan)) => Some(if orphan == "true" { Propagation::Orphan } else { Propagation::Background }),
            _ => from_body.propagation,
        };
        Ok(DeleteOptions {
            grace_period_seconds: query.number("gracePeriodSeconds")?.or(from_body.grace_period_seconds),
            propagation,
            dry_run: query.dry_run()? || from_body.dry_run,
            ..from_body
        })
    }

    /// Reads options from an object.
    ///
    /// # Errors
    /// 422 for unknown policies.
    pub fn from_value(body: &Value) -> Result<Self> {
        let propagation = match (body["propagationPolicy"].as_str(), body["orphanDependents"].as_bool()) {
            (Some(policy), Some(_)) => {
                let why = "orphanDependents and deletionPropagation cannot be both set";
                return Err(refused(FieldError::invalid("propagationPolicy", json!(policy), why)));
            }
            (Some(policy), _) => Some(parse_propagation(policy)?),
            (None, Some(true)) => Some(Propagation::Orphan),
            (None, Some(false)) => Some(Propagation::Background),
            _ => None,
        };
        let text = |key: &str| body["preconditions"][key].as_str().map(str::to_owned);
        Ok(DeleteOptions {
            grace_period_seconds: body["gracePeriodSeconds"].as_i64(),
            propagation,
            uid: text("uid"),
            resource_version: text("resourceVersion"),
            dry_run: body["dryRun"].as_array().is_some_and(|l| l.iter().any(|v| v == "All")),
        })
    }
}

fn parse_propagation(policy: &str) -> Result<Propagation> {
    match policy {
        "Foreground" => Ok(Propagation::Foreground),
        "Background" => Ok(Propagation::Background),
        "Orphan" => Ok(Propagation::Orphan),
        other => {
            let values = ["Foreground", "Background", "Orphan", "nil"];
            Err(refused(FieldError::not_supported("propagationPolicy", json!(other), values)))
        }
    }
}

fn refused(error: FieldError) -> ApiError {
    ApiError::invalid("meta.k8s.io", "DeleteOptions", "", vec![cause(&error)])
}

/// What a deletion did.
#[derive(Debug)]
pub enum Deleted {
    /// The object is gone; its last state.
    Gone(Arc<Stored>),
    /// The object is on its way out; its present state.
    Waiting(Arc<Stored>),
}

/// Namespaces that a cluster cannot do without.
const IMMORTAL_NAMESPACES: [&str; 3] = ["default", "kube-system", "kube-public"];

/// Deletes one object.
///
/// # Errors
/// 409 for preconditions that do not hold.
pub fn delete(state: &mut State, resource: &Resource, old: &Arc<Stored>, options: &DeleteOptions) -> Result<Deleted> {
    let is_namespace = resource.group.is_empty() && resource.plural == "namespaces";
    if is_namespace && IMMORTAL_NAMESPACES.contains(&meta::name(&old.value)) {
        let why = "this namespace may not be deleted";
        return Err(ApiError::forbidden("", "namespaces", meta::name(&old.value), why));
    }
    check_preconditions(resource, old, options)?;
    let mut new = old.value.clone();
    if hooks::is_crd(resource) && state.stores.range(&crd::instances(&new), None).next().is_some() {
        add_finalizer(&mut new, crd::CLEANUP_FINALIZER);
    }
    // Jobs leave their pods alone unless told otherwise, as they always have.
    let is_job = resource.group == "batch" && resource.plural == "jobs";
    apply_propagation(&mut new, options.propagation.or(is_job.then_some(Propagation::Orphan)));
    let grace = grace_seconds(resource, &old.value, options);
    let was_deleting = meta::is_deleting(&old.value);
    let shorter = meta::deletion_grace_seconds(&old.value).is_none_or(|have| grace < have);
    if !was_deleting || shorter {
        let at = state.now().checked_add(jiff::SignedDuration::from_secs(grace)).unwrap_or(jiff::Timestamp::MAX);
        meta::set(&mut new, "deletionTimestamp", json!(Time::new(at).to_string()));
        if !is_namespace {
            meta::set(&mut new, "deletionGracePeriodSeconds", json!(grace));
        }
    }
    if !was_deleting && meta::generation(&new) > 0 {
        let next = meta::generation(&new) + 1;
        meta::set(&mut new, "generation", json!(next));
    }
    if is_namespace {
        new["status"]["phase"] = json!("Terminating");
    }
    let gone = may_be_removed(resource, &new);
    let graceful = is_pod(resource);
    if options.dry_run {
        if gone && !graceful {
            return Ok(Deleted::Gone(old.clone()));
        }
        let stored = Arc::new(Stored::detached(&old.key, new));
        return Ok(if gone { Deleted::Gone(stored) } else { Deleted::Waiting(stored) });
    }
    let store = resource.store_key();
    if gone {
        // A removal at once shows the object as it was, without deletion marks; a pod's marks are written first, even
        // when it has no grace.
        if graceful && new != old.value {
            state.stores.put(&store, &old.key, new);
        }
        let last = state.stores.remove(&store, &old.key).unwrap_or_else(|| old.clone());
        hooks::after_remove(state, resource, &last);
        return Ok(Deleted::Gone(last));
    }
    if new == old.value {
        return Ok(Deleted::Waiting(old.clone()));
    }
    let stored = state.stores.put(&store, &old.key, new);
    if hooks::is_crd(resource) {
        remove_instances(state, &stored.value);
    }
    Ok(Deleted::Waiting(stored))
}

fn remove_instances(state: &mut State, definition: &Value) {
    let key = crd::instances(definition);
    let Some(resource) = state.registry.find_any_version(&key.group, &key.plural).cloned() else { return };
    let all: Vec<_> = state.stores.range(&key, None).cloned().collect();
    for object in all {
        // Without preconditions a deletion cannot fail.
        if let Err(e) = delete(state, &resource, &object, &DeleteOptions::default()) {
            tracing::error!(key = %object.key, error = %e, "cannot delete an instance");
        }
    }
}

fn check_preconditions(resource: &Resource, old: &Stored, options: &DeleteOptions) -> Result<()> {
    let name = meta::name(&old.value);
    let refuse = |what: &str, want: &str, have: &str| {
        let fate = if what == "UID" { "deleted and then recreated" } else { "modified" };
        let why = format!(
            "the {what} in the precondition ({want}) does not match the {what} in record ({have}). The object might have \
             been {fate}"
        );
        Err(ApiError::conflict(&resource.group, &resource.kind, name, &why))
    };
    match (&options.uid, &options.resource_version) {
        (Some(uid), _) if uid != meta::uid(&old.value) => refuse("UID", uid, meta::uid(&old.value)),
        (_, Some(rv)) if *rv != old.rv.to_string() => refuse("ResourceVersion", rv, &old.rv.to_string()),
        _ => Ok(()),
    }
}

fn add_finalizer(obj: &mut Value, finalizer: &str) {
    let mut all: Vec<String> = meta::finalizers(obj).into_iter().map(str::to_owned).collect();
    if !all.iter().any(|f| f == finalizer) {
        all.push(finalizer.to_owned());
        meta::set_finalizers(obj, &all);
    }
}

fn apply_propagation(obj: &mut Value, propagation: Option<Propagation>) {
    let Some(propagation) = propagation else { return };
    let mut all: Vec<String> = meta::finalizers(obj)
        .into_iter()
        .filter(|f| *f != FOREGROUND_FINALIZER && *f != ORPHAN_FINALIZER)
        .map(str::to_owned)
        .collect();
    match propagation {
        Propagation::Foreground => all.push(FOREGROUND_FINALIZER.to_owned()),
        Propagation::Orphan => all.push(ORPHAN_FINALIZER.to_owned()),
        Propagation::Background => {}
    }
    meta::set_finalizers(obj, &all);
}

fn is_pod(resource: &Resource) -> bool {
    resource.group.is_empty() && resource.plural == "pods"
}

/// Only pods have grace; one that runs nowhere, or no longer, needs none.
fn grace_seconds(resource: &Resource, obj: &Value, options: &DeleteOptions) -> i64 {
    if !is_pod(resource) {
        return 0;
    }
    let own = obj["spec"]["terminationGracePeriodSeconds"].as_i64().unwrap_or(DEFAULT_POD_GRACE_SECONDS);
    let unscheduled = obj["spec"]["nodeName"].as_str().unwrap_or_default().is_empty();
    let finished = matches!(obj["status"]["phase"].as_str(), Some("Failed" | "Succeeded"));
    if unscheduled || finished {
        return 0;
    }
    match options.grace_period_seconds {
        Some(wish) if wish >= 0 => wish,
        // A negative wish means "at once, but let the node confirm".
        Some(_) => 1,
        None => own,
    }
}

const DEFAULT_POD_GRACE_SECONDS: i64 = 30;
