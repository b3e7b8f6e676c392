//! The rules of AnalysisRuns, and of what a Rollout makes of them.

use crate::invariants::model::Model;
use crate::invariants::runs::Run;
use crate::invariants::verdict::{contradictions, is_end};
use crate::workload::SECRET_MARK;
use rollouts_api::names::INSTANCE_ID;
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;

/// How long after a user's command its effect is taken for it.
const PUSH: Duration = Duration::from_secs(1);

/// Where a status names its runs.
const ENTRIES: [&str; 4] = [
    "/canary/currentStepAnalysisRunStatus/name",
    "/canary/currentBackgroundAnalysisRunStatus/name",
    "/blueGreen/prePromotionAnalysisRunStatus/name",
    "/blueGreen/postPromotionAnalysisRunStatus/name",
];

impl Model {
    pub(in crate::invariants) fn check_run(&mut self, name: &str, before: Option<&Run>) {
        let Some(run) = self.measured.runs.get(name).cloned() else { return };
        if let Some(before) = before.filter(|before| is_end(before.phase()))
            && before.object["status"] != run.object["status"]
        {
            let (was, is) = (&before.object["status"], &run.object["status"]);
            self.violate(format!("final: {name} has ended and becomes another: {was} {is}"));
        }
        for problem in contradictions(&run.object) {
            self.violate(format!("verdict: {name}: {problem}"));
        }
    }

    pub(in crate::invariants) fn check_twice(&mut self) {
        let lent = !self.rollout["metadata"]["labels"][INSTANCE_ID].is_null();
        let mut live = self.live();
        live.retain(|_, names| names.len() > 1 && !lent);
        self.measured.twice.retain(|what, _| live.contains_key(what));
        for (what, names) in live {
            let since = *self.measured.twice.entry(what.clone()).or_insert_with(Instant::now);
            if since.elapsed() > self.window {
                self.measured.twice.remove(&what);
                self.violate(format!("once: {} all measure {what}", names.join(", ")));
            }
        }
    }

    /// No object but the secret itself, and the Jobs that were given it, shows it.
    pub(in crate::invariants) fn check_secret(&mut self, kind: &str, name: &str, object: &Value) {
        if object.to_string().contains(SECRET_MARK) {
            self.violate(format!("secret: {kind}/{name} shows it: {object}"));
        }
    }

    /// The run that a status names at one of [`ENTRIES`].
    fn named(&self, status: &Value, entry: &str) -> Option<&Run> {
        self.measured.runs.get(status.pointer(entry)?.as_str()?)
    }

    fn is_pushed(&self) -> bool {
        self.measured.pushed.is_some_and(|at| at.elapsed() <= PUSH)
    }

    /// Whether no analysis is asked for any more.
    fn is_promoted_in_full(&self, before: &Value) -> bool {
        before["status"]["promoteFull"] == true || self.rollout["status"]["promoteFull"] == true
    }

    /// A Rollout goes on to a further step, or to a new stable version.
    pub(in crate::invariants) fn check_progress(&mut self, before: &Value) {
        let (was, is) = (&before["status"], &self.rollout["status"]);
        let same = ["currentPodHash", "currentStepHash"].iter().all(|field| was[field] == is[field]);
        if !(self.subject.is_analysed || self.subject.tries)
            || !same
            || is["abort"] == true
            || self.is_promoted_in_full(before)
            || self.is_pushed()
        {
            return;
        }
        let index = |status: &Value| status["currentStepIndex"].as_u64().unwrap_or(0);
        let is_empty = |value: &Value| value.as_str().is_none_or(str::is_empty);
        let goes_back = was["stableRS"] == was["currentPodHash"] || is_empty(&was["stableRS"]);
        let goes_on = index(is) > index(was) && !goes_back;
        let promotes = is["stableRS"] != was["stableRS"] && is["stableRS"] == is["currentPodHash"] && !goes_back;
        let mut found = Vec::new();
        if goes_on && before["spec"]["rollbackWindow"].is_null() {
            let steps = before["spec"]["strategy"]["canary"]["steps"].as_array().into_iter().flatten().enumerate();
            let passed = steps.filter(|(i, _)| (index(was)..index(is)).contains(&(*i as u64)));
            for (i, step) in passed {
                let is_earned = match () {
                    () if !step["analysis"]["templates"].is_null() => {
                        self.named(was, ENTRIES[0]).is_some_and(Run::is_successful)
                    }
                    () if self.subject.tries && !step["experiment"].is_null() => {
                        let name = was["canary"]["currentExperiment"].as_str().unwrap_or_default();
                        self.measured.tried.get(name).is_some_and(|phase| phase == "Successful")
                    }
                    () => true,
                };
                if !is_earned {
                    found.push(format!("step: step {i} is passed without a success: {was}"));
                }
            }
        }
        let after = &before["spec"]["strategy"]["blueGreen"]["postPromotionAnalysis"];
        let hash = is["currentPodHash"].as_str().unwrap_or_default();
        let served_before = self.measured.served.iter().rev().skip(1).any(|served| served == hash);
        // Nobody is served by a version yet, or one returns to what was good a while ago.
        let excused = is_empty(&was["blueGreen"]["activeSelector"]) || !before["spec"]["rollbackWindow"].is_null();
        if promotes
            && !after.is_null()
            && !served_before
            && !excused
            && !self.named(was, ENTRIES[3]).is_some_and(Run::is_successful)
        {
            found.push(format!("step: {hash} becomes stable without a success after the switch: {was}"));
        }
        if goes_on || promotes {
            let failed = ENTRIES.iter().filter_map(|entry| self.named(was, entry));
            let failed = failed.filter(|run| run.has_long_failed(self.window));
            found
                .extend(failed.map(|run| {
                    format!("abort: {} has failed, and the update goes on", run.object["metadata"]["name"])
                }));
        }
        found.into_iter().for_each(|problem| self.violate(problem));
    }

