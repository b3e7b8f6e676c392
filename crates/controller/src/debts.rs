//! A Deployment that a Rollout has scaled down gets its replicas back when the Rollout is gone (rollout.md §10).
//!
//! What is owed stands on the Deployment ([`Debt`]), so it does not matter who was there when the Rollout was deleted.
//! While the Rollout lives, its own plans take care of its debts.

use crate::caches::{BY_WORKLOAD, Caches};
use crate::executor::bodies;
use crate::outcome::outcome;
use crate::workloads::index_value;
use rollouts_api::rollout::WorkloadKind;
use rollouts_api::{ObjectMeta, PodTemplate, Rollout};
use rollouts_core::{Debt, Workload, size_given_back};
use rollouts_kube::cache::Change;
use rollouts_kube::queue::Next;
use rollouts_kube::rest::Query;
use rollouts_kube::{Cache, Key, Queue, RequestError, Rest, resource};
use serde_json::Value;

/// Puts the Deployments into the queue that a Rollout leaves behind.
pub(crate) fn enqueue_left_behind(queue: &Queue<Key>, scaled_down: &Cache<Workload>, change: &Change<Rollout>) {
    let meta = change.meta();
    let is_gone = matches!(change, Change::Deleted(_) | Change::MalformedDeleted(_));
    // One that is being deleted does nothing more, and its pods go when its finalizers say so.
    if !is_gone && meta.deletion_timestamp.is_none() {
        return;
    }
    for deployment in scaled_down.by_index(BY_DEBTOR, &meta.uid) {
        queue.add(Key::of(&deployment.metadata));
    }
}

/// Deployments by the uid of the Rollout that has scaled them down.
pub(crate) const BY_DEBTOR: &str = "debtor";

/// The value of [`BY_DEBTOR`].
pub(crate) fn debtor(deployment: &Workload) -> Vec<String> {
    Debt::of(deployment).map(|debt| debt.by).into_iter().collect()
}

/// Nobody reads the pod template of what is only owed something.
pub(crate) fn forget_templates(deployment: &mut Workload) {
    deployment.spec.template = PodTemplate::default();
}

/// Settles the debt on one Deployment unless its Rollout still lives: then that has a look at it.
pub(crate) async fn reconcile(key: Key, caches: &Caches, rest: &Rest, rollouts: &Queue<Key>) -> Next {
    let deployment = caches.scaled_down.get(&key.namespace, &key.name);
    let settled = match deployment.as_ref().and_then(|d| Some((d, Debt::of(d)?))) {
        Some((deployment, debt)) => settle(&key, deployment, &debt, caches, rest, rollouts).await,
        None => Ok(()),
    };
    outcome(&caches.troubles, format_args!("deployment {key}"), settled)
}

/// The Rollout that has scaled the Deployment down, unless it is gone or going.
pub(crate) async fn debtor_of(
    deployment: &Key,
    debt: &Debt,
    caches: &Caches,
    rest: &Rest,
) -> Result<Option<Key>, RequestError> {
    let lives = |meta: &ObjectMeta| meta.uid == debt.by && meta.deletion_timestamp.is_none();
    let namespace = &*deployment.namespace;
    let referring = index_value(WorkloadKind::Deployment, namespace, &deployment.name);
    if let Some(ro) = caches.rollouts.by_index(BY_WORKLOAD, &referring).iter().find(|ro| lives(&ro.metadata)) {
        return Ok(Some(Key::of(&ro.metadata)));
    }
    // The cache may be late, or hold only the Rollouts of our own instance.
    let live = rest.list::<bodies::MetaOnly>(&resource::ROLLOUTS, Some(namespace), &Query::default()).await?;
    Ok(live.items.iter().find(|ro| lives(&ro.metadata)).map(|ro| Key::of(&ro.metadata)))
}

async fn settle(
    key: &Key,
    deployment: &Workload,
    debt: &Debt,
    caches: &Caches,
    rest: &Rest,
    rollouts: &Queue<Key>,
) -> Result<(), RequestError> {
    if let Some(debtor) = debtor_of(key, debt, caches, rest).await? {
        // Its last plan may have been made before the debt was in sight.
        rollouts.add(debtor);
        return Ok(());
    }
    let replicas = size_given_back(deployment);
    let mut body = bodies::deployment(replicas, None);
    body["metadata"]["resourceVersion"] = deployment.metadata.resource_version.as_str().into();
    let _: Value = rest.merge(&resource::DEPLOYMENTS, &key.namespace, &key.name, None, &body).await?;
    match replicas {
        Some(n) => tracing::info!(deployment = %key, "Its Rollout is gone: the Deployment gets its {n} replicas back"),
        None => {
            tracing::info!(deployment = %key, "Its Rollout is gone: the Deployment keeps the size it was given since")
        }
    }
    Ok(())
}
