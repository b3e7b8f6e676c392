//! What analyses found.

use super::Finding;
use super::facts::{Facts, State};
use crate::Icon;
use crate::duration::human;
use crate::read::{flag, int, int_opt, label, list, name, owned_by, present, text, time};
use jiff::Timestamp;
use rollouts_api::names;
use serde_json::Value;

/// Characters of a query or of a message that are shown.
const TEXT_MAX: usize = 300;

/// The runs that the status names, and those of their Experiment, that found something bad.
pub(super) fn findings(facts: &Facts<'_>) -> Vec<Finding> {
    let runs = facts.seen.objects.analysis_runs.iter().copied();
    let named = [
        "/status/canary/currentStepAnalysisRunStatus",
        "/status/canary/currentBackgroundAnalysisRunStatus",
        "/status/blueGreen/prePromotionAnalysisRunStatus",
        "/status/blueGreen/postPromotionAnalysisRunStatus",
    ];
    let mut findings = Vec::new();
    for entry in named {
        let run = facts.status(&format!("{entry}/name"));
        if run.is_empty() {
            continue;
        }
        match runs.clone().find(|r| name(r) == run) {
            Some(run) => findings.extend(of_run(facts, run)),
            // It is gone, or may not be read: the Rollout has noted how it ended.
            None => findings.extend(noted(
                run,
                facts.status(&format!("{entry}/status")),
                facts.status(&format!("{entry}/message")),
            )),
        }
    }
    findings.extend(of_experiments(facts));
    if facts.state() == State::Aborted {
        findings.extend(of_aborted(facts, &findings));
    }
    findings
}

/// The runs that may have ended the update: an abort forgets that of the step.
fn of_aborted(facts: &Facts<'_>, known: &[Finding]) -> Vec<Finding> {
    let hash = facts.status("/status/currentPodHash");
    let runs = facts.seen.objects.analysis_runs.iter().copied().filter(|run| owned_by(run, facts.uid));
    let of_update = runs.filter(|run| {
        label(run, names::POD_TEMPLATE_HASH) == hash
            && crate::read::revision(run) == facts.revision()
            && matches!(text(run, "/status/phase"), "Failed" | "Error")
            && known.iter().all(|finding| finding.about != format!("AnalysisRun {}", name(run)))
    });
    // Of several attempts, the last.
    let last = of_update.max_by_key(|run| crate::read::created(run));
    last.map(|run| of_run(facts, run)).unwrap_or_default()
}

fn of_experiments(facts: &Facts<'_>) -> Vec<Finding> {
    let is_bad = |e: &&&Value| matches!(text(e, "/status/phase"), "Failed" | "Error" | "Inconclusive");
    let own = facts.seen.objects.experiments.iter().filter(|e| owned_by(e, facts.uid));
    let of_update = own.filter(|e| crate::read::revision(e) == facts.revision());
    let mut findings = Vec::new();
    for experiment in of_update.filter(is_bad) {
        let uid = text(experiment, "/metadata/uid");
        let phase = text(experiment, "/status/phase");
        let about = format!("Experiment {}", name(experiment));
        let said = text(experiment, "/status/message");
        let words = if said.is_empty() {
            format!("the experiment ended {phase}")
        } else {
            format!("the experiment ended {phase}: {said}")
        };
        let bad = |t: &&Value| matches!(text(t, "/status"), "Failed" | "Error");
        let templates = list(experiment, "/status/templateStatuses").iter().filter(bad);
        let details = templates
            .map(|t| format!("template {}: {}", text(t, "/name"), text(t, "/message")))
            .map(|line| line.trim_end_matches([' ', ':']).to_owned())
            .collect();
        findings.push(Finding {
            icon: Icon::of_analysis(phase),
            about,
            reason: format!("Experiment{phase}"),
            text: words,
            details,
        });
        let runs = facts.seen.objects.analysis_runs.iter().filter(|run| owned_by(run, uid));
        findings.extend(runs.flat_map(|run| of_run(facts, run)));
    }
    findings
}

fn noted(run: &str, phase: &str, message: &str) -> Option<Finding> {
    if !matches!(phase, "Failed" | "Error" | "Inconclusive") {
        return None;
    }
    let about = format!("AnalysisRun {run}");
    let text = if message.is_empty() {
        format!("the analysis ended {phase}")
    } else {
        format!("the analysis ended {phase}: {message}")
    };
    Some(Finding {
        icon: Icon::of_analysis(phase),
        about,
        reason: format!("Analysis{phase}"),
        text,
        details: Vec::new(),
    })
}

/// One finding for each metric that is not well; one for the run if it has no metric to blame.
fn of_run(facts: &Facts<'_>, run: &Value) -> Vec<Finding> {
    let phase = text(run, "/status/phase");
    let about = format!("AnalysisRun {}", name(run));
    let results = list(run, "/status/metricResults");
    let blamed: Vec<Finding> = results
        .iter()
        .filter(|r| !flag(r, "/dryRun"))
        .filter_map(|result| of_metric(facts.seen.now, run, result, &about))
        .collect();
    if !blamed.is_empty() {
        return blamed;
    }
    noted(name(run), phase, text(run, "/status/message")).into_iter().collect()
}

