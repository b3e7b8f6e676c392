use crate::machinery::{Next, available_in, is_ready, whole_seconds};
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{ReplicaSet, ReplicaSetCondition, ReplicaSetStatus};
use k8s_openapi::api::core::v1::Pod;
use std::sync::Arc;
use std::time::Duration;

const FAILURE: &str = "ReplicaFailure";

/// The status that these pods and the outcome of managing them mean, and when a pod becomes available next.
pub(super) fn next(
    rs: &ReplicaSet,
    pods: &[Arc<Pod>],
    failure: Option<&kube::Error>,
    now: Timestamp,
) -> (ReplicaSetStatus, Next) {
    let old = rs.status.clone().unwrap_or_default();
    let spec = rs.spec.clone().unwrap_or_default();
    let template_labels = spec.template.and_then(|t| t.metadata).and_then(|m| m.labels).unwrap_or_default();
    let min_ready = spec.min_ready_seconds.unwrap_or_default();
    let count =
        |test: &dyn Fn(&Pod) -> bool| i32::try_from(pods.iter().filter(|p| test(p)).count()).unwrap_or(i32::MAX);
    let labelled = |pod: &Pod| {
        let labels = pod.metadata.labels.as_ref();
        template_labels.iter().all(|(k, v)| labels.and_then(|l| l.get(k)) == Some(v))
    };
    let waits = pods.iter().filter_map(|p| available_in(p, min_ready, now));
    let next_available = waits.filter(|d| *d > Duration::ZERO).min();
    let some = |n: i32| Some(n);
    let status = ReplicaSetStatus {
        replicas: count(&|_| true),
        fully_labeled_replicas: some(count(&labelled)).filter(|n| *n > 0),
        ready_replicas: some(count(&is_ready)).filter(|n| *n > 0),
        available_replicas: some(count(&|p| available_in(p, min_ready, now) == Some(Duration::ZERO)))
            .filter(|n| *n > 0),
        observed_generation: rs.metadata.generation,
        conditions: conditions(rs, &old, pods.len(), failure, now),
        terminating_replicas: old.terminating_replicas,
    };
    (status, next_available)
}

/// `ReplicaFailure` while managing fails; an existing one is kept as it is.
fn conditions(
    rs: &ReplicaSet,
    old: &ReplicaSetStatus,
    pods: usize,
    failure: Option<&kube::Error>,
    now: Timestamp,
) -> Option<Vec<ReplicaSetCondition>> {
    let mut conditions = old.conditions.clone().unwrap_or_default();
    match failure {
        None => conditions.retain(|c| c.type_ != FAILURE),
        Some(_) if conditions.iter().any(|c| c.type_ == FAILURE) => {}
        Some(error) => {
            let want = usize::try_from(rs.spec.as_ref().and_then(|s| s.replicas).unwrap_or(1)).unwrap_or_default();
            conditions.push(ReplicaSetCondition {
                type_: FAILURE.to_string(),
                status: "True".to_string(),
                reason: Some(if pods < want { "FailedCreate" } else { "FailedDelete" }.to_string()),
                message: Some(super::reason(error)),
                last_transition_time: Some(whole_seconds(now)),
            });
        }
    }
    Some(conditions).filter(|c| !c.is_empty())
}
