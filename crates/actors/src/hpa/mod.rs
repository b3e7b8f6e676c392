//! HorizontalPodAutoscalers scale from a scripted metric (see [`crate::annotations::METRIC`]).
//!
//! The metric stays what the annotation says however many pods there are, so an autoscaler whose metric is off its
//! target moves every [`PERIOD`] until it reaches a bound. Simplified against the real one: one value stands for all
//! metrics, all pods count as ready, the size at most doubles (or grows to four) in one period as without
//! `behavior`, and of `behavior` the stabilisation windows (scale-down 300 s by default) and `selectPolicy: Disabled`
//! are honoured, rate policies are not. Nothing happens while metric, bounds and size agree.

mod recommend;
mod status;
mod target;

use crate::machinery::{Context, Hub, Key, Next, Note, Queue, Store, drive, is_not_found};
use jiff::Timestamp;
use k8s_openapi::api::autoscaling::v2::{HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec};
use kube::ResourceExt;
use kube::api::PostParams;
use recommend::{History, Limits, Reading};
use status::Verdict;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use target::Targets;

const COMPONENT: &str = "horizontal-pod-autoscaler";
/// Between two changes of size.
const PERIOD: Duration = Duration::from_secs(15);

#[derive(Clone)]
struct Actor {
    ctx: Context,
    scalers: Arc<Store<HorizontalPodAutoscaler>>,
    targets: Targets,
    histories: Arc<Mutex<BTreeMap<Key, History>>>,
}

pub(crate) fn start(hub: &mut Hub) {
    let queue = Arc::new(Queue::new());
    let scalers: Arc<Store<HorizontalPodAutoscaler>> = hub.store();
    let targets = Targets::new(hub.ctx.client.clone(), scalers.clone(), queue.clone());
    let actor = Actor { ctx: hub.ctx.clone(), scalers, targets, histories: Arc::default() };
    let q = queue.clone();
    actor.scalers.on_change(move |c| c.latest().into_iter().for_each(|h| q.add(Key::of(&h.metadata))));
    hub.spawn(async move {
        actor.scalers.synced().await;
        let actor = &actor;
        drive(COMPONENT, queue, move |key| actor.clone().reconcile(key)).await;
    });
}

fn spec(hpa: &HorizontalPodAutoscaler) -> HorizontalPodAutoscalerSpec {
    hpa.spec.clone().unwrap_or_default()
}

impl Actor {
    async fn reconcile(self, key: Key) -> kube::Result<Next> {
        let Some(hpa) = self.scalers.get(&key) else {
            self.histories(|h| h.remove(&key));
            return Ok(None);
        };
        let now = self.ctx.now();
        let reference = spec(&hpa).scale_target_ref;
        let scale = match self.targets.scale(&key.namespace, &reference).await? {
            Ok(scale) => scale,
            Err(message) => {
                let verdict = Verdict::NoScale(message);
                return self.write(&key, &hpa, verdict, now).await.map(|()| None);
            }
        };
        let current = scale.replicas;
        if current == 0 && spec(&hpa).min_replicas != Some(0) {
            return self.write(&key, &hpa, Verdict::Disabled, now).await.map(|()| None);
        }
        let reading = Reading::of(&hpa);
        let limits = Limits::of(&hpa, current);
        // Without a metric only the bounds count.
        let wanted = reading.as_ref().map_or(current, |r| r.recommend(current));
        let (desired, look) =
            self.histories(|all| all.entry(key.clone()).or_default().stabilise(&limits, current, wanted, now));
        let since = hpa.status.as_ref().and_then(|s| s.last_scale_time.as_ref()).map(|t| t.0);
        if desired != current
            && let Some(rest) = since.and_then(|t| rest_of_period(t, now))
        {
            return Ok(Some(rest));
        }
        if desired != current {
            self.targets.resize(&scale, desired).await?;
            let why = if reading.is_none() {
                "Current number of replicas out of bounds"
            } else if desired > current {
                "metric above target"
            } else {
                "All metrics below target"
            };
            let message = format!("New size: {desired}; reason: {why}");
            self.ctx.events.normal(COMPONENT, &Note::on(hpa.as_ref()), "SuccessfulRescale", message);
        }
        let verdict = Verdict::Sized { current, desired, limited: limits.hit(wanted), reading: reading.map(Box::new) };
        self.write(&key, &hpa, verdict, now).await?;
        Ok(if desired != current { Some(PERIOD) } else { look })
    }

    fn histories<R>(&self, f: impl FnOnce(&mut BTreeMap<Key, History>) -> R) -> R {
        f(&mut self.histories.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn write(
        &self,
        key: &Key,
        hpa: &HorizontalPodAutoscaler,
        verdict: Verdict,
        now: Timestamp,
    ) -> kube::Result<()> {
        let status = status::next(hpa, &verdict, now);
        if hpa.status.as_ref() == Some(&status) {
            return Ok(());
        }
        let update = HorizontalPodAutoscaler { status: Some(status), ..hpa.clone() };
        let api = self.ctx.api::<HorizontalPodAutoscaler>(&key.namespace);
        match api.replace_status(&hpa.name_any(), &PostParams::default(), &update).await {
            Ok(written) => self.scalers.seen(&written).await,
            Err(e) if is_not_found(&e) => {}
            Err(e) => return Err(e),
        }
        Ok(())
    }
}

fn rest_of_period(last: Timestamp, now: Timestamp) -> Option<Duration> {
    let due = last.checked_add(PERIOD).unwrap_or(last);
    Duration::try_from(due.duration_since(now)).ok().filter(|d| !d.is_zero())
}
