//! Volumes.

use super::{Errors, complain, handler, one_of, require, resources};
use crate::field::{FieldError, Path};
use crate::pod_template::json::{get, int, list, text};
use crate::quantity::Quantity;
use crate::syntax;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Checks the volumes of a pod and returns the well-formed ones, which alone containers can mount.
pub fn volumes<'a>(volumes: &'a [Value], path: &Path, errors: &mut Errors) -> BTreeMap<&'a str, &'a Value> {
    let mut good = BTreeMap::new();
    for (i, volume) in volumes.iter().enumerate() {
        let path = path.index(i);
        let before = errors.len();
        source(volume, &path, errors);
        let name = text(volume, "name");
        match name {
            "" => errors.push(FieldError::required(&path.child("name"), "")),
            _ => complain(errors, &path.child("name"), name, syntax::dns_label(name)),
        }
        if good.contains_key(name) {
            errors.push(FieldError::duplicate(&path.child("name"), name));
        }
        if errors.len() == before {
            good.insert(name, volume);
        }
    }
    good
}

/// Kubernetes checks the sources in this order, and complains about every one after the first.
const SOURCES: [&str; 28] = [
    "hostPath",
    "gitRepo",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "flocker",
    "persistentVolumeClaim",
    "rbd",
    "cinder",
    "cephfs",
    "quobyte",
    "downwardAPI",
    "fc",
    "flexVolume",
    "configMap",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "storageos",
    "projected",
    "scaleIO",
    "csi",
    "ephemeral",
];

fn source(volume: &Value, path: &Path, errors: &mut Errors) {
    let mut taken = false;
    if let Some(empty) = get(volume, "emptyDir") {
        taken = true;
        let negative = Quantity::parse(text(empty, "sizeLimit")).is_ok_and(|q| q.is_negative());
        if negative {
            let detail = "SizeLimit field must be a valid resource quantity";
            errors.push(FieldError::forbidden(&path.child("emptyDir").child("sizeLimit"), detail));
        }
    }
    for kind in SOURCES {
        let Some(source) = get(volume, kind) else { continue };
        if taken {
            errors.push(FieldError::forbidden(&path.child(kind), "may not specify more than 1 volume type"));
        } else {
            taken = true;
            of_kind(kind, source, &path.child(kind), errors);
        }
    }
    if !taken {
        errors.push(FieldError::required(path, "must specify a volume type"));
    }
}

fn of_kind(kind: &str, source: &Value, path: &Path, errors: &mut Errors) {
    match kind {
        "hostPath" => host_path(source, path, errors),
        "secret" | "configMap" => {
            let name = if kind == "secret" { "secretName" } else { "name" };
            require(errors, &path.child(name), text(source, name));
            mode(source, "defaultMode", path, errors);
            key_paths(source, path, errors);
        }
        "persistentVolumeClaim" => require(errors, &path.child("claimName"), text(source, "claimName")),
        "nfs" => {
            require(errors, &path.child("server"), text(source, "server"));
            require(errors, &path.child("path"), text(source, "path"));
            if !text(source, "path").starts_with('/') {
                errors.push(FieldError::invalid(&path.child("path"), text(source, "path"), "must be an absolute path"));
            }
        }
        "csi" => require(errors, &path.child("driver"), text(source, "driver")),
        "downwardAPI" => {
            mode(source, "defaultMode", path, errors);
            for file in list(source, "items") {
                downward_file(file, path, errors);
            }
        }
        "projected" => projected(source, path, errors),
        "ephemeral" if get(source, "volumeClaimTemplate").is_none() => {
            errors.push(FieldError::required(&path.child("volumeClaimTemplate"), ""));
        }
        _ => {}
    }
}

const HOST_PATH_TYPES: [&str; 8] =
    ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];

fn host_path(source: &Value, path: &Path, errors: &mut Errors) {
    match text(source, "path") {
        "" => errors.push(FieldError::required(&path.child("path"), "")),
        target => {
            no_backsteps(target, &path.child("path"), errors);
            one_of(errors, &path.child("type"), text(source, "type"), &HOST_PATH_TYPES);
        }
    }
}

