//! Analysis as a step of a canary (analysis.md §5.3).

use super::current::step_index;
use super::{Kind, configured, verdict};
use crate::reconcile::Reconcile;
use rollouts_api::rollout::{CanaryStep, RolloutAnalysis};

impl Reconcile<'_> {
    fn step_analysis(&self) -> Option<(i32, &RolloutAnalysis)> {
        let analysis = configured(self.current_step()?.analysis.as_ref())?;
        Some((self.ro.status.current_step_index?.max(0), analysis))
    }

    pub(super) fn analyse_step(&mut self) {
        let Some((index, analysis)) = self.step_analysis() else {
            self.runs.drop(Kind::Step);
            return;
        };
        let analysis = analysis.clone();
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
        let index = self.ro.status.current_step_index.map(|i| i.max(0));
        let run = self.valid_run(Kind::Step).filter(|run| step_index(run) == index);
        run.is_some_and(|run| verdict::successful(&run))
    }
}
