//! Which `backendRefs` mean a Service of the Rollout.

use crate::{Context, Route};
use serde_json::Value;

/// The Services of a Rollout, as routes of one namespace refer to them.
#[derive(Debug, Clone, Copy)]
pub struct Services<'a> {
    /// The canary's name.
    pub canary: &'a str,
    /// The stable one's name.
    pub stable: &'a str,
    /// Where they are.
    pub namespace: &'a str,
    /// Where the routes are.
    pub routes: &'a str,
}

impl<'a> Services<'a> {
    /// Those of the Rollout.
    pub fn new(cx: &Context<'a>, route: &'a Route, routes: &'a str) -> Services<'a> {
        let namespace = cx.rollout.metadata.namespace.as_str();
        Services { canary: &route.canary.service, stable: &route.stable.service, namespace, routes }
    }

    /// Whether the reference means the Rollout's Service of this name. Group, kind and namespace have defaults.
    pub fn is_ref(&self, reference: &Value, service: &str) -> bool {
        let field = |name: &str, default| reference[name].as_str().unwrap_or(default);
        reference["name"] == service
            && field("group", "").is_empty()
            && field("kind", "Service") == "Service"
            && field("namespace", self.routes) == self.namespace
    }

    /// The rule's reference to a Service.
    pub fn find<'r>(&self, rule: &'r Value, service: &str) -> Option<&'r Value> {
        refs(rule).find(|reference| self.is_ref(reference, service))
    }

    /// Whether a rule splits traffic between the two.
    pub fn is_split(&self, rule: &Value) -> bool {
        [self.canary, self.stable].iter().all(|service| self.find(rule, service).is_some())
    }

    /// Whether a rule sends anything to either.
    pub fn is_used(&self, rule: &Value) -> bool {
        [self.canary, self.stable].iter().any(|service| self.find(rule, service).is_some())
    }
}

fn refs(rule: &Value) -> impl Iterator<Item = &Value> {
    rule["backendRefs"].as_array().into_iter().flatten()
}
