//! The state of the store as of each change, with a short memory.

use super::requests::Requests;
use super::runs::Measured;
use super::{Subject, surge_and_unavailable};
use crate::faults::Faults;
use crate::feed::{Change, Feed};
use crate::workload::ROLE;
use futures::FutureExt;
use futures::future::select_all;
use rollouts_api::names::{POD_TEMPLATE_HASH, REVISION};
use rollouts_kube::{RequestError, resource};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Watches the store and checks every change.
pub struct Monitor {
    shared: Arc<Mutex<Model>>,
    task: JoinHandle<()>,
}

/// A number and its past values, each with the time until which it was true.
#[derive(Debug, Clone, Default)]
pub(super) struct Remembered {
    pub now: i64,
    past: VecDeque<(Instant, i64)>,
}

impl Remembered {
    pub fn set(&mut self, value: i64, window: Duration) {
        let present = Instant::now();
        if value != self.now {
            self.past.push_back((present, self.now));
            self.now = value;
        }
        self.past.retain(|(until, _)| present.duration_since(*until) <= window);
    }

    fn recent(&self, window: Duration) -> impl Iterator<Item = i64> {
        let present = Instant::now();
        let past = self.past.iter().filter(move |(until, _)| present.duration_since(*until) <= window);
        past.map(|(_, value)| *value).chain([self.now])
    }

    pub fn most(&self, window: Duration) -> i64 {
        self.recent(window).max().unwrap_or(self.now)
    }

    pub fn least(&self, window: Duration) -> i64 {
        self.recent(window).min().unwrap_or(self.now)
    }
}

/// A ReplicaSet of the Rollout.
#[derive(Debug, Clone, Default)]
pub(super) struct Set {
    pub hash: String,
    pub size: i64,
    /// That and what it was.
    pub sizes: Remembered,
    pub available: Remembered,
    /// The pod template without the hash, as text.
    pub template: String,
}

/// What is known.
pub(super) struct Model {
    pub faults: Faults,
    pub subject: Subject,
    pub window: Duration,
    pub rollout: Value,
    pub replicas: Remembered,
    /// Pods that must be available.
    pub promised: Remembered,
    /// Pods that there may be.
    pub allowed: Remembered,
    pub sets: BTreeMap<String, Set>,
    /// Names of the ReplicaSets of Experiments: their pods serve no users.
    pub lab: BTreeSet<String>,
    /// Size of the Deployment that the Rollout takes over from.
    pub legacy: Option<i64>,
    /// The hash that the active Service selects.
    pub active: Option<String>,
    /// Ready pods that are not going, by name, with their hash.
    pub ready: BTreeMap<String, String>,
    /// Whether as many pods as wanted were ready once.
    pub was_ready: bool,
    /// Updates that users asked for, the first one included.
    pub updates: u64,
    /// The Rollout's revision, as last seen.
    pub revision: u64,
    /// What is measured.
    pub measured: Measured,
    /// Where requests go.
    pub requests: Requests,
    pub violations: Vec<String>,
    /// Nothing is judged any more.
    pub rests: bool,
}

