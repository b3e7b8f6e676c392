//! One AnalysisRun of the queue: snapshot, plan, apply.

use super::Measurements;
use super::writer::{Lost, Writer};
use crate::Options;
use crate::caches::Caches;
use crate::executor::CATCH_UP;
use rollouts_api::Clock;
use rollouts_api::analysis::AnalysisRun;
use rollouts_core::analysis::Phase;
use rollouts_core::analysis::run::{self, RunSnapshot};
use rollouts_kube::queue::Next;
use rollouts_kube::{Cache, Key, RequestError, Troubles};
use std::sync::Arc;

/// Looks after AnalysisRuns.
pub(crate) struct Runs {
    cache: Cache<AnalysisRun>,
    measurements: Measurements,
    writer: Writer,
    /// Writes of which nobody knows whether they took effect.
    lost: Lost,
    troubles: Troubles,
    clock: Clock,
    options: run::Options,
}

impl Runs {
    pub fn new(caches: &Caches, measurements: Measurements, writer: Writer, options: &Options) -> Self {
        let (cache, troubles) = (caches.analyses.runs.clone(), caches.troubles.clone());
        let clock = options.clock.clone();
        let options = run::Options { inconclusive_over_failed: options.measuring.inconclusive_over_failed };
        Runs { cache, measurements, writer, lost: Lost::default(), troubles, clock, options }
    }

    pub async fn reconcile(&self, key: Key) -> Next {
        let Some(run) = self.cache.get(&key.namespace, &key.name) else {
            // One that cannot be read any more is measured no more.
            self.measurements.gone(&key);
            self.writer.forget(&key);
            self.lost.forget(&key);
            self.troubles.worked(format_args!("analysisrun {key}"));
            return Next::Done;
        };
        if self.writer.behind(&key, &self.cache) {
            return Next::After(CATCH_UP);
        }
        self.measurements.forget(&key, &self.lost.found(&key, &run));
        let measuring = self.measurements.of(&run);
        let ended = self.measurements.ended_of(&run);
        let snapshot = RunSnapshot { run, measuring, ended, options: self.options };
        let plan = run::plan(&snapshot, self.clock.now());
        if !plan.is_idle() {
            tracing::debug!(analysisrun = %key, "Plan:\n{plan}");
        }
        self.measurements.forget(&key, &plan.cancels);
        let applied = self.writer.apply(&snapshot.run, &plan, &self.lost).await;
        let is_late = |e: &RequestError| e.is_conflict() || e.is_not_found();
        let who = format_args!("analysisrun {key}");
        match &applied {
            Err(error) if !is_late(error) => self.troubles.failed(who, error),
            _ => self.troubles.worked(who),
        }
        if let Err(error) = applied {
            tracing::debug!(analysisrun = %key, "Again: {error}");
            return Next::Failed;
        }
        self.measurements.forget(&key, &plan.consumed);
        let run: &Arc<AnalysisRun> = &snapshot.run;
        for task in plan.tasks {
            self.measurements.begin(run, task);
        }
        if Phase::parse(&run.status.phase).is_some_and(Phase::is_completed) {
            self.measurements.gone(&key);
        }
        plan.wake_at.map_or(Next::Done, Next::At)
    }
}
