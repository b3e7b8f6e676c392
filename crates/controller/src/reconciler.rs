//! One key of the queue: snapshot, plan, apply.

use crate::caches::Caches;
use crate::executor::{Applied, Executor};
use crate::hidden::Hidden;
use crate::inquiries::Inquiries;
use crate::malformed::Malformed;
use crate::pace::Pace;
use crate::snapshots;
use crate::warnings::Warnings;
use crate::workloads::FIRST_LIST_MAX;
use rollouts_api::Clock;
use rollouts_core::Snapshot;
use rollouts_kube::queue::Next;
use rollouts_kube::{Key, RequestError};

pub(crate) struct Reconciler {
    caches: Caches,
    executor: Executor,
    inquiries: Inquiries,
    clock: Clock,
    hidden: Hidden,
    malformed: Malformed,
    warnings: Warnings,
    pace: Pace,
}

impl Reconciler {
    pub fn new(caches: Caches, executor: Executor, inquiries: Inquiries, clock: Clock) -> Self {
        let (hidden, malformed, warnings) = (Hidden::default(), Malformed::default(), Warnings::default());
        Reconciler { caches, executor, inquiries, clock, hidden, malformed, warnings, pace: Pace::of("rollout") }
    }

    /// Waits until every cache holds what the API server held at the start; for those of Deployments only some time.
    pub async fn synced(&self) {
        self.caches.rollouts.synced().await;
        self.caches.replica_sets.synced().await;
        self.caches.services.synced().await;
        // Not all may list Deployments, or what belongs to analyses; whatever is missing then comes later.
        let debts = tokio::time::timeout(FIRST_LIST_MAX, self.caches.scaled_down.synced());
        let analyses = tokio::time::timeout(FIRST_LIST_MAX, self.caches.analyses.synced());
        let experiments = tokio::time::timeout(FIRST_LIST_MAX, self.caches.experiments.synced());
        let _ =
            tokio::join!(self.caches.workloads.synced(), self.caches.routers.synced(), debts, analyses, experiments);
    }

    pub async fn reconcile(&self, key: Key) -> Next {
        if let Some(malformed) = self.caches.rollouts.get_malformed(&key.namespace, &key.name) {
            return self.malformed.tell(&self.executor, &self.caches.troubles, &malformed, self.clock.now()).await;
        }
        self.malformed.forget(&key);
        let Some(ro) = self.caches.rollouts.get(&key.namespace, &key.name) else {
            self.executor.forget(&key);
            self.warnings.forget(&key);
            self.hidden.forget(&key);
            self.caches.routers.forget(&key);
            self.inquiries.forget(&key);
            self.pace.forget(&key);
            self.caches.troubles.worked(format_args!("rollout {key}"));
            return Next::Done;
        };
        if self.executor.behind(&key, &self.caches) {
            // The caches have not seen our own last writes yet; their arrival brings the key back.
            return Next::After(crate::executor::CATCH_UP);
        }
        if let Some(rest) = self.pace.rest(&key) {
            return Next::After(rest);
        }
        let snapshot = match snapshots::take(ro, &self.caches, &self.hidden, self.executor.rest()).await {
            Ok(snapshot) => {
                let answers = self.inquiries.answers(&snapshot.rollout.metadata);
                Snapshot { answers, ..snapshot }
            }
            Err(error) => {
                self.caches.troubles.failed(format_args!("rollout {key}"), &error);
                return Next::Failed;
            }
        };
        let plan = rollouts_core::plan(&snapshot, self.clock.now());
        if !plan.is_idle() {
            tracing::debug!(rollout = %key, "Plan:\n{plan}");
            self.pace.note(&key);
        } else {
            tracing::trace!(rollout = %key, "Plan:\n{plan}");
        }
        let meta = &snapshot.rollout.metadata;
        self.warnings.tell(meta, &plan.warnings, |w| self.executor.warn(meta, &w.reason, &w.message));
        let applied = self.executor.apply(&snapshot, &plan).await;
        let (troubles, who) = (&self.caches.troubles, format_args!("rollout {key}"));
        // These are answers, too: the plan was made on an old state.
        let is_late = |e: &RequestError| e.is_conflict() || e.is_not_found() || e.is_already_exists();
        match &applied {
            Err(error) if !is_late(error) => troubles.failed(who, error),
            _ => troubles.worked(who),
        }
        match applied {
            Ok(Applied::All) => {
                self.hidden.forget(&key);
                self.inquiries.follow(meta, &plan.asks);
                plan.wake_at.map_or(Next::Done, Next::At)
            }
            Ok(Applied::Collision(set)) => {
                self.hidden.insert_set(*set);
                Next::Failed
            }
            Ok(Applied::RunCollision(run)) => {
                self.hidden.insert_run(&key, *run);
                Next::Failed
            }
            Ok(Applied::ExperimentCollision(experiment)) => {
                self.hidden.insert_experiment(&key, *experiment);
                Next::Failed
            }
            Ok(Applied::Gone) => Next::Done,
            Err(error) => {
                tracing::debug!(rollout = %key, "Again: {error}");
                Next::Failed
            }
        }
    }
}
