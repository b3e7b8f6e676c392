//! Measurements that are being taken, and answers that wait to be written.
//!
//! A measurement that is asked for is a task of its own. Its answer is kept here until a plan that wrote it says so;
//! whatever is lost with the process is asked for again by the next one.

use futures::FutureExt;
use rollouts_api::Clock;
use rollouts_api::analysis::{AnalysisRun, Measurement};
use rollouts_core::analysis::Phase;
use rollouts_core::analysis::run::{Answer, Ask, Measuring, Task};
use rollouts_kube::{Key, Queue};
use rollouts_providers::Providers;
use rollouts_providers::job::JobOf;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Measurements taken at once; others wait for their turn.
pub(crate) const MEASUREMENTS_AT_ONCE_MAX: usize = 100;

/// All that is out. Clones share it.
#[derive(Clone)]
pub(crate) struct Measurements(Arc<Inner>);

struct Inner {
    providers: Providers,
    clock: Clock,
    /// Of runs: each answer puts its run in.
    queue: Queue<Key>,
    permits: Semaphore,
    stop: CancellationToken,
    runs: Mutex<BTreeMap<Key, OfRun>>,
}

/// What is out of one run.
struct OfRun {
    /// Another run of that name is another run.
    uid: String,
    metrics: BTreeMap<String, Out>,
    /// Metrics whose Job has ended, and was not looked at since.
    ended: BTreeSet<String>,
}

impl OfRun {
    fn new(uid: &str) -> Self {
        OfRun { uid: uid.to_owned(), metrics: BTreeMap::new(), ended: BTreeSet::new() }
    }
}

/// One measurement.
struct Out {
    measuring: Measuring,
    /// How many of its metric had ended when it was asked for.
    after: i64,
    /// Cancelled when nobody waits for it any more, and then it is not this one that answers.
    task: CancellationToken,
}

impl Drop for Out {
    fn drop(&mut self) {
        self.task.cancel();
    }
}

impl Measurements {
    /// Measures with `providers` until `stop` is cancelled; then everything that is out is dropped.
    pub fn new(providers: Providers, clock: Clock, queue: Queue<Key>, stop: CancellationToken) -> Self {
        let permits = Semaphore::new(MEASUREMENTS_AT_ONCE_MAX);
        Measurements(Arc::new(Inner { providers, clock, queue, permits, stop, runs: Mutex::default() }))
    }

    /// What measures.
    pub fn providers(&self) -> &Providers {
        &self.0.providers
    }

    /// What is out of a run, by metric.
    pub fn of(&self, run: &AnalysisRun) -> BTreeMap<String, Measuring> {
        let mut runs = self.0.lock();
        let key = Key::of(&run.metadata);
        if runs.get(&key).is_some_and(|of_run| of_run.uid != run.metadata.uid) {
            runs.remove(&key);
        }
        if let Some(of_run) = runs.get_mut(&key) {
            // What was asked for stands there already: by a write of ours that was not answered, or by another
            // controller. It must not count twice.
            of_run.metrics.retain(|metric, out| out.after == taken(run, metric));
        }
        let out = runs.get(&key).into_iter().flat_map(|of_run| &of_run.metrics);
        out.map(|(metric, out)| (metric.clone(), out.measuring.clone())).collect()
    }

    /// A Job has ended: its run looks at it.
    pub fn ended(&self, JobOf { run, uid, metric }: JobOf) {
        {
            let mut runs = self.0.lock();
            let of_run = runs.entry(run.clone()).or_insert_with(|| OfRun::new(&uid));
            // A late word of a run that is gone.
            if of_run.uid != uid {
                return;
            }
            of_run.ended.insert(metric);
        }
        self.0.queue.add(run);
    }

    /// Metrics of a run whose Job has ended and was not looked at since.
    pub fn ended_of(&self, run: &AnalysisRun) -> BTreeSet<String> {
        let runs = self.0.lock();
        let of_run = runs.get(&Key::of(&run.metadata)).filter(|of_run| of_run.uid == run.metadata.uid);
        of_run.map(|of_run| of_run.ended.clone()).unwrap_or_default()
    }

