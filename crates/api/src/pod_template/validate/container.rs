//! Containers, init containers and ephemeral containers.

use super::{Errors, complain, handler, one_of, require, resources, security};
use crate::field::{FieldError, Path};
use crate::pod_template::json::{get, int, list, text};
use crate::syntax;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What containers may refer to.
pub struct Scope<'a> {
    /// Well-formed volumes by name.
    pub volumes: &'a BTreeMap<&'a str, &'a Value>,
    /// `terminationGracePeriodSeconds`.
    pub grace: Option<i64>,
}

/// Fields that only containers which keep running may have.
const PROBES: [&str; 4] = ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"];

/// Checks `containers`.
pub fn containers(containers: &[Value], path: &Path, scope: &Scope<'_>, errors: &mut Errors) {
    if containers.is_empty() {
        errors.push(FieldError::required(path, ""));
    }
    let mut names = BTreeSet::new();
    for (i, container) in containers.iter().enumerate() {
        let path = path.index(i);
        common(container, &path, scope, errors);
        if !names.insert(text(container, "name")) {
            errors.push(FieldError::duplicate(&path.child("name"), text(container, "name")));
        }
        handler::of_container(container, &path, scope.grace, errors);
        if get(container, "restartPolicy").is_some() {
            errors.push(FieldError::forbidden(&path.child("restartPolicy"), "may not be set for non-init containers"));
        }
    }
    host_port_conflicts(containers.iter(), path, errors);
}

/// Checks `initContainers`, given the regular ones.
pub fn init_containers(inits: &[Value], regular: &[Value], path: &Path, scope: &Scope<'_>, errors: &mut Errors) {
    let mut names: BTreeSet<&str> = regular.iter().map(|c| text(c, "name")).collect();
    for (i, container) in inits.iter().enumerate() {
        let list_path = path;
        let path = path.index(i);
        common(container, &path, scope, errors);
        let policy = get(container, "restartPolicy").map(|_| text(container, "restartPolicy"));
        if let Some(policy) = policy {
            one_of(errors, &path.child("restartPolicy"), policy, &["Always"]);
        }
        let name = text(container, "name");
        if !name.is_empty() && !names.insert(name) {
            errors.push(FieldError::duplicate(&path.child("name"), name));
        }
        host_port_conflicts(std::iter::once(container), list_path, errors);
        if policy == Some("Always") {
            handler::of_container(container, &path, scope.grace, errors);
            continue;
        }
        for field in PROBES.into_iter().filter(|field| get(container, field).is_some()) {
            let detail = "may not be set for init containers without restartPolicy=Always";
            errors.push(FieldError::forbidden(&path.child(field), detail));
        }
    }
}

/// Checks `ephemeralContainers`, given the others.
pub fn ephemeral_containers(
    ephemerals: &[Value],
    others: [&[Value]; 2],
    path: &Path,
    scope: &Scope<'_>,
    errors: &mut Errors,
) {
    let mut names: BTreeSet<&str> = others.into_iter().flatten().map(|c| text(c, "name")).collect();
    for (i, container) in ephemerals.iter().enumerate() {
        let path = path.index(i);
        common(container, &path, scope, errors);
        if !names.insert(text(container, "name")) {
            errors.push(FieldError::duplicate(&path.child("name"), text(container, "name")));
        }
        for field in ["ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle"] {
            let set = get(container, field).is_some_and(|v| v.as_array().is_none_or(|items| !items.is_empty()));
            if set {
                let detail = "cannot be set for an Ephemeral Container";
                errors.push(FieldError::forbidden(&path.child(field), detail));
            }
        }
    }
}

