//! Experiments: further `backendRefs` for as long as they have a weight.

use super::services::Services;
use crate::{Context, Route};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Annotation on a route: JSON, names of the Services that Experiments have added, by Rollout.
const ADDED: &str = "rollouts.argoproj.io/gatewayapi-experiments";
/// The port of a Service whose pods declare none.
const DEFAULT_PORT: i64 = 8080;

/// The Services that Experiments of this Rollout have added, and those that they are to have now.
#[derive(Debug)]
pub struct Experiments<'a> {
    rollout: &'a str,
    route: &'a Route,
    port: i64,
    /// What the status of the Rollout says: the Go controller leaves no annotation.
    known: BTreeSet<&'a str>,
}

impl<'a> Experiments<'a> {
    /// Those of a Rollout.
    pub fn new(cx: &Context<'a>, route: &'a Route) -> Experiments<'a> {
        let weights = cx.rollout.status.canary.weights.iter();
        let known = weights.flat_map(|weights| &weights.additional).map(|known| known.service_name.as_str());
        Experiments { rollout: &cx.rollout.metadata.name, route, port: port(cx), known: known.collect() }
    }

    /// The names that the object has noted for this Rollout, and that its status has.
    pub fn added(&self, object: &Value) -> BTreeSet<String> {
        let noted = noted(object);
        let noted = noted.get(self.rollout).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        noted.chain(self.known.iter().copied()).map(str::to_string).collect()
    }

    /// Puts the references into a rule that splits traffic, and takes out those in `added` that are no longer wanted.
    pub fn set(&self, rule: &mut Value, services: &Services<'_>, added: &BTreeSet<String>) {
        let Some(refs) = rule.get_mut("backendRefs").and_then(Value::as_array_mut) else { return };
        let is_wanted = |name: &str| self.route.additional.iter().any(|wanted| wanted.service_name == name);
        let is_over = |reference: &Value| {
            added.iter().any(|name| {
                let is_own = [services.canary, services.stable].contains(&name.as_str());
                services.is_ref(reference, name) && !is_wanted(name) && !is_own
            })
        };
        refs.retain(|reference| !is_over(reference));
        for wanted in &self.route.additional {
            let name = wanted.service_name.as_str();
            let weight = Value::from(wanted.weight.max(0));
            match refs.iter_mut().find(|reference| services.is_ref(reference, name)).and_then(Value::as_object_mut) {
                Some(reference) => drop(reference.insert("weight".into(), weight)),
                None => {
                    let mut reference =
                        json!({ "group": "", "kind": "Service", "name": name, "port": self.port, "weight": weight });
                    if services.namespace != services.routes {
                        reference["namespace"] = services.namespace.into();
                    }
                    refs.push(reference);
                }
            }
        }
    }

    /// Notes what is there now, for later.
    pub fn note(&self, object: &mut Value) {
        let mut all = noted(object);
        let names: Vec<&str> = self.route.additional.iter().map(|wanted| wanted.service_name.as_str()).collect();
        match names.is_empty() {
            true => drop(all.remove(self.rollout)),
            false => drop(all.insert(self.rollout.to_string(), names.into())),
        }
        let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
        if all.is_empty() {
            if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
                annotations.remove(ADDED);
            }
            return;
        }
        let annotations = metadata.entry("annotations").or_insert(Value::Null);
        if !annotations.is_object() {
            *annotations = json!({});
        }
        annotations[ADDED] = Value::Object(all).to_string().into();
    }
}

/// Nonsense counts as nothing.
fn noted(object: &Value) -> Map<String, Value> {
    let text = object["metadata"]["annotations"][ADDED].as_str();
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// The port of an Experiment's Service, which has those that the pods' containers declare: the one that is called `http`,
/// or the first one.
fn port(cx: &Context<'_>) -> i64 {
    let template = cx.rollout.spec.template.value();
    let containers = template["spec"]["containers"].as_array().into_iter().flatten();
    let ports: Vec<&Value> = containers.filter_map(|container| container["ports"].as_array()).flatten().collect();
    let named = ports.iter().find(|port| port["name"] == "http").or(ports.first());
    named.and_then(|port| port["containerPort"].as_i64()).unwrap_or(DEFAULT_PORT)
}

#[cfg(test)]
mod tests;
