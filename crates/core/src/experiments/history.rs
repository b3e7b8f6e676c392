//! Deleting old Experiments, by the same rules as AnalysisRuns (analysis.md §5.2).

use super::outcome;
use crate::Effect;
use crate::analyses::old_ones;
use crate::reconcile::Reconcile;

impl Reconcile<'_> {
    pub(super) fn delete_old_experiments(&mut self) {
        let protected = [self.named_experiment().to_string(), self.ro.status.canary.current_experiment.clone()];
        let experiments = self.snapshot.experiments.iter();
        let ended = experiments.map(|e| (&e.metadata, outcome(e).0));
        for (name, why) in old_ones(self, ended, &protected) {
            self.push(Effect::DeleteExperiment { name }, why);
        }
    }
}
