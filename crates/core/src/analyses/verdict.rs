//! What the verdict of a run does to the update.

use super::Kind;
use super::current::entry_of;
use crate::analysis::Phase;
use crate::pauses::INCONCLUSIVE_ANALYSIS_RUN;
use crate::reconcile::Reconcile;
use rollouts_api::analysis::AnalysisRun;

impl Reconcile<'_> {
    /// Keeps a run of the update and acts on its verdict: failure aborts, what is inconclusive waits for a human.
    pub(super) fn judge(&mut self, kind: Kind, run: &AnalysisRun) {
        self.runs.set(kind, entry_of(run));
        match Phase::parse(&run.status.phase) {
            Some(Phase::Failed | Phase::Error) => self.pauses.abort(kind.abort_cause(&run.status.message)),
            Some(Phase::Inconclusive) => self.pauses.add(INCONCLUSIVE_ANALYSIS_RUN),
            _ => {}
        }
    }
}

/// Whether this verdict lets the update go on.
pub(super) fn successful(run: &AnalysisRun) -> bool {
    Phase::parse(&run.status.phase) == Some(Phase::Successful)
}
