//! How every run must end.

use super::user::User;
use crate::lives::{CONTROLLER, SECOND_CONTROLLER};
use crate::workload::{ACTIVE, Action, Case, NAMESPACE, Quality};
use rollouts_api::names::POD_TEMPLATE_HASH;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// How long a healed run may take until it is Healthy.
const HEALTHY_WITHIN: Duration = Duration::from_secs(30 * 60);
/// How long until the last delays are over.
pub(super) const TIDY_AFTER: Duration = Duration::from_secs(5 * 60);
/// How long nothing may be written then.
const QUIET_FOR: Duration = Duration::from_secs(30 * 60);
/// How often the Rollout is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// The version that ends a run; no other action uses it.
pub(super) const LAST_VERSION: u64 = 1000;
/// ReplicaSets that are kept when the Rollout does not say.
const HISTORY_LIMIT: usize = 10;

impl User<'_> {
    /// Brings the run to its end and says what is wrong with it.
    pub async fn end(&self, case: &Case) -> Vec<String> {
        self.patch(json!({"spec": {"paused": false}})).await;
        if case.is_blue_green && self.rollout()["spec"]["replicas"] == 0 && self.active().is_null() {
            // It has never had a pod, and waits for one before it takes its Service over.
            self.patch(json!({"spec": {"replicas": 1}})).await;
        }
        self.act(&Action::SetVersion(LAST_VERSION, Quality::Good)).await;
        if !self.until(|ro| is_observed(ro) && self.sees_legacy() && self.rolls_out_last(ro)).await {
            return vec![format!("liveness: the last version is not even seen: {}", self.summary())];
        }
        let mut violations = Vec::new();
        if case.aborts_last {
            self.act(&Action::Plugin("abort app")).await;
            tokio::time::sleep(TIDY_AFTER).await;
            violations.extend(self.check_aborted(case));
            violations.extend(self.check_nothing_measures("an abort"));
            violations.extend(self.check_nothing_is_tried("an abort"));
            violations.extend(self.check_all_stable_after_abort());
            self.act(&Action::Plugin("retry rollout app")).await;
            tokio::time::sleep(LOOK).await;
        }
        self.act(&Action::Plugin("promote app --full")).await;
        if !self.until(|ro| is_observed(ro) && ro["status"]["phase"] == "Healthy").await {
            violations.push(format!("liveness: healed and promoted, it does not get healthy: {}", self.summary()));
            return violations;
        }
        tokio::time::sleep(TIDY_AFTER).await;
        violations.extend(self.check_tidy(case));
        violations.extend(self.check_taken_over(case));
        violations.extend(self.check_nothing_measures("a promotion"));
        violations.extend(self.check_nothing_is_tried("a promotion"));
        violations.extend(self.check_history());
        violations.extend(self.check_all_stable("the last update"));
        let writes = self.writes();
        tokio::time::sleep(QUIET_FOR).await;
        let more = self.writes() - writes;
        if more > 0 {
            violations.push(format!("quiet: {more} writes although nothing changes: {}", self.summary()));
        }
        violations.extend(self.check_deleted_while_analysed(case).await);
        violations.extend(self.check_released(case).await);
        violations.extend(self.check_given_back(case).await);
        violations
    }

    fn writes(&self) -> u64 {
        self.faults.writes(CONTROLLER) + self.faults.writes(SECOND_CONTROLLER)
    }

    async fn until(&self, wanted: impl Fn(&Value) -> bool) -> bool {
        let end = Instant::now() + HEALTHY_WITHIN;
        while !wanted(&self.rollout()) {
            if Instant::now() >= end {
                return false;
            }
            tokio::time::sleep(LOOK).await;
        }
        true
    }

    /// Whether the status is about the last version: while only sizes are reconciled, it may follow later than what it
    /// observed, and a promotion before that is one of the version before.
    fn rolls_out_last(&self, ro: &Value) -> bool {
        let image = format!("shop/app:{LAST_VERSION}");
        let mut sets = self.sets().into_iter();
        sets.any(|set| {
            set["metadata"]["labels"][POD_TEMPLATE_HASH] == ro["status"]["currentPodHash"]
                && set["spec"]["template"]["spec"]["containers"][0]["image"] == image.as_str()
        })
    }

    /// An aborted update leaves the stable version alone.
    fn check_aborted(&self, case: &Case) -> Vec<String> {
        let (ro, mut violations) = (self.rollout(), Vec::new());
        let (status, replicas) = (&ro["status"], ro["spec"]["replicas"].as_i64().unwrap_or(1));
        // It may have been over before the abort, or there is no version to go back to.
        if status["abort"] != true || status["stableRS"].as_str().is_none_or(str::is_empty) {
            return violations;
        }
        if status["phase"] != "Degraded" {
            violations.push(format!("abort: an aborted update is {}", self.summary()));
        }
        let sets = self.sets();
        let available = |set: &&Value| set["status"]["availableReplicas"].as_i64().unwrap_or(0);
        let stable = sets.iter().find(|set| set["metadata"]["labels"][POD_TEMPLATE_HASH] == status["stableRS"]);
        if stable.is_none_or(|set| set["spec"]["replicas"].as_i64() != Some(available(&set))) {
            // A stable version whose pods do not run cannot take over, and the pods that run are not given up for it.
            return violations;
        }
        for set in sets {
            let is_stable = set["metadata"]["labels"][POD_TEMPLATE_HASH] == status["stableRS"];
            let size = set["spec"]["replicas"].as_i64().unwrap_or(1);
            if !is_stable && self.keeps_aborted() {
                continue;
            }
            if size != if is_stable { replicas } else { 0 } {
                let name = &set["metadata"]["name"];
                violations.push(format!("abort: {name} (stable: {is_stable}) has {size} of {replicas} pods"));
            }
        }
        if case.is_blue_green && self.active() != status["stableRS"] {
            violations.push(format!("abort: the active Service selects {}, not the stable version", self.active()));
        }
        violations
    }

    fn active(&self) -> Value {
        self.selected(ACTIVE)
    }

    /// The hash that a Service selects.
    fn selected(&self, name: &str) -> Value {
        let service = self.cluster.server.get("", "services", NAMESPACE, name).unwrap_or_default();
        service["spec"]["selector"][POD_TEMPLATE_HASH].clone()
    }

    /// The last version has all pods, nothing else has any, and the status says so.
    fn check_tidy(&self, case: &Case) -> Vec<String> {
        let (ro, sets) = (self.rollout(), self.sets());
        let (status, replicas) = (&ro["status"], ro["spec"]["replicas"].as_i64().unwrap_or(1));
        let mut violations = Vec::new();
        let mut must = |holds: bool, what: String| {
            if !holds {
                violations.push(format!("tidy: {what}"));
            }
        };
        must(status["phase"] == "Healthy", format!("it does not stay healthy: {}", self.summary()));
        must(status["stableRS"] == status["currentPodHash"], format!("not promoted: {}", self.summary()));
        let counters = ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"];
        for counter in counters {
            let shown = status[counter].as_i64().unwrap_or(0);
            must(shown == replicas, format!("status.{counter} is {shown}, not {replicas}"));
        }
        let mut old = 0;
        for set in &sets {
            let is_stable = set["metadata"]["labels"][POD_TEMPLATE_HASH] == status["stableRS"];
            old += usize::from(!is_stable);
            let (size, wanted) = (set["spec"]["replicas"].as_i64().unwrap_or(1), if is_stable { replicas } else { 0 });
            must(size == wanted, format!("{} has {size} of {wanted} pods", set["metadata"]["name"]));
        }
        let limit = ro["spec"]["revisionHistoryLimit"].as_u64().and_then(|n| usize::try_from(n).ok());
        let limit = limit.unwrap_or(HISTORY_LIMIT);
        must(old <= limit, format!("{old} old ReplicaSets are kept, more than {limit}"));
        let pods = self.cluster.server.list("", "pods", NAMESPACE);
        let pods = pods.iter().filter(|pod| !pod["metadata"]["labels"][POD_TEMPLATE_HASH].is_null()).count();
        must(i64::try_from(pods) == Ok(replicas), format!("{pods} pods for {replicas} replicas"));
        // The Services of a canary wait for pods.
        for name in self.stable_services(case).into_iter().filter(|_| case.is_blue_green || replicas > 0) {
            let selected = self.selected(name);
            must(selected == status["stableRS"], format!("the Service {name} selects {selected}"));
        }
        violations
    }

    pub(super) fn summary(&self) -> String {
        let ro = self.rollout();
        let status = &ro["status"];
        let sets: Vec<String> = self
            .sets()
            .iter()
            .map(|set| {
                let (size, available) = (&set["spec"]["replicas"], &set["status"]["availableReplicas"]);
                format!("{}: {size} pods, {available} available", set["metadata"]["name"])
            })
            .collect();
        format!("{} {} at step {}; {}", status["phase"], status["message"], status["currentStepIndex"], sets.join("; "))
    }
}

fn is_observed(ro: &Value) -> bool {
    let observed = ro["status"]["observedGeneration"].as_str().and_then(|g| g.parse().ok());
    observed.is_some() && observed == ro["metadata"]["generation"].as_i64()
}
