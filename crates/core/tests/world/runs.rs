//! AnalysisRuns, which end as a test says.

use super::World;
use rollouts_api::Time;
use rollouts_api::analysis::AnalysisRun;
use rollouts_core::{Snapshot, template_closure};
use serde_json::{Value, json};
use std::sync::Arc;

impl World {
    /// Adds templates by name; cluster templates after `cluster/`.
    pub fn with_templates(mut self, templates: Value) -> Self {
        self.templates.extend(serde_json::from_value::<std::collections::BTreeMap<_, _>>(templates).unwrap());
        self
    }

    /// Adds a template of this name with one metric.
    pub fn with_template(self, name: &str) -> Self {
        self.with_templates(json!({ name: { "metrics": [{ "name": "m", "provider": { "web": { "url": "u" } } }] } }))
    }

    pub(super) fn take_runs(&self, snapshot: &mut Snapshot) {
        snapshot.analysis_runs = self.runs.values().cloned().map(Arc::new).collect();
        snapshot.foreign_analysis_runs = self.foreign_runs.clone();
        let closure = template_closure(&snapshot.rollout, |reference| {
            let scope = if reference.cluster_scope { "cluster/" } else { "" };
            self.templates.get(&format!("{scope}{}", reference.template_name)).cloned()
        });
        snapshot.analysis_templates = closure.found;
    }

    pub(super) fn create_run(&mut self, name: String, object: Value) {
        let mut run: AnalysisRun = serde_json::from_value(object).unwrap();
        assert_eq!(run.metadata.name, name);
        assert!(!self.foreign_runs.contains(&name), "{name} is somebody else's");
        run.metadata.uid = format!("uid-of-{name}");
        run.metadata.creation_timestamp = Some(Time::new(self.now));
        assert!(self.runs.insert(name, run).is_none(), "created twice");
    }

    /// Ends what is told to stop, as if nothing was being measured.
    pub(super) fn terminate_run(&mut self, name: &str) {
        let run = self.runs.get_mut(name).expect("the end of an AnalysisRun that exists");
        assert!(!run.spec.terminate, "told twice");
        run.spec.terminate = true;
        self.set_run(name, "Successful", "Run Terminated");
    }

    /// Gives a run a phase and a message.
    pub fn set_run(&mut self, name: &str, phase: &str, message: &str) {
        let run = self.runs.get_mut(name).unwrap_or_else(|| panic!("no AnalysisRun {name}"));
        run.status.phase = phase.into();
        run.status.message = message.into();
    }

    /// Gives a run a phase and lets `seconds` pass.
    pub fn ends(&mut self, name: &str, phase: &str, seconds: i64) {
        let message = if phase == "Failed" { "too slow" } else { "" };
        self.set_run(name, phase, message);
        self.run(seconds);
    }

    /// Gives every run and Experiment that is going on a phase.
    pub fn measure(&mut self, phase: &str) {
        let runs = self.runs.values_mut().map(|r| &mut r.status.phase);
        let phases = runs.chain(self.experiments.values_mut().map(|e| &mut e.status.phase));
        phases.filter(|p| is_going(p)).for_each(|p| *p = phase.into());
    }

    /// The template of [`Self::with_template`] is there again.
    pub fn restore_template(&mut self) {
        let template = json!({ "metrics": [{ "name": "m", "provider": { "web": { "url": "u" } } }] });
        self.templates.entry("look".into()).or_insert_with(|| serde_json::from_value(template).unwrap());
    }

    /// Nothing is measured for an update that is over, and for one that goes on no more than its status says.
    pub fn check_runs(&self) {
        let s = self.status();
        if s.conditions.iter().any(|c| c.r#type == "InvalidSpec") {
            return;
        }
        let entries = [
            &s.canary.current_step_analysis_run_status,
            &s.canary.current_background_analysis_run_status,
            &s.blue_green.pre_promotion_analysis_run_status,
            &s.blue_green.post_promotion_analysis_run_status,
        ];
        let runs = entries.into_iter().flatten().map(|e| e.name.as_str());
        let named: Vec<&str> = runs.chain([s.canary.current_experiment.as_str()]).collect();
        let over = s.abort || s.stable_rs == s.current_pod_hash;
        let runs = self.runs.iter().map(|(name, r)| (name, &r.status.phase));
        for (name, phase) in runs.chain(self.experiments.iter().map(|(name, e)| (name, &e.status.phase))) {
            let plans = self.plans[self.plans.len().saturating_sub(5)..].join("\n");
            assert!(!is_going(phase) || (!over && named.contains(&name.as_str())), "{name} goes on: {plans}");
        }
    }

    /// What an event promises of verdicts is so.
    pub(super) fn check_completion(&self, message: &str) {
        let strategy = self.rollout.spec.strategy.blue_green.as_ref();
        let analysis = strategy.and_then(|b| b.post_promotion_analysis.as_ref());
        if message.ends_with("Completed blue-green update") && analysis.is_some_and(|a| !a.templates.is_empty()) {
            let entry = self.status().blue_green.post_promotion_analysis_run_status.as_ref();
            assert_eq!(entry.map(|e| e.status.as_str()), Some("Successful"), "{message}");
        }
        if message.contains("canary steps") {
            let entry = self.status().canary.current_background_analysis_run_status.as_ref();
            let bad = entry.is_some_and(|e| ["Failed", "Error", "Inconclusive"].contains(&e.status.as_str()));
            assert!(!bad, "{message}: {entry:?}");
        }
    }

    /// Names of all runs with their phases.
    pub fn all_runs(&self) -> Vec<(&str, &str)> {
        self.runs.iter().map(|(name, run)| (name.as_str(), run.status.phase.as_str())).collect()
    }
}

fn is_going(phase: &str) -> bool {
    ["", "Pending", "Running"].contains(&phase)
}
