//! The examples of traffic.md §2, and what else the products make of their objects.

mod ingresses;
mod meshes;
mod proxies;

use super::{Answer, Backend, Request, evaluate};
use crate::harness::rollout;
use crate::{Context, Kind, Objects, Settings};
use serde_json::Value;

/// Objects in the namespace of the Rollout `web`.
pub(super) struct World {
    pub router: &'static str,
    pub routing: Value,
    pub objects: Objects,
}

impl World {
    pub fn new(router: &'static str, routing: Value, kind: &Kind, objects: &[(&str, Value)]) -> World {
        World { router, routing, objects: Objects::default() }.with(kind, objects)
    }

    pub fn with(mut self, kind: &Kind, objects: &[(&str, Value)]) -> World {
        for (name, object) in objects {
            self.objects.insert(kind.named("ns", name), std::sync::Arc::new(object.clone()));
        }
        self
    }

    pub fn answer(&self, request: &Request) -> Answer {
        let (rollout, settings) = (rollout(self.routing.clone()), Settings::default());
        let routing = rollout.spec.traffic_routing().expect("trafficRouting");
        let cx = Context { rollout: &rollout, routing, settings: &settings };
        evaluate(self.router, &cx, &self.objects, request)
    }

    /// Backends with their weights, as text; the same of mirrors after a stroke.
    pub fn to(&self, request: &Request) -> String {
        let text = |all: Vec<(Backend, u32)>| {
            let one = |(backend, weight): (Backend, u32)| {
                let labels: Vec<String> =
                    backend.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
                let labels = if labels.is_empty() { String::new() } else { format!("[{}]", labels.join(",")) };
                format!("{}{labels} {weight}", backend.service)
            };
            all.into_iter().map(one).collect::<Vec<_>>().join(", ")
        };
        let Answer { to, mirrors } = self.answer(request);
        if mirrors.is_empty() { text(to) } else { format!("{} | {}", text(to), text(mirrors)) }
    }
}

/// `GET http://a.example/path`.
pub(super) fn get(path: &str) -> Request {
    Request { method: "GET".into(), host: "a.example".into(), path: path.into(), ..Request::default() }
}

impl Request {
    pub(super) fn with_header(mut self, name: &str, value: &str) -> Request {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(super) fn with_cookie(mut self, name: &str, value: &str) -> Request {
        self.cookies.push((name.into(), value.into()));
        self
    }

    pub(super) fn with_query(mut self, name: &str, value: &str) -> Request {
        self.query.push((name.into(), value.into()));
        self
    }

    pub(super) fn on(self, host: &str) -> Request {
        Request { host: host.into(), ..self }
    }

    pub(super) fn by(self, method: &str) -> Request {
        Request { method: method.into(), ..self }
    }
}

#[test]
fn dice_decide_by_weight() {
    let backend = |name: &str| Backend { service: name.into(), ..Backend::default() };
    let answer = Answer { to: vec![(backend("a"), 3), (backend("b"), 1)], mirrors: Vec::new() };
    let picks: Vec<&str> = (0..8).filter_map(|dice| Some(answer.pick(dice)?.service.as_str())).collect();
    assert_eq!(picks, ["a", "a", "a", "b", "a", "a", "a", "b"]);
    assert!((answer.percent(|backend| backend.service == "b") - 25.0).abs() < 1e-9);
    assert_eq!(Answer::default().pick(7), None);
}

#[test]
fn who_is_not_known_sends_nothing() {
    let world = World { router: "Other", routing: serde_json::json!({}), objects: Objects::default() };
    assert_eq!(world.to(&get("/")), "");
}
