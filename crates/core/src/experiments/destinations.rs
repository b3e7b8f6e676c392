//! Traffic for the pods of an Experiment (traffic.md §1.8).

use crate::analysis::Phase;
use rollouts_api::experiment::{Experiment, TemplateStatus};
use rollouts_api::rollout::{ExperimentStep, WeightDestination};

/// Where traffic goes besides to the stable and the canary version while `experiment`, which is of `step`, runs: to every
/// template that the step gives a weight, as soon as it has a Service; to that of a template without one, whose name is
/// not known, nothing can go.
pub fn additional_destinations(step: &ExperimentStep, experiment: &Experiment) -> Vec<WeightDestination> {
    let status = &experiment.status;
    if Phase::parse(&status.phase) != Some(Phase::Running) {
        return Vec::new();
    }
    let destination = |t: &TemplateStatus| {
        let weight = step.templates.iter().find(|s| s.name == t.name)?.weight?;
        let (service_name, pod_template_hash) = (t.service_name.clone(), t.pod_template_hash.clone());
        (!service_name.is_empty()).then_some(WeightDestination { weight, service_name, pod_template_hash })
    };
    status.template_statuses.iter().filter_map(destination).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn while_it_runs() {
        let step = json!({ "templates": [
            { "name": "a", "specRef": "canary", "weight": 5 },
            { "name": "b", "specRef": "stable" },
            { "name": "c", "specRef": "stable", "weight": 10 },
        ]});
        let step: ExperimentStep = serde_json::from_value(step).expect("a step");
        let of = |phase: &str| {
            let experiment = json!({ "status": { "phase": phase, "templateStatuses": [
                { "name": "a", "serviceName": "lab-a", "podTemplateHash": "1" },
                { "name": "b", "serviceName": "lab-b", "podTemplateHash": "2" },
                { "name": "c" },
            ]}});
            additional_destinations(&step, &serde_json::from_value(experiment).expect("an Experiment"))
        };
        let a = WeightDestination { weight: 5, service_name: "lab-a".into(), pod_template_hash: "1".into() };
        assert_eq!(of("Running"), [a]);
        assert_eq!([of("Pending"), of("Successful"), of("Failed"), of("")], [const { Vec::new() }; 4]);
    }
}
