//! Deforms the objects of a case, a few times each.

mod workloads;

use super::fields::{Field, POD, REPLICA_SET, ROLLOUT, SERVICE};
use super::values::{self, like, pick};
use rollouts_memkube::Rng;
use serde_json::{Map, Value, json};

/// Deformations of one case at most.
const DEFORMATIONS: u64 = 6;
/// How often a list grows a thousandfold: once in so many deformations.
const HUGE_EVERY: u64 = 2_000;

/// Deforms some of the objects.
pub(super) fn deform(objects: &mut Value, rng: &Rng) {
    for _ in 0..1 + rng.below(DEFORMATIONS) {
        match rng.below(15) {
            0..=3 => field(&mut objects["rollout"], ROLLOUT, rng),
            4 | 5 => one(&mut objects["sets"], rng, |set| field(set, REPLICA_SET, rng)),
            6 => one(&mut objects["services"], rng, |service| field(service, SERVICE, rng)),
            7 => one(&mut objects["pods"], rng, |pod| field(pod, POD, rng)),
            8 => exchange_hashes(objects, rng),
            9 => multiply_sets(&mut objects["sets"], rng),
            10 => anywhere(&mut objects["rollout"], rng),
            11 => one(&mut objects["sets"], rng, |set| anywhere(set, rng)),
            _ => workloads::deform(objects, rng),
        }
    }
}

/// One of the entries.
fn one(objects: &mut Value, rng: &Rng, change: impl FnOnce(&mut Value)) {
    let Some(map) = objects.as_object_mut().filter(|m| !m.is_empty()) else { return };
    let index = usize::try_from(rng.below(map.len() as u64)).unwrap_or_default();
    if let Some(object) = map.values_mut().nth(index) {
        change(object);
    }
}

/// Sets a field that decisions read.
fn field(object: &mut Value, fields: &[Field], rng: &Rng) {
    let (path, value) = pick(rng, fields);
    // Both strategies at once would only be refused: stay with the one that is there.
    let other = |strategy: &str| path.starts_with(&format!("/spec/strategy/{strategy}"));
    let strategy = &object["spec"]["strategy"];
    // So is a template besides a reference.
    let refers = !object["spec"]["workloadRef"].is_null();
    let absent = (other("canary") && strategy["canary"].is_null())
        || (other("blueGreen") && strategy["blueGreen"].is_null())
        || (path.starts_with("/spec/workloadRef") && !refers)
        || (path.starts_with("/spec/template") && refers);
    if !absent || rng.below(20) == 0 {
        set(object, path, value(rng));
    }
}

/// Sets what is at a JSON pointer, and makes the objects on the way.
fn set(object: &mut Value, path: &str, value: Value) {
    let mut at = object;
    for name in path.split('/').skip(1) {
        let name = name.replace("~1", "/").replace("~0", "~");
        at = match at {
            Value::Array(items) => match name.parse().ok().and_then(|i: usize| items.get_mut(i)) {
                Some(item) => item,
                None => return,
            },
            other => {
                if !other.is_object() {
                    *other = json!({});
                }
                other.as_object_mut().expect("made an object above").entry(name).or_insert(Value::Null)
            }
        };
    }
    *at = value;
}

/// Makes status, Services and ReplicaSets name each other's hashes.
fn exchange_hashes(objects: &mut Value, rng: &Rng) {
    const HASH: &str = "/metadata/labels/rollouts-pod-template-hash";
    let sets = objects["sets"].as_object().into_iter().flatten();
    let mut hashes: Vec<Value> = sets.filter_map(|(_, set)| set.pointer(HASH).cloned()).collect();
    hashes.extend([json!(""), json!("gone")]);
    let hash = pick(rng, &hashes).clone();
    match rng.below(6) {
        0 => set(&mut objects["rollout"], "/status/stableRS", hash),
        1 => set(&mut objects["rollout"], "/status/currentPodHash", hash),
        2 => set(&mut objects["rollout"], "/status/blueGreen/activeSelector", hash),
        3 => one(&mut objects["services"], rng, |s| set(s, "/spec/selector/rollouts-pod-template-hash", hash)),
        _ => one(&mut objects["sets"], rng, |s| set(s, HASH, hash)),
    }
}

/// Copies of a ReplicaSet under other names.
fn multiply_sets(sets: &mut Value, rng: &Rng) {
    let copies = if rng.below(200) == 0 { 300 } else { 1 + rng.below(3) };
    let Some(map) = sets.as_object_mut() else { return };
    let names: Vec<String> = map.keys().cloned().collect();
    if names.is_empty() {
        return;
    }
    let original = map[pick(rng, &names)].clone();
    for n in 0..copies {
        let mut copy = original.clone();
        set(&mut copy, "/metadata/uid", json!(rng.uid()));
        if rng.below(2) == 0 {
            set(&mut copy, "/metadata/creationTimestamp", values::time(rng));
        }
        if rng.below(2) == 0 {
            set(&mut copy, "/metadata/labels/rollouts-pod-template-hash", json!(format!("copy{n}")));
        }
        map.insert(format!("web-copy-{n}"), copy);
    }
}

/// Deforms any node of the tree.
fn anywhere(root: &mut Value, rng: &Rng) {
    let mut at = root;
    loop {
        let stops = rng.below(6) == 0;
        let (is_object, len) = match &*at {
            Value::Object(map) => (true, map.len()),
            Value::Array(items) => (false, items.len()),
            _ => (false, 0),
        };
        if len == 0 || stops {
            return node(at, rng);
        }
        let index = usize::try_from(rng.below(len as u64)).unwrap_or_default();
        let next = match is_object {
            true => at.as_object_mut().and_then(|map| map.values_mut().nth(index)),
            false => at.as_array_mut().and_then(|items| items.get_mut(index)),
        };
        at = next.expect("the index is below the length");
    }
}

fn node(node: &mut Value, rng: &Rng) {
    match node {
        Value::Object(map) => object(map, rng),
        Value::Array(items) if !items.is_empty() => match rng.below(5) {
            0 => items.clear(),
            1 => items.reverse(),
            2 => drop(items.pop()),
            3 if rng.below(HUGE_EVERY / 100) == 0 => {
                let item = items[0].clone();
                items.extend(std::iter::repeat_n(item, 1_000));
            }
            _ => items.push(pick(rng, items).clone()),
        },
        scalar => *scalar = like(rng, scalar),
    }
}

fn object(map: &mut Map<String, Value>, rng: &Rng) {
    let keys: Vec<String> = map.keys().cloned().collect();
    match rng.below(5) {
        0 => map.clear(),
        1 if !keys.is_empty() => drop(map.remove(pick(rng, &keys))),
        2 if !keys.is_empty() => drop(map.insert(pick(rng, &keys).clone(), Value::Null)),
        3 if rng.below(HUGE_EVERY / 100) == 0 => {
            map.extend((0..1_000).map(|n| (format!("key-{n}"), values::text(rng))));
        }
        _ => {
            let key = values::text(rng);
            map.insert(key.as_str().unwrap_or_default().to_owned(), values::text(rng));
        }
    }
}
