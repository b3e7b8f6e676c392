//! The weights of a TraefikService.

use crate::{Draft, ObjectRef, Route, RouteError};
use serde_json::Value;

/// The canary's Service is missing.
pub const NO_CANARY: &str = "traefik canary service was not found";

/// Sets the weights of the canary's and the stable Service. Other Services keep theirs.
pub fn set(at: &ObjectRef, route: &Route, draft: &mut Draft<'_>) -> Result<(), RouteError> {
    let mut service = draft.get(at).cloned().ok_or_else(|| RouteError::failed(at.not_found()))?;
    let canary = route.percent().clamp(0, 100);
    let entries = services_mut(&mut service)?;
    weigh(entries, &route.canary.service, canary, NO_CANARY)?;
    weigh(entries, &route.stable.service, 100 - canary, "traefik stable service was not found")?;
    draft.update(at, service, format!("{canary} % to the canary"), Vec::new());
    Ok(())
}

/// The entry of a Service: what traffic for it must say besides its weight.
pub fn entry<'a>(service: &'a Value, name: &str) -> Option<&'a Value> {
    let entries = service["spec"]["weighted"]["services"].as_array().into_iter().flatten();
    entries.into_iter().find(|entry| is_service(entry, name))
}

fn services_mut(service: &mut Value) -> Result<&mut Vec<Value>, RouteError> {
    const MISSING: &str = "spec.weighted.services was not found in traefik service manifest";
    let entries = service.pointer_mut("/spec/weighted/services").and_then(Value::as_array_mut);
    let entries = entries.ok_or_else(|| RouteError::failed(MISSING))?;
    match entries.iter().all(|entry| entry["name"].is_string()) {
        true => Ok(entries),
        false => Err(RouteError::failed("name field was not found in service")),
    }
}

fn weigh(entries: &mut [Value], name: &str, weight: i32, missing: &str) -> Result<(), RouteError> {
    let entry = entries.iter_mut().find(|entry| is_service(entry, name)).and_then(Value::as_object_mut);
    let entry = entry.ok_or_else(|| RouteError::failed(missing))?;
    entry.insert("weight".into(), weight.into());
    Ok(())
}

/// A TraefikService may have the name of a Service.
fn is_service(entry: &Value, name: &str) -> bool {
    let kind = entry["kind"].as_str().unwrap_or("Service");
    entry["name"] == name && (kind == "Service" || kind.is_empty())
}
