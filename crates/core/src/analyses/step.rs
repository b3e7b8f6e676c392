//! Analysis as a step of a canary (analysis.md §5.3).

use super::current::step_index;
use super::{Kind, configured, verdict};
use crate::reconcile::Reconcile;
use rollouts_api::rollout::CanaryStep;

impl Reconcile<'_> {
    pub(super) fn analyse_step(&mut self) {
        let analysis = self.current_step().and_then(|step| configured(step.analysis.as_ref()));
        let Some(analysis) = analysis.cloned() else {
            return self.runs.drop(Kind::Step);
        };
        let index = self.step_number();
        let of_another = self.current_run(Kind::Step).is_some_and(|run| step_index(&run) != Some(index));
        if of_another {
            // A human went to another step. That the old run is no more is seen before the new one comes.
            self.runs.drop(Kind::Step);
        } else if let Some(run) = self.valid_run(Kind::Step) {
            self.judge(Kind::Step, &run);
        } else if self.ro.status.pause_conditions.is_empty() {
            self.make_run(Kind::Step, &analysis);
        } else {
            self.note(format!("the analysis of step {index} waits for the end of the pause"));
        }
    }

    /// Whether the analysis of the current step, which `step` is, lets the update go on.
    pub(crate) fn step_analysis_over(&self, step: &CanaryStep) -> bool {
        if configured(step.analysis.as_ref()).is_none() {
            return true;
        }
        let run = self.valid_run(Kind::Step).filter(|run| step_index(run) == Some(self.step_number()));
        run.is_some_and(|run| verdict::successful(&run))
    }
}
