//! Which pods a scale-down deletes first.

use crate::machinery::{is_ready, node_of, phase, ready_since};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

/// The `count` pods to delete. `related` are the pods whose crowding on a node counts.
pub(super) fn first_to_delete(pods: &[Arc<Pod>], related: &[Arc<Pod>], count: usize, now: Timestamp) -> Vec<Arc<Pod>> {
    let mut crowd: BTreeMap<&str, usize> = BTreeMap::new();
    for pod in related {
        if let Some(node) = node_of(pod) {
            *crowd.entry(node).or_default() += 1;
        }
    }
    let crowding = |pod: &Pod| node_of(pod).and_then(|n| crowd.get(n)).copied().unwrap_or_default();
    let mut order = pods.to_vec();
    order.sort_by(|a, b| compare(a, b, &crowding, now));
    order.truncate(count);
    order
}

/// `Less` when `a` goes first: unassigned, not running, not ready, cheap, crowded, lately ready, often restarted, young.
fn compare(a: &Pod, b: &Pod, crowding: &dyn Fn(&Pod) -> usize, now: Timestamp) -> Ordering {
    let assigned = node_of(a).is_some().cmp(&node_of(b).is_some());
    let basics = assigned
        .then_with(|| phase_rank(a).cmp(&phase_rank(b)))
        .then_with(|| is_ready(a).cmp(&is_ready(b)))
        .then_with(|| deletion_cost(a).cmp(&deletion_cost(b)))
        .then_with(|| crowding(b).cmp(&crowding(a)));
    basics
        .then_with(|| {
            if is_ready(a) && is_ready(b) {
                younger_first(ready_since(a), ready_since(b), a, b, now)
            } else {
                Ordering::Equal
            }
        })
        .then_with(|| restarts(b).cmp(&restarts(a)))
        .then_with(|| younger_first(created(a), created(b), a, b, now))
}

fn phase_rank(pod: &Pod) -> u8 {
    match phase(pod) {
        "Pending" => 0,
        "Unknown" => 1,
        _ => 2,
    }
}

fn deletion_cost(pod: &Pod) -> i32 {
    pod.annotations().get(DELETION_COST).and_then(|c| c.parse().ok()).unwrap_or_default()
}

fn restarts(pod: &Pod) -> i32 {
    let statuses = pod.status.as_ref().and_then(|s| s.container_statuses.as_deref()).unwrap_or_default();
    statuses.iter().map(|s| s.restart_count).max().unwrap_or_default()
}

fn created(pod: &Pod) -> Option<Timestamp> {
    pod.metadata.creation_timestamp.as_ref().map(|t| t.0)
}

/// Ages count by their order of magnitude (powers of two of nanoseconds), so that not always the same pods go; within
/// one magnitude the uid decides. An unknown time is younger than any.
fn younger_first(a: Option<Timestamp>, b: Option<Timestamp>, pod_a: &Pod, pod_b: &Pod, now: Timestamp) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    let (Some(a), Some(b)) = (a, b) else { return b.is_none().cmp(&a.is_none()) };
    magnitude(a, now).cmp(&magnitude(b, now)).then_with(|| pod_a.metadata.uid.cmp(&pod_b.metadata.uid))
}

fn magnitude(t: Timestamp, now: Timestamp) -> i32 {
    let age = now.duration_since(t).as_nanos();
    if age <= 0 { -1 } else { age.ilog2() as i32 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn pod(name: &str, node: &str, ready: bool, extra: Value) -> Arc<Pod> {
        let mut p = json!({
            "metadata": {"name": name, "uid": name, "creationTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {"containers": [], "nodeName": node},
            "status": {"phase": if node.is_empty() {"Pending"} else {"Running"}, "conditions": [
                {"type": "Ready", "status": if ready {"True"} else {"False"}, "lastTransitionTime": "2026-01-01T00:00:01Z"}]},
        });
        merge(&mut p, extra);
        Arc::new(serde_json::from_value(p).unwrap())
    }

    fn merge(into: &mut Value, from: Value) {
        match (into, from) {
            (Value::Object(a), Value::Object(b)) => {
                b.into_iter().for_each(|(k, v)| merge(a.entry(k).or_insert(Value::Null), v))
            }
            (a, b) => *a = b,
        }
    }

    fn order(pods: &[Arc<Pod>]) -> Vec<String> {
        let now = "2026-01-01T01:00:00Z".parse().unwrap();
        first_to_delete(pods, pods, pods.len(), now).iter().map(|p| p.name_any()).collect()
    }

    #[test]
    fn the_least_useful_goes_first() {
        let cheap = json!({"metadata": {"annotations": {DELETION_COST: "-5"}}});
        let pods = [
            pod("ready", "n1", true, json!({})),
            pod("cheap", "n1", true, cheap),
            pod("unready", "n1", false, json!({})),
            pod("unassigned", "", false, json!({})),
        ];
        assert_eq!(order(&pods), ["unassigned", "unready", "cheap", "ready"]);
    }

    #[test]
    fn crowded_nodes_and_young_pods_go_before_others() {
        let young = json!({"metadata": {"creationTimestamp": "2026-01-01T00:59:59Z"},
            "status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:59:59Z"}]}});
        let pods = [
            pod("alone", "n2", true, young.clone()),
            pod("old", "n1", true, json!({})),
            pod("young", "n1", true, young),
        ];
        assert_eq!(order(&pods), ["young", "old", "alone"]);
    }
}
