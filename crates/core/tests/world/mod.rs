//! A world of a few objects that applies plans at once: pods are ready one second after they are wanted. Enough to run
//! whole updates through `plan` in microseconds.

mod deployments;
mod experiments;
mod others;
mod pods;
mod routers;
mod runs;

use jiff::{SignedDuration, Timestamp};
use others::Others;
use rollouts_api::analysis::{AnalysisRun, AnalysisTemplateSpec};
use rollouts_api::experiment::Experiment;
use rollouts_api::{Rollout, RolloutStatus, Time, names};
use rollouts_core::{Effect, Plan, Pod, ReplicaSet, Service, Snapshot, Workload, owner_reference, plan, reads_pods};
use rollouts_traffic::{Objects, Settings};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Plans without time passing before the world counts as busy for ever.
const PLANS_MAX: usize = 200;

#[derive(Clone)]
pub struct World {
    pub rollout: Rollout,
    pub sets: BTreeMap<String, ReplicaSet>,
    /// ReplicaSets of others.
    pub foreign: BTreeMap<String, ReplicaSet>,
    pub services: BTreeMap<String, Service>,
    /// Services that somebody deleted and will bring back.
    lost: BTreeMap<String, Service>,
    pub now: Timestamp,
    /// When the pods of a ReplicaSet become available.
    ready_at: BTreeMap<String, Timestamp>,
    /// Hashes whose pods never become available.
    pub broken: Vec<String>,
    /// Events, oldest first.
    pub events: Vec<String>,
    /// Distinct states of the status: phase, message, step.
    pub phases: Vec<String>,
    /// Every plan, printed.
    pub plans: Vec<String>,
    /// Every change of a size by a plan.
    pub resizes: Vec<Resize>,
    /// Statuses of ReplicaSets follow their sizes only when time passes, as behind a slow ReplicaSet controller.
    pub slow: bool,
    /// How many effects of the coming plans are applied before the controller crashes or meets a conflict.
    pub crashes: Vec<usize>,
    /// How many effects are applied until the controller crashes once.
    pub crash_after: Option<usize>,
    /// Pods by name, in a world that has them.
    pub pods: Option<BTreeMap<String, Pod>>,
    /// Names of evicted pods, oldest first.
    pub evicted: Vec<String>,
    /// A disruption budget refuses every eviction.
    pub budget_refuses: bool,
    pods_made: usize,
    /// By name.
    pub deployments: BTreeMap<String, Workload>,
    /// Another Rollout that has scaled the Deployment down.
    pub taken_by: Option<String>,
    /// Every size that a plan gave a Deployment.
    pub deployment_sizes: Vec<(String, i32)>,
    /// AnalysisRuns of the Rollout, by name.
    pub runs: BTreeMap<String, AnalysisRun>,
    /// Names of AnalysisRuns of others.
    pub foreign_runs: BTreeSet<String>,
    /// Experiments of the Rollout, by name.
    pub experiments: BTreeMap<String, Experiment>,
    /// Names of Experiments of others.
    pub foreign_experiments: BTreeSet<String>,
    /// Templates by name; cluster templates after `cluster/`.
    pub templates: BTreeMap<String, AnalysisTemplateSpec>,
    /// Objects of traffic routers.
    pub routers: Objects,
    /// Ready pods by Service, as Endpoints have them; of others nothing is known.
    pub endpoints: BTreeMap<String, BTreeSet<String>>,
    /// Writes of routers, printed, oldest first.
    pub routed: Vec<String>,
    /// What flags say about routers.
    pub settings: Arc<Settings>,
    pub others: Others,
    /// Warnings of the last plan.
    pub warnings: Vec<String>,
    wake_at: Option<Timestamp>,
    version: u64,
}

type Changes = BTreeMap<String, Option<String>>;

/// A change of a ReplicaSet's size.
#[derive(Debug, Clone)]
pub struct Resize {
    pub hash: String,
    pub from: i32,
    pub to: i32,
    /// `spec.replicas`, `maxSurge` and `maxUnavailable` in pods at that moment.
    pub wanted: i32,
    pub surge: i32,
    pub unavailable: i32,
    /// Sum of all sizes afterwards.
    pub total: i32,
    /// Available pods that no ReplicaSet has given up, before and afterwards.
    pub available: (i32, i32),
    /// What the Service `live` selects.
    pub live: String,
}

