//! The verdict on a run, from those on its metrics (analysis.md §2.5).

use super::RunSnapshot;
use super::judge::{phase_of, reason};
use super::spec::Watched;
use crate::analysis::Phase;
use rollouts_api::analysis::{AnalysisRunStatus, MetricResult, RunSummary};
use std::collections::BTreeMap;

const TERMINATED: &str = "Run Terminated";
const NOTHING_SUCCEEDED: &str = "No measurement was successful";

/// Results by metric, in the order of the spec; `None` for one that was not measured yet.
pub(super) fn results<'a>(
    status: &'a AnalysisRunStatus,
    metrics: &'a [Watched<'a>],
) -> impl Iterator<Item = (&'a Watched<'a>, Option<&'a MetricResult>)> {
    let by_name: BTreeMap<&str, &MetricResult> = status.metric_results.iter().map(|r| (r.name.as_str(), r)).collect();
    metrics.iter().map(move |m| (m, by_name.get(m.name()).copied()))
}

/// Phase and message of the run. `terminating`: what is unfinished will not be measured any more.
pub(super) fn verdict(
    snapshot: &RunSnapshot,
    status: &AnalysisRunStatus,
    metrics: &[Watched<'_>],
    terminating: bool,
) -> (Phase, String) {
    let terminated = snapshot.run.spec.terminate;
    let mut message = if terminated { TERMINATED.to_string() } else { String::new() };
    let mut worst = None;
    let mut going_on = false;
    for (metric, result) in results(status, metrics) {
        let Some((result, phase)) = result.map(|r| (r, phase_of(r))).filter(|(_, phase)| phase.is_completed()) else {
            going_on = true;
            continue;
        };
        if metric.dry_run {
            worst.get_or_insert(Phase::Successful);
        } else if worst.is_none_or(|w| phase > w) {
            worst = Some(phase);
            if let Some(text) = reason(&metric.metric, result, snapshot.options) {
                message = assessed(&result.name, phase, &text, &result.message);
            }
        }
    }
    let phase = match worst {
        None if terminating => Phase::Successful,
        Some(phase) if terminating || !going_on => phase,
        _ => return (Phase::Running, String::new()),
    };
    if phase == Phase::Successful
        && let Some(phase) = nothing_succeeded(status, metrics, terminated)
    {
        let before = if terminated { format!("{TERMINATED}: ") } else { String::new() };
        return (phase, format!("{before}{NOTHING_SUCCEEDED}"));
    }
    (phase, message.trim().to_string())
}

fn assessed(name: &str, phase: Phase, text: &str, message: &str) -> String {
    let mut assessed = format!("Metric \"{name}\" assessed {phase} due to {text}");
    if !message.is_empty() {
        assessed.push_str(&format!(": \"Error Message: {message}\""));
    }
    assessed
}

/// What a run is, instead of Successful, in which measurements were taken but not one of them succeeded: limits allow
/// for exceptions, and there was no rule to them. Metrics that only inform do not count.
fn nothing_succeeded(status: &AnalysisRunStatus, metrics: &[Watched<'_>], terminated: bool) -> Option<Phase> {
    let mut all = RunSummary::default();
    for (_, result) in results(status, metrics).filter(|(metric, _)| !metric.dry_run) {
        let Some(result) = result else { continue };
        all.successful |= result.successful;
        all.failed |= result.failed;
        all.inconclusive |= result.inconclusive;
        all.error |= result.error;
    }
    match (all.failed != 0, all.error != 0, all.inconclusive != 0) {
        _ if all.successful != 0 => None,
        // It might have got better: that is not known.
        (failed, error, _) if terminated => (failed || error).then_some(Phase::Inconclusive),
        (true, ..) => Some(Phase::Failed),
        (_, error, inconclusive) => (error || inconclusive).then_some(Phase::Inconclusive),
    }
}

/// Numbers of metrics by their phases: of those that count, and of those that only inform.
pub(super) fn summaries(status: &AnalysisRunStatus, metrics: &[Watched<'_>]) -> (RunSummary, RunSummary) {
    let (mut run, mut dry_run) = (RunSummary::default(), RunSummary::default());
    for (metric, result) in results(status, metrics) {
        let summary = if metric.dry_run { &mut dry_run } else { &mut run };
        summary.count += 1;
        match result.map(phase_of) {
            Some(Phase::Successful) => summary.successful += 1,
            Some(Phase::Failed) => summary.failed += 1,
            Some(Phase::Inconclusive) => summary.inconclusive += 1,
            Some(Phase::Error) => summary.error += 1,
            Some(Phase::Running | Phase::Pending) | None => {}
        }
    }
    (run, dry_run)
}
