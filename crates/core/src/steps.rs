//! The canary step machine (rollout.md §4).

use crate::pauses::CANARY_PAUSE_STEP;
use crate::reconcile::Reconcile;
use crate::replicas::Sizes;
use crate::{EventType, ReplicaSet};
use rollouts_api::RolloutStatus;
use rollouts_api::rollout::{CanaryStep, ReplicaProgressThreshold, SetCanaryScale};

impl Reconcile<'_> {
    pub(crate) fn steps(&self) -> &[CanaryStep] {
        self.ro.spec.canary_steps()
    }

    pub(crate) fn step_at(&self, index: Option<i32>) -> Option<&CanaryStep> {
        // A client may have written anything, or nothing; before the first step there is the first.
        self.steps().get(usize::try_from(index.unwrap_or(0).max(0)).ok()?)
    }

    /// The step that is being worked on; `None` without steps and after the last one.
    pub(crate) fn current_step(&self) -> Option<&CanaryStep> {
        self.step_at(self.ro.status.current_step_index)
    }

    /// Index of the step that is being worked on, or of the end.
    pub(crate) fn step_number(&self) -> i32 {
        self.ro.status.current_step_index.unwrap_or(0).max(0)
    }

    /// The index of "all steps done": the number of steps, or nothing without steps.
    pub(crate) fn last_index(&self) -> Option<i32> {
        let steps = self.steps().len() as i32;
        (steps > 0).then_some(steps)
    }

    /// Enters and times pause steps (§4.2).
    pub(crate) fn pause_step(&mut self) {
        let status = &self.ro.status;
        if self.ro.spec.paused || status.promote_full || self.aborted() {
            return;
        }
        let Some(pause) = self.current_step().and_then(|s| s.pause.clone()) else { return };
        match self.pause_condition(CANARY_PAUSE_STEP) {
            None if !status.controller_pause => self.pauses.add(CANARY_PAUSE_STEP),
            None => {}
            Some(condition) => {
                let end = pause.duration_seconds().map(|seconds| condition.start_time.plus_seconds(seconds));
                if let Some(end) = end.filter(|end| self.now <= *end) {
                    let what = format!("the pause of {} ends", self.step_label(self.step_number()));
                    self.plan.wake_after(end, what);
                }
            }
        }
    }

    /// Whether the current step has done its work (§4.1).
    pub(crate) fn step_completed(&self) -> bool {
        let Some(step) = self.current_step() else { return false };
        if self.ro.spec.paused || self.inconclusive() {
            return false;
        }
        if step.experiment.is_some() {
            return self.experiment_over();
        }
        if step.analysis.is_some() {
            return self.step_analysis_over(step);
        }
        if let Some(pause) = &step.pause {
            return self.pause_over(pause.duration_seconds());
        }
        let routed = self.is_routed();
        if step.set_weight.is_some() || step.set_canary_scale.is_some() {
            let moved = !routed || self.traffic.settled || step.set_weight.is_none();
            return self.at_desired_sizes(routed) && moved;
        }
        // Of the first version there is nothing to tell apart.
        (step.set_header_route.is_some() || step.set_mirror_route.is_some()) && (self.traffic.settled || !routed)
    }

    fn pause_over(&self, seconds: Option<i64>) -> bool {
        match (self.pause_condition(CANARY_PAUSE_STEP), seconds) {
            (None, _) => self.ro.status.controller_pause,
            (Some(_), None) => false,
            (Some(condition), Some(seconds)) => self.now > condition.start_time.plus_seconds(seconds),
        }
    }

    /// Whether the pods are where the weight wants them: the sizes that a reconcile would move to are the present ones.
    pub(crate) fn at_desired_sizes(&self, routed: bool) -> bool {
        let desired = self.next_sizes();
        let Some(new) = self.new_set() else { return false };
        let Some(stable) = self.old_stable().map(|i| &self.sets[i]) else { return false };
        let others = crate::replicas::sum(self.others().iter().map(|i| self.sets[*i].available()));
        let dynamic = self.ro.spec.strategy.canary.as_ref().is_some_and(|c| c.dynamic_stable_scale);
        let stable_done = dynamic || (stable.size() == desired.stable && stable.status.replicas == desired.stable);
        new.observed() && self.meets_threshold(new, desired.canary) && stable_done && (routed || others == 0)
    }

    /// `replicaProgressThreshold`; without it all desired pods must be there and available. No threshold asks for more
    /// than that: upstream waits for ever for pods that nobody wants.
    pub(crate) fn meets_threshold(&self, set: &ReplicaSet, desired: i32) -> bool {
        let threshold = self.ro.spec.strategy.canary.as_ref().and_then(|c| c.replica_progress_threshold.as_ref());
        let staying = set.staying();
        match threshold.filter(|t| t.value >= 0) {
            None => set.size() == desired && set.available() == desired,
            Some(ReplicaProgressThreshold { r#type, value }) if r#type == "Percent" => {
                let percent = f64::from(staying) / f64::from(desired) * 100.0;
                desired == 0 || percent >= f64::from((*value).min(100)) - 1e-10
            }
            Some(threshold) => staying >= threshold.value.min(desired),
        }
    }

    /// A step as notes name it: `step 2/4 (pause: 10m)`.
    pub(crate) fn step_label(&self, index: i32) -> String {
        let text = self.step_at(Some(index)).map(describe).unwrap_or_default();
        format!("step {}/{} ({text})", index.saturating_add(1), self.steps().len())
    }

    /// Moves on to the next step.
    pub(crate) fn complete_step(&mut self, next: &mut RolloutStatus) {
        let index = next.current_step_index.unwrap_or(0).max(0);
        let text = self.step_at(Some(index)).map(describe).unwrap_or_default();
        let message = format!("Rollout step {}/{} completed ({text})", index + 1, self.steps().len());
        self.status_event(EventType::Normal, "RolloutStepCompleted", message);
        next.current_step_index = Some(index + 1);
        next.canary.current_step_analysis_run_status = None;
        next.canary.current_experiment.clear();
        self.pauses.remove(CANARY_PAUSE_STEP);
    }

    /// The canary's weight now (§3.2).
    pub(crate) fn desired_weight(&self) -> i32 {
        let max = self.max_weight();
        let status = &self.ro.status;
        if status.promote_full || status.stable_rs.is_empty() || self.fully_promoted() {
            return max;
        }
        if self.aborted() {
            return 0;
        }
        if self.current_step().is_none() {
            return max;
        }
        let index = self.step_number();
        let until_now = self.steps().iter().take(index as usize + 1);
        until_now.filter_map(|s| s.set_weight).next_back().unwrap_or(0)
    }

    pub(crate) fn max_weight(&self) -> i32 {
        self.ro.spec.max_traffic_weight()
    }

    /// Sizes that this reconcile moves the two ReplicaSets to.
    pub(crate) fn next_sizes(&self) -> Sizes {
        match self.is_routed() {
            true => self.routed_sizes(),
            false => crate::replicas::next(&self.counts()),
        }
    }
}

