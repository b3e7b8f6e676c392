//! Checks of what a Rollout refers to. All that is absent comes first, in the order of the strategy's fields, then
//! what is wrong inside of what exists.

use super::{analyses, routers};
use crate::analysis::TemplatesByRef;
use crate::field::{FieldError, Path};
use crate::names;
use crate::rollout::Rollout;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The objects that exist of those a Rollout refers to, as read before a decision. What is not in here is absent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct References {
    /// Services of the Rollout's namespace by name; see [`service_names`].
    pub services: BTreeMap<String, ServiceRef>,
    /// Analysis templates, and those that they refer to; see [`super::template_refs`].
    pub analysis_templates: TemplatesByRef,
    /// Ingresses of the Rollout's namespace, and the Services that their rules send traffic to.
    pub ingress_backends: BTreeMap<String, BTreeSet<String>>,
    /// Istio's VirtualServices by namespace and name, and what is wrong with their routes.
    pub virtual_services: BTreeMap<(String, String), Option<String>>,
    /// Ambassador's Mappings of the Rollout's namespace.
    pub mappings: BTreeMap<String, MappingRef>,
    /// App Mesh's VirtualServices of the Rollout's namespace, and what is wrong with their routers.
    pub app_mesh_virtual_services: BTreeMap<String, Option<String>>,
}

/// What validation reads of a Service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceRef {
    /// `spec.selector`.
    pub selector: BTreeMap<String, String>,
    /// Annotation [`names::MANAGED_BY_ROLLOUTS`].
    pub managed_by: Option<String>,
}

impl ServiceRef {
    /// Reads a `v1` Service.
    pub fn from_json(service: &Value) -> Self {
        let strings = service["spec"]["selector"].as_object().into_iter().flatten();
        let selector = strings.filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_string()))).collect();
        let managed_by = service["metadata"]["annotations"][names::MANAGED_BY_ROLLOUTS].as_str().map(str::to_string);
        ServiceRef { selector, managed_by }
    }
}

/// The Services that the rules and the default backend of an Ingress send traffic to; of `networking.k8s.io/v1` and of the
/// older versions, which some clusters still serve.
pub fn ingress_backends(ingress: &Value) -> BTreeSet<String> {
    let rules = ingress["spec"]["rules"].as_array().into_iter().flatten();
    let paths = rules.filter_map(|rule| rule["http"]["paths"].as_array()).flatten();
    let defaults = ["defaultBackend", "backend"].map(|field| &ingress["spec"][field]);
    let backends = paths.map(|path| &path["backend"]).chain(defaults);
    let services = backends.filter_map(|b| b["service"]["name"].as_str().or(b["serviceName"].as_str()));
    services.map(str::to_string).collect()
}

/// What validation reads of an Ambassador Mapping.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MappingRef {
    /// `spec.weight` is set.
    pub has_weight: bool,
}

impl MappingRef {
    /// Reads a Mapping. A weight of 0 counts as none.
    pub fn from_json(mapping: &Value) -> Self {
        MappingRef { has_weight: mapping["spec"]["weight"].as_f64().is_some_and(|weight| weight != 0.0) }
    }
}

/// Something wrong with what a Rollout refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceError {
    /// What, and where the Rollout refers to it.
    pub error: FieldError,
    /// If all that is wrong is that the object does not exist: its kind.
    pub absent: Option<&'static str>,
}

impl ReferenceError {
    pub(super) fn absent(kind: &'static str, error: FieldError) -> Self {
        ReferenceError { error, absent: Some(kind) }
    }
}

impl From<FieldError> for ReferenceError {
    fn from(error: FieldError) -> Self {
        ReferenceError { error, absent: None }
    }
}

/// Everything wrong with what the Rollout refers to, in order.
pub fn references(rollout: &Rollout, found: &References) -> Vec<FieldError> {
    reference_errors(rollout, found).into_iter().map(|e| e.error).collect()
}

