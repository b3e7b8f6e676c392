//! AnalysisRuns and Experiments that the API server does not let be made: a quota, a webhook, a missing right. Without
//! them the update waits, and whoever waits with it must be told for what. (Upstream waits without a word.)

use crate::conditions::{self, PROGRESSING};
use crate::reconcile::Reconcile;
use crate::{Effect, EventType, phase};
use rollouts_api::rollout::Condition;

/// What an update wants made beside ReplicaSets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// A run of an analysis.
    AnalysisRun,
    /// The Experiment of a step.
    Experiment,
}

impl Wanted {
    fn kind(self) -> &'static str {
        match self {
            Wanted::AnalysisRun => "AnalysisRun",
            Wanted::Experiment => "Experiment",
        }
    }

    /// Of the condition `Progressing`, and of the event.
    fn reason(self) -> &'static str {
        match self {
            Wanted::AnalysisRun => "AnalysisRunCreateError",
            Wanted::Experiment => "ExperimentCreateError",
        }
    }
}

/// The condition that tells of something refused, if there is one.
pub(crate) fn told(conditions: &[Condition]) -> Option<&Condition> {
    let is_refusal = |reason: &str| [Wanted::AnalysisRun, Wanted::Experiment].iter().any(|w| w.reason() == reason);
    conditions::find(conditions, PROGRESSING).filter(|c| is_refusal(&c.reason))
}

impl Reconcile<'_> {
    /// Once, whatever the words of the next refusal: some of them are never the same, and a status that changes with each
    /// would be an occasion to try at once.
    pub(crate) fn refused(&mut self, wanted: Wanted, name: &str, error: &str) {
        let mut next = self.old_status().clone();
        let (kind, reason) = (wanted.kind(), wanted.reason());
        let message = format!("Failed to create {kind} \"{name}\": {error}");
        if !conditions::set(&mut next.conditions, PROGRESSING, "False", reason, message.clone(), self.now) {
            return;
        }
        next.observed_generation = self.ro.metadata.generation.to_string();
        let (phase, text) = phase::phase(&self.ro, &next, self.now);
        (next.phase, next.message) = (phase.into(), text);
        self.push(Effect::PatchStatus { status: Box::new(next) }, format!("the API server refused the {kind}"));
        self.status_event(EventType::Warning, reason, message);
        let events = std::mem::take(&mut self.status_events);
        events.into_iter().for_each(|event| self.push(event, ""));
    }
}
