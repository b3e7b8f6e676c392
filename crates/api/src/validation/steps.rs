//! `spec.strategy.canary.steps`.

use super::routes;
use crate::field::{BadValue, FieldError, Path};
use crate::field_path;
use crate::rollout::{AnalysisRunArgument, CanaryStep, CanaryStrategy, ExperimentStep, Rollout, TrafficRouting};
use crate::step_hash::to_go_json;
use serde::Serialize;

/// Checks `step` at `path`; `strategy` is the path of the strategy.
pub(super) fn validate(
    rollout: &Rollout,
    canary: &CanaryStrategy,
    step: &CanaryStep,
    path: &Path,
    strategy: &Path,
) -> Vec<FieldError> {
    let routing = canary.traffic_routing.as_ref();
    let mut errors = Vec::new();
    kind(step, path, &mut errors);
    let max = rollout.spec.max_traffic_weight();
    if let Some(weight) = step.set_weight.filter(|w| !(0..=max).contains(w)) {
        let detail = format!("SetWeight needs to be between 0 and {max}");
        errors.push(FieldError::invalid(&path.child("setWeight"), weight, detail));
    }
    if let Some(seconds) = step.pause.as_ref().and_then(|p| p.duration_seconds()).filter(|s| *s < 0) {
        let at = path.child("pause").child("duration");
        errors.push(FieldError::invalid(&at, seconds, "Duration needs to be greater than 0"));
    }
    if step.set_canary_scale.is_some() && routing.is_none() {
        let at = strategy.child("trafficRouting");
        errors.push(FieldError::required(&at, "SetCanaryScale requires TrafficRouting to be set"));
    }
    routes::validate(step, routing, path, strategy, &mut errors);
    if let Some(experiment) = &step.experiment {
        weights(experiment, routing, &path.child("experiment"), &mut errors);
    }
    arguments(rollout, step, path, &mut errors);
    errors
}

/// Exactly one kind; but only four kinds are checked against each other, as combinations of the others are useful
/// (`setCanaryScale` with `setHeaderRoute`) and in use.
fn kind(step: &CanaryStep, path: &Path, errors: &mut Vec<FieldError>) {
    let exclusive =
        [step.experiment.is_some(), step.pause.is_some(), step.set_weight.is_some(), step.analysis.is_some()];
    let others = step.set_canary_scale.is_some()
        || step.set_header_route.is_some()
        || step.set_mirror_route.is_some()
        || step.plugin.is_some();
    let value = match exclusive.iter().filter(|set| **set).count() {
        0 if !others => {
            // "true" stands for absent here, and for present below: the original's words.
            "step.Experiment: true step.Pause: true step.SetWeight: true step.Analysis: true \
             step.SetCanaryScale: true step.SetHeaderRoute: true step.SetMirrorRoute: true step.Plugin: true"
                .to_string()
        }
        0 | 1 => return,
        _ => {
            let [experiment, pause, weight, analysis] = exclusive;
            format!(
                "step.Experiment: {experiment} step.Pause: {pause} step.SetWeight: {weight} step.Analysis: {analysis}"
            )
        }
    };
    let detail = "Step must have one of the following set: experiment, setWeight, setCanaryScale, plugin or pause";
    errors.push(FieldError::invalid(path, value, detail));
}

fn weights(experiment: &ExperimentStep, routing: Option<&TrafficRouting>, path: &Path, errors: &mut Vec<FieldError>) {
    let detail = match routing {
        None => "Experiment template weight cannot be set unless TrafficRouting is enabled",
        Some(r) if r.alb.is_none() && r.smi.is_none() && r.istio.is_none() && r.plugins.is_empty() => {
            "Experiment template weight is only available for TrafficRouting with SMI, ALB, Istio and Plugins at this \
             time"
        }
        Some(_) => return,
    };
    for (i, template) in experiment.templates.iter().enumerate() {
        if let Some(weight) = template.weight {
            errors.push(FieldError::invalid(&path.child("templates").index(i).child("weight"), weight, detail));
        }
    }
}

/// The canary and an Experiment beside it cannot have more than all traffic. (Upstream gives the stable version a negative
/// weight then.)
pub(super) fn shares(canary: &CanaryStrategy, max: i32, path: &Path, errors: &mut Vec<FieldError>) {
    let mut weight = 0;
    for (i, step) in canary.steps.iter().enumerate() {
        weight = step.set_weight.unwrap_or(weight);
        let Some(experiment) = &step.experiment else { continue };
        let at = path.index(i).child("experiment").child("templates");
        let shares = || experiment.templates.iter().filter_map(|template| template.weight);
        for (t, share) in
            experiment.templates.iter().enumerate().filter_map(|(t, template)| Some((t, template.weight?)))
        {
            if share < 0 {
                let detail = "the weight of a template must not be negative";
                errors.push(FieldError::invalid(&at.index(t).child("weight"), share, detail));
            }
        }
        let sum = shares().fold(weight, i32::saturating_add);
        if shares().any(|share| share > 0) && sum > max {
            let detail = format!("the templates and the canary (setWeight: {weight}) have more than {max} together");
            errors.push(FieldError::invalid(&at, sum, detail));
        }
    }
}

/// Arguments that refer to the Rollout's metadata.
fn arguments(rollout: &Rollout, step: &CanaryStep, path: &Path, errors: &mut Vec<FieldError>) {
    let of_experiment = step.experiment.iter().flat_map(|e| &e.analyses).flat_map(|a| &a.args);
    let args: Vec<&AnalysisRunArgument> = of_experiment.chain(step.analysis.iter().flat_map(|a| &a.args)).collect();
    for arg in &args {
        let field = arg.value_from.as_ref().and_then(|v| v.field_ref.as_ref()).map(|f| f.field_path.as_str());
        let Some(field) = field.filter(|f| f.starts_with("metadata")) else { continue };
        if field_path::extract(&rollout.metadata, field).is_err() {
            let detail = "Analyses arguments must refer to valid object metadata supported by downwardAPI";
            errors.push(FieldError::invalid(&path.child("analyses"), go_value(&args), detail));
        }
    }
}

/// A struct as Go prints it in an error.
pub(super) fn go_value(value: &impl Serialize) -> BadValue {
    BadValue::raw(String::from_utf8_lossy(&to_go_json(value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_canary_and_an_experiment_share_all_traffic() {
        let of = |weights: [i32; 3], max: i32| {
            let [canary, a, b] = weights;
            let templates = json!([
                { "name": "a", "specRef": "canary", "weight": a },
                { "name": "b", "specRef": "stable", "weight": b },
                { "name": "c", "specRef": "stable" },
            ]);
            let steps = json!([{ "setWeight": canary }, { "experiment": { "templates": templates } }]);
            let canary: CanaryStrategy = serde_json::from_value(json!({ "steps": steps })).expect("a canary");
            let mut errors = Vec::new();
            shares(&canary, max, &Path::new("steps"), &mut errors);
            errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        };
        assert_eq!([of([90, 5, 5], 100), of([900, 60, 40], 1000), of([100, 0, 0], 100)], ["", "", ""]);
        assert_eq!(
            of([91, 5, 5], 100),
            "steps[1].experiment.templates: Invalid value: 101: the templates and the canary (setWeight: 91) have more \
             than 100 together"
        );
        assert_eq!(
            of([0, -1, 2], 100),
            "steps[1].experiment.templates[0].weight: Invalid value: -1: the weight of a template must not be negative"
        );
    }
}
