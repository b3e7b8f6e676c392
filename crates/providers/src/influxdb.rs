//! The provider `influxdb`: Flux (analysis.md §4.10).

mod csv;
mod table;

use crate::context::Context;
use crate::http::{Request, Response};
use crate::keys::{Keys, hidden};
use crate::reading::{Failure, Reading, Result};
use crate::text;
use crate::url::form;
use rollouts_api::analysis::InfluxdbMetric;
use rollouts_expr::Value;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Secret in the controller's namespace of metrics that name none.
const SECRET: &str = "influxdb";
/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Queries InfluxDB for the `_value` of each record.
pub(crate) async fn read(context: &Context<'_>, influxdb: &InfluxdbMetric) -> Result {
    let profile = if influxdb.profile.is_empty() { SECRET } else { &influxdb.profile };
    let keys = Keys::of_controller(context, profile).await?;
    let (Some(address), Some(token), Some(org)) = (keys.get("address"), keys.get("authToken"), keys.get("org")) else {
        return Err(Failure::new("authToken, org, or address not found"));
    };
    let response = context.send(request(&address, &token, &org, &influxdb.query)).await?;
    hidden(context, &[&token], parse(&response))
}

#[derive(Serialize)]
struct Question<'a> {
    dialect: Dialect,
    query: &'a str,
    r#type: &'static str,
}

/// How to write the answer: with the types of columns.
#[derive(Serialize)]
struct Dialect {
    annotations: [&'static str; 3],
    delimiter: &'static str,
    header: bool,
}

fn request(address: &str, token: &str, org: &str, query: &str) -> Request {
    let dialect = Dialect { annotations: ["datatype", "group", "default"], delimiter: ",", header: true };
    let url = format!("{}/api/v2/query?{}", address.trim_end_matches('/'), form([("org", org)]));
    Request::new("POST", url, TIMEOUT)
        .header("Content-Type", "application/json")
        .header("Authorization", format!("Token {token}"))
        .body(text::marshal(&Question { dialect, query, r#type: "flux" }))
}

/// A refusal.
#[derive(Deserialize)]
struct Refusal {
    code: String,
    message: String,
}

fn parse(response: &Response) -> Result {
    if !response.is_success() {
        let body = response.text();
        return Err(Failure::new(match serde_json::from_str::<Refusal>(&body) {
            Ok(Refusal { code, message }) => format!("{code}: {message}"),
            Err(_) => format!("unexpected status code {}: {body}", response.status),
        }));
    }
    let values = table::values(&response.text()).map_err(Failure::new)?;
    if values.is_empty() {
        return Err(Failure::new("no results returned from flux query"));
    }
    let value = Value::List(values);
    let text = text::plain(&value);
    Ok(Reading::new(value, text))
}

#[cfg(test)]
mod tests;
