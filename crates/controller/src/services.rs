//! Services that no Rollout refers to any more get their own selector back (rollout.md §1.4).

use crate::caches::{BY_SERVICE, Caches};
use crate::outcome::outcome;
use crate::owners::owner;
use rollouts_api::{Rollout, names, validation};
use rollouts_core::Service;
use rollouts_kube::cache::Change;
use rollouts_kube::queue::Next;
use rollouts_kube::rest::PatchKind;
use rollouts_kube::{Key, Queue, RequestError, Rest, resource};
use serde_json::{Value, json};
use std::time::Duration;

/// From one look at a Service that a Rollout which cannot be read may need to the next.
const UNREADABLE_RETRY: Duration = Duration::from_secs(30);

/// Puts the Services into the queue that a change of a Rollout leaves behind.
pub(crate) fn enqueue_left_behind(queue: &Queue<Key>, change: &Change<Rollout>) {
    let (old, kept) = match change {
        Change::Updated { old, new } => (old, validation::service_names(new)),
        // One that has become unreadable, too: its Services wait until it is repaired, or gone.
        Change::Deleted(old) | Change::Malformed { old: Some(old), .. } => (old, Vec::new()),
        _ => return,
    };
    for name in validation::service_names(old) {
        if !kept.contains(&name) {
            queue.add(Key::new(old.metadata.namespace.as_str(), name));
        }
    }
}

/// Whether a Service carries anything of a Rollout's. Those of Experiments are made with their hash, and go with it.
pub(crate) fn is_marked(service: &Service) -> bool {
    !service.selected_hash().is_empty() && owner(&service.metadata, "Experiment").is_none()
}

/// Cleans one Service up unless a Rollout still needs it.
pub(crate) async fn reconcile(key: Key, caches: &Caches, rest: &Rest) -> Next {
    let service = caches.services.get(&key.namespace, &key.name).filter(|s| is_marked(s));
    let free = service.filter(|_| caches.rollouts.by_index(BY_SERVICE, &key.to_string()).is_empty());
    let waits = free.as_ref().is_some_and(|service| may_be_needed(service, caches));
    let settled = match &free {
        Some(service) if !waits => release(&key, service, rest).await,
        _ => Ok(()),
    };
    match outcome(&caches.troubles, format_args!("service {key}"), settled) {
        Next::Done if waits => Next::After(UNREADABLE_RETRY),
        next => next,
    }
}

/// Whether a Rollout that cannot be read may be the one that the Service belongs to.
fn may_be_needed(service: &Service, caches: &Caches) -> bool {
    let manager = service.metadata.annotation(names::MANAGED_BY_ROLLOUTS);
    let unreadable = caches.rollouts.malformed(Some(&service.metadata.namespace));
    unreadable.iter().any(|ro| manager.is_none_or(|manager| *manager == *ro.meta.name))
}

async fn release(key: &Key, service: &Service, rest: &Rest) -> Result<(), RequestError> {
    let manager = service.metadata.annotation(names::MANAGED_BY_ROLLOUTS);
    if let Some(manager) = manager {
        // The cache may hold only the Rollouts of our own instance: ask for the manager itself.
        let live: Option<Rollout> = match rest.get_opt(&resource::ROLLOUTS, &key.namespace, manager).await {
            // It lives, whatever else it says.
            Err(RequestError::Malformed { .. }) => return Ok(()),
            answer => answer?,
        };
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
    let _: Value = rest.patch(&resource::SERVICES, &key.namespace, &key.name, None, PatchKind::Merge, &patch).await?;
    tracing::info!(service = %key, "No Rollout refers to the Service: it gets its own selector back");
    Ok(())
}
