//! Deforms what a Rollout takes its pod template from, the reference to it, and what is owed to it.

use super::super::fields::{Field, selector};
use super::super::values::{count, integer, pick, text, time};
use super::super::world::{ANOTHER_UID, UID};
use super::{anywhere, field, one, set};
use rollouts_memkube::Rng;
use serde_json::{Value, json};

/// Labels of a debt.
const BY: &str = "/metadata/labels/argo-rollouts.argoproj.io~1scaled-down-by";
const FROM: &str = "/metadata/labels/argo-rollouts.argoproj.io~1scaled-down-from";
const TO: &str = "/metadata/labels/argo-rollouts.argoproj.io~1scaled-down-to";

/// Of a Deployment or PodTemplate.
const WORKLOAD: &[Field] = &[
    ("/metadata/generation", integer),
    ("/metadata/deletionTimestamp", time),
    ("/metadata/labels/x", text),
    (BY, debtor),
    (FROM, size),
    (TO, size),
    ("/metadata/annotations/deployment.kubernetes.io~1revision", text),
    ("/metadata/annotations/rollout.argoproj.io~1workload-generation", text),
    ("/spec/replicas", count),
    ("/spec/replicas", |_| Value::Null),
    ("/spec/selector", selector),
    ("/spec/template", |_| json!({})),
    ("/spec/template/metadata/labels/app", text),
    ("/spec/template/metadata/labels/rollouts-pod-template-hash", text),
    ("/spec/template/metadata/annotations/x", text),
    ("/spec/template/spec/containers/0/image", text),
    ("/spec/template/spec/containers/0/resources/limits/cpu", text),
    ("/template/metadata/labels/app", text),
    ("/template/spec/containers", |_| json!([])),
];

/// Deforms a workload, or the reference to it where there is none.
pub(super) fn deform(objects: &mut Value, rng: &Rng) {
    let is_there = objects["workloads"].as_object().is_some_and(|w| !w.is_empty());
    match rng.below(10) {
        0 => refer_anywhere(objects, rng),
        _ if !is_there => field(&mut objects["rollout"], super::ROLLOUT, rng),
        1 => one(&mut objects["workloads"], rng, |w| anywhere(w, rng)),
        2..=4 => one(&mut objects["workloads"], rng, |w| owe(w, rng)),
        5 | 6 => begin(objects, rng),
        _ => one(&mut objects["workloads"], rng, |w| field(w, WORKLOAD, rng)),
    }
}

/// Makes the Rollout refer to whatever there is, its own ReplicaSets among it.
fn refer_anywhere(objects: &mut Value, rng: &Rng) {
    let names = |key: &str| objects[key].as_object().into_iter().flatten().map(|(name, _)| name.clone());
    let mut found: Vec<(String, String)> = names("sets").map(|name| ("ReplicaSet".into(), name)).collect();
    found.extend(names("workloads").filter_map(|key| key.split_once('/').map(|(k, n)| (k.into(), n.into()))));
    found.push(("Deployment".into(), "gone".into()));
    let (kind, name) = pick(rng, &found);
    let api_version = if kind == "PodTemplate" { "v1" } else { "apps/v1" };
    let scale_down = pick(rng, &["onsuccess", "progressively"]);
    let reference = json!({ "apiVersion": api_version, "kind": kind, "name": name, "scaleDown": scale_down });
    set(&mut objects["rollout"], "/spec/workloadRef", reference);
    if rng.below(8) > 0 {
        set(&mut objects["rollout"], "/spec/template", json!({}));
    }
}

/// Makes the Rollout take over from a Deployment that has pods again.
fn begin(objects: &mut Value, rng: &Rng) {
    let rollout = &mut objects["rollout"];
    if !rollout["spec"]["workloadRef"].is_null() {
        set(rollout, "/spec/workloadRef/scaleDown", json!(pick(rng, &["onsuccess", "progressively"])));
        set(rollout, "/status/workloadObservedGeneration", json!(""));
    }
    one(&mut objects["workloads"], rng, |w| set(w, "/spec/replicas", count(rng)));
}

/// Labels and size of a Deployment that agree with each other, or nearly.
fn owe(workload: &mut Value, rng: &Rng) {
    let uid: String = workload["metadata"]["uid"].as_str().unwrap_or_default().chars().take(8).collect();
    set(workload, BY, if rng.below(4) == 0 { debtor(rng) } else { json!(format!("{UID}.{uid}")) });
    let sizes = [0, 1, 2, 3, 5, i64::from(i32::MAX), i64::from(i32::MAX) + 1];
    let to = pick(rng, &sizes);
    set(workload, FROM, json!(pick(rng, &sizes).to_string()));
    set(workload, TO, json!(to.to_string()));
    if rng.below(4) > 0 {
        set(workload, "/spec/replicas", json!(to));
    }
}

fn debtor(rng: &Rng) -> Value {
    let label = match rng.below(16) {
        0 | 1 => format!("{ANOTHER_UID}.old-uid"),
        2 => {
            pick(rng, &["", ".", "..", "rollout", "rollout.", ".old-uid", "rollout.o", "rollout..", "ß.🦀"]).to_string()
        }
        3..=5 => format!("{UID}.other-ui"),
        _ => format!("{UID}.old-uid"),
    };
    json!(label)
}

fn size(rng: &Rng) -> Value {
    match rng.below(3) {
        0 => text(rng),
        _ => json!(integer(rng).to_string()),
    }
}
