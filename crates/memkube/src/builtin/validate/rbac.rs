//! Roles and bindings.

use rollouts_api::field::{FieldError, Path};
use rollouts_api::pod_template::json::{get, list, text};
use rollouts_api::pod_template::validate::{Errors, complain};
use rollouts_api::syntax;
use serde_json::{Value, json};

const GROUP: &str = "rbac.authorization.k8s.io";

pub(super) fn role(kind: &str, obj: &Value, errors: &mut Errors) {
    for (i, rule) in list(obj, "rules").iter().enumerate() {
        let path = Path::new("rules").index(i);
        let empty = |key| list(rule, key).is_empty();
        if empty("verbs") {
            errors.push(FieldError::required(&path.child("verbs"), "verbs must contain at least one value"));
        }
        if !empty("nonResourceURLs") {
            let path = path.child("nonResourceURLs");
            let urls = get(rule, "nonResourceURLs").unwrap_or(&Value::Null);
            if kind == "Role" {
                let detail = "namespaced rules cannot apply to non-resource URLs";
                errors.push(FieldError::invalid(&path, urls, detail));
            }
            if !empty("apiGroups") || !empty("resources") || !empty("resourceNames") {
                let detail = "rules cannot apply to both regular resources and non-resource URLs";
                errors.push(FieldError::invalid(&path, urls, detail));
            }
            continue;
        }
        if empty("apiGroups") {
            let detail = "resource rules must supply at least one api group";
            errors.push(FieldError::required(&path.child("apiGroups"), detail));
        }
        if empty("resources") {
            let detail = "resource rules must supply at least one resource";
            errors.push(FieldError::required(&path.child("resources"), detail));
        }
    }
}

pub(super) fn binding(kind: &str, obj: &Value, old: Option<&Value>, errors: &mut Errors) {
    let (role, path) = (&obj["roleRef"], Path::new("roleRef"));
    if text(role, "apiGroup") != GROUP {
        errors.push(FieldError::not_supported(&path.child("apiGroup"), text(role, "apiGroup"), &[GROUP]));
    }
    let kinds: &[&str] = if kind == "RoleBinding" { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    if !kinds.contains(&text(role, "kind")) {
        errors.push(FieldError::not_supported(&path.child("kind"), text(role, "kind"), kinds));
    }
    match text(role, "name") {
        "" => errors.push(FieldError::required(&path.child("name"), "")),
        name => complain(errors, &path.child("name"), name, syntax::path_segment(name)),
    }
    for (i, s) in list(obj, "subjects").iter().enumerate() {
        subject(kind, s, &Path::new("subjects").index(i), errors);
    }
    if old.is_some_and(|old| old["roleRef"] != *role) {
        // Kubernetes shows its internal struct.
        let part = |key: &str| role.get(key).cloned().unwrap_or_else(|| "".into());
        let shown = json!({"APIGroup": part("apiGroup"), "Kind": part("kind"), "Name": part("name")});
        errors.push(FieldError::invalid(&path, &shown, "cannot change roleRef"));
    }
}

fn subject(binding: &str, subject: &Value, path: &Path, errors: &mut Errors) {
    let (name, group) = (text(subject, "name"), text(subject, "apiGroup"));
    if name.is_empty() {
        errors.push(FieldError::required(&path.child("name"), ""));
    }
    match text(subject, "kind") {
        "ServiceAccount" => {
            if !name.is_empty() {
                complain(errors, &path.child("name"), name, syntax::dns_subdomain(name));
            }
            if !group.is_empty() {
                errors.push(FieldError::not_supported(&path.child("apiGroup"), group, &[""]));
            }
            if binding == "ClusterRoleBinding" && text(subject, "namespace").is_empty() {
                errors.push(FieldError::required(&path.child("namespace"), ""));
            }
        }
        "User" | "Group" if group == GROUP => {}
        "User" | "Group" => errors.push(FieldError::not_supported(&path.child("apiGroup"), group, &[GROUP])),
        other => {
            let supported = ["ServiceAccount", "User", "Group"];
            errors.push(FieldError::not_supported(&path.child("kind"), other, &supported));
        }
    }
}
