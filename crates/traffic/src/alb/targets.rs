//! What the load balancer must have when it does what the Ingresses say.

use super::{Job, action, names};
use crate::{Context, Route};

/// A target group that an Ingress makes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TargetGroup {
    /// The Ingress.
    pub ingress: String,
    /// The Service.
    pub service: String,
    /// The Service's port.
    pub port: i32,
    /// The share it must have, in percent.
    pub weight: i32,
    /// Whose pods are in it.
    pub role: TargetRole,
}

/// Whose pods a target group has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TargetRole {
    /// The canary's.
    Canary,
    /// An Experiment's.
    Additional,
    /// The stable version's.
    Stable,
}

impl TargetGroup {
    /// The value of the tag `ingress.k8s.aws/resource` by which it is found.
    pub fn resource(&self, namespace: &str) -> String {
        format!("{namespace}/{}-{}:{}", self.ingress, self.service, self.port)
    }
}

/// The target groups of all Ingresses, in their order: canary, Experiments, stable for each.
pub fn target_groups(cx: &Context<'_>, route: &Route) -> Vec<TargetGroup> {
    let Some(job) = Job::new(cx, route) else { return Vec::new() };
    let groups = action::groups(job.alb, route);
    let last = groups.len().saturating_sub(1);
    let role = |at: usize| match at {
        0 => TargetRole::Canary,
        _ if at == last => TargetRole::Stable,
        _ => TargetRole::Additional,
    };
    let of = |ingress: &str| {
        let target = |(at, group): (usize, &action::Group)| TargetGroup {
            ingress: ingress.to_string(),
            service: group.service_name.clone(),
            port: job.alb.service_port,
            weight: i32::try_from(group.weight).unwrap_or(100),
            role: role(at),
        };
        groups.iter().enumerate().map(target).collect::<Vec<_>>()
    };
    names(job.alb).into_iter().flat_map(of).collect()
}