/// A step as events show it (§8).
pub fn describe(step: &CanaryStep) -> String {
    if let Some(weight) = step.set_weight {
        return format!("setWeight: {weight}");
    }
    if let Some(pause) = &step.pause {
        return pause.duration.as_ref().map_or("pause".into(), |d| format!("pause: {d}"));
    }
    if step.experiment.is_some() {
        return "experiment".into();
    }
    if step.analysis.is_some() {
        return "analysis".into();
    }
    match &step.set_canary_scale {
        Some(SetCanaryScale { weight: Some(w), .. }) => return format!("setCanaryScale{{weight: {w}}}"),
        Some(SetCanaryScale { match_traffic_weight: true, .. }) => {
            return "setCanaryScale{matchTrafficWeight: true}".into();
        }
        Some(SetCanaryScale { replicas: Some(n), .. }) => return format!("setCanaryScale{{replicas: {n}}}"),
        _ => {}
    }
    if let Some(plugin) = &step.plugin {
        return format!("plugin: {}", plugin.name);
    }
    if let Some(route) = &step.set_header_route {
        return format!("setHeaderRoute: {}", route.name);
    }
    match &step.set_mirror_route {
        Some(route) => format!("setMirrorRoute: {}", route.name),
        None => "invalid".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn steps_in_words() {
        let table = [
            (json!({ "setWeight": 20 }), "setWeight: 20"),
            (json!({ "pause": {} }), "pause"),
            (json!({ "pause": { "duration": "1h" } }), "pause: 1h"),
            (json!({ "pause": { "duration": 10 } }), "pause: 10"),
            (json!({ "experiment": { "templates": [] } }), "experiment"),
            (json!({ "analysis": {} }), "analysis"),
            (json!({ "setCanaryScale": { "weight": 25 } }), "setCanaryScale{weight: 25}"),
            (json!({ "setCanaryScale": { "replicas": 3 } }), "setCanaryScale{replicas: 3}"),
            (
                json!({ "setCanaryScale": { "matchTrafficWeight": true, "replicas": 3 } }),
                "setCanaryScale{matchTrafficWeight: true}",
            ),
            (json!({ "setCanaryScale": { "weight": 25, "matchTrafficWeight": true } }), "setCanaryScale{weight: 25}"),
            (json!({ "plugin": { "name": "acme/check" } }), "plugin: acme/check"),
            (json!({ "setHeaderRoute": { "name": "who" } }), "setHeaderRoute: who"),
            (json!({ "setMirrorRoute": { "name": "copy" } }), "setMirrorRoute: copy"),
            (json!({}), "invalid"),
        ];
        for (step, words) in table {
            let step: CanaryStep = serde_json::from_value(step).expect("a step");
            assert_eq!(describe(&step), words);
        }
    }
}
