//! What writes of some kinds bring about at once: namespaces, CustomResourceDefinitions.

use crate::builtin;
use crate::crd;
use crate::errors::{ApiError, Result};
use crate::meta;
use crate::resource::Resource;
use crate::state::State;
use crate::store::Stored;
use crate::validate;
use crate::write::{self, Write};
use rollouts_schema::FieldError;
use serde_json::{Value, json};
use std::sync::Arc;

fn is(resource: &Resource, group: &str, plural: &str) -> bool {
    resource.group == group && resource.plural == plural
}

/// Whether the resource is the CustomResourceDefinitions.
pub fn is_crd(resource: &Resource) -> bool {
    is(resource, "apiextensions.k8s.io", "customresourcedefinitions")
}

fn is_namespace(resource: &Resource) -> bool {
    is(resource, "", "namespaces")
}

/// Completes an object that is about to be created.
///
/// # Errors
/// 422 for a CustomResourceDefinition that makes no sense.
pub fn before_create(state: &State, resource: &Resource, obj: &mut Value) -> Result<()> {
    if is_namespace(resource) {
        label_namespace(obj);
        obj["spec"]["finalizers"] = json!(["kubernetes"]);
        obj["status"] = json!({"phase": "Active"});
    }
    if is_crd(resource) {
        crd::prepare(state, resource, obj, None)?;
    }
    if is(resource, "", "pods") {
        admit_pod(state, obj)?;
    }
    if is(resource, "", "services") {
        address_in_network(resource, obj)?;
    }
    Ok(())
}

/// An address that a user asks for must be one that the cluster can give.
fn address_in_network(resource: &Resource, service: &Value) -> Result<()> {
    let given = service["spec"]["clusterIP"].as_str().unwrap_or_default();
    match given.parse() {
        Ok(ip) if !builtin::is_service_address(ip) => {
            let why = format!("failed to allocate IP {ip}: the provided network does not match the current range");
            let e = FieldError::invalid("spec.clusterIPs", service["spec"]["clusterIPs"].clone(), why);
            Err(validate::invalid(resource, meta::name(service), &[e]))
        }
        _ => Ok(()),
    }
}

/// What admission asks of a new pod: its service account and its priority class are there.
fn admit_pod(state: &State, pod: &mut Value) -> Result<()> {
    let refuse = |why: String| Err(ApiError::forbidden("", "pods", meta::name(pod), &why));
    let namespace = meta::namespace(pod);
    let account = pod["spec"]["serviceAccountName"].as_str().unwrap_or_default();
    if state.object("", "serviceaccounts", namespace, account).is_none() {
        let missing = format!("serviceaccount {account:?} not found");
        return refuse(format!("error looking up service account {namespace}/{account}: {missing}"));
    }
    let Some(class) = pod["spec"]["priorityClassName"].as_str().filter(|c| !c.is_empty()) else { return Ok(()) };
    let stored = || state.object("scheduling.k8s.io", "priorityclasses", "", class)?.value["value"].as_i64();
    let Some(priority) = stored().or_else(|| system_priority(class)) else {
        return refuse(format!("no PriorityClass with name {class} was found"));
    };
    pod["spec"]["priority"] = json!(priority);
    Ok(())
}

/// Priorities of the classes that every cluster has.
fn system_priority(class: &str) -> Option<i64> {
    match class {
        "system-cluster-critical" => Some(2_000_000_000),
        "system-node-critical" => Some(2_000_001_000),
        _ => None,
    }
}

/// Completes an object that is about to be updated.
///
/// # Errors
/// 422 for a CustomResourceDefinition that makes no sense.
pub fn before_update(state: &State, resource: &Resource, obj: &mut Value, live: &Value) -> Result<()> {
    if is_namespace(resource) {
        label_namespace(obj);
    }
    if is_crd(resource) {
        crd::prepare(state, resource, obj, Some(live))?;
    }
    if is(resource, "", "services")
        && obj["spec"]["type"] != "LoadBalancer"
        && obj["status"]["loadBalancer"]["ingress"].as_array().is_some_and(|l| !l.is_empty())
    {
        let why = "may only be used when `spec.type` is 'LoadBalancer'";
        let e = FieldError::forbidden("status.loadBalancer.ingress", why);
        return Err(validate::invalid(resource, meta::name(obj), &[e]));
    }
    Ok(())
}

fn label_namespace(obj: &mut Value) {
    let name = meta::name(obj).to_owned();
    if let Some(m) = meta::metadata_mut(obj) {
        let labels = m.entry("labels").or_insert_with(|| json!({}));
        if let Some(labels) = labels.as_object_mut() {
            labels.insert("kubernetes.io/metadata.name".into(), json!(name));
        }
    }
}

/// Reacts to a committed write; gives the object as it is afterwards.
pub fn after_write(state: &mut State, resource: &Resource, stored: Arc<Stored>) -> Arc<Stored> {
    if is_namespace(resource) && !meta::is_deleting(&stored.value) {
        furnish_namespace(state, meta::name(&stored.value));
    }
    if is_crd(resource) {
        crd::serve(state, &stored.value);
    }
    stored
}

/// Reacts to a removal.
pub fn after_remove(state: &mut State, resource: &Resource, last: &Stored) {
    if is_crd(resource) {
        crd::withdraw(state, meta::name(&last.value));
    }
    let furniture = is(resource, "", "configmaps") && meta::name(&last.value) == CA_BUNDLE
        || is(resource, "", "serviceaccounts") && meta::name(&last.value) == "default";
    if furniture {
        let namespace = meta::namespace(&last.value).to_owned();
        let stays = state.object("", "namespaces", "", &namespace).is_some_and(|n| !meta::is_deleting(&n.value));
        if stays {
            furnish_namespace(state, &namespace);
        }
    }
    if let Some(crd) = &resource.crd {
        crd::after_instance_removed(state, &format!("{}.{}", crd.names.plural, crd.group));
    }
}

const CA_BUNDLE: &str = "kube-root-ca.crt";

/// The service account and the CA bundle that controllers put into every namespace.
fn furnish_namespace(state: &mut State, namespace: &str) {
    let ca = state.ca_pem.clone();
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}});
    let bundle = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "data": {"ca.crt": ca},
        "metadata": {"name": CA_BUNDLE, "annotations": {
            "kubernetes.io/description": "Contains a CA bundle that can be used to verify the kube-apiserver when \
             using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is \
             guaranteed across distributions of Kubernetes clusters."}},
    });
    for (plural, object) in [("serviceaccounts", account), ("configmaps", bundle)] {
        let name = meta::name(&object).to_owned();
        if state.object("", plural, namespace, &name).is_some() {
            continue;
        }
        let Some(resource) = state.registry.find("", "v1", plural).cloned() else { continue };
        let w = Write { manager: "kube-controller-manager".into(), ..Write::internal() };
        let made = write::create(state, &w, &resource, namespace, object);
        made.map(drop).unwrap_or_else(|e| tracing::error!(%namespace, plural, error = %e, "cannot furnish"));
    }
}

/// Puts the present CA certificate into every namespace's bundle.
pub fn republish_ca(state: &mut State) {
    let key = crate::resource::StoreKey::new("", "configmaps");
    let bundles: Vec<_> =
        state.stores.range(&key, None).filter(|c| meta::name(&c.value) == CA_BUNDLE).cloned().collect();
    for bundle in bundles {
        let mut new = bundle.value.clone();
        new["data"]["ca.crt"] = json!(state.ca_pem);
        if new != bundle.value {
            state.stores.put(&key, &bundle.key, new);
        }
    }
}
