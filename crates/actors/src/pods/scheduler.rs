//! Gives pods a node: the emptiest that fits.

mod fit;

use crate::machinery::{
    Context, Hub, Key, Next, Note, Queue, Rng, Store, drive, is_active, is_conflict, is_finished, is_not_found,
    meta_uid, node_of, whole_seconds,
};
use fit::{Placed, unfit};
use k8s_openapi::api::core::v1::{Binding, Node, ObjectReference, Pod, PodCondition};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::ResourceExt;
use kube::api::PostParams;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

const COMPONENT: &str = "default-scheduler";

#[derive(Clone)]
struct Scheduler {
    ctx: Context,
    pods: Arc<Store<Pod>>,
    nodes: Arc<Store<Node>>,
    state: Arc<Mutex<State>>,
}

struct State {
    /// Pods bound to a node that the cache does not show yet, by uid.
    assumed: BTreeMap<String, String>,
    /// Pods that fit nowhere, until something changes.
    waiting: BTreeSet<Key>,
    rng: Rng,
}

pub(super) fn start(hub: &mut Hub) {
    let state = State { assumed: BTreeMap::new(), waiting: BTreeSet::new(), rng: hub.ctx.rng(1) };
    let scheduler =
        Scheduler { ctx: hub.ctx.clone(), pods: hub.store(), nodes: hub.store(), state: Arc::new(Mutex::new(state)) };
    let queue = Arc::new(Queue::new());
    let (q, s) = (queue.clone(), scheduler.clone());
    scheduler.pods.on_change(move |change| {
        let takes_room = |p: &Arc<Pod>| node_of(p).is_some() && !is_finished(p);
        match change.new {
            Some(pod) if node_of(pod).is_some() => s.forget(meta_uid(&pod.metadata)),
            Some(pod) => q.add(Key::of(&pod.metadata)),
            None => change.old.into_iter().for_each(|p| s.forget(meta_uid(&p.metadata))),
        }
        if change.old.is_some_and(takes_room) && !change.new.is_some_and(takes_room) {
            s.retry(&q);
        }
    });
    let (q, s) = (queue.clone(), scheduler.clone());
    scheduler.nodes.on_change(move |_| s.retry(&q));
    hub.spawn(async move {
        scheduler.pods.synced().await;
        scheduler.nodes.synced().await;
        let scheduler = &scheduler;
        drive(COMPONENT, queue, move |key| scheduler.clone().reconcile(key)).await;
    });
}

