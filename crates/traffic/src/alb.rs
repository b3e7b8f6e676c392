//! AWS load balancers: action annotations of Ingresses (traffic.md §2.3).

mod action;
mod conditions;
mod keys;
mod paths;
mod record;
mod release;
mod routes;
mod targets;
#[cfg(test)]
mod tests;
mod verify;
mod weights;

use crate::{Answer, Context, Draft, Heard, Inquiry, Managed, Objects, Route, RouteError, Router, Want, ingress};
use conditions::Rule;
use rollouts_api::rollout::{AlbTrafficRouting, TrafficRouting};
use std::collections::BTreeSet;
pub use targets::{TargetGroup, TargetRole, target_groups};

/// See the module.
pub struct Alb;

/// What is decided about one Ingress after the other.
struct Job<'a> {
    cx: &'a Context<'a>,
    alb: &'a AlbTrafficRouting,
    route: &'a Route,
}

impl<'a> Job<'a> {
    fn new(cx: &'a Context<'a>, route: &'a Route) -> Option<Self> {
        Some(Job { cx, alb: cx.routing.alb.as_ref()?, route })
    }

    fn rollout(&self) -> &str {
        &self.cx.rollout.metadata.name
    }

    /// The action's name, which is that of the Service in the rules.
    fn root(&self) -> &str {
        let canary = self.cx.rollout.spec.strategy.canary.as_ref();
        match &*self.alb.root_service {
            "" => canary.map_or("", |canary| &canary.stable_service),
            root => root,
        }
    }

    fn prefix(&self) -> &str {
        keys::prefix(self.alb)
    }
}

/// The names of the Ingresses.
pub fn names(alb: &AlbTrafficRouting) -> Vec<&str> {
    ingress::names(&alb.ingress, &alb.ingresses)
}

impl Router for Alb {
    fn name(&self) -> &'static str {
        "ALB"
    }

    fn is_used(&self, routing: &TrafficRouting) -> bool {
        routing.alb.is_some()
    }

    fn wants(&self, cx: &Context<'_>, _objects: &Objects) -> Vec<Want> {
        let named = |name: &str| Want::Named(ingress::named(&cx.rollout.metadata.namespace, name));
        cx.routing.alb.iter().flat_map(names).map(named).collect()
    }

    fn route(&self, cx: &Context<'_>, route: &Route, draft: &mut Draft<'_>) -> Result<(), RouteError> {
        let Some(job) = Job::new(cx, route) else { return Ok(()) };
        let errors = names(job.alb).into_iter().filter_map(|name| job.set(name, draft).err()).collect();
        ingress::outcome(errors)
    }

    fn knows_ping_pong(&self, _is_named: bool) -> bool {
        true
    }

    fn asks(&self, cx: &Context<'_>, route: &Route, objects: &Objects) -> Option<Inquiry> {
        cx.settings.aws_verify_target_group.then(|| verify::inquiry(cx, route, objects))
    }

    fn heard(&self, cx: &Context<'_>, route: &Route, objects: &Objects, answer: &Answer) -> Heard {
        verify::heard(cx, route, objects, answer)
    }

    fn release(&self, cx: &Context<'_>, stable: &Route, draft: &mut Draft<'_>) {
        let Some(job) = Job::new(cx, stable) else { return };
        names(job.alb).into_iter().for_each(|name| job.release(name, draft));
    }

    fn refuses(&self, cx: &Context<'_>, route: &Managed) -> Option<String> {
        let nothing = Route::default();
        Job::new(cx, &nothing)?.rules_of(route).err()
    }

    fn refuses_together(&self, _cx: &Context<'_>, routes: &[Managed]) -> Option<String> {
        let rules = routes.iter().flat_map(|route| conditions::rules(route).unwrap_or_default());
        doubled(rules)
    }
}

/// What is wrong with rules of which two have the same name.
fn doubled(rules: impl Iterator<Item = Rule>) -> Option<String> {
    let mut names = BTreeSet::new();
    let twice = rules.into_iter().find(|rule| !names.insert(rule.name.clone()))?;
    Some(format!("ALB cannot have two routes of the name {:?}", twice.name))
}

impl Job<'_> {
    /// Makes one Ingress what it must be.
    fn set(&self, name: &str, draft: &mut Draft<'_>) -> Result<(), String> {
        // What cannot be expressed keeps the weights from nothing.
        let (rules, refused) = match self.rules() {
            Ok(rules) => (rules, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let removed = self.remove_routes(name, &rules, draft).err();
        let set = self.set_routes(name, &rules, draft).err();
        let weights = self.set_weights(name, draft).err();
        match removed.or(set).or(weights).or(refused) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}
