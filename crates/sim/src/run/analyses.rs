//! What must have become of analyses.

use super::ending::{LAST_VERSION, TIDY_AFTER};
use super::user::User;
use crate::invariants::{is_of_an_experiment, is_running};
use crate::workload::{Action, Case, NAME, NAMESPACE, Quality};
use rollouts_api::names::{INSTANCE_ID, POD_TEMPLATE_HASH};
use serde_json::Value;
use std::time::Duration;

/// How long a controller may take, after everything has healed, until what happened meanwhile has its effect.
const FOLLOWED_AFTER: Duration = Duration::from_secs(3 * 60);

/// Runs that are kept when the Rollout does not say.
const HISTORY_LIMIT: u64 = 5;

impl User<'_> {
    /// A run that has failed aborts the update that it belongs to.
    pub async fn check_followed(&self, case: &Case) -> Vec<String> {
        if case.analyses.is_none() {
            return Vec::new();
        }
        tokio::time::sleep(FOLLOWED_AFTER).await;
        let ro = self.rollout();
        let (spec, status) = (&ro["spec"], &ro["status"]);
        let message = status["message"].as_str().unwrap_or_default();
        // The user's time ended before it was given back.
        let is_lent = !ro["metadata"]["labels"][INSTANCE_ID].is_null();
        if self.is_over()
            || is_lent
            || spec["paused"] == true
            || status["promoteFull"] == true
            || message.starts_with("InvalidSpec")
        {
            return Vec::new();
        }
        let failed = self.runs().into_iter().filter(|run| {
            let phase = run["status"]["phase"].as_str().unwrap_or_default();
            ["Failed", "Error"].contains(&phase) && names(status, &run["metadata"]["name"])
        });
        let told = |run: Value| format!("abort: {} has failed, but {}", run["metadata"]["name"], self.summary());
        failed.map(told).collect()
    }

    /// Nothing measures after `what`, which was some minutes ago.
    pub fn check_nothing_measures(&self, what: &str) -> Vec<String> {
        if !self.is_over() {
            return Vec::new();
        }
        let going = self.runs().into_iter().filter(|run| run["status"]["completedAt"].is_null());
        let jobs = self.cluster.server.list("batch", "jobs", NAMESPACE).into_iter().filter(is_running);
        going.chain(jobs).map(|left| format!("ends: after {what}, {} goes on", left["metadata"]["name"])).collect()
    }

    /// What has ended is kept as far as the Rollout wants it.
    pub fn check_history(&self) -> Vec<String> {
        let (ro, sets) = (self.rollout(), self.sets());
        let is_kept = |run: &Value| {
            let hash = &run["metadata"]["labels"][POD_TEMPLATE_HASH];
            sets.iter().any(|set| set["metadata"]["labels"][POD_TEMPLATE_HASH] == *hash)
        };
        let (mut runs, limits) = (self.runs(), &ro["spec"]["analysis"]);
        // Those of an Experiment are kept with it.
        runs.retain(|run| !is_of_an_experiment(run));
        let mut violations = Vec::new();
        for (field, is_good) in [("successfulRunHistoryLimit", true), ("unsuccessfulRunHistoryLimit", false)] {
            let limit = limits[field].as_u64().unwrap_or(HISTORY_LIMIT);
            let kept = runs.iter().filter(|run| (run["status"]["phase"] == "Successful") == is_good);
            let kept = kept.filter(|run| !names(&ro["status"], &run["metadata"]["name"])).count() as u64;
            if kept > limit {
                violations.push(format!("ends: {kept} runs are kept, {field} is {limit}"));
            }
        }
        let left = runs.iter().filter(|run| !is_kept(run));
        violations.extend(left.map(|run| format!("ends: {} is kept without its ReplicaSet", run["metadata"]["name"])));
        violations
    }

    /// A Rollout that is deleted while it is analysed leaves nothing behind.
    pub async fn check_deleted_while_analysed(&self, case: &Case) -> Vec<String> {
        if case.analyses.is_none() || case.legacy.is_some() {
            return Vec::new();
        }
        self.act(&Action::SetVersion(LAST_VERSION + 1, Quality::Good)).await;
        tokio::time::sleep(Duration::from_secs(self.faults.below(60))).await;
        self.monitor.rest();
        self.delete(&format!("rollouts/{NAME}")).await;
        tokio::time::sleep(TIDY_AFTER).await;
        let left = [("argoproj.io", "analysisruns"), ("batch", "jobs"), ("apps", "replicasets"), ("", "pods")];
        let left = left.into_iter().flat_map(|(group, plural)| self.cluster.server.list(group, plural, NAMESPACE));
        left.map(|object| format!("ends: the Rollout is gone, but {} is there", object["metadata"]["name"])).collect()
    }

    fn runs(&self) -> Vec<Value> {
        self.cluster.server.list("argoproj.io", "analysisruns", NAMESPACE)
    }
}

/// Whether the status of a Rollout names this run.
fn names(status: &Value, run: &Value) -> bool {
    let entries = [
        &status["canary"]["currentStepAnalysisRunStatus"],
        &status["canary"]["currentBackgroundAnalysisRunStatus"],
        &status["blueGreen"]["prePromotionAnalysisRunStatus"],
        &status["blueGreen"]["postPromotionAnalysisRunStatus"],
    ];
    entries.into_iter().any(|entry| entry["name"] == *run)
}
