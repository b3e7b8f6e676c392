//! Experiments, which end as a test says.

use super::World;
use rollouts_api::Time;
use rollouts_api::experiment::Experiment;
use serde_json::Value;

impl World {
    pub(super) fn create_experiment(&mut self, name: String, object: Value) {
        let mut experiment: Experiment = serde_json::from_value(object).unwrap();
        assert_eq!(experiment.metadata.name, name);
        assert!(!self.foreign_experiments.contains(&name), "{name} is somebody else's");
        experiment.metadata.creation_timestamp = Some(Time::new(self.now));
        assert!(self.experiments.insert(name, experiment).is_none(), "created twice");
    }

    pub(super) fn terminate_experiment(&mut self, name: &str) {
        let experiment = self.experiments.get_mut(name).expect("the end of an Experiment that exists");
        assert!(!experiment.spec.terminate, "told twice");
        experiment.spec.terminate = true;
        experiment.status.phase = "Successful".into();
    }

    /// Gives an Experiment a phase and a message, and lets `seconds` pass.
    pub fn experiment_ends(&mut self, name: &str, phase: &str, message: &str, seconds: i64) {
        let experiment = self.experiments.get_mut(name).unwrap_or_else(|| panic!("no Experiment {name}"));
        experiment.status.phase = phase.into();
        experiment.status.message = message.into();
        self.run(seconds);
    }
}
