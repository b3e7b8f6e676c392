//! Objects that traffic routers of a Rollout refer to (traffic.md §2.0).

use super::internal;
use super::references::{ReferenceError, References};
use crate::field::{BadValue, FieldError, Path, quote};
use crate::rollout::{IstioTrafficRouting, Rollout, TrafficRouting};

/// References that contradict each other or lead nowhere.
pub(super) fn missing(rollout: &Rollout, found: &References) -> Vec<ReferenceError> {
    let Some(routing) = rollout.spec.traffic_routing() else { return Vec::new() };
    let path = Path::new("spec.strategy.canary.trafficRouting");
    let mut errors: Vec<ReferenceError> = Vec::new();
    if let Some(nginx) = &routing.nginx {
        let (one, many) = (!nginx.stable_ingress.is_empty(), !nginx.stable_ingresses.is_empty());
        let choice = choice(&path.child("nginx"), "StableIngress", "StableIngresses", one, many);
        errors.extend(choice.map(ReferenceError::from));
    }
    if let Some(alb) = &routing.alb {
        let (one, many) = (!alb.ingress.is_empty(), !alb.ingresses.is_empty());
        let choice = choice(&path.child("alb"), "Ingress", "Ingresses", one, many);
        errors.extend(choice.map(ReferenceError::from));
    }
    for IngressRef { path, name, .. } in ingresses(rollout, routing) {
        if !found.ingress_backends.contains_key(name) {
            let detail = format!("ingress.networking.k8s.io {} not found", quote(name));
            errors.push(ReferenceError::absent("Ingress", FieldError::invalid(&path, name, detail)));
        }
    }
    if let Some(istio) = &routing.istio {
        if istio.virtual_service.is_some() != istio.virtual_services.is_empty() {
            let detail = "either VirtualService or VirtualServices must be configured";
            errors.push(internal(&path.child("istio"), detail).into());
        }
        for (path, namespace, name) in virtual_services(rollout, istio) {
            if !found.virtual_services.contains_key(&(namespace, name.clone())) {
                let detail = format!("virtualservices.networking.istio.io {} not found", quote(&name));
                errors.push(ReferenceError::absent("VirtualService", FieldError::invalid(&path, name, detail)));
            }
        }
    }
    if let Some(ambassador) = &routing.ambassador {
        let path = path.child("ambassador").child("mappings");
        if ambassador.mappings.is_empty() {
            errors.push(FieldError::invalid(&path, BadValue::raw("null"), "must provide at least one mapping").into());
        }
        for name in ambassador.mappings.iter().filter(|name| !found.mappings.contains_key(*name)) {
            let detail = format!("mappings.getambassador.io {} not found", quote(name));
            errors.push(ReferenceError::absent("Mapping", FieldError::invalid(&path, name, detail)));
        }
    }
    if let Some(app_mesh) = &routing.app_mesh {
        let path = path.child("appmesh").child("virtualService");
        match &app_mesh.virtual_service {
            None => {
                errors.push(FieldError::invalid(&path, BadValue::raw("null"), "must provide virtual-service").into());
            }
            Some(service) if !found.app_mesh_virtual_services.contains_key(&service.name) => {
                let value = format!("{}.{}", service.name, rollout.metadata.namespace);
                let detail = format!("virtualservices.appmesh.k8s.aws {} not found", quote(&service.name));
                errors.push(ReferenceError::absent("VirtualService", FieldError::invalid(&path, value, detail)));
            }
            Some(_) => {}
        }
    }
    errors
}

/// Routers that have exactly one of a field and a list.
fn choice(path: &Path, one_name: &str, many_name: &str, one: bool, many: bool) -> Option<FieldError> {
    let which = match (one, many) {
        (true, true) => "Both",
        (false, false) => "Neither",
        _ => return None,
    };
    let detail = format!("Either {one_name} or {many_name} must be configured. {which} are configured.");
    Some(internal(path, &detail))
}

/// What is wrong inside the objects that exist.
pub(super) fn contents(rollout: &Rollout, found: &References) -> Vec<FieldError> {
    let Some(routing) = rollout.spec.traffic_routing() else { return Vec::new() };
    let path = Path::new("spec.strategy.canary.trafficRouting");
    let mut errors = Vec::new();
    for IngressRef { path, name, service } in ingresses(rollout, routing) {
        if found.ingress_backends.get(name).is_some_and(|services| !services.contains(service)) {
            let detail = format!("ingress `{name}` has no rules using service {service} backend");
            errors.push(FieldError::invalid(&path, name, detail));
        }
    }
    for (path, namespace, name) in routing.istio.iter().flat_map(|istio| virtual_services(rollout, istio)) {
        if let Some(Some(detail)) = found.virtual_services.get(&(namespace, name.clone())) {
            errors.push(FieldError::invalid(&path, name, detail));
        }
    }
    for name in routing.ambassador.iter().flat_map(|a| &a.mappings) {
        if found.mappings.get(name).is_some_and(|mapping| mapping.has_weight) {
            let detail = format!("Ambassador mapping {} can not define weight", quote(name));
            errors.push(FieldError::invalid(&path.child("ambassador").child("mappings"), name, detail));
        }
    }
    for service in routing.app_mesh.iter().filter_map(|mesh| mesh.virtual_service.as_ref()) {
        if let Some(Some(detail)) = found.app_mesh_virtual_services.get(&service.name) {
            let value = format!("{}.{}", service.name, rollout.metadata.namespace);
            errors.push(FieldError::invalid(&path.child("appmesh").child("virtualService"), value, detail));
        }
    }
    errors
}

/// An ingress that must send traffic to a Service.
struct IngressRef<'a> {
    path: Path,
    name: &'a str,
    service: &'a str,
}

fn ingresses<'a>(rollout: &'a Rollout, routing: &'a TrafficRouting) -> Vec<IngressRef<'a>> {
    let stable = rollout.spec.strategy.canary.as_ref().map_or("", |c| c.stable_service.as_str());
    let path = Path::new("spec.strategy.canary.trafficRouting");
    let mut all = Vec::new();
    let mut add = |path: Path, name: &'a str, service: &'a str| {
        if !name.is_empty() {
            all.push(IngressRef { path, name, service });
        }
    };
    if let Some(nginx) = &routing.nginx {
        let path = path.child("nginx");
        add(path.child("stableIngress"), &nginx.stable_ingress, stable);
        nginx.stable_ingresses.iter().for_each(|name| add(path.child("stableIngresses"), name, stable));
    }
    if let Some(alb) = &routing.alb {
        let path = path.child("alb");
        let service = if alb.root_service.is_empty() { stable } else { &alb.root_service };
        add(path.child("ingress"), &alb.ingress, service);
        alb.ingresses.iter().for_each(|name| add(path.child("ingresses"), name, service));
    }
    all
}

/// Path, namespace and name of each VirtualService.
fn virtual_services(rollout: &Rollout, istio: &IstioTrafficRouting) -> Vec<(Path, String, String)> {
    let path = Path::new("spec.strategy.canary.trafficRouting.istio");
    let one = istio.virtual_service.iter().map(|v| (path.child("virtualService"), v));
    let many = istio.virtual_services.iter().map(|v| (path.child("virtualServices"), v));
    one.chain(many)
        .map(|(path, service)| {
            let (namespace, name) = service.namespace_and_name(&rollout.metadata.namespace);
            (path.child("name"), namespace.to_string(), name.to_string())
        })
        .collect()
}
