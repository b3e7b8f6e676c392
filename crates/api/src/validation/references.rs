//! Checks of what a Rollout refers to. All that is absent comes first, in the order of the strategy's fields, then
//! what is wrong inside of what exists.

use super::{analyses, routers};
use crate::analysis::TemplatesByRef;
use crate::field::{FieldError, Path};
use crate::names;
use crate::rollout::Rollout;
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

/// What validation reads of an Ambassador Mapping.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MappingRef {
    /// `spec.weight` is set.
    pub has_weight: bool,
}

/// Everything wrong with what the Rollout refers to, in order.
pub fn references(rollout: &Rollout, found: &References) -> Vec<FieldError> {
    let services = services(rollout);
    let mut errors = Vec::new();
    for (path, name) in &services {
        if !found.services.contains_key(*name) {
            errors.push(FieldError::invalid(path, *name, format!("service \"{name}\" not found")));
        }
    }
    errors.extend(analyses::missing(rollout, found));
    errors.extend(routers::missing(rollout, found));
    let labels = rollout.spec.template.labels();
    for (path, name) in &services {
        if let Some(service) = found.services.get(*name) {
            errors.extend(service_error(rollout, &labels, service, path, name));
        }
    }
    errors.extend(analyses::contents(rollout, found));
    errors.extend(routers::contents(rollout, found));
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
