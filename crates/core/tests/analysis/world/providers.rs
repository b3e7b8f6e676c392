//! Providers that answer by script, and Jobs.

use super::World;
use rollouts_api::Time;
use rollouts_api::analysis::Measurement;
use rollouts_core::analysis::Phase;
use rollouts_core::analysis::args::unresolved;
use rollouts_core::analysis::run::{Answer, Ask, JOB_NAME, Task};
use std::collections::BTreeMap;

/// What a provider says of a measurement.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub phase: Phase,
    pub value: String,
    pub message: String,
    /// Of a Job: after so many seconds, `None` never.
    pub job: Option<Option<i64>>,
}

impl Outcome {
    pub fn of(phase: Phase) -> Self {
        let message = if phase == Phase::Error { "it broke" } else { "" };
        Outcome { phase, value: String::new(), message: message.to_string(), job: None }
    }
}

impl World {
    pub(super) fn answer(&mut self, task: &Task) -> Answer {
        if let Some(error) = self.no_secrets.as_ref().filter(|_| task.ask == Ask::Run) {
            return Answer::Unresolved(unresolved(error));
        }
        let result = self.run.status.metric_results.iter().find(|r| r.name == task.metric);
        let number = result.map_or(0, |r| r.count + r.error) as usize;
        let outcomes = self.script.get(&task.metric).cloned().unwrap_or_default();
        let outcome = outcomes.get(number.min(outcomes.len().saturating_sub(1))).cloned();
        let outcome = outcome.unwrap_or_else(|| Outcome::of(Phase::Successful));
        let mut measurement = task.measurement.clone().unwrap_or_default();
        measurement.started_at = measurement.started_at.or(Some(Time::new(self.now)));
        match outcome.job {
            None => finish(&mut measurement, &outcome),
            Some(after) => self.job(task, number, after, &outcome, &mut measurement),
        }
        Answer::Measured { measurement, metadata: BTreeMap::new() }
    }

    /// A Job; one that is there already is taken for the one that is wanted.
    fn job(&mut self, task: &Task, number: usize, after: Option<i64>, outcome: &Outcome, m: &mut Measurement) {
        let name = format!("{}.{}", task.metric, number + 1);
        let end = after.map(|s| self.later(s * 1000));
        match task.ask {
            Ask::Run => {
                self.jobs.entry(name.clone()).or_insert(end);
                m.metadata.insert(JOB_NAME.to_string(), name);
                (m.phase, m.resume_at) = ("Running".to_string(), Some(Time::new(self.now)));
            }
            Ask::Resume => match self.jobs.get(&name) {
                Some(Some(end)) if *end <= self.now => finish(m, outcome),
                Some(_) => m.resume_at = Some(Time::new(self.later(2000))),
                None => finish(m, &Outcome::of(Phase::Error)),
            },
            Ask::Terminate => {
                self.jobs.remove(&name);
                finish(m, &Outcome::of(Phase::Inconclusive));
            }
        }
    }
}

fn finish(m: &mut Measurement, outcome: &Outcome) {
    m.phase = outcome.phase.to_string();
    m.value.clone_from(&outcome.value);
    m.message.clone_from(&outcome.message);
}
