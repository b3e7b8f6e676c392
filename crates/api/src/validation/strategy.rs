//! `spec.strategy` and what both strategies share.

use super::{blue_green, canary};
use crate::field::{FieldError, Path};
use crate::rollout::{AntiAffinity, Rollout};

pub(super) fn validate(rollout: &Rollout, path: &Path) -> Vec<FieldError> {
    let strategy = &rollout.spec.strategy;
    let at = path.child("strategy");
    let mut errors = Vec::new();
    match (&strategy.blue_green, &strategy.canary) {
        (None, None) => {
            let detail = "Rollout has missing field '.spec.strategy.canary or .spec.strategy.blueGreen'";
            errors.push(FieldError::required(&at, detail));
        }
        (Some(_), Some(_)) => {
            let value = "blueGreen: true canary: true";
            errors.push(FieldError::invalid(&at, value, "Multiple Strategies can not be listed"));
        }
        (Some(blue_green), None) => errors.extend(blue_green::validate(&rollout.spec, blue_green, path)),
        (None, Some(canary)) => errors.extend(canary::validate(rollout, canary, path)),
    }
    errors
}

pub(super) fn anti_affinity(rule: Option<&AntiAffinity>, path: &Path, errors: &mut Vec<FieldError>) {
    let Some(rule) = rule else { return };
    let path = path.child("antiAffinity");
    let preferred = &rule.preferred_during_scheduling_ignored_during_execution;
    let required = &rule.required_during_scheduling_ignored_during_execution;
    if preferred.is_some() == required.is_some() {
        let value = format!(
            "antiAffinity.PreferredDuringSchedulingIgnoredDuringExecution: {} \
             antiAffinity.RequiredDuringSchedulingIgnoredDuringExecution: {}",
            preferred.is_some(),
            required.is_some()
        );
        errors.push(FieldError::invalid(&path, value, "AntiAffinity must have exactly one strategy listed"));
    }
    if let Some(weight) = preferred.as_ref().map(|p| p.weight).filter(|w| !(1..=100).contains(w)) {
        let detail = "AntiAffinity weight must be between 1-100";
        errors.push(FieldError::invalid(&path.child("weight"), weight, detail));
    }
}