fn common(container: &Value, path: &Path, scope: &Scope<'_>, errors: &mut Errors) {
    let name = text(container, "name");
    match name {
        "" => errors.push(FieldError::required(&path.child("name"), "")),
        _ => complain(errors, &path.child("name"), name, syntax::dns_label(name)),
    }
    require(errors, &path.child("image"), text(container, "image"));
    let policy = text(container, "terminationMessagePolicy");
    enumerated(errors, &path.child("terminationMessagePolicy"), policy, &["File", "FallbackToLogsOnError"]);
    ports(list(container, "ports"), &path.child("ports"), errors);
    env(container, path, errors);
    mounts(container, path, scope, errors);
    let policy = text(container, "imagePullPolicy");
    enumerated(errors, &path.child("imagePullPolicy"), policy, &["Always", "IfNotPresent", "Never"]);
    if let Some(requirements) = get(container, "resources") {
        resources::requirements(requirements, &path.child("resources"), errors);
    }
    if let Some(context) = get(container, "securityContext") {
        security::container(context, &path.child("securityContext"), errors);
    }
}

fn enumerated(errors: &mut Errors, path: &Path, value: &str, supported: &[&str]) {
    require(errors, path, value);
    if !value.is_empty() {
        one_of(errors, path, value, supported);
    }
}

fn ports(ports: &[Value], path: &Path, errors: &mut Errors) {
    let mut names = BTreeSet::new();
    for (i, port) in ports.iter().enumerate() {
        let path = path.index(i);
        let name = text(port, "name");
        if !name.is_empty() {
            let complaints = syntax::port_name(name);
            if complaints.is_empty() && !names.insert(name) {
                errors.push(FieldError::duplicate(&path.child("name"), name));
            }
            complain(errors, &path.child("name"), name, complaints);
        }
        match int(port, "containerPort").unwrap_or_default() {
            0 => errors.push(FieldError::required(&path.child("containerPort"), "")),
            n => complain(errors, &path.child("containerPort"), n, syntax::port_number(n)),
        }
        if let Some(n) = int(port, "hostPort").filter(|n| *n != 0) {
            complain(errors, &path.child("hostPort"), n, syntax::port_number(n));
        }
        enumerated(errors, &path.child("protocol"), text(port, "protocol"), &["SCTP", "TCP", "UDP"]);
    }
}

fn host_port_conflicts<'a>(containers: impl Iterator<Item = &'a Value>, path: &Path, errors: &mut Errors) {
    let mut taken = BTreeSet::new();
    for (i, container) in containers.enumerate() {
        for (j, port) in list(container, "ports").iter().enumerate() {
            let Some(n) = int(port, "hostPort").filter(|n| *n != 0) else { continue };
            let address = format!("{}/{}/{n}", text(port, "protocol"), text(port, "hostIP"));
            if !taken.insert(address.clone()) {
                let path = path.index(i).child("ports").index(j).child("hostPort");
                errors.push(FieldError::duplicate(&path, address));
            }
        }
    }
}

fn env(container: &Value, path: &Path, errors: &mut Errors) {
    for (i, variable) in list(container, "env").iter().enumerate() {
        let path = path.child("env").index(i);
        let name = text(variable, "name");
        match name {
            "" => errors.push(FieldError::required(&path.child("name"), "")),
            _ => complain(errors, &path.child("name"), name, syntax::env_name(name)),
        }
        if let Some(source) = get(variable, "valueFrom") {
            value_from(source, text(variable, "value"), &path.child("valueFrom"), errors);
        }
    }
    let path = path.child("envFrom");
    for (i, source) in list(container, "envFrom").iter().enumerate() {
        let prefix = text(source, "prefix");
        if !prefix.is_empty() {
            complain(errors, &path.index(i).child("prefix"), prefix, syntax::env_name(prefix));
        }
        let mut sources = 0;
        for kind in ["configMapRef", "secretRef"] {
            let Some(reference) = get(source, kind) else { continue };
            sources += 1;
            name_of(reference, &path.index(i).child(kind).child("name"), errors);
        }
        match sources {
            0 => errors.push(FieldError::invalid(&path, "", "must specify one of: `configMapRef` or `secretRef`")),
            1 => {}
            _ => errors.push(FieldError::invalid(&path, "", "may not have more than one field specified at a time")),
        }
    }
}

fn name_of(reference: &Value, path: &Path, errors: &mut Errors) {
    match text(reference, "name") {
        "" => errors.push(FieldError::required(path, "")),
        name => complain(errors, path, name, syntax::dns_subdomain(name)),
    }
}

