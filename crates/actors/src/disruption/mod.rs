//! PodDisruptionBudgets get their status, by which the API server allows evictions.

mod expected;

use crate::machinery::{
    Context, Hub, Key, Next, Queue, Selector, Store, drive, is_not_found, is_ready, is_terminating, percent_or_int,
    whole_seconds,
};
use expected::Unknown;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::ResourceExt;
use kube::api::PostParams;
use std::sync::Arc;
use std::time::Duration;

const ALLOWED: &str = "DisruptionAllowed";
/// An eviction that was granted but whose pod lives on counts no more after this long.
const EVICTION_TIMEOUT: SignedDuration = SignedDuration::from_secs(120);

#[derive(Clone)]
struct Actor {
    ctx: Context,
    budgets: Arc<Store<PodDisruptionBudget>>,
    pods: Arc<Store<Pod>>,
    sets: Arc<Store<ReplicaSet>>,
    deployments: Arc<Store<Deployment>>,
}

pub(crate) fn start(hub: &mut Hub) {
    let actor = Actor {
        ctx: hub.ctx.clone(),
        budgets: hub.store(),
        pods: hub.store(),
        sets: hub.store(),
        deployments: hub.store(),
    };
    let queue = Arc::new(Queue::new());
    let q = queue.clone();
    actor.budgets.on_change(move |c| c.latest().into_iter().for_each(|b| q.add(Key::of(&b.metadata))));
    let (q, budgets) = (queue.clone(), actor.budgets.clone());
    actor.pods.on_change(move |change| {
        let Some(pod) = change.latest() else { return };
        for budget in budgets.in_namespace(pod.metadata.namespace.as_deref().unwrap_or_default()) {
            let Some(selector) = selector(&budget) else { continue };
            if change.states().any(|p| selector.matches(p.metadata.labels.as_ref())) {
                q.add(Key::of(&budget.metadata));
            }
        }
    });
    // The expected number of pods follows the size of their owners.
    let (q, budgets) = (queue.clone(), actor.budgets.clone());
    let wake_namespace = Arc::new(move |namespace: Option<String>| {
        let all = budgets.in_namespace(namespace.as_deref().unwrap_or_default());
        all.iter().for_each(|b| q.add(Key::of(&b.metadata)));
    });
    let wake = wake_namespace.clone();
    actor.sets.on_change(move |c| {
        let size = |rs: Option<&Arc<ReplicaSet>>| rs.and_then(|rs| rs.spec.as_ref()?.replicas);
        if size(c.old) != size(c.new) {
            wake(c.latest().and_then(|rs| rs.namespace()));
        }
    });
    actor.deployments.on_change(move |c| {
        let size = |d: Option<&Arc<Deployment>>| d.and_then(|d| d.spec.as_ref()?.replicas);
        if size(c.old) != size(c.new) {
            wake_namespace(c.latest().and_then(|d| d.namespace()));
        }
    });
    hub.spawn(async move {
        actor.budgets.synced().await;
        actor.pods.synced().await;
        actor.sets.synced().await;
        actor.deployments.synced().await;
        let actor = &actor;
        drive("disruption-controller", queue, move |key| actor.clone().reconcile(key)).await;
    });
}

/// An absent selector selects nothing, an empty one everything.
fn selector(budget: &PodDisruptionBudget) -> Option<Selector> {
    budget.spec.as_ref()?.selector.as_ref().map(Selector::of)
}

impl Actor {
    async fn reconcile(self, key: Key) -> kube::Result<Next> {
        let Some(budget) = self.budgets.get(&key) else { return Ok(None) };
        let mut pods = match selector(&budget) {
            Some(_) => self.pods.in_namespace(&key.namespace),
            None => Vec::new(),
        };
        if let Some(selector) = selector(&budget) {
            pods.retain(|p| selector.matches(p.metadata.labels.as_ref()));
        }
        let now = self.ctx.now();
        let (status, next) = match self.desired(&budget, &pods).await? {
            Ok((expected, desired)) => next_status(&budget, &pods, expected, desired, now),
            Err(Unknown(message)) => (failed(&budget, &message, now), None),
        };
        if budget.status.as_ref() == Some(&status) {
            return Ok(next);
        }
        let update = PodDisruptionBudget { status: Some(status), ..PodDisruptionBudget::clone(&budget) };
        let api = self.ctx.api::<PodDisruptionBudget>(&key.namespace);
        match api.replace_status(&key.name, &PostParams::default(), &update).await {
            Ok(written) => self.budgets.seen(&written).await,
            Err(e) if is_not_found(&e) => return Ok(None),
            Err(e) => return Err(e),
        }
        Ok(next)
    }

