//! An object of a router as a cache holds it.

use rollouts_api::ObjectMeta;
use rollouts_kube::cache::Cached;
use rollouts_traffic::Kind;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// An object, whole if a Rollout looks at it. One reference makes a whole kind be watched, and a cluster may have
/// thousands of Ingresses.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Value")]
pub(crate) struct Held {
    /// Which object it is, in which version, with which labels.
    meta: Box<ObjectMeta>,
    whole: Option<Arc<Value>>,
}

impl TryFrom<Value> for Held {
    type Error = serde_json::Error;

    fn try_from(mut object: Value) -> Result<Self, Self::Error> {
        let ObjectMeta { name, namespace, uid, resource_version, labels, .. } =
            ObjectMeta::deserialize(&object["metadata"])?;
        let meta = Box::new(ObjectMeta { name, namespace, uid, resource_version, labels, ..Default::default() });
        if let Some(meta) = object["metadata"].as_object_mut() {
            // As large as the rest of the object, and another one after every write.
            meta.remove("managedFields");
        }
        Ok(Held { meta, whole: Some(Arc::new(object)) })
    }
}

impl Cached for Held {
    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }
}

impl Held {
    /// All of it; `None` if nobody looked at it when it last changed.
    pub fn whole(&self) -> Option<&Arc<Value>> {
        self.whole.as_ref()
    }

    /// Labels, for selectors.
    pub fn labels(&self) -> &BTreeMap<String, String> {
        &self.meta.labels
    }

    /// Forgets everything but which object it is.
    pub fn shrink(&mut self) {
        self.whole = None;
    }

    /// Objects of a list do not always say of which kind they are.
    pub fn set_kind(&mut self, kind: &Kind) {
        if let Some(object) = self.whole.as_mut().map(Arc::make_mut) {
            object["apiVersion"] = kind.api_version().into();
            object["kind"] = kind.kind.as_ref().into();
        }
    }

    /// Whether a change from `old` can change a decision: whether more than the version is another one.
    pub fn differs(&self, old: &Held) -> bool {
        let (Some(new), Some(old)) = (&self.whole, &old.whole) else {
            return self.whole.is_some() || old.whole.is_some();
        };
        without_version(new) != without_version(old)
    }
}

fn without_version(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(meta) = object["metadata"].as_object_mut() {
        meta.remove("resourceVersion");
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollouts_traffic::INGRESSES;
    use serde_json::{from_value, json};

    fn ingress(version: &str, class: &str) -> Held {
        let object = json!({
            "metadata": {
                "name": "front", "namespace": "ns", "uid": "u", "resourceVersion": version,
                "labels": { "app": "web" }, "annotations": { "a": "b" }, "managedFields": [{ "time": version }],
            },
            "spec": { "ingressClassName": class },
        });
        from_value(object).expect("an object")
    }

    #[test]
    fn what_nobody_looks_at_is_held_by_name_version_and_labels_alone() {
        let mut held = ingress("7", "nginx");
        held.set_kind(&INGRESSES);
        let whole = held.whole().expect("whole");
        assert_eq!((&whole["kind"], &whole["apiVersion"]), (&json!("Ingress"), &json!("networking.k8s.io/v1")));
        assert_eq!(whole["metadata"]["managedFields"], Value::Null);
        held.shrink();
        assert!(held.whole().is_none());
        let labels = json!({ "app": "web" });
        let outline =
            json!({ "name": "front", "namespace": "ns", "uid": "u", "resourceVersion": "7", "labels": labels });
        assert_eq!(json!(held.meta()), outline);
    }

    #[test]
    fn another_version_of_the_same_is_no_news() {
        assert!(!ingress("8", "nginx").differs(&ingress("7", "nginx")));
        assert!(ingress("8", "alb").differs(&ingress("7", "nginx")));
    }

    #[test]
    fn an_object_without_metadata_cannot_be_held() {
        assert!(from_value::<Held>(json!({ "metadata": { "labels": 5 } })).is_err());
        assert!(from_value::<Held>(json!([])).is_err());
    }
}
