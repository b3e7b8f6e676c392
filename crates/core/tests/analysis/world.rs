//! A world with one run: time, providers that answer by script, Jobs, and what an observer sees.

mod providers;

pub use providers::Outcome;

use jiff::{SignedDuration, Timestamp};
use rollouts_api::Time;
use rollouts_api::analysis::AnalysisRun;
use rollouts_core::analysis::Phase;
use rollouts_core::analysis::run::{Answer, Ask, Measuring, Options, RunEffect, RunPlan, RunSnapshot, Task, plan};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// When worlds begin.
pub const START: i64 = 1_700_000_000;

pub struct World {
    pub run: AnalysisRun,
    pub now: Timestamp,
    pub measuring: BTreeMap<String, Measuring>,
    /// Answers under way: when they come, of which metric.
    coming: Vec<(Timestamp, String, Ask, Answer)>,
    /// By metric, one after another; the last one again and again.
    pub script: BTreeMap<String, Vec<Outcome>>,
    /// By metric, in milliseconds; 100 without.
    pub latency: BTreeMap<String, i64>,
    /// Jobs: when they end.
    pub jobs: BTreeMap<String, Option<Timestamp>>,
    pub ended: BTreeSet<String>,
    pub options: Options,
    /// Secrets cannot be had.
    pub no_secrets: Option<String>,
    /// What an observer sees: distinct statuses, without times and metadata.
    pub states: Vec<Value>,
    pub events: Vec<[String; 3]>,
    pub tasks: usize,
    pub deleted: bool,
    pub collected: Vec<(String, usize)>,
    pub last_plan: RunPlan,
}

impl World {
    pub fn new(spec: &Value) -> Self {
        let run: AnalysisRun = serde_json::from_value(json!({
            "metadata": { "name": "run", "namespace": "ns", "uid": "u", "creationTimestamp": Time::new(Timestamp::from_second(START).unwrap()) },
            "spec": spec,
        }))
        .unwrap();
        World {
            run,
            now: Timestamp::from_second(START).unwrap(),
            measuring: BTreeMap::new(),
            coming: Vec::new(),
            script: BTreeMap::new(),
            latency: BTreeMap::new(),
            jobs: BTreeMap::new(),
            ended: BTreeSet::new(),
            options: Options::default(),
            no_secrets: None,
            states: vec![json!({})],
            events: Vec::new(),
            tasks: 0,
            deleted: false,
            collected: Vec::new(),
            last_plan: RunPlan::default(),
        }
    }

    /// One metric named `m` with `fields`, whose measurements end in `phases`, in that order.
    pub fn metric(fields: Value, phases: &[Phase]) -> Self {
        World::metrics(&[("m", fields, phases)])
    }

    pub fn metrics(metrics: &[(&str, Value, &[Phase])]) -> Self {
        let spec: Vec<Value> = metrics
            .iter()
            .map(|(name, fields, _)| {
                let mut metric = json!({ "name": name, "provider": { "web": { "url": "u" } } });
                metric.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
                metric
            })
            .collect();
        let mut world = World::new(&json!({ "metrics": spec }));
        for (name, _, phases) in metrics {
            world.script.insert((*name).to_string(), phases.iter().map(|p| Outcome::of(*p)).collect());
        }
        world
    }

    pub fn phase(&self) -> &str {
        &self.run.status.phase
    }

    pub fn message(&self) -> &str {
        &self.run.status.message
    }

    pub fn completed(&self) -> bool {
        Phase::parse(self.phase()).is_some_and(Phase::is_completed)
    }

    pub fn snapshot(&self) -> RunSnapshot {
        RunSnapshot {
            run: Arc::new(self.run.clone()),
            measuring: self.measuring.clone(),
            ended: self.ended.clone(),
            options: self.options,
        }
    }

    /// The controller was killed: what was out is lost, what runs outside goes on.
    pub fn restart(&mut self) {
        self.measuring.clear();
        self.coming.clear();
    }

    pub fn running_jobs(&self) -> usize {
        self.jobs.values().filter(|end| end.is_none_or(|end| end > self.now)).count()
    }

    pub fn terminate(&mut self) {
        self.run.spec.terminate = true;
        self.settle();
    }

    pub fn later(&self, millis: i64) -> Timestamp {
        self.now.checked_add(SignedDuration::from_millis(millis)).unwrap()
    }

