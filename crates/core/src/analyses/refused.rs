//! Runs that the API server does not let be made: a quota, a webhook, a missing right. Without them the update waits, and
//! whoever waits with it must be told for what.

use crate::conditions::{self, PROGRESSING, RUN_CREATE_ERROR};
use crate::reconcile::Reconcile;
use crate::{Effect, EventType, phase};

impl Reconcile<'_> {
    /// Once, whatever the words of the next refusal: some of them are never the same, and a status that changes with each
    /// would be an occasion to try at once.
    pub(crate) fn run_refused(&mut self, name: &str, error: &str) {
        let mut next = self.old_status().clone();
        let message = format!("Failed to create AnalysisRun \"{name}\": {error}");
        if !conditions::set(&mut next.conditions, PROGRESSING, "False", RUN_CREATE_ERROR, message.clone(), self.now) {
            return;
        }
        next.observed_generation = self.ro.metadata.generation.to_string();
        let (phase, text) = phase::phase(&self.ro, &next, self.now);
        (next.phase, next.message) = (phase.into(), text);
        self.push(Effect::PatchStatus { status: Box::new(next) }, "the API server refused the AnalysisRun");
        self.status_event(EventType::Warning, RUN_CREATE_ERROR, message);
        let events = std::mem::take(&mut self.status_events);
        events.into_iter().for_each(|event| self.push(event, ""));
    }
}
