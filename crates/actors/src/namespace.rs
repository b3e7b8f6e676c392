//! Deleted namespaces are emptied, kind by kind, and then let go.

use crate::machinery::{
    Backoff, Context, Hub, Key, Next, Queue, Slim, Store, discover, drive, is_conflict, is_not_found, request,
};
use k8s_openapi::api::core::v1::{Namespace, NamespaceCondition, NamespaceStatus};
use kube::ResourceExt;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const FINALIZER: &str = "kubernetes";
/// How long to wait for what is still going away: pods for their grace period, others for their finalizers.
const LOOK_BASE: Duration = Duration::from_secs(1);
const LOOK_CAP: Duration = Duration::from_secs(15);

#[derive(Clone)]
struct Actor {
    ctx: Context,
    namespaces: Arc<Store<Namespace>>,
    looks: Arc<Mutex<BTreeMap<Key, u32>>>,
}

#[derive(Deserialize)]
struct Items {
    #[serde(default)]
    items: Vec<Slim>,
}

/// What is left of a namespace's content.
#[derive(Default)]
struct Left {
    /// Objects by `plural.group`.
    content: BTreeMap<String, usize>,
    /// Objects by finalizer.
    finalizers: BTreeMap<String, usize>,
    failures: Vec<String>,
}

pub(crate) fn start(hub: &mut Hub) {
    let actor = Actor { ctx: hub.ctx.clone(), namespaces: hub.store(), looks: Arc::default() };
    let queue = Arc::new(Queue::new());
    let q = queue.clone();
    actor.namespaces.on_change(move |change| {
        if let Some(ns) = change.new.filter(|ns| ns.metadata.deletion_timestamp.is_some()) {
            q.add(Key::of(&ns.metadata));
        }
    });
    hub.spawn(async move {
        actor.namespaces.synced().await;
        let actor = &actor;
        drive("namespace-controller", queue, move |key| actor.clone().reconcile(key)).await;
    });
}

impl Actor {
    async fn reconcile(self, key: Key) -> kube::Result<Next> {
        let Some(ns) = self.namespaces.get(&key) else {
            self.looks.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
            return Ok(None);
        };
        let finalizers = ns.spec.as_ref().and_then(|s| s.finalizers.clone()).unwrap_or_default();
        if ns.metadata.deletion_timestamp.is_none() || !finalizers.iter().any(|f| f == FINALIZER) {
            return Ok(None);
        }
        let left = self.empty(&key.name).await?;
        self.tell(&ns, &left).await?;
        if left.content.is_empty() && left.failures.is_empty() {
            return self.let_go(&ns, &finalizers).await.map(|()| None);
        }
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        let look = looks.entry(key).or_default();
        let wait = Backoff::nth(LOOK_BASE, LOOK_CAP, *look);
        *look += 1;
        Ok(Some(wait))
    }

    /// Deletes everything in the namespace and says what remains.
    async fn empty(&self, namespace: &str) -> kube::Result<Left> {
        let client = &self.ctx.client;
        let mut left = Left::default();
        for resource in discover(client).await? {
            if !resource.namespaced || !resource.can("list") || !resource.can("delete") {
                continue;
            }
            let path = resource.path_in(namespace);
            let before: Items = request::get(client, &path).await?;
            if before.items.is_empty() {
                continue;
            }
            let options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"});
            for object in before.items.iter().filter(|o| o.metadata.deletion_timestamp.is_none()) {
                match request::delete(client, &format!("{path}/{}", object.metadata.name), &options).await {
                    Ok(_) => {}
                    Err(e) if is_not_found(&e) || is_conflict(&e) => {}
                    Err(e) => left.failures.push(e.to_string()),
                }
            }
            let after: Items = request::get(client, &path).await?;
            if !after.items.is_empty() {
                let name = match resource.group.is_empty() {
                    true => format!("{}.", resource.plural),
                    false => format!("{}.{}", resource.plural, resource.group),
                };
                left.content.insert(name, after.items.len());
            }
            for finalizer in after.items.iter().flat_map(|o| &o.metadata.finalizers) {
                *left.finalizers.entry(finalizer.clone()).or_default() += 1;
            }
        }
        Ok(left)
    }

