//! What tests of routers need.

use crate::{Change, Context, Draft, ObjectRef, Objects, Route, RouteError, Router, Settings, Side, Write};
use rollouts_api::Rollout;
use serde_json::{Value, json};

/// A Rollout `web` with Services `web-canary` and `web-stable` and this `trafficRouting`.
pub fn rollout(routing: Value) -> Rollout {
    rollout_with_steps(routing, json!([]))
}

/// The same with steps.
pub fn rollout_with_steps(routing: Value, steps: Value) -> Rollout {
    let canary = json!({
        "canaryService": "web-canary",
        "stableService": "web-stable",
        "trafficRouting": routing,
        "steps": steps,
    });
    serde_json::from_value(json!({
        "metadata": { "name": "web", "namespace": "ns", "uid": "u1" },
        "spec": { "strategy": { "canary": canary } },
    }))
    .expect("a Rollout")
}

/// So much of 100 to the canary.
pub fn weight(weight: i32) -> Route {
    let side = |service: &str| Side { service: service.into(), ..Side::default() };
    Route { weight, max: 100, canary: side("web-canary"), stable: side("web-stable"), ..Route::default() }
}

/// The owner reference of that Rollout.
pub fn owner() -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "name": "web",
        "uid": "u1",
        "controller": true,
        "blockOwnerDeletion": true,
    })
}

/// A router, a Rollout, and the objects there are.
pub struct World<'a> {
    pub router: &'a dyn Router,
    pub rollout: Rollout,
    pub settings: Settings,
    pub objects: Objects,
}

impl<'a> World<'a> {
    pub fn new(
        router: &'a dyn Router,
        rollout: Rollout,
        objects: impl IntoIterator<Item = (ObjectRef, Value)>,
    ) -> Self {
        World { router, rollout, settings: Settings::default(), objects: objects.into_iter().collect() }
    }

    pub fn context(&self) -> Context<'_> {
        let routing = self.rollout.spec.traffic_routing().expect("trafficRouting");
        Context { rollout: &self.rollout, routing, settings: &self.settings }
    }

    /// Does what the router wants, which is nothing the second time, and gives back what it was.
    pub fn route(&mut self, route: &Route) -> Vec<Change> {
        let (changes, result) = self.try_route(route);
        result.expect("it can be done");
        changes
    }

    /// Like [`Self::route`], for what fails: what was drafted before is done all the same.
    pub fn try_route(&mut self, route: &Route) -> (Vec<Change>, Result<(), RouteError>) {
        let objects = self.objects.clone();
        let mut draft = Draft::new(&objects);
        let result = self.router.route(&self.context(), route, &mut draft);
        let changes = draft.take_changes();
        self.apply(&changes);
        let mut again = Draft::new(&self.objects);
        assert_eq!(self.router.route(&self.context(), route, &mut again), result, "the second time");
        assert_eq!(again.changes(), [], "the second time there is nothing to do");
        (changes, result)
    }

    /// What it says is wrong.
    pub fn error(&mut self, route: &Route) -> String {
        match self.try_route(route).1 {
            Err(RouteError::Failed { message, .. } | RouteError::Waits(message)) => message,
            Ok(()) => "nothing".into(),
        }
    }

    pub fn release(&mut self) -> Vec<Change> {
        let objects = self.objects.clone();
        let mut draft = Draft::new(&objects);
        self.router.release(&self.context(), &weight(0), &mut draft);
        let changes = draft.take_changes();
        self.apply(&changes);
        let mut again = Draft::new(&self.objects);
        self.router.release(&self.context(), &weight(0), &mut again);
        assert_eq!(again.changes(), [], "the second time there is nothing to do");
        changes
    }

    /// The object as it is; null when there is none.
    pub fn get(&self, at: &ObjectRef) -> Value {
        self.objects.get(at).map_or(Value::Null, |object| (**object).clone())
    }

    fn apply(&mut self, changes: &[Change]) {
        let deleted: Vec<_> = changes.iter().filter(|c| matches!(c.write, Write::Delete { .. })).collect();
        let kept = |at: &ObjectRef| deleted.iter().all(|change| change.write.at() != at);
        let mut objects: Vec<(ObjectRef, Value)> =
            self.objects.iter().map(|(at, object)| (at.clone(), (**object).clone())).collect();
        for change in changes {
            match &change.write {
                Write::Create { at, object } => objects.push((at.clone(), object.clone())),
                Write::Patch { at, body } => {
                    let found = objects.iter_mut().find(|(other, _)| other == at).expect("what is patched is there");
                    merge(&mut found.1, body);
                }
                Write::Delete { .. } => {}
            }
        }
        let unserved = std::mem::take(&mut self.objects.unserved);
        self.objects = objects.into_iter().filter(|(at, _)| kept(at)).collect();
        self.objects.unserved = unserved;
    }
}

/// RFC 7396.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let target = target.as_object_mut().expect("made so above");
    for (key, value) in patch {
        match value {
            Value::Null => drop(target.remove(key)),
            _ => merge(target.entry(key).or_insert(Value::Null), value),
        }
    }
}
