//! The provider `graphite` (analysis.md §4.9).

use crate::context::Context;
use crate::http::{Request, Response};
use crate::reading::{Failure, Reading, Result};
use crate::text;
use crate::url::{Url, form, query_unescape};
use rollouts_api::analysis::GraphiteMetric;
use rollouts_expr::Value;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::time::Duration;

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Asks for the query's first series.
pub(crate) async fn read(context: &Context<'_>, graphite: &GraphiteMetric) -> Result {
    let response = context.send(request(graphite)?).await?;
    parse(&response)
}

fn request(graphite: &GraphiteMetric) -> Result<Request> {
    let invalid = || Failure::new(format!("Graphite address {} is not a valid URL", graphite.address));
    let url = Url::parse(&graphite.address).ok_or_else(invalid)?;
    let mut parameters: Vec<(String, String)> = graphite.query.split('&').filter_map(parameter).collect();
    parameters.push(("format".to_owned(), "json".to_owned()));
    // Parameters of one name keep their order.
    parameters.sort_by(|a, b| a.0.cmp(&b.0));
    let query = form(parameters.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    let path = format!("{}/render", url.path.trim_end_matches('/'));
    Ok(Request::new("GET", url.with(&path, &query), TIMEOUT))
}

/// Name and value of one parameter; `None` if it is empty or a format, which is ours to choose.
fn parameter(text: &str) -> Option<(String, String)> {
    let text = without_space(text);
    let (key, value) = text.split_once('=').unwrap_or((&text, ""));
    let key = query_unescape(key);
    (!key.is_empty() && key != "format").then(|| (key, query_unescape(value)))
}

/// `text` without white space, but for that in quotes: it belongs to a name. A quote without its end quotes nothing.
fn without_space(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let closed = matches!(c, '\'' | '"').then(|| rest[1..].find(c)).flatten();
        let taken = closed.map_or(c.len_utf8(), |at| at + 2);
        if closed.is_some() || !c.is_whitespace() {
            out.push_str(&rest[..taken]);
        }
        rest = &rest[taken..];
    }
    out
}

/// A series. Its points are pairs of a value, which may be a text or nothing, and a time.
#[derive(Deserialize)]
struct Series {
    #[serde(default)]
    datapoints: Vec<(Option<Number>, IgnoredAny)>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Plain(f64),
    Text(String),
}

/// The points of the first series that have a value.
fn parse(response: &Response) -> Result {
    if response.status >= 400 {
        return Err(Failure::new(format!("error response: {}", response.text())));
    }
    let all: Vec<Series> =
        serde_json::from_slice(&response.body).map_err(|e| Failure::new(format!("cannot read the answer: {e}")))?;
    let points = all.into_iter().next().map(|series| series.datapoints).unwrap_or_default();
    let values = points.into_iter().filter_map(|(value, _)| value).map(|value| match value {
        Number::Plain(f) => Ok(f),
        Number::Text(text) => text.parse().map_err(|_| Failure::new(format!("{text:?} is no number"))),
    });
    let values = values.collect::<Result<Vec<f64>>>()?;
    if values.is_empty() {
        return Err(Failure::new("no values found"));
    }
    let text = text::fixed_list(&values, 6);
    Ok(Reading::new(Value::Floats(values), text))
}

#[cfg(test)]
mod tests;