impl World {
    /// A Rollout named `web` with container `web`.
    pub fn new(replicas: i32, strategy: Value) -> Self {
        let rollout = serde_json::from_value(json!({
            "metadata": { "name": "web", "namespace": "ns", "uid": "ro", "generation": 1 },
            "spec": {
                "replicas": replicas,
                "selector": { "matchLabels": { "app": "web" } },
                "template": template("1"),
                "strategy": strategy,
            },
        }))
        .unwrap();
        World {
            rollout,
            sets: BTreeMap::new(),
            foreign: BTreeMap::new(),
            services: BTreeMap::new(),
            lost: BTreeMap::new(),
            now: "2026-01-01T00:00:00Z".parse().unwrap(),
            ready_at: BTreeMap::new(),
            broken: Vec::new(),
            events: Vec::new(),
            phases: Vec::new(),
            plans: Vec::new(),
            resizes: Vec::new(),
            slow: false,
            crashes: Vec::new(),
            crash_after: None,
            pods: None,
            evicted: Vec::new(),
            budget_refuses: false,
            pods_made: 0,
            deployments: BTreeMap::new(),
            taken_by: None,
            deployment_sizes: Vec::new(),
            runs: BTreeMap::new(),
            foreign_runs: BTreeSet::new(),
            experiments: BTreeMap::new(),
            foreign_experiments: BTreeSet::new(),
            templates: BTreeMap::new(),
            routers: Objects::default(),
            endpoints: BTreeMap::new(),
            routed: Vec::new(),
            settings: Arc::default(),
            others: Others::default(),
            warnings: Vec::new(),
            wake_at: None,
            version: 0,
        }
    }

    pub fn with_services(mut self, names: &[&str]) -> Self {
        for name in names {
            let service = json!({ "metadata": { "name": name }, "spec": { "selector": { "app": "web" } } });
            self.services.insert((*name).into(), serde_json::from_value(service).unwrap());
        }
        self
    }

    pub fn set_image(&mut self, tag: &str) {
        self.change(|ro| ro.spec.template = serde_json::from_value(template(tag)).unwrap());
    }

    /// Pods with this image never become available.
    pub fn break_image(&mut self, tag: &str) {
        let template = serde_json::from_value(template(tag)).unwrap();
        self.broken.push(rollouts_api::pod_template::hash(&template, None));
    }

    /// All pods become available a second from now.
    pub fn heal(&mut self) {
        self.broken.clear();
        let at = self.now + SignedDuration::from_secs(1);
        self.ready_at.extend(self.sets.keys().map(|name| (name.clone(), at)));
    }

    /// Deletes a Service.
    pub fn lose_service(&mut self, name: &str) {
        self.lost.extend(self.services.remove_entry(name));
    }

    /// Brings all deleted Services back.
    pub fn restore_services(&mut self) {
        self.services.append(&mut self.lost);
    }

    /// Changes the spec.
    pub fn change(&mut self, f: impl FnOnce(&mut Rollout)) {
        f(&mut self.rollout);
        self.rollout.metadata.generation += 1;
    }

    pub fn status(&self) -> &RolloutStatus {
        &self.rollout.status
    }

    /// Sizes of all ReplicaSets by revision.
    pub fn sizes(&self) -> Vec<(i64, i32)> {
        let mut sizes: Vec<_> = self.sets.values().map(|s| (s.revision(), s.size())).collect();
        sizes.sort();
        sizes
    }

    pub fn promote(&mut self) {
        self.rollout.status.pause_conditions.clear();
    }

    pub fn snapshot(&self) -> Snapshot {
        let replica_sets: Vec<_> = self.sets.values().cloned().map(Arc::new).collect();
        let pods = self.pods.iter().flatten().filter(|_| reads_pods(&self.rollout, &replica_sets));
        let mut snapshot = Snapshot {
            rollout: Arc::new(self.rollout.clone()),
            pods: pods.map(|(_, p)| Arc::new(p.clone())).collect(),
            replica_sets,
            foreign_replica_sets: self.foreign.iter().map(|(k, v)| (k.clone(), Arc::new(v.clone()))).collect(),
            services: self.services.iter().map(|(k, v)| (k.clone(), Arc::new(v.clone()))).collect(),
            routers: self.routers.clone(),
            router_settings: Arc::clone(&self.settings),
            answers: self.others.answers.clone(),
            endpoints: self.endpoints.clone(),
            ..Default::default()
        };
        self.take_workload(&mut snapshot);
        self.take_runs(&mut snapshot);
        snapshot.experiments = self.experiments.values().cloned().map(Arc::new).collect();
        snapshot.foreign_experiments = self.foreign_experiments.clone();
        snapshot
    }

