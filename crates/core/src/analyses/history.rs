//! Deleting old runs (analysis.md §5.2).

use crate::Effect;
use crate::analysis::Phase;
use crate::analysis::completed;
use crate::reconcile::Reconcile;
use rollouts_api::analysis::AnalysisRun;
use rollouts_api::{RolloutStatus, names};

impl Reconcile<'_> {
    /// Deletes ended runs that nobody will look at again: those of ReplicaSets that are gone, and the oldest of the
    /// others above the limits.
    pub(super) fn delete_old_runs(&mut self) {
        let named: Vec<String> = self.named_runs().into_iter().chain(entries(&self.ro.status)).collect();
        let runs = self.snapshot.analysis_runs.iter().filter(|run| {
            let ended = completed(&run.status.phase) && run.metadata.deletion_timestamp.is_none();
            ended && !named.contains(&run.metadata.name)
        });
        let (mut kept, gone): (Vec<_>, Vec<_>) = runs.partition(|run| self.has_replica_set(run));
        kept.sort_by(|a, b| age(b).cmp(&age(a)));
        let limit = |n: i32| usize::try_from(n).unwrap_or(0);
        let successes = limit(self.ro.spec.successful_run_history_limit());
        let failures = limit(self.ro.spec.unsuccessful_run_history_limit());
        let (good, bad): (Vec<_>, Vec<_>) = kept.into_iter().partition(|run| is_success(run));
        for run in gone {
            self.delete_run(run, "there is no ReplicaSet any more that it has measured");
        }
        for run in good.into_iter().skip(successes) {
            self.delete_run(run, &format!("analysis.successfulRunHistoryLimit is {successes}"));
        }
        for run in bad.into_iter().skip(failures) {
            self.delete_run(run, &format!("analysis.unsuccessfulRunHistoryLimit is {failures}"));
        }
    }

    fn has_replica_set(&self, run: &AnalysisRun) -> bool {
        let hash = run.metadata.label(names::POD_TEMPLATE_HASH).unwrap_or_default();
        self.set_with_hash(hash).is_some_and(|set| set.metadata.deletion_timestamp.is_none())
    }

    fn delete_run(&mut self, run: &AnalysisRun, why: &str) {
        self.push(Effect::DeleteAnalysisRun { name: run.metadata.name.clone() }, why);
    }
}

fn entries(status: &RolloutStatus) -> impl Iterator<Item = String> {
    super::Kind::ALL.into_iter().filter_map(|kind| kind.entry(status)).map(|e| e.name.clone())
}

fn age(run: &AnalysisRun) -> (Option<rollouts_api::Time>, &str) {
    (run.metadata.creation_timestamp, &run.metadata.name)
}

fn is_success(run: &AnalysisRun) -> bool {
    Phase::parse(&run.status.phase) == Some(Phase::Successful)
}
