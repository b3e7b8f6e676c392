//! New runs.

use super::Kind;
use super::current::entry_of;
use super::naming::Name;
use crate::Effect;
use crate::reconcile::Reconcile;
use rollouts_api::rollout::{RolloutAnalysis, RolloutAnalysisRunStatus};

impl Reconcile<'_> {
    /// Gives the update a run of this kind. One that was made by a plan which was cut short is taken over.
    pub(super) fn make_run(&mut self, kind: Kind, analysis: &RolloutAnalysis) {
        self.runs.repeated |= self.resumed_by_user() && self.current_run(kind).is_some();
        let spec = match self.run_spec(analysis) {
            Ok(spec) => spec,
            Err(problem) => return self.refuse(&format!("{} analysis: {problem}", kind.as_str())),
        };
        let name = match self.find_name(kind, &spec) {
            Name::Ours(run) => return self.runs.set(kind, entry_of(&run)),
            Name::Free(name) => name,
        };
        let object = self.run_object(kind, &name, analysis, &spec);
        let why = match kind {
            Kind::Step => "the step asks for an analysis",
            Kind::Background => "the update is analysed while it goes on",
            Kind::PrePromotion => "the new ReplicaSet is ready, and analysed before users reach it",
            Kind::PostPromotion => "users reach the new ReplicaSet, which is analysed before it counts as stable",
        };
        self.push(Effect::CreateAnalysisRun { name: name.clone(), object }, why);
        self.runs.set(kind, RolloutAnalysisRunStatus { name, ..Default::default() });
    }
}
