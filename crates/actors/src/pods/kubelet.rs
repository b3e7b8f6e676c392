//! One kubelet for all simulated nodes.

use super::conditions::{conditions, phase};
use super::containers::{Life, Moment, Outcome, init_step, step};
use super::{nodes, timing};
use crate::machinery::{
    Change, Context, Hub, Key, Next, Note, Queue, Store, drive, is_conflict, is_finished, is_not_found, is_terminating,
    meta_uid, node_of, whole_seconds,
};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{ContainerStatus, HostIP, Pod, PodIP, PodStatus};
use kube::api::{DeleteParams, PostParams, Preconditions};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Creation and deletion times have whole seconds. What is seen within this long of one has just happened, so the
/// exact time of seeing it counts; what is older, happened while nobody watched.
const FRESH: SignedDuration = SignedDuration::from_secs(2);

#[derive(Clone)]
struct Kubelet {
    ctx: Context,
    pods: Arc<Store<Pod>>,
    nodes: Arc<BTreeSet<String>>,
    lives: Lives,
    addresses: Arc<Mutex<u32>>,
}

/// By uid.
#[derive(Clone, Default)]
struct Lives(Arc<Mutex<BTreeMap<String, Life>>>);

impl Lives {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Life>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn observe(&self, change: &Change<'_, Pod>, now: Timestamp) {
        let mut lives = self.lock();
        let Some(pod) = change.new else {
            lives.remove(change.old.map(|p| meta_uid(&p.metadata)).unwrap_or_default());
            return;
        };
        let exact = |t: Timestamp| if now.duration_since(t) < FRESH { now } else { t };
        let created = pod.metadata.creation_timestamp.as_ref().map_or(now, |t| t.0);
        let life = lives.entry(meta_uid(&pod.metadata).to_string()).or_insert_with(|| Life::new(exact(created)));
        if let (Some(deadline), None) = (&pod.metadata.deletion_timestamp, life.deleted) {
            let grace = SignedDuration::from_secs(pod.metadata.deletion_grace_period_seconds.unwrap_or_default());
            life.deleted = Some(exact(deadline.0.checked_sub(grace).unwrap_or(deadline.0)));
        }
    }
}

pub(super) fn start(hub: &mut Hub) {
    let kubelet = Kubelet {
        ctx: hub.ctx.clone(),
        pods: hub.store(),
        nodes: Arc::new(nodes::names(&hub.ctx.options).collect()),
        lives: Lives::default(),
        addresses: Arc::default(),
    };
    let queue = Arc::new(Queue::new());
    let (q, k) = (queue.clone(), kubelet.clone());
    kubelet.pods.on_change(move |change| {
        k.lives.observe(&change, k.ctx.now());
        let Some(pod) = change.new else { return };
        let dying = is_terminating(pod) && change.old.is_none_or(|p| !is_terminating(p));
        if let (true, Some(node)) = (dying, node_of(pod)) {
            for container in pod.spec.iter().flat_map(|s| &s.containers).filter(|_| k.nodes.contains(node)) {
                let message = format!("Stopping container {}", container.name);
                k.ctx.events.kubelet(node, &Note::on(pod.as_ref()), "Normal", "Killing", message);
            }
        }
        q.add(Key::of(&pod.metadata));
    });
    hub.spawn(async move {
        kubelet.pods.synced().await;
        kubelet.skip_used_addresses();
        let kubelet = &kubelet;
        drive("kubelet", queue, move |key| kubelet.clone().reconcile(key)).await;
    });
}

impl Kubelet {
    async fn reconcile(self, key: Key) -> kube::Result<Next> {
        let Some(pod) = self.pods.get(&key) else { return Ok(None) };
        match node_of(&pod) {
            Some(node) if self.nodes.contains(node) => {
                if is_terminating(&pod) {
                    self.stop(&key, &pod).await
                } else {
                    self.run(&key, &pod, node).await
                }
            }
            // The API server removes pods without a node itself; one that it left would stay for ever.
            None if is_terminating(&pod) => self.remove(&key, &pod).await.map(|()| None),
            _ => Ok(None),
        }
    }

    async fn stop(&self, key: &Key, pod: &Pod) -> kube::Result<Next> {
        let now = self.ctx.now();
        let deleted = self.lives.lock().get(meta_uid(&pod.metadata)).and_then(|l| l.deleted).unwrap_or(now);
        let takes = match is_finished(pod) {
            true => Duration::ZERO,
            false => timing::stop_time(pod, self.ctx.options.stop_delay),
        };
        let gone = deleted.checked_add(takes).unwrap_or(now);
        if let Ok(left @ 1..) = u64::try_from(gone.duration_since(now).as_nanos()) {
            return Ok(Some(Duration::from_nanos(left)));
        }
        self.remove(key, pod).await.map(|()| None)
    }

