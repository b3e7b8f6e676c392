//! The weights in an ApisixRoute.

use crate::{Draft, ObjectRef, Route, RouteError};
use serde_json::Value;

/// Sets the weights of the canary's and the stable backend in the rules of these names, in one write.
pub fn set(at: &ObjectRef, rules: &[String], route: &Route, draft: &mut Draft<'_>) -> Result<(), RouteError> {
    let mut object = draft.get(at).cloned().ok_or_else(|| RouteError::failed(at.not_found()))?;
    let http = object.pointer_mut("/spec/http").and_then(Value::as_array_mut);
    let http = http.ok_or_else(|| RouteError::failed(NO_HTTP))?;
    for name in rules {
        let rule = http.iter_mut().find(|rule| rule["name"] == name.as_str());
        let rule = rule.ok_or_else(|| RouteError::failed(no_rule(name)))?;
        set_rule(rule, route)?;
    }
    draft.update(at, object, format!("{} % to the canary", route.percent()), Vec::new());
    Ok(())
}

/// Sets the weights in one rule. Other backends keep theirs.
pub fn set_rule(rule: &mut Value, route: &Route) -> Result<(), RouteError> {
    let canary = route.percent().clamp(0, 100);
    let backends = rule.get_mut("backends").and_then(Value::as_array_mut);
    let backends = backends.ok_or_else(|| RouteError::failed(NO_BACKENDS))?;
    for (service, weight) in [(&route.canary.service, canary), (&route.stable.service, 100 - canary)] {
        let backend = backends.iter_mut().find(|b| b["serviceName"] == service.as_str());
        let backend = backend.and_then(Value::as_object_mut);
        let backend = backend.ok_or_else(|| RouteError::failed(no_backend(service)))?;
        backend.insert("weight".into(), weight.into());
    }
    Ok(())
}

/// No rules at all.
pub const NO_HTTP: &str = "spec.http was not found in Apisix Route manifest";
/// A rule sends traffic nowhere.
pub const NO_BACKENDS: &str = "Apisix http route backends not found";

/// A rule is missing.
pub fn no_rule(name: &str) -> String {
    format!("Apisix http route rule {name} not found")
}

/// A rule does not send traffic to a Service.
pub fn no_backend(service: &str) -> String {
    format!("apisix route {service} backend was not found")
}
