//! `spec.strategy.canary` but for its steps.

use super::counts;
use super::steps;
use super::strategy::anti_affinity;
use crate::IntOrString;
use crate::field::{BadValue, FieldError, Path};
use crate::rollout::{CanaryStrategy, PingPong, Rollout, TrafficRouting};

pub(super) fn validate(rollout: &Rollout, canary: &CanaryStrategy, path: &Path) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if is_zero(canary.max_surge.as_ref()) && is_zero(canary.max_unavailable.as_ref()) {
        let value = canary.max_surge.as_ref().map_or(BadValue::raw("null"), BadValue::from);
        let detail = "MaxSurge and MaxUnavailable both can not be zero";
        errors.push(FieldError::invalid(&path.child("maxSurge"), value, detail));
    }
    services(canary, path, &mut errors);
    match &canary.traffic_routing {
        None => without_routing(canary, path, &mut errors),
        Some(routing) => with_routing(canary, routing, path, &mut errors),
    }
    for (i, step) in canary.steps.iter().enumerate() {
        errors.extend(steps::validate(rollout, canary, step, &path.child("steps").index(i), path));
    }
    steps::shares(canary, rollout.spec.max_traffic_weight(), &path.child("steps"), &mut errors);
    anti_affinity(canary.anti_affinity.as_ref(), path, &mut errors);
    counts::share(canary.max_surge.as_ref(), &path.child("maxSurge"), &mut errors);
    counts::share(canary.max_unavailable.as_ref(), &path.child("maxUnavailable"), &mut errors);
    counts::pods(canary.min_pods_per_replica_set, &path.child("minPodsPerReplicaSet"), &mut errors);
    errors
}

/// Literally zero: what a percentage comes to depends on the number of replicas.
fn is_zero(value: Option<&IntOrString>) -> bool {
    match value {
        None => false,
        Some(IntOrString::Int(n)) => *n == 0,
        Some(IntOrString::String(s)) => s.strip_suffix('%').unwrap_or(s).parse::<i32>().unwrap_or(0) == 0,
    }
}

impl From<&IntOrString> for BadValue {
    fn from(value: &IntOrString) -> Self {
        match value {
            IntOrString::Int(n) => (*n).into(),
            IntOrString::String(s) => s.into(),
        }
    }
}

fn services(canary: &CanaryStrategy, path: &Path, errors: &mut Vec<FieldError>) {
    let (stable, other) = (&canary.stable_service, &canary.canary_service);
    if !other.is_empty() && stable == other {
        let detail = "This rollout uses the same service for the stable and canary services, but two different \
                      services are required.";
        errors.push(FieldError::invalid(&path.child("stableService"), stable, detail));
    }
    if let Some(ping_pong) = &canary.ping_pong {
        ping_pong_services(ping_pong, canary.traffic_routing.as_ref(), path, errors);
    }
    if requires_services(canary) {
        let detail = "Canary service and Stable service must to be set to use Traffic Routing";
        for (name, service) in [("stableService", stable), ("canaryService", other)] {
            if service.is_empty() {
                errors.push(FieldError::invalid(&path.child(name), service, detail));
            }
        }
    }
}

fn ping_pong_services(p: &PingPong, routing: Option<&TrafficRouting>, path: &Path, errors: &mut Vec<FieldError>) {
    if routing.is_some_and(|r| r.alb.is_none() && r.istio.is_none() && r.plugins.is_empty()) {
        let detail = "Ping-pong feature works with the ALB, Istio, and plugin-based traffic routers only";
        let at = path.child("trafficRouting").child("alb");
        errors.push(FieldError::invalid(&at, BadValue::raw("null"), detail));
    }
    let at = path.child("pingPong");
    let empty = "Ping service and Pong service must to be set to use Ping-Pong feature";
    for (name, service) in [("pingService", &p.ping_service), ("pongService", &p.pong_service)] {
        if service.is_empty() {
            errors.push(FieldError::invalid(&at.child(name), service, empty));
        }
    }
    if p.ping_service == p.pong_service {
        let detail = "This rollout uses the same service for the ping and pong services, but two different services \
                      are required.";
        errors.push(FieldError::invalid(&at.child("pingService"), &p.ping_service, detail));
    }
    if routing.and_then(|r| r.alb.as_ref()).is_some_and(|alb| alb.root_service.is_empty()) {
        let detail = "Root service field is required for the configuration with ALB and ping-pong feature enabled";
        errors.push(FieldError::invalid(&path.child("trafficRouting").child("alb").child("rootService"), "", detail));
    }
}

/// Routers that send traffic to Services rather than to subsets, and without the ping-pong pair.
fn requires_services(canary: &CanaryStrategy) -> bool {
    let Some(r) = &canary.traffic_routing else { return false };
    let by_host = r.istio.as_ref().is_some_and(|istio| istio.destination_rule.is_none());
    ((r.alb.is_some() || by_host) && canary.ping_pong.is_none())
        || r.smi.is_some()
        || r.apisix.is_some()
        || r.ambassador.is_some()
        || r.nginx.is_some()
        || r.app_mesh.is_some()
        || r.traefik.is_some()
}

fn without_routing(canary: &CanaryStrategy, path: &Path, errors: &mut Vec<FieldError>) {
    if let Some(seconds) = canary.scale_down_delay_seconds {
        let detail = "Canary scaleDownDelaySeconds can only be used with traffic routing";
        errors.push(FieldError::invalid(&path.child("scaleDownDelaySeconds"), seconds, detail));
    }
    if canary.dynamic_stable_scale {
        let detail = "Canary dynamicStableScale can only be used with traffic routing";
        errors.push(FieldError::invalid(&path.child("dynamicStableScale"), true, detail));
    }
}

fn with_routing(canary: &CanaryStrategy, routing: &TrafficRouting, path: &Path, errors: &mut Vec<FieldError>) {
    if canary.dynamic_stable_scale && canary.scale_down_delay_seconds.is_some() {
        let detail = "Canary dynamicStableScale cannot be used with scaleDownDelaySeconds";
        errors.push(FieldError::invalid(&path.child("dynamicStableScale"), true, detail));
    }
    if let Some(weight) = routing.max_traffic_weight.filter(|_| routing.nginx.is_none() && routing.plugins.is_empty()) {
        let detail = "Canary maxTrafficWeight in traffic routing only supported in Nginx and Plugins";
        errors.push(FieldError::invalid(&path.child("trafficRouting").child("maxTrafficWeight"), weight, detail));
    }
}
