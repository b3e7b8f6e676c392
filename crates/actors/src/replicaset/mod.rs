//! ReplicaSets keep their number of pods.

mod rank;
mod status;

use crate::machinery::{
    Change, Context, Hub, Key, Next, Note, Queue, Selector, Store, claim, controller_of, create_pods, delete_pods,
    drive, is_active, is_namespace_terminating, meta_uid, pod_from_template,
};
use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};
use kube::ResourceExt;
use kube::api::PostParams;
use std::sync::Arc;

const COMPONENT: &str = "replicaset-controller";
/// Pods created or deleted in one go; the rest follows at once in the next.
const BURST_PODS: usize = 500;

#[derive(Clone)]
struct Actor {
    ctx: Context,
    sets: Arc<Store<ReplicaSet>>,
    pods: Arc<Store<Pod>>,
}

pub(crate) fn start(hub: &mut Hub) {
    let actor = Actor { ctx: hub.ctx.clone(), sets: hub.store(), pods: hub.store() };
    let queue = Arc::new(Queue::new());
    let q = queue.clone();
    actor.sets.on_change(move |c| c.latest().into_iter().for_each(|rs| q.add(Key::of(&rs.metadata))));
    let (q, sets) = (queue.clone(), actor.sets.clone());
    actor.pods.on_change(move |change| wake_owners(&change, &sets, &q));
    hub.spawn(async move {
        actor.sets.synced().await;
        actor.pods.synced().await;
        let actor = &actor;
        drive(COMPONENT, queue, move |key| actor.clone().reconcile(key)).await;
    });
}

/// The ReplicaSet that controls the pod; for an orphan, every one that would adopt it.
fn wake_owners(change: &Change<'_, Pod>, sets: &Store<ReplicaSet>, queue: &Queue<Key>) {
    for pod in change.states() {
        let namespace = pod.metadata.namespace.clone().unwrap_or_default();
        match controller_of(&pod.metadata) {
            Some(owner) if owner.kind == "ReplicaSet" => queue.add(Key::new(namespace, &owner.name)),
            Some(_) => {}
            None => {
                for rs in sets.in_namespace(&namespace) {
                    if selector(&rs).matches(pod.metadata.labels.as_ref()) {
                        queue.add(Key::of(&rs.metadata));
                    }
                }
            }
        }
    }
}

fn selector(rs: &ReplicaSet) -> Selector {
    rs.spec.as_ref().map(|s| Selector::of(&s.selector)).unwrap_or_else(|| Selector::of_labels(&Default::default()))
}

impl Actor {
    async fn reconcile(self, key: Key) -> kube::Result<Next> {
        let Some(rs) = self.sets.get(&key) else { return Ok(None) };
        let selector = selector(&rs);
        if selector.is_empty() {
            // The API server rejects these; one from elsewhere must not own every pod.
            return Ok(None);
        }
        let candidates = self.pods.claimable(&key.namespace, meta_uid(&rs.metadata));
        let candidates = candidates.into_iter().filter(|p| is_active(p)).collect();
        let pods = claim(&self.ctx, rs.as_ref(), &selector, candidates, &self.pods).await?;
        let managed = match rs.metadata.deletion_timestamp {
            None => self.manage(&rs, &pods).await,
            Some(_) => Ok(()),
        };
        // Counted as they were before: what was just created or deleted comes back through the watch and is counted
        // then. Kubernetes does the same, and observers see both states.
        let (status, next) = status::next(&rs, &pods, managed.as_ref().err(), self.ctx.now());
        if rs.status.as_ref() != Some(&status) {
            let mut update = ReplicaSet::clone(&rs);
            update.status = Some(status);
            let api = self.ctx.api::<ReplicaSet>(&key.namespace);
            match api.replace_status(&key.name, &PostParams::default(), &update).await {
                Ok(written) => self.sets.seen(&written).await,
                Err(e) if crate::machinery::is_not_found(&e) => {}
                Err(e) => return Err(e),
            }
        }
        match managed {
            Err(e) if is_namespace_terminating(&e) => Ok(next),
            other => other.map(|()| next),
        }
    }

    fn owned(&self, rs: &ReplicaSet) -> Vec<Arc<Pod>> {
        self.pods.controlled_by(meta_uid(&rs.metadata)).into_iter().filter(|p| is_active(p)).collect()
    }

    /// Creates what is missing, deletes what is too many.
    async fn manage(&self, rs: &ReplicaSet, pods: &[Arc<Pod>]) -> kube::Result<()> {
        let Some(spec) = &rs.spec else { return Ok(()) };
        let want = usize::try_from(spec.replicas.unwrap_or(1)).unwrap_or_default();
        let about = Note::on(rs);
        if pods.len() < want {
            let template = spec.template.clone().unwrap_or_else(PodTemplateSpec::default);
            let owner = crate::machinery::controller_ref(rs);
            let pod = pod_from_template(&template, &format!("{}-", rs.name_any()), owner);
            let copies = vec![pod; (want - pods.len()).min(BURST_PODS)];
            let result = create_pods(&self.ctx, COMPONENT, &about, &copies, &self.pods).await;
            if let Err(error) = &result
                && !is_namespace_terminating(error)
            {
                let message = format!("Error creating: {}", reason(error));
                self.ctx.events.warning(COMPONENT, &about, "FailedCreate", message);
            }
            return result;
        } else if pods.len() > want {
            let surplus = (pods.len() - want).min(BURST_PODS);
            let victims = rank::first_to_delete(pods, &self.related(rs), surplus, self.ctx.now());
            let result = delete_pods(&self.ctx, COMPONENT, &about, &victims, &self.pods).await;
            if let Err(error) = &result {
                let message = format!("Error deleting: {}", reason(error));
                self.ctx.events.warning(COMPONENT, &about, "FailedDelete", message);
            }
            return result;
        }
        Ok(())
    }

    /// Active pods of all ReplicaSets with the same controller: a scale-down prefers crowded nodes.
    fn related(&self, rs: &ReplicaSet) -> Vec<Arc<Pod>> {
        let Some(owner) = controller_of(&rs.metadata) else { return self.owned(rs) };
        self.sets.controlled_by(&owner.uid).into_iter().flat_map(|s| self.owned(&s)).collect()
    }
}

/// The server's own words, without the client's decoration.
fn reason(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message.clone(),
        other => other.to_string(),
    }
}
