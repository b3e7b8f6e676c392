//! A world of one Experiment: its objects, pods that become available a second after they are asked for, and analyses
//! that end as a test says.

use jiff::{SignedDuration, Timestamp};
use rollouts_api::Time;
use rollouts_api::analysis::{AnalysisRun, AnalysisTemplateSpec, TemplatesByRef};
use rollouts_api::experiment::{Experiment, ExperimentStatus};
use rollouts_api::rollout::AnalysisTemplateRef;
use rollouts_core::experiment::{About, ExperimentEffect, ExperimentPlan, ExperimentSnapshot, Refused, plan};
use rollouts_core::{ReplicaSet, Service};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// Plans at one moment, more are an endless loop.
const PLANS_MAX: usize = 30;

#[derive(Debug, Clone)]
pub struct World {
    pub now: Timestamp,
    pub experiment: Experiment,
    pub sets: BTreeMap<String, ReplicaSet>,
    pub services: BTreeMap<String, Service>,
    pub runs: BTreeMap<String, AnalysisRun>,
    pub templates: TemplatesByRef,
    /// Names that others have.
    pub foreign_sets: BTreeSet<String>,
    pub foreign_services: BTreeSet<String>,
    pub foreign_runs: BTreeSet<String>,
    pub unreadable: Option<String>,
    /// What the API server refuses.
    pub refuses: BTreeMap<Refused, String>,
    /// Told to the snapshot after it was met.
    met: BTreeMap<Refused, String>,
    /// ReplicaSets whose pods never become available.
    pub broken: BTreeSet<String>,
    /// When runs get which phase and message, in seconds from the start, by their names.
    pub verdicts: BTreeMap<String, (i64, String)>,
    /// Reason and message of each event, those of the Rollout after a `>`.
    pub events: Vec<String>,
    /// The phases of the Experiment, with the message.
    pub phases: Vec<String>,
    pub warnings: BTreeSet<String>,
    /// The plan of the same place is cut short after so many effects.
    pub crashes: VecDeque<usize>,
    start: Timestamp,
    wake_at: Option<Timestamp>,
}

/// Pods of a template with the label `app`.
pub fn template(name: &str, replicas: i32) -> Value {
    let container = json!({ "name": "main", "image": "app:1", "ports": [{ "containerPort": 8080 }] });
    json!({
        "name": name,
        "replicas": replicas,
        "selector": { "matchLabels": { "app": name } },
        "template": { "metadata": { "labels": { "app": name } }, "spec": { "containers": [container] } },
    })
}

/// An analysis of the template `looks`.
pub fn analysis(name: &str, required: bool) -> Value {
    json!({ "name": name, "templateName": "looks", "requiredForCompletion": required })
}

