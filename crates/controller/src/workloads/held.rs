//! A workload as a cache holds it.

use rollouts_api::ObjectMeta;
use rollouts_core::Workload;
use rollouts_kube::cache::Cached;
use serde::Deserialize;
use std::sync::Arc;

/// A workload, whole if a Rollout refers to it. One reference makes a whole kind be watched, and the other objects of
/// that kind are many: ten old ReplicaSets for every Deployment, each with a pod template.
#[derive(Debug, Deserialize)]
#[serde(from = "Workload")]
pub(crate) enum Held {
    /// All that decisions read.
    Whole(Arc<Workload>),
    /// It exists, in this version.
    Outline(Box<ObjectMeta>),
}

impl From<Workload> for Held {
    fn from(mut workload: Workload) -> Self {
        workload.slim();
        Held::Whole(Arc::new(workload))
    }
}

impl Cached for Held {
    fn meta(&self) -> &ObjectMeta {
        match self {
            Held::Whole(workload) => &workload.metadata,
            Held::Outline(meta) => meta,
        }
    }
}

impl Held {
    /// Forgets everything but which object it is, and in which version.
    pub fn shrink(&mut self) {
        let ObjectMeta { name, namespace, uid, resource_version, .. } = self.meta().clone();
        *self = Held::Outline(Box::new(ObjectMeta { name, namespace, uid, resource_version, ..Default::default() }));
    }

    /// Whether a change from `old` can change a decision.
    pub fn differs(&self, old: &Held) -> bool {
        match (self, old) {
            (Held::Whole(new), Held::Whole(old)) => new.differs(old),
            // Nobody referred to it.
            (Held::Outline(_), Held::Outline(_)) => false,
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json};

    #[test]
    fn what_nobody_refers_to_is_held_by_name_and_version_alone() {
        let object = json!({
            "metadata": {
                "name": "web-1", "namespace": "ns", "uid": "u", "resourceVersion": "7", "generation": 3,
                "labels": { "app": "web" }, "annotations": { "kubectl.kubernetes.io/last-applied-configuration": "{}" },
            },
            "spec": { "template": { "spec": { "containers": [] } } },
        });
        let mut held: Held = from_value(object).expect("a workload");
        let Held::Whole(whole) = &held else { panic!("{held:?}") };
        assert!(whole.metadata.annotations.is_empty() && !whole.pod_template().is_empty());
        held.shrink();
        let Held::Outline(outline) = &held else { panic!("{held:?}") };
        let expected = json!({ "name": "web-1", "namespace": "ns", "uid": "u", "resourceVersion": "7" });
        assert_eq!(json!(outline), expected);
    }
}