    /// Users are sent to another version.
    pub(in crate::invariants) fn check_verified(&mut self, to: &str) {
        let (spec, status) = (&self.rollout["spec"], &self.rollout["status"]);
        let is_asked = self.subject.is_analysed && !spec["strategy"]["blueGreen"]["prePromotionAnalysis"].is_null();
        let is_new = status["currentPodHash"] == to && status["stableRS"] != to;
        // Until users reach one, any version is the first.
        let is_first = status["stableRS"].as_str().is_none_or(str::is_empty) || self.measured.served.is_empty();
        let was_there = self.measured.served.iter().any(|served| served == to);
        let excused = status["promoteFull"] == true || is_first || was_there || !spec["rollbackWindow"].is_null();
        if is_asked && is_new && !excused && !self.named(status, ENTRIES[2]).is_some_and(Run::is_successful) {
            self.violate(format!("step: users are sent to {to} without a success before: {status}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::{Faults, Odds};
    use crate::invariants::{SHORT_WINDOW, Subject};
    use serde_json::json;

    fn model() -> Model {
        let rollout = json!({"metadata": {"name": "app"}, "spec": {"strategy": {"canary": {}}}});
        Model::new(Subject::of(&rollout, "ns", false).analysed(), &Faults::new(0, Odds::none()), SHORT_WINDOW)
    }

    fn run(name: &str, phase: &str, hash: &str) -> Value {
        let labels = json!({"rollout-type": "Background", "rollouts-pod-template-hash": hash});
        json!({"metadata": {"name": name, "labels": labels}, "spec": {"metrics": []}, "status": {"phase": phase}})
    }

    fn job(name: &str) -> Value {
        let of = json!({"analysisrun.argoproj.io/name": "r", "analysisrun.argoproj.io/metric-name": "m"});
        json!({"metadata": {"name": name, "annotations": of}})
    }

    /// Whether `rule`, and no other, is broken.
    fn breaks(model: &Model, rule: &str) -> bool {
        assert!(model.violations.iter().all(|text| text.starts_with(rule)), "{:?}", model.violations);
        !model.violations.is_empty()
    }

    #[test]
    fn an_end_that_changes_is_told() {
        let mut model = model();
        let mut ended = run("r", "Successful", "a");
        model.take_run("r".into(), &run("r", "Running", "a"), false);
        model.take_run("r".into(), &ended, false);
        ended["metadata"]["annotations"] = json!({"of": "a user"});
        model.take_run("r".into(), &ended, false);
        assert!(!breaks(&model, "final"), "only its status is final");
        ended["status"]["message"] = json!("on second thought");
        model.take_run("r".into(), &ended, false);
        assert!(breaks(&model, "final: r has ended"));
    }

    #[test]
    fn another_run_of_the_same_name_is_another_run() {
        let mut model = model();
        model.take_run("r".into(), &run("r", "Successful", "a"), false);
        model.take_run("r".into(), &run("r", "Successful", "a"), true);
        model.take_run("r".into(), &run("r", "Running", "a"), false);
        assert!(!breaks(&model, "final"));
    }

    #[tokio::test(start_paused = true)]
    async fn two_that_measure_the_same_for_long_are_told() {
        for (second, is_told) in [(run("r2", "Running", "a"), true), (run("r2", "Running", "b"), false)] {
            let mut model = model();
            model.take_run("r1".into(), &run("r1", "Running", "a"), false);
            model.take_run("r2".into(), &second, false);
            assert!(!breaks(&model, "once"), "one of them may be about to end");
            tokio::time::advance(SHORT_WINDOW * 2).await;
            model.check_twice();
            assert_eq!(breaks(&model, "once: r1, r2 all measure"), is_told);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn so_are_two_jobs_of_one_metric() {
        let mut model = model();
        model.take_job("j1".into(), &job("j1"), false);
        model.take_job("j2".into(), &job("j2"), false);
        tokio::time::advance(SHORT_WINDOW * 2).await;
        model.check_twice();
        assert!(breaks(&model, "once: j1, j2 all measure r m"));
    }
}