    /// How many pods there should be, and how many of them healthy.
    async fn desired(
        &self,
        budget: &PodDisruptionBudget,
        pods: &[Arc<Pod>],
    ) -> kube::Result<Result<(i32, i32), Unknown>> {
        let spec = budget.spec.clone().unwrap_or_default();
        let count = i32::try_from(pods.len()).unwrap_or(i32::MAX);
        if let Some(IntOrString::Int(n)) = spec.min_available {
            return Ok(Ok((count, n)));
        }
        let expected = match self.expected(pods).await? {
            Ok(expected) => expected,
            Err(unknown) => return Ok(Err(unknown)),
        };
        let resolve = |v: &IntOrString| percent_or_int(v, expected, true).unwrap_or_default();
        Ok(Ok(match (&spec.max_unavailable, &spec.min_available) {
            (Some(max), _) => (expected, (expected - resolve(max)).max(0)),
            (None, Some(min)) => (expected, resolve(min)),
            (None, None) => (count, 0),
        }))
    }
}

fn next_status(
    budget: &PodDisruptionBudget,
    pods: &[Arc<Pod>],
    expected: i32,
    desired: i32,
    now: Timestamp,
) -> (PodDisruptionBudgetStatus, Next) {
    let old = budget.status.clone().unwrap_or_default();
    // Evictions that were granted but have not taken effect in the cache yet.
    let mut disrupted = old.disrupted_pods.unwrap_or_default();
    let mut next: Next = None;
    disrupted.retain(|name, since| {
        let pod = pods.iter().find(|p| p.name_any() == *name);
        let left = since.0.checked_add(EVICTION_TIMEOUT).unwrap_or(since.0).duration_since(now);
        let left = Duration::try_from(left).ok().filter(|l| !l.is_zero());
        let keep = pod.is_some_and(|p| !is_terminating(p)) && left.is_some();
        if keep {
            next = next.into_iter().chain(left).min();
        }
        keep
    });
    let healthy = pods.iter().filter(|p| is_ready(p) && !is_terminating(p) && !disrupted.contains_key(&p.name_any()));
    let healthy = i32::try_from(healthy.count()).unwrap_or(i32::MAX);
    let allowed = if expected <= 0 { 0 } else { (healthy - desired).max(0) };
    let (state, reason) = if allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
    let status = PodDisruptionBudgetStatus {
        conditions: Some(condition(budget, state, reason, "", now)),
        current_healthy: healthy,
        desired_healthy: desired,
        disrupted_pods: Some(disrupted).filter(|d| !d.is_empty()),
        disruptions_allowed: allowed,
        expected_pods: expected,
        observed_generation: budget.metadata.generation,
    };
    (status, next)
}

/// No disruption is allowed while the number of expected pods is unknown.
fn failed(budget: &PodDisruptionBudget, message: &str, now: Timestamp) -> PodDisruptionBudgetStatus {
    PodDisruptionBudgetStatus {
        conditions: Some(condition(budget, "False", "SyncFailed", message, now)),
        disruptions_allowed: 0,
        observed_generation: budget.metadata.generation,
        ..budget.status.clone().unwrap_or_default()
    }
}

fn condition(
    budget: &PodDisruptionBudget,
    status: &str,
    reason: &str,
    message: &str,
    now: Timestamp,
) -> Vec<Condition> {
    let mut all = budget.status.as_ref().and_then(|s| s.conditions.clone()).unwrap_or_default();
    let old = all.iter().find(|c| c.type_ == ALLOWED && c.status == status);
    let since = old.map_or_else(|| whole_seconds(now), |c| c.last_transition_time.clone());
    all.retain(|c| c.type_ != ALLOWED);
    all.push(Condition {
        type_: ALLOWED.into(),
        status: status.into(),
        reason: reason.into(),
        message: message.into(),
        last_transition_time: since,
        observed_generation: budget.metadata.generation,
    });
    all
}