    /// Plans and acts until there is nothing to do at this moment.
    pub fn settle(&mut self) {
        for _ in 0..50 {
            if self.deleted || !self.look() {
                return;
            }
        }
        panic!("it never rests: {}", self.last_plan);
    }

    /// One plan and its effects; whether there were any.
    pub fn look(&mut self) -> bool {
        let plan = plan(&self.snapshot(), self.now);
        assert!(plan.wake_at.is_none_or(|at| at > self.now), "{plan}");
        for metric in &plan.cancels {
            assert!(matches!(self.measuring.remove(metric), Some(Measuring::Asked { .. })), "{plan}");
            self.coming.retain(|(_, name, ..)| name != metric);
        }
        for effect in plan.effects() {
            self.apply(effect);
        }
        for metric in &plan.consumed {
            assert!(matches!(self.measuring.remove(metric), Some(Measuring::Answered { .. })), "{plan}");
        }
        for task in &plan.tasks {
            assert!(!self.measuring.contains_key(&task.metric), "two at once: {plan}");
            self.ended.remove(&task.metric);
            self.begin(task);
        }
        let acted = !plan.is_idle();
        self.last_plan = plan;
        acted
    }

    fn apply(&mut self, effect: &RunEffect) {
        match effect {
            RunEffect::PatchStatus(status) => {
                assert!(!self.completed(), "a run that has ended changed");
                assert_ne!(**status, self.run.status, "a write that changes nothing");
                self.run.status = (**status).clone();
                assert!(!self.completed() || self.running_jobs() == 0, "{:?}", self.jobs);
                let state = observed(&json!(status));
                if self.states.last() != Some(&state) {
                    self.states.push(state);
                }
            }
            RunEffect::Event { r#type, reason, message } => {
                self.events.push([r#type.as_str().to_string(), reason.clone(), message.clone()]);
            }
            RunEffect::CollectGarbage { metric, limit, .. } => self.collected.push((metric.clone(), *limit)),
            RunEffect::EndJobs => self.jobs.retain(|_, end| end.is_some_and(|end| end <= self.now)),
            RunEffect::Delete => {
                self.deleted = true;
                self.states.push(json!("DELETED"));
            }
        }
    }

    fn begin(&mut self, task: &Task) {
        self.tasks += 1;
        let latency = self.latency.get(&task.metric).copied().unwrap_or(100);
        let answer = self.answer(task);
        self.measuring.insert(task.metric.clone(), Measuring::Asked { ask: task.ask, since: self.now });
        self.coming.push((self.later(latency), task.metric.clone(), task.ask, answer));
    }

    /// Lets time pass until `until`, or until nothing will ever happen.
    pub fn run_until(&mut self, until: Timestamp) {
        self.settle();
        for _ in 0..100_000 {
            let coming = self.coming.iter().map(|(at, ..)| *at).min();
            let next = self.last_plan.wake_at.into_iter().chain(coming).min();
            let Some(next) = next.filter(|at| *at <= until && !self.deleted) else {
                self.now = self.now.max(until);
                return;
            };
            self.now = self.now.max(next);
            self.deliver();
            self.settle();
        }
        panic!("it never ends: {}", self.last_plan);
    }

    pub fn run_for(&mut self, seconds: i64) {
        self.run_until(self.later(seconds * 1000));
    }

    fn deliver(&mut self) {
        let now = self.now;
        let due: Vec<_> = self.coming.extract_if(.., |(at, ..)| *at <= now).collect();
        for (at, metric, ask, answer) in due {
            self.measuring.insert(metric, Measuring::Answered { ask, at, answer });
        }
    }
}

/// A status without what differs from run to run.
fn observed(status: &Value) -> Value {
    const DROPPED: [&str; 6] = ["metadata", "startedAt", "finishedAt", "completedAt", "resumeAt", "uid"];
    match status {
        Value::Object(map) => {
            let kept = map.iter().filter(|(k, _)| !DROPPED.contains(&k.as_str()));
            let mut kept: serde_json::Map<String, Value> = kept.map(|(k, v)| (k.clone(), observed(v))).collect();
            if let Some(Value::Array(results)) = kept.get_mut("metricResults") {
                results.sort_by_key(|r| r["name"].as_str().map(str::to_string));
            }
            Value::Object(kept)
        }
        Value::Array(items) => items.iter().map(observed).collect(),
        scalar => scalar.clone(),
    }
}
