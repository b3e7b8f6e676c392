//! Defaults that Kubernetes' API server fills into pod templates and pod specs.

use super::image::pull_policy;
use super::json::{child, fill, fill_zero, get_object, items, set, text};
use crate::quantity::Quantity;
use serde_json::{Value, json};

/// Mode of files from Secrets, ConfigMaps and the downward API: 0644.
const FILE_MODE: i32 = 0o644;
/// Resource amounts are stored in thousandths at the finest.
const MILLI: i32 = -3;

/// Fills in what Kubernetes does for the template of a ReplicaSet, Deployment or Job.
pub fn default(template: &mut Value) {
    pod_spec(child(template, "spec"));
}

/// Fills in what some API servers do and others do not, as their feature gates say.
pub(super) fn gated(template: &mut Value) {
    for volume in items(child(template, "spec"), "volumes") {
        if let Some(image) = get_object(volume, "image") {
            let policy = pull_policy(text(image, "reference"));
            fill_zero(image, "pullPolicy", policy);
        }
    }
}

/// Fills in what Kubernetes does for every pod spec, in a template or in a pod.
pub fn pod_spec(spec: &mut Value) {
    fill_zero(spec, "dnsPolicy", "ClusterFirst");
    fill_zero(spec, "restartPolicy", "Always");
    fill(spec, "securityContext", json!({}));
    fill(spec, "terminationGracePeriodSeconds", 30);
    fill_zero(spec, "schedulerName", "default-scheduler");
    service_account(spec);
    items(spec, "volumes").for_each(volume);
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        items(spec, list).for_each(container);
    }
    resource_list(spec, "overhead");
    if let Some(resources) = get_object(spec, "resources") {
        resource_list(resources, "limits");
        resource_list(resources, "requests");
    }
}

/// The deprecated `serviceAccount` always repeats `serviceAccountName`.
fn service_account(spec: &mut Value) {
    let name = |key: &str| spec.get(key).and_then(Value::as_str).filter(|s| !s.is_empty()).map(str::to_string);
    if let Some(account) = name("serviceAccountName").or_else(|| name("serviceAccount")) {
        set(spec, "serviceAccountName", account.clone());
        set(spec, "serviceAccount", account);
    }
}

fn container(c: &mut Value) {
    let policy = pull_policy(c.get("image").and_then(Value::as_str).unwrap_or_default());
    fill_zero(c, "imagePullPolicy", policy);
    fill_zero(c, "terminationMessagePath", "/dev/termination-log");
    fill_zero(c, "terminationMessagePolicy", "File");
    items(c, "ports").for_each(|port| fill_zero(port, "protocol", "TCP"));
    for env in items(c, "env") {
        let Some(source) = get_object(env, "valueFrom") else { continue };
        field_ref(source);
        if let Some(file) = get_object(source, "fileKeyRef") {
            fill(file, "optional", false);
        }
    }
    fill(c, "resources", json!({}));
    if let Some(resources) = get_object(c, "resources") {
        resource_list(resources, "limits");
        resource_list(resources, "requests");
    }
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(p) = get_object(c, name) {
            probe(p);
        }
    }
    if let Some(lifecycle) = get_object(c, "lifecycle") {
        for hook in ["postStart", "preStop"] {
            if let Some(hook) = get_object(lifecycle, hook) {
                http_get(hook);
            }
        }
    }
}

fn probe(p: &mut Value) {
    fill_zero(p, "timeoutSeconds", 1);
    fill_zero(p, "periodSeconds", 10);
    fill_zero(p, "successThreshold", 1);
    fill_zero(p, "failureThreshold", 3);
    http_get(p);
    if let Some(grpc) = get_object(p, "grpc") {
        fill(grpc, "service", "");
    }
}

fn http_get(handler: &mut Value) {
    if let Some(get) = get_object(handler, "httpGet") {
        fill_zero(get, "path", "/");
        fill_zero(get, "scheme", "HTTP");
    }
}

fn field_ref(source: &mut Value) {
    if let Some(field) = get_object(source, "fieldRef") {
        fill_zero(field, "apiVersion", "v1");
    }
}

fn volume(v: &mut Value) {
    let has_source = v.as_object().is_some_and(|v| v.iter().any(|(k, source)| k != "name" && !source.is_null()));
    if !has_source {
        set(v, "emptyDir", json!({}));
    }
    if let Some(host) = get_object(v, "hostPath") {
        fill(host, "type", "");
    }
    for source in ["secret", "configMap", "downwardAPI", "projected"] {
        if let Some(source) = get_object(v, source) {
            fill(source, "defaultMode", FILE_MODE);
        }
    }
    if let Some(downward) = get_object(v, "downwardAPI") {
        items(downward, "items").for_each(field_ref);
    }
    if let Some(projected) = get_object(v, "projected") {
        for source in items(projected, "sources") {
            if let Some(downward) = get_object(source, "downwardAPI") {
                items(downward, "items").for_each(field_ref);
            }
            if let Some(token) = get_object(source, "serviceAccountToken") {
                fill(token, "expirationSeconds", 3600);
            }
        }
    }
    storage_volume(v);
}

/// Volumes that name a storage system.
fn storage_volume(v: &mut Value) {
    if let Some(iscsi) = get_object(v, "iscsi") {
        fill_zero(iscsi, "iscsiInterface", "default");
    }
    if let Some(rbd) = get_object(v, "rbd") {
        fill_zero(rbd, "pool", "rbd");
        fill_zero(rbd, "user", "admin");
        fill_zero(rbd, "keyring", "/etc/ceph/keyring");
    }
    if let Some(disk) = get_object(v, "azureDisk") {
        fill(disk, "cachingMode", "ReadWrite");
        fill(disk, "fsType", "ext4");
        fill(disk, "readOnly", false);
        fill(disk, "kind", "Shared");
    }
    if let Some(scale_io) = get_object(v, "scaleIO") {
        fill_zero(scale_io, "storageMode", "ThinProvisioned");
        fill_zero(scale_io, "fsType", "xfs");
    }
    if let Some(claim) = get_object(v, "ephemeral").and_then(|e| get_object(e, "volumeClaimTemplate")) {
        let spec = child(claim, "spec");
        fill(spec, "volumeMode", "Filesystem");
        if let Some(resources) = get_object(spec, "resources") {
            resource_list(resources, "limits");
            resource_list(resources, "requests");
        }
    }
}

/// Rounds the amounts in the map at `key` up to thousandths; texts that are no quantity stay for validation to find.
pub fn resource_list(parent: &mut Value, key: &str) {
    for amount in parent.get_mut(key).and_then(Value::as_object_mut).into_iter().flat_map(|m| m.values_mut()) {
        let text = amount.as_str().map_or_else(|| amount.to_string(), |s| s.trim().to_string());
        if let Ok(mut quantity) = Quantity::parse(&text) {
            quantity.round_up(MILLI);
            *amount = quantity.canonical().into();
        }
    }
}
