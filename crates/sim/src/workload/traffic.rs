//! Cases in which routers split the traffic.

use super::routers::{self, Way};
use super::{Action, CANARY, Case, STABLE, draw::one_in, draw::pause, draw::pick};
use rollouts_api::Rollout;
use rollouts_memkube::Rng;
use rollouts_traffic::{Context, Managed, Settings};
use serde_json::{Value, json};
use std::time::Duration;

/// Sets the dice of traffic apart from those of the rest. Chosen so that seeds that once broke a rule have none.
const DICE: u64 = 0x7aff_1d18;

/// One of a ping-pong pair.
pub const PING: &str = "app-ping";
/// The other one.
pub const PONG: &str = "app-pong";

/// Header that a tester sends.
pub const TESTER_HEADER: (&str, &str) = ("X-Tester", "yes");
/// Cookie that a tester sends; NGINX knows no other value.
pub const TESTER_COOKIE: (&str, &str) = ("tester", "always");

/// Where the copies of users' requests go.
const SHADOW: &str = "shadow";
/// The testers' route.
const TESTERS: &str = "testers";

/// What routers need.
#[derive(Debug, Clone, PartialEq)]
pub struct Traffic {
    /// The routers, by name.
    pub routers: Vec<&'static str>,
    /// Their objects, as users apply them; GitOps tools come back to these.
    pub objects: Vec<Value>,
    /// Services that are there besides those of [`Case::services`].
    pub services: Vec<&'static str>,
    /// How long endpoints take to follow Services and pods.
    pub endpoints_delay: Duration,
    /// Users do nothing to the routers' objects, so that every request has an answer.
    pub is_left_alone: bool,
}

impl Case {
    /// Routes the traffic of the case of `seed`, if it is one whose traffic is routed.
    pub(super) fn route(&mut self, seed: u64) {
        let rng = &Rng::new(seed.wrapping_mul(2).wrapping_add(DICE));
        if !one_in(rng, 3) || self.is_blue_green {
            return;
        }
        self.route_by(rng, draw_routers(rng));
        if one_in(rng, 2) {
            self.actions.retain(|(_, action)| action.is_harmless());
        } else {
            self.disturb(rng);
        }
    }

    /// Routes its traffic by these routers; the dice decide how.
    pub fn route_by(&mut self, rng: &Rng, routers: Vec<&'static str>) {
        let knows_pairs = routers.iter().all(|router| ["Istio", "ALB"].contains(router));
        let is_subset = routers == ["Istio"] && one_in(rng, 3);
        let way = match () {
            () if knows_pairs && !is_subset && one_in(rng, 3) => Way::PingPong,
            () if is_subset && one_in(rng, 2) => Way::SubsetsAlone,
            () if is_subset => Way::Subsets,
            () => Way::Services,
        };
        let made = routers::make(rng, &routers, way);
        let canary = &mut self.rollout["spec"]["strategy"]["canary"];
        match way {
            Way::PingPong => {
                canary["pingPong"] = json!({"pingService": PING, "pongService": PONG});
                (canary["canaryService"], canary["stableService"]) = (Value::Null, Value::Null);
                self.services = Vec::new();
            }
            Way::SubsetsAlone => {
                (canary["canaryService"], canary["stableService"]) = (Value::Null, Value::Null);
                self.services = Vec::new();
            }
            Way::Services | Way::Subsets => {
                (canary["canaryService"], canary["stableService"]) = (CANARY.into(), STABLE.into());
                self.services = vec![CANARY, STABLE];
            }
        }
        if let Some(canary) = canary.as_object_mut() {
            canary.retain(|_, value| !value.is_null());
        }
        canary["trafficRouting"] = made.routing;
        let max =
            if ["Nginx", "GatewayAPI"].iter().any(|r| routers.contains(r)) && one_in(rng, 4) { 1000 } else { 100 };
        if max != 100 {
            canary["trafficRouting"]["maxTrafficWeight"] = max.into();
        }
        options(rng, canary);
        let pool = Pool { rng, max, routes: managed_routes(rng, &self.rollout) };
        let canary = &mut self.rollout["spec"]["strategy"]["canary"];
        pool.set_steps(canary);
        // What lost its Service would be somebody else's business.
        self.actions
            .retain(|(_, action)| !matches!(action, Action::LoseService(name, _) if !self.services.contains(name)));
        let endpoints_delay = Duration::from_millis(*pick(rng, &[0, 0, 200, 1000, 3000]));
        self.traffic = Some(Traffic {
            routers,
            objects: made.objects,
            services: made.services,
            endpoints_delay,
            is_left_alone: true,
        });
    }

    /// Users and their tools change the routers' objects, too, and stop using them.
    fn disturb(&mut self, rng: &Rng) {
        let Some(traffic) = &mut self.traffic else { return };
        for _ in 0..rng.below(3) {
            if traffic.objects.is_empty() {
                break;
            }
            let object = Box::new(pick(rng, &traffic.objects).clone());
            let action = match one_in(rng, 2) {
                true => Action::RewindRouter(object),
                false => Action::LoseRouter(object, Duration::from_secs(rng.below(60))),
            };
            let at = usize::try_from(rng.below(self.actions.len() as u64 + 1)).unwrap_or_default();
            self.actions.insert(at, (pause(rng), action));
            traffic.is_left_alone = false;
        }
        if one_in(rng, 5) {
            traffic.is_left_alone = false;
            self.actions.push((
                pause(rng),
                Action::Edit(json!({"strategy": {"canary": {
                    "trafficRouting": null, "dynamicStableScale": null, "scaleDownDelaySeconds": null, "pingPong": null,
                    "minPodsPerReplicaSet": null, "steps": [{"setWeight": 20}, {"pause": {"duration": 5}}],
                }}})),
            ));
        }
    }
}

