//! Mappings and their copies.

use super::problems::Problem;
use crate::{Context, Draft, ObjectRef, owner};
use rollouts_api::Rollout;
use serde_json::{Map, Value};

/// Object names have at most 253 characters.
const LONGEST_NAME: usize = 253;

/// `<base>-<suffix>`, with the part before the suffix cut to what fits.
pub fn beside(base: &str, suffix: &str) -> String {
    let stem: String = base.chars().take(LONGEST_NAME.saturating_sub(suffix.len() + 1)).collect();
    format!("{stem}-{suffix}")
}

/// A Mapping of the user's that can have others beside it.
pub struct Base {
    /// All of it.
    pub object: Value,
    spec: Map<String, Value>,
    before: String,
    after: String,
}

impl Base {
    /// Its spec, with this Service in place of the stable one.
    pub fn spec(&self, service: &str) -> Map<String, Value> {
        let mut spec = self.spec.clone();
        spec.remove("weight");
        spec.insert("service".into(), format!("{}{service}{}", self.before, self.after).into());
        spec
    }
}

/// Reads a Mapping.
///
/// # Errors
/// When it is missing, has a weight of its own, or does not lead to the stable Service.
pub fn base(cx: &Context<'_>, at: &ObjectRef, draft: &Draft<'_>) -> Result<Base, Problem> {
    let object = draft.get(at).ok_or_else(|| Problem::not_found(&at.name))?;
    let spec = object["spec"].as_object().cloned().unwrap_or_default();
    let name = &at.name;
    if spec.get("weight").is_some_and(|weight| !weight.is_null() && weight.as_f64() != Some(0.0)) {
        return Err(Problem::config(format!("Ambassador mapping {name:?} can not define weight")));
    }
    let stable = cx.rollout.spec.strategy.canary.as_ref().map_or("", |canary| &canary.stable_service);
    let service = spec.get("service").and_then(Value::as_str).unwrap_or_default();
    let Some((before, after)) = around(service, stable) else {
        let message =
            format!("Ambassador mapping {name:?} does not lead to service {stable}: its service is {service:?}");
        return Err(Problem::config(message));
    };
    let (before, after) = (before.into(), after.into());
    Ok(Base { object: object.clone(), spec, before, after })
}

/// What stands before and after the Service's name: in `scheme://name.namespace:port` the first label of the host, else
/// wherever it occurs first.
fn around<'a>(service: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let start = service.find("://").map_or(0, |at| at + "://".len());
    let end = service[start..].find(['.', ':', '/']).map_or(service.len(), |at| start + at);
    if name.is_empty() {
        return None;
    }
    match &service[start..end] == name {
        true => Some((&service[..start], &service[end..])),
        false => service.split_once(name),
    }
}

/// Whether the object is the Rollout's, or nobody's: the Go controller makes canary Mappings without an owner.
pub fn is_free(rollout: &Rollout, object: &Value) -> bool {
    let owners = object["metadata"]["ownerReferences"].as_array().into_iter().flatten();
    owner::owns(rollout, object) || !owners.into_iter().any(|owner| owner["controller"] == true)
}

/// The object with this spec, and with the Rollout as its owner.
pub fn owned(rollout: &Rollout, old: &Value, spec: Map<String, Value>) -> Value {
    let mut new = old.clone();
    let metadata = new.get_mut("metadata").and_then(Value::as_object_mut);
    if let (false, Some(metadata)) = (owner::owns(rollout, old), metadata) {
        let mut owners = metadata.get("ownerReferences").and_then(Value::as_array).cloned().unwrap_or_default();
        let ours = owner::metadata(&rollout.metadata)["ownerReferences"].take();
        owners.extend(ours.as_array().cloned().unwrap_or_default());
        metadata.insert("ownerReferences".into(), owners.into());
    }
    if let Some(object) = new.as_object_mut() {
        object.insert("spec".into(), spec.into());
    }
    new
}
