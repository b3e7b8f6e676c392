//! Traffic routing of a canary (traffic.md §1): where traffic is to go, what routers must write for it, and what follows
//! from it for Services and sizes. What the objects of a router must say is `rollouts_traffic`'s business.

mod decision;
mod delays;
mod facts;
mod going_back;
mod managed;
mod reach;
pub(crate) mod references;
mod refusals;
mod remembered;
mod services;
mod sizes;
mod targets;
mod told;
mod verification;

pub use reach::reads_endpoints;
pub use remembered::router_wants;

use crate::Effect;
use crate::reconcile::Reconcile;
use decision::Decision;
use rollouts_api::Time;
use rollouts_api::rollout::{AlbStatus, CanaryStrategy, TrafficWeights, WeightDestination};
use rollouts_traffic::{Context, Draft, Route, RouteError, Router, Side};

/// From one look at a router that has not confirmed its weights to the next.
const VERIFY_RETRY_SECONDS: i64 = 10;

/// What a reconcile found out about traffic.
#[derive(Debug, Clone, Default)]
pub(crate) struct Traffic {
    /// What `status.canary.weights` becomes; `None`: it stays.
    pub weights: Option<TrafficWeights>,
    /// The canary's weight that is wanted, though stable pods may be missing for it.
    pub wanted: Option<i32>,
    /// All routers have what is wanted.
    pub settled: bool,
    /// What a router could not do.
    pub errors: Vec<(&'static str, RoutingError)>,
    /// What was found out about load balancers.
    pub load_balancers: Vec<AlbStatus>,
    /// What they have confirmed.
    pub confirmations: Vec<rollouts_traffic::Event>,
}

/// Why a router could not do what it was told to.
#[derive(Debug, Clone)]
pub(crate) struct RoutingError {
    /// What is wrong.
    pub message: String,
    /// What is told besides.
    pub events: Vec<rollouts_traffic::Event>,
}

impl Reconcile<'_> {
    /// Whether routers split the traffic of this Rollout.
    pub(crate) fn is_routed(&self) -> bool {
        self.ro.spec.traffic_routing().is_some()
    }

    /// Decides where traffic goes, and lets every router say what must be written. One that fails or waits keeps no other
    /// one from being told. Says whether the reconcile may go on: not while a router lacks what it was to be given, since
    /// what follows rests on it.
    pub(crate) fn route_traffic(&mut self) -> bool {
        let snapshot = self.snapshot;
        let Some(routing) = snapshot.rollout.spec.traffic_routing() else { return true };
        self.follow_stable_endpoints();
        let facts = self.traffic_facts();
        let decision = decision::decide(&facts);
        let is_superseded = decision.remembered_canary && !facts.promoted;
        self.traffic.wanted = Some(if is_superseded { 0 } else { decision.weight });
        let Some(weight) = self.bearable(&decision, &facts) else { return true };
        let additional = if decision.additional { self.additional() } else { Vec::new() };
        if decision.canary_service_back && weight == 0 {
            self.switch_canary_service_back();
        }
        let objects = &snapshot.routers;
        let cx = Context { rollout: &snapshot.rollout, routing, settings: &snapshot.router_settings };
        let weights = self.weights(&decision, weight, &additional);
        let (mut is_told, mut settled) = (true, weight == decision.weight && !is_superseded);
        let mut verified = None;
        let mut effects = Vec::new();
        for router in rollouts_traffic::used(routing) {
            let mut route = self.route_of(router, &decision, weight, &additional);
            // Another router has it.
            route.managed.retain(|managed| router.refuses(&cx, managed).is_none());
            let mut draft = Draft::new(objects);
            let outcome = router.route(&cx, &route, &mut draft);
            let is_changed = !draft.changes().is_empty();
            for change in draft.take_changes() {
                effects.push((
                    Effect::Route { router: router.name(), write: change.write, events: change.events },
                    change.why,
                ));
            }
            match outcome {
                Ok(()) => {
                    // What was written just now is confirmed by nobody.
                    let answer = match router.asks(&cx, &route, objects) {
                        Some(_) if is_changed => self.awaits(weight).then_some(false),
                        Some(inquiry) => self.verify(router, &cx, &route, &weights, inquiry),
                        None => router.verified(&cx, &route, objects).map(|confirmed| confirmed && !is_changed),
                    };
                    verified = [verified, answer].into_iter().flatten().reduce(|a, b| a && b);
                }
                Err(RouteError::Waits(why)) => {
                    self.note(format!("{}: {why}", router.name()));
                    (is_told, settled) = (false, false);
                }
                Err(RouteError::Failed { message, events }) => {
                    self.traffic.errors.push((router.name(), RoutingError { message, events }));
                }
            }
        }
        let why = decision.why;
        for (effect, reason) in effects {
            self.push(effect, if reason.is_empty() { why.to_string() } else { format!("{reason}: {why}") });
        }
        if !self.traffic.errors.is_empty() {
            return false;
        }
        self.traffic.settled = settled && verified != Some(false);
        // Also what is only a part of the way.
        if is_told {
            self.record_weights(TrafficWeights { verified, ..weights });
        }
        if verified == Some(false) {
            self.note(format!("no router has confirmed the weight of {weight} yet"));
            self.plan.look_again(Time::new(self.now).plus_seconds(VERIFY_RETRY_SECONDS));
        }
        true
    }

