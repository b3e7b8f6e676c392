//! The versions that a Rollout has.

use super::facts::Facts;
use crate::read::{int, int_opt, label, list, name, revision, text};
use rollouts_api::names::POD_TEMPLATE_HASH;
use serde_json::Value;

/// One version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// `new`, `stable`, or both.
    pub roles: Vec<&'static str>,
    /// ReplicaSet.
    pub replica_set: String,
    /// Revision.
    pub revision: i64,
    /// Images of its containers.
    pub images: Vec<String>,
    /// Pods it should have.
    pub desired: i64,
    /// Pods it has.
    pub pods: i64,
    /// Pods that are available.
    pub available: i64,
    /// Traffic that it gets, in parts of the router's maximum (usually 100); `None` without a router.
    pub weight: Option<i64>,
    /// Whether the active Service of a blueGreen sends users to it.
    pub active: bool,
}

/// The newest and the stable version, and what has pods besides.
pub(super) fn of(facts: &Facts<'_>) -> Vec<Version> {
    let role = |set: &Value| -> Vec<&'static str> {
        let is = |other: Option<&Value>| other.is_some_and(|other| name(other) == name(set));
        let roles = [("new", is(facts.new)), ("stable", is(facts.stable))];
        roles.into_iter().filter(|(_, is)| *is).map(|(role, _)| role).collect()
    };
    let own = facts.seen.objects.replica_sets.iter().filter(|set| crate::read::owned_by(set, facts.uid));
    let shown = own.filter(|set| {
        let has_pods = int(set, "/status/replicas") > 0 || int_opt(set, "/spec/replicas").unwrap_or(1) > 0;
        has_pods || !role(set).is_empty()
    });
    let mut versions: Vec<Version> = shown.map(|set| version(facts, set, role(set))).collect();
    versions.sort_by(|a, b| b.revision.cmp(&a.revision).then_with(|| a.replica_set.cmp(&b.replica_set)));
    versions
}

fn version(facts: &Facts<'_>, set: &Value, roles: Vec<&'static str>) -> Version {
    let hash = label(set, POD_TEMPLATE_HASH);
    let weights = facts.seen.rollout.pointer("/status/canary/weights").filter(|w| !w.is_null() && facts.is_routed());
    // Where both are one, it has all.
    let of = |side: &str, w: &Value| {
        if text(w, &format!("/{side}/podTemplateHash")) == hash { int(w, &format!("/{side}/weight")) } else { 0 }
    };
    Version {
        roles,
        replica_set: name(set).into(),
        revision: revision(set),
        images: list(set, "/spec/template/spec/containers").iter().map(|c| text(c, "/image").into()).collect(),
        desired: int_opt(set, "/spec/replicas").unwrap_or(1),
        pods: int(set, "/status/replicas"),
        available: int(set, "/status/availableReplicas"),
        weight: weights.map(|w| of("canary", w) + of("stable", w)),
        active: facts.is_blue_green() && facts.status("/status/blueGreen/activeSelector") == hash,
    }
}
