//! Which pods are compared, and over which time.

use crate::context::Context;
use crate::reading::{Failure, Result};
use rollouts_api::Time;
use rollouts_api::analysis::{KayentaMetric, KayentaScope, ScopeDetail};
use serde::Serialize;
use std::collections::BTreeMap;

/// Pairs by name.
pub(super) type Scopes<'a> = BTreeMap<&'a str, Pair<'a>>;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pair<'a> {
    control_scope: Scope<'a>,
    experiment_scope: Scope<'a>,
}

#[derive(Serialize)]
struct Scope<'a> {
    scope: &'a str,
    location: &'a str,
    /// Seconds.
    step: i64,
    start: String,
    end: String,
}

/// The metric's pairs. A pair without a start begins one interval ago, or with `lookback` when the run did; one without
/// an end ends now.
pub(super) fn resolve<'a>(context: &Context<'_>, kayenta: &'a KayentaMetric) -> Result<Scopes<'a>> {
    kayenta.scopes.iter().map(|scope| Ok((scope.name.as_str(), pair(context, kayenta, scope)?))).collect()
}

fn pair<'a>(context: &Context<'_>, kayenta: &KayentaMetric, scope: &'a KayentaScope) -> Result<Pair<'a>> {
    let (control, experiment) = (&scope.control_scope, &scope.experiment_scope);
    for (name, a, b) in [("start", &control.start, &experiment.start), ("end", &control.end, &experiment.end)] {
        if a.is_empty() != b.is_empty() {
            let said = format!("controlScope.{name} and experimentScope.{name} must both be set or be empty");
            return Err(Failure::new(said));
        }
    }
    let start = if control.start.is_empty() { start(context, kayenta)?.to_string() } else { String::new() };
    let end = Time::new(context.now).to_string();
    let one = |detail: &'a ScopeDetail| Scope {
        scope: &detail.scope,
        location: &detail.region,
        step: detail.step,
        start: or(&detail.start, &start),
        end: or(&detail.end, &end),
    };
    Ok(Pair { control_scope: one(control), experiment_scope: one(experiment) })
}

fn start(context: &Context<'_>, kayenta: &KayentaMetric) -> Result<Time> {
    if kayenta.lookback {
        return Ok(context.run.status.started_at.unwrap_or(Time::new(context.now)));
    }
    let interval = &context.metric.interval;
    let start = context.before(interval).map_err(|e| Failure::new(format!("Invalid duration \"{interval}\": {e}")))?;
    Ok(Time::new(start))
}

fn or(text: &str, default: &str) -> String {
    if text.is_empty() { default.to_owned() } else { text.to_owned() }
}
