//! Questions about pods that several actors ask.

use super::{Context, Key, Note, Store, cond, is_conflict, is_not_found, is_uncertain, meta_uid};
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::ResourceExt;
use kube::api::{DeleteParams, PostParams, Preconditions};
use std::sync::Arc;
use std::time::Duration;

pub(crate) fn phase(pod: &Pod) -> &str {
    pod.status.as_ref().and_then(|s| s.phase.as_deref()).unwrap_or("Pending")
}

/// Succeeded or Failed: it will never run again.
pub(crate) fn is_finished(pod: &Pod) -> bool {
    matches!(phase(pod), "Succeeded" | "Failed")
}

pub(crate) fn is_terminating(pod: &Pod) -> bool {
    pod.metadata.deletion_timestamp.is_some()
}

/// Neither finished nor being deleted.
pub(crate) fn is_active(pod: &Pod) -> bool {
    !is_finished(pod) && !is_terminating(pod)
}

pub(crate) fn is_ready(pod: &Pod) -> bool {
    cond(pod, "Ready") == Some("True")
}

/// When the pod became ready, if it is.
pub(crate) fn ready_since(pod: &Pod) -> Option<Timestamp> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let ready = conditions.iter().find(|c| c.type_ == "Ready" && c.status == "True")?;
    ready.last_transition_time.as_ref().map(|t| t.0)
}

/// How long until the pod has been ready for `min_ready_seconds`: zero when it has, `None` when it is not ready.
pub(crate) fn available_in(pod: &Pod, min_ready_seconds: i32, now: Timestamp) -> Option<Duration> {
    if !is_ready(pod) {
        return None;
    }
    if min_ready_seconds == 0 {
        return Some(Duration::ZERO);
    }
    let at = ready_since(pod)?.checked_add(SignedDuration::from_secs(min_ready_seconds.into())).ok()?;
    Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
}

pub(crate) fn node_of(pod: &Pod) -> Option<&str> {
    pod.spec.as_ref()?.node_name.as_deref().filter(|n| !n.is_empty())
}

/// A pod from a template, named after `prefix` by the API server.
pub(crate) fn pod_from_template(template: &PodTemplateSpec, prefix: &str, owner: OwnerReference) -> Pod {
    let meta = template.metadata.clone().unwrap_or_default();
    Pod {
        metadata: ObjectMeta {
            // The API server cuts long prefixes so that its suffix fits.
            generate_name: Some(prefix.to_string()),
            labels: meta.labels,
            annotations: meta.annotations,
            finalizers: meta.finalizers,
            owner_references: Some(vec![owner]),
            ..Default::default()
        },
        spec: template.spec.clone(),
        status: None,
    }
}

/// Creates `count` copies of a pod for `owner` in batches that double while they succeed, so that a template that is
/// refused is refused once. Each is told in an event. Waits until the cache shows them.
pub(crate) async fn create_pods(
    ctx: &Context,
    component: &'static str,
    owner: &Note,
    pods: &[Pod],
    store: &Store<Pod>,
) -> kube::Result<()> {
    let api = ctx.api::<Pod>(&owner.namespace);
    let params = PostParams::default();
    let mut created = Vec::new();
    let mut failure = None;
    let (mut from, mut batch) = (0, 1);
    while from < pods.len() && failure.is_none() {
        let until = (from + batch).min(pods.len());
        for result in join_all(pods[from..until].iter().map(|pod| api.create(&params, pod))).await {
            match result {
                Ok(pod) => {
                    let message = format!("Created pod: {}", pod.name_any());
                    ctx.events.normal(component, owner, "SuccessfulCreate", message);
                    created.push(pod);
                }
                Err(error) => failure = Some(error),
            }
        }
        (from, batch) = (until, batch * 2);
    }
    for pod in &created {
        store.seen(pod).await;
    }
    match failure {
        None => Ok(()),
        Some(error) => {
            if is_uncertain(&error) {
                // It may exist under a name we do not know: only a fresh list can tell.
                store.refresh().await;
            }
            Err(error)
        }
    }
}

/// Deletes exactly these pods; one that is gone counts as deleted. Waits until the cache shows it.
pub(crate) async fn delete_pods(
    ctx: &Context,
    component: &'static str,
    owner: &Note,
    pods: &[Arc<Pod>],
    store: &Store<Pod>,
) -> kube::Result<()> {
    let results = join_all(pods.iter().map(|pod| delete_pod(ctx, component, owner, pod))).await;
    for (pod, result) in pods.iter().zip(&results) {
        if result.is_ok() {
            store.seen_deleted(&Key::of(&pod.metadata), meta_uid(&pod.metadata)).await;
        }
    }
    if results.iter().filter_map(|result| result.as_ref().err()).any(is_uncertain) {
        // It may be deleted all the same: only a fresh list can tell, before another one is deleted in its place.
        store.refresh().await;
    }
    results.into_iter().collect()
}

async fn delete_pod(ctx: &Context, component: &'static str, owner: &Note, pod: &Pod) -> kube::Result<()> {
    let key = Key::of(&pod.metadata);
    let preconditions = Preconditions { uid: pod.metadata.uid.clone(), resource_version: None };
    let exact = DeleteParams { preconditions: Some(preconditions), ..Default::default() };
    match ctx.api::<Pod>(&key.namespace).delete(&key.name, &exact).await {
        Ok(_) => {
            ctx.events.normal(component, owner, "SuccessfulDelete", format!("Deleted pod: {}", key.name));
            Ok(())
        }
        Err(e) if is_not_found(&e) || is_conflict(&e) => Ok(()),
        Err(e) => Err(e),
    }
}
