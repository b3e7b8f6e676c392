//! Rollouts that take their pod template from another object: what they refer to, and what users do to it.

use super::super::values::pick;
use super::super::world::{NAME, World, key, uid};
use super::template;
use rollouts_api::PodTemplate;
use rollouts_api::rollout::{ObjectRef, WorkloadKind};
use rollouts_core::{ReplicaSet, Workload};
use rollouts_memkube::Rng;
use serde_json::{Value, json};

/// The Deployments of such a world; the Rollout begins with the first.
const DEPLOYMENTS: [&str; 2] = ["old", "other"];
/// What `scaleDown` may say; anything unknown is like the first.
const MODES: [&str; 4] = ["never", "onsuccess", "progressively", ""];

/// Puts workloads into a world and makes its Rollout refer to one of them.
pub(super) fn refer(world: &mut World, rng: &Rng) -> serde_json::Result<()> {
    for (version, name) in (0..).zip(DEPLOYMENTS) {
        let size = rng.below(7);
        let deployment = workload(name, size, json!({ "template": template(version) }))?;
        world.workloads.insert(key(WorkloadKind::Deployment, name), Ok(deployment));
        let set = format!("{name}-1");
        world.sets.insert(set.clone(), set_of(name, &set, size, template(version))?);
    }
    let mut pod_template = workload("old", 0, json!({}))?;
    pod_template.template = PodTemplate::new(&template(0));
    world.workloads.insert(key(WorkloadKind::PodTemplate, "old"), Ok(pod_template));

    let (api_version, kind, name) = match rng.below(8) {
        0 => ("v1", "PodTemplate", "old"),
        1 => ("apps/v1", "ReplicaSet", "old-1"),
        _ => ("apps/v1", "Deployment", "old"),
    };
    let spec = &mut world.rollout.spec;
    spec.template = PodTemplate::default();
    spec.workload_ref = Some(ObjectRef {
        api_version: api_version.into(),
        kind: kind.into(),
        name: name.into(),
        scale_down: (*pick(rng, &MODES)).into(),
    });
    if kind != "PodTemplate" && rng.below(2) == 0 {
        spec.selector = None;
    }
    Ok(())
}

/// What a user may do to the workload of a Rollout, or to the reference.
pub(super) fn act(world: &mut World, rng: &Rng) {
    let spec = &mut world.rollout.spec;
    let Some(reference) = &mut spec.workload_ref else { return };
    match rng.below(10) {
        0 => reference.scale_down = (*pick(rng, &MODES)).into(),
        1 if reference.kind == "Deployment" => reference.name = (*pick(rng, &DEPLOYMENTS)).into(),
        2 => {
            spec.workload_ref = None;
            spec.template = PodTemplate::new(&template(rng.below(4)));
            spec.selector.get_or_insert_default().match_labels.insert("app".into(), NAME.into());
        }
        3 | 4 => {
            for workload in world.workloads.values_mut().flatten() {
                workload.spec.replicas = i32::try_from(rng.below(7)).ok();
                workload.metadata.generation += 1;
            }
        }
        _ => {
            let name = reference.name.clone();
            let template = PodTemplate::new(&template(rng.below(4)));
            if let Some(deployment) = world.deployment(&name) {
                deployment.spec.template = template;
                deployment.metadata.generation += 1;
            }
        }
    }
}

fn workload(name: &str, replicas: u64, mut spec: Value) -> serde_json::Result<Workload> {
    spec["replicas"] = json!(replicas);
    spec["selector"] = json!({ "matchLabels": { "app": NAME } });
    serde_json::from_value(json!({
        "metadata": {
            "name": name, "namespace": "ns", "uid": uid(name), "generation": 1, "resourceVersion": "1",
            "labels": { "app": NAME }, "annotations": { "deployment.kubernetes.io/revision": "1" },
        },
        "spec": spec,
    }))
}

/// A ReplicaSet of a Deployment.
fn set_of(deployment: &str, name: &str, size: u64, mut template: Value) -> serde_json::Result<ReplicaSet> {
    template["metadata"]["labels"]["pod-template-hash"] = json!("1");
    serde_json::from_value(json!({
        "metadata": {
            "name": name, "namespace": "ns", "uid": uid(name), "generation": 1,
            "labels": template["metadata"]["labels"], "annotations": { "deployment.kubernetes.io/revision": "1" },
            "ownerReferences": [{
                "apiVersion": "apps/v1", "kind": "Deployment", "name": deployment, "uid": uid(deployment),
                "controller": true,
            }],
        },
        "spec": { "replicas": size, "template": template },
    }))
}
