//! Annotations by which `kubectl rollout history` and `undo` know revisions, and proportional scaling knows sizes.

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use kube::ResourceExt;
use std::collections::BTreeMap;

pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";
const REVISION_HISTORY: &str = "deployment.kubernetes.io/revision-history";
const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
const MAX: &str = "deployment.kubernetes.io/max-replicas";
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
const ROLLBACK_TO: &str = "deprecated.deployment.rollback.to";
const HISTORY_MAX_CHARS: usize = 2000;

pub(super) fn revision(rs: &ReplicaSet) -> i64 {
    number(rs, REVISION).unwrap_or_default()
}

pub(super) fn desired(rs: &ReplicaSet) -> Option<i32> {
    number(rs, DESIRED).and_then(|n| i32::try_from(n).ok())
}

pub(super) fn max(rs: &ReplicaSet) -> Option<i32> {
    number(rs, MAX).and_then(|n| i32::try_from(n).ok())
}

fn number(rs: &ReplicaSet, key: &str) -> Option<i64> {
    rs.annotations().get(key).and_then(|v| v.parse().ok())
}

/// Notes the sizes at which `rs` was last scaled.
pub(super) fn set_sizes(annotations: &mut BTreeMap<String, String>, desired: i32, max: i32) {
    annotations.insert(DESIRED.into(), desired.to_string());
    annotations.insert(MAX.into(), max.to_string());
}

/// What the annotations of the newest ReplicaSet ought to be: the Deployment's, and its revision. A ReplicaSet that
/// gets a new revision remembers the old one.
pub(super) fn of_new_set(d: &Deployment, rs: Option<&ReplicaSet>, new_revision: i64) -> BTreeMap<String, String> {
    let old = rs.map(|rs| rs.annotations().clone()).unwrap_or_default();
    let mut new = old.clone();
    for (key, value) in d.annotations() {
        if ![LAST_APPLIED, REVISION, REVISION_HISTORY, DESIRED, MAX, ROLLBACK_TO].contains(&key.as_str()) {
            new.insert(key.clone(), value.clone());
        }
    }
    let old_revision = rs.map(revision).unwrap_or_default();
    if old_revision < new_revision {
        new.insert(REVISION.into(), new_revision.to_string());
        if old_revision > 0 {
            let history = old.get(REVISION_HISTORY).cloned().unwrap_or_default();
            let mut entries: Vec<String> = history.split(',').filter(|e| !e.is_empty()).map(String::from).collect();
            entries.push(old_revision.to_string());
            while entries.join(",").len() > HISTORY_MAX_CHARS {
                entries.remove(0);
            }
            new.insert(REVISION_HISTORY.into(), entries.join(","));
        }
    }
    new
}
