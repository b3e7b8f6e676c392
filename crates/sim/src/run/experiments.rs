//! What must have become of Experiments.

use super::user::User;
use crate::invariants::is_of_an_experiment;
use crate::workload::NAMESPACE;
use serde_json::Value;

/// The phases of an Experiment that goes on.
const GOING: [&str; 3] = ["", "Pending", "Running"];

impl User<'_> {
    /// Nothing is tried after `what`, which was some minutes ago: no Experiment goes on, and none has pods or Services.
    pub fn check_nothing_is_tried(&self, what: &str) -> Vec<String> {
        if !self.is_over() {
            return Vec::new();
        }
        let list = |group: &str, plural: &str| self.cluster.server.list(group, plural, NAMESPACE);
        let phase = |object: &Value| object["status"]["phase"].as_str().unwrap_or_default().to_owned();
        let going = list("argoproj.io", "experiments").into_iter().filter(|e| GOING.contains(&phase(e).as_str()));
        let sets = list("apps", "replicasets").into_iter();
        let sets = sets.filter(|set| is_of_an_experiment(set) && set["spec"]["replicas"] != 0);
        let services = list("", "services").into_iter().filter(is_of_an_experiment);
        let left = going.chain(sets).chain(services);
        left.map(|left| format!("ends: after {what}, {} of an Experiment is left", left["metadata"]["name"])).collect()
    }
}