impl Scheduler {
    fn with<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        f(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn forget(&self, uid: &str) {
        self.with(|s| s.assumed.remove(uid));
    }

    /// Pods that fitted nowhere try again.
    fn retry(&self, queue: &Queue<Key>) {
        for key in self.with(|s| std::mem::take(&mut s.waiting)) {
            queue.add(key);
        }
    }

    async fn reconcile(self, key: Key) -> kube::Result<Next> {
        let Some(pod) = self.pods.get(&key) else { return Ok(None) };
        let spec = pod.spec.clone().unwrap_or_default();
        let ours = spec.scheduler_name.as_deref().is_none_or(|n| n == COMPONENT);
        let gated = spec.scheduling_gates.is_some_and(|g| !g.is_empty());
        let uid = meta_uid(&pod.metadata).to_string();
        let assumed = self.with(|s| s.assumed.contains_key(&uid));
        if node_of(&pod).is_some() || !is_active(&pod) || !ours || gated || assumed {
            return Ok(None);
        }
        match self.choose(&pod) {
            Ok(node) => self.bind(&key, &pod, uid, node).await.map(|()| None),
            Err(why) => {
                self.with(|s| s.waiting.insert(key.clone()));
                self.tell_unschedulable(&key, &pod, why).await.map(|()| None)
            }
        }
    }

    /// The node with the fewest pods among those that fit, chance deciding between equals.
    fn choose(&self, pod: &Pod) -> Result<String, String> {
        let nodes = self.nodes.all();
        let pods = self.pods.all();
        let placed: Vec<Placed<'_>> = self.with(|s| {
            let node =
                |p: &Arc<Pod>| node_of(p).map(String::from).or_else(|| s.assumed.get(meta_uid(&p.metadata)).cloned());
            let alive = pods.iter().filter(|p| !is_finished(p));
            alive.filter_map(|p| Some(Placed { node: node(p)?, pod: p })).collect()
        });
        let mut load: BTreeMap<&str, usize> = BTreeMap::new();
        for pod in &placed {
            *load.entry(&pod.node).or_default() += 1;
        }
        let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
        let mut best: Vec<(usize, String)> = Vec::new();
        for node in &nodes {
            match unfit(pod, node, &nodes, &placed) {
                Some(reason) => *reasons.entry(reason).or_default() += 1,
                None => {
                    let name = node.name_any();
                    best.push((load.get(name.as_str()).copied().unwrap_or_default(), name));
                }
            }
        }
        let Some(fewest) = best.iter().map(|(n, _)| *n).min() else {
            let reasons: Vec<String> = reasons.into_iter().map(|(why, n)| format!("{n} {why}")).collect();
            let why = if reasons.is_empty() { "no nodes".to_string() } else { reasons.join(", ") };
            return Err(format!("0/{} nodes are available: {why}.", nodes.len()));
        };
        best.retain(|(n, _)| *n == fewest);
        let lucky = self.with(|s| s.rng.below(best.len()));
        Ok(best.swap_remove(lucky).1)
    }

    async fn bind(&self, key: &Key, pod: &Pod, uid: String, node: String) -> kube::Result<()> {
        self.with(|s| s.assumed.insert(uid.clone(), node.clone()));
        let binding = Binding {
            metadata: ObjectMeta {
                name: Some(key.name.clone()),
                namespace: Some(key.namespace.clone()),
                uid: Some(uid.clone()),
                ..Default::default()
            },
            target: ObjectReference {
                api_version: Some("v1".into()),
                kind: Some("Node".into()),
                name: Some(node.clone()),
                ..Default::default()
            },
        };
        let api = self.ctx.api::<Pod>(&key.namespace);
        let done: kube::Result<serde_json::Value> =
            api.create_subresource("binding", &key.name, &PostParams::default(), &binding).await;
        match done {
            Ok(_) => {
                let message = format!("Successfully assigned {key} to {node}");
                self.ctx.events.normal(COMPONENT, &Note::on(pod), "Scheduled", message);
                Ok(())
            }
            // Bound or gone already: the cache will tell.
            Err(e) if is_conflict(&e) || is_not_found(&e) => Ok(()),
            Err(e) => {
                self.forget(&uid);
                Err(e)
            }
        }
    }

    async fn tell_unschedulable(&self, key: &Key, pod: &Pod, message: String) -> kube::Result<()> {
        let mut update = pod.clone();
        let status = update.status.get_or_insert_default();
        let conditions = status.conditions.get_or_insert_default();
        let known = conditions.iter().find(|c| c.type_ == "PodScheduled").cloned();
        if known.as_ref().is_some_and(|c| c.status == "False" && c.message.as_ref() == Some(&message)) {
            return Ok(());
        }
        let unchanged = known.filter(|c| c.status == "False").and_then(|c| c.last_transition_time);
        conditions.retain(|c| c.type_ != "PodScheduled");
        conditions.push(PodCondition {
            type_: "PodScheduled".into(),
            status: "False".into(),
            reason: Some("Unschedulable".into()),
            message: Some(message.clone()),
            last_transition_time: unchanged.or_else(|| Some(whole_seconds(self.ctx.now()))),
            ..Default::default()
        });
        status.phase.get_or_insert_with(|| "Pending".into());
        let api = self.ctx.api::<Pod>(&key.namespace);
        match api.replace_status(&key.name, &PostParams::default(), &update).await {
            Ok(written) => self.pods.seen(&written).await,
            Err(e) if is_not_found(&e) => return Ok(()),
            Err(e) => return Err(e),
        }
        self.ctx.events.warning(COMPONENT, &Note::on(pod), "FailedScheduling", message);
        Ok(())
    }
}
