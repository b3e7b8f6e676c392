//! Routes of Rollouts that are gone: all traffic back to the stable version, no managed routes, nothing of theirs left.

use super::Routers;
use crate::executor::routes::write;
use crate::outcome::outcome;
use rollouts_api::Rollout;
use rollouts_kube::cache::Change;
use rollouts_kube::queue::Next;
use rollouts_kube::{Key, Queue, RequestError, Rest, Troubles, resource};
use rollouts_traffic::{Context, Draft, Objects, Route, Side, used};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How often the release of one Rollout's routes is tried. Nobody waits for it, and its objects may be gone for good.
const TRIES_MAX: u32 = 20;

/// Rollouts that were deleted and had routers; clones share them.
#[derive(Clone)]
pub(crate) struct Released {
    queue: Queue<Key>,
    gone: Arc<Mutex<BTreeMap<Key, Arc<Rollout>>>>,
}

impl Released {
    pub fn new(queue: Queue<Key>) -> Self {
        Released { queue, gone: Arc::default() }
    }

    /// Takes in a Rollout that is gone.
    pub fn enqueue(&self, change: &Change<Rollout>) {
        if let Change::Deleted(ro) = change
            && ro.spec.traffic_routing().is_some()
        {
            let key = change.key();
            self.gone.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), Arc::clone(ro));
            self.queue.add(key);
        }
    }

    /// Releases the routes of one.
    pub async fn reconcile(&self, key: Key, routers: &Routers, rest: &Rest, troubles: &Troubles) -> Next {
        let gone = self.gone.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        let Some(ro) = gone else { return Next::Done };
        let released = release(&key, &ro, routers, rest).await;
        let who = format_args!("routes of rollout {key}");
        let may_pass = released.as_ref().is_err_and(|e| e.is_transient() || e.is_conflict() || e.is_already_exists());
        if may_pass && self.queue.failures(&key) < TRIES_MAX {
            return outcome(troubles, who, released);
        }
        if let Err(error) = released {
            tracing::warn!(rollout = %key, "The Rollout is gone, and its routes stay as they are: {error}");
        }
        troubles.worked(who);
        let mut all = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
        // One of its name may have come and gone meanwhile.
        if all.get(&key).is_some_and(|latest| Arc::ptr_eq(latest, &ro)) {
            all.remove(&key);
        }
        Next::Done
    }
}

async fn release(key: &Key, ro: &Rollout, routers: &Routers, rest: &Rest) -> Result<(), RequestError> {
    // It may have gone to another controller, by its instance id; and one of its name has its own idea of the routes.
    let live = rest.get_opt::<serde::de::IgnoredAny>(&resource::ROLLOUTS, &key.namespace, &key.name).await?;
    if live.is_some() {
        return Ok(());
    }
    let found = routers.look_once(ro).await?;
    let mut versions = BTreeMap::new();
    for change in drafted(ro, &routers.0.settings, &found.objects) {
        let at = change.write.at();
        let known = found.objects.get(at).map(|object| &**object);
        let version = versions.get(at).map(String::as_str);
        match write(routers.0.clients.rest(&at.kind), &change.write, known, version).await {
            // It is gone, too.
            Err(error) if error.is_not_found() => {}
            written => {
                versions.extend(written?.version.map(|version| (at.clone(), version)));
                tracing::info!(rollout = %key, "The Rollout is gone, and its routes in {at} with it");
            }
        }
    }
    Ok(())
}

/// What is to be written.
fn drafted(ro: &Rollout, settings: &rollouts_traffic::Settings, objects: &Objects) -> Vec<rollouts_traffic::Change> {
    let Some(routing) = ro.spec.traffic_routing() else { return Vec::new() };
    let (cx, stable, mut draft) = (Context { rollout: ro, routing, settings }, all_to_stable(ro), Draft::new(objects));
    used(routing).into_iter().for_each(|router| router.release(&cx, &stable, &mut draft));
    draft.take_changes()
}

/// Everything to the version that was stable last.
fn all_to_stable(ro: &Rollout) -> Route {
    let Some(canary) = &ro.spec.strategy.canary else { return Route::default() };
    let (other, stable) = match &canary.ping_pong {
        Some(both) => both.by_role(&ro.status.canary.stable_ping_pong),
        None => (canary.canary_service.as_str(), canary.stable_service.as_str()),
    };
    Route {
        max: ro.spec.max_traffic_weight(),
        stable: Side { hash: ro.status.stable_rs.clone(), service: stable.into(), ..Default::default() },
        canary: Side { hash: ro.status.stable_rs.clone(), service: other.into(), ..Default::default() },
        ..Default::default()
    }
}
