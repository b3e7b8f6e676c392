//! Metadata that pods carry while their ReplicaSet has a role.

use crate::world::World;
use rollouts_api::{ObjectMeta, names};
use serde_json::{Value, json};

fn canary(canary: Value, stable: Value) -> World {
    let steps = json!([{ "setWeight": 50 }, { "pause": {} }]);
    World::new(
        2,
        json!({ "canary": {
        "maxSurge": 1, "maxUnavailable": 0, "steps": steps, "canaryMetadata": canary, "stableMetadata": stable,
    } }),
    )
    .with_pods()
}

/// Labels and annotations besides those of every pod: of the ReplicaSet's template and of all its pods alike.
fn carried(w: &World, revision: i64) -> Vec<String> {
    let set = w.sets.values().find(|s| s.revision() == revision).unwrap();
    let template: ObjectMeta = serde_json::from_value(
        json!({ "labels": set.spec.template.labels(), "annotations": set.spec.template.annotations() }),
    )
    .unwrap();
    let text = |m: &ObjectMeta| -> Vec<String> {
        let common = ["app", names::POD_TEMPLATE_HASH];
        let all = m.labels.iter().chain(&m.annotations).filter(|(k, _)| !common.contains(&k.as_str()));
        all.map(|(k, v)| format!("{k}={v}")).collect()
    };
    for pod in w.pods_of(revision) {
        assert_eq!(text(pod), text(&template), "pod {} and template", pod.name);
    }
    text(&template)
}

fn recorded(w: &World, revision: i64) -> Option<&str> {
    w.sets.values().find(|s| s.revision() == revision).unwrap().metadata.annotation(names::EPHEMERAL_METADATA)
}

fn roles() -> World {
    canary(
        json!({ "labels": { "role": "canary" }, "annotations": { "note": "new" } }),
        json!({ "labels": { "role": "stable", "tier": "gold" } }),
    )
}

#[test]
fn pods_carry_the_metadata_of_their_role() {
    let mut w = roles();
    w.run(10);
    assert_eq!(carried(&w, 1), ["role=stable", "tier=gold"], "the first version is stable from the start");
    w.set_image("2");
    w.run(10);
    assert_eq!(carried(&w, 1), ["role=stable", "tier=gold"]);
    assert_eq!(carried(&w, 2), ["role=canary", "note=new"]);
    assert_eq!(recorded(&w, 2), Some(r#"{"labels":{"role":"canary"},"annotations":{"note":"new"}}"#));
    w.promote();
    w.run(10);
    assert_eq!(carried(&w, 2), ["role=stable", "tier=gold"]);
    assert_eq!(recorded(&w, 2), Some(r#"{"labels":{"role":"stable","tier":"gold"}}"#));
    assert_eq!((carried(&w, 1), recorded(&w, 1)), (Vec::new(), None));
}

#[test]
fn a_blue_green_has_a_preview_and_an_active_role() {
    let mut w = World::new(
        2,
        json!({ "blueGreen": {
        "activeService": "live", "autoPromotionEnabled": false,
        "previewMetadata": { "labels": { "role": "preview" } },
        "activeMetadata": { "labels": { "role": "active" } },
    } }),
    )
    .with_services(&["live"])
    .with_pods();
    w.run(10);
    w.set_image("2");
    w.run(10);
    assert_eq!((carried(&w, 1), carried(&w, 2)), (vec!["role=active".into()], vec!["role=preview".into()]));
    w.promote();
    w.run(10);
    assert_eq!(carried(&w, 2), ["role=active"]);
    assert_eq!(carried(&w, 1), [""; 0], "it waits for its scale-down without a role");
}

#[test]
fn changed_metadata_reaches_running_pods() {
    let mut w = roles();
    w.run(10);
    w.set_image("2");
    w.run(10);
    w.change(|ro| {
        let canary = ro.spec.strategy.canary.as_mut().unwrap();
        canary.canary_metadata = serde_json::from_value(json!({ "labels": { "role": "preview" } })).unwrap();
    });
    w.run(10);
    assert_eq!(carried(&w, 2), ["role=preview"]);
    assert_eq!(w.sizes(), [(1, 1), (2, 1)], "no pod was replaced");
}

/// Upstream leaves it on pods and templates for ever.
#[test]
fn metadata_goes_with_both_fields() {
    let mut w = roles();
    w.run(10);
    w.change(|ro| {
        let canary = ro.spec.strategy.canary.as_mut().unwrap();
        (canary.canary_metadata, canary.stable_metadata) = (None, None);
    });
    w.run(10);
    assert_eq!((carried(&w, 1), recorded(&w, 1)), (Vec::new(), None));
}

/// Upstream deletes the key, and with it what the user wrote.
#[test]
fn a_value_that_the_user_wrote_comes_back() {
    let mut w = canary(json!({ "labels": { "role": "canary" } }), Value::Null);
    w.change(|ro| {
        let mut template = ro.spec.template.value();
        template["metadata"]["labels"]["role"] = "shop".into();
        ro.spec.template = rollouts_api::PodTemplate::new(&template);
    });
    w.run(10);
    w.change(|ro| {
        let mut template = ro.spec.template.value();
        template["spec"]["containers"][0]["image"] = "shop/web:2".into();
        ro.spec.template = rollouts_api::PodTemplate::new(&template);
    });
    w.run(10);
    assert_eq!((carried(&w, 1), carried(&w, 2)), (vec!["role=shop".into()], vec!["role=canary".into()]));
    w.promote();
    w.run(10);
    assert_eq!(carried(&w, 2), ["role=shop"]);
    assert_eq!(w.status().phase, "Healthy");
}

/// Whatever the controller was doing when it crashed.
#[test]
fn no_key_stays_behind_after_a_crash() {
    let mut total = 0;
    for survives in 0.. {
        let mut w = roles();
        w.run(10);
        w.set_image("2");
        w.run(10);
        w.promote();
        // Crashes once, after so many effects.
        w.crash_after = Some(survives);
        w.run(60);
        assert_eq!(carried(&w, 2), ["role=stable", "tier=gold"], "a crash after {survives} effects");
        assert_eq!((carried(&w, 1), recorded(&w, 1)), (Vec::new(), None), "a crash after {survives} effects");
        total = survives;
        if w.crash_after.is_some() {
            break;
        }
    }
    assert!(total > 10, "only {total} effects");
}

/// A pod that its ReplicaSet made from the template of before, while the template was being changed.
#[test]
fn a_pod_made_in_the_meantime_is_cleaned_too() {
    let mut w = roles();
    w.run(10);
    w.set_image("2");
    w.run(10);
    let late = w.pods_of(2)[0].name.clone();
    let late = w.pods.as_ref().unwrap()[&late].clone();
    w.promote();
    while carried_by_template(&w, 2).contains(&"note".to_string()) {
        w.step();
    }
    let name = "late".to_string();
    let mut pod = late;
    pod.metadata.name.clone_from(&name);
    w.pods.as_mut().unwrap().insert(name.clone(), pod);
    w.run(10);
    if let Some(pod) = w.pods.as_ref().unwrap().get(&name) {
        assert_eq!(pod.metadata.annotation("note"), None);
        assert_eq!(pod.metadata.label("role"), Some("stable"));
    }
}

fn carried_by_template(w: &World, revision: i64) -> Vec<String> {
    let set = w.sets.values().find(|s| s.revision() == revision).unwrap();
    set.spec.template.annotations().into_keys().collect()
}