/// [`references`], which tells what is absent from what is wrong.
pub fn reference_errors(rollout: &Rollout, found: &References) -> Vec<ReferenceError> {
    let services = services(rollout);
    let mut errors = Vec::new();
    for (path, name) in &services {
        if !found.services.contains_key(*name) {
            let error = FieldError::invalid(path, *name, format!("service \"{name}\" not found"));
            errors.push(ReferenceError::absent("Service", error));
        }
    }
    errors.extend(analyses::missing(rollout, found));
    errors.extend(routers::missing(rollout, found));
    let labels = rollout.spec.template.labels();
    for (path, name) in &services {
        if let Some(service) = found.services.get(*name) {
            errors.extend(service_error(rollout, &labels, service, path, name).map(ReferenceError::from));
        }
    }
    let contents = analyses::contents(rollout, found).into_iter().chain(routers::contents(rollout, found));
    errors.extend(contents.map(ReferenceError::from));
    errors
}

/// Names of the Services that the Rollout refers to.
pub fn service_names(rollout: &Rollout) -> Vec<&str> {
    services(rollout).into_iter().map(|(_, name)| name).collect()
}

fn services(rollout: &Rollout) -> Vec<(Path, &str)> {
    let strategy = Path::new("spec.strategy");
    let mut services = Vec::new();
    if let Some(blue_green) = &rollout.spec.strategy.blue_green {
        let path = strategy.child("blueGreen");
        services.push((path.child("activeService"), blue_green.active_service.as_str()));
        services.push((path.child("previewService"), blue_green.preview_service.as_str()));
    }
    if let Some(canary) = &rollout.spec.strategy.canary {
        let path = strategy.child("canary");
        services.push((path.child("stableService"), canary.stable_service.as_str()));
        services.push((path.child("canaryService"), canary.canary_service.as_str()));
        if let Some(ping_pong) = &canary.ping_pong {
            let path = path.child("pingPong");
            services.push((path.child("pingService"), ping_pong.ping_service.as_str()));
            services.push((path.child("pongService"), ping_pong.pong_service.as_str()));
        }
    }
    services.retain(|(_, name)| !name.is_empty());
    services
}

fn service_error(
    rollout: &Rollout,
    labels: &BTreeMap<String, String>,
    service: &ServiceRef,
    path: &Path,
    name: &str,
) -> Option<FieldError> {
    if service.managed_by.as_ref().is_some_and(|owner| *owner != rollout.metadata.name) {
        let detail = format!("Service \"{name}\" is managed by another Rollout");
        return Some(FieldError::invalid(path, name, detail));
    }
    let mut keys = service.selector.iter().filter(|(key, _)| *key != names::POD_TEMPLATE_HASH);
    let (key, _) = keys.find(|(key, value)| labels.get(*key) != Some(value))?;
    let detail = format!("Service \"{name}\" has unmatch label \"{key}\" in rollout");
    Some(FieldError::invalid(path, name, detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_objects() {
        let service = ServiceRef::from_json(&json!({
            "metadata": {"annotations": {"argo-rollouts.argoproj.io/managed-by-rollouts": "shop"}},
            "spec": {"selector": {"app": "shop"}},
        }));
        assert_eq!(service.managed_by.as_deref(), Some("shop"));
        assert_eq!(service.selector["app"], "shop");
        assert_eq!(ServiceRef::from_json(&json!({})), ServiceRef::default());
        let rest = json!({"service": {"name": "rest"}});
        let backends = ingress_backends(&json!({"spec": {"defaultBackend": rest, "rules": [
            {"host": "a"},
            {"http": {"paths": [
                {"backend": {"service": {"name": "new"}}},
                {"backend": {"serviceName": "old"}},
                {"backend": {"resource": {"kind": "Bucket", "name": "b"}}},
            ]}},
        ]}}));
        assert_eq!(backends.iter().map(String::as_str).collect::<Vec<_>>(), ["new", "old", "rest"]);
        assert!(MappingRef::from_json(&json!({"spec": {"weight": 5}})).has_weight);
        assert!(!MappingRef::from_json(&json!({"spec": {"weight": 0}})).has_weight);
    }
}