impl World {
    /// The Experiment `trial`, which is of the Rollout `web`, and the template `looks`.
    pub fn new(spec: Value) -> Self {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let owner = json!({ "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "web", "uid": "1", "controller": true });
        let metadata = json!({ "name": "trial", "namespace": "ns", "uid": "2", "ownerReferences": [owner] });
        let experiment = serde_json::from_value(json!({ "metadata": metadata, "spec": spec })).unwrap();
        let metric = json!({ "name": "m", "provider": { "web": { "url": "http://metrics/m" } } });
        let mut world = World {
            now,
            experiment,
            sets: BTreeMap::new(),
            services: BTreeMap::new(),
            runs: BTreeMap::new(),
            templates: BTreeMap::new(),
            foreign_sets: BTreeSet::new(),
            foreign_services: BTreeSet::new(),
            foreign_runs: BTreeSet::new(),
            unreadable: None,
            refuses: BTreeMap::new(),
            met: BTreeMap::new(),
            broken: BTreeSet::new(),
            verdicts: BTreeMap::new(),
            events: Vec::new(),
            phases: Vec::new(),
            warnings: BTreeSet::new(),
            crashes: VecDeque::new(),
            start: now,
            wake_at: None,
        };
        world.add_template("looks", json!({ "metrics": [metric] }));
        world
    }

    pub fn add_template(&mut self, name: &str, spec: Value) {
        let reference = AnalysisTemplateRef { template_name: name.into(), cluster_scope: false };
        let spec: AnalysisTemplateSpec = serde_json::from_value(spec).unwrap();
        self.templates.insert(reference, spec);
    }

    pub fn status(&self) -> &ExperimentStatus {
        &self.experiment.status
    }

    /// Phase and message.
    pub fn phase(&self) -> (&str, &str) {
        (&self.status().phase, &self.status().message)
    }

    /// State and message of a template.
    pub fn state(&self, template: &str) -> (&str, &str) {
        let entry = self.status().template_statuses.iter().find(|t| t.name == template).unwrap();
        (&entry.status, &entry.message)
    }

    /// Phase and message that the status shows of an analysis.
    pub fn analysis(&self, name: &str) -> (&str, &str) {
        let entry = self.status().analysis_runs.iter().find(|a| a.name == name).unwrap();
        (&entry.phase, &entry.message)
    }

    pub fn condition(&self) -> Vec<(&str, &str)> {
        self.status().conditions.iter().map(|c| (c.reason.as_str(), c.status.as_str())).collect()
    }

    /// Pods asked for.
    pub fn size(&self, template: &str) -> i32 {
        self.sets[&format!("trial-{template}")].spec.replicas.unwrap()
    }

    pub fn snapshot(&self) -> ExperimentSnapshot {
        let arcs = |sets: &BTreeMap<String, ReplicaSet>| sets.values().cloned().map(Arc::new).collect();
        ExperimentSnapshot {
            experiment: Arc::new(self.experiment.clone()),
            replica_sets: arcs(&self.sets),
            foreign_replica_sets: self.foreign_sets.clone(),
            services: self.services.values().cloned().map(Arc::new).collect(),
            foreign_services: self.foreign_services.clone(),
            analysis_runs: self.runs.values().cloned().map(Arc::new).collect(),
            foreign_analysis_runs: self.foreign_runs.clone(),
            templates: self.templates.clone(),
            unreadable: self.unreadable.clone(),
            refused: self.met.clone(),
        }
    }

    /// Lets so many seconds pass.
    pub fn run(&mut self, seconds: i64) {
        self.settle();
        for _ in 0..seconds {
            let changed = self.tick();
            let due = self.wake_at.is_some_and(|at| at <= self.now);
            if !changed && !due && self.refuses.is_empty() {
                let plan = plan(&self.snapshot(), self.now);
                assert!(plan.is_idle(), "nobody would have looked at {}: {plan}", self.now);
            }
            self.settle();
        }
    }

    /// Plans until nothing is to be done.
    pub fn settle(&mut self) {
        for _ in 0..PLANS_MAX {
            let plan = plan(&self.snapshot(), self.now);
            self.warnings.extend(plan.warnings.iter().map(|w| w.message.clone()));
            if let Some(at) = plan.wake_at {
                assert!(at > self.now, "{plan}");
            }
            if plan.is_idle() {
                self.wake_at = plan.wake_at;
                self.met.clear();
                return;
            }
            self.apply(&plan);
        }
        panic!("no end: {}", plan(&self.snapshot(), self.now));
    }

    fn apply(&mut self, plan: &ExperimentPlan) {
        let at_most = self.crashes.pop_front().unwrap_or(usize::MAX);
        for effect in plan.effects().take(at_most) {
            if let Some(refused) = effect.refused()
                && let Some(error) = self.refuses.get(&refused)
            {
                self.met.insert(refused, error.clone());
                return;
            }
            self.apply_one(effect);
        }
    }

    fn apply_one(&mut self, effect: &ExperimentEffect) {
        match effect.clone() {
            ExperimentEffect::CreateReplicaSet { name, object, .. } => {
                let set: ReplicaSet = serde_json::from_value(object).unwrap();
                assert!(self.sets.insert(name.clone(), set).is_none() && !self.foreign_sets.contains(&name), "{name}");
            }
            ExperimentEffect::UpdateReplicaSet { name, replicas, annotations, .. } => {
                let set = self.sets.get_mut(&name).unwrap();
                set.spec.replicas = replicas.or(set.spec.replicas);
                for (key, value) in annotations {
                    match value {
                        Some(value) => set.metadata.annotations.insert(key, value),
                        None => set.metadata.annotations.remove(&key),
                    };
                }
            }
            ExperimentEffect::CreateService { name, object, .. } => {
                let service: Service = serde_json::from_value(object).unwrap();
                let taken = self.services.insert(name.clone(), service).is_some();
                assert!(!taken && !self.foreign_services.contains(&name), "{name}");
            }
            ExperimentEffect::DeleteService { name } => assert!(self.services.remove(&name).is_some(), "{name}"),
            ExperimentEffect::CreateAnalysisRun { name, object, .. } => {
                let run: AnalysisRun = serde_json::from_value(object).unwrap();
                assert!(self.runs.insert(name.clone(), run).is_none() && !self.foreign_runs.contains(&name), "{name}");
            }
            ExperimentEffect::TerminateAnalysisRun { name } => {
                let run = self.runs.get_mut(&name).unwrap();
                assert!(!std::mem::replace(&mut run.spec.terminate, true), "{name} was told twice");
            }
            ExperimentEffect::PatchStatus(status) => {
                let was = (self.status().phase.clone(), self.status().message.clone());
                assert!(!ended(&was.0) || was == (status.phase.clone(), status.message.clone()), "an end is an end");
                self.experiment.status = *status;
                if self.phase() != (&*was.0, &*was.1) {
                    let (phase, message) = self.phase();
                    let told = format!("{phase} @{} {message}", self.elapsed()).trim().to_string();
                    self.phases.push(told);
                }
            }
            ExperimentEffect::Event { about, reason, message, .. } => {
                let whose = if about == About::Rollout { "> " } else { "" };
                self.events.push(format!("{whose}{reason} {message}"));
            }
        }
    }

    fn elapsed(&self) -> i64 {
        self.now.as_second() - self.start.as_second()
    }

    /// A second passes. Says whether anything changed.
    fn tick(&mut self) -> bool {
        self.now = self.now.checked_add(SignedDuration::from_secs(1)).unwrap();
        let before = (self.sets.clone(), self.runs.clone());
        for (name, set) in &mut self.sets {
            let size = set.spec.replicas.unwrap().max(0);
            let available = if self.broken.contains(name) { 0 } else { size };
            set.status.replicas = size;
            (set.status.ready_replicas, set.status.available_replicas) = (available, available);
        }
        let elapsed = self.elapsed();
        for (name, run) in &mut self.runs {
            if ended(&run.status.phase) {
                continue;
            }
            let (phase, message) = match self.verdicts.get(name) {
                Some((at, phase)) if *at <= elapsed => (phase.as_str(), if phase == "Successful" { "" } else { "why" }),
                _ if run.spec.terminate => ("Successful", "Run Terminated"),
                _ => ("Running", ""),
            };
            (run.status.phase, run.status.message) = (phase.into(), message.into());
        }
        before != (self.sets.clone(), self.runs.clone())
    }

    pub fn seconds_since_start(&self, at: Option<Time>) -> Option<i64> {
        at.map(|at| at.timestamp().as_second() - self.start.as_second())
    }
}

pub fn ended(phase: &str) -> bool {
    ["Successful", "Failed", "Error", "Inconclusive"].contains(&phase)
}
