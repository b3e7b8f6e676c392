//! Deleting old runs (analysis.md §5.2).

use super::Kind;
use crate::Effect;
use crate::analysis::{Phase, completed};
use crate::reconcile::Reconcile;
use rollouts_api::{ObjectMeta, names};

impl Reconcile<'_> {
    pub(super) fn delete_old_runs(&mut self) {
        let entries = Kind::ALL.into_iter().filter_map(|kind| kind.entry(&self.ro.status)).map(|e| e.name.clone());
        let protected: Vec<String> = self.named_runs().into_iter().chain(entries).collect();
        let runs = self.snapshot.analysis_runs.iter().map(|r| (&r.metadata, r.status.phase.as_str()));
        for (name, why) in old_ones(self, runs, &protected) {
            self.push(Effect::DeleteAnalysisRun { name }, why);
        }
    }

    fn has_replica_set(&self, meta: &ObjectMeta) -> bool {
        let hash = meta.label(names::POD_TEMPLATE_HASH).unwrap_or_default();
        self.set_with_hash(hash).is_some_and(|set| set.metadata.deletion_timestamp.is_none())
    }
}

/// Names of those runs, or Experiments, that have ended and that nobody will look at again, with the reason: those of
/// ReplicaSets that are gone, and the oldest of the others above the limits. `protected` are needed yet.
pub(crate) fn old_ones<'m>(
    r: &Reconcile<'_>,
    all: impl Iterator<Item = (&'m ObjectMeta, &'m str)>,
    protected: &[String],
) -> Vec<(String, String)> {
    let ended = all.filter(|(meta, phase)| {
        completed(phase) && meta.deletion_timestamp.is_none() && !protected.contains(&meta.name)
    });
    let (mut kept, gone): (Vec<_>, Vec<_>) = ended.partition(|(meta, _)| r.has_replica_set(meta));
    kept.sort_by_key(|(meta, _)| std::cmp::Reverse((meta.creation_timestamp, meta.name.as_str())));
    let (good, bad): (Vec<_>, Vec<_>) =
        kept.into_iter().partition(|(_, phase)| Phase::parse(phase) == Some(Phase::Successful));
    let limit = |n: i32| usize::try_from(n).unwrap_or(0);
    let successes = limit(r.ro.spec.successful_run_history_limit());
    let failures = limit(r.ro.spec.unsuccessful_run_history_limit());
    let gone = gone.into_iter().map(|(meta, _)| (meta, "its ReplicaSet is gone".to_string()));
    let good = good.into_iter().skip(successes);
    let good = good.map(|(meta, _)| (meta, format!("analysis.successfulRunHistoryLimit is {successes}")));
    let bad = bad.into_iter().skip(failures);
    let bad = bad.map(|(meta, _)| (meta, format!("analysis.unsuccessfulRunHistoryLimit is {failures}")));
    gone.chain(good).chain(bad).map(|(meta, why)| (meta.name.clone(), why)).collect()
}
