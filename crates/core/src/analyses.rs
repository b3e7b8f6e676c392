//! Analyses of a Rollout: which runs it wants, what they are made of, and what their verdicts do to it (analysis.md
//! §5). What happens inside of a run is [`crate::analysis`].
//!
//! A run belongs to the update while the status names it. A reconcile looks at those that it names, makes what is
//! missing, and stops all others; what then stands in the status is written with it.

mod arguments;
mod background;
mod blue_green;
mod closure;
mod current;
mod history;
mod kind;
mod making;
mod naming;
mod object;
mod step;
mod verdict;

pub(crate) use blue_green::end_between;
pub use closure::{TemplateClosure, experiment_template_closure, template_closure};
pub(crate) use current::Runs;
pub(crate) use history::old_ones;
use kind::Kind;

use crate::reconcile::Reconcile;
use rollouts_api::rollout::RolloutAnalysis;

/// Without templates nothing is measured: it counts as not there.
fn configured(analysis: Option<&RolloutAnalysis>) -> Option<&RolloutAnalysis> {
    analysis.filter(|a| !a.templates.is_empty())
}

impl Reconcile<'_> {
    /// Runs of a canary. Says whether the update must stop here until that is written: it was aborted, or paused.
    pub(crate) fn analyse_canary(&mut self) -> bool {
        let held = self.held_by_analysis();
        if self.needs_no_analysis() {
            self.runs.drop(Kind::Step);
            self.runs.drop(Kind::Background);
            self.stop_runs(&[]);
        } else {
            self.analyse_step();
            self.analyse_background();
            let current = self.named_runs();
            self.stop_runs(&current);
        }
        self.delete_old_runs();
        self.held_by_analysis() != held
    }

    /// Runs of a blueGreen. `fast`: going back to what served a moment ago.
    pub(crate) fn analyse_blue_green(&mut self, fast: bool) {
        if self.needs_no_analysis() || fast {
            self.mirror_run(Kind::PrePromotion);
            self.mirror_run(Kind::PostPromotion);
            self.stop_runs(&[]);
        } else {
            self.analyse_before_promotion();
            self.analyse_after_promotion();
            let current = self.named_runs();
            self.stop_runs(&current);
        }
        self.delete_old_runs();
    }

    /// Whether no verdict is asked for (§5.2).
    pub(crate) fn needs_no_analysis(&self) -> bool {
        let first = self.ro.status.stable_rs.is_empty() || self.roles.stable.is_none();
        first || self.fully_promoted() || self.aborted() || self.ro.status.promote_full || self.fast_rollback()
    }

    fn held_by_analysis(&self) -> (bool, bool) {
        (self.aborted(), self.inconclusive())
    }
}
