//! The provider `datadog` (analysis.md §4.3): the first version of its query API gives a series, the second one scalars.

mod credentials;
mod v1;
mod v2;

use crate::context::Context;
use crate::http::{Request, Response};
use crate::keys::hidden;
use crate::reading::{Failure, Reading, Result};
use credentials::Credentials;
use jiff::Timestamp;
use rollouts_api::GoDuration;
use rollouts_api::analysis::DatadogMetric;
use std::time::Duration;

/// Window of a metric that names none.
const WINDOW: &str = "5m";
/// How long an answer may take unless the metric says otherwise.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Queries Datadog.
pub(crate) async fn read(context: &Context<'_>, datadog: &DatadogMetric) -> Result {
    let query = Query::of(context, datadog)?;
    let credentials = Credentials::find(context, &datadog.secret_ref).await?;
    let first = is_v1(datadog);
    let request = if first { v1::request(&query) } else { v2::request(&query) };
    let response = context.send(signed(request, &query, &credentials)).await?;
    let read = if first { v1::parse(&response) } else { v2::parse(&response) };
    hidden(context, &[&credentials.api_key, &credentials.app_key], read)
}

/// What to ask for.
struct Query<'a> {
    metric: &'a DatadogMetric,
    from: Timestamp,
    to: Timestamp,
    timeout: Duration,
}

impl<'a> Query<'a> {
    fn of(context: &Context<'_>, metric: &'a DatadogMetric) -> Result<Self> {
        if let Some(wrong) = wrong(metric) {
            return Err(Failure::new(wrong));
        }
        let timeout = match metric.request_timeout.as_str() {
            "" => TIMEOUT,
            text => timeout(text)?,
        };
        let window = if metric.interval.is_empty() { WINDOW } else { &metric.interval };
        let from = context.before(window)?;
        Ok(Query { metric, from, to: context.now, timeout })
    }
}

/// Anything but `v1` is the second version. (The CRD makes an absent one `v1`.)
fn is_v1(metric: &DatadogMetric) -> bool {
    metric.api_version == "v1"
}

/// What does not fit together in the metric.
fn wrong(metric: &DatadogMetric) -> Option<&'static str> {
    let (query, queries) = (!metric.query.is_empty(), !metric.queries.is_empty());
    let table = [
        (!query && !queries, "Must have either a query or queries. Please review the Analysis Template."),
        (query && queries, "Cannot have both a query and queries. Please review the Analysis Template."),
        (
            is_v1(metric) && !query,
            "Query is empty. API Version v1 only supports using the query parameter in your Analysis Template.",
        ),
        (
            query && !metric.formula.is_empty(),
            "Formula are only valid when queries are set. Please review the Analysis Template.",
        ),
        (
            metric.queries.len() > 1 && metric.formula.is_empty(),
            "When multiple queries are provided you must include a formula.",
        ),
        (
            is_v1(metric) && !metric.aggregator.is_empty(),
            "Aggregator is not supported in v1. Please review the Analysis Template.",
        ),
    ];
    table.into_iter().find(|(wrong, _)| *wrong).map(|(_, text)| text)
}

fn timeout(text: &str) -> Result<Duration> {
    let parsed = GoDuration::parse(text).map_err(|e| {
        Failure::new(format!("Could not parse the request timeout: {e}. Please review the Analysis Template."))
    })?;
    let timeout = parsed.unsigned();
    if timeout.is_zero() {
        let said = "Request timeout must be a positive duration (e.g. 30s). Please review the Analysis Template.";
        return Err(Failure::new(said));
    }
    Ok(timeout)
}

/// `request` to a path, sent to the credentials' server in their name.
fn signed(request: Request, query: &Query<'_>, credentials: &Credentials) -> Request {
    let url = format!("{}{}", credentials.address.trim_end_matches('/'), request.url);
    Request { url, timeout: query.timeout, ..request }
        .header("Content-Type", "application/json")
        .header("DD-API-KEY", credentials.api_key.as_str())
        .header("DD-APPLICATION-KEY", credentials.app_key.as_str())
}

/// The body of an answer that is one.
fn body<T: serde::de::DeserializeOwned>(response: &Response) -> Result<T> {
    match response.status {
        200 => {
            serde_json::from_slice(&response.body).map_err(|e| Failure::new(format!("Could not parse JSON body: {e}")))
        }
        code @ (401 | 403) => {
            Err(Failure::new(format!("received authentication error response code: {code} {}", response.text())))
        }
        code => Err(Failure::new(format!("received non 2xx response code: {code} {}", response.text()))),
    }
}

/// No value, as conditions see it; `text` says what there is.
fn nothing(text: impl Into<String>) -> Reading {
    Reading::new(rollouts_expr::Value::Nil, text)
}

#[cfg(test)]
mod tests;
