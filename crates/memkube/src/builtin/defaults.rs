//! What the API server fills into every object of a built-in kind that it reads or stores.

mod autoscaling;
mod core;
mod service;
pub(super) mod workloads;

use rollouts_api::go_json::{shape, types};
use rollouts_api::pod_template::json::{child, fill_zero, items, text};
use serde_json::Value;

/// Fills in the defaults of `kind` and gives the object the shape that Go's structs have: unknown and empty fields
/// dropped, fields that are always present added, quantities and times in canonical form.
pub fn apply(group: &str, kind: &str, obj: &mut Value) {
    fill_in(group, kind, obj);
    let version = text(obj, "apiVersion").rsplit('/').next().unwrap_or_default();
    if let Some(name) = types::of_kind(group, version, kind) {
        *obj = shape::normalize(name, obj);
    }
}

fn fill_in(group: &str, kind: &str, obj: &mut Value) {
    match (group, kind) {
        ("", "Pod") => core::pod(child(obj, "spec")),
        ("", "PodTemplate") => rollouts_api::pod_template::default(child(obj, "template")),
        ("", "ReplicationController") => core::replication_controller(obj),
        ("", "Service") => service::defaults(obj),
        ("", "Endpoints") => items(obj, "subsets").for_each(|subset| {
            items(subset, "ports").for_each(|port| fill_zero(port, "protocol", "TCP"));
        }),
        ("", "Secret") => core::secret(obj),
        ("", "Namespace") => core::namespace(obj),
        ("", "Node") => core::node(obj),
        ("", "PersistentVolumeClaim") => core::volume_claim(obj),
        ("", "LimitRange") => core::limit_range(obj),
        ("apps", "Deployment") => workloads::deployment(child(obj, "spec")),
        ("apps", "ReplicaSet") => workloads::replica_set(child(obj, "spec")),
        ("apps", "StatefulSet") => workloads::stateful_set(child(obj, "spec")),
        ("apps", "DaemonSet") => workloads::daemon_set(obj),
        ("batch", "Job") => workloads::job(obj),
        ("batch", "CronJob") => workloads::cron_job(child(obj, "spec")),
        ("autoscaling", "HorizontalPodAutoscaler") => autoscaling::autoscaler(obj),
        ("networking.k8s.io", "NetworkPolicy") => core::network_policy(child(obj, "spec")),
        ("discovery.k8s.io", "EndpointSlice") => items(obj, "ports").for_each(|port| {
            rollouts_api::pod_template::json::fill(port, "name", "");
            fill_zero(port, "protocol", "TCP");
        }),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => core::binding(obj),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
