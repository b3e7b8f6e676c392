//! ReplicaSets: which one is new, how it is made, its revision, whose it is, and how long it is kept.

use crate::world::World;
use rollouts_api::{PodTemplate, names, pod_template};
use rollouts_core::{Effect, ReplicaSet, plan, plan_after_create_error};
use serde_json::{Value, json};

fn canary(replicas: i32) -> World {
    World::new(replicas, json!({ "canary": { "maxSurge": 1, "maxUnavailable": 0 } }))
}

fn set_of(w: &World, revision: i64) -> &ReplicaSet {
    w.sets.values().find(|s| s.revision() == revision).unwrap()
}

fn annotate(w: &mut World, key: &str, value: &str) {
    w.rollout.metadata.annotations.insert(key.into(), value.into());
}

/// The object that the first plan creates.
fn created(w: &World) -> Value {
    let plan = plan(&w.snapshot(), w.now);
    let object = plan.effects().find_map(|e| match e {
        Effect::CreateReplicaSet { object, .. } => Some(object.clone()),
        _ => None,
    });
    object.expect("a new ReplicaSet")
}

#[test]
fn a_new_replica_set_is_empty_and_ours() {
    let mut w = canary(3);
    w.change(|ro| ro.spec.min_ready_seconds = 7);
    annotate(&mut w, "team", "shop");
    for key in [names::LAST_APPLIED, names::REVISION, names::REVISION_HISTORY, names::DESIRED_REPLICAS, names::NOTIFIED]
    {
        annotate(&mut w, key, "9");
    }
    let object = created(&w);
    let hash = pod_template::hash(&w.rollout.spec.template, None);
    let labels = json!({ "app": "web", names::POD_TEMPLATE_HASH: hash });
    assert_eq!(object["metadata"]["name"], format!("web-{hash}"));
    assert_eq!(object["metadata"]["labels"], labels);
    let annotations = json!({ names::DESIRED_REPLICAS: "3", names::REVISION: "1", "team": "shop" });
    assert_eq!(object["metadata"]["annotations"], annotations);
    let owner = json!([{
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "web", "uid": "ro",
        "controller": true, "blockOwnerDeletion": true,
    }]);
    assert_eq!(object["metadata"]["ownerReferences"], owner);
    let spec = &object["spec"];
    assert_eq!((&spec["replicas"], &spec["minReadySeconds"]), (&json!(0), &json!(7)));
    assert_eq!(spec["selector"], json!({ "matchLabels": labels }));
    assert_eq!(spec["template"]["metadata"]["labels"], labels);
}

#[test]
fn an_absent_size_is_written_back() {
    let mut w = canary(1);
    w.rollout.spec.replicas = None;
    w.run(10);
    assert_eq!((w.rollout.spec.replicas, w.sizes()), (Some(1), vec![(1, 1)]));
}

/// The first hash with an equal label wins; then what means the same, under whatever hash.
#[test]
fn the_new_replica_set_is_found_by_label_or_by_meaning() {
    let mut w = canary(2);
    w.run(10);
    let (name, mut set) = w.sets.pop_first().unwrap();
    let mut template = set.spec.template.value();
    pod_template::default(&mut template);
    template["metadata"]["labels"][names::POD_TEMPLATE_HASH] = "old".into();
    set.spec.template = PodTemplate::new(&template);
    set.metadata.labels.insert(names::POD_TEMPLATE_HASH.into(), "old".into());
    w.sets.insert(name, set);
    (w.rollout.status.stable_rs, w.rollout.status.current_pod_hash) = ("old".into(), "old".into());
    w.events.clear();
    w.run(10);
    assert_eq!((w.sizes(), w.events.len()), (vec![(1, 2)], 0), "nothing happened");
    assert_eq!(w.status().phase, "Healthy");
}