    /// Writes the conditions that `kubectl describe namespace` shows while something remains.
    async fn tell(&self, ns: &Namespace, left: &Left) -> kube::Result<()> {
        let list = |map: &BTreeMap<String, usize>, what: &str| {
            map.iter().map(|(name, n)| format!("{name} has {n} {what}")).collect::<Vec<_>>().join(", ")
        };
        let content = (!left.content.is_empty())
            .then(|| format!("Some resources are remaining: {}", list(&left.content, "resource instances")));
        let finalizers = (!left.finalizers.is_empty()).then(|| {
            let text = list(&left.finalizers, "resource instances").replace(" has ", " in ");
            format!("Some content in the namespace has finalizers remaining: {text}")
        });
        let failures = (!left.failures.is_empty())
            .then(|| format!("Failed to delete all resource types: {}", left.failures.join(", ")));
        let rows = [
            (
                "NamespaceDeletionDiscoveryFailure",
                "ResourcesDiscovered",
                "All resources successfully discovered",
                None,
                "",
            ),
            (
                "NamespaceDeletionGroupVersionParsingFailure",
                "ParsedGroupVersions",
                "All legacy kube types successfully parsed",
                None,
                "",
            ),
            (
                "NamespaceDeletionContentFailure",
                "ContentDeleted",
                "All content successfully deleted, may be waiting on finalization",
                failures,
                "ContentDeletionFailed",
            ),
            (
                "NamespaceContentRemaining",
                "ContentRemoved",
                "All content successfully removed",
                content,
                "SomeResourcesRemain",
            ),
            (
                "NamespaceFinalizersRemaining",
                "ContentHasNoFinalizers",
                "All content-preserving finalizers finished",
                finalizers,
                "SomeFinalizersRemain",
            ),
        ];
        let old = ns.status.clone().unwrap_or_default();
        let known = old.conditions.clone().unwrap_or_default();
        let mut conditions = Vec::new();
        for (kind, fine, fine_message, trouble, trouble_reason) in rows {
            let status = if trouble.is_some() { "True" } else { "False" };
            let since = known.iter().find(|c| c.type_ == kind && c.status == status);
            conditions.push(NamespaceCondition {
                type_: kind.into(),
                status: status.into(),
                reason: Some(if trouble.is_some() { trouble_reason } else { fine }.into()),
                message: Some(trouble.unwrap_or_else(|| fine_message.into())),
                last_transition_time: since
                    .and_then(|c| c.last_transition_time.clone())
                    .or_else(|| Some(self.ctx.time())),
            });
        }
        let status = NamespaceStatus { conditions: Some(conditions), phase: Some("Terminating".into()) };
        if old == status {
            return Ok(());
        }
        let patch = json!({"status": status});
        let path = format!("/api/v1/namespaces/{}/status", ns.name_any());
        match request::merge_patch::<Namespace>(&self.ctx.client, &path, &patch).await {
            Ok(written) => self.namespaces.seen(&written).await,
            Err(e) if is_not_found(&e) => {}
            Err(e) => return Err(e),
        }
        Ok(())
    }

    async fn let_go(&self, ns: &Namespace, finalizers: &[String]) -> kube::Result<()> {
        let others: Vec<&String> = finalizers.iter().filter(|f| *f != FINALIZER).collect();
        let body = json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": ns.name_any(), "uid": ns.metadata.uid},
            "spec": {"finalizers": others},
        });
        let path = format!("/api/v1/namespaces/{}/finalize", ns.name_any());
        match request::put::<Value>(&self.ctx.client, &path, &body).await {
            Err(e) if is_not_found(&e) => Ok(()),
            other => other.map(|_| ()),
        }
    }
}
