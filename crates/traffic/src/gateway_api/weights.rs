//! The weights of a route.

use super::experiments::Experiments;
use super::managed;
use super::routes::Target;
use super::services::Services;
use crate::{Draft, Route, RouteError};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What is set besides.
#[derive(Debug)]
pub struct Parts<'a> {
    /// The Rollout's Services.
    pub services: Services<'a>,
    /// Names of managed routes.
    pub names: BTreeSet<&'a str>,
    /// Experiments.
    pub experiments: Experiments<'a>,
    /// Label that tells others, such as GitOps tools, that weights are being changed.
    pub label: Option<(String, String)>,
}

/// Sets the weights in every rule that splits traffic between the canary and the stable Service. All of it is one write.
pub fn set(target: &Target, parts: &Parts<'_>, route: &Route, draft: &mut Draft<'_>) -> Result<(), RouteError> {
    let (at, services) = (&target.at, &parts.services);
    let mut object = draft.get(at).cloned().ok_or_else(|| RouteError::failed(at.not_found()))?;
    let weight = route.weight.clamp(0, route.max.max(0));
    let added = parts.experiments.added(&object);
    let before = object.clone();
    let rules = object.pointer_mut("/spec/rules").and_then(Value::as_array_mut).into_iter().flatten();
    let mut is_found = false;
    for rule in rules.filter(|rule| services.is_split(rule)) {
        is_found |= !managed::is_ours(rule, &parts.names, services);
        weigh(rule, services, services.canary, weight);
        weigh(rule, services, services.stable, route.stable_weight());
        parts.experiments.set(rule, services, &added);
    }
    if !is_found {
        return Err(RouteError::failed(format!("backendRef was not found in {}", target.kind.key())));
    }
    parts.experiments.note(&mut object);
    if let Some((key, value)) = &parts.label {
        if weight > 0 {
            label(&mut object, key, value);
        } else if object["spec"] != before["spec"] || is_alone(&object, services) {
            unlabel(&mut object, key);
        }
    }
    draft.update(at, object, format!("{weight} of {} to the canary", route.max), Vec::new());
    Ok(())
}

/// Further references to the same Service would add to its share.
fn weigh(rule: &mut Value, services: &Services<'_>, service: &str, mut weight: i32) {
    let refs = rule.get_mut("backendRefs").and_then(Value::as_array_mut).into_iter().flatten();
    let refs = refs.filter(|reference| services.is_ref(reference, service));
    for reference in refs.filter_map(Value::as_object_mut) {
        reference.insert("weight".into(), weight.into());
        weight = 0;
    }
}

/// Where others have rules, too, the label may tell of their canary.
fn is_alone(object: &Value, services: &Services<'_>) -> bool {
    object["spec"]["rules"].as_array().into_iter().flatten().all(|rule| services.is_used(rule))
}

fn label(object: &mut Value, key: &str, value: &str) {
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    let labels = metadata.entry("labels").or_insert(Value::Null);
    if !labels.is_object() {
        *labels = json!({});
    }
    labels[key] = value.into();
}

fn unlabel(object: &mut Value, key: &str) {
    if let Some(labels) = object.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.remove(key);
    }
}
