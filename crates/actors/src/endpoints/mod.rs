//! Services with a selector get Endpoints and EndpointSlices.

mod address;
mod slices;
mod subsets;

use crate::machinery::{
    Change, Context, Hub, Key, Next, Queue, Selector, Store, drive, is_exists, is_finished, is_not_found,
};
use address::backends;
use k8s_openapi::api::core::v1::{Endpoints, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::ResourceExt;
use kube::api::{DeleteParams, PostParams};
use std::sync::Arc;

const HEADLESS_LABEL: &str = "service.kubernetes.io/headless";
const MANAGED_BY_LABEL: &str = "endpoints.kubernetes.io/managed-by";

#[derive(Clone)]
pub(super) struct Actor {
    pub ctx: Context,
    services: Arc<Store<Service>>,
    pods: Arc<Store<Pod>>,
    endpoints: Arc<Store<Endpoints>>,
    pub slices: Arc<Store<EndpointSlice>>,
}

pub(crate) fn start(hub: &mut Hub) {
    let actor = Actor {
        ctx: hub.ctx.clone(),
        services: hub.store(),
        pods: hub.store(),
        endpoints: hub.store(),
        slices: hub.store(),
    };
    let queue = Arc::new(Queue::new());
    let q = queue.clone();
    actor.services.on_change(move |c| c.latest().into_iter().for_each(|s| q.add(Key::of(&s.metadata))));
    let q = queue.clone();
    // Endpoints have their service's name; a change or deletion by somebody else is put right.
    actor.endpoints.on_change(move |c| c.latest().into_iter().for_each(|e| q.add(Key::of(&e.metadata))));
    let q = queue.clone();
    actor.slices.on_change(move |c| c.latest().and_then(|s| slices::service_of(s)).into_iter().for_each(|k| q.add(k)));
    let (q, services) = (queue.clone(), actor.services.clone());
    actor.pods.on_change(move |change| wake_services(&change, &services, &q));
    hub.spawn(async move {
        actor.services.synced().await;
        actor.pods.synced().await;
        actor.endpoints.synced().await;
        actor.slices.synced().await;
        let actor = &actor;
        drive("endpoint-controller", queue, move |key| actor.clone().reconcile(key)).await;
    });
}

fn wake_services(change: &Change<'_, Pod>, services: &Store<Service>, queue: &Queue<Key>) {
    let Some(pod) = change.latest() else { return };
    for service in services.in_namespace(pod.metadata.namespace.as_deref().unwrap_or_default()) {
        let Some(selector) = selector(&service) else { continue };
        if change.states().any(|p| selector.matches(p.metadata.labels.as_ref())) {
            queue.add(Key::of(&service.metadata));
        }
    }
}

/// `None` for services whose endpoints are somebody else's business.
fn selector(service: &Service) -> Option<Selector> {
    let spec = service.spec.as_ref()?;
    let labels = spec.selector.as_ref().filter(|l| !l.is_empty())?;
    (spec.type_.as_deref() != Some("ExternalName")).then(|| Selector::of_labels(labels))
}

impl Actor {
    async fn reconcile(self, key: Key) -> kube::Result<Next> {
        let delay = self.ctx.options.endpoints_delay;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let service = self.services.get(&key);
        let Some(service) = service.filter(|s| s.metadata.deletion_timestamp.is_none()) else {
            self.forget(&key).await?;
            return Ok(None);
        };
        let Some(selector) = selector(&service) else { return Ok(None) };
        let mut pods = self.pods.in_namespace(&key.namespace);
        pods.retain(|p| !is_finished(p) && selector.matches(p.metadata.labels.as_ref()));
        let backends = backends(&service, &pods);
        self.write_endpoints(&key, &service, &backends).await?;
        self.write_slices(&key, &service, &backends).await?;
        Ok(None)
    }

    /// The service is gone: its Endpoints go too. Its slices have an owner reference.
    async fn forget(&self, key: &Key) -> kube::Result<()> {
        let ours = |e: &Endpoints| e.labels().get(MANAGED_BY_LABEL).is_some_and(|v| v == "endpoint-controller");
        let Some(endpoints) = self.endpoints.get(key).filter(|e| ours(e)) else { return Ok(()) };
        match self.ctx.api::<Endpoints>(&key.namespace).delete(&key.name, &DeleteParams::default()).await {
            Ok(_) => self.endpoints.seen_deleted(key, endpoints.metadata.uid.as_deref().unwrap_or_default()).await,
            Err(e) if is_not_found(&e) => {}
            Err(e) => return Err(e),
        }
        Ok(())
    }

    async fn write_endpoints(&self, key: &Key, service: &Service, backends: &[address::Backend]) -> kube::Result<()> {
        let existing = self.endpoints.get(key);
        let mut want = existing.as_deref().cloned().unwrap_or_default();
        want.metadata.name = Some(key.name.clone());
        want.metadata.namespace = Some(key.namespace.clone());
        let mut labels = service.metadata.labels.clone().unwrap_or_default();
        if service.spec.as_ref().and_then(|s| s.cluster_ip.as_deref()) == Some("None") {
            labels.insert(HEADLESS_LABEL.into(), String::new());
        }
        labels.insert(MANAGED_BY_LABEL.into(), "endpoint-controller".into());
        want.metadata.labels = Some(labels);
        want.subsets = Some(subsets::subsets(service, backends)).filter(|s| !s.is_empty());
        if existing.as_deref() == Some(&want) {
            return Ok(());
        }
        let api = self.ctx.api::<Endpoints>(&key.namespace);
        let written = match existing {
            Some(_) => api.replace(&key.name, &PostParams::default(), &want).await,
            None => api.create(&PostParams::default(), &want).await,
        };
        match written {
            Ok(written) => self.endpoints.seen(&written).await,
            // Ours from before an answer was lost, or somebody else's: the cache will show it.
            Err(e) if is_exists(&e) => self.endpoints.refresh().await,
            Err(e) if crate::machinery::is_namespace_terminating(&e) => {}
            Err(e) => return Err(e),
        }
        Ok(())
    }
}
