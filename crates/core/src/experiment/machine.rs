//! The order of one plan.

use super::verdict::{self, Analyses, State, verdict};
use super::{About, ExperimentEffect, ExperimentPlan, ExperimentSnapshot, conditions, invalid};
use crate::EventType;
use crate::analysis::{Phase, completed};
use crate::planning::Step;
use jiff::{SignedDuration, Timestamp};
use rollouts_api::experiment::{Experiment, ExperimentAnalysisRunStatus, ExperimentStatus};
use rollouts_api::{GoDuration, Time};

/// From one look at something that cannot be done to the next, in seconds.
const RETRY_SECONDS: i64 = 20;

/// Decides what happens next to an Experiment.
pub fn plan(snapshot: &ExperimentSnapshot, now: Timestamp) -> ExperimentPlan {
    let experiment = &*snapshot.experiment;
    let mut plan = ExperimentPlan::default();
    if experiment.metadata.deletion_timestamp.is_some() {
        plan.notes.push("it is being deleted".to_string());
        return plan;
    }
    if let Some(problem) = invalid::problem(experiment) {
        plan.notes.push(problem.clone());
        let next = invalid::tell(&experiment.status, problem, Time::new(now));
        if next != experiment.status {
            plan.push(ExperimentEffect::PatchStatus(Box::new(next)), "the spec is invalid");
        }
        return plan;
    }
    let old = &experiment.status;
    let analyses = Analyses::new(&experiment.spec, old);
    let mut machine = Machine {
        snapshot,
        experiment,
        old,
        now,
        terminating: terminating(experiment, &analyses),
        time_is_up: false,
        plan,
        status_events: Vec::new(),
    };
    machine.time_is_up = machine.check_time(&analyses);
    machine.run()
}

/// Whether the Experiment is to end, as far as that is written.
fn terminating(experiment: &Experiment, analyses: &Analyses<'_>) -> bool {
    let status = &experiment.status;
    let failed = |t: &rollouts_api::experiment::TemplateStatus| State::parse(&t.status).is_some_and(State::is_bad);
    experiment.spec.terminate
        || completed(&status.phase)
        || status.template_statuses.iter().any(failed)
        || analyses.bad().is_some()
        || analyses.required_successful()
}

/// Working state of one plan.
pub(super) struct Machine<'a> {
    pub snapshot: &'a ExperimentSnapshot,
    pub experiment: &'a Experiment,
    /// The written status.
    pub old: &'a ExperimentStatus,
    pub now: Timestamp,
    /// The Experiment is to end: no pods are needed any more, and no new analysis begins.
    pub terminating: bool,
    /// Its duration has passed.
    pub time_is_up: bool,
    pub plan: ExperimentPlan,
    /// Events that belong to the status write and follow it.
    status_events: Vec<Step<ExperimentEffect>>,
}

impl Machine<'_> {
    fn run(mut self) -> ExperimentPlan {
        let experiment = self.experiment;
        let mut next = self.old.clone();
        next.template_statuses = experiment.spec.templates.iter().map(|t| self.template(t)).collect();
        self.remove_left_over_sets();
        self.remove_left_over_services();
        if let Some(why) = self.snapshot.unreadable.clone() {
            self.retry(why);
        }
        next.analysis_runs = experiment.spec.analyses.iter().map(|a| self.analysis(a)).collect();
        if self.snapshot.unreadable.is_none() {
            self.end_left_over_runs(&next.analysis_runs);
        }
        let over = self.terminating || self.time_is_up;
        let begun = !self.old.phase.is_empty();
        if begun && next.available_at.is_none() && verdict::templates(&next, over).0 == State::Running {
            next.available_at = Some(Time::new(self.now));
        }
        let (phase, message) = verdict(&experiment.spec, &next, over);
        if phase.as_str() != self.old.phase {
            let message = format!("Experiment transitioned from {} -> {phase}", self.old.phase);
            self.status_event(About::Experiment, phase.event_type(), &format!("Experiment{phase}"), message);
        }
        next.phase = phase.to_string();
        next.message = message;
        conditions::update(&experiment.metadata.name, self.old, &mut next, self.now);
        if next != *self.old {
            self.push(ExperimentEffect::PatchStatus(Box::new(next)), "what was seen and decided is told");
        }
        let events = std::mem::take(&mut self.status_events);
        self.plan.effects.extend(events);
        self.plan
    }

    /// Whether the Experiment has run for its duration. Analyses that are required keep its pods, without which they
    /// would measure nothing.
    fn check_time(&mut self, analyses: &Analyses<'_>) -> bool {
        let duration = GoDuration::parse(&self.experiment.spec.duration).ok();
        let (Some(duration), Some(available)) = (duration, self.old.available_at) else { return false };
        let duration = SignedDuration::from_nanos(duration.nanos());
        let end = available.timestamp().checked_add(duration).unwrap_or(Timestamp::MAX);
        if self.now < end {
            if !self.terminating {
                self.wake(end);
            }
            return false;
        }
        let waits = !self.terminating && analyses.required_unfinished(false);
        if waits {
            self.plan.notes.push("the duration has passed, but required analyses go on".to_string());
        }
        !waits
    }

    pub(super) fn push(&mut self, effect: ExperimentEffect, why: impl Into<String>) {
        self.plan.push(effect, why);
    }

    pub(super) fn wake(&mut self, at: Timestamp) {
        self.plan.wake(at, self.now);
    }

    /// Notes what cannot be done now, and looks again.
    pub(super) fn retry(&mut self, problem: String) {
        self.plan.notes.push(problem);
        self.wake(Time::new(self.now).plus_seconds(RETRY_SECONDS));
    }

    /// An event of the Experiment that follows what was just done.
    pub(super) fn event(&mut self, r#type: EventType, reason: &str, message: String) {
        let about = About::Experiment;
        self.push(ExperimentEffect::Event { about, r#type, reason: reason.into(), message }, "");
    }

    /// An event to follow the status write, so that a rejected write does not tell what did not happen.
    pub(super) fn status_event(&mut self, about: About, r#type: EventType, reason: &str, message: String) {
        let effect = ExperimentEffect::Event { about, r#type, reason: reason.into(), message };
        self.status_events.push(Step { effect, why: String::new() });
    }

    pub(super) fn tell_template(&mut self, name: &str, before: &str, now: State, message: &str) {
        let (r#type, status) = (if now.is_bad() { EventType::Warning } else { EventType::Normal }, now.as_str());
        let text = format!("Template '{name}' transitioned from {before} -> {status}{}", suffix(message));
        self.status_event(About::Experiment, r#type, &format!("Template{status}"), text);
    }

    /// The Rollout hears of it, too, and always as a Warning.
    pub(super) fn tell_analysis(&mut self, old: &ExperimentAnalysisRunStatus, next: &ExperimentAnalysisRunStatus) {
        let ExperimentAnalysisRunStatus { name, phase, message, .. } = next;
        let text = format!("AnalysisRun '{name}' transitioned from {} -> {phase}{}", old.phase, suffix(message));
        let reason = format!("AnalysisRun{phase}");
        let r#type = Phase::parse(phase).map_or(EventType::Normal, Phase::event_type);
        self.status_event(About::Experiment, r#type, &reason, text.clone());
        if self.experiment.metadata.controller().is_some_and(|c| c.kind == "Rollout") {
            self.status_event(About::Rollout, EventType::Warning, &reason, text);
        }
    }
}

fn suffix(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}
