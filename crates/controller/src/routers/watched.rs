//! The watch of one kind of objects of routers.

use super::held::Held;
use super::{Inner, resource_of};
use rollouts_kube::cache::{Cached, Change};
use rollouts_kube::{Cache, Key, Queue};
use rollouts_traffic::Kind;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Waits until it is known how a kind can be read: it has been listed, or cannot be.
pub(super) async fn settled(cache: &Cache<Held>) {
    cache.until(|health| health.synced || health.unserved || health.lost.is_some()).await;
}

/// Watches a kind from now on.
pub(super) fn start(all: &Inner, kind: &Kind) -> Cache<Held> {
    tracing::info!(%kind, "A Rollout refers to an object of a traffic router: its kind is watched from now on");
    let (trimmed, of_trimmed) = (Arc::clone(&all.interests), kind.clone());
    let (changed, of_changed, to) = (Arc::clone(&all.interests), kind.clone(), all.queue.clone());
    let cache = Cache::builder(all.clients.of(kind).clone(), resource_of(kind))
        .troubles(&all.troubles)
        .namespace(all.namespace.clone())
        .may_be_unserved()
        .trim(move |held: &mut Held| match trimmed.in_object(&of_trimmed, held.meta()).is_empty() {
            true => held.shrink(),
            false => held.set_kind(&of_trimmed),
        })
        .on_change(move |change: &Change<Held>| {
            let mut rollouts = changed.in_object(&of_changed, change.meta());
            if let Change::Updated { old, new } = change {
                if !new.differs(old) {
                    return;
                }
                // Its labels may have been others.
                rollouts.extend(changed.in_object(&of_changed, old.meta()));
            }
            enqueue(&to, rollouts);
        })
        .start(&all.stop);
    let (watched, interests, kind) = (cache.clone(), Arc::clone(&all.interests), kind.clone());
    let (to, stop) = (all.queue.clone(), all.stop.clone());
    tokio::spawn(async move {
        let tell = async {
            loop {
                watched.until(|health| health.unserved).await;
                tracing::warn!(
                    %kind,
                    version = %kind.version,
                    "The API server does not serve a kind that a Rollout refers to: its CustomResourceDefinition is not \
                     installed, or serves another version{}",
                    flag(&kind)
                );
                enqueue(&to, interests.in_kind(&kind));
                watched.until(|health| health.synced).await;
                tracing::info!(%kind, "The API server serves the kind now");
                enqueue(&to, interests.in_kind(&kind));
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = tell => {}
        }
    });
    cache
}

fn enqueue(to: &Queue<Key>, rollouts: BTreeSet<Key>) {
    rollouts.into_iter().for_each(|rollout| to.add(rollout));
}

/// Where the version of a kind can be set.
fn flag(kind: &Kind) -> String {
    let flag = match (kind.group.as_ref(), kind.plural.as_ref()) {
        ("networking.istio.io", _) => "--istio-api-version",
        ("split.smi-spec.io", _) => "--traffic-split-api-version",
        ("appmesh.k8s.aws", _) => "--appmesh-crd-version",
        (_, "mappings" | "ambassadormappings") => "--ambassador-api-version",
        (_, "traefikservices" | "ingressroutes") => "--traefik-api-version",
        _ => return String::new(),
    };
    format!(" (see the flag {flag})")
}
