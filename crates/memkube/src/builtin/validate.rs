//! What Kubernetes refuses objects of the built-in kinds for, beyond their schemas and their metadata.

mod autoscaling;
mod data;
mod endpoints;
mod ingress;
mod job;
mod pod;
mod rbac;
mod service;
mod workloads;

use rollouts_api::field::{self, Kind, Path};
use rollouts_api::go_json::{semantic, types};
use rollouts_api::pod_template::json::{get, int};
use rollouts_api::pod_template::validate::{Errors, Owner, pod_spec};
use rollouts_schema::{ErrorKind, FieldError};
use serde_json::Value;

/// Complaints about `obj`, which replaces `old` if there is one.
pub fn check(group: &str, kind: &str, obj: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Errors::new();
    match (group, kind) {
        ("", "Pod") => pod::check(obj, old, &mut errors),
        ("", "Service") => service::check(obj, old, &mut errors),
        ("", "PodTemplate") => {
            let path = Path::new("template").child("spec");
            pod_spec(&obj["template"]["spec"], &path, Owner::Pod, &mut errors);
        }
        ("", "Endpoints") => endpoints::endpoints(obj, &mut errors),
        ("discovery.k8s.io", "EndpointSlice") => endpoints::slice(obj, &mut errors),
        ("", "ConfigMap") => data::config_map(obj, old, &mut errors),
        ("", "Secret") => data::secret(obj, old, &mut errors),
        ("", "Event") | ("events.k8s.io", "Event") => data::event(obj, &mut errors),
        ("apps", "Deployment") => workloads::deployment(obj, old, &mut errors),
        ("apps", "ReplicaSet") => workloads::replica_set(obj, old, &mut errors),
        ("apps", "StatefulSet") => workloads::stateful_set(obj, old, &mut errors),
        ("apps", "DaemonSet") => workloads::daemon_set(obj, old, &mut errors),
        ("batch", "Job") => job::job(obj, old, &mut errors),
        ("batch", "CronJob") => job::cron_job(obj, &mut errors),
        ("autoscaling", "HorizontalPodAutoscaler") => autoscaling::autoscaler(obj, &mut errors),
        ("policy", "PodDisruptionBudget") => autoscaling::budget(obj, &mut errors),
        ("networking.k8s.io", "Ingress") => ingress::check(obj, &mut errors),
        ("coordination.k8s.io", "Lease") => data::lease(obj, &mut errors),
        ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => rbac::role(kind, obj, &mut errors),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => {
            rbac::binding(kind, obj, old, &mut errors);
        }
        _ => {}
    }
    errors.into_iter().map(into_schema_error).collect()
}

/// The same error in the form in which the server reports those of schemas.
fn into_schema_error(error: field::FieldError) -> FieldError {
    let kind = match error.kind {
        Kind::NotFound => ErrorKind::NotFound,
        Kind::Required => ErrorKind::Required,
        Kind::Duplicate => ErrorKind::Duplicate,
        Kind::Invalid => ErrorKind::Invalid,
        Kind::NotSupported => ErrorKind::NotSupported,
        Kind::Forbidden => ErrorKind::Forbidden,
        Kind::TooLong => ErrorKind::TooLong,
        Kind::TooMany => ErrorKind::TooMany,
        Kind::TypeInvalid => ErrorKind::TypeInvalid,
        Kind::Internal => ErrorKind::Internal,
    };
    let value = error.value.map_or(Value::Null, field::BadValue::into_json);
    let path = if error.path == Path::default() { String::new() } else { error.path.to_string() };
    FieldError::new(kind, path, value, error.detail)
}

const IMMUTABLE: &str = "field is immutable";

/// Complains if the fields at `key` of `new` and `old` differ. `parent` is the Go struct that has the field.
fn immutable(errors: &mut Errors, path: &Path, parent: &str, key: &str, new: &Value, old: &Value) {
    let field = types::fields(parent).unwrap_or_default().iter().find(|f| f.name == key);
    let same = match field {
        Some(field) => semantic::equal_values(&field.ty, get(new, key), get(old, key)),
        None => get(new, key) == get(old, key),
    };
    if !same {
        let value = get(new, key).unwrap_or(&Value::Null);
        errors.push(field::FieldError::invalid(&path.child(key), value, IMMUTABLE));
    }
}

/// Complains about each of the numbers that is below zero.
fn non_negative(errors: &mut Errors, path: &Path, parent: &Value, keys: &[&str]) {
    for key in keys {
        let value = int(parent, key).unwrap_or_default();
        rollouts_api::pod_template::validate::non_negative(errors, &path.child(key), value);
    }
}