impl Monitor {
    /// Starts to watch what belongs to the subject; writes may be judged by states up to `window` ago.
    ///
    /// # Errors
    /// What the API server answered.
    pub async fn start(
        client: &kube::Client,
        subject: Subject,
        faults: &Faults,
        window: Duration,
    ) -> Result<Monitor, RequestError> {
        let model = Model::new(subject, faults, window);
        let namespace = model.subject.namespace.clone();
        let always = [
            ("rollouts", resource::ROLLOUTS),
            ("replicasets", resource::REPLICA_SETS),
            ("services", resource::SERVICES),
            ("pods", resource::PODS),
            ("deployments", resource::DEPLOYMENTS),
        ];
        let analysed =
            [("analysisruns", resource::ANALYSIS_RUNS), ("jobs", resource::JOBS), ("events", resource::EVENTS)];
        let analysed = analysed.into_iter().filter(|_| model.subject.is_analysed);
        let tried = model.subject.tries.then_some(("experiments", resource::EXPERIMENTS)).into_iter();
        let routers = model.subject.routers.clone();
        let routed = (!routers.is_empty()).then_some(("endpointslices", resource::ENDPOINT_SLICES)).into_iter();
        let routed = routed.chain(routers.into_iter().map(|resource| (ROUTER, resource)));
        let mut feeds = Vec::new();
        for (kind, resource) in always.into_iter().chain(analysed).chain(tried).chain(routed) {
            feeds.push((kind, Feed::open(client.clone(), &resource, Some(&namespace)).await?));
        }
        let shared = Arc::new(Mutex::new(model));
        let task = tokio::spawn(watch(feeds, Arc::clone(&shared)));
        Ok(Monitor { shared, task })
    }

    pub(super) fn model(&self) -> MutexGuard<'_, Model> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Users ask for so many updates more.
    pub fn expect_updates(&self, more: u64) {
        self.model().updates += more;
    }

    /// A user goes on to another step by hand.
    pub fn push(&self) {
        self.model().measured.pushed = Some(Instant::now());
    }

    /// Judges nothing from now on: the Rollout is deleted on purpose.
    pub fn rest(&self) {
        self.model().rests = true;
    }

    /// The Rollout's revision.
    pub fn revision(&self) -> u64 {
        self.model().revision
    }

    /// What did not hold so far.
    pub fn violations(&self) -> Vec<String> {
        let mut violations = self.model().violations.clone();
        if self.task.is_finished() {
            violations.push("the monitor ended early".into());
        }
        violations
    }

    /// Ends the watches.
    pub fn stop(self) {
        self.task.abort();
    }
}

/// How often requests are looked at when nothing happens.
const LOOK: Duration = Duration::from_secs(1);

/// The feeds of what routers read and write.
const ROUTER: &str = "router";

