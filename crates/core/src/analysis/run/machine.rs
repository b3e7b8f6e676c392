//! The order of one plan (analysis.md §2.1).

use super::judge::{excess, judge, phase_of, unfinished_one};
use super::plan::{JOB_NAME, RunEffect, RunPlan, Task};
use super::schedule::Schedule;
use super::spec::{self, Watched};
use super::tasks::{self, Out};
use super::verdict::{results, summaries, verdict};
use super::{RunSnapshot, answers, ended, retention};
use crate::analysis::Phase;
use jiff::Timestamp;
use rollouts_api::Time;
use rollouts_api::analysis::{AnalysisRunStatus, MetricResult, RunSummary};
use std::collections::BTreeMap;

/// Decides what happens next to a run.
pub fn plan(snapshot: &RunSnapshot, now: Timestamp) -> RunPlan {
    let mut plan = RunPlan::default();
    let run = &snapshot.run;
    if run.metadata.deletion_timestamp.is_some() {
        tasks::forget(snapshot, &mut plan);
        plan.notes.push("it is being deleted".to_string());
        return plan;
    }
    if let Some(phase) = Phase::parse(&run.status.phase).filter(|p| p.is_completed()) {
        tasks::forget(snapshot, &mut plan);
        ended::plan(run, phase, now, &mut plan);
        return plan;
    }
    let (metrics, problem) = match spec::check(&run.spec) {
        Ok(metrics) => (metrics, None),
        Err(problem) => (spec::unchecked(&run.spec), Some(problem)),
    };
    let mut out = Out::sort(snapshot, &metrics, &mut plan);
    let fatal = problem.or_else(|| out.unresolved.first().map(|(_, text)| text.to_string()));
    let failing = |(m, r): (&Watched<'_>, Option<&MetricResult>)| {
        !m.dry_run && r.is_some_and(|r| tasks::ends_the_run(phase_of(r)))
    };
    let terminating = fatal.is_some() || run.spec.terminate || results(&run.status, &metrics).any(failing);
    if terminating {
        out.cut(snapshot, &metrics, &mut plan);
    }
    Machine { snapshot, metrics: &metrics, out, fatal, terminating, now, plan }.run()
}

struct Machine<'a> {
    snapshot: &'a RunSnapshot,
    metrics: &'a [Watched<'a>],
    out: Out<'a>,
    /// The message with which the run ends in Error, once nothing is going on any more.
    fatal: Option<String>,
    /// Nothing new is begun, and what is going on is ended.
    terminating: bool,
    now: Timestamp,
    plan: RunPlan,
}

