//! Deployments roll their ReplicaSets.

mod annotations;
mod maths;
mod progress;
mod recreate;
mod rolling;
mod scale;
mod sets;
mod status;

use crate::machinery::{
    Context, Hub, Key, Next, Note, Queue, Selector, Store, claim, controller_of, drive, is_finished, is_not_found,
    meta_uid, percent_or_int,
};
use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, ReplicaSet};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::api::PostParams;
use sets::Sets;
use std::sync::Arc;

const COMPONENT: &str = "deployment-controller";

#[derive(Clone)]
struct Actor {
    ctx: Context,
    deployments: Arc<Store<Deployment>>,
    sets: Arc<Store<ReplicaSet>>,
    pods: Arc<Store<Pod>>,
}

pub(crate) fn start(hub: &mut Hub) {
    let actor = Actor { ctx: hub.ctx.clone(), deployments: hub.store(), sets: hub.store(), pods: hub.store() };
    let queue = Arc::new(Queue::new());
    let q = queue.clone();
    actor.deployments.on_change(move |c| c.latest().into_iter().for_each(|d| q.add(Key::of(&d.metadata))));
    let (q, deployments) = (queue.clone(), actor.deployments.clone());
    actor.sets.on_change(move |change| {
        for rs in change.states() {
            let namespace = rs.metadata.namespace.clone().unwrap_or_default();
            match controller_of(&rs.metadata) {
                Some(owner) if owner.kind == "Deployment" => q.add(Key::new(namespace, &owner.name)),
                Some(_) => {}
                None => {
                    let would_adopt = |d: &Arc<Deployment>| selector(d).matches(rs.metadata.labels.as_ref());
                    let all = deployments.in_namespace(&namespace).into_iter();
                    all.filter(would_adopt).for_each(|d| q.add(Key::of(&d.metadata)));
                }
            }
        }
    });
    let (q, deployments) = (queue.clone(), actor.deployments.clone());
    // Recreate waits for the last old pod to vanish.
    actor.pods.on_change(move |change| {
        let Some(pod) = change.latest().filter(|p| change.new.is_none() || is_finished(p)) else { return };
        for d in deployments.in_namespace(pod.metadata.namespace.as_deref().unwrap_or_default()) {
            if is_recreate(&d) && selector(&d).matches(pod.metadata.labels.as_ref()) {
                q.add(Key::of(&d.metadata));
            }
        }
    });
    hub.spawn(async move {
        actor.deployments.synced().await;
        actor.sets.synced().await;
        actor.pods.synced().await;
        let actor = &actor;
        drive(COMPONENT, queue, move |key| actor.clone().reconcile(key)).await;
    });
}

fn spec(d: &Deployment) -> DeploymentSpec {
    d.spec.clone().unwrap_or_default()
}

fn selector(d: &Deployment) -> Selector {
    let none = LabelSelector::default();
    Selector::of(d.spec.as_ref().map_or(&none, |s| &s.selector))
}

fn is_recreate(d: &Deployment) -> bool {
    let strategy = d.spec.as_ref().and_then(|s| s.strategy.as_ref());
    strategy.and_then(|s| s.type_.as_deref()) == Some("Recreate")
}

/// `spec.replicas`.
fn wanted(d: &Deployment) -> i32 {
    d.spec.as_ref().and_then(|s| s.replicas).unwrap_or(1)
}

/// `spec.replicas` of a ReplicaSet.
fn size(rs: &ReplicaSet) -> i32 {
    rs.spec.as_ref().and_then(|s| s.replicas).unwrap_or(1)
}

fn available(rs: &ReplicaSet) -> i32 {
    rs.status.as_ref().and_then(|s| s.available_replicas).unwrap_or_default()
}