/// Handles changes of all collections in the order of their versions.
async fn watch(mut feeds: Vec<(&'static str, Feed)>, model: Arc<Mutex<Model>>) {
    let is_routed = feeds.iter().any(|(kind, _)| *kind == ROUTER);
    let mut looks = tokio::time::interval(LOOK);
    loop {
        let next = feeds.iter_mut().map(|(kind, feed)| feed.next().map(|change| change.map(|c| (*kind, c))).boxed());
        let first = tokio::select! {
            biased;
            (first, ..) = select_all(next) => first,
            _ = looks.tick(), if is_routed => {
                model.lock().unwrap_or_else(PoisonError::into_inner).look_at_requests();
                continue;
            }
        };
        let mut batch = vec![first];
        for (kind, feed) in &mut feeds {
            while let Some(change) = feed.next().now_or_never() {
                let failed = change.is_err();
                batch.push(change.map(|c| (*kind, c)));
                if failed {
                    break;
                }
            }
        }
        let changes: Result<Vec<_>, _> = batch.into_iter().collect();
        let mut model = model.lock().unwrap_or_else(PoisonError::into_inner);
        match changes {
            Ok(mut changes) => {
                changes.sort_by_key(|(_, change)| change.version());
                changes.iter().for_each(|(kind, change)| model.take(kind, change));
            }
            Err(error) => return model.violate(format!("the monitor lost its watch: {error}")),
        }
    }
}

impl Model {
    /// Nothing is known yet.
    pub fn new(subject: Subject, faults: &Faults, window: Duration) -> Model {
        Model {
            faults: faults.clone(),
            subject,
            window,
            rollout: Value::Null,
            replicas: Remembered::default(),
            promised: Remembered::default(),
            allowed: Remembered::default(),
            sets: BTreeMap::new(),
            lab: BTreeSet::new(),
            legacy: None,
            active: None,
            ready: BTreeMap::new(),
            was_ready: false,
            updates: 1,
            revision: 0,
            measured: Measured::default(),
            requests: Requests::default(),
            violations: Vec::new(),
            rests: false,
        }
    }

    pub fn violate(&mut self, text: String) {
        if self.rests {
            return;
        }
        self.faults.note(&format!("VIOLATION {text}"));
        self.violations.push(text);
    }

    pub fn status(&self, field: &str) -> &str {
        self.rollout["status"][field].as_str().unwrap_or_default()
    }

    fn take(&mut self, kind: &str, change: &Change) {
        let object = &change.object;
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        if self.subject.is_analysed && ["rollouts", "analysisruns"].contains(&kind) {
            self.check_secret(kind, &name, object);
        }
        if !self.subject.routers.is_empty() {
            self.take_for_requests(kind, change);
        }
        match kind {
            "rollouts" if name == self.subject.name => self.take_rollout(object),
            "replicasets" if is_of_an_experiment(object) => {
                self.lab.insert(name);
                return;
            }
            "replicasets" if is_of_a_rollout(object) => self.take_set(name, object, change.is_deletion()),
            "services" if name == self.subject.active => self.take_service(object, change.is_deletion()),
            "pods" if owners(object).any(|owner| owner["name"].as_str().is_some_and(|set| self.lab.contains(set))) => {
                return;
            }
            "pods" if is_of_a_rollout(object) => self.take_pod(name, object, change.is_deletion()),
            "deployments" => self.take_legacy(object),
            "experiments" => {
                let phase = object["status"]["phase"].as_str().unwrap_or_default().to_owned();
                self.faults.note(&format!("Experiment {name}: {phase} {}", object["status"]["message"]));
                self.measured.tried.insert(name, phase);
                return;
            }
            "analysisruns" => self.take_run(name, object, change.is_deletion()),
            "jobs" => self.take_job(name, object, change.is_deletion()),
            "events" => return self.check_secret(kind, &name, object),
            _ => return,
        }
        self.check_service();
    }

    fn take_for_requests(&mut self, kind: &str, change: &Change) {
        let plane = &mut self.requests.plane;
        match kind {
            "rollouts" => plane.take_rollout(&change.object),
            "pods" => plane.take_pod(change),
            "endpointslices" => plane.take_slice(change),
            "services" => self.note_service(change),
            ROUTER => self.take_router_object(change),
            _ => return,
        }
        // The Rollout is judged as it was before: whatever is written follows from that.
        self.check_requests(kind != "pods");
    }

    fn take_rollout(&mut self, object: &Value) {
        let replicas = object["spec"]["replicas"].as_i64().unwrap_or(1);
        let strategy = &object["spec"]["strategy"];
        let (surge, unavailable) = match self.subject.is_blue_green {
            true => ((strategy["blueGreen"]["previewReplicaCount"].as_i64().unwrap_or(0) - replicas).max(0), 0),
            false => surge_and_unavailable(&strategy["canary"], replicas),
        };
        self.replicas.set(replicas, self.window);
        self.promised.set(replicas - unavailable, self.window);
        self.allowed.set(replicas + surge, self.window);
        let before = std::mem::replace(&mut self.rollout, object.clone());
        let status = &object["status"];
        if before["status"] != *status {
            let text = format!(
                "rollout: {} {} step {} stable {} current {}",
                status["phase"],
                status["message"],
                status["currentStepIndex"],
                status["stableRS"],
                status["currentPodHash"]
            );
            self.faults.note(&text);
        }
        let revision = object["metadata"]["annotations"][REVISION].as_str().and_then(|r| r.parse().ok());
        self.revision = revision.unwrap_or(0);
        self.check_revision(self.revision);
        self.check_promotion(&before["status"]);
        self.check_progress(&before);
    }

    fn take_set(&mut self, name: String, object: &Value, is_gone: bool) {
        let hash = object["metadata"]["labels"][POD_TEMPLATE_HASH].as_str().unwrap_or_default().to_owned();
        if hash.is_empty() {
            // Of somebody else, such as a Deployment.
            return;
        }
        if is_gone {
            if let Some(set) = self.sets.remove(&name) {
                self.faults.note(&format!("{name}: deleted"));
                self.check_deletion(&name, &set);
            }
            return;
        }
        let (size, available) = (object["spec"]["replicas"].as_i64(), object["status"]["availableReplicas"].as_i64());
        let (size, available, window) = (size.unwrap_or(1), available.unwrap_or(0), self.window);
        let template = own_template(&object["spec"]["template"]);
        let before = self.sets.get(&name).cloned();
        let set = self.sets.entry(name.clone()).or_default();
        set.available.set(available, window);
        set.sizes.set(size, window);
        (set.hash, set.size, set.template) = (hash, size, template.to_string());
        match before {
            None => self.check_new_set(&name),
            Some(before) if before.size != size || before.available.now != available => {
                self.faults.note(&format!("{name}: {size} pods, {available} available"));
                self.check_resize(&name, before.size, size);
            }
            Some(_) => {}
        }
    }

    fn take_legacy(&mut self, object: &Value) {
        let size = object["spec"]["replicas"].as_i64().unwrap_or(1);
        let before = self.legacy.replace(size);
        if let Some(before) = before.filter(|before| size != *before) {
            self.faults.note(&format!("deployment: {size} pods, before {before}"));
            self.check_takeover(before, size);
        }
    }

    fn take_service(&mut self, object: &Value, is_gone: bool) {
        let hash = object["spec"]["selector"][POD_TEMPLATE_HASH].as_str().filter(|_| !is_gone).map(str::to_owned);
        if hash != self.active {
            self.faults.note(&format!("{}: {hash:?}", self.subject.active));
            self.check_switch(hash.as_deref());
            if let Some(hash) = &hash {
                self.check_verified(hash);
                self.measured.served.push(hash.clone());
            }
            self.active = hash;
        }
    }

    fn take_pod(&mut self, name: String, object: &Value, is_gone: bool) {
        let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
        let is_ready = conditions.clone().any(|c| c["type"] == "Ready" && c["status"] == "True");
        let is_going = is_gone || !object["metadata"]["deletionTimestamp"].is_null();
        if is_ready && !is_going {
            let hash = object["metadata"]["labels"][POD_TEMPLATE_HASH].as_str().unwrap_or_default();
            self.ready.insert(name, hash.to_owned());
        } else {
            self.ready.remove(&name);
        }
    }
}

/// A pod template without what the controller puts into it, as text.
fn own_template(template: &Value) -> String {
    let mut template = template.clone();
    for (field, names) in [("labels", [POD_TEMPLATE_HASH, ROLE].as_slice()), ("annotations", &[ROLE])] {
        if let Some(map) = template["metadata"][field].as_object_mut() {
            names.iter().for_each(|name| {
                map.remove(*name);
            });
        }
        if template["metadata"][field].as_object().is_none_or(serde_json::Map::is_empty)
            && let Some(metadata) = template["metadata"].as_object_mut()
        {
            metadata.remove(field);
        }
    }
    if let Some(spec) = template["spec"].as_object_mut() {
        spec.remove("affinity");
    }
    template.to_string()
}

/// Those of Deployments carry another hash.
fn is_of_a_rollout(object: &Value) -> bool {
    !object["metadata"]["labels"][POD_TEMPLATE_HASH].is_null()
}

/// Whether an Experiment owns the object.
pub(crate) fn is_of_an_experiment(object: &Value) -> bool {
    owners(object).any(|owner| owner["kind"] == "Experiment")
}

fn owners(object: &Value) -> impl Iterator<Item = &Value> {
    object["metadata"]["ownerReferences"].as_array().into_iter().flatten()
}
