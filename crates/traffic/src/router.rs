//! What a router can do.

use crate::alb::Alb;
use crate::ambassador::Ambassador;
use crate::apisix::Apisix;
use crate::app_mesh::AppMesh;
use crate::gateway_api::GatewayApi;
use crate::istio::Istio;
use crate::nginx::Nginx;
use crate::smi::Smi;
use crate::traefik::Traefik;
use crate::{Answer, Draft, Event, Heard, Inquiry, Managed, Objects, Route, Settings, Want};
use rollouts_api::Rollout;
use rollouts_api::rollout::TrafficRouting;

/// What routers know besides the route.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The Rollout; it has `trafficRouting`.
    pub rollout: &'a Rollout,
    /// Its `trafficRouting`.
    pub routing: &'a TrafficRouting,
    /// What the controller's flags say.
    pub settings: &'a Settings,
}

/// Why a router cannot do what is wanted now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteError {
    /// Somebody must put an object right. What was drafted before is written all the same.
    Failed {
        /// What is wrong: the object, the field.
        message: String,
        /// What is told besides.
        events: Vec<Event>,
    },
    /// It becomes possible by itself, when pods are ready.
    Waits(String),
}

impl RouteError {
    /// Without further events.
    pub fn failed(message: impl Into<String>) -> RouteError {
        RouteError::Failed { message: message.into(), events: Vec::new() }
    }
}

/// A traffic router: pure functions over its objects. Every function may be called at any time and any number of times:
/// what is already as wanted is neither written nor told again.
pub trait Router: Sync {
    /// Its name in events, metrics and messages, such as `Istio`.
    fn name(&self) -> &'static str;

    /// Whether the Rollout uses it.
    fn is_used(&self, routing: &TrafficRouting) -> bool;

    /// What is wrong with how the Rollout configures it, beyond what the types say. `None` when nothing is.
    fn misconfigured(&self, _cx: &Context<'_>) -> Option<String> {
        None
    }

    /// The objects that must be seen before anything is decided; more of them may be wanted once these are in `objects`.
    fn wants(&self, cx: &Context<'_>, objects: &Objects) -> Vec<Want>;

    /// Drafts what makes traffic go as `route` says: removes managed routes that are no longer wanted, sets those that
    /// are, points hash-bearing objects at the versions, then sets weights; in this order, each with its own write and
    /// events where observers know them so.
    ///
    /// # Errors
    /// When an object is missing or malformed, or pods are not ready for it.
    fn route(&self, cx: &Context<'_>, route: &Route, draft: &mut Draft<'_>) -> Result<(), RouteError>;

    /// Whether it sends traffic to the ping-pong pair of Services. `is_named`: the Rollout names a canary or a stable
    /// Service besides.
    fn knows_ping_pong(&self, _is_named: bool) -> bool {
        false
    }

    /// Whether the data plane has the weights: `None` when it cannot be told.
    fn verified(&self, _cx: &Context<'_>, _route: &Route, _objects: &Objects) -> Option<bool> {
        None
    }

    /// What others must be asked to tell whether the data plane has the weights. `None` when [`Self::verified`] tells.
    fn asks(&self, _cx: &Context<'_>, _route: &Route, _objects: &Objects) -> Option<Inquiry> {
        None
    }

    /// What an answer to that means.
    fn heard(&self, _cx: &Context<'_>, _route: &Route, _objects: &Objects, _answer: &Answer) -> Heard {
        Heard::default()
    }

    /// Leaves the objects as they were found: everything to the stable version, no managed routes, nothing of ours.
    /// For a Rollout that no longer uses this router, or is deleted. Objects that are missing or malformed are left.
    fn release(&self, cx: &Context<'_>, stable: &Route, draft: &mut Draft<'_>);

    /// What is wrong with a managed route for this router: what it cannot express. `None` when it can.
    fn refuses(&self, _cx: &Context<'_>, _route: &Managed) -> Option<String> {
        None
    }

    /// What is wrong with managed routes that are to exist at the same time, though each alone is fine.
    fn refuses_together(&self, _cx: &Context<'_>, _routes: &[Managed]) -> Option<String> {
        None
    }
}

/// The routers that a Rollout uses, in the order in which they are told (§1.3).
pub fn used(routing: &TrafficRouting) -> Vec<&'static dyn Router> {
    const ALL: [&dyn Router; 9] = [&Istio, &Nginx, &Alb, &Smi, &Ambassador, &AppMesh, &Traefik, &Apisix, &GatewayApi];
    ALL.into_iter().filter(|router| router.is_used(routing)).collect()
}

/// What the routers of a Rollout must see, given what is known already. Ask again with what was found, until nothing new
/// is wanted.
pub fn wants(rollout: &Rollout, settings: &Settings, objects: &Objects) -> Vec<Want> {
    let Some(routing) = rollout.spec.traffic_routing() else { return Vec::new() };
    let cx = Context { rollout, routing, settings };
    used(routing).into_iter().flat_map(|router| router.wants(&cx, objects)).collect()
}
