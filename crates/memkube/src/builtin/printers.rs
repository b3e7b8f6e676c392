//! What `kubectl get` shows of the built-in kinds. Kinds without an entry in `columns.jsonl` have no columns of their
//! own.

mod autoscaling;
mod format;
mod network;
mod pod;
mod storage;
mod workloads;

use crate::table::{Column, Table};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// One JSON list a line: group, kind, and a column's name, type, format, priority and description.
const COLUMNS: &str = include_str!("printers/columns.jsonl");

static BY_KIND: LazyLock<BTreeMap<(String, String), Vec<Column>>> = LazyLock::new(|| {
    let mut by_kind: BTreeMap<_, Vec<Column>> = BTreeMap::new();
    for line in COLUMNS.lines() {
        let (group, kind, name, column_type, format, priority, description) =
            serde_json::from_str(line).expect("the table is well formed");
        by_kind.entry((group, kind)).or_default().push(Column { name, column_type, format, description, priority });
    }
    by_kind
});

/// Columns of `kind` and a row for each object; `None` for kinds without columns of their own.
pub fn table(group: &str, kind: &str, objs: &[&Value], now: Timestamp) -> Option<Table> {
    // Events and autoscalers are one kind each under two names.
    let key_group = if group == "events.k8s.io" { "" } else { group };
    let columns = BY_KIND.get(&(key_group.to_string(), kind.to_string()))?.clone();
    let rows = objs.iter().map(|obj| row(kind, obj, now)).collect();
    Some(Table { columns, rows })
}

fn row(kind: &str, obj: &Value, now: Timestamp) -> Vec<Value> {
    match kind {
        "Pod" => pod::row(obj, now),
        "PodTemplate" => workloads::pod_template(obj),
        "ReplicationController" | "ReplicaSet" => workloads::replicas(obj, now),
        "Deployment" => workloads::deployment(obj, now),
        "StatefulSet" => workloads::stateful_set(obj, now),
        "DaemonSet" => workloads::daemon_set(obj, now),
        "ControllerRevision" => workloads::revision(obj, now),
        "Job" => workloads::job(obj, now),
        "CronJob" => workloads::cron_job(obj, now),
        "Service" => network::service(obj, now),
        "Endpoints" => network::endpoints(obj, now),
        "EndpointSlice" => network::endpoint_slice(obj, now),
        "Ingress" => network::ingress(obj, now),
        "IngressClass" => network::ingress_class(obj, now),
        "NetworkPolicy" => network::policy(obj, now),
        "HorizontalPodAutoscaler" => autoscaling::autoscaler(obj, now),
        "PodDisruptionBudget" => autoscaling::budget(obj, now),
        "Node" => storage::node(obj, now),
        "Event" => storage::event(obj, now),
        "PersistentVolumeClaim" => storage::volume_claim(obj, now),
        "ResourceQuota" => storage::quota(obj, now),
        "RoleBinding" | "ClusterRoleBinding" => storage::role_binding(obj, now),
        "ConfigMap" => storage::config_map(obj, now),
        "Secret" => storage::secret(obj, now),
        "ServiceAccount" => storage::service_account(obj, now),
        "Namespace" => storage::namespace(obj, now),
        "Lease" => storage::lease(obj, now),
        _ => vec![format::name(obj)],
    }
}

#[cfg(test)]
mod tests;
