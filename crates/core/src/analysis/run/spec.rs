//! From the spec of a run to what is to be watched, or what is wrong with it (analysis.md §2.1, steps 2 to 4).

use crate::analysis::args::{ArgumentError, Arguments, SECRET_PLACEHOLDER, unresolved};
use crate::analysis::tags::TagError;
use jiff::SignedDuration;
use regex_lite::{Regex, RegexBuilder};
use rollouts_api::analysis::{AnalysisRunSpec, Metric, metric_problems, validate_metrics};
use rollouts_api::{GoDuration, IntOrString};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Measurements that are kept of a metric, unless a rule says otherwise.
pub(super) const MEASUREMENTS_KEPT: usize = 10;

/// A rule whose compiled form is bigger matches nothing.
const RULE_MAX_BYTES: usize = 1 << 20;

/// One metric of a run.
#[derive(Debug)]
pub(super) struct Watched<'a> {
    /// Its number in the spec.
    pub index: usize,
    /// With its arguments filled in, but for secrets.
    pub metric: Cow<'a, Metric>,
    /// Whether it only informs.
    pub dry_run: bool,
    /// Measurements to keep of it.
    pub keep: usize,
    /// From the end of one measurement to the next.
    pub interval: Option<SignedDuration>,
    /// From the start of the run to the first.
    pub delay: Option<SignedDuration>,
}

impl<'a> Watched<'a> {
    fn new(index: usize, metric: Cow<'a, Metric>) -> Self {
        let (interval, delay) = (duration(&metric.interval), duration(&metric.initial_delay));
        Watched { index, metric, dry_run: false, keep: MEASUREMENTS_KEPT, interval, delay }
    }

    pub fn name(&self) -> &str {
        &self.metric.name
    }

    /// Whether a measurement leaves something outside of the run before it is answered for: cancelling the task alone
    /// would leave it there.
    pub fn leaves_traces(&self) -> bool {
        let provider = &self.metric.provider;
        provider.job.is_some() || provider.kayenta.is_some() || !provider.plugin.is_empty()
    }
}

/// `None` for a text that is empty, or that validation has refused.
fn duration(text: &str) -> Option<SignedDuration> {
    GoDuration::parse(text).ok().map(|d| SignedDuration::from_nanos(d.nanos()))
}

/// The metrics of a run, or the message that it ends with.
pub(super) fn check(spec: &AnalysisRunSpec) -> Result<Vec<Watched<'_>>, String> {
    let metrics = resolve(spec)?;
    let invalid = |e: String| format!("Analysis spec invalid: {e}");
    validate_metrics(&metrics).map_err(invalid)?;
    for (i, metric) in metrics.iter().enumerate() {
        numbers_are_no_secrets(metric).map_err(|e| invalid(format!("metrics[{i}]: {e}")))?;
    }
    let mut watched: Vec<_> = metrics.into_iter().enumerate().map(|(i, m)| Watched::new(i, m)).collect();
    apply_rules(spec, &mut watched).map_err(invalid)?;
    Ok(watched)
}

/// Something wrong with the spec of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecProblem {
    /// The number of the metric that it is about; `None`: the spec as a whole.
    pub metric: Option<usize>,
    /// What.
    pub message: String,
    /// All that is wrong is that the metric uses an argument which the run does not have.
    pub is_unknown_argument: bool,
}

