//! The provider `skywalking`: GraphQL (analysis.md §4.11).

use crate::context::Context;
use crate::graphql::Answer;
use crate::http::{Request, Response};
use crate::reading::{Failure, Reading, Result};
use crate::text;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rollouts_api::analysis::SkyWalkingMetric;
use rollouts_expr::Value;
use serde::Serialize;
use std::time::Duration;

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Minutes, as SkyWalking reads them.
const MINUTES: &str = "%Y-%m-%d %H%M";

/// Queries SkyWalking for the window that ends now.
pub(crate) async fn read(context: &Context<'_>, skywalking: &SkyWalkingMetric) -> Result {
    let response = context.send(request(context, skywalking)?).await?;
    parse(&response)
}

#[derive(Serialize)]
struct Question<'a> {
    query: &'a str,
    variables: Variables,
}

#[derive(Serialize)]
struct Variables {
    duration: Window,
}

#[derive(Serialize)]
struct Window {
    start: String,
    end: String,
    step: &'static str,
}

fn request(context: &Context<'_>, skywalking: &SkyWalkingMetric) -> Result<Request> {
    // SkyWalking's times bear no zone. They are the controller's.
    let zone = context.variable("TZ").and_then(|name| TimeZone::get(name.trim_start_matches(':')).ok());
    let zone = zone.unwrap_or(TimeZone::UTC);
    let minutes = |time: Timestamp| time.to_zoned(zone.clone()).strftime(MINUTES).to_string();
    let start = context.before(&skywalking.interval)?;
    let duration = Window { start: minutes(start), end: minutes(context.now), step: "MINUTE" };
    let question = Question { query: &skywalking.query, variables: Variables { duration } };
    let url = format!("{}/graphql", skywalking.address.trim_end_matches('/'));
    Ok(Request::new("POST", url, TIMEOUT)
        .header("Content-Type", "application/json; charset=utf-8")
        .header("Accept", "application/json; charset=utf-8")
        .body(text::marshal(&question)))
}

fn parse(response: &Response) -> Result {
    let answer = serde_json::from_slice::<Answer>(&response.body).map_err(|e| match response.status {
        200 => Failure::new(format!("decoding response: {e}")),
        code => Failure::new(format!("graphql: server returned a non-200 status code: {code}")),
    })?;
    if let Some(problem) = answer.problems().next() {
        return Err(Failure::new(format!("graphql: {problem}")));
    }
    if response.status != 200 {
        let said = format!("graphql: server returned a non-200 status code: {}", response.status);
        return Err(Failure::new(said));
    }
    let value = Value::from(answer.data);
    if value == Value::Nil {
        return Err(Failure::new("no results returned from SkyWalking query"));
    }
    let text = text::json(&value);
    Ok(Reading::new(value, text))
}

#[cfg(test)]
mod tests;
