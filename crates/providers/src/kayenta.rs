//! The provider `kayenta`: Spinnaker's judge of canaries, which needs its time (analysis.md §4.7).

mod scopes;

use crate::conditions::{cut_short, ended, failed};
use crate::context::Context;
use crate::http::{Request, Response};
use crate::providers::Outcome;
use crate::reading::{Failure, Result};
use crate::text;
use crate::url::{form, path_escape};
use rollouts_api::Time;
use rollouts_api::analysis::{KayentaMetric, Measurement};
use rollouts_core::analysis::Phase;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Seconds until the judge is asked again.
const AGAIN: i64 = 15;
/// Metadata of a measurement: what the judge calls it.
const EXECUTION: &str = "canaryExecutionId";

/// Has a canary judged.
pub(crate) async fn begin(context: &Context<'_>, kayenta: &KayentaMetric) -> Outcome {
    let measurement = match start(context, kayenta).await {
        Ok(execution) => {
            let began = Measurement { started_at: Some(Time::new(context.now)), ..Measurement::default() };
            let mut waiting = waiting(context, began);
            waiting.metadata.insert(EXECUTION.to_owned(), execution);
            waiting
        }
        Err(failure) => failed(context, failure.to_string()),
    };
    Outcome::of(measurement)
}

/// Looks for the verdict.
pub(crate) async fn resume(context: &Context<'_>, kayenta: &KayentaMetric, previous: Measurement) -> Outcome {
    let judged = match verdict(context, kayenta, &previous).await {
        Ok(None) => return Outcome::of(waiting(context, previous)),
        Ok(Some(score)) => {
            let threshold = &kayenta.threshold;
            let phase = match score {
                score if score >= threshold.pass => Phase::Successful,
                score if score >= threshold.marginal => Phase::Inconclusive,
                _ => Phase::Failed,
            };
            Measurement { value: score.to_string(), ..ended(context, phase.as_str()) }
        }
        Err(failure) => failed(context, failure.to_string()),
    };
    Outcome::of(Measurement { started_at: previous.started_at, metadata: previous.metadata, ..judged })
}

/// Has the judge stop: nobody waits for the verdict any more. If it does not, it works in vain, and the measurement is over
/// all the same.
pub(crate) async fn terminate(context: &Context<'_>, kayenta: &KayentaMetric, previous: Measurement) -> Outcome {
    if let Some(execution) = previous.metadata.get(EXECUTION) {
        // An execution is a pipeline of Spinnaker's, and ended like one.
        let url = format!("{}/pipelines/{}/cancel", address(kayenta), path_escape(execution));
        let request = Request::new("PUT", url, TIMEOUT).header("Content-Type", "application/json").body("");
        let refused = match context.send(request).await {
            Ok(response) if (200..300).contains(&response.status) => None,
            Ok(response) => Some(format!("HTTP {}", response.status)),
            // Its text has the address, which may come from a secret.
            Err(_) => Some("no answer".to_owned()),
        };
        if let Some(why) = refused {
            let (run, metric) = (&context.run.metadata, &context.metric.name);
            tracing::warn!(
                namespace = run.namespace,
                analysisrun = run.name,
                metric,
                "Kayenta could not be told to stop judging: {why}"
            );
        }
    }
    Outcome::of(cut_short(context, previous))
}

fn waiting(context: &Context<'_>, measurement: Measurement) -> Measurement {
    let again = Time::new(context.tools.clock.now()).plus_seconds(AGAIN);
    Measurement { phase: Phase::Running.as_str().to_owned(), resume_at: Some(Time::new(again)), ..measurement }
}

/// A canary configuration.
#[derive(Deserialize)]
struct Configuration {
    #[serde(default)]
    id: String,
    #[serde(default)]
    name: String,
}

/// What is to be judged.
#[derive(Serialize)]
struct Question<'a> {
    scopes: scopes::Scopes<'a>,
    thresholds: Thresholds,
}

#[derive(Serialize)]
struct Thresholds {
    pass: i64,
    marginal: i64,
}

#[derive(Deserialize)]
struct Started {
    #[serde(rename = "canaryExecutionId", default)]
    execution: String,
}

/// The execution's id.
async fn start(context: &Context<'_>, kayenta: &KayentaMetric) -> Result<String> {
    let scopes = scopes::resolve(context, kayenta)?;
    let response = context.send(Request::new("GET", configurations(kayenta), TIMEOUT)).await?;
    let found: Vec<Configuration> = json(&response, |code| format!("Invalid Response: HTTP {code}"))?;
    let configuration = found.into_iter().find(|one| one.name == kayenta.canary_config_name);
    let configuration = configuration.ok_or_else(|| Failure::new("Canary config not found"))?;

    let thresholds = Thresholds { pass: kayenta.threshold.pass, marginal: kayenta.threshold.marginal };
    let request = Request::new("POST", executions(kayenta, &configuration.id), TIMEOUT)
        .header("Content-Type", "application/json")
        .body(text::marshal(&Question { scopes, thresholds }));
    let response = context.send(request).await?;
    let started: Started = json(&response, |_| "Invalid Response".to_owned())?;
    Some(started.execution).filter(|id| !id.is_empty()).ok_or_else(|| Failure::new("Missing canaryExecutionId"))
}

fn configurations(kayenta: &KayentaMetric) -> String {
    let query = form([
        ("application", kayenta.application.as_str()),
        ("configurationAccountName", &kayenta.configuration_account_name),
    ]);
    format!("{}/canaryConfig?{query}", address(kayenta))
}

fn executions(kayenta: &KayentaMetric, configuration: &str) -> String {
    let query = form([
        ("application", kayenta.application.as_str()),
        ("metricsAccountName", &kayenta.metrics_account_name),
        ("configurationAccountName", &kayenta.configuration_account_name),
        ("storageAccountName", &kayenta.storage_account_name),
    ]);
    format!("{}/canary/{}?{query}", address(kayenta), path_escape(configuration))
}

fn address(kayenta: &KayentaMetric) -> &str {
    kayenta.address.trim_end_matches('/')
}

#[derive(Deserialize)]
struct Execution {
    #[serde(default)]
    complete: Option<bool>,
    #[serde(default)]
    result: serde_json::Value,
}

/// The score, without its fraction; `None` as long as there is none.
async fn verdict(context: &Context<'_>, kayenta: &KayentaMetric, previous: &Measurement) -> Result<Option<i64>> {
    let execution = previous.metadata.get(EXECUTION).ok_or_else(|| Failure::new("Missing canaryExecutionId"))?;
    let url = format!("{}/canary/{}", address(kayenta), path_escape(execution));
    let response = context.send(Request::new("GET", url, TIMEOUT)).await?;
    let execution: Execution = json(&response, |code| format!("Invalid Response: HTTP {code}"))?;
    if !execution.complete.ok_or_else(|| Failure::new("Missing Complete Status"))? {
        return Ok(None);
    }
    let score = execution.result.pointer("/judgeResult/score/score").and_then(serde_json::Value::as_f64);
    score.map(|score| Some(score as i64)).ok_or_else(|| Failure::new("Missing Score"))
}

fn json<T: serde::de::DeserializeOwned>(response: &Response, refused: impl Fn(u16) -> String) -> Result<T> {
    if response.status != 200 {
        return Err(Failure::new(refused(response.status)));
    }
    serde_json::from_slice(&response.body).map_err(|e| Failure::new(format!("could not parse JSON body: {e}")))
}

#[cfg(test)]
mod tests;