/// What is wrong with the spec of a run: where a run ends with the first of it, everything that can be told.
pub fn spec_problems(spec: &AnalysisRunSpec) -> Vec<SpecProblem> {
    let problem = |metric, message| SpecProblem { metric, message, is_unknown_argument: false };
    if spec.metrics.is_empty() {
        return vec![problem(None, "no metrics specified".into())];
    }
    let arguments = match Arguments::without_secrets(&spec.args) {
        Ok(arguments) => arguments,
        Err(error) => return vec![problem(None, unresolved(error))],
    };
    let mut problems = Vec::new();
    let mut metrics = Vec::new();
    for (i, metric) in spec.metrics.iter().enumerate() {
        match arguments.resolve(metric) {
            Ok(resolved) => metrics.push((i, resolved)),
            Err(error) => {
                let is_unknown_argument = matches!(error, ArgumentError::Tag(TagError::Unknown(_)));
                problems.push(SpecProblem { metric: Some(i), message: unresolved(error), is_unknown_argument });
            }
        }
    }
    let resolved: Vec<&Metric> = metrics.iter().map(|(_, metric)| &**metric).collect();
    problems.extend(metric_problems(&resolved).into_iter().map(|(i, message)| problem(Some(metrics[i].0), message)));
    let secret =
        |(i, metric): &(usize, Cow<'_, Metric>)| Some(problem(Some(*i), numbers_are_no_secrets(metric).err()?));
    problems.extend(metrics.iter().filter_map(secret));
    let mut watched: Vec<_> = metrics.into_iter().map(|(i, metric)| Watched::new(i, metric)).collect();
    if problems.is_empty()
        && let Err(message) = apply_rules(spec, &mut watched)
    {
        problems.push(problem(None, message));
    }
    problems
}

/// The metrics of a run with which something is wrong, as far as they can be told apart: what they have begun must end.
pub(super) fn unchecked(spec: &AnalysisRunSpec) -> Vec<Watched<'_>> {
    let metrics = resolve(spec).unwrap_or_else(|_| spec.metrics.iter().map(Cow::Borrowed).collect());
    let mut names = BTreeSet::new();
    let mut watched: Vec<_> = metrics.into_iter().enumerate().map(|(i, m)| Watched::new(i, m)).collect();
    watched.retain(|m| names.insert(m.name().to_string()));
    watched
}

fn resolve(spec: &AnalysisRunSpec) -> Result<Vec<Cow<'_, Metric>>, String> {
    if spec.metrics.is_empty() {
        return Ok(Vec::new());
    }
    let arguments = Arguments::without_secrets(&spec.args).map_err(unresolved)?;
    spec.metrics.iter().map(|m| arguments.resolve(m).map_err(unresolved)).collect()
}

/// What decides knows no secrets, so a number from one would silently be 0.
fn numbers_are_no_secrets(metric: &Metric) -> Result<(), String> {
    let numbers = [
        ("count", &metric.count),
        ("failureLimit", &metric.failure_limit),
        ("inconclusiveLimit", &metric.inconclusive_limit),
        ("consecutiveErrorLimit", &metric.consecutive_error_limit),
        ("consecutiveSuccessLimit", &metric.consecutive_success_limit),
    ];
    for (field, number) in numbers {
        if matches!(number, Some(IntOrString::String(text)) if text.contains(SECRET_PLACEHOLDER)) {
            return Err(format!("{field} must not come from a secret"));
        }
    }
    Ok(())
}

/// Rules name metrics by regular expressions that match anywhere in the name; of several that tell how much to keep,
/// the last one wins. A rule must match something, which an expression that cannot be read never does.
fn apply_rules(spec: &AnalysisRunSpec, metrics: &mut [Watched<'_>]) -> Result<(), String> {
    for (i, rule) in spec.dry_run.iter().enumerate() {
        if apply(&rule.metric_name, metrics, |m| m.dry_run = true) == 0 {
            return Err(format!("dryRun[{i}]: Rule didn't match any metric name(s)"));
        }
    }
    for (i, rule) in spec.measurement_retention.iter().enumerate() {
        let keep = usize::try_from(rule.limit).ok().filter(|n| *n > 0).unwrap_or(MEASUREMENTS_KEPT);
        if apply(&rule.metric_name, metrics, |m| m.keep = keep) == 0 {
            return Err(format!("measurementRetention[{i}]: Rule didn't match any metric name(s)"));
        }
    }
    Ok(())
}

/// Number of metrics that `expression` matches.
fn apply(expression: &str, metrics: &mut [Watched<'_>], set: impl FnMut(&mut Watched<'_>)) -> usize {
    let Ok(expression): Result<Regex, _> = RegexBuilder::new(expression).size_limit(RULE_MAX_BYTES).build() else {
        return 0;
    };
    let matching = metrics.iter_mut().filter(|m| expression.is_match(&m.metric.name));
    matching.map(set).count()
}
