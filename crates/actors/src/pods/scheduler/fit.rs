//! Whether a node can take a pod: readiness, cordon, taints, node selector, number of pods, inter-pod anti-affinity.

use crate::machinery::Selector;
use k8s_openapi::api::core::v1::{Node, Pod, PodAffinityTerm, Taint, Toleration};
use kube::ResourceExt;
use std::sync::Arc;

/// A pod and the node it is on or assumed to be on.
pub(super) struct Placed<'a> {
    pub node: String,
    pub pod: &'a Pod,
}

/// Why the node cannot take the pod, in the scheduler's words; `None` when it can.
pub(super) fn unfit(pod: &Pod, node: &Node, nodes: &[Arc<Node>], placed: &[Placed<'_>]) -> Option<String> {
    let spec = pod.spec.as_ref()?;
    let name = node.name_any();
    let node_spec = node.spec.clone().unwrap_or_default();
    if node_spec.unschedulable == Some(true) {
        return Some("node(s) were unschedulable".into());
    }
    if !is_ready(node) {
        return Some("node(s) were not ready".into());
    }
    let tolerations = spec.tolerations.as_deref().unwrap_or_default();
    let hard = node_spec.taints.iter().flatten().filter(|t| t.effect != "PreferNoSchedule");
    if let Some(taint) = hard.into_iter().find(|t| !tolerations.iter().any(|o| tolerates(o, t))) {
        let value = taint.value.as_deref().unwrap_or_default();
        return Some(format!("node(s) had untolerated taint {{{}: {value}}}", taint.key));
    }
    let labels = node.labels();
    if !spec.node_selector.iter().flatten().all(|(k, v)| labels.get(k) == Some(v)) {
        return Some("node(s) didn't match Pod's node affinity/selector".into());
    }
    let allocatable = node.status.as_ref().and_then(|s| s.allocatable.as_ref());
    let room = allocatable.and_then(|a| a.get("pods")).and_then(|q| q.0.parse::<usize>().ok());
    if room.is_some_and(|room| placed.iter().filter(|p| p.node == name).count() >= room) {
        return Some("Too many pods".into());
    }
    let domain = |of: &str, key: &str| {
        let node = nodes.iter().find(|n| n.name_any() == of)?;
        node.labels().get(key).cloned()
    };
    let clash = |holder: &Pod, other: &Pod, other_node: &str| {
        anti_affinity(holder).iter().any(|term| {
            let here = domain(&name, &term.topology_key);
            here.is_some() && here == domain(other_node, &term.topology_key) && selects(term, holder, other)
        })
    };
    if placed.iter().any(|p| clash(pod, p.pod, &p.node)) {
        return Some("node(s) didn't match pod anti-affinity rules".into());
    }
    if placed.iter().any(|p| clash(p.pod, pod, &p.node)) {
        return Some("node(s) didn't satisfy existing pods anti-affinity rules".into());
    }
    None
}

fn is_ready(node: &Node) -> bool {
    let conditions = node.status.as_ref().and_then(|s| s.conditions.as_deref()).unwrap_or_default();
    conditions.iter().any(|c| c.type_ == "Ready" && c.status == "True")
}

fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let effect = toleration.effect.as_deref().is_none_or(|e| e.is_empty() || e == taint.effect);
    let key = toleration.key.as_deref().unwrap_or_default();
    let value = match toleration.operator.as_deref() {
        Some("Exists") => true,
        _ => toleration.value.as_deref().unwrap_or_default() == taint.value.as_deref().unwrap_or_default(),
    };
    effect && value && (key == taint.key || (key.is_empty() && toleration.operator.as_deref() == Some("Exists")))
}

fn anti_affinity(pod: &Pod) -> &[PodAffinityTerm] {
    let affinity = pod.spec.as_ref().and_then(|s| s.affinity.as_ref()).and_then(|a| a.pod_anti_affinity.as_ref());
    affinity.and_then(|a| a.required_during_scheduling_ignored_during_execution.as_deref()).unwrap_or_default()
}

/// Whether a term of `holder` selects `other`: by namespace (its own unless the term names some) and labels.
fn selects(term: &PodAffinityTerm, holder: &Pod, other: &Pod) -> bool {
    let namespace = other.namespace();
    let listed = term.namespaces.as_deref().unwrap_or_default();
    let in_scope = match (listed.is_empty(), &term.namespace_selector) {
        // Selecting namespaces by label is not simulated: any selector means all of them.
        (_, Some(_)) => true,
        (true, None) => namespace == holder.namespace(),
        (false, None) => namespace.is_some_and(|n| listed.contains(&n)),
    };
    in_scope && term.label_selector.as_ref().is_some_and(|s| Selector::of(s).matches(other.metadata.labels.as_ref()))
}
