//! The scaled objects: any kind with a scale subresource.

use crate::machinery::{
    Key, Queue, Reflecting, ServedResource, Slim, Store, discover, is_not_found, reflect_path, request,
};
use k8s_openapi::api::autoscaling::v2::{CrossVersionObjectReference, HorizontalPodAutoscaler};
use kube::Client;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Reads and writes sizes, and watches the kinds that some autoscaler scales.
#[derive(Clone)]
pub(super) struct Targets {
    client: Client,
    scalers: Arc<Store<HorizontalPodAutoscaler>>,
    queue: Arc<Queue<Key>>,
    watched: Arc<Mutex<BTreeMap<String, Reflecting>>>,
}

/// The size of one object.
pub(super) struct Scale {
    path: String,
    pub replicas: i32,
    version: Value,
}

impl Targets {
    pub(super) fn new(client: Client, scalers: Arc<Store<HorizontalPodAutoscaler>>, queue: Arc<Queue<Key>>) -> Self {
        Targets { client, scalers, queue, watched: Arc::default() }
    }

    /// The target's size, or why there is none.
    pub(super) async fn scale(
        &self,
        namespace: &str,
        target: &CrossVersionObjectReference,
    ) -> kube::Result<Result<Scale, String>> {
        let group = target.api_version.as_deref().and_then(|v| v.rsplit_once('/')).map_or("", |(group, _)| group);
        let served = discover(&self.client).await?;
        let Some(resource) = served.iter().find(|r| r.kind == target.kind && r.group == group) else {
            return Ok(Err(format!("no matches for kind {:?} in group {group:?}", target.kind)));
        };
        self.watch(resource);
        let path = format!("{}/{}/scale", resource.path_in(namespace), target.name);
        match request::get::<Value>(&self.client, &path).await {
            Ok(scale) => {
                let replicas = scale["spec"]["replicas"].as_i64().and_then(|n| i32::try_from(n).ok());
                let version = scale["metadata"]["resourceVersion"].clone();
                Ok(Ok(Scale { path, replicas: replicas.unwrap_or_default(), version }))
            }
            Err(e) if is_not_found(&e) => Ok(Err(format!("{}.{group} {:?} not found", resource.plural, target.name))),
            Err(e) => Err(e),
        }
    }

    pub(super) async fn resize(&self, scale: &Scale, replicas: i32) -> kube::Result<()> {
        let patch = json!({"metadata": {"resourceVersion": scale.version}, "spec": {"replicas": replicas}});
        request::merge_patch::<Value>(&self.client, &scale.path, &patch).await.map(|_| ())
    }

    /// Autoscalers are looked at when their target changes.
    fn watch(&self, resource: &ServedResource) {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched.entry(resource.path()).or_insert_with(|| {
            let store = Arc::new(Store::<Slim>::new());
            let (scalers, queue, kind) = (self.scalers.clone(), self.queue.clone(), resource.kind.clone());
            store.on_change(move |change| {
                let Some(object) = change.latest() else { return };
                for hpa in scalers.in_namespace(&object.metadata.namespace) {
                    let target = hpa.spec.as_ref().map(|s| &s.scale_target_ref);
                    if target.is_some_and(|t| t.kind == kind && t.name == object.metadata.name) {
                        queue.add(Key::of(&hpa.metadata));
                    }
                }
            });
            reflect_path(self.client.clone(), resource.path(), store)
        });
    }
}