#[test]
fn collisions_are_counted_until_a_name_is_free() {
    let mut w = canary(1);
    let template = w.rollout.spec.template.clone();
    let name = |count| format!("web-{}", pod_template::hash(&template, count));
    let free = name(Some(2));
    for taken in [name(None), name(Some(1))] {
        w.foreign.insert(taken, ReplicaSet::default());
    }
    w.run(10);
    assert_eq!(w.status().collision_count, Some(2));
    assert_eq!(w.sets.keys().collect::<Vec<_>>(), [&free]);
    assert_eq!(w.status().phase, "Healthy");
}

/// Somebody gave it another template and another hash: its name is taken all the same.
#[test]
fn one_of_our_own_can_be_in_the_way() {
    let mut w = canary(1);
    w.run(10);
    let set = w.sets.values_mut().next().unwrap();
    let mut template = set.spec.template.value();
    template["spec"]["containers"][0]["image"] = "shop/web:other".into();
    template["metadata"]["labels"][names::POD_TEMPLATE_HASH] = "other".into();
    set.spec.template = PodTemplate::new(&template);
    set.metadata.labels.insert(names::POD_TEMPLATE_HASH.into(), "other".into());
    w.run(20);
    assert_eq!(w.status().collision_count, Some(1));
    assert_eq!(w.status().phase, "Healthy");
    assert_eq!(w.sets.len(), 2);
}