const SOURCES: [&str; 4] = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef"];
const FIELDS: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

fn value_from(source: &Value, value: &str, path: &Path, errors: &mut Errors) {
    if let Some(field) = get(source, "fieldRef") {
        handler::field_selector(field, &FIELDS, &path.child("fieldRef"), errors);
    }
    if let Some(field) = get(source, "resourceFieldRef") {
        resources::field_selector(field, &path.child("resourceFieldRef"), false, errors);
    }
    for kind in ["configMapKeyRef", "secretKeyRef"] {
        let Some(reference) = get(source, kind) else { continue };
        let path = path.child(kind);
        let name = text(reference, "name");
        complain(errors, &path.child("name"), name, syntax::dns_subdomain(name));
        match text(reference, "key") {
            "" => errors.push(FieldError::required(&path.child("key"), "")),
            key => complain(errors, &path.child("key"), key, syntax::config_key(key)),
        }
    }
    let sources = SOURCES.iter().filter(|kind| get(source, kind).is_some()).count();
    let detail = match sources {
        0 => "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`",
        _ if !value.is_empty() => "may not be specified when `value` is not empty",
        1 => return,
        _ => "may not have more than one field specified at a time",
    };
    errors.push(FieldError::invalid(path, "", detail));
}

fn mounts(container: &Value, path: &Path, scope: &Scope<'_>, errors: &mut Errors) {
    let devices = list(container, "volumeDevices");
    let list_path = path.child("volumeMounts");
    let mut paths = BTreeSet::new();
    for (i, mount) in list(container, "volumeMounts").iter().enumerate() {
        let path = list_path.index(i);
        let (name, mount_path) = (text(mount, "name"), text(mount, "mountPath"));
        require(errors, &path.child("name"), name);
        if !scope.volumes.contains_key(name) {
            errors.push(FieldError::not_found(&path.child("name"), name));
        }
        require(errors, &path.child("mountPath"), mount_path);
        if !paths.insert(mount_path) {
            errors.push(FieldError::invalid(&path.child("mountPath"), mount_path, "must be unique"));
        }
        if devices.iter().any(|d| text(d, "name") == name) {
            let detail = "must not already exist in volumeDevices";
            errors.push(FieldError::invalid(&path.child("name"), name, detail));
        }
        if devices.iter().any(|d| text(d, "devicePath") == mount_path) {
            let detail = "must not already exist as a path in volumeDevices";
            errors.push(FieldError::invalid(&path.child("mountPath"), mount_path, detail));
        }
        sub_paths(mount, &path, &list_path, errors);
    }
    for (i, device) in devices.iter().enumerate() {
        let path = path.child("volumeDevices").index(i);
        require(errors, &path.child("name"), text(device, "name"));
        if !scope.volumes.contains_key(text(device, "name")) {
            errors.push(FieldError::not_found(&path.child("name"), text(device, "name")));
        }
        require(errors, &path.child("devicePath"), text(device, "devicePath"));
    }
}

/// Kubernetes names the list, not the mount, in complaints about sub paths.
fn sub_paths(mount: &Value, path: &Path, list_path: &Path, errors: &mut Errors) {
    let (sub, expression) = (text(mount, "subPath"), text(mount, "subPathExpr"));
    if !sub.is_empty() {
        super::volume::descending_path(sub, &list_path.child("subPath"), errors);
    }
    if !expression.is_empty() {
        if !sub.is_empty() {
            let detail = "subPathExpr and subPath are mutually exclusive";
            errors.push(FieldError::invalid(&path.child("subPathExpr"), expression, detail));
        }
        super::volume::descending_path(expression, &list_path.child("subPathExpr"), errors);
    }
    if get(mount, "mountPropagation").is_some() {
        let supported = ["Bidirectional", "HostToContainer", "None"];
        one_of(errors, &list_path.child("mountPropagation"), text(mount, "mountPropagation"), &supported);
    }
}