fn of_metric(now: Timestamp, run: &Value, result: &Value, about: &str) -> Option<Finding> {
    let metric = text(result, "/name");
    let phase = text(result, "/phase");
    let ended = matches!(phase, "Failed" | "Error" | "Inconclusive");
    // One that goes on may have begun to fail.
    let is_failing = int(result, "/failed") + int(result, "/error") + int(result, "/inconclusive") > 0;
    if phase == "Running" && !is_failing {
        return Some(progress(run, result, about));
    }
    if !(ended || phase == "Running") {
        return None;
    }
    let wanted = if ended { phase } else { worst(result) };
    let measurements = list(result, "/measurements");
    let measurement = measurements.iter().rev().find(|m| text(m, "/phase") == wanted);
    let spec = list(run, "/spec/metrics").iter().find(|m| text(m, "/name") == metric);
    let measured = measurement.map(|m| outcome(m, spec, wanted)).unwrap_or_default();
    let verb = match (ended, wanted) {
        (true, "Failed") => "failed",
        (true, "Error") => "could not be measured",
        (true, _) => "was inconclusive",
        (false, "Failed") => "begins to fail",
        (false, "Error") => "cannot always be measured",
        (false, _) => "is inconclusive at times",
    };
    let separator = if measured.is_empty() { "" } else { ": " };
    let mut details = Vec::new();
    if let Some(query) = query(measurement, result) {
        details.push(format!("query: {}", one_line(query)));
    }
    details.push(counts(now, result, spec, wanted, measurement));
    let said = text(result, "/message");
    if !said.is_empty() && measurement.is_none_or(|m| text(m, "/message") != said) {
        details.push(one_line(said));
    }
    if let Some(job) = measurement.map(|m| text(m, "/metadata/job-name")).filter(|job| !job.is_empty()) {
        details.push(format!("see the log of Job {job}"));
    }
    details.retain(|line| !line.is_empty());
    Some(Finding {
        icon: Icon::of_analysis(wanted),
        about: about.to_owned(),
        reason: format!("Analysis{wanted}"),
        text: format!("metric {metric} {verb}{separator}{measured}"),
        details,
    })
}

/// A metric that is well so far.
fn progress(run: &Value, result: &Value, about: &str) -> Finding {
    let metric = text(result, "/name");
    let spec = list(run, "/spec/metrics").iter().find(|m| text(m, "/name") == metric);
    let wanted = spec.and_then(|s| int_opt(s, "/count").or_else(|| text(s, "/count").parse().ok()));
    let of = wanted.map_or(String::new(), |n| format!(" of {n}"));
    let last = list(result, "/measurements").last().map_or("", |m| text(m, "/value"));
    let last = if last.is_empty() { String::new() } else { format!("; the last measured {}", one_line(last)) };
    Finding {
        icon: Icon::Progressing,
        about: about.to_owned(),
        reason: "AnalysisRunning".into(),
        text: format!("metric {metric} is well so far: {}{of} measurements{last}", int(result, "/count")),
        details: Vec::new(),
    }
}

fn worst(result: &Value) -> &'static str {
    match () {
        () if int(result, "/failed") > 0 => "Failed",
        () if int(result, "/error") > 0 => "Error",
        () => "Inconclusive",
    }
}

/// What was measured, and which condition that did or did not meet.
fn outcome(measurement: &Value, spec: Option<&Value>, phase: &str) -> String {
    let value = text(measurement, "/value");
    let message = text(measurement, "/message");
    if value.is_empty() {
        return one_line(message);
    }
    let condition = |which: &str| spec.map_or("", |s| text(s, which));
    let (success, failure) = (condition("/successCondition"), condition("/failureCondition"));
    let because = match phase {
        "Failed" if !success.is_empty() && failure.is_empty() => {
            format!(", which does not meet the condition {success}")
        }
        "Failed" if success.is_empty() && !failure.is_empty() => {
            format!(", which meets the failure condition {failure}")
        }
        "Failed" if !failure.is_empty() => format!(" (success is {success}, failure is {failure})"),
        "Inconclusive" => format!(", which meets neither {success} nor {failure}"),
        "Error" if !message.is_empty() => format!(": {}", one_line(message)),
        _ => String::new(),
    };
    format!("measured {}{because}", one_line(value))
}

/// What the source of the metric was asked, with its arguments filled in.
fn query<'a>(measurement: Option<&'a Value>, result: &'a Value) -> Option<&'a str> {
    let of = |object: &'a Value| {
        let resolved = object.pointer("/metadata")?.as_object()?.iter();
        resolved.filter(|(key, _)| key.starts_with("Resolved")).find_map(|(_, query)| query.as_str())
    };
    measurement.and_then(of).or_else(|| of(result))
}

fn counts(now: Timestamp, result: &Value, spec: Option<&Value>, phase: &str, last: Option<&Value>) -> String {
    let bad = match phase {
        "Failed" => int(result, "/failed"),
        "Error" => int(result, "/error"),
        _ => int(result, "/inconclusive"),
    };
    let of = int(result, "/count") + int(result, "/error");
    let kind = match phase {
        "Failed" => "failed",
        "Error" => "were errors",
        _ => "were inconclusive",
    };
    let limit = match phase {
        "Failed" => "failureLimit",
        "Error" => "consecutiveErrorLimit",
        _ => "inconclusiveLimit",
    };
    let allowed = spec.filter(|s| present(s, &format!("/{limit}"))).map(|s| &s[limit]);
    let allowed = allowed.map_or(String::new(), |n| format!(" ({limit} is {})", n.to_string().trim_matches('"')));
    let when = last.and_then(|m| time(m, "/finishedAt"));
    let when = when.map_or(String::new(), |at| format!(", the last {} ago", human(now.duration_since(at))));
    format!("{bad} of {of} measurements {kind}{allowed}{when}")
}

/// The text in one line of a bearable length.
fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(TEXT_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
