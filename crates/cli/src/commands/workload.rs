//! Where the pod template of a Rollout is: in itself, or in the workload it refers to.

use rollouts_kube::Resource;
use rollouts_kube::resource::{DEPLOYMENTS, POD_TEMPLATES, REPLICA_SETS, ROLLOUTS};
use serde_json::Value;

/// The object that has the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Workload {
    pub(crate) resource: Resource,
    pub(crate) name: String,
    /// JSON pointer to the template.
    pub(crate) template: &'static str,
}

impl Workload {
    /// Of a Rollout; an error if it refers to a kind that is not known.
    pub(crate) fn of(rollout: &Value, name: &str) -> Result<Workload, String> {
        let Some(reference) = rollout.pointer("/spec/workloadRef").filter(|r| !r.is_null()) else {
            return Ok(Workload { resource: ROLLOUTS, name: name.into(), template: "/spec/template" });
        };
        let text = |key: &str| reference[key].as_str().unwrap_or("").to_owned();
        let kind = text("kind");
        let (resource, template) = match kind.as_str() {
            "Deployment" => (DEPLOYMENTS, "/spec/template"),
            "ReplicaSet" => (REPLICA_SETS, "/spec/template"),
            "PodTemplate" => (POD_TEMPLATES, "/template"),
            _ => return Err(format!("workload of type {kind} is not supported")),
        };
        Ok(Workload { resource, name: text("name"), template })
    }

    /// `rollout`, `deployment`, ….
    pub(crate) fn kind(&self) -> String {
        self.resource.kind.to_lowercase()
    }
}
