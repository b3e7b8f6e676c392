//! The data plane: where the requests of users end, by what the objects of routers say, the endpoints of Services, and
//! the pods. Endpoints are those that the API server has: they follow selectors and pods as late as their controller does.

use crate::feed::Change;
use crate::workload::routers::HOST;
use crate::workload::{TESTER_COOKIE, TESTER_HEADER};
use rollouts_api::Rollout;
use rollouts_api::names::POD_TEMPLATE_HASH;
use rollouts_traffic::evaluate::{Answer, Backend, Request, evaluate};
use rollouts_traffic::{Context, Kind, Objects, Settings};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Label of an EndpointSlice: its Service.
const SERVICE_LABEL: &str = "kubernetes.io/service-name";

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum User {
    /// Anybody.
    Anybody,
    /// A tester, who is known by a header.
    Header,
    /// One who is known by a cookie.
    Cookie,
}

/// All of them.
pub const USERS: [User; 3] = [User::Anybody, User::Header, User::Cookie];

impl User {
    /// What they send.
    pub fn request(self) -> Request {
        let pair = |(name, value): (&str, &str)| (name.to_string(), value.to_string());
        let mut request =
            Request { method: "GET".into(), host: HOST.into(), path: "/shop".into(), ..Request::default() };
        match self {
            User::Anybody => request.cookies.push(pair(("theme", "dark"))),
            User::Header => request.headers.push(pair(TESTER_HEADER)),
            User::Cookie => request.cookies.extend([pair(("theme", "dark")), pair(TESTER_COOKIE)]),
        }
        request
    }
}

#[derive(Debug, Clone, Default)]
struct Pod {
    labels: BTreeMap<String, String>,
    is_ready: bool,
}

/// See the module.
#[derive(Default)]
pub struct DataPlane {
    /// As it was when its traffic was routed last.
    rollout: Option<Rollout>,
    settings: Settings,
    objects: Objects,
    /// By slice: the Service, and its pods that are ready.
    slices: BTreeMap<String, (String, BTreeSet<String>)>,
    pods: BTreeMap<String, Pod>,
}

impl DataPlane {
    /// Takes over the Rollout.
    pub fn take_rollout(&mut self, object: &Value) {
        if let Ok(rollout) = serde_json::from_value::<Rollout>(object.clone())
            && rollout.spec.traffic_routing().is_some()
        {
            self.rollout = Some(rollout);
        }
    }

    /// Takes over a change of an object of a router.
    pub fn take_object(&mut self, kind: &Kind, change: &Change) {
        let metadata = &change.object["metadata"];
        let text = |field: &str| metadata[field].as_str().unwrap_or_default();
        let at = kind.named(text("namespace"), text("name"));
        match change.is_deletion() {
            true => self.objects.remove(&at),
            false => self.objects.insert(at, Arc::new(change.object.clone())),
        }
    }

    /// Takes over a change of an EndpointSlice.
    pub fn take_slice(&mut self, change: &Change) {
        let object = &change.object;
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        if change.is_deletion() {
            self.slices.remove(&name);
            return;
        }
        let service = object["metadata"]["labels"][SERVICE_LABEL].as_str().unwrap_or_default().to_owned();
        let ready = object["endpoints"].as_array().into_iter().flatten().filter(|e| e["conditions"]["ready"] == true);
        let pods = ready.filter_map(|endpoint| endpoint["targetRef"]["name"].as_str().map(str::to_owned)).collect();
        self.slices.insert(name, (service, pods));
    }

    /// Takes over a change of a pod.
    pub fn take_pod(&mut self, change: &Change) {
        let object = &change.object;
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        if change.is_deletion() {
            self.pods.remove(&name);
            return;
        }
        let mut conditions = object["status"]["conditions"].as_array().into_iter().flatten();
        let is_ready = conditions.any(|c| c["type"] == "Ready" && c["status"] == "True");
        let labels = object["metadata"]["labels"].as_object().into_iter().flatten();
        let labels = labels.filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect();
        self.pods.insert(name, Pod { labels, is_ready });
    }

    /// The Rollout's routers.
    pub fn routers(&self) -> Vec<&'static str> {
        let routing = self.rollout.as_ref().and_then(|rollout| rollout.spec.traffic_routing());
        routing.map(|routing| rollouts_traffic::used(routing).iter().map(|r| r.name()).collect()).unwrap_or_default()
    }

    /// Where a router sends the request.
    pub fn answer(&self, router: &str, request: &Request) -> Answer {
        let Some(rollout) = &self.rollout else { return Answer::default() };
        let Some(routing) = rollout.spec.traffic_routing() else { return Answer::default() };
        let cx = Context { rollout, routing, settings: &self.settings };
        evaluate(router, &cx, &self.objects, request)
    }

    /// The versions of the pods that answer for a backend, one entry a pod: those that its Service knows as ready, and that
    /// are.
    pub fn versions(&self, backend: &Backend) -> Vec<&str> {
        let of_service = self.slices.values().filter(|(service, _)| *service == backend.service);
        let names: BTreeSet<&String> = of_service.flat_map(|(_, pods)| pods).collect();
        let pods = names.into_iter().filter_map(|name| self.pods.get(name)).filter(|pod| {
            let has = |(name, value): (&String, &String)| pod.labels.get(name) == Some(value);
            pod.is_ready && backend.labels.iter().all(has)
        });
        pods.map(|pod| pod.labels.get(POD_TEMPLATE_HASH).map_or("", String::as_str)).collect()
    }

    /// How many pods of a version are ready.
    pub fn ready(&self, hash: &str) -> usize {
        let is_its = |pod: &&Pod| pod.labels.get(POD_TEMPLATE_HASH).is_some_and(|h| h == hash);
        self.pods.values().filter(|pod| pod.is_ready).filter(is_its).count()
    }

    /// The share of each version in percent; what nobody answers is that of "".
    pub fn shares(&self, answer: &Answer) -> BTreeMap<String, f64> {
        let mut shares = BTreeMap::new();
        for (backend, _) in &answer.to {
            let share = answer.percent(|other| other == backend);
            let versions = self.versions(backend);
            // A list of pods is short.
            let each = share / f64::from(u32::try_from(versions.len().max(1)).unwrap_or(1));
            let none = versions.is_empty().then_some("");
            for version in versions.into_iter().chain(none) {
                *shares.entry(version.to_owned()).or_default() += each;
            }
        }
        shares
    }
}

/// A backend, as text.
pub fn named(backend: &Backend) -> String {
    let labels: Vec<String> = backend.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    if labels.is_empty() { backend.service.clone() } else { format!("{} ({})", backend.service, labels.join(", ")) }
}
