//! What Prometheus answers.

use crate::http::Response;
use crate::reading::{Failure, Reading, Result};
use crate::text;
use rollouts_expr::Value;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Answer of `/api/v1/query` and `/api/v1/query_range`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Answer {
    status: String,
    data: Data,
    error_type: String,
    error: String,
    warnings: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Data {
    result_type: String,
    result: serde_json::Value,
}

/// A value with its time: `[1700000000.1, "0.95"]`.
#[derive(Deserialize)]
struct Sample(IgnoredAny, String);

/// A series of an answer: `value` in a vector, `values` in a matrix.
#[derive(Deserialize)]
struct Series {
    value: Option<Sample>,
    #[serde(default)]
    values: Vec<Sample>,
}

/// A scalar is a number, anything else the list of its samples.
pub(super) fn parse(response: &Response) -> Result {
    let code = response.status;
    let refused = matches!(code, 400 | 422);
    if !response.is_success() && !refused {
        return Err(Failure::new(match code {
            400..=499 => format!("client_error: client error: {code}"),
            500..=599 => format!("server_error: server error: {code}"),
            _ => format!("bad_response: bad response code {code}"),
        }));
    }
    let bad = |e: &dyn std::fmt::Display| Failure::new(format!("bad_response: {e}"));
    let answer: Answer = serde_json::from_slice(&response.body).map_err(|e| bad(&e))?;
    if answer.status == "error" {
        return Err(Failure::new(format!("{}: {}", answer.error_type, answer.error)));
    }
    if refused {
        return Err(bad(&"inconsistent body for response code"));
    }
    let result = answer.data.result;
    let mut reading = match answer.data.result_type.as_str() {
        "scalar" => {
            let sample: Sample = serde_json::from_value(result).map_err(|e| bad(&e))?;
            let number = number(&sample)?;
            Reading::new(Value::Float(number), text::float(number))
        }
        "vector" | "matrix" => {
            let series: Option<Vec<Series>> = serde_json::from_value(result).map_err(|e| bad(&e))?;
            let numbers = numbers(&series.unwrap_or_default())?;
            let text = text::floats(&numbers);
            Reading::new(Value::Floats(numbers), text)
        }
        other => {
            let body = response.text();
            return Err(Failure::new(format!("unmarshalerDecoder: unexpected value type {other:?}, in {body}")));
        }
    };
    if let Some(warnings) = answer.warnings.filter(|warnings| !warnings.is_empty()) {
        let quoted: Vec<String> = warnings.iter().map(|warning| format!("\"{warning}\"")).collect();
        reading.metadata.insert("warnings".to_owned(), quoted.join(", "));
    }
    Ok(reading)
}

fn numbers(series: &[Series]) -> Result<Vec<f64>> {
    let mut numbers = Vec::new();
    for one in series {
        // What has neither is a native histogram; Go's client calls it zero.
        if one.value.is_none() && one.values.is_empty() {
            return Err(Failure::new("the query gives histograms, which are no numbers"));
        }
        for sample in one.value.iter().chain(&one.values) {
            numbers.push(number(sample)?);
        }
    }
    Ok(numbers)
}

fn number(sample: &Sample) -> Result<f64> {
    let failed = |_| Failure::new(format!("bad_response: {:?} is no number", sample.1));
    sample.1.parse().map_err(failed)
}
