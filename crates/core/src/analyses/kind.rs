//! Where an analysis is attached to an update, and the words that go with it (analysis.md §5.1).

use rollouts_api::RolloutStatus;
use rollouts_api::rollout::RolloutAnalysisRunStatus;

/// An attachment. A Rollout has at most one run of each at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// `canary.steps[i].analysis`.
    Step,
    /// `canary.analysis`.
    Background,
    /// `blueGreen.prePromotionAnalysis`.
    PrePromotion,
    /// `blueGreen.postPromotionAnalysis`.
    PostPromotion,
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::Step, Kind::Background, Kind::PrePromotion, Kind::PostPromotion];

    /// In labels and events.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Step => "Step",
            Kind::Background => "Background",
            Kind::PrePromotion => "PrePromotion",
            Kind::PostPromotion => "PostPromotion",
        }
    }

    /// Why the update is aborted when a run says `message`.
    pub fn abort_cause(self, message: &str) -> String {
        let what = match self {
            Kind::Step => "Step-based analysis",
            Kind::Background => "Background analysis",
            Kind::PrePromotion => "Blue/green pre-promotion analysis",
            Kind::PostPromotion => "Blue/green post-promotion analysis",
        };
        match message {
            "" => format!("{what} phase error/failed"),
            _ => format!("{what} phase error/failed: {message}"),
        }
    }

    /// The status' entry.
    pub fn entry(self, status: &RolloutStatus) -> Option<&RolloutAnalysisRunStatus> {
        match self {
            Kind::Step => status.canary.current_step_analysis_run_status.as_ref(),
            Kind::Background => status.canary.current_background_analysis_run_status.as_ref(),
            Kind::PrePromotion => status.blue_green.pre_promotion_analysis_run_status.as_ref(),
            Kind::PostPromotion => status.blue_green.post_promotion_analysis_run_status.as_ref(),
        }
    }

    /// Writes the status' entry.
    pub fn set_entry(self, status: &mut RolloutStatus, entry: Option<RolloutAnalysisRunStatus>) {
        match self {
            Kind::Step => status.canary.current_step_analysis_run_status = entry,
            Kind::Background => status.canary.current_background_analysis_run_status = entry,
            Kind::PrePromotion => status.blue_green.pre_promotion_analysis_run_status = entry,
            Kind::PostPromotion => status.blue_green.post_promotion_analysis_run_status = entry,
        }
    }
}