fn key_paths(source: &Value, path: &Path, errors: &mut Errors) {
    for (i, item) in list(source, "items").iter().enumerate() {
        let path = path.child("items").index(i);
        require(errors, &path.child("key"), text(item, "key"));
        require(errors, &path.child("path"), text(item, "path"));
        local_path(text(item, "path"), &path.child("path"), errors);
        mode(item, "mode", &path, errors);
    }
}

const DOWNWARD_FIELDS: [&str; 5] =
    ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];

fn downward_file(file: &Value, path: &Path, errors: &mut Errors) {
    require(errors, &path.child("path"), text(file, "path"));
    local_path(text(file, "path"), &path.child("path"), errors);
    match (get(file, "fieldRef"), get(file, "resourceFieldRef")) {
        (Some(field), resource) => {
            handler::field_selector(field, &DOWNWARD_FIELDS, &path.child("fieldRef"), errors);
            if resource.is_some() {
                let detail = "fieldRef and resourceFieldRef can not be specified simultaneously";
                errors.push(FieldError::invalid(path, "resource", detail));
            }
        }
        (None, Some(resource)) => {
            resources::field_selector(resource, &path.child("resourceFieldRef"), true, errors);
        }
        (None, None) => errors.push(FieldError::required(path, "one of fieldRef and resourceFieldRef is required")),
    }
    mode(file, "mode", path, errors);
}

fn projected(source: &Value, path: &Path, errors: &mut Errors) {
    mode(source, "defaultMode", path, errors);
    let mut paths = BTreeSet::new();
    for (i, projection) in list(source, "sources").iter().enumerate() {
        let source_path = path.child("sources").index(i);
        for kind in ["secret", "configMap"] {
            let Some(source) = get(projection, kind) else { continue };
            require(errors, &source_path.child(kind).child("name"), text(source, "name"));
            key_paths(source, &source_path.child(kind), errors);
            for item in list(source, "items").iter().filter(|item| !text(item, "path").is_empty()) {
                if !paths.insert(text(item, "path")) {
                    errors.push(FieldError::invalid(path, text(source, "name"), "conflicting duplicate paths"));
                }
            }
        }
        if let Some(downward) = get(projection, "downwardAPI") {
            for file in list(downward, "items") {
                downward_file(file, &source_path.child("downwardAPI"), errors);
                if !paths.insert(text(file, "path")) {
                    errors.push(FieldError::invalid(path, text(file, "path"), "conflicting duplicate paths"));
                }
            }
        }
        let kinds = ["secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle"];
        if kinds.into_iter().filter(|kind| get(projection, kind).is_some()).count() > 1 {
            errors.push(FieldError::forbidden(&source_path, "may not specify more than 1 volume type per source"));
        }
    }
}

fn mode(parent: &Value, key: &str, path: &Path, errors: &mut Errors) {
    if let Some(mode) = int(parent, key).filter(|mode| !(0..=0o777).contains(mode)) {
        let detail = "must be a number between 0 and 0777 (octal), both inclusive";
        errors.push(FieldError::invalid(&path.child(key), mode, detail));
    }
}

fn local_path(target: &str, path: &Path, errors: &mut Errors) {
    descending_path(target, path, errors);
    if target.starts_with("..") && target != ".." && !target.starts_with("../") {
        errors.push(FieldError::invalid(path, target, "must not start with '..'"));
    }
}

/// Checks that a path is relative and never climbs.
pub fn descending_path(target: &str, path: &Path, errors: &mut Errors) {
    if target.starts_with('/') {
        errors.push(FieldError::invalid(path, target, "must be a relative path"));
    }
    no_backsteps(target, path, errors);
}

fn no_backsteps(target: &str, path: &Path, errors: &mut Errors) {
    if target.split('/').any(|part| part == "..") {
        errors.push(FieldError::invalid(path, target, "must not contain '..'"));
    }
}
