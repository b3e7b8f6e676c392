//! Jobs run pods to completion.
//!
//! Unlike kube-controller-manager, pods carry no tracking finalizer: a finished pod counts while it exists, and the
//! status never counts back. Pod failure policies, success policies and back-off limits per index are the business
//! of a real controller: a Job that uses one is left alone, and an event says so.

mod indexes;
mod outcome;
mod status;

use crate::machinery::{
    Context, Hub, Key, Next, Note, Queue, Selector, Store, claim, controller_of, create_pods, delete_pods, drive,
    is_active, is_namespace_terminating, is_not_found, meta_uid, pod_from_template,
};
use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::{DeleteParams, PostParams, Preconditions, PropagationPolicy};
use outcome::Tally;
use std::sync::Arc;
use std::time::Duration;

const COMPONENT: &str = "job-controller";
const BURST_PODS: usize = 500;
const NAME_LABELS: [&str; 2] = ["batch.kubernetes.io/job-name", "job-name"];
const UID_LABELS: [&str; 2] = ["batch.kubernetes.io/controller-uid", "controller-uid"];

#[derive(Clone)]
struct Actor {
    ctx: Context,
    jobs: Arc<Store<Job>>,
    pods: Arc<Store<Pod>>,
}

pub(crate) fn start(hub: &mut Hub) {
    let actor = Actor { ctx: hub.ctx.clone(), jobs: hub.store(), pods: hub.store() };
    let queue = Arc::new(Queue::new());
    let q = queue.clone();
    actor.jobs.on_change(move |c| c.latest().into_iter().for_each(|j| q.add(Key::of(&j.metadata))));
    let q = queue.clone();
    actor.pods.on_change(move |change| {
        for pod in change.states() {
            if let Some(owner) = controller_of(&pod.metadata).filter(|o| o.kind == "Job") {
                q.add(Key::new(pod.metadata.namespace.clone().unwrap_or_default(), &owner.name));
            }
        }
    });
    hub.spawn(async move {
        actor.jobs.synced().await;
        actor.pods.synced().await;
        let actor = &actor;
        drive(COMPONENT, queue, move |key| actor.clone().reconcile(key)).await;
    });
}

fn spec(job: &Job) -> JobSpec {
    job.spec.clone().unwrap_or_default()
}

impl Actor {
    async fn reconcile(self, key: Key) -> kube::Result<Next> {
        let Some(job) = self.jobs.get(&key) else { return Ok(None) };
        if job.metadata.deletion_timestamp.is_some() {
            return Ok(None);
        }
        let spec = spec(&job);
        if spec.managed_by.as_deref().is_some_and(|m| m != "kubernetes.io/job-controller") {
            return Ok(None);
        }
        if let Some(field) = unsupported(&spec) {
            let message = format!("spec.{field} is not simulated: the Job is left alone");
            self.ctx.events.warning(COMPONENT, &Note::on(job.as_ref()), "Unsupported", message);
            return Ok(None);
        }
        if let Some(finished) = status::finished_at(&job) {
            return self.expire(&key, &job, finished).await;
        }
        if let Some(selector) = &spec.selector {
            let candidates = self.pods.claimable(&key.namespace, meta_uid(&job.metadata));
            claim(&self.ctx, job.as_ref(), &Selector::of(selector), candidates, &self.pods).await?;
        }
        let managed = self.manage(&job).await;
        // What the cache shows now includes what was just created or deleted.
        let pods = self.owned(&job);
        let now = self.ctx.now();
        let (status, events, next) = status::next(&job, &pods, now);
        if job.status.as_ref() != Some(&status) {
            let update = Job { status: Some(status), ..Job::clone(&job) };
            let api = self.ctx.api::<Job>(&key.namespace);
            match api.replace_status(&key.name, &PostParams::default(), &update).await {
                Ok(written) => {
                    let about = Note::on(&written);
                    for (kind, reason, message) in events {
                        match kind {
                            "Normal" => self.ctx.events.normal(COMPONENT, &about, reason, message),
                            _ => self.ctx.events.warning(COMPONENT, &about, reason, message),
                        }
                    }
                    self.jobs.seen(&written).await;
                }
                Err(e) if is_not_found(&e) => return Ok(None),
                Err(e) => return Err(e),
            }
        }
        match managed {
            Err(e) if is_namespace_terminating(&e) => Ok(next),
            other => other.map(|wait| wait.into_iter().chain(next).min()),
        }
    }

