//! What an update waits for, in words. Nothing is decided here: each note repeats the condition that kept a decision from
//! being taken, so that whoever asks why nothing happens gets the controller's own answer.

use crate::ReplicaSet;
use crate::analysis::Phase;
use crate::pauses::{BLUE_GREEN_PAUSE, CANARY_PAUSE_STEP};
use crate::reconcile::Reconcile;
use rollouts_api::Time;
use rollouts_api::rollout::{BlueGreenStrategy, RolloutAnalysisRunStatus};

impl Reconcile<'_> {
    /// Notes what keeps a canary from its next step, or from the end of the update.
    pub(crate) fn note_wait_of_canary(&mut self) {
        if let Some(wait) = self.wait_of_canary() {
            self.note(wait);
        }
    }

    fn wait_of_canary(&self) -> Option<String> {
        if self.roles.new.is_none() {
            return Some("the Rollout waits for the ReplicaSet of its new version".into());
        }
        let n = self.ro.spec.replicas();
        let skips = self.ro.status.promote_full || self.fast_rollback();
        let Some(step) = self.current_step().filter(|_| !skips) else {
            let what = if self.new_is_stable() { "the Rollout waits for" } else { "the end of the update waits for" };
            return match () {
                () if !skips && self.inconclusive() => Some(self.wait_of_inconclusive()),
                () if self.ro.spec.paused && !skips => Some(format!("{what} spec.paused to be lifted")),
                () => self.missing(self.roles.new, n).map(|missing| format!("{what} {missing}")).or_else(|| {
                    let routed = self.is_routed() && !self.traffic.settled;
                    routed.then(|| format!("{what} traffic to reach the new version"))
                }),
            };
        };
        let label = self.step_label(self.step_number());
        let waits = |what: String| Some(format!("{label} waits for {what}"));
        if self.ro.spec.paused {
            return waits("spec.paused to be lifted".into());
        }
        if self.inconclusive() {
            return Some(self.wait_of_inconclusive());
        }
        if step.experiment.is_some() {
            return waits(match self.current_experiment() {
                Some(experiment) => judge("Experiment", &experiment.metadata.name, &experiment.status.phase),
                None => "its Experiment to be made".into(),
            });
        }
        if step.analysis.is_some() {
            return waits(run(self.ro.status.canary.current_step_analysis_run_status.as_ref()));
        }
        if let Some(pause) = &step.pause {
            let condition = self.pause_condition(CANARY_PAUSE_STEP)?;
            return waits(match pause.duration_seconds() {
                Some(seconds) => format!("{}", Time::new(condition.start_time.plus_seconds(seconds))),
                None => "somebody to promote it".into(),
            });
        }
        if step.set_weight.is_some() || step.set_canary_scale.is_some() {
            let sizes = self.next_sizes();
            let others = crate::replicas::sum(self.others().iter().map(|i| self.sets[*i].available()));
            let stable = || self.leftover(sizes.stable);
            let leftover =
                || (!self.is_routed() && others > 0).then(|| format!("{others} pods of earlier updates to go"));
            let traffic =
                || (self.is_routed() && !self.traffic.settled).then(|| "traffic to have its weight".to_string());
            return waits(
                self.missing(self.roles.new, sizes.canary).or_else(stable).or_else(leftover).or_else(traffic)?,
            );
        }
        (self.is_routed() && !self.traffic.settled).then(|| format!("{label} waits for the router"))
    }

    /// What a blueGreen waits for before users are sent to its new version, or before that is the stable one.
    pub(crate) fn note_wait_of_blue_green(&mut self, strategy: &BlueGreenStrategy) {
        if let Some(wait) = self.wait_of_blue_green(strategy) {
            self.note(wait);
        }
    }

    fn wait_of_blue_green(&self, strategy: &BlueGreenStrategy) -> Option<String> {
        let Some(new) = self.new_set() else {
            return Some("the Rollout waits for the ReplicaSet of its new version".into());
        };
        if self.new_is_stable() {
            return self
                .missing(self.roles.new, self.new_size())
                .map(|missing| format!("the Rollout waits for {missing}"));
        }
        if self.aborted() {
            return None;
        }
        if self.inconclusive() {
            return Some(self.wait_of_inconclusive());
        }
        let status = &self.ro.status.blue_green;
        if self.services.get(&strategy.active_service).is_some_and(|s| s.selected_hash() == new.hash()) {
            let waits = |what: String| Some(format!("the end of the update waits for {what}"));
            return match self.verified_after_promotion() {
                true => waits(self.missing(self.roles.new, self.new_size())?),
                false => waits(run(status.post_promotion_analysis_run_status.as_ref())),
            };
        }
        let waits = |what: String| Some(format!("the switch of Service {} waits for {what}", strategy.active_service));
        if self.ro.spec.paused {
            return waits("spec.paused to be lifted".into());
        }
        if let Some(missing) = self.missing(self.roles.new, self.new_size()) {
            return waits(missing);
        }
        if !self.verified_before_promotion() {
            return waits(run(status.pre_promotion_analysis_run_status.as_ref()));
        }
        let condition = self.pause_condition(BLUE_GREEN_PAUSE)?;
        let seconds = i64::from(strategy.auto_promotion_seconds);
        waits(match strategy.auto_promotion_enabled() && seconds > 0 {
            true => format!("{}", Time::new(condition.start_time.plus_seconds(seconds))),
            false => "somebody to promote it".into(),
        })
    }

    fn wait_of_inconclusive(&self) -> String {
        "an analysis was inconclusive: somebody has to decide whether the update goes on".into()
    }

    /// What a ReplicaSet lacks until `desired` pods are available.
    fn missing(&self, set: Option<usize>, desired: i32) -> Option<String> {
        let set = &self.sets[set?];
        let name = &set.metadata.name;
        match () {
            () if !set.observed() => Some(format!("the size of ReplicaSet {name} to be seen by its controller")),
            () if self.meets_threshold(set, desired) => None,
            () if set.available() > desired || set.size() > desired => {
                Some(format!("ReplicaSet {name} to shrink to {desired} pods, of which it has {}", set.status.replicas))
            }
            () => Some(format!("pods of ReplicaSet {name}: {} of {desired} available", set.available())),
        }
    }

    /// What the stable ReplicaSet has too many, or too few.
    fn leftover(&self, desired: i32) -> Option<String> {
        let dynamic = self.ro.spec.strategy.canary.as_ref().is_some_and(|c| c.dynamic_stable_scale);
        let stable: &ReplicaSet = self.old_stable().map(|i| &self.sets[i]).filter(|_| !dynamic)?;
        let (name, has) = (&stable.metadata.name, stable.status.replicas);
        (stable.size() != desired || has != desired)
            .then(|| format!("the stable ReplicaSet {name} to have {desired} pods; it has {has}"))
    }
}

/// An AnalysisRun that is waited for.
fn run(entry: Option<&RolloutAnalysisRunStatus>) -> String {
    entry.map_or_else(|| "its AnalysisRun to be made".into(), |entry| judge("AnalysisRun", &entry.name, &entry.status))
}

/// What judges the update, and how far it has come.
fn judge(kind: &str, name: &str, phase: &str) -> String {
    match Phase::parse(phase) {
        Some(_) => format!("{kind} {name}, which is {phase}"),
        None => format!("{kind} {name}, which has not begun"),
    }
}
