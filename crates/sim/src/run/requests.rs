//! What must have become of the traffic.

use super::ending::TIDY_AFTER;
use super::user::User;
use crate::workload::{Case, NAME, PING, PONG};
use rollouts_api::names::POD_TEMPLATE_HASH;
use serde_json::Value;

impl User<'_> {
    /// The Services that must select the stable version in the end.
    pub fn stable_services(&self, case: &Case) -> Vec<&'static str> {
        let ro = self.rollout();
        let pair = &ro["spec"]["strategy"]["canary"]["pingPong"];
        let stable = if ro["status"]["canary"]["stablePingPong"] == "ping" { PING } else { PONG };
        case.services.iter().copied().chain((!pair.is_null()).then_some(stable)).collect()
    }

    /// Whether an aborted canary keeps its pods for ever.
    pub fn keeps_aborted(&self) -> bool {
        let canary = &self.rollout()["spec"]["strategy"]["canary"];
        !canary["trafficRouting"].is_null() && canary["abortScaleDownDelaySeconds"] == 0
    }

    /// Everybody reaches the stable version.
    pub fn check_all_stable(&self, what: &str) -> Vec<String> {
        let ro = self.rollout();
        if ro["spec"]["replicas"] == 0 || ro["status"]["message"].as_str().is_some_and(|m| m.starts_with("InvalidSpec"))
        {
            return Vec::new();
        }
        let stable = ro["status"]["stableRS"].as_str().unwrap_or_default().to_owned();
        self.monitor.strays(&stable).into_iter().map(|stray| format!("requests: after {what}, {stray}")).collect()
    }

    /// The same after an abort, if there is a stable version that can take everybody.
    pub fn check_all_stable_after_abort(&self) -> Vec<String> {
        let (ro, sets) = (self.rollout(), self.sets());
        let status = &ro["status"];
        let stable = sets.iter().find(|set| set["metadata"]["labels"][POD_TEMPLATE_HASH] == status["stableRS"]);
        let is_ready = stable.is_some_and(|set| set["status"]["availableReplicas"] == ro["spec"]["replicas"]);
        if status["abort"] == true && is_ready { self.check_all_stable("an abort") } else { Vec::new() }
    }

    /// A Rollout that is deleted leaves its routers with the stable version.
    pub async fn check_released(&self, case: &Case) -> Vec<String> {
        if case.traffic.is_none() || self.rollout()["spec"]["replicas"] == 0 {
            return Vec::new();
        }
        // A TrafficSplit goes with its Rollout, and its root Service has all pods.
        let ends = || self.monitor.ends().into_iter().filter(|end| !end.starts_with("SMI")).collect::<Vec<_>>();
        let before = ends();
        self.monitor.rest();
        self.delete(&format!("rollouts/{NAME}")).await;
        tokio::time::sleep(TIDY_AFTER).await;
        let after = ends();
        let mut violations = Vec::new();
        if after != before {
            violations
                .push(format!("requests: the Rollout is gone, and requests go to {after:?}, no longer to {before:?}"));
        }
        let services = self.cluster.server.list("", "services", crate::workload::NAMESPACE);
        let left = services.into_iter().filter(|s| s["spec"]["selector"][POD_TEMPLATE_HASH] != Value::Null);
        violations.extend(
            left.map(|s| format!("requests: the Rollout is gone, but {} selects a hash", s["metadata"]["name"])),
        );
        violations
    }
}
