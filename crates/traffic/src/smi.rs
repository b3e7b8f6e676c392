//! The Service Mesh Interface: a TrafficSplit (traffic.md §2.4).

use crate::{Context, Draft, Objects, Route, RouteError, Router, Want};
use rollouts_api::rollout::TrafficRouting;

/// See the module.
pub struct Smi;

impl Router for Smi {
    fn name(&self) -> &'static str {
        "SMI"
    }

    fn is_used(&self, routing: &TrafficRouting) -> bool {
        routing.smi.is_some()
    }

    fn wants(&self, _cx: &Context<'_>, _objects: &Objects) -> Vec<Want> {
        Vec::new()
    }

    fn route(&self, _cx: &Context<'_>, _route: &Route, _draft: &mut Draft<'_>) -> Result<(), RouteError> {
        Ok(())
    }

    fn release(&self, _cx: &Context<'_>, _stable: &Route, _draft: &mut Draft<'_>) {}
}
