//! The steps of a canary.

use crate::finding::About;
use crate::rollout::Subject;
use crate::rules;
use rollouts_api::rollout::{CanaryStep, CanaryStrategy};
use rollouts_core::replicas::{Weight, ideal};

/// Percentage points by which the share of pods may differ from a weight before it is told.
const GAP_MAX_POINTS: f64 = 10.0;

pub(super) fn check(subject: &Subject<'_>, canary: &CanaryStrategy, found: &mut About<'_>) {
    if canary.steps.is_empty() {
        let message =
            "a canary without steps is a rolling update: the new version gets all traffic as its pods come up";
        found.add(&rules::NO_STEPS, "spec.strategy.canary", message);
        return;
    }
    gates(canary, found);
    falling_weights(canary, found);
    coarse_weights(subject, canary, found);
}

/// Steps that give nobody a chance to find something wrong.
fn gates(canary: &CanaryStrategy, found: &mut About<'_>) {
    let waits = |step: &CanaryStep| {
        step.pause.is_some() || step.analysis.is_some() || step.experiment.is_some() || step.plugin.is_some()
    };
    if canary.analysis.is_none() && !canary.steps.iter().any(waits) {
        let message = "no step pauses or measures, and no analysis runs beside them: the steps are over as soon as the \
                       pods are there";
        found.add(&rules::NO_GATE, "spec.strategy.canary.steps", message);
    }
}

fn falling_weights(canary: &CanaryStrategy, found: &mut About<'_>) {
    let weights = canary.steps.iter().enumerate().filter_map(|(i, step)| Some((i, step.set_weight?)));
    let mut before = None;
    for (i, weight) in weights {
        if let Some(before) = before.filter(|before| weight < *before && weight > 0) {
            let message = format!("the canary has {before} before and {weight} after this step");
            found.add(&rules::WEIGHT_GOES_BACK, &format!("spec.strategy.canary.steps[{i}].setWeight"), message);
        }
        before = Some(weight);
    }
}

/// Weights that so few pods cannot follow: without a router the share of the pods is the share of the traffic. The worst
/// of them is told.
fn coarse_weights(subject: &Subject<'_>, canary: &CanaryStrategy, found: &mut About<'_>) {
    let spec = &subject.rollout().spec;
    let n = spec.replicas();
    // What an autoscaler sets is not known, and no pods are sized by somebody else.
    if canary.traffic_routing.is_some() || n <= 0 || super::neighbours::autoscaler(subject).is_some() {
        return;
    }
    let surge = canary.max_surge(n);
    let gap = |(i, step): (usize, &CanaryStep)| {
        let weight = step.set_weight.filter(|w| (1..100).contains(w))?;
        let sizes = ideal(n, Weight { weight, max: 100 }, surge);
        let total = sizes.stable.saturating_add(sizes.canary);
        let share = f64::from(sizes.canary) * 100.0 / f64::from(total.max(1));
        Some((i, weight, sizes.canary, total, share))
    };
    let distance = |weight: i32, share: f64| (share - f64::from(weight)).abs();
    let gaps = canary.steps.iter().enumerate().filter_map(gap);
    let worst = gaps.reduce(|a, b| if distance(b.1, b.4) > distance(a.1, a.4) { b } else { a });
    if let Some((i, weight, pods, total, share)) = worst.filter(|w| distance(w.1, w.4) > GAP_MAX_POINTS) {
        let message = format!(
            "with replicas: {n} the canary has {pods} of {total} pods, and so {share:.0} % of the traffic, not {weight} %; \
             use more replicas, or trafficRouting"
        );
        found.add(&rules::COARSE_WEIGHT, &format!("spec.strategy.canary.steps[{i}].setWeight"), message);
    }
}
