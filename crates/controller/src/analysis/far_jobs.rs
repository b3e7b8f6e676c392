//! Jobs that their run cannot own, because they are in another namespace or cluster: nobody but us takes them away when
//! it is deleted.

use rollouts_api::analysis::{AnalysisRun, AnalysisRunStatus};
use rollouts_core::analysis::Phase;
use rollouts_kube::{Key, RequestError};
use rollouts_providers::job::Jobs;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The runs that may have such Jobs. What is deleted while no controller runs is not among them.
pub(super) struct FarJobs {
    jobs: Option<Jobs>,
    runs: Mutex<BTreeMap<Key, Arc<AnalysisRun>>>,
}

impl FarJobs {
    pub fn new(jobs: Option<Jobs>) -> Self {
        FarJobs { jobs, runs: Mutex::default() }
    }

    /// The run of that name as it is now; `None` if there is none. Ends the Jobs of one that is gone. After an error it
    /// has to be told again.
    pub async fn follow(&self, key: &Key, run: Option<&Arc<AnalysisRun>>) -> Result<(), RequestError> {
        let Some(jobs) = &self.jobs else { return Ok(()) };
        let known = self.lock().get(key).cloned();
        if let Some(gone) = known.filter(|known| run.is_none_or(|run| run.metadata.uid != known.metadata.uid)) {
            match jobs.end(&gone, &AnalysisRunStatus::default()).await {
                Err(error) if error.is_forbidden() => {
                    tracing::warn!(analysisrun = %key, "Cannot end the Jobs of a run that is gone: {error}");
                }
                answer => answer?,
            }
        }
        match run.filter(|run| !jobs.can_be_owned(run) && may_have_jobs(run)) {
            Some(run) => self.lock().insert(key.clone(), Arc::clone(run)),
            None => self.lock().remove(key),
        };
        Ok(())
    }

    /// How many runs those are.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Arc<AnalysisRun>>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn may_have_jobs(run: &AnalysisRun) -> bool {
    let has_ended = Phase::parse(&run.status.phase).is_some_and(Phase::is_completed);
    !has_ended && run.spec.metrics.iter().any(|metric| metric.provider.job.is_some())
}
