//! Experiments as steps of a canary (analysis.md §6.6). What happens inside of an Experiment is its own controller's.

mod destinations;
mod history;
mod making;
mod object;

pub use destinations::additional_destinations;

use crate::Effect;
use crate::analysis::{Phase, completed};
use crate::experiment::invalid_reason;
use crate::pauses::INCONCLUSIVE_EXPERIMENT;
use crate::reconcile::Reconcile;
use rollouts_api::experiment::Experiment;
use std::sync::Arc;

impl Reconcile<'_> {
    /// Experiments of a canary. Says whether the update must stop here until that is written: it was aborted, or paused.
    pub(crate) fn experiment_in_canary(&mut self) -> bool {
        let held = (self.aborted(), self.inconclusive());
        if self.needs_no_analysis() {
            self.set_experiment(None);
        } else {
            self.experiment_step();
        }
        self.stop_experiments();
        self.delete_old_experiments();
        (self.aborted(), self.inconclusive()) != held
    }

    /// A blueGreen has no Experiments, but may have been a canary that had.
    pub(crate) fn end_experiments(&mut self) {
        self.set_experiment(None);
        self.stop_experiments();
        self.delete_old_experiments();
    }

    fn experiment_step(&mut self) {
        let Some(step) = self.current_step().and_then(|s| s.experiment.clone()) else {
            return self.set_experiment(None);
        };
        let current = self.current_experiment();
        if current.as_ref().is_some_and(|e| !self.is_of_this_step(e)) {
            // A human went to another step. That the old one is no more is seen before the new one comes.
            self.set_experiment(None);
        } else if let Some(experiment) = current.filter(|e| self.experiment_counts(e)) {
            self.judge_experiment(&experiment);
        } else if self.ro.status.pause_conditions.is_empty() {
            self.make_experiment(&step);
        } else {
            self.note("the experiment waits for the end of the pause");
        }
    }

    /// The Experiment that the persisted status names, unless it is being deleted.
    pub(crate) fn current_experiment(&self) -> Option<Arc<Experiment>> {
        let name = &self.ro.status.canary.current_experiment;
        let alive = |e: &&Arc<Experiment>| e.metadata.deletion_timestamp.is_none();
        self.snapshot.experiments.iter().filter(alive).find(|e| e.metadata.name == *name).cloned()
    }

    /// What was found before an abort counts no more when the update is tried again, nor does an inconclusive result that
    /// a human has answered with a resumption.
    fn experiment_counts(&self, experiment: &Experiment) -> bool {
        let retried = self.ro.status.aborted_at.is_some();
        let answered = self.resumed_by_user() && Phase::parse(&experiment.status.phase) == Some(Phase::Inconclusive);
        !retried && !answered
    }

    /// The status names an Experiment while it goes on, and while a human is to look at it. (Upstream forgets the latter
    /// kind, and makes another one, again and again.)
    fn judge_experiment(&mut self, experiment: &Experiment) {
        let (phase, message) = outcome(experiment);
        let named = !completed(phase) || Phase::parse(phase) == Some(Phase::Inconclusive);
        self.set_experiment(named.then(|| experiment.metadata.name.clone()));
        match Phase::parse(phase) {
            Some(Phase::Failed | Phase::Error) => {
                let cause = "Experiment analysis phase is error/failed";
                self.pauses.abort(match message {
                    "" => cause.to_string(),
                    message => format!("{cause}: {message}"),
                });
            }
            Some(Phase::Inconclusive) => self.pauses.add(INCONCLUSIVE_EXPERIMENT),
            _ => {}
        }
    }

    /// Whether the Experiment of the current step lets the update go on.
    pub(crate) fn experiment_over(&self) -> bool {
        let current = self.current_experiment().filter(|e| self.is_of_this_step(e) && self.experiment_counts(e));
        current.is_some_and(|e| Phase::parse(&e.status.phase) == Some(Phase::Successful))
    }

    fn set_experiment(&mut self, name: Option<String>) {
        self.experiment = Some(name.unwrap_or_default());
    }

    /// Name of the Experiment that the next status will have, or "".
    pub(crate) fn named_experiment(&self) -> &str {
        self.experiment.as_deref().unwrap_or(&self.ro.status.canary.current_experiment)
    }

    /// Stops all Experiments but the current one.
    fn stop_experiments(&mut self) {
        for experiment in &self.snapshot.experiments {
            let going = experiment.metadata.deletion_timestamp.is_some();
            let name = &experiment.metadata.name;
            if going || experiment.spec.terminate || completed(outcome(experiment).0) || self.named_experiment() == name
            {
                continue;
            }
            self.push(Effect::TerminateExperiment { name: name.clone() }, "the update needs it no more");
        }
    }

    /// Name of the Experiment of the current step when nothing is in its way.
    fn experiment_name(&self) -> String {
        format!("{}-{}-{}-{}", self.ro.metadata.name, self.new_hash(), self.revision(), self.step_number())
    }

    fn is_of_this_step(&self, experiment: &Experiment) -> bool {
        let rest = experiment.metadata.name.strip_prefix(&self.experiment_name());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }
}

/// Phase and message of an Experiment as far as its Rollout is concerned: one that cannot run at all is an Error, though
/// its own status has only a condition.
fn outcome(experiment: &Experiment) -> (&str, &str) {
    let status = &experiment.status;
    match invalid_reason(experiment).filter(|_| !completed(&status.phase)) {
        Some(reason) => ("Error", reason),
        None => (&status.phase, &status.message),
    }
}
