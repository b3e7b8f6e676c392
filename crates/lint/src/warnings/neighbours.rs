//! Objects beside the Rollout that get in its way.

use crate::finding::About;
use crate::object::Object;
use crate::rollout::Subject;
use crate::rules;
use crate::world::same_namespace;
use serde_json::Value;

pub(super) fn check(subject: &Subject<'_>, found: &mut About<'_>) {
    if subject.written.spec.replicas.is_some()
        && let Some(autoscaler) = autoscaler(subject)
    {
        let message = format!(
            "{} sets the replicas, too ({}, line {}): each time this manifest is applied they jump; leave them out",
            autoscaler.id, autoscaler.file, autoscaler.at.line
        );
        found.add(&rules::AUTOSCALER_FIGHTS_REPLICAS, "spec.replicas", message);
    }
    if let Some(deployment) = twin(subject) {
        let message = format!(
            "{} ({}, line {}) has pods with the same labels: both run side by side, and Services send requests to both; \
             delete it, or refer to it with workloadRef",
            deployment.id, deployment.file, deployment.at.line
        );
        found.add(&rules::DEPLOYMENT_BESIDE_ROLLOUT, "spec.selector", message);
    }
}

/// The autoscaler of the Rollout: Kubernetes' own, or one of KEDA.
pub(super) fn autoscaler<'a>(subject: &Subject<'a>) -> Option<&'a Object> {
    let metadata = &subject.written.metadata;
    let kinds = ["HorizontalPodAutoscaler", "ScaledObject"];
    let all = kinds.iter().flat_map(|kind| subject.world.all(kind).iter().copied());
    let mut near = all.filter(|o| same_namespace(&o.id.namespace, &metadata.namespace));
    near.find(|o| {
        let target = &o.value["spec"]["scaleTargetRef"];
        target["kind"] == "Rollout" && target["name"] == metadata.name.as_str()
    })
}

/// A Deployment whose pods the Rollout's selector matches, other than the one it refers to.
fn twin<'a>(subject: &Subject<'a>) -> Option<&'a Object> {
    let written = &subject.written;
    let selector = written.spec.selector.as_ref()?.compile().ok()?;
    if written.spec.workload_ref.is_some() {
        return None;
    }
    let mut near =
        subject.world.all("Deployment").iter().copied().filter(|o| {
            same_namespace(&o.id.namespace, &written.metadata.namespace) && o.value["spec"]["replicas"] != 0
        });
    near.find(|o| {
        let labels = &o.value["spec"]["template"]["metadata"]["labels"];
        let labels = labels.as_object().into_iter().flatten();
        let labels = labels.filter_map(|(key, value)| Some((key.clone(), Value::as_str(value)?.to_string()))).collect();
        selector.matches(&labels)
    })
}
