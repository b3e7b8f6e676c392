//! Which objects a Rollout uses, and what their routes call its versions.

use crate::{Context, Kind, ObjectRef, managed};
use rollouts_api::Rollout;
use rollouts_api::rollout::{CanaryStrategy, IstioDestinationRule, IstioVirtualService};
use serde_json::Value;
use std::collections::BTreeSet;

const GROUP: &str = "networking.istio.io";
const VIRTUAL_SERVICES: Kind = Kind::fixed(GROUP, "v1alpha3", "VirtualService", "virtualservices");
const DESTINATION_RULES: Kind = Kind::fixed(GROUP, "v1alpha3", "DestinationRule", "destinationrules");

/// A VirtualService that the Rollout uses.
#[derive(Debug, Clone)]
pub(super) struct Used<'a> {
    pub at: ObjectRef,
    /// What the Rollout says about it.
    pub routes: &'a IstioVirtualService,
    /// It is in the Rollout's namespace, where the short names of the Rollout's Services mean those Services.
    pub is_near: bool,
}

/// The VirtualServices, in the order in which they are set.
pub(super) fn virtual_services<'a>(cx: &Context<'a>) -> Vec<Used<'a>> {
    let Some(istio) = &cx.routing.istio else { return Vec::new() };
    let kind = VIRTUAL_SERVICES.in_version(&cx.settings.istio_version);
    let own = cx.rollout.metadata.namespace.as_str();
    let used = istio.virtual_service.iter().chain(&istio.virtual_services).map(|routes| {
        let (namespace, name) = routes.namespace_and_name(own);
        Used { at: kind.named(namespace, name), routes, is_near: namespace == own }
    });
    used.collect()
}

/// The DestinationRule, if traffic is split by subset.
pub(super) fn destination_rule<'a>(cx: &Context<'a>) -> Option<(ObjectRef, &'a IstioDestinationRule)> {
    let rule = cx.routing.istio.as_ref()?.destination_rule.as_ref()?;
    let kind = DESTINATION_RULES.in_version(&cx.settings.istio_version);
    Some((kind.named(&cx.rollout.metadata.namespace, &rule.name), rule))
}

/// Whether VirtualServices name the two Services of `pingPong`: only when neither `canaryService` nor `stableService` is
/// there (§1.9).
fn uses_ping_pong(canary: &CanaryStrategy) -> bool {
    canary.ping_pong.is_some() && canary.canary_service.is_empty() && canary.stable_service.is_empty()
}

/// The Services that VirtualServices name: the canary's and the stable version's. With [`uses_ping_pong`] those that have
/// the roles by the Rollout's status; empty without Services.
pub fn services(rollout: &Rollout) -> (&str, &str) {
    let Some(canary) = &rollout.spec.strategy.canary else { return ("", "") };
    match &canary.ping_pong {
        Some(both) if uses_ping_pong(canary) => both.by_role(&rollout.status.canary.stable_ping_pong),
        _ => (&canary.canary_service, &canary.stable_service),
    }
}

/// Names of the routes of this VirtualService that only steps make: those that are listed, or that a step names. A route whose
/// weights are to be set is none of them, whatever the lists say.
pub(super) fn managed_names<'a>(cx: &Context<'a>, at: &ObjectRef) -> BTreeSet<&'a str> {
    let weighted: Vec<&String> =
        virtual_services(cx).iter().filter(|used| used.at == *at).flat_map(|used| &used.routes.routes).collect();
    managed::names(cx).into_iter().filter(|name| !weighted.iter().any(|weighted| weighted == name)).collect()
}

/// What destinations of routes call the versions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names<'a> {
    pub canary_service: &'a str,
    pub stable_service: &'a str,
    /// In subset mode.
    pub rule: Option<&'a IstioDestinationRule>,
}

/// Whose traffic a destination gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role<'a> {
    Canary,
    Stable,
    /// A subset whose weight is left as it is.
    Fixed,
    /// Anything else, by the first label of its host: an Experiment, mostly.
    Host(&'a str),
}

impl<'a> Names<'a> {
    /// With the Services that have the roles now.
    pub fn of(cx: &Context<'a>, canary_service: &'a str, stable_service: &'a str) -> Self {
        Names { canary_service, stable_service, rule: destination_rule(cx).map(|(_, rule)| rule) }
    }

    /// Whose traffic the destination (`host`, `subset`) of a weighted destination gets. Its subset says more than its host.
    pub fn role<'b>(&self, weighted: &'b Value) -> Role<'b> {
        let destination = &weighted["destination"];
        if let (Some(rule), Some(subset)) = (self.rule, destination["subset"].as_str()) {
            if subset == rule.canary_subset_name {
                return Role::Canary;
            }
            if subset == rule.stable_subset_name {
                return Role::Stable;
            }
            if rule.additional_subset_names.iter().any(|name| name == subset) {
                return Role::Fixed;
            }
        }
        match short(destination["host"].as_str().unwrap_or_default()) {
            host if !host.is_empty() && host == self.canary_service => Role::Canary,
            host if !host.is_empty() && host == self.stable_service => Role::Stable,
            host => Role::Host(host),
        }
    }

    /// That a route names both versions; else what it lacks.
    pub fn both_in(&self, route: &Value) -> Result<(), String> {
        let roles: Vec<Role<'_>> =
            route["route"].as_array().into_iter().flatten().map(|weighted| self.role(weighted)).collect();
        let lacks = |what: &str, service: &str, subset: fn(&IstioDestinationRule) -> &str| match self.rule {
            None => format!("{what} Service '{service}' not found in route"),
            Some(rule) => format!("{what} DestinationRule subset '{}' not found in route", subset(rule)),
        };
        if !roles.contains(&Role::Canary) {
            return Err(lacks("Canary", self.canary_service, |rule| &rule.canary_subset_name));
        }
        if !roles.contains(&Role::Stable) {
            return Err(lacks("Stable", self.stable_service, |rule| &rule.stable_subset_name));
        }
        Ok(())
    }
}

/// A host without its domain.
fn short(host: &str) -> &str {
    host.split('.').next().unwrap_or_default()
}

/// How a route must call a Service of the Rollout's namespace. Istio takes a short name for one of the VirtualService's own
/// namespace; elsewhere it needs the domain that `like` has, a host which the same route uses.
pub(super) fn host_of(service: &str, like: &str, is_near: bool) -> String {
    match like.split_once('.') {
        Some((_, domain)) if !is_near => format!("{service}.{domain}"),
        _ => service.to_string(),
    }
}
