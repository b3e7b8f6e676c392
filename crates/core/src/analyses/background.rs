//! Analysis beside the steps of a canary (analysis.md §5.4).

use super::{Kind, configured};
use crate::reconcile::Reconcile;

impl Reconcile<'_> {
    pub(super) fn analyse_background(&mut self) {
        let background = self.ro.spec.strategy.canary.as_ref().and_then(|c| c.analysis.as_ref());
        let start = background.and_then(|b| b.starting_step).unwrap_or(0);
        let Some(analysis) = configured(background.map(|b| &b.analysis)).cloned() else {
            return self.runs.drop(Kind::Background);
        };
        // Without steps there is nothing to wait for.
        let begun = self.steps().is_empty() || self.step_number() >= start;
        if let Some(run) = self.valid_run(Kind::Background) {
            self.judge(Kind::Background, &run);
        } else if begun && !self.inconclusive() && !self.ro.status.current_pod_hash.is_empty() {
            self.make_run(Kind::Background, &analysis);
        } else if !begun {
            self.runs.drop(Kind::Background);
        }
    }
}