    /// Begins a measurement.
    pub fn begin(&self, run: &Arc<AnalysisRun>, task: Task) {
        let (key, uid) = (Key::of(&run.metadata), &run.metadata.uid);
        let token = self.0.stop.child_token();
        let measuring = Measuring::Asked { ask: task.ask, since: self.0.clock.now() };
        let out = Out { measuring, after: taken(run, &task.metric), task: token.clone() };
        {
            let mut runs = self.0.lock();
            let of_run = runs.entry(key.clone()).or_insert_with(|| OfRun::new(uid));
            if of_run.uid != *uid {
                *of_run = OfRun::new(uid);
            }
            of_run.ended.remove(&task.metric);
            of_run.metrics.insert(task.metric.clone(), out);
        }
        let (inner, run) = (Arc::clone(&self.0), Arc::clone(run));
        tokio::spawn(async move {
            let answer = tokio::select! {
                biased;
                () = token.cancelled() => return,
                answer = inner.measure(&run, &task) => answer,
            };
            inner.answered(&key, &task, &token, answer);
        });
    }

    /// Forgets these metrics of a run: their measurements are cancelled, their answers were written or are of no use.
    pub fn forget<'a>(&self, key: &Key, metrics: impl IntoIterator<Item = &'a String>) {
        let mut runs = self.0.lock();
        let Some(of_run) = runs.get_mut(key) else { return };
        for metric in metrics {
            of_run.metrics.remove(metric);
        }
        if of_run.metrics.is_empty() && of_run.ended.is_empty() {
            runs.remove(key);
        }
    }

    /// How many measurements are out, and Jobs that have ended and were not looked at.
    pub fn len(&self) -> usize {
        self.0.lock().values().map(|of_run| of_run.metrics.len() + of_run.ended.len()).sum()
    }

    /// The run is gone.
    pub fn gone(&self, key: &Key) {
        self.0.lock().remove(key);
    }
}

impl Inner {
    async fn measure(&self, run: &AnalysisRun, task: &Task) -> Answer {
        // It is never closed.
        let _permit = self.permits.acquire().await;
        let answer = AssertUnwindSafe(self.providers.answer(run, task)).catch_unwind().await;
        answer.unwrap_or_else(|_| {
            let message = "the measurement was given up: a mistake in the controller, which its log tells of".into();
            let (phase, previous) = (Phase::Error.to_string(), task.measurement.clone().unwrap_or_default());
            let measurement = Measurement { phase, message, ..previous };
            Answer::Measured { measurement, metadata: BTreeMap::new() }
        })
    }

    fn answered(&self, key: &Key, task: &Task, token: &CancellationToken, answer: Answer) {
        let Task { metric, ask, .. } = task;
        tell(key, metric, *ask, &answer);
        let mut runs = self.lock();
        let out = runs.get_mut(key).and_then(|of_run| of_run.metrics.get_mut(metric));
        // Cancelled in this moment, and maybe begun again.
        if let Some(out) = out.filter(|_| !token.is_cancelled()) {
            out.measuring = Measuring::Answered { ask: *ask, at: self.clock.now(), answer };
            drop(runs);
            self.queue.add(key.clone());
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, OfRun>> {
        // Nothing inside panics.
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many measurements of `metric` have ended. Whatever is dropped of them, this only grows.
fn taken(run: &AnalysisRun, metric: &str) -> i64 {
    let result = run.status.metric_results.iter().find(|result| result.name == metric);
    result.map_or(0, |result| i64::from(result.count) + i64::from(result.error))
}

fn tell(run: &Key, metric: &str, ask: Ask, answer: &Answer) {
    match answer {
        Answer::Measured { measurement: Measurement { phase, message, .. }, .. } => {
            let what = ask.as_str();
            tracing::info!(analysisrun = %run, metric, "Measurement ({what}) completed. Result: {phase} {message}");
        }
        Answer::Unresolved(problem) => tracing::warn!(analysisrun = %run, metric, "{problem}"),
    }
}