impl Machine<'_> {
    fn run(mut self) -> RunPlan {
        match self.out.taken_at() {
            Some(at) if at <= self.now => {
                let status = self.take_answers();
                self.write(status);
                return self.plan;
            }
            Some(at) => self.plan.wake(at, self.now),
            None => {}
        }
        let status = &self.snapshot.run.status;
        self.plan.tasks = self.tasks(status);
        if self.plan.tasks.is_empty() && self.out.held.is_empty() && self.out.answered.is_empty() {
            let why = if self.terminating { "it is to end" } else { "nothing is due" };
            self.write((status.clone(), why.to_string()));
            return self.plan;
        }
        for (metric, since) in &self.out.held {
            self.plan.notes.push(format!("waiting for {metric} since {}", Time::new(*since)));
        }
        self.wake(status);
        self.plan
    }

    /// What is due, of metrics of which nothing is out.
    fn tasks(&self, status: &AnalysisRunStatus) -> Vec<Task> {
        let schedule = self.schedule(status);
        let due = results(status, self.metrics).filter(|(m, _)| !self.out.has(m.name())).filter_map(|(m, result)| {
            let (_, ask) = schedule.next(m, result).filter(|(at, _)| *at <= self.now)?;
            let measurement = result.and_then(unfinished_one).cloned();
            Some(Task { index: m.index, metric: m.name().to_string(), ask, measurement })
        });
        due.collect()
    }

    fn wake(&mut self, status: &AnalysisRunStatus) {
        let schedule = self.schedule(status);
        let asked: Vec<_> = self.plan.tasks.iter().map(|t| t.index).collect();
        let waiting = results(status, self.metrics)
            .filter(|(m, _)| !self.out.has(m.name()) && asked.binary_search(&m.index).is_err());
        let next = waiting.filter_map(|(m, r)| schedule.next(m, r)).map(|(at, _)| at).min();
        if let Some(at) = next {
            self.plan.wake(at, self.now);
        }
    }

    fn schedule<'b>(&'b self, status: &'b AnalysisRunStatus) -> Schedule<'b> {
        Schedule { snapshot: self.snapshot, status, terminating: self.terminating, now: self.now }
    }

    /// The status with the answers in it, and what they were.
    fn take_answers(&mut self) -> (AnalysisRunStatus, String) {
        let mut status = self.snapshot.run.status.clone();
        let mut taken = Vec::new();
        for answered in std::mem::take(&mut self.out.answered) {
            let name = answered.metric.name();
            answers::apply(
                &mut status,
                answered.metric,
                self.metrics.len(),
                (answered.ask, answered.at),
                answered.answer,
            );
            self.plan.consumed.push(name.to_string());
            taken.push(name);
        }
        (status, format!("of measurements of {}", taken.join(", ")))
    }

    /// Judges `status`, and writes it if it is new.
    fn write(&mut self, (mut status, why): (AnalysisRunStatus, String)) {
        let old = &self.snapshot.run.status;
        status.started_at.get_or_insert(Time::new(self.now));
        let going_on =
            !self.out.held.is_empty() || status.metric_results.iter().any(|r| self.is_watched_and_unfinished(r));
        match self.fatal.take() {
            Some(message) if !going_on => {
                let unresolved = self.out.unresolved.iter().map(|(name, _)| name.to_string());
                self.plan.consumed.extend(unresolved);
                self.enter(&mut status, Phase::Error, message);
            }
            Some(_) if old.phase.is_empty() => self.enter(&mut status, Phase::Running, String::new()),
            Some(_) => {}
            None => self.judge(&mut status, going_on),
        }
        let trimmed = retention::trim(&mut status, self.metrics);
        self.wake(&status);
        let events = std::mem::take(&mut self.plan.effects);
        let ends = Phase::parse(&status.phase).is_some_and(Phase::is_completed);
        if ends && self.has_had_jobs(&status) {
            self.plan.push(RunEffect::EndJobs, "the run ends");
        }
        if status != *old {
            self.plan.push(RunEffect::PatchStatus(Box::new(status)), why);
        }
        self.plan.effects.extend(events);
        for metric in trimmed.into_iter().map(|i| &self.metrics[i]).filter(|m| m.leaves_traces()) {
            let (name, limit) = (metric.name().to_string(), metric.keep);
            let why = format!("more than {limit} measurements of it were taken");
            self.plan.push(RunEffect::CollectGarbage { index: metric.index, metric: name, limit }, why);
        }
    }

    fn has_had_jobs(&self, status: &AnalysisRunStatus) -> bool {
        let named = |r: &MetricResult| r.measurements.iter().any(|m| m.metadata.contains_key(JOB_NAME));
        self.metrics.iter().any(|m| m.metric.provider.job.is_some()) || status.metric_results.iter().any(named)
    }

    fn is_watched_and_unfinished(&self, result: &MetricResult) -> bool {
        !phase_of(result).is_completed()
            && unfinished_one(result).is_some()
            && self.metrics.iter().any(|m| m.name() == result.name)
    }

    /// Judges each metric, then the run. One that is to end does when nothing is going on any more.
    fn judge(&mut self, status: &mut AnalysisRunStatus, going_on: bool) {
        self.judge_metrics(status);
        let (run, dry_run) = summaries(status, self.metrics);
        // Argo Rollouts writes an empty one into the runs that it makes, but adds none to those of others.
        let known = status.run_summary.is_some() || run != RunSummary::default();
        status.run_summary = known.then_some(run);
        status.dry_run_summary = Some(dry_run);
        let (phase, message) = match self.terminating && going_on {
            true => (Phase::Running, String::new()),
            false => verdict(self.snapshot, status, self.metrics, self.terminating),
        };
        self.enter(status, phase, message);
    }

    fn judge_metrics(&mut self, status: &mut AnalysisRunStatus) {
        let by_name: BTreeMap<&str, &Watched<'_>> = self.metrics.iter().map(|m| (m.name(), m)).collect();
        let options = self.snapshot.options;
        let mut ended = Vec::new();
        for result in &mut status.metric_results {
            let Some(metric) = by_name.get(result.name.as_str()) else {
                continue;
            };
            let going_on = self.out.held.contains_key(metric.name()) || unfinished_one(result).is_some();
            let phase = judge(&metric.metric, result, self.terminating, going_on, options);
            if phase.as_str() == result.phase {
                continue;
            }
            result.phase = phase.to_string();
            result.message = result.measurements.last().map(|m| m.message.clone()).unwrap_or_default();
            if let Some(excess) = excess(&metric.metric, result, options).filter(|_| metric.dry_run) {
                result.message = format!("Metric assessed {phase} due to {}", excess.text);
            }
            if phase.is_completed() {
                ended.push((metric.index, phase, result.name.clone()));
            }
        }
        ended.sort();
        for (_, phase, name) in ended {
            let message = format!("Metric '{name}' Completed. Result: {phase}");
            self.plan.event(phase.event_type(), format!("Metric{phase}"), message);
        }
    }

    /// A phase comes with its message; the last one with its time, and word of it.
    fn enter(&mut self, status: &mut AnalysisRunStatus, phase: Phase, message: String) {
        if status.phase == phase.as_str() {
            return;
        }
        status.phase = phase.to_string();
        status.message = message;
        if phase.is_completed() {
            status.completed_at.get_or_insert(Time::new(self.now));
            let message = format!("Analysis Completed. Result: {phase}");
            self.plan.event(phase.event_type(), format!("AnalysisRun{phase}"), message);
        }
    }
}
