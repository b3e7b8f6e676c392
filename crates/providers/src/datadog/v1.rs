//! The first version of the API: the last point of the first series.

use super::{Query, body, nothing};
use crate::http::{Request, Response};
use crate::reading::{Failure, Reading, Result};
use crate::text;
use crate::url::form;
use rollouts_expr::Value;
use serde::{Deserialize, Serialize};

pub(super) fn request(query: &Query<'_>) -> Request {
    let (from, to) = (query.from.as_second().to_string(), query.to.as_second().to_string());
    let parameters = form([("from", from.as_str()), ("query", &query.metric.query), ("to", &to)]);
    Request::new("GET", format!("/api/v1/query?{parameters}"), query.timeout)
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    series: Option<Vec<Series>>,
}

/// A series. Each of its points is a time and a value.
#[derive(Deserialize, Serialize)]
struct Series {
    #[serde(default)]
    pointlist: Option<Vec<Vec<Option<f64>>>>,
}

pub(super) fn parse(response: &Response) -> Result {
    let answer: Answer = body(response)?;
    let points = answer.series.iter().flatten().next().and_then(|series| series.pointlist.as_deref());
    let Some(points) = points.filter(|points| !points.is_empty()) else {
        return Ok(nothing(text::marshal(&answer.series)));
    };
    // A point may have a time and no value yet.
    for point in points.iter().rev() {
        match point.as_slice() {
            [_, Some(value)] => return Ok(Reading::new(Value::Float(*value), text::float(*value))),
            [_, None] => {}
            _ => return Err(Failure::new("Datapoint does not have 2 values")),
        }
    }
    Ok(nothing("[]"))
}
