//! The weights of a route.

use super::routes::Target;
use super::services::Services;
use crate::{Draft, Route, RouteError};
use serde_json::{Value, json};

/// Label that tells others, such as GitOps tools, that the weights are being changed.
pub type Label = Option<(String, String)>;

/// Sets the weights in every rule that splits traffic between the canary and the stable Service. All of it is one write.
pub fn set(
    target: &Target,
    services: &Services<'_>,
    label: &Label,
    route: &Route,
    draft: &mut Draft<'_>,
) -> Result<(), RouteError> {
    let at = &target.at;
    let mut object = draft.get(at).cloned().ok_or_else(|| RouteError::failed(at.not_found()))?;
    let weight = route.weight.clamp(0, route.max.max(0));
    let mut is_found = false;
    for rule in rules_mut(&mut object).iter_mut().filter(|rule| services.is_split(rule)) {
        is_found = true;
        weigh(rule, services, services.canary, weight);
        weigh(rule, services, services.stable, route.stable_weight());
    }
    if !is_found {
        return Err(RouteError::failed(format!("backendRef was not found in {}", target.kind.key())));
    }
    if let Some((key, value)) = label {
        mark(&mut object, key, (weight > 0).then_some(value));
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

fn mark(object: &mut Value, key: &str, value: Option<&String>) {
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    match value {
        Some(value) => {
            let labels = metadata.entry("labels").or_insert(Value::Null);
            if !labels.is_object() {
                *labels = json!({});
            }
            labels[key] = value.as_str().into();
        }
        None => {
            if let Some(labels) = metadata.get_mut("labels").and_then(Value::as_object_mut) {
                labels.remove(key);
            }
        }
    }
}

/// The rules; none when they are no list.
pub fn rules_mut(object: &mut Value) -> &mut [Value] {
    object.pointer_mut("/spec/rules").and_then(Value::as_array_mut).map_or(&mut [], Vec::as_mut_slice)
}
