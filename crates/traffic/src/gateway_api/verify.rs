//! Whether gateways have taken a route: what they wrote into its status.

use super::routes::Target;
use crate::Objects;
use serde_json::Value;

/// Whether all gateways of all routes have the present generation. `None` when none of them says anything.
pub fn verified(targets: &[Target], objects: &Objects) -> Option<bool> {
    let all = targets.iter().filter_map(|target| objects.get(&target.at)).map(|object| taken(object));
    all.flatten().reduce(|all, one| all && one)
}

/// Gateways that do not accept the route have none of its traffic, as long as another one does. Those that accept it but
/// cannot resolve its references answer with errors.
fn taken(route: &Value) -> Option<bool> {
    let generation = &route["metadata"]["generation"];
    let mut is_accepted = None;
    for parent in route["status"]["parents"].as_array().into_iter().flatten().filter(|parent| is_named(route, parent)) {
        let condition = |kind: &str| {
            let conditions = parent["conditions"].as_array().into_iter().flatten();
            let seen = conditions.into_iter().find(|c| c["type"] == kind);
            seen.filter(|c| !c["observedGeneration"].is_null() && !generation.is_null())
        };
        let Some(accepted) = condition("Accepted") else { continue };
        let resolved = condition("ResolvedRefs");
        let is_current = |condition: &Value| condition["observedGeneration"] == *generation;
        if !is_current(accepted) || resolved.is_some_and(|resolved| !is_current(resolved)) {
            return Some(false);
        }
        if accepted["status"] != "True" {
            is_accepted.get_or_insert(false);
            continue;
        }
        if resolved.is_some_and(|resolved| resolved["status"] != "True") {
            return Some(false);
        }
        is_accepted = Some(true);
    }
    is_accepted
}

/// What stands in the status of a gateway that the route has left may stay there for ever.
fn is_named(route: &Value, parent: &Value) -> bool {
    const NAMING: [&str; 6] = ["group", "kind", "namespace", "name", "sectionName", "port"];
    let default = |field: &str| match field {
        "group" => Value::from("gateway.networking.k8s.io"),
        "kind" => Value::from("Gateway"),
        "namespace" => route["metadata"]["namespace"].clone(),
        _ => Value::Null,
    };
    let field = |of: &Value, field: &str| match &of[field] {
        Value::Null => default(field),
        value => value.clone(),
    };
    let mut refs = route["spec"]["parentRefs"].as_array().into_iter().flatten();
    refs.any(|reference| NAMING.iter().all(|name| field(reference, name) == field(&parent["parentRef"], name)))
}

#[cfg(test)]
mod tests;
