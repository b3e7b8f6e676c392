//! Jobs that their run cannot own, because they are in another namespace or cluster: nobody but us takes them away when
//! it is deleted.

use crate::executor::bodies::MetaOnly;
use rollouts_api::analysis::{AnalysisRun, AnalysisRunStatus};
use rollouts_core::analysis::Phase;
use rollouts_kube::{Key, RequestError, Rest, resource};
use rollouts_providers::job::{Job, JobOf, Jobs};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The runs that may have such Jobs, and such Jobs whose run nobody has looked for yet: it may have been deleted while no
/// controller ran.
pub(super) struct FarJobs {
    jobs: Option<Jobs>,
    /// To the AnalysisRuns.
    rest: Rest,
    /// The only namespace whose runs are ours.
    namespace: Option<String>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    runs: BTreeMap<Key, Arc<AnalysisRun>>,
    /// By run: running Jobs, with the uid of the run that they say they are of.
    seen: BTreeMap<Key, BTreeMap<Key, String>>,
}

impl FarJobs {
    pub fn new(jobs: Option<Jobs>, rest: Rest, namespace: Option<String>) -> Self {
        FarJobs { jobs, rest, namespace, known: Mutex::default() }
    }

    /// A Job has appeared. Gives the run that is to be looked for, if nobody but us would take the Job away.
    pub fn appeared(&self, job: &Job) -> Option<Key> {
        let of = job.of().filter(|_| job.metadata.controller().is_none() && !job.has_ended())?;
        if self.namespace.as_ref().is_some_and(|namespace| *of.run.namespace != **namespace) {
            return None;
        }
        let JobOf { run, uid, .. } = of;
        self.lock().seen.entry(run.clone()).or_default().insert(Key::of(&job.metadata), uid);
        Some(run)
    }

    /// A Job is gone.
    pub fn went(&self, job: &Job) {
        let Some(of) = job.of() else { return };
        let mut known = self.lock();
        if let Some(seen) = known.seen.get_mut(&of.run) {
            seen.remove(&Key::of(&job.metadata));
            if seen.is_empty() {
                known.seen.remove(&of.run);
            }
        }
    }

    /// The run of that name as it is now; `None` if there is none. Ends the Jobs of one that is gone. After an error it
    /// has to be told again.
    pub async fn follow(&self, key: &Key, run: Option<&Arc<AnalysisRun>>) -> Result<(), RequestError> {
        let Some(jobs) = &self.jobs else { return Ok(()) };
        let known = self.lock().runs.get(key).cloned();
        if let Some(gone) = known.filter(|known| run.is_none_or(|run| run.metadata.uid != known.metadata.uid)) {
            match jobs.end(&gone, &AnalysisRunStatus::default()).await {
                Err(error) if error.is_forbidden() => {
                    tracing::warn!(analysisrun = %key, "Cannot end the Jobs of a run that is gone: {error}");
                }
                answer => answer?,
            }
        }
        match run.filter(|run| !jobs.can_be_owned(run) && may_have_jobs(run)) {
            Some(run) => self.lock().runs.insert(key.clone(), Arc::clone(run)),
            None => self.lock().runs.remove(key),
        };
        self.end_left_behind(jobs, key, run).await
    }

    /// Ends the Jobs that say they are of a run of this name which is gone. The cache shows only the runs of our
    /// instance, so the API server is asked.
    async fn end_left_behind(
        &self,
        jobs: &Jobs,
        key: &Key,
        run: Option<&Arc<AnalysisRun>>,
    ) -> Result<(), RequestError> {
        let mut seen = self.lock().seen.get(key).cloned().unwrap_or_default();
        seen.retain(|_, uid| run.is_none_or(|run| run.metadata.uid != *uid));
        if !seen.is_empty() {
            match self.rest.get_opt::<MetaOnly>(&resource::ANALYSIS_RUNS, &key.namespace, &key.name).await {
                Ok(run) => seen.retain(|_, uid| run.as_ref().is_none_or(|run| run.metadata.uid != *uid)),
                // Nobody can tell whose they are.
                Err(error) if error.is_forbidden() => seen.clear(),
                Err(error) => return Err(error),
            }
        }
        for (job, uid) in seen {
            match jobs.end_left_behind(&job, &uid).await {
                Err(error) if error.is_forbidden() => {
                    tracing::warn!(analysisrun = %key, job = %job, "Cannot end the Job of a run that is gone: {error}");
                }
                answer => answer?,
            }
        }
        self.lock().seen.remove(key);
        Ok(())
    }

    /// How many runs there are that may have such Jobs, or are to be looked for.
    pub fn len(&self) -> usize {
        let known = self.lock();
        known.runs.len() + known.seen.len()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        // Nothing inside panics.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn may_have_jobs(run: &AnalysisRun) -> bool {
    let has_ended = Phase::parse(&run.status.phase).is_some_and(Phase::is_completed);
    !has_ended && run.spec.metrics.iter().any(|metric| metric.provider.job.is_some())
}
