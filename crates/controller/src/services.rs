//! Services that no Rollout refers to any more get their own selector back (rollout.md §1.4).

use crate::caches::{BY_SERVICE, Caches};
use rollouts_api::{Rollout, names, validation};
use rollouts_core::Service;
use rollouts_kube::cache::Change;
use rollouts_kube::queue::Next;
use rollouts_kube::rest::PatchKind;
use rollouts_kube::{Key, Queue, RequestError, Rest, resource};
use serde_json::{Value, json};

/// Puts the Services into the queue that a change of a Rollout leaves behind.
pub(crate) fn enqueue_left_behind(queue: &Queue<Key>, change: &Change<Rollout>) {
    let (old, kept) = match change {
        Change::Updated { old, new } => (old, validation::service_names(new)),
        Change::Deleted(old) => (old, Vec::new()),
        _ => return,
    };
    for name in validation::service_names(old) {
        if !kept.contains(&name) {
            queue.add(Key::new(old.metadata.namespace.as_str(), name));
        }
    }
}

/// Whether a Service carries anything of ours.
pub(crate) fn is_marked(service: &Service) -> bool {
    !service.selected_hash().is_empty()
}

/// Cleans one Service up unless a Rollout still needs it.
pub(crate) async fn reconcile(key: Key, caches: &Caches, rest: &Rest) -> Next {
    let Some(service) = caches.services.get(&key.namespace, &key.name).filter(|s| is_marked(s)) else {
        return Next::Done;
    };
    if !caches.rollouts.by_index(BY_SERVICE, &key.to_string()).is_empty() {
        return Next::Done;
    }
    let settled = release(&key, &service, rest).await;
    let who = format_args!("service {key}");
    match &settled {
        Err(error) if !error.is_conflict() && !error.is_not_found() => caches.troubles.failed(who, error),
        _ => caches.troubles.worked(who),
    }
    match settled {
        Ok(()) => Next::Done,
        Err(error) if error.is_not_found() => Next::Done,
        Err(_) => Next::Failed,
    }
}

async fn release(key: &Key, service: &Service, rest: &Rest) -> Result<(), RequestError> {
    let manager = service.metadata.annotation(names::MANAGED_BY_ROLLOUTS);
    if let Some(manager) = manager {
        // The cache may hold only the Rollouts of our own instance: ask for the manager itself.
        let live: Option<Rollout> = rest.get_opt(&resource::ROLLOUTS, &key.namespace, manager).await?;
        if live.is_some_and(|ro| validation::service_names(&ro).contains(&&*key.name)) {
            return Ok(());
        }
    }
    let mut patch = json!({
        "metadata": { "resourceVersion": service.metadata.resource_version },
        "spec": { "selector": { names::POD_TEMPLATE_HASH: null } },
    });
    if manager.is_some() {
        patch["metadata"]["annotations"] = json!({ names::MANAGED_BY_ROLLOUTS: null });
    }
    tracing::info!(service = %key, "No Rollout refers to the Service: it gets its own selector back");
    let _: Value = rest.patch(&resource::SERVICES, &key.namespace, &key.name, None, PatchKind::Merge, &patch).await?;
    Ok(())
}