    /// Plans and applies until nothing is left to do now.
    pub fn settle_now(&mut self) {
        self.settle();
    }

    /// Plans and applies until nothing is left to do now, then lets time pass to the next thing that is due; for at
    /// most `seconds`.
    pub fn run(&mut self, seconds: i64) {
        let end = self.now + SignedDuration::from_secs(seconds);
        let mut overdue = 0;
        loop {
            self.settle();
            let due = self.ready_at.values().copied().chain(self.wake_at).min();
            overdue = if due.is_some_and(|due| due <= self.now) { overdue + 1 } else { 0 };
            assert!(overdue < 3, "a wake-up in the past again and again: {due:?} at {}", self.now);
            match due {
                Some(due) if due <= end => self.now = due.max(self.now),
                _ => {
                    self.now = end;
                    return;
                }
            }
            self.ripen();
        }
    }

    /// Plans and applies once; if there is nothing to do, a second passes.
    pub fn step(&mut self) {
        let plan = plan(&self.snapshot(), self.now);
        if plan.is_idle() {
            self.now += SignedDuration::from_secs(1);
            self.ripen();
        }
        self.apply(plan);
    }

    fn settle(&mut self) {
        for _ in 0..PLANS_MAX {
            let plan = plan(&self.snapshot(), self.now);
            self.wake_at = plan.wake_at;
            self.warnings = plan.warnings.iter().map(|w| format!("{} {}", w.reason, w.message)).collect();
            if plan.is_idle() {
                assert!(plan.wake_at.is_none_or(|at| at > self.now), "a wake-up that has passed: {plan}");
                if self.ask(&plan.asks) {
                    continue;
                }
                return;
            }
            self.plans.push(plan.to_string());
            let before = self.version;
            self.ask(&plan.asks);
            self.apply(plan);
            if self.version == before && self.budget_refuses {
                // Every eviction was refused: nothing has changed.
                return;
            }
        }
        panic!("no end of plans: {}", self.plans[self.plans.len() - 4..].join("\n"));
    }

    /// Pods become available.
    fn ripen(&mut self) {
        let now = self.now;
        let ripe: Vec<String> = self.ready_at.iter().filter(|(_, at)| **at <= now).map(|(n, _)| n.clone()).collect();
        for name in ripe {
            self.ready_at.remove(&name);
            if let Some(set) = self.sets.get_mut(&name) {
                let broken = self.broken.iter().any(|h| h == set.hash());
                let ready = if broken { 0 } else { set.size() };
                set.status.observed_generation = set.metadata.generation;
                set.status.replicas = set.size();
                set.status.ready_replicas = ready;
                set.status.available_replicas = ready;
                self.ripen_pods(&name, !broken);
            }
        }
    }

    fn resize(&mut self, name: &str, size: i32) {
        let before = self.available();
        let set = self.sets.get_mut(name).unwrap();
        let (hash, from) = (set.hash().to_string(), set.size());
        set.spec.replicas = Some(size);
        set.metadata.generation += 1;
        if !self.slow {
            set.status.observed_generation = set.metadata.generation;
            set.status.replicas = size;
            set.status.available_replicas = set.status.available_replicas.min(size);
            set.status.ready_replicas = set.status.ready_replicas.min(size);
        }
        self.sync_pods(name);
        self.ripe_after_a_second(name);
        let spec = &self.rollout.spec;
        let wanted = spec.replicas();
        self.resizes.push(Resize {
            hash,
            from,
            to: size,
            wanted,
            surge: spec.max_surge(wanted),
            unavailable: spec.max_unavailable(wanted),
            total: self.sets.values().map(ReplicaSet::size).sum(),
            available: (before, self.available()),
            live: self.services.get("live").map_or("", |s| s.selected_hash()).into(),
        });
    }

    fn ripe_after_a_second(&mut self, name: &str) {
        self.ready_at.insert(name.into(), self.now + SignedDuration::from_secs(1));
    }

    /// Available pods that stay: no more than their ReplicaSet wants.
    fn available(&self) -> i32 {
        self.sets.values().map(|s| s.available().min(s.size())).sum()
    }

