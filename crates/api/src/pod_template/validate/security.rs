//! Security contexts.

use super::{Errors, complain};
use crate::field::{BadValue, FieldError, Path};
use crate::go_json;
use crate::pod_template::json::{get, int, is_true, list, texts};
use crate::syntax;
use serde_json::Value;

/// Checks the security context of a pod.
pub fn pod(context: &Value, spec: &Value, path: &Path, errors: &mut Errors) {
    ids(context, &["fsGroup", "runAsUser", "runAsGroup"], path, errors);
    for (i, group) in list(context, "supplementalGroups").iter().enumerate() {
        let id = group.as_i64().unwrap_or_default();
        let complaints = syntax::in_range(id, 0, i32::MAX.into());
        complain(errors, &path.child("supplementalGroups").index(i), id, complaints);
    }
    if is_true(spec, "shareProcessNamespace") && is_true(spec, "hostPID") {
        let detail = "ShareProcessNamespace and HostPID cannot both be enabled";
        errors.push(FieldError::invalid(&path.child("shareProcessNamespace"), true, detail));
    }
}

/// Checks the security context of a container.
pub fn container(context: &Value, path: &Path, errors: &mut Errors) {
    ids(context, &["runAsUser", "runAsGroup"], path, errors);
    if get(context, "allowPrivilegeEscalation").and_then(Value::as_bool) != Some(false) {
        return;
    }
    let shown = as_internal(context);
    if is_true(context, "privileged") {
        let detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
        errors.push(FieldError::invalid(path, shown.clone(), detail));
    }
    if get(context, "capabilities").is_some_and(|c| texts(c, "add").contains(&"CAP_SYS_ADMIN")) {
        let detail = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN";
        errors.push(FieldError::invalid(path, shown, detail));
    }
}

fn ids(context: &Value, keys: &[&str], path: &Path, errors: &mut Errors) {
    for key in keys {
        if let Some(id) = int(context, key) {
            complain(errors, &path.child(key), id, syntax::in_range(id, 0, i32::MAX.into()));
        }
    }
}

/// Fields of a security context in the order of Kubernetes' internal struct.
const FIELDS: [&str; 12] = [
    "capabilities",
    "privileged",
    "seLinuxOptions",
    "windowsOptions",
    "runAsUser",
    "runAsGroup",
    "runAsNonRoot",
    "readOnlyRootFilesystem",
    "allowPrivilegeEscalation",
    "procMount",
    "seccompProfile",
    "appArmorProfile",
];

/// The context as Kubernetes shows it in messages: its internal struct, names capitalised and nothing omitted.
fn as_internal(context: &Value) -> BadValue {
    let fields: Vec<String> = FIELDS
        .iter()
        .map(|field| {
            let value = match (*field, get(context, field)) {
                (_, None) => "null".to_string(),
                ("capabilities", Some(c)) => {
                    let list = |key| get(c, key).map_or_else(|| "null".to_string(), go_json::to_string);
                    format!("{{\"Add\":{},\"Drop\":{}}}", list("add"), list("drop"))
                }
                (_, Some(value)) => go_json::to_string(value),
            };
            format!("\"{}\":{value}", capitalised(field))
        })
        .collect();
    BadValue::raw(format!("{{{}}}", fields.join(",")))
}

fn capitalised(field: &str) -> String {
    match field.strip_prefix("seLinux") {
        Some(rest) => format!("SELinux{rest}"),
        None => field[..1].to_uppercase() + &field[1..],
    }
}
