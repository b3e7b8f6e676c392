//! The provider `wavefront` (analysis.md §4.5).

use crate::context::Context;
use crate::http::{Request, Response};
use crate::keys::{Keys, hidden};
use crate::reading::{Failure, Reading, Result};
use crate::text;
use crate::url::form;
use jiff::Timestamp;
use rollouts_api::analysis::WavefrontMetric;
use rollouts_expr::Value;
use serde::Deserialize;
use std::time::Duration;

/// Secret in the controller's namespace with the token of each server.
const SECRET: &str = "wavefront-api-tokens";
/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Queries Wavefront for what is nearest to now.
pub(crate) async fn read(context: &Context<'_>, wavefront: &WavefrontMetric) -> Result {
    let keys = Keys::of_controller(context, SECRET).await?;
    let token = keys.get(&wavefront.address).ok_or_else(|| Failure::new("API token not found"))?;
    let response = context.send(request(wavefront, &token, context.now)).await?;
    hidden(context, &[&token], parse(&response, context.now))
}

fn request(wavefront: &WavefrontMetric, token: &str, now: Timestamp) -> Request {
    let now = now.as_millisecond().to_string();
    let query = form([
        ("autoEvents", "false"),
        ("e", now.as_str()),
        ("g", "s"),
        ("i", "true"),
        ("includeObsoleteMetrics", "false"),
        ("listmode", "false"),
        ("p", "1"),
        ("q", &wavefront.query),
        ("s", &now),
        ("strict", "false"),
    ]);
    let url = format!("https://{}/api/v2/chart/api?{query}", wavefront.address);
    Request::new("GET", url, TIMEOUT).header("Authorization", format!("Bearer {token}"))
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    timeseries: Option<Vec<Series>>,
    #[serde(default)]
    warnings: Option<String>,
}

/// A series. Each of its points is a time, in seconds, and a value.
#[derive(Deserialize)]
struct Series {
    #[serde(default)]
    data: Vec<(f64, Option<f64>)>,
}

/// A value, and when it was.
struct Point {
    /// Seconds since 1970.
    time: i64,
    /// Seconds from the time that was asked for.
    drift: i64,
    value: f64,
}

impl Series {
    /// The point nearest to `now`, the earlier one of two.
    fn nearest(&self, now: i64) -> Option<Point> {
        let points = self.data.iter().filter_map(|(time, value)| {
            let (time, value) = (*time as i64, (*value)?);
            Some(Point { time, drift: time.saturating_sub(now).saturating_abs(), value })
        });
        points.min_by_key(|point| (point.drift, point.time))
    }
}

/// One series is a number, several are a list. One without a value is none.
fn parse(response: &Response, now: Timestamp) -> Result {
    if !response.is_success() {
        let (code, body) = (response.status, response.text());
        return Err(Failure::new(format!("server returned {code}: {body}")));
    }
    let answer: Answer =
        serde_json::from_slice(&response.body).map_err(|e| Failure::new(format!("could not parse JSON body: {e}")))?;
    let series = answer.timeseries.unwrap_or_default();
    let points: Vec<Point> = series.iter().filter_map(|series| series.nearest(now.as_second())).collect();
    let values: Vec<f64> = points.iter().map(|point| point.value).collect();
    let mut reading = match (points.as_slice(), series.len()) {
        ([], _) => return Err(Failure::new("No TimeSeries found in response from Wavefront")),
        ([point], 1) => Reading::new(Value::Float(point.value), text::fixed(point.value, 2)),
        _ => {
            let text = text::fixed_list(&values, 2);
            Reading::new(Value::Floats(values), text)
        }
    };
    let shown = |number: fn(&Point) -> i64| {
        let numbers: Vec<String> = points.iter().map(|point| number(point).to_string()).collect();
        if series.len() == 1 { numbers.concat() } else { format!("[{}]", numbers.join(",")) }
    };
    reading.metadata.insert("timestamps".to_owned(), shown(|point| point.time));
    reading.metadata.insert("drift".to_owned(), shown(|point| point.drift));
    if let Some(warnings) = answer.warnings.filter(|warnings| !warnings.is_empty()) {
        reading.metadata.insert("warnings".to_owned(), warnings);
    }
    Ok(reading)
}

#[cfg(test)]
mod tests;