    /// The weight that the stable pods which are there can bear; `None` while nothing may be written.
    ///
    /// Only what gives the stable version more traffic waits for its pods (upstream waits with everything), and what takes
    /// traffic from an aborted canary, or one without pods, waits for nothing but a single stable pod.
    fn bearable(&mut self, decision: &Decision, facts: &decision::Facts) -> Option<i32> {
        let stable = facts.stable_available.unwrap_or(0);
        let Some(recorded) = facts.recorded else {
            // Nobody has been told anything: users come when all pods are there.
            let needed = going_back::part(facts.max, facts.max - decision.weight, facts.max);
            let needed = going_back::part(facts.replicas, needed, facts.max);
            let is_enough = stable >= needed || self.stable_meets_threshold() || (facts.aborted && stable > 0);
            let ready = facts.stable_available.is_some() && is_enough;
            if !ready {
                self.note("traffic waits for the pods of the stable version");
            }
            return ready.then_some(decision.weight);
        };
        let is_other = facts.recorded_other && !decision.remembered_canary;
        if decision.weight > recorded || (is_other && decision.weight > 0) {
            if self.canary_is_reached() {
                return Some(decision.weight);
            }
            self.wait_for_endpoints("canary");
            return Some(if is_other { 0 } else { recorded });
        }
        if decision.weight == recorded && !(facts.promoted && self.router_switches_stable()) {
            return Some(recorded);
        }
        if facts.promoted {
            // Until then the canary's Service leads to the same pods.
            let is_reached = self.stable_is_reached();
            if !is_reached {
                self.wait_for_endpoints("stable version");
            }
            return is_reached.then_some(decision.weight);
        }
        if facts.aborted || facts.new_available.unwrap_or(0) == 0 {
            if stable == 0 && facts.replicas > 0 {
                self.note("traffic stays where it is until a pod of the stable version is available");
                return None;
            }
            return Some(decision.weight);
        }
        let share = going_back::part(facts.max, stable.min(facts.replicas), facts.replicas);
        let least = (facts.max - share).clamp(0, facts.max);
        if decision.weight >= least || self.stable_meets_threshold() {
            return Some(decision.weight);
        }
        self.note("traffic goes back to the stable version as its pods become available");
        Some(if facts.dynamic { least.min(recorded) } else { recorded })
    }

    fn stable_meets_threshold(&self) -> bool {
        let n = self.ro.spec.replicas();
        let explicit = self.ro.spec.strategy.canary.as_ref().is_some_and(|c| c.replica_progress_threshold.is_some());
        explicit && self.stable_set().is_some_and(|stable| self.meets_threshold(stable, n))
    }

    /// What one router is to do: they differ in the Services that they know.
    fn route_of(
        &self,
        router: &dyn Router,
        decision: &Decision,
        weight: i32,
        additional: &[WeightDestination],
    ) -> Route {
        let (canary_service, stable_service) = self.role_services(router);
        let side = |hash: String, service: String| Side { unready: self.unready(&hash), hash, service };
        Route {
            weight,
            max: self.max_weight(),
            additional: additional.to_vec(),
            canary: side(self.canary_hash(decision), canary_service),
            stable: side(self.stable_hash(), stable_service),
            managed: if decision.managed { self.managed_routes() } else { Vec::new() },
            goes_back: decision.remembered_canary || self.aborted(),
        }
    }

    /// The name of a ReplicaSet that wants pods which are not all available.
    fn unready(&self, hash: &str) -> Option<String> {
        let set = self.set_with_hash(hash)?;
        (set.size() > 0 && set.available() < set.size()).then(|| set.metadata.name.clone())
    }

    /// The hash of the canary that a decision is about.
    fn canary_hash(&self, decision: &Decision) -> String {
        match decision.remembered_canary {
            true => self.recorded_weights().map(|w| w.canary.pod_template_hash.clone()).unwrap_or_default(),
            false => self.new_hash(),
        }
    }

    /// The hash of the stable ReplicaSet, or "".
    fn stable_hash(&self) -> String {
        self.stable_set().map(|s| s.hash().to_string()).unwrap_or_default()
    }

    /// The weights that the status has.
    pub(crate) fn recorded_weights(&self) -> Option<&TrafficWeights> {
        self.ro.status.canary.weights.as_ref()
    }

    /// What the status will say of these weights, if they are told.
    fn weights(&self, decision: &Decision, weight: i32, additional: &[WeightDestination]) -> TrafficWeights {
        let canary = self.ro.spec.strategy.canary.as_ref();
        let service = |of: fn(&CanaryStrategy) -> &String| canary.map(of).cloned().unwrap_or_default();
        let rest = additional.iter().fold(self.max_weight() - weight, |rest, a| rest.saturating_sub(a.weight));
        let destination =
            |weight, service_name, pod_template_hash| WeightDestination { weight, service_name, pod_template_hash };
        TrafficWeights {
            canary: destination(weight, service(|c| &c.canary_service), self.canary_hash(decision)),
            stable: destination(rest, service(|c| &c.stable_service), self.stable_hash()),
            additional: additional.to_vec(),
            verified: None,
        }
    }

    fn record_weights(&mut self, weights: TrafficWeights) {
        self.tell_weights(&weights);
        self.tell_confirmed(&weights);
        self.traffic.weights = Some(weights);
    }
}
