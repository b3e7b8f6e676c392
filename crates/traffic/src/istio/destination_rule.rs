//! Subsets of the DestinationRule (§2.1).

use crate::Route;
use rollouts_api::names::{MANAGED_BY_ROLLOUTS, POD_TEMPLATE_HASH};
use rollouts_api::rollout::IstioDestinationRule;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The rule as it must be: its subsets select the pods of the versions and of Experiments, and it says whose it is.
///
/// # Errors
/// When it lacks a subset.
pub(super) fn pointed(
    old: &Value,
    names: &IstioDestinationRule,
    route: &Route,
    rollout: &str,
) -> Result<Value, String> {
    let (canary, stable) = (names.canary_subset_name.as_str(), names.stable_subset_name.as_str());
    if canary == stable {
        return Err(format!("subset '{canary}' cannot stand for both versions"));
    }
    let mut new = old.clone();
    let Some(subsets) = subsets_mut(&mut new) else { return Err("spec.subsets is not set".into()) };
    let mut experiments: BTreeMap<&str, &str> =
        route.additional.iter().map(|a| (a.service_name.as_str(), a.pod_template_hash.as_str())).collect();
    experiments.retain(|service, _| !service.is_empty());
    subsets.retain(|subset| match subset["name"].as_str() {
        Some(name) => experiments.contains_key(name) || is_kept(name, names) || !is_experiment(subset),
        None => true,
    });
    for (name, hash) in [(canary, &route.canary.hash), (stable, &route.stable.hash)] {
        let mut named = subsets.iter_mut().filter(|subset| subset["name"].as_str() == Some(name)).peekable();
        if named.peek().is_none() {
            return Err(format!("subset '{name}' is not there"));
        }
        named.for_each(|subset| set_hash(subset, hash));
    }
    for (service, hash) in experiments.into_iter().filter(|(service, _)| !is_kept(service, names)) {
        match subsets.iter_mut().find(|subset| subset["name"].as_str() == Some(service)) {
            Some(subset) => set_hash(subset, hash),
            None => subsets.push(json!({ "name": service, "labels": { POD_TEMPLATE_HASH: hash } })),
        }
    }
    if let Some(metadata) = new.get_mut("metadata").and_then(Value::as_object_mut) {
        let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
        if !annotations.is_object() {
            *annotations = json!({});
        }
        annotations[MANAGED_BY_ROLLOUTS] = rollout.into();
    }
    Ok(new)
}

/// The rule as it was found: without hashes, and without whose it is. `None` when it is not this Rollout's.
pub(super) fn released(old: &Value, names: &IstioDestinationRule, rollout: &str) -> Option<Value> {
    if old["metadata"]["annotations"][MANAGED_BY_ROLLOUTS].as_str() != Some(rollout) {
        return None;
    }
    let mut new = old.clone();
    if let Some(subsets) = subsets_mut(&mut new) {
        subsets
            .retain(|subset| subset["name"].as_str().is_none_or(|name| is_kept(name, names) || !is_experiment(subset)));
        subsets.iter_mut().for_each(|subset| set_hash(subset, ""));
    }
    if let Some(metadata) = new.get_mut("metadata").and_then(Value::as_object_mut) {
        let annotations = metadata.get_mut("annotations").and_then(Value::as_object_mut);
        let is_empty = annotations.is_some_and(|annotations| {
            annotations.remove(MANAGED_BY_ROLLOUTS);
            annotations.is_empty()
        });
        if is_empty {
            metadata.remove("annotations");
        }
    }
    Some(new)
}

/// The hash that a subset selects, "" if none.
pub(super) fn hash<'a>(rule: &'a Value, subset: &str) -> &'a str {
    let mut subsets = rule["spec"]["subsets"].as_array().into_iter().flatten();
    let subset = subsets.find(|s| s["name"].as_str() == Some(subset));
    subset.and_then(|subset| subset["labels"][POD_TEMPLATE_HASH].as_str()).unwrap_or_default()
}

fn subsets_mut(rule: &mut Value) -> Option<&mut Vec<Value>> {
    rule.get_mut("spec")?.get_mut("subsets")?.as_array_mut()
}

fn is_kept(name: &str, names: &IstioDestinationRule) -> bool {
    name == names.canary_subset_name
        || name == names.stable_subset_name
        || names.additional_subset_names.iter().any(|additional| additional == name)
}

/// A subset that was added for an Experiment: it says nothing but a hash, which nobody writes by hand.
fn is_experiment(subset: &Value) -> bool {
    let says_only = |value: &Value, keys: &[&str]| {
        value
            .as_object()
            .is_some_and(|members| members.len() == keys.len() && keys.iter().all(|k| members.contains_key(*k)))
    };
    says_only(subset, &["name", "labels"]) && says_only(&subset["labels"], &[POD_TEMPLATE_HASH])
}

/// "" takes the hash away.
fn set_hash(subset: &mut Value, hash: &str) {
    let Some(subset) = subset.as_object_mut() else { return };
    match subset.get_mut("labels").and_then(Value::as_object_mut) {
        Some(labels) if hash.is_empty() => {
            labels.remove(POD_TEMPLATE_HASH);
        }
        Some(labels) => {
            labels.insert(POD_TEMPLATE_HASH.into(), hash.into());
        }
        None if hash.is_empty() => {}
        None => {
            subset.insert("labels".into(), json!({ POD_TEMPLATE_HASH: hash }));
        }
    }
}
