//! Experiments: the way of each is that of every object: cache, snapshot, plan, apply (analysis.md §6).

mod caches;
mod obstacles;
mod snapshots;
mod writer;

pub(crate) use caches::{cache, of, waiting_for};

use crate::caches::Caches;
use crate::executor::CATCH_UP;
use crate::pace::Pace;
use crate::warnings::Warnings;
use obstacles::Obstacles;
use rollouts_api::Clock;
use rollouts_core::experiment;
use rollouts_kube::events::Recorder;
use rollouts_kube::queue::Next;
use rollouts_kube::{Key, RequestError, Rest};
use writer::{Applied, Writer};

/// Looks after Experiments.
pub(crate) struct Experiments {
    caches: Caches,
    writer: Writer,
    obstacles: Obstacles,
    warnings: Warnings,
    clock: Clock,
    pace: Pace,
}

impl Experiments {
    pub fn new(caches: Caches, rest: Rest, recorder: Recorder, clock: Clock) -> Self {
        let writer = Writer::new(rest, recorder);
        let (obstacles, warnings) = (Obstacles::default(), Warnings::default());
        Experiments { caches, writer, obstacles, warnings, clock, pace: Pace::of("experiment") }
    }

    pub async fn reconcile(&self, key: Key) -> Next {
        let troubles = &self.caches.troubles;
        let Some(experiment) = self.caches.experiments.get(&key.namespace, &key.name) else {
            self.writer.forget(&key);
            self.obstacles.forget(&key);
            self.warnings.forget(&key);
            self.pace.forget(&key);
            troubles.worked(format_args!("experiment {key}"));
            return Next::Done;
        };
        if self.writer.behind(&key, &self.caches) {
            return Next::After(CATCH_UP);
        }
        if let Some(rest) = self.pace.rest(&key) {
            return Next::After(rest);
        }
        let snapshot = snapshots::take(experiment, &self.caches, &self.obstacles);
        let plan = experiment::plan(&snapshot, self.clock.now());
        if !plan.is_idle() {
            tracing::debug!(experiment = %key, "Plan:\n{plan}");
            self.pace.note(&key);
        }
        let meta = &snapshot.experiment.metadata;
        self.warnings.tell(meta, &plan.warnings, |warning| self.writer.warn(meta, warning));
        let applied = self.writer.apply(&snapshot, &plan).await;
        let is_late = |e: &RequestError| e.is_conflict() || e.is_not_found() || e.is_already_exists();
        let who = format_args!("experiment {key}");
        match &applied {
            Err(error) if !is_late(error) => troubles.failed(who, error),
            _ => troubles.worked(who),
        }
        match applied {
            Ok(Applied::All) => {
                self.obstacles.forget(&key);
                plan.wake_at.map_or(Next::Done, Next::At)
            }
            Ok(Applied::Obstacle(obstacle)) => {
                self.obstacles.insert(&key, obstacle);
                Next::Failed
            }
            Ok(Applied::Gone) => Next::Done,
            Err(error) => {
                tracing::debug!(experiment = %key, "Again: {error}");
                Next::Failed
            }
        }
    }
}
