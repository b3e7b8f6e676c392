//! What users are told about traffic.

use crate::conditions;
use crate::reconcile::Reconcile;
use crate::routing::RoutingError;
use crate::routing::verification::is_same;
use crate::{Effect, EventType};
use rollouts_api::RolloutStatus;
use rollouts_api::rollout::{TrafficWeights, WeightDestination};
use rollouts_traffic::Write;

/// Condition of a Rollout while a router cannot be told where traffic goes. Upstream has none.
const TRAFFIC_ROUTED: &str = "TrafficRouted";
/// Its reason, and that of the event.
const TRAFFIC_ROUTING_ERROR: &str = "TrafficRoutingError";

impl Reconcile<'_> {
    /// What the routers have been told, and no longer what they could not be told.
    pub(crate) fn traffic_status(&self, next: &mut RolloutStatus) {
        match (self.is_routed(), &self.traffic.weights) {
            (false, _) => next.canary.weights = None,
            (true, Some(weights)) => next.canary.weights = Some(weights.clone()),
            (true, None) => {}
        }
        self.load_balancer_status(next);
        if self.traffic.errors.is_empty() && (self.traffic.wanted.is_some() || !self.is_routed()) {
            conditions::remove(&mut next.conditions, TRAFFIC_ROUTED);
        }
    }

    /// Ends a reconcile in which a router could not say what to write. Everything after it rests on where traffic goes.
    pub(crate) fn routing_failed(&mut self, step_hash: String) {
        let mut next = self.canary_base(step_hash);
        let errors = std::mem::take(&mut self.traffic.errors);
        let all: Vec<String> = errors.iter().map(|(router, error)| format!("{router}: {}", error.message)).collect();
        if conditions::find(&next.conditions, TRAFFIC_ROUTED).is_some_and(|c| c.message != all.join("; ")) {
            // Something else is wrong now.
            conditions::remove(&mut next.conditions, TRAFFIC_ROUTED);
        }
        if self.set_routing_error(&mut next, all.join("; ")) {
            for (_, RoutingError { message, events }) in errors {
                let told = events.into_iter().map(|event| (event.reason, event.message));
                for (reason, message) in told.chain([(TRAFFIC_ROUTING_ERROR.to_string(), message)]) {
                    self.status_event(EventType::Warning, &reason, message);
                }
            }
        }
        all.iter().for_each(|error| self.note(format!("a router cannot be told where traffic goes: {error}")));
        self.keep_pauses();
        self.finish(next, "a router cannot be told where traffic goes");
    }

    /// What to tell when the API server did not let a router's object be written. Once, whatever the words of the next
    /// error.
    pub(crate) fn route_failed(&mut self, router: &str, write: &Write, error: &str) {
        let mut next = self.old_status().clone();
        if !self.set_routing_error(&mut next, format!("{router}: {error}")) {
            return;
        }
        self.push(Effect::PatchStatus { status: Box::new(next) }, format!("{router} could not be told"));
        if let Some(event) = rollouts_traffic::write_failed(write, error) {
            let r#type = if event.is_warning { EventType::Warning } else { EventType::Normal };
            self.status_event(r#type, &event.reason, event.message);
        }
        self.status_event(EventType::Warning, TRAFFIC_ROUTING_ERROR, error.into());
        let events = std::mem::take(&mut self.status_events);
        events.into_iter().for_each(|event| self.push(event, ""));
    }

    fn set_routing_error(&self, next: &mut RolloutStatus, message: String) -> bool {
        conditions::set(&mut next.conditions, TRAFFIC_ROUTED, "False", TRAFFIC_ROUTING_ERROR, message, self.now)
    }
    /// `TrafficWeightUpdated`, once for all routers, if the status will say something new.
    pub(super) fn tell_weights(&mut self, new: &TrafficWeights) {
        let old = self.recorded_weights();
        if old.is_some_and(|old| is_same(old, new)) {
            return;
        }
        let message = format!("Traffic weight updated {}", details(old, new));
        self.event("TrafficWeightUpdated", message);
    }
}

/// What differs, in words; nothing when only the versions do.
fn details(old: Option<&TrafficWeights>, new: &TrafficWeights) -> String {
    let mut details = Vec::new();
    let to = new.canary.weight;
    match old.map(|w| w.canary.weight) {
        None => details.push(format!("to {to}")),
        Some(from) if from != to => details.push(format!("from {from} to {to}")),
        Some(_) => {}
    }
    if old.map_or(&[][..], |w| &w.additional) != new.additional {
        let one = |d: &WeightDestination| format!("{{{} {} {}}}", d.weight, d.service_name, d.pod_template_hash);
        let all: Vec<String> = new.additional.iter().map(one).collect();
        details.push(format!("additional: [{}]", all.join(" ")));
    }
    details.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(canary: i32, additional: &[(i32, &str)]) -> TrafficWeights {
        let destination = |weight: i32, service: &str| WeightDestination {
            weight,
            service_name: service.into(),
            pod_template_hash: "abc".into(),
        };
        TrafficWeights {
            canary: destination(canary, "web-canary"),
            additional: additional.iter().map(|(weight, service)| destination(*weight, service)).collect(),
            ..Default::default()
        }
    }

    #[test]
    fn words() {
        assert_eq!(details(None, &weights(0, &[])), "to 0");
        assert_eq!(details(Some(&weights(0, &[])), &weights(20, &[])), "from 0 to 20");
        assert_eq!(details(Some(&weights(20, &[])), &weights(20, &[])), "");
        let two = weights(20, &[(20, "a"), (5, "b")]);
        assert_eq!(details(Some(&weights(20, &[])), &two), "additional: [{20 a abc} {5 b abc}]");
        assert_eq!(details(Some(&two), &weights(0, &[])), "from 20 to 0, additional: []");
    }
}
