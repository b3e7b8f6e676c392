//! A Rollout and the objects that its router writes.

use rollouts_api::Rollout;
use rollouts_api::rollout::{SetHeaderRoute, SetMirrorRoute};
use rollouts_traffic::evaluate::{Answer, Request, evaluate};
use rollouts_traffic::{Context, Draft, Managed, ObjectRef, Objects, Route, Settings, Side, used};
use serde_json::{Value, json};

pub struct World {
    rollout: Rollout,
    settings: Settings,
    objects: Objects,
}

impl World {
    /// A Rollout `web` with this `trafficRouting`, and objects in its namespace.
    pub fn new(routing: Value, objects: impl IntoIterator<Item = (ObjectRef, Value)>) -> World {
        let canary = json!({ "canaryService": "web-canary", "stableService": "web-stable", "trafficRouting": routing });
        let rollout = serde_json::from_value(json!({
            "metadata": { "name": "web", "namespace": "ns", "uid": "u1" },
            "spec": { "strategy": { "canary": canary } },
        }));
        let objects = objects.into_iter().collect();
        World { rollout: rollout.expect("a Rollout"), settings: Settings::default(), objects }
    }

    fn cx(&self) -> Context<'_> {
        let routing = self.rollout.spec.traffic_routing().expect("it routes traffic");
        Context { rollout: &self.rollout, routing, settings: &self.settings }
    }

    /// Lets the router write what this weight and these steps ask for.
    pub fn route(&mut self, weight: i32, steps: &[Value]) {
        let cx = self.cx();
        let side = |hash: &str, service: &str| Side { hash: hash.into(), service: service.into(), unready: None };
        let route = Route {
            weight,
            max: cx.routing.max_traffic_weight.unwrap_or(100),
            canary: side("new", "web-canary"),
            stable: side("old", "web-stable"),
            managed: steps.iter().map(managed).collect(),
            ..Route::default()
        };
        let router = used(cx.routing)[0];
        for managed in &route.managed {
            assert_eq!(router.refuses(&cx, managed), None, "{managed:?}");
        }
        assert_eq!(router.refuses_together(&cx, &route.managed), None);
        let mut draft = Draft::new(&self.objects);
        router.route(&cx, &route, &mut draft).expect("it can be done");
        let changes = draft.take_changes();
        changes.into_iter().for_each(|change| change.write.apply(&mut self.objects));
    }

    /// The objects of a kind, by name.
    pub fn all(&self, plural: &str) -> Vec<&Value> {
        self.objects.iter().filter(|(at, _)| at.kind.plural == plural).map(|(_, object)| &**object).collect()
    }

    /// What the evaluator says.
    pub fn answer(&self, request: &Request) -> Answer {
        let cx = self.cx();
        evaluate(used(cx.routing)[0].name(), &cx, &self.objects, request)
    }
}

/// What a step `setHeaderRoute` or `setMirrorRoute` asks for.
fn managed(step: &Value) -> Managed {
    let managed = if step["setMirrorRoute"].is_object() {
        let step: SetMirrorRoute = serde_json::from_value(step["setMirrorRoute"].clone()).expect("a step");
        Managed::mirror(&step)
    } else {
        let step: SetHeaderRoute = serde_json::from_value(step["setHeaderRoute"].clone()).expect("a step");
        Managed::header(&step)
    };
    managed.expect("a route")
}
