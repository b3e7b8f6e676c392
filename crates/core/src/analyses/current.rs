//! The runs of the present update, and their entries in the status.

use super::Kind;
use crate::Effect;
use crate::EventType;
use crate::analysis::Phase;
use crate::analysis::completed;
use crate::reconcile::Reconcile;
use rollouts_api::analysis::AnalysisRun;
use rollouts_api::rollout::RolloutAnalysisRunStatus;
use rollouts_api::{RolloutStatus, names};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a reconcile decided about the entries of runs in the status; those that it says nothing of stay.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    entries: BTreeMap<Kind, Option<RolloutAnalysisRunStatus>>,
    /// A resumption after an inconclusive run was answered by a new run.
    pub(super) repeated: bool,
}

impl Runs {
    /// The update has no such run any more.
    pub(super) fn drop(&mut self, kind: Kind) {
        self.entries.insert(kind, None);
    }

    pub(super) fn set(&mut self, kind: Kind, entry: RolloutAnalysisRunStatus) {
        self.entries.insert(kind, Some(entry));
    }

    /// Whether a resumption by a user has done its work.
    pub(crate) fn used_resumption(&self) -> bool {
        self.repeated
    }
}

/// What a status says of a run.
pub(super) fn entry_of(run: &AnalysisRun) -> RolloutAnalysisRunStatus {
    RolloutAnalysisRunStatus {
        name: run.metadata.name.clone(),
        status: run.status.phase.clone(),
        message: run.status.message.clone(),
    }
}

/// The step that a run was made for, as its label says.
pub(super) fn step_index(run: &AnalysisRun) -> Option<i32> {
    run.metadata.label(names::STEP_INDEX)?.parse().ok()
}

impl<'a> Reconcile<'a> {
    /// The run that the persisted status names. One that is being deleted is measured no more, and counts as gone.
    pub(super) fn current_run(&self, kind: Kind) -> Option<Arc<AnalysisRun>> {
        let entry = kind.entry(&self.ro.status)?;
        let runs = &self.snapshot.analysis_runs;
        let alive = |r: &&Arc<AnalysisRun>| r.metadata.deletion_timestamp.is_none();
        runs.iter().filter(alive).find(|r| r.metadata.name == entry.name).cloned()
    }

    /// The run of this kind whose verdict counts. What was found before an abort counts no more when the update is tried
    /// again, nor does an inconclusive result that a human has answered with a resumption.
    pub(super) fn valid_run(&self, kind: Kind) -> Option<Arc<AnalysisRun>> {
        let run = self.current_run(kind)?;
        let retried = self.ro.status.aborted_at.is_some();
        let answered = self.resumed_by_user() && Phase::parse(&run.status.phase) == Some(Phase::Inconclusive);
        (!retried && !answered).then_some(run)
    }

    /// Brings the entry of a run up to date, if the status has one and the run exists.
    pub(super) fn mirror_run(&mut self, kind: Kind) {
        if let Some(run) = self.current_run(kind) {
            self.runs.set(kind, entry_of(&run));
        }
    }

    /// Names of the runs that the next status will have.
    pub(super) fn named_runs(&self) -> Vec<String> {
        let name = |kind: Kind| match self.runs.entries.get(&kind) {
            Some(entry) => entry.as_ref().map(|e| e.name.clone()),
            None => kind.entry(&self.ro.status).map(|e| e.name.clone()),
        };
        Kind::ALL.into_iter().filter_map(name).collect()
    }

    /// Stops all runs but those of these names.
    pub(super) fn stop_runs(&mut self, current: &[String]) {
        for run in &self.snapshot.analysis_runs {
            let going = run.metadata.deletion_timestamp.is_some();
            let name = &run.metadata.name;
            if going || run.spec.terminate || completed(&run.status.phase) || current.contains(name) {
                continue;
            }
            self.push(Effect::TerminateAnalysisRun { name: name.clone() }, "the update needs it no more");
        }
    }

    /// Writes the entries into the status, and tells what changed.
    pub(crate) fn write_entries(&mut self, next: &mut RolloutStatus) {
        for (kind, entry) in std::mem::take(&mut self.runs.entries) {
            if let Some(entry) = &entry {
                self.tell(kind, entry);
            }
            kind.set_entry(next, entry);
        }
    }

    fn tell(&mut self, kind: Kind, entry: &RolloutAnalysisRunStatus) {
        let before = kind.entry(self.old_status()).filter(|e| e.name == entry.name);
        let before = before.map_or("NoPreviousStatus", |e| e.status.as_str());
        let RolloutAnalysisRunStatus { name, status, .. } = entry;
        if status.is_empty() || before == status {
            return;
        }
        let r#type = Phase::parse(status).map_or(EventType::Normal, Phase::event_type);
        let what = kind.as_str();
        let message = format!("{what} Analysis Run '{name}' Status New: '{status}' Previous: '{before}'");
        self.status_event(r#type, &format!("AnalysisRun{status}"), message);
    }

    /// Names that no new run can have.
    pub(super) fn taken_run_names(&self) -> BTreeSet<&'a str> {
        let own = self.snapshot.analysis_runs.iter().map(|r| r.metadata.name.as_str());
        own.chain(self.snapshot.foreign_analysis_runs.iter().map(String::as_str)).collect()
    }
}
