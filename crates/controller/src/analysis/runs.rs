//! One AnalysisRun of the queue: snapshot, plan, apply.

use super::far_jobs::FarJobs;
use super::measuring::Measurements;
use super::writer::Writer;
use super::{Analyses, jobs};
use crate::Options;
use crate::executor::CATCH_UP;
use crate::metrics::PerObject;
use rollouts_api::Clock;
use rollouts_api::analysis::AnalysisRun;
use rollouts_core::analysis::Phase;
use rollouts_core::analysis::run::{self, RunSnapshot};
use rollouts_kube::events::Recorder;
use rollouts_kube::queue::{Next, Queue, run_workers};
use rollouts_kube::{Cache, Key, RequestError, Rest, Troubles};
use rollouts_providers::Tools;
use std::sync::Arc;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Looks after AnalysisRuns.
pub(crate) struct Runs {
    cache: Cache<AnalysisRun>,
    measurements: Measurements,
    writer: Writer,
    far_jobs: Arc<FarJobs>,
    troubles: Troubles,
    clock: Clock,
    options: run::Options,
    workers: usize,
    queue: Queue<Key>,
    /// What is being measured ends with this.
    _measuring: DropGuard,
}

/// What the controller has for all its parts.
pub(crate) struct RunTools<'a> {
    pub rest: &'a Rest,
    pub recorder: &'a Recorder,
    pub troubles: &'a Troubles,
    pub stop: &'a CancellationToken,
}

impl Runs {
    /// Nothing is measured before [`Runs::work`]. `queue` is that of AnalysisRuns.
    pub fn new(analyses: &Analyses, queue: &Queue<Key>, options: &Options, tools: &RunTools<'_>) -> Self {
        let RunTools { rest, recorder, troubles, stop } = *tools;
        let (cache, clock) = (analyses.runs.clone(), options.clock.clone());
        let measuring = stop.child_token();
        let providers = options.measuring.providers(rest, &clock);
        let measurements = Measurements::new(providers, clock.clone(), queue.clone(), measuring.clone());
        let jobs = measurements.providers().tools().jobs.clone();
        let far_jobs = Arc::new(FarJobs::new(jobs.clone(), rest.clone(), options.namespace.clone()));
        if let Some(jobs) = &jobs {
            jobs::watch(jobs, options.namespace.as_deref(), &measurements, (&far_jobs, queue), troubles, stop);
        }
        Runs {
            cache,
            measurements,
            far_jobs,
            writer: Writer::new(rest.clone(), recorder.clone(), jobs),
            troubles: troubles.clone(),
            clock,
            options: run::Options { inconclusive_over_failed: options.measuring.inconclusive_over_failed },
            workers: options.analysis_workers,
            queue: queue.clone(),
            _measuring: measuring.drop_guard(),
        }
    }

    /// Looks after the runs of the queue until it is shut down.
    pub async fn work(self: Arc<Self>, counters: PerObject) {
        let (workers, queue, runs) = (self.workers, self.queue.clone(), self);
        let look = move |key: Key| {
            let (runs, counters) = (Arc::clone(&runs), counters.clone());
            async move {
                let is_there = runs.cache.get(&key.namespace, &key.name).is_some();
                counters.counted(&key, is_there, runs.reconcile(key.clone())).await
            }
        };
        run_workers(workers, queue, look).await;
    }

    /// What measurements are taken with.
    pub fn tools(&self) -> &Tools {
        self.measurements.providers().tools()
    }

    /// How many things are remembered, by what they are.
    pub fn held(&self) -> Vec<(&'static str, usize)> {
        vec![
            ("measurements", self.measurements.len()),
            ("unseen writes", self.writer.unseen()),
            ("runs with Jobs elsewhere", self.far_jobs.len()),
        ]
    }

    async fn reconcile(&self, key: Key) -> Next {
        let found = self.cache.get(&key.namespace, &key.name);
        if let Err(error) = self.far_jobs.follow(&key, found.as_ref()).await {
            self.troubles.failed(format_args!("analysisrun {key}"), &error);
            return Next::Failed;
        }
        let Some(run) = found else {
            // One that cannot be read any more is measured no more.
            self.measurements.gone(&key);
            self.writer.forget(&key);
            self.troubles.worked(format_args!("analysisrun {key}"));
            return Next::Done;
        };
        if self.writer.behind(&key, &self.cache) {
            return Next::After(CATCH_UP);
        }
        let measuring = self.measurements.of(&run);
        let ended = self.measurements.ended_of(&run);
        let snapshot = RunSnapshot { run, measuring, ended, options: self.options };
        let plan = run::plan(&snapshot, self.clock.now());
        if !plan.is_idle() {
            tracing::debug!(analysisrun = %key, "Plan:\n{plan}");
        }
        self.measurements.forget(&key, &plan.cancels);
        let applied = self.writer.apply(&snapshot.run, &plan).await;
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
