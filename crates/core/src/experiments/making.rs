//! New Experiments.

use crate::Effect;
use crate::analysis::completed;
use crate::reconcile::Reconcile;
use rollouts_api::experiment::{Experiment, ExperimentSpec};
use rollouts_api::rollout::ExperimentStep;
use serde_json::json;

impl Reconcile<'_> {
    /// Gives the step its Experiment. One that was made by a plan which was cut short is taken over.
    pub(super) fn make_experiment(&mut self, step: &ExperimentStep) {
        let spec = match self.experiment_spec(step) {
            Ok(spec) => spec,
            Err(problem) => return self.refuse(&format!("experiment: {problem}")),
        };
        let base = self.experiment_name();
        let mut name = base.clone();
        let mut number: u64 = 0;
        while self.experiment_name_is_taken(&name) {
            let ours = self.snapshot.experiments.iter().find(|e| e.metadata.name == name);
            if ours.is_some_and(|e| is_as_wanted(e, &spec)) {
                return self.set_experiment(Some(name));
            }
            number += 1;
            name = format!("{base}-{number}");
        }
        let object = self.experiment_object(&name, &spec);
        self.push(Effect::CreateExperiment { name: name.clone(), object }, "the step asks for an experiment");
        self.event("ExperimentCreated", format!("Created Experiment '{name}'"));
        self.set_experiment(Some(name));
    }

    fn experiment_name_is_taken(&self, name: &str) -> bool {
        let own = self.snapshot.experiments.iter().any(|e| e.metadata.name == name);
        own || self.snapshot.foreign_experiments.contains(name)
    }
}

/// Whether an Experiment is going on and is what the step asks for.
fn is_as_wanted(experiment: &Experiment, spec: &ExperimentSpec) -> bool {
    let ended = experiment.spec.terminate || completed(&experiment.status.phase);
    let going = experiment.metadata.deletion_timestamp.is_none() && !ended;
    going && json!(experiment.spec) == json!(spec)
}