fn draw_routers(rng: &Rng) -> Vec<&'static str> {
    let first = *pick(rng, &routers::ALL);
    let second = *pick(rng, &routers::ALL);
    let mut routers = vec![first];
    if one_in(rng, 4) && second != first {
        routers.push(second);
    }
    routers
}

fn options(rng: &Rng, canary: &mut Value) {
    match rng.below(3) {
        0 => canary["dynamicStableScale"] = true.into(),
        1 => canary["scaleDownDelaySeconds"] = rng.below(40).into(),
        _ => {}
    }
    if one_in(rng, 3) {
        canary["abortScaleDownDelaySeconds"] = rng.below(40).into();
    }
    if one_in(rng, 4) {
        canary["minPodsPerReplicaSet"] = (1 + rng.below(3)).into();
    }
}

/// The routes that a step may make: those that every router can.
fn managed_routes(rng: &Rng, rollout: &Value) -> Vec<Value> {
    let Ok(ro) = serde_json::from_value::<Rollout>(rollout.clone()) else { return Vec::new() };
    let Some(routing) = ro.spec.traffic_routing() else { return Vec::new() };
    let settings = Settings::default();
    let cx = Context { rollout: &ro, routing, settings: &settings };
    let routers = rollouts_traffic::used(routing);
    let can = |route: Option<Managed>| route.is_some_and(|r| routers.iter().all(|by| by.refuses(&cx, &r).is_none()));
    let (header, cookie) = (TESTER_HEADER, TESTER_COOKIE);
    let matches = [
        json!([{"headerName": header.0, "headerValue": {"exact": header.1}}]),
        json!([{"headers": {header.0: {"exact": header.1}}}]),
        json!([{"cookies": {cookie.0: {"exact": cookie.1}}}]),
        json!([{"headers": {header.0: {"exact": header.1}}}, {"cookies": {cookie.0: {"exact": cookie.1}}}]),
    ];
    let step = json!({"name": TESTERS, "match": pick(rng, &matches)});
    let mut routes = Vec::new();
    if serde_json::from_value(step.clone()).is_ok_and(|step| can(Managed::header(&step))) {
        routes.push(json!({ "setHeaderRoute": step }));
    }
    let step = json!({"name": SHADOW, "percentage": 10 + rng.below(90), "match": [{"path": {"prefix": "/"}}]});
    if serde_json::from_value(step.clone()).is_ok_and(|step| can(Managed::mirror(&step))) {
        routes.push(json!({ "setMirrorRoute": step }));
    }
    routes
}

struct Pool<'a> {
    rng: &'a Rng,
    max: u64,
    routes: Vec<Value>,
}

impl Pool<'_> {
    /// The steps that are there, and more.
    fn set_steps(&self, canary: &mut Value) {
        let rng = self.rng;
        let mut steps = canary["steps"].as_array().cloned().unwrap_or_default();
        for step in &mut steps {
            if let Some(weight) = step["setWeight"].as_u64() {
                step["setWeight"] = (weight * self.max / 100).into();
            }
        }
        for _ in 0..1 + rng.below(5) {
            let at = usize::try_from(rng.below(steps.len() as u64 + 1)).unwrap_or_default();
            steps.insert(at, self.step());
        }
        let names: Vec<Value> = [TESTERS, SHADOW].iter().map(|name| json!({ "name": name })).collect();
        let makes_routes = |step: &Value| !step["setHeaderRoute"].is_null() || !step["setMirrorRoute"].is_null();
        if steps.iter().any(makes_routes) {
            canary["trafficRouting"]["managedRoutes"] = names.into();
        }
        canary["steps"] = steps.into();
    }

    fn step(&self) -> Value {
        let rng = self.rng;
        match rng.below(10) {
            0 | 1 => json!({"setWeight": rng.below(self.max + 1)}),
            2 => json!({"pause": {"duration": 1 + rng.below(20)}}),
            3 => json!({"setCanaryScale": {"replicas": rng.below(4)}}),
            4 => json!({"setCanaryScale": {"weight": rng.below(101)}}),
            5 => json!({"setCanaryScale": {"matchTrafficWeight": true}}),
            6 if !self.routes.is_empty() => {
                // As it was made, but without anything that matches.
                let mut step = pick(rng, &self.routes).clone();
                for kind in ["setHeaderRoute", "setMirrorRoute"] {
                    if let Some(route) = step[kind].as_object_mut() {
                        route.retain(|field, _| field == "name");
                    }
                }
                if let Some(step) = step.as_object_mut() {
                    step.retain(|_, value| !value.is_null());
                }
                step
            }
            7..=9 if !self.routes.is_empty() => pick(rng, &self.routes).clone(),
            _ => json!({"setWeight": *pick(rng, &[1, 5, 20, 50, 80, 100]) * self.max / 100}),
        }
    }
}