    fn apply(&mut self, plan: Plan) {
        let mut survives = self.crashes.pop().unwrap_or(usize::MAX);
        if let Some(left) = self.crash_after {
            let planned = plan.effects.len();
            survives = survives.min(left);
            self.crash_after = left.checked_sub(planned);
        }
        for step in plan.effects.into_iter().take(survives) {
            match step.effect {
                Effect::CreateReplicaSet { name, object } => {
                    let mut set: ReplicaSet = serde_json::from_value(object).unwrap();
                    set.metadata.uid = name.clone();
                    set.metadata.creation_timestamp = Some(Time::new(self.now));
                    assert!(self.sets.insert(name, set).is_none(), "created twice");
                }
                Effect::UpdateReplicaSet { name, replicas, min_ready_seconds, template, annotations } => {
                    let set = self.sets.get_mut(&name).expect("update of a ReplicaSet that exists");
                    set.spec.min_ready_seconds = min_ready_seconds.unwrap_or(set.spec.min_ready_seconds);
                    if let Some(template) = template {
                        set.spec.template = serde_json::from_value(template).unwrap();
                    }
                    apply_changes(&mut set.metadata.annotations, annotations);
                    if let Some(size) = replicas {
                        self.resize(&name, size);
                    }
                }
                Effect::AdoptReplicaSet { name } => {
                    let owner = owner_reference(&self.rollout.metadata);
                    self.sets.get_mut(&name).unwrap().metadata.owner_references.push(owner);
                }
                Effect::ReleaseReplicaSet { name } => {
                    let mut set = self.sets.remove(&name).unwrap();
                    set.metadata.owner_references.clear();
                    self.foreign.insert(name, set);
                }
                Effect::DeleteReplicaSet { name } => {
                    self.delete_set(&name);
                }
                Effect::SwitchService { name, hash } => {
                    let service = self.services.get_mut(&name).unwrap();
                    service.spec.selector.insert(names::POD_TEMPLATE_HASH.into(), hash);
                    service.metadata.annotations.insert(names::MANAGED_BY_ROLLOUTS.into(), "web".into());
                }
                Effect::PatchRollout { replicas, annotations } => {
                    apply_changes(&mut self.rollout.metadata.annotations, annotations);
                    if let Some(n) = replicas {
                        self.change(|ro| ro.spec.replicas = Some(n));
                    }
                }
                Effect::PatchStatus { status } => {
                    assert_ne!(*status, self.rollout.status, "a write without a change");
                    self.rollout.status = *status;
                    let s = &self.rollout.status;
                    let step = s.current_step_index.map(|i| format!(" @{i}")).unwrap_or_default();
                    let phase = format!("{}{step} {}", s.phase, s.message);
                    if self.phases.last().map(String::as_str) != Some(phase.trim_end()) {
                        self.phases.push(phase.trim_end().into());
                    }
                }
                Effect::EvictPods { .. } if self.budget_refuses => continue,
                Effect::EvictPods { names, at_most } => names.iter().take(at_most).for_each(|name| self.evict(name)),
                Effect::PatchPod { name, labels, annotations } => self.patch_pod(&name, labels, annotations),
                Effect::Event { reason, message, .. } => {
                    self.check_completion(&message);
                    self.events.push(format!("{reason} {message}"));
                }
                Effect::CreateAnalysisRun { name, object } => self.create_run(name, object),
                Effect::TerminateAnalysisRun { name } => self.terminate_run(&name),
                Effect::DeleteAnalysisRun { name } => {
                    self.runs.remove(&name).expect("deletion of an AnalysisRun that exists");
                }
                Effect::CreateExperiment { name, object } => self.create_experiment(name, object),
                Effect::TerminateExperiment { name } => self.terminate_experiment(&name),
                Effect::DeleteExperiment { name } => {
                    self.experiments.remove(&name).expect("deletion of an Experiment that exists");
                }
                Effect::Route { write, events, .. } => self.route(write, events),
                Effect::ScaleDeployment { name, replicas, debt } => self.apply_scale(&name, replicas, debt),
            }
            self.version += 1;
        }
    }
}

fn apply_changes(to: &mut BTreeMap<String, String>, changes: Changes) {
    for (key, value) in changes {
        match value {
            Some(value) => to.insert(key, value),
            None => to.remove(&key),
        };
    }
}

fn template(tag: &str) -> Value {
    json!({
        "metadata": { "labels": { "app": "web" } },
        "spec": { "containers": [{ "name": "web", "image": format!("shop/web:{tag}") }] },
    })
}
