//! A Rollout and the objects that its routers write.

use rollouts_api::Rollout;
use rollouts_traffic::{
    Change, Context, Draft, Event, Kind, Objects, Route, RouteError, Router, Settings, Side, Write, used,
};
use serde_json::{Value, json};
use std::sync::Arc;

pub const VIRTUAL_SERVICES: Kind = Kind::fixed("networking.istio.io", "v1alpha3", "VirtualService", "virtualservices");
pub const DESTINATION_RULES: Kind =
    Kind::fixed("networking.istio.io", "v1alpha3", "DestinationRule", "destinationrules");

pub struct World {
    pub rollout: Rollout,
    pub settings: Settings,
    pub objects: Objects,
}

/// What was told, as `reason: message`, and how it ended.
#[derive(Debug, PartialEq)]
pub struct Told {
    pub events: Vec<String>,
    /// `Kind name` of each write.
    pub writes: Vec<String>,
    pub end: Result<(), RouteError>,
}

impl World {
    /// A Rollout `app` in the namespace `ns`, with this canary strategy.
    pub fn new(canary: Value) -> World {
        let rollout = json!({
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Rollout",
            "metadata": { "name": "app", "namespace": "ns" },
            "spec": { "strategy": { "canary": canary } },
        });
        let rollout = serde_json::from_value(rollout).expect("a Rollout");
        World { rollout, settings: Settings::default(), objects: Objects::default() }
    }

    pub fn with(mut self, kind: &Kind, namespace: &str, name: &str, spec: Value) -> World {
        let object = json!({
            "apiVersion": kind.api_version(), "kind": kind.kind,
            "metadata": { "name": name, "namespace": namespace, "labels": { "team": "a" } },
            "spec": spec,
        });
        self.objects.insert(kind.named(namespace, name), Arc::new(object));
        self
    }

    pub fn virtual_service(self, name: &str, spec: Value) -> World {
        self.with(&VIRTUAL_SERVICES, "ns", name, spec)
    }

    pub fn destination_rule(self, name: &str, spec: Value) -> World {
        self.with(&DESTINATION_RULES, "ns", name, spec)
    }

    pub fn cx(&self) -> Context<'_> {
        let routing = self.rollout.spec.traffic_routing().expect("it routes traffic");
        Context { rollout: &self.rollout, routing, settings: &self.settings }
    }

    pub fn router(&self) -> &'static dyn Router {
        used(self.cx().routing)[0]
    }

    pub fn spec(&self, kind: &Kind, name: &str) -> &Value {
        &self.objects.get(&kind.named("ns", name)).expect("it is there")["spec"]
    }

    /// Routes; then nothing more is to be written.
    pub fn route(&mut self, route: &Route) -> Told {
        let told = self.once(|router, cx, draft| router.route(cx, route, draft));
        let again = self.once(|router, cx, draft| router.route(cx, route, draft));
        assert_eq!(again.writes, Vec::<String>::new(), "after {told:?}");
        told
    }

    pub fn release(&mut self, stable: &Route) -> Told {
        let release = |router: &dyn Router, cx: &Context<'_>, draft: &mut Draft<'_>| {
            router.release(cx, stable, draft);
            Ok(())
        };
        let told = self.once(release);
        assert_eq!(self.once(release).writes, Vec::<String>::new(), "after {told:?}");
        told
    }

    fn once(&mut self, f: impl FnOnce(&dyn Router, &Context<'_>, &mut Draft<'_>) -> Result<(), RouteError>) -> Told {
        let before = self.objects.clone();
        let mut draft = Draft::new(&before);
        let end = f(self.router(), &self.cx(), &mut draft);
        let changes = draft.take_changes();
        changes.iter().for_each(|change| self.apply(change));
        for change in &changes {
            let at = change.write.at();
            assert_eq!(self.objects.get(at).map(|object| &**object), draft.get(at), "the writes are what was drafted");
        }
        let line =
            |event: &Event| format!("{}{}: {}", if event.is_warning { "! " } else { "" }, event.reason, event.message);
        let mut events: Vec<String> = changes.iter().flat_map(|change| &change.events).map(line).collect();
        if let Err(RouteError::Failed { events: more, .. }) = &end {
            events.extend(more.iter().map(line));
        }
        Told { events, writes: changes.iter().map(|change| change.write.at().to_string()).collect(), end }
    }

    fn apply(&mut self, change: &Change) {
        match &change.write {
            Write::Patch { at, body } => {
                let mut object =
                    self.objects.get(at).map(|object| (**object).clone()).expect("only what is there is patched");
                merge(&mut object, body);
                self.objects.insert(at.clone(), Arc::new(object));
            }
            Write::Create { at, object } => self.objects.insert(at.clone(), Arc::new(object.clone())),
            Write::Delete { at } => panic!("{at} was deleted"),
        }
    }
}

/// RFC 7396.
fn merge(target: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let members = target.as_object_mut().expect("just made one");
    for (key, value) in patch {
        match value {
            Value::Null => {
                members.remove(key);
            }
            value => merge(members.entry(key.clone()).or_insert(Value::Null), value),
        }
    }
}

/// A route to the Services `app-canary` and `app-stable`, of versions with the hashes `new` and `old`.
pub fn to(weight: i32) -> Route {
    let side = |hash: &str, service: &str| Side { hash: hash.into(), service: service.into(), unready: None };
    Route { weight, max: 100, canary: side("new", "app-canary"), stable: side("old", "app-stable"), ..Route::default() }
}

/// Weighted destinations by host.
pub fn split(weights: &[(&str, i32)]) -> Value {
    weights.iter().map(|(host, weight)| json!({ "destination": { "host": host }, "weight": weight })).collect()
}
