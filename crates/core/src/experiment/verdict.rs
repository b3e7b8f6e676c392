//! Phase and message of an Experiment, from those of its templates and analyses (analysis.md §6.4).

use crate::analysis::Phase;
use rollouts_api::experiment::{ExperimentAnalysisRunStatus, ExperimentSpec, ExperimentStatus};

/// State of a template, best first: the worst counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    /// It has run as long as it should.
    Successful,
    /// As many pods are available as should be.
    Running,
    /// They are not yet, or not any more.
    Progressing,
    /// It could not be run.
    Error,
    /// Its pods did not become available in time.
    Failed,
}

impl State {
    /// As the API spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Successful => "Successful",
            State::Running => "Running",
            State::Progressing => "Progressing",
            State::Error => "Error",
            State::Failed => "Failed",
        }
    }

    /// Reads what the API spells; `None` for anything else, so also for a status that was never written.
    pub fn parse(text: &str) -> Option<Self> {
        let all = [State::Successful, State::Running, State::Progressing, State::Error, State::Failed];
        all.into_iter().find(|s| s.as_str() == text)
    }

    /// Whether this is the end.
    pub fn is_completed(self) -> bool {
        !matches!(self, State::Running | State::Progressing)
    }

    /// Whether something went wrong.
    pub fn is_bad(self) -> bool {
        matches!(self, State::Error | State::Failed)
    }
}

/// The worst state of all templates, and what it says. Without any it is over when everything else is: `over`.
pub(super) fn templates(status: &ExperimentStatus, over: bool) -> (State, &str) {
    if status.template_statuses.is_empty() {
        return (if over { State::Successful } else { State::Running }, "");
    }
    let mut worst = (State::Successful, "");
    for template in &status.template_statuses {
        let state = State::parse(&template.status).unwrap_or(State::Progressing);
        if state > worst.0 {
            worst = (state, &template.message);
        }
    }
    worst
}

/// The analyses of an Experiment, with what its status says of each.
pub(super) struct Analyses<'a> {
    spec: &'a ExperimentSpec,
    status: &'a ExperimentStatus,
}

impl<'a> Analyses<'a> {
    pub fn new(spec: &'a ExperimentSpec, status: &'a ExperimentStatus) -> Self {
        Analyses { spec, status }
    }

    fn entries(&self) -> impl Iterator<Item = (bool, Option<&'a ExperimentAnalysisRunStatus>)> {
        let entry = |name: &str| self.status.analysis_runs.iter().find(|e| e.name == name);
        self.spec.analyses.iter().map(move |a| (a.required_for_completion, entry(&a.name)))
    }

    /// The worst of those that have ended without success.
    pub fn bad(&self) -> Option<(Phase, &'a str)> {
        let mut worst: Option<(Phase, &str)> = None;
        for (_, entry) in self.entries() {
            let Some((phase, entry)) = entry.and_then(|e| Some((Phase::parse(&e.phase)?, e))) else { continue };
            let bad = phase.is_completed() && phase != Phase::Successful;
            if bad && worst.is_none_or(|(w, _)| phase > w) {
                worst = Some((phase, &entry.message));
            }
        }
        worst
    }

    /// Whether all that are required, and there are some, have succeeded.
    pub fn required_successful(&self) -> bool {
        let successful =
            |e: Option<&ExperimentAnalysisRunStatus>| e.and_then(|e| Phase::parse(&e.phase)) == Some(Phase::Successful);
        let mut required = self.entries().filter(|(required, _)| *required).peekable();
        required.peek().is_some() && required.all(|(_, entry)| successful(entry))
    }

    /// Whether one that is required has not ended; one that never began counts as well, if `begun` is not asked for.
    pub fn required_unfinished(&self, begun: bool) -> bool {
        self.entries().filter(|(required, _)| *required).any(|(_, entry)| {
            let ended = entry.and_then(|e| Phase::parse(&e.phase)).is_some_and(Phase::is_completed);
            !ended && (!begun || entry.is_some_and(|e| !e.analysis_run.is_empty()))
        })
    }
}

/// The phase that `next`, whose templates and analyses are up to date, should have. An end stays. `over`: it is to end,
/// or its time has passed.
pub(super) fn verdict(spec: &ExperimentSpec, next: &ExperimentStatus, over: bool) -> (Phase, String) {
    let own = |(phase, message): (Phase, &str)| (phase, message.to_string());
    match Phase::parse(&next.phase) {
        // Before anything else it is seen that somebody looks after it.
        None => return own((Phase::Pending, "")),
        Some(phase) if phase.is_completed() => return own((phase, &next.message)),
        Some(_) => {}
    }
    let analyses = Analyses::new(spec, next);
    let (state, message) = templates(next, over);
    if let Some(bad) = analyses.bad().filter(|_| !state.is_bad()) {
        return own(bad);
    }
    if analyses.required_successful() && !state.is_bad() {
        return own((Phase::Successful, "Required AnalysisRuns completed"));
    }
    own(match state {
        State::Failed => (Phase::Failed, message),
        State::Error => (Phase::Error, message),
        State::Progressing => (Phase::Pending, message),
        State::Running => (Phase::Running, message),
        // Its verdict is wanted; it was told to end, if not everything has.
        State::Successful if analyses.required_unfinished(true) => (Phase::Running, ""),
        State::Successful => (Phase::Successful, message),
    })
}