/// Pods that may be above and below `spec.replicas`. When both come to zero, one may be missing: else nothing moves.
fn bounds(d: &Deployment) -> (i32, i32) {
    if is_recreate(d) {
        return (0, 0);
    }
    let rolling = d.spec.as_ref().and_then(|s| s.strategy.as_ref()).and_then(|s| s.rolling_update.clone());
    let rolling = rolling.unwrap_or_default();
    let quarter = IntOrString::String("25%".into());
    let resolve = |v: Option<IntOrString>, up| {
        percent_or_int(&v.unwrap_or_else(|| quarter.clone()), wanted(d), up).unwrap_or_default().max(0)
    };
    match (resolve(rolling.max_surge, true), resolve(rolling.max_unavailable, false)) {
        (0, 0) => (0, 1),
        (surge, unavailable) => (surge, unavailable.min(wanted(d))),
    }
}

impl Actor {
    async fn reconcile(self, key: Key) -> kube::Result<Next> {
        let Some(d) = self.deployments.get(&key) else { return Ok(None) };
        let mut d = Deployment::clone(&d);
        let selector = selector(&d);
        if selector.is_empty() {
            return Ok(None);
        }
        let candidates = self.sets.claimable(&key.namespace, meta_uid(&d.metadata));
        let owned = claim(&self.ctx, &d, &selector, candidates, &self.sets).await?;
        let mut sets = Sets::new(owned, &d);
        if d.metadata.deletion_timestamp.is_some() {
            return self.write_status(&d, status::plain(&d, &sets, self.ctx.now())).await.map(|()| None);
        }
        if let Some(paused) = progress::paused_condition(&d, self.ctx.now()) {
            d = self.set_condition(&d, paused).await?;
        }
        let now = self.ctx.now();
        if spec(&d).paused == Some(true) || scale::is_scaling(&d, &sets) {
            self.sync_revision(&mut d, &mut sets, false).await?;
            self.scale(&d, &mut sets).await?;
            if spec(&d).paused == Some(true) {
                self.clean_up(&d, &sets).await?;
            }
            let status = status::plain(&d, &sets, now);
            let next = progress::next_look(&d, &status, now);
            return self.write_status(&d, status).await.map(|()| next);
        }
        match is_recreate(&d) {
            true => self.recreate(&mut d, &mut sets).await?,
            false => self.roll(&mut d, &mut sets).await?,
        }
        if status::is_complete(&d, &status::plain(&d, &sets, now)) {
            self.clean_up(&d, &sets).await?;
        }
        let status = progress::status(&d, &sets, now);
        let next = progress::next_look(&d, &status, now);
        self.write_status(&d, status).await.map(|()| next)
    }

    /// Writes the status if it differs, and waits until the cache shows it.
    async fn write_status(
        &self,
        d: &Deployment,
        status: k8s_openapi::api::apps::v1::DeploymentStatus,
    ) -> kube::Result<()> {
        let key = Key::of(&d.metadata);
        // `d` may carry conditions noted in memory: what counts is what the server has.
        if self.deployments.get(&key).is_none_or(|server| server.status.as_ref() == Some(&status)) {
            return Ok(());
        }
        let update = Deployment { status: Some(status), ..d.clone() };
        let api = self.ctx.api::<Deployment>(&key.namespace);
        match api.replace_status(&key.name, &PostParams::default(), &update).await {
            Ok(written) => self.deployments.seen(&written).await,
            Err(e) if is_not_found(&e) => {}
            Err(e) => return Err(e),
        }
        Ok(())
    }

    async fn set_condition(
        &self,
        d: &Deployment,
        condition: k8s_openapi::api::apps::v1::DeploymentCondition,
    ) -> kube::Result<Deployment> {
        let mut update = d.clone();
        status::put(update.status.get_or_insert_default(), condition);
        let key = Key::of(&d.metadata);
        let api = self.ctx.api::<Deployment>(&key.namespace);
        let written = api.replace_status(&key.name, &PostParams::default(), &update).await?;
        self.deployments.seen(&written).await;
        Ok(written)
    }

    fn note(&self, d: &Deployment) -> Note {
        Note::on(d)
    }
}
