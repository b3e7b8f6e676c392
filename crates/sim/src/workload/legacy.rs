//! Cases in which the Rollout takes over from a Deployment, which has the pod template.

use super::{Case, NAME, NAMESPACE};
use serde_json::{Value, json};

/// Deployment that the Rollout takes over from, if it does.
pub const LEGACY: &str = "app-legacy";

/// A Deployment that a Rollout refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Legacy {
    /// The Deployment as first applied.
    pub object: Value,
    /// Its replicas.
    pub replicas: u64,
    /// `never`, `onsuccess` or `progressively`.
    pub scale_down: &'static str,
}

impl Case {
    /// Moves the pod template into a Deployment of so many pods.
    pub(super) fn take_over(&mut self, replicas: u64, scale_down: &'static str) {
        let spec = &mut self.rollout["spec"];
        let (selector, template) = (spec["selector"].take(), spec["template"].take());
        if let Some(spec) = spec.as_object_mut() {
            spec.retain(|field, _| field != "selector" && field != "template");
        }
        spec["workloadRef"] =
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": LEGACY, "scaleDown": scale_down});
        let object = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": LEGACY, "namespace": NAMESPACE},
            "spec": {"replicas": replicas, "selector": selector, "template": template},
        });
        self.legacy = Some(Legacy { object, replicas, scale_down });
    }

    /// The object that has the pod template, as `resource/name`.
    pub fn template_owner(&self) -> String {
        if self.legacy.is_some() { format!("deployments/{LEGACY}") } else { format!("rollouts/{NAME}") }
    }
}
