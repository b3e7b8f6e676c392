//! Analyses before and after the switch of a blueGreen (analysis.md §5.5).

use super::{Kind, configured, verdict};
use crate::analysis::completed;
use crate::reconcile::Reconcile;
use rollouts_api::RolloutStatus;
use rollouts_api::rollout::RolloutAnalysis;

impl Reconcile<'_> {
    fn promotion_analysis(&self, kind: Kind) -> Option<RolloutAnalysis> {
        let strategy = self.ro.spec.strategy.blue_green.as_ref()?;
        let analysis = match kind {
            Kind::PrePromotion => strategy.pre_promotion_analysis.as_ref(),
            _ => strategy.post_promotion_analysis.as_ref(),
        };
        configured(analysis).cloned()
    }

    /// Whether anything is to be measured before or after the switch.
    pub(crate) fn is_analysed_around_promotion(&self) -> bool {
        [Kind::PrePromotion, Kind::PostPromotion].into_iter().any(|kind| self.promotion_analysis(kind).is_some())
    }

    /// Whether the persisted status says that users reach the new ReplicaSet.
    fn switch_is_known(&self) -> bool {
        self.ro.status.blue_green.active_selector == self.new_hash()
    }

    pub(super) fn analyse_before_promotion(&mut self) {
        let Some(analysis) = self.promotion_analysis(Kind::PrePromotion) else {
            return self.runs.drop(Kind::PrePromotion);
        };
        if self.new_is_stable() || self.switch_is_known() || self.ro.status.blue_green.active_selector.is_empty() {
            return self.mirror_run(Kind::PrePromotion);
        }
        let ready = self.new_is_ready();
        self.analyse_promotion(Kind::PrePromotion, &analysis, ready);
    }

    pub(super) fn analyse_after_promotion(&mut self) {
        let Some(analysis) = self.promotion_analysis(Kind::PostPromotion) else {
            return self.runs.drop(Kind::PostPromotion);
        };
        if self.new_is_stable() {
            return self.mirror_run(Kind::PostPromotion);
        }
        let ready = self.switch_is_known() && self.saturated(self.new_set());
        self.analyse_promotion(Kind::PostPromotion, &analysis, ready);
    }

    /// A run is made once there is what it should measure, and then counts whatever becomes of the pods.
    fn analyse_promotion(&mut self, kind: Kind, analysis: &RolloutAnalysis, ready: bool) {
        if let Some(run) = self.valid_run(kind) {
            self.judge(kind, &run);
        } else if ready && !self.inconclusive() {
            self.make_run(kind, analysis);
        } else if self.ro.status.aborted_at.is_some() {
            // That there was an abort is forgotten with this write, and so must be what was found before it.
            self.runs.drop(kind);
        } else if self.resumed_by_user() && self.current_run(kind).is_some() {
            self.pauses.keep_resumed();
        }
    }

    /// Whether nothing has to be measured any more before users may reach the new ReplicaSet.
    pub(crate) fn verified_before_promotion(&self) -> bool {
        let done = || self.valid_run(Kind::PrePromotion).is_some_and(|run| verdict::successful(&run));
        self.promotion_analysis(Kind::PrePromotion).is_none() || done()
    }

    /// Whether nothing has to be measured any more before the new ReplicaSet may become the stable one.
    pub(crate) fn verified_after_promotion(&self) -> bool {
        let done = || self.valid_run(Kind::PostPromotion).is_some_and(|run| verdict::successful(&run));
        self.promotion_analysis(Kind::PostPromotion).is_none() || done()
    }

    /// Whether a run before or after the switch is going on.
    pub(crate) fn verifies_promotion(&self) -> bool {
        let going = |kind| self.valid_run(kind).is_some_and(|run| !completed(&run.status.phase));
        !self.aborted() && (going(Kind::PrePromotion) || going(Kind::PostPromotion))
    }
}

/// Whether an analysis before or after the switch ended between two statuses.
pub(crate) fn end_between(old: &RolloutStatus, next: &RolloutStatus) -> bool {
    [Kind::PrePromotion, Kind::PostPromotion].into_iter().any(|kind| {
        let ended = |status| kind.entry(status).filter(|e| completed(&e.status)).map(|e| &e.name);
        ended(next).is_some() && ended(next) != ended(old)
    })
}
