//! One analysis: its run, and its entry in the status, which mirrors it to the last (analysis.md §6.3).

use super::machine::Machine;
use super::runs::Name;
use super::{About, ExperimentEffect, Refused};
use crate::EventType;
use crate::analysis::{Phase, completed};
use rollouts_api::analysis::AnalysisRun;
use rollouts_api::experiment::{ExperimentAnalysis, ExperimentAnalysisRunStatus};
use std::sync::Arc;

impl Machine<'_> {
    /// Does what is to be done for an analysis, and gives its entry of the next status.
    pub(super) fn analysis(&mut self, analysis: &ExperimentAnalysis) -> ExperimentAnalysisRunStatus {
        let old = self.old.analysis_runs.iter().find(|e| e.name == analysis.name).cloned();
        let old =
            old.unwrap_or_else(|| ExperimentAnalysisRunStatus { name: analysis.name.clone(), ..Default::default() });
        if completed(&old.phase) || self.snapshot.unreadable.is_some() {
            return old;
        }
        let mut next = old.clone();
        match self.run_of(analysis, &old) {
            Some(run) => self.follow(&mut next, &run),
            None if self.terminating && !old.analysis_run.is_empty() => {
                next.phase = Phase::Inconclusive.to_string();
                next.message = format!("AnalysisRun '{}' was deleted before it ended", old.analysis_run);
            }
            None if self.terminating => {}
            None if self.old.available_at.is_none() => self.verify(analysis, &mut next),
            None => self.begin(analysis, &mut next),
        }
        if next.phase != old.phase && !next.phase.is_empty() {
            self.tell_analysis(&old, &next);
        }
        next
    }

    /// The run of an analysis that has begun: the one that the status names, or one that a plan has made which was cut
    /// short.
    fn run_of(&self, analysis: &ExperimentAnalysis, old: &ExperimentAnalysisRunStatus) -> Option<Arc<AnalysisRun>> {
        let alive = |r: &&Arc<AnalysisRun>| r.metadata.deletion_timestamp.is_none();
        let named = self.snapshot.analysis_runs.iter().filter(alive).find(|r| r.metadata.name == old.analysis_run);
        named.cloned().or_else(|| match self.find_name(analysis) {
            Name::Ours(run) => Some(run),
            Name::Free(_) => None,
        })
    }

    fn follow(&mut self, next: &mut ExperimentAnalysisRunStatus, run: &AnalysisRun) {
        let name = &run.metadata.name;
        next.analysis_run.clone_from(name);
        next.phase.clone_from(&run.status.phase);
        next.message.clone_from(&run.status.message);
        if self.terminating && !completed(&run.status.phase) && !run.spec.terminate {
            self.push(ExperimentEffect::TerminateAnalysisRun { name: name.clone() }, "the Experiment is to end");
            let message = format!("Terminating {} ({name})", next.name);
            self.status_event(About::Experiment, EventType::Normal, "AnalysisRunTerminating", message);
        }
    }

    /// Before its time comes it is only seen to it that it will be able to begin.
    fn verify(&mut self, analysis: &ExperimentAnalysis, next: &mut ExperimentAnalysisRunStatus) {
        let reference = analysis.template_ref();
        if self.snapshot.templates.contains_key(&reference) {
            return;
        }
        let kind = if reference.cluster_scope { "ClusterAnalysisTemplate" } else { "AnalysisTemplate" };
        let resource = format!("{}.argoproj.io \"{}\" not found", kind.to_lowercase(), reference.template_name);
        next.phase = Phase::Error.to_string();
        next.message = format!("{kind} verification failed for analysis '{}': {resource}", analysis.name);
    }

    fn begin(&mut self, analysis: &ExperimentAnalysis, next: &mut ExperimentAnalysisRunStatus) {
        let refused = self.snapshot.refused.get(&Refused::AnalysisRun(analysis.name.clone())).cloned();
        let spec = refused.map_or_else(|| self.run_spec(analysis), Err);
        let (spec, name) = match (spec, self.find_name(analysis)) {
            (Ok(spec), Name::Free(name)) => (spec, name),
            (Ok(_), Name::Ours(run)) => return self.follow(next, &run),
            (Err(error), _) => {
                next.phase = Phase::Error.to_string();
                next.message = format!("Failed to create AnalysisRun for analysis '{}': {error}", analysis.name);
                return;
            }
        };
        let object = self.run_object(&name, &spec);
        let effect =
            ExperimentEffect::CreateAnalysisRun { analysis: analysis.name.clone(), name: name.clone(), object };
        self.push(effect, "all pods are available");
        next.analysis_run = name;
        next.phase = Phase::Pending.to_string();
        next.message = String::new();
    }

    /// Runs of analyses that are not in the spec any more.
    pub(super) fn end_left_over_runs(&mut self, entries: &[ExperimentAnalysisRunStatus]) {
        let snapshot = self.snapshot;
        for run in snapshot.analysis_runs.iter().filter(|r| r.metadata.deletion_timestamp.is_none()) {
            let name = &run.metadata.name;
            let over = completed(&run.status.phase) || run.spec.terminate;
            if !over && !entries.iter().any(|e| e.analysis_run == *name) {
                self.push(
                    ExperimentEffect::TerminateAnalysisRun { name: name.clone() },
                    "no analysis is its own any more",
                );
            }
        }
    }
}