    fn owned(&self, job: &Job) -> Vec<Arc<Pod>> {
        self.pods.controlled_by(meta_uid(&job.metadata))
    }

    /// Starts what is missing, stops what is too many; says when to look again for a delayed start.
    async fn manage(&self, job: &Job) -> kube::Result<Next> {
        let spec = spec(job);
        let pods = self.owned(job);
        let tally = Tally::of(job, &pods);
        let active: Vec<Arc<Pod>> = pods.iter().filter(|p| is_active(p)).cloned().collect();
        let about = Note::on(job);
        let deciding = outcome::decide(job, &tally, self.ctx.now()).is_some();
        let suspended = spec.suspend == Some(true);
        let want = if deciding || suspended { 0 } else { outcome::wanted_active(job, &tally) };
        if active.len() > want {
            let mut surplus = active;
            // Those that have run for the shortest time go first.
            surplus.sort_by_key(|p| {
                (p.status.as_ref().and_then(|s| s.phase.clone()) == Some("Running".into()), p.name_any())
            });
            surplus.truncate(surplus.len() - want);
            return delete_pods(&self.ctx, COMPONENT, &about, &surplus, &self.pods).await.map(|()| None);
        }
        let held = match spec.pod_replacement_policy.as_deref() {
            Some("Failed") => tally.terminating,
            _ => 0,
        };
        let missing = want.saturating_sub(active.len() + held).min(BURST_PODS);
        if missing == 0 {
            return Ok(None);
        }
        let wait = outcome::back_off(&tally, self.ctx.now());
        if !wait.is_zero() {
            return Ok(Some(wait));
        }
        let new = self.new_pods(job, &pods, missing);
        create_pods(&self.ctx, COMPONENT, &about, &new, &self.pods).await.map(|()| None)
    }

    fn new_pods(&self, job: &Job, pods: &[Arc<Pod>], count: usize) -> Vec<Pod> {
        let owner = crate::machinery::controller_ref(job);
        let mut pod = pod_from_template(&spec(job).template, &format!("{}-", job.name_any()), owner);
        let labels = pod.metadata.labels.get_or_insert_default();
        for label in NAME_LABELS {
            labels.insert(label.into(), job.name_any());
        }
        for label in UID_LABELS {
            labels.insert(label.into(), job.uid().unwrap_or_default());
        }
        match indexes::is_indexed(job) {
            true => indexes::missing(job, pods).into_iter().take(count).map(|i| indexes::pod(&pod, job, i)).collect(),
            false => vec![pod; count],
        }
    }

    /// Deletes a finished Job when its time to live has passed.
    async fn expire(&self, key: &Key, job: &Job, finished: jiff::Timestamp) -> kube::Result<Next> {
        let Some(ttl) = spec(job).ttl_seconds_after_finished else { return Ok(None) };
        let at = finished.checked_add(jiff::SignedDuration::from_secs(ttl.into())).unwrap_or(finished);
        if let Ok(left) = Duration::try_from(at.duration_since(self.ctx.now()))
            && !left.is_zero()
        {
            return Ok(Some(left));
        }
        let params = DeleteParams {
            propagation_policy: Some(PropagationPolicy::Foreground),
            preconditions: Some(Preconditions { uid: job.uid(), resource_version: None }),
            ..Default::default()
        };
        match self.ctx.api::<Job>(&key.namespace).delete(&key.name, &params).await {
            Err(e) if !is_not_found(&e) => Err(e),
            _ => Ok(None),
        }
    }
}

fn unsupported(spec: &JobSpec) -> Option<&'static str> {
    if spec.pod_failure_policy.is_some() {
        Some("podFailurePolicy")
    } else if spec.success_policy.is_some() {
        Some("successPolicy")
    } else if spec.backoff_limit_per_index.is_some() {
        Some("backoffLimitPerIndex")
    } else {
        None
    }
}