#[test]
fn a_refused_creation_is_told() {
    let w = canary(1);
    let plan = plan_after_create_error(&w.snapshot(), w.now, "web-abc", "quota exceeded");
    let text = plan.to_string();
    let message = "Failed to create new replica set \"web-abc\": quota exceeded";
    assert!(text.contains(&format!("Warning event ReplicaSetCreateError: {message}")), "{text}");
    let Some(Effect::PatchStatus { status }) = plan.effects().next() else { panic!("{text}") };
    let c = &status.conditions[0];
    assert_eq!((c.r#type.as_str(), c.status.as_str()), ("Progressing", "False"));
    assert_eq!((c.reason.as_str(), c.message.as_str()), ("ReplicaSetCreateError", message));
}

#[test]
fn orphans_are_adopted_and_strangers_released() {
    let mut w = canary(1);
    w.run(10);
    let set = w.sets.values_mut().next().unwrap();
    set.metadata.owner_references.clear();
    w.run(10);
    assert_eq!(w.sets.values().next().unwrap().metadata.controller().unwrap().uid, "ro");
    let set = w.sets.values_mut().next().unwrap();
    set.metadata.labels.insert("app".into(), "other".into());
    w.run(10);
    assert_eq!(w.foreign.len(), 1);
    assert_eq!(w.status().collision_count, Some(1), "its name is taken now");
    assert_eq!(w.status().phase, "Healthy");
}

/// An orphan that is going, and what somebody else controls, stay alone.
#[test]
fn what_is_going_is_not_adopted() {
    let mut w = canary(1);
    w.run(10);
    let set = w.sets.values_mut().next().unwrap();
    set.metadata.owner_references.clear();
    set.metadata.deletion_timestamp = set.metadata.creation_timestamp;
    let text = plan(&w.snapshot(), w.now).to_string();
    assert!(!text.contains("adopt"), "{text}");
}

#[test]
fn revisions_count_up_and_remember() {
    let mut w = canary(1);
    w.run(10);
    w.set_image("2");
    w.run(10);
    w.set_image("1");
    w.run(10);
    assert_eq!(w.sizes(), [(2, 0), (3, 1)]);
    assert_eq!(set_of(&w, 3).metadata.annotation(names::REVISION_HISTORY), Some("1"));
    assert_eq!(w.rollout.metadata.annotation(names::REVISION), Some("3"));
    w.set_image("2");
    w.run(10);
    w.set_image("1");
    w.run(10);
    assert_eq!(set_of(&w, 5).metadata.annotation(names::REVISION_HISTORY), Some("1,3"));
    // A copied annotation changes the ReplicaSet, which remembers its revision once more.
    w.change(|ro| {
        ro.metadata.annotations.insert("note".into(), "x".into());
    });
    w.run(10);
    assert_eq!(set_of(&w, 5).metadata.annotation("note"), Some("x"));
    assert_eq!(set_of(&w, 5).metadata.annotation(names::REVISION_HISTORY), Some("1,3,5"));
    assert_eq!(w.sizes(), [(4, 0), (5, 1)]);
}

#[test]
fn a_revision_that_is_no_number_is_left_alone() {
    let mut w = canary(1);
    w.run(10);
    w.set_image("2");
    w.run(10);
    let set = w.sets.values_mut().find(|s| s.revision() == 2).unwrap();
    set.metadata.annotations.insert(names::REVISION.into(), "two".into());
    w.run(10);
    assert_eq!(w.rollout.metadata.annotation(names::REVISION), Some("two"));
}

#[test]
fn min_ready_seconds_follow_in_place() {
    let mut w = canary(1);
    w.run(10);
    w.change(|ro| ro.spec.min_ready_seconds = 20);
    w.run(10);
    assert_eq!((w.sizes(), set_of(&w, 1).spec.min_ready_seconds), (vec![(1, 1)], 20));
}

#[test]
fn only_the_oldest_empty_replica_sets_go() {
    let mut w = canary(1);
    w.change(|ro| ro.spec.revision_history_limit = Some(2));
    w.run(10);
    for tag in ["2", "3", "4"] {
        w.set_image(tag);
        w.run(10);
    }
    assert_eq!(w.sizes(), [(2, 0), (3, 0), (4, 1)]);
    // One that has pods, or whose counters are old, is skipped, and no younger one goes in its place.
    let oldest = w.sets.values_mut().find(|s| s.revision() == 2).unwrap();
    oldest.status.replicas = 1;
    w.set_image("5");
    w.run(10);
    assert_eq!(w.sizes(), [(2, 0), (3, 0), (4, 0), (5, 1)]);
    w.sets.values_mut().for_each(|s| s.status.replicas = s.size());
    w.run(10);
    assert_eq!(w.sizes(), [(3, 0), (4, 0), (5, 1)]);
}

/// The rule names the stable version of its time: a newer one, should the update last so long.
#[test]
fn anti_affinity_names_the_stable_version() {
    let rule = json!({ "preferredDuringSchedulingIgnoredDuringExecution": { "weight": 7 } });
    let steps = json!([{ "setWeight": 50 }, { "pause": {} }]);
    let mut w = World::new(1, json!({ "canary": { "steps": steps, "antiAffinity": rule } }));
    w.run(10);
    let injected =
        |w: &World, revision| pod_template::affinity::injected_hash(&set_of(w, revision).spec.template.value());
    assert_eq!(injected(&w, 1), None, "the first version has nobody to avoid");
    let first = w.status().stable_rs.clone();
    w.set_image("2");
    w.run(10);
    assert_eq!(injected(&w, 2), Some(first));
    let term = set_of(&w, 2).spec.template.value()["spec"]["affinity"]["podAntiAffinity"].clone();
    let term = &term["preferredDuringSchedulingIgnoredDuringExecution"][0];
    assert_eq!(term["weight"], 7);
    assert_eq!(term["podAffinityTerm"]["topologyKey"], "kubernetes.io/hostname");
    assert_eq!(term["podAffinityTerm"]["namespaces"], json!(["ns"]));
    w.rollout.status.promote_full = true;
    w.run(10);
    let second = w.status().stable_rs.clone();
    w.set_image("3");
    w.run(10);
    assert_eq!(injected(&w, 3), Some(second.clone()));
    w.rollout.status.promote_full = true;
    w.run(10);
    let third = w.status().stable_rs.clone();
    w.set_image("2");
    w.run(10);
    assert_eq!(injected(&w, 4), Some(third), "refreshed in place");
    assert_eq!(set_of(&w, 4).hash(), second);
}
