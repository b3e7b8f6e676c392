//! What must have become of the Deployment that the Rollout takes over from.

use super::ending::TIDY_AFTER;
use super::user::User;
use crate::workload::{Case, LEGACY, NAME, NAMESPACE};
use rollouts_api::names;
use serde_json::Value;

impl User<'_> {
    /// The Deployment as it is.
    pub fn legacy(&self) -> Option<Value> {
        self.cluster.server.get("apps", "deployments", NAMESPACE, LEGACY)
    }

    /// Whether the status is of the present Deployment.
    pub fn sees_legacy(&self) -> bool {
        let Some(legacy) = self.legacy() else { return true };
        let observed = self.rollout()["status"]["workloadObservedGeneration"].as_str().and_then(|g| g.parse().ok());
        observed.is_some() && observed == legacy["metadata"]["generation"].as_i64()
    }

    /// A healthy Rollout that has pods has taken over, if it was told to.
    pub fn check_taken_over(&self, case: &Case) -> Vec<String> {
        let (Some(legacy), Some(object)) = (&case.legacy, self.legacy()) else { return Vec::new() };
        let (ro, size) = (self.rollout(), size(&object));
        let stays = legacy.scale_down == "never" && size != legacy.replicas;
        let goes = legacy.scale_down != "never" && ro["spec"]["replicas"] != 0 && size != 0;
        let mut violations = Vec::new();
        if stays || goes {
            let (mode, from) = (legacy.scale_down, legacy.replicas);
            violations.push(format!("takeover: {mode} leaves the Deployment {size} of {from} pods"));
        }
        violations
    }

    /// A Rollout that is gone owes nothing.
    pub async fn check_given_back(&self, case: &Case) -> Vec<String> {
        let Some(legacy) = &case.legacy else { return Vec::new() };
        self.monitor.rest();
        self.delete(&format!("rollouts/{NAME}")).await;
        tokio::time::sleep(TIDY_AFTER).await;
        let Some(object) = self.legacy() else { return vec!["takeover: the Deployment is gone".into()] };
        let (size, labels) = (size(&object), &object["metadata"]["labels"]);
        let marks = [names::SCALED_DOWN_BY, names::SCALED_DOWN_FROM, names::SCALED_DOWN_TO];
        let mut violations = Vec::new();
        if size != legacy.replicas || marks.iter().any(|mark| !labels[mark].is_null()) {
            let (mode, from) = (legacy.scale_down, legacy.replicas);
            violations.push(format!("takeover: after {mode} the Deployment gets {size} of {from} pods back: {labels}"));
        }
        violations
    }
}

fn size(deployment: &Value) -> u64 {
    deployment["spec"]["replicas"].as_u64().unwrap_or(1)
}
