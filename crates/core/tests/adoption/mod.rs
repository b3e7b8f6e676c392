//! ReplicaSets that another controller made: whatever hash it gave them, they stay the new and the stable one.

use crate::world::World;
use rollouts_api::{PodTemplate, names, pod_template};
use rollouts_core::{Effect, plan};
use serde_json::json;

/// A Rollout at rest whose only ReplicaSet carries `hash` everywhere, as if another controller had made it.
fn made_by_another(hash: &str) -> World {
    let mut w = World::new(3, json!({ "canary": { "steps": [{ "setWeight": 50 }, { "pause": {} }] } }));
    w.run(30);
    let (_, mut set) = w.sets.pop_first().unwrap();
    set.metadata.name = format!("web-{hash}");
    set.metadata.labels.insert(names::POD_TEMPLATE_HASH.into(), hash.into());
    set.spec.template = set.spec.template.with_label(names::POD_TEMPLATE_HASH, hash).map(pod_template::default);
    w.sets.insert(set.metadata.name.clone(), set);
    w.rollout.status.current_pod_hash = hash.into();
    w.rollout.status.stable_rs = hash.into();
    for condition in &mut w.rollout.status.conditions {
        let words: Vec<&str> = condition.message.split('"').collect();
        if let [before, _, after] = words[..] {
            condition.message = format!("{before}\"web-{hash}\"{after}");
        }
    }
    w
}

fn is_left_alone(w: &World) {
    let plan = plan(&w.snapshot(), w.now);
    assert!(plan.is_idle(), "{plan}");
}

#[test]
fn an_unknown_hash_with_the_same_template_is_kept() {
    is_left_alone(&made_by_another("5c9d6b7f8"));
}

#[test]
fn the_hash_of_older_controllers_is_known_whatever_became_of_the_template() {
    let template = World::new(1, json!({})).rollout.spec.template;
    let mut w = made_by_another(&pod_template::hash_with_null_timestamps(&template, None));
    let set = w.sets.values_mut().next().unwrap();
    // An API server whose feature gate is off drops a field; a webhook adds one.
    set.spec.template = set.spec.template.map(|t| t["spec"]["nodeSelector"] = json!({ "pool": "a" }));
    is_left_alone(&w);
}

/// What stands in labels and status counts, not what we would compute.
#[test]
fn an_update_goes_on_from_a_foreign_hash() {
    let mut w = made_by_another("5c9d6b7f8");
    w.set_image("2");
    w.run(60);
    assert_eq!((w.status().stable_rs.as_str(), w.status().current_step_index), ("5c9d6b7f8", Some(1)));
    assert_eq!(w.sizes(), [(1, 2), (2, 2)]);
    w.set_image("1");
    w.run(60);
    assert_eq!((w.status().current_pod_hash.as_str(), w.status().phase.as_str()), ("5c9d6b7f8", "Healthy"));
    assert_eq!(w.sets.len(), 2, "back to the old one, not to a copy of it");
}

#[test]
fn another_template_is_another_version() {
    let mut w = made_by_another("5c9d6b7f8");
    w.change(|ro| ro.spec.template = PodTemplate::new(&ro.spec.template.with_annotation("new", "yes").value()));
    let plan = plan(&w.snapshot(), w.now);
    assert!(plan.effects().any(|e| matches!(e, Effect::CreateReplicaSet { .. })), "{plan}");
}
