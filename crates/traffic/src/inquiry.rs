//! What only others than the API server can tell, and what they told.

use crate::TargetGroup;
use std::collections::BTreeMap;

/// A question to somebody else. Asked beside all decisions: a decision says what it wants to know, and a later one finds
/// the answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Inquiry {
    /// What load balancers of AWS do with their target groups.
    LoadBalancers {
        /// Their host names.
        hosts: Vec<String>,
        /// The tag by which target groups are told apart.
        tag: String,
        /// What is expected. An answer to other expectations is none to these: it is older than they are.
        groups: Vec<TargetGroup>,
    },
    /// Whether the pods behind a Service are registered with the target groups of AWS that are bound to it.
    Targets {
        /// The Service, in the Rollout's namespace.
        service: String,
        /// The ReplicaSet whose pods must be behind it by now.
        replica_set: String,
        /// Whether that has any.
        serves: bool,
        /// `group/version` of TargetGroupBindings.
        binding_api_version: String,
    },
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To [`Inquiry::LoadBalancers`]: by host name; `None` for one that nobody has.
    LoadBalancers(BTreeMap<String, Option<LoadBalancer>>),
    /// To [`Inquiry::Targets`]: for each target group; none when none is bound.
    Targets(Vec<Targets>),
    /// Nothing, because of this.
    Failed {
        /// The target group that was asked about, if it was one.
        group: Option<String>,
        /// What went wrong. The same words whenever it is the same.
        problem: String,
    },
}

/// A load balancer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadBalancer {
    /// Its name.
    pub name: String,
    /// Its Amazon resource name.
    pub arn: String,
    /// Its target groups.
    pub groups: Vec<FoundGroup>,
    /// What each of its rules forwards to, by the Amazon resource names of target groups; rules that forward nothing are
    /// left out.
    pub rules: Vec<BTreeMap<String, i32>>,
}

/// A target group of a load balancer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundGroup {
    /// Its name.
    pub name: String,
    /// Its Amazon resource name.
    pub arn: String,
    /// The value of the tag that was asked for; empty without it.
    pub resource: String,
}

/// The targets of one target group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Targets {
    /// Its Amazon resource name.
    pub group: String,
    /// How many endpoints the Service has.
    pub endpoints: usize,
    /// How many of them are of the ReplicaSet, and registered.
    pub registered: usize,
}

impl Targets {
    /// Whether all are there.
    pub fn is_complete(&self, serves: bool) -> bool {
        self.registered == self.endpoints && (self.endpoints > 0 || !serves)
    }
}

/// What a router makes of an answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Heard {
    /// The data plane has the weights.
    pub confirmed: bool,
    /// What is told when they are confirmed for the first time.
    pub confirmations: Vec<crate::Event>,
    /// What stands against it, for as long as it does.
    pub obstacles: Vec<crate::Event>,
    /// What was found out about load balancers, by Ingress.
    pub load_balancers: Vec<rollouts_api::rollout::AlbStatus>,
}
