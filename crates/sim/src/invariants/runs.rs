//! AnalysisRuns and their Jobs, as they are and were.

use super::model::Model;
use super::verdict::is_end;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// What is known of everything that measures.
#[derive(Default)]
pub(super) struct Measured {
    /// Runs by name; those that are gone stay as they were last.
    pub runs: BTreeMap<String, Run>,
    /// Phases of Experiments by name; those that are gone stay as they were last.
    pub tried: BTreeMap<String, String>,
    /// Jobs by name.
    pub jobs: BTreeMap<String, Value>,
    /// Since when something is measured twice at once.
    pub twice: BTreeMap<String, Instant>,
    /// When a user went on to another step by hand.
    pub pushed: Option<Instant>,
    /// Hashes that the active Service selected.
    pub served: Vec<String>,
}

/// A run.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub object: Value,
    /// When it ended.
    pub ended: Option<Instant>,
    pub is_gone: bool,
}

impl Run {
    pub fn phase(&self) -> &str {
        self.object["status"]["phase"].as_str().unwrap_or_default()
    }

    pub fn is_successful(&self) -> bool {
        self.phase() == "Successful"
    }

    /// Whether it has been known for so long that it did not succeed, and that nobody may go on.
    pub fn has_long_failed(&self, window: Duration) -> bool {
        ["Failed", "Error"].contains(&self.phase()) && self.ended.is_some_and(|at| at.elapsed() > window)
    }

    /// Whether it goes on measuring.
    fn is_live(&self) -> bool {
        let told = self.object["spec"]["terminate"] == true;
        !self.is_gone && !told && !is_end(self.phase()) && !is_going(&self.object)
    }

    /// What it belongs to; `None` for one that users made.
    fn attachment(&self) -> Option<String> {
        let labels = &self.object["metadata"]["labels"];
        let of = |label: &str| labels[label].as_str().unwrap_or_default();
        let kind = labels["rollout-type"].as_str()?;
        Some(format!("{kind} {} {}", of("step-index"), of(rollouts_api::names::POD_TEMPLATE_HASH)))
    }
}

/// Whether the object is being deleted.
fn is_going(object: &Value) -> bool {
    !object["metadata"]["deletionTimestamp"].is_null()
}

/// Whether a Job has neither succeeded nor failed, and nobody ends it.
pub(crate) fn is_running(job: &Value) -> bool {
    let conditions = job["status"]["conditions"].as_array().into_iter().flatten();
    let mut ends = conditions.filter(|c| c["status"] == "True").map(|c| c["type"].as_str().unwrap_or_default());
    !is_going(job) && !ends.any(|kind| ["Complete", "Failed"].contains(&kind))
}

impl Model {
    pub(super) fn take_run(&mut self, name: String, object: &Value, is_gone: bool) {
        let before = self.measured.runs.get(&name).filter(|run| !run.is_gone).cloned();
        let phase = object["status"]["phase"].as_str().unwrap_or_default();
        let text = format!("run {name}: {phase} {}", object["status"]["message"]);
        if before.as_ref().is_none_or(|run| run.phase() != phase) || is_gone {
            self.faults.note(&if is_gone { format!("{text}, deleted") } else { text });
        }
        let known = before.as_ref().and_then(|run| run.ended);
        let ended = known.or_else(|| is_end(phase).then(Instant::now));
        self.measured.runs.insert(name.clone(), Run { object: object.clone(), ended, is_gone });
        if !is_gone {
            self.check_run(&name, before.as_ref());
        }
        self.check_twice();
    }

    pub(super) fn take_job(&mut self, name: String, object: &Value, is_gone: bool) {
        match is_gone {
            true => self.measured.jobs.remove(&name),
            false => self.measured.jobs.insert(name, object.clone()),
        };
        self.check_twice();
    }

    /// Whether the garbage collector is about to delete the Job: the run that owns it is gone.
    fn is_garbage(&self, job: &Value) -> bool {
        let owner = &job["metadata"]["ownerReferences"][0]["uid"];
        let is_there = |run: &Run| !run.is_gone && run.object["metadata"]["uid"] == *owner;
        owner.is_string() && !self.measured.runs.values().any(is_there)
    }

    /// What is measured at the moment, by what it is measured for.
    pub(super) fn live(&self) -> BTreeMap<String, Vec<String>> {
        let mut live: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, run) in self.measured.runs.iter().filter(|(_, run)| run.is_live()) {
            if let Some(attachment) = run.attachment() {
                live.entry(attachment).or_default().push(name.clone());
            }
        }
        for (name, job) in self.measured.jobs.iter().filter(|(_, job)| is_running(job) && !self.is_garbage(job)) {
            let of = |annotation: &str| job["metadata"]["annotations"][annotation].as_str().unwrap_or_default();
            let (run, metric) = (of("analysisrun.argoproj.io/name"), of("analysisrun.argoproj.io/metric-name"));
            live.entry(format!("{run} {metric}")).or_default().push(name.clone());
        }
        live
    }
}
