//! The provider `cloudWatch`: GetMetricData of AWS's CloudWatch (analysis.md §4.8).

mod answer;

use crate::context::Context;
use crate::http::{Request, Response};
use crate::reading::{Failure, Reading, Result};
use crate::sigv4::{self, Identity, Scope};
use crate::text;
use answer::{Page, Results};
use jiff::Timestamp;
use rollouts_api::IntOrString;
use rollouts_api::analysis::{CloudWatchMetric, CloudWatchMetricDataQuery};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Window of a metric that names none.
const WINDOW: &str = "5m";
/// How long all pages of an answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Pages that are read at most.
const PAGES_MAX: usize = 100;
/// The action, as the service knows it.
const TARGET: &str = "GraniteServiceVersion20100801.GetMetricData";

/// Queries CloudWatch for the window that ends now, page by page.
pub(crate) async fn read(context: &Context<'_>, cloud_watch: &CloudWatchMetric) -> Result {
    let window = if cloud_watch.interval.is_empty() { WINDOW } else { &cloud_watch.interval };
    let start = context.before(window)?;
    let identity = Identity::default();
    let region = sigv4::region(context.tools, identity)?;
    let url = sigv4::endpoint(context.tools, "monitoring", "AWS_ENDPOINT_URL_CLOUDWATCH", &region);
    let whole = Request::new("POST", &url, TIMEOUT);
    let results = context.within(&whole, async {
        let mut results = Results::default();
        let mut next = None;
        for _ in 0..PAGES_MAX {
            let mut request = request(&url, &question(cloud_watch, start, context.now, next.take()));
            let credentials = sigv4::credentials(context.tools, identity).await?;
            let scope = Scope { service: "monitoring", region: &region };
            sigv4::sign(&mut request, &credentials, scope, context.tools.clock.now());
            let page = parse(&context.send(request).await?)?;
            next = results.add(page);
            if next.is_none() {
                return Ok(results);
            }
        }
        Err(Failure::new(format!("the answer has more than {PAGES_MAX} pages")))
    });
    reading(results.await?)
}

fn request(url: &str, question: &Value) -> Request {
    Request::new("POST", url, TIMEOUT)
        .header("Content-Type", "application/x-amz-json-1.0")
        .header("X-Amz-Target", TARGET)
        .body(text::marshal(question))
}

fn question(cloud_watch: &CloudWatchMetric, start: Timestamp, end: Timestamp, next: Option<String>) -> Value {
    let queries: Vec<Value> = cloud_watch.metric_data_queries.iter().map(query).collect();
    let mut question =
        json!({"StartTime": start.as_second(), "EndTime": end.as_second(), "MetricDataQueries": queries});
    if let Some(next) = next {
        question["NextToken"] = json!(next);
    }
    question
}

/// A query; what the metric does not say is left out.
fn query(query: &CloudWatchMetricDataQuery) -> Value {
    let mut out = object([
        ("Id", written(&query.id)),
        ("Expression", query.expression.as_deref().and_then(written)),
        ("Label", query.label.as_deref().and_then(written)),
        ("Period", period(query.period.as_ref())),
        ("ReturnData", query.return_data.map(Value::Bool)),
    ]);
    if let Some(stat) = &query.metric_stat {
        let dimensions: Vec<Value> =
            stat.metric.dimensions.iter().map(|d| json!({"Name": d.name, "Value": d.value})).collect();
        let metric = object([
            ("Namespace", stat.metric.namespace.as_deref().and_then(written)),
            ("MetricName", written(&stat.metric.metric_name)),
            ("Dimensions", (!dimensions.is_empty()).then_some(Value::Array(dimensions))),
        ]);
        let stat = object([
            ("Metric", Some(Value::Object(metric))),
            ("Period", period(stat.period.as_ref())),
            ("Stat", written(&stat.stat)),
            ("Unit", written(&stat.unit)),
        ]);
        out.insert("MetricStat".to_owned(), Value::Object(stat));
    }
    Value::Object(out)
}

fn object<const N: usize>(fields: [(&str, Option<Value>); N]) -> Map<String, Value> {
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

fn written(text: &str) -> Option<Value> {
    (!text.is_empty()).then(|| json!(text))
}

fn period(period: Option<&IntOrString>) -> Option<Value> {
    period.map(|period| json!(period.int_value()))
}

/// One page of the answer.
fn parse(response: &Response) -> Result<Page> {
    if !response.is_success() {
        return Err(answer::refusal(response));
    }
    serde_json::from_slice(&response.body).map_err(|e| Failure::new(format!("could not parse JSON body: {e}")))
}

fn reading(results: Results) -> Result {
    let (data, messages) = results.into_parts();
    let values: Vec<String> =
        data.iter().map(|data| text::plain(&rollouts_expr::Value::Floats(data.values.clone()))).collect();
    let text = format!("[{}]", values.join(" "));
    let mut reading = Reading::new(rollouts_expr::Value::CloudWatch(data), text);
    if !messages.is_empty() {
        reading.metadata.insert("messages".to_owned(), messages);
    }
    Ok(reading)
}

#[cfg(test)]
mod tests;
