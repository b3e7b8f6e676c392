//! Where a request goes, by what the objects of a router say. This is what the products make of their objects, as they
//! document it: it knows nothing of what the [`Router`](crate::Router)s want, so that it can judge them.

mod alb;
mod ambassador;
mod apisix;
mod app_mesh;
mod gateway_api;
mod gateway_rules;
mod istio;
mod nginx;
mod smi;
mod texts;
mod traefik;
mod traefik_rule;
mod weighted;

use crate::{Context, Objects};
use std::collections::BTreeMap;

/// A request, as it reaches a router.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// Such as `GET`.
    pub method: String,
    /// Without a port.
    pub host: String,
    /// Without the query.
    pub path: String,
    /// Parameters of the query, in order.
    pub query: Vec<(String, String)>,
    /// Names are compared without regard to case. `Cookie` is made of [`Self::cookies`].
    pub headers: Vec<(String, String)>,
    /// Cookies, in order.
    pub cookies: Vec<(String, String)>,
}

/// Who answers: the pods of a Service.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Backend {
    /// Name of the Service; `name.namespace` if it is not where the Rollout is.
    pub service: String,
    /// What the labels of the pods must be besides: those of a subset of Istio, or of a node of App Mesh.
    pub labels: BTreeMap<String, String>,
}

/// Where a request goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// One of these, in proportion to the weights, none of which is 0. Empty: nobody answers.
    pub to: Vec<(Backend, u32)>,
    /// Who gets a copy besides, of so many percent of the requests. Nobody sees what they answer.
    pub mirrors: Vec<(Backend, u32)>,
}

impl Answer {
    /// The share of the backend in percent, not rounded.
    pub fn percent(&self, is_meant: impl Fn(&Backend) -> bool) -> f64 {
        let sum =
            |all: &mut dyn Iterator<Item = &(Backend, u32)>| all.map(|(_, weight)| f64::from(*weight)).sum::<f64>();
        let total = sum(&mut self.to.iter());
        if total > 0.0 {
            sum(&mut self.to.iter().filter(|(backend, _)| is_meant(backend))) * 100.0 / total
        } else {
            0.0
        }
    }

    /// The backend that dice decide for: any number, of which all are equally likely. `None`: nobody answers.
    pub fn pick(&self, dice: u64) -> Option<&Backend> {
        let total: u64 = self.to.iter().map(|(_, weight)| u64::from(*weight)).sum();
        let mut rest = dice.checked_rem(total)?;
        self.to.iter().find_map(|(backend, weight)| match rest.checked_sub(u64::from(*weight)) {
            Some(left) => {
                rest = left;
                None
            }
            None => Some(backend),
        })
    }
}

/// Where the router of this name sends the request. `objects`: all of the router's kinds that there are. Nothing is sent
/// anywhere by a router that is not known, or that has no objects for the request.
pub fn evaluate(router: &str, cx: &Context<'_>, objects: &Objects, request: &Request) -> Answer {
    match router {
        "Istio" => istio::evaluate(cx, objects, request),
        "Nginx" => nginx::evaluate(cx, objects, request),
        "ALB" => alb::evaluate(cx, objects, request),
        "SMI" => smi::evaluate(cx, objects),
        "Ambassador" => ambassador::evaluate(cx, objects, request),
        "AppMesh" => app_mesh::evaluate(cx, objects, request),
        "Traefik" => traefik::evaluate(cx, objects, request),
        "Apisix" => apisix::evaluate(cx, objects, request),
        "GatewayAPI" => gateway_api::evaluate(cx, objects, request),
        _ => Answer::default(),
    }
}

#[cfg(test)]
mod tests;
