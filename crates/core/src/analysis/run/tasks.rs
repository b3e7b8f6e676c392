//! What is out: measurements that were asked for, and what to do about them.

use super::judge::{phase_of, unfinished_one};
use super::plan::later;
use super::spec::Watched;
use super::{Answer, Ask, Measuring, RunPlan, RunSnapshot};
use crate::analysis::Phase;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Answers wait so long for the others of their round, so that one write carries them all; a slow measurement delays
/// those of other metrics by no more.
pub(super) const ROUND_GRACE: SignedDuration = SignedDuration::from_secs(1);

/// An answer that has come.
pub(super) struct Answered<'a> {
    pub metric: &'a Watched<'a>,
    pub ask: Ask,
    pub at: Timestamp,
    pub answer: &'a Answer,
}

/// The measurements that were asked for.
#[derive(Default)]
pub(super) struct Out<'a> {
    /// Metrics whose answer is being waited for, and since when.
    pub held: BTreeMap<&'a str, Timestamp>,
    /// Answers, in the order in which they came.
    pub answered: Vec<Answered<'a>>,
    /// Metrics whose arguments cannot be had, which ends the run.
    pub unresolved: Vec<(&'a str, &'a str)>,
}

impl<'a> Out<'a> {
    /// Sorts what is out. What belongs to no metric that is still being measured is cancelled or forgotten.
    pub fn sort(snapshot: &'a RunSnapshot, metrics: &'a [Watched<'a>], plan: &mut RunPlan) -> Self {
        let by_name: BTreeMap<&str, &Watched<'_>> = metrics.iter().map(|m| (m.name(), m)).collect();
        let results = &snapshot.run.status.metric_results;
        let ended: BTreeSet<&str> =
            results.iter().filter(|r| phase_of(r).is_completed()).map(|r| r.name.as_str()).collect();
        let going_on: BTreeSet<&str> =
            results.iter().filter(|r| unfinished_one(r).is_some()).map(|r| r.name.as_str()).collect();
        let mut out = Out::default();
        for (name, measuring) in &snapshot.measuring {
            let metric = by_name.get(name.as_str()).filter(|_| !ended.contains(name.as_str()));
            match (metric, measuring) {
                (None, Measuring::Asked { .. }) => plan.cancels.push(name.clone()),
                (None, Measuring::Answered { .. }) => plan.consumed.push(name.clone()),
                (Some(_), Measuring::Asked { since, .. }) => {
                    out.held.insert(name, *since);
                }
                (Some(_), Measuring::Answered { ask: Ask::Run, answer: Answer::Unresolved(text), .. })
                    if !going_on.contains(name.as_str()) =>
                {
                    out.unresolved.push((name, text));
                }
                (Some(metric), Measuring::Answered { ask, at, answer }) => {
                    out.answered.push(Answered { metric, ask: *ask, at: *at, answer });
                }
            }
        }
        out.answered.sort_by_key(|a| (a.at, a.metric.index));
        out
    }

    /// The run is to end: nobody waits any more for measurements that leave nothing behind, nor for a look at one
    /// that is to be ended.
    pub fn cut(&mut self, snapshot: &RunSnapshot, metrics: &[Watched<'_>], plan: &mut RunPlan) {
        for metric in metrics {
            let cut = match snapshot.measuring.get(metric.name()) {
                Some(Measuring::Asked { ask: Ask::Run, .. }) => !metric.leaves_traces(),
                Some(Measuring::Asked { ask: Ask::Resume, .. }) => true,
                _ => false,
            };
            if cut && self.held.remove(metric.name()).is_some() {
                plan.cancels.push(metric.name().to_string());
            }
        }
    }

    /// When the answers are to be taken; `None` without any. Now, when none is being waited for.
    pub fn taken_at(&self) -> Option<Timestamp> {
        let oldest = self.answered.first()?.at;
        Some(if self.held.is_empty() { oldest } else { later(oldest, ROUND_GRACE) })
    }

    /// Whether something of `metric` is out.
    pub fn has(&self, metric: &str) -> bool {
        self.held.contains_key(metric)
            || self.answered.iter().any(|a| a.metric.name() == metric)
            || self.unresolved.iter().any(|(name, _)| *name == metric)
    }
}

/// Of a run that is over nothing is waited for.
pub(super) fn forget(snapshot: &RunSnapshot, plan: &mut RunPlan) {
    for (name, measuring) in &snapshot.measuring {
        match measuring {
            Measuring::Asked { .. } => plan.cancels.push(name.clone()),
            Measuring::Answered { .. } => plan.consumed.push(name.clone()),
        }
    }
}

/// Whether a metric of this phase ends its run.
pub(super) fn ends_the_run(phase: Phase) -> bool {
    matches!(phase, Phase::Failed | Phase::Error | Phase::Inconclusive)
}