    /// Deletes the object; finalizers may keep it.
    async fn remove(&self, key: &Key, pod: &Pod) -> kube::Result<()> {
        let held = pod.metadata.finalizers.as_ref().is_some_and(|f| !f.is_empty());
        if held && pod.metadata.deletion_grace_period_seconds == Some(0) {
            return Ok(());
        }
        let uid = pod.metadata.uid.clone();
        let now = DeleteParams {
            grace_period_seconds: Some(0),
            preconditions: Some(Preconditions { uid, resource_version: None }),
            ..Default::default()
        };
        match self.ctx.api::<Pod>(&key.namespace).delete(&key.name, &now).await {
            Ok(_) => Ok(()),
            Err(e) if is_not_found(&e) || is_conflict(&e) => Ok(()),
            Err(e) => Err(e),
        }
    }

    async fn run(&self, key: &Key, pod: &Pod, node: &str) -> kube::Result<Next> {
        if is_finished(pod) {
            return Ok(None);
        }
        let now = self.ctx.now();
        let uid = meta_uid(&pod.metadata).to_string();
        let mut life = self.lives.lock().get(&uid).cloned().unwrap_or_else(|| Life::new(now));
        let mut out = Outcome::default();
        let status = self.status(pod, node, now, &mut life, &mut out);
        let next = out.wake.map(|at| Duration::try_from(at.duration_since(now)).unwrap_or_default());
        if pod.status.as_ref() == Some(&status) {
            return Ok(next);
        }
        let mut update = pod.clone();
        update.status = Some(status);
        match self.ctx.api::<Pod>(&key.namespace).replace_status(&key.name, &PostParams::default(), &update).await {
            Ok(written) => {
                let about = Note::on(pod);
                for (kind, reason, message) in out.said {
                    self.ctx.events.kubelet(node, &about, kind, reason, message);
                }
                if let Some(known) = self.lives.lock().get_mut(&uid) {
                    let deleted = known.deleted;
                    *known = Life { deleted, ..life };
                }
                self.pods.seen(&written).await;
                Ok(next)
            }
            Err(e) if is_not_found(&e) => Ok(None),
            Err(e) => Err(e),
        }
    }

    fn status(&self, pod: &Pod, node: &str, now: Timestamp, life: &mut Life, out: &mut Outcome) -> PodStatus {
        let spec = pod.spec.clone().unwrap_or_default();
        let mut status = pod.status.clone().unwrap_or_default();
        let start_delay = self.ctx.options.start_delay;
        let mut at = Moment { pod, start_delay, initialized: true, now };

        let before_init = status.init_container_statuses.take().unwrap_or_default();
        let mut init = Vec::new();
        for container in spec.init_containers.iter().flatten() {
            let old = before_init.iter().find(|s| s.name == container.name);
            let new = init_step(&at, container, old, life, out);
            at.initialized &= new.state.as_ref().is_some_and(|s| s.waiting.is_none());
            init.push(new);
        }
        status.init_container_statuses = Some(init).filter(|i| !i.is_empty());

        let before = status.container_statuses.take().unwrap_or_default();
        let find = |name: &str| before.iter().find(|s| s.name == name);
        let after: Vec<ContainerStatus> =
            spec.containers.iter().map(|c| step(&at, c, find(&c.name), life, out)).collect();
        let phase = phase(pod, &after);
        status.conditions = Some(conditions(pod, phase, at.initialized, &before, &after, now));
        status.phase = Some(phase.to_string());
        status.container_statuses = Some(after);
        status.observed_generation = pod.metadata.generation;
        status.start_time.get_or_insert_with(|| whole_seconds(now));
        if status.host_ip.is_none() {
            let ip = nodes::address(node);
            status.host_ips = Some(vec![HostIP { ip: ip.clone() }]);
            status.host_ip = Some(ip);
        }
        if status.pod_ip.is_none() {
            let ip = match spec.host_network {
                Some(true) => nodes::address(node),
                _ => self.next_address(),
            };
            status.pod_ips = Some(vec![PodIP { ip: ip.clone() }]);
            status.pod_ip = Some(ip);
        }
        status
    }

    /// Addresses are given out in order and come round after 65,000 pods.
    fn next_address(&self) -> String {
        let mut last = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        *last = *last % 65_000 + 1;
        format!("10.244.{}.{}", *last / 250, *last % 250 + 1)
    }

    fn skip_used_addresses(&self) {
        let number = |pod: &Pod| {
            let ip = pod.status.as_ref()?.pod_ip.clone()?;
            let mut tail = ip.strip_prefix("10.244.")?.split('.').map(|n| n.parse::<u32>().ok());
            Some(tail.next()?? * 250 + tail.next()??.saturating_sub(1))
        };
        let used = self.pods.all().iter().filter_map(|p| number(p)).max().unwrap_or_default();
        *self.addresses.lock().unwrap_or_else(PoisonError::into_inner) = used;
    }
}
