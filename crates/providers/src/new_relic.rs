//! The provider `newRelic`: NRQL through NerdGraph, New Relic's GraphQL (analysis.md §4.4).

use crate::conditions::judged;
use crate::context::Context;
use crate::graphql::Answer;
use crate::http::{Request, Response};
use crate::keys::{Keys, hidden};
use crate::providers::Outcome;
use crate::reading::{Failure, Reading, Result};
use crate::text;
use rollouts_api::analysis::NewRelicMetric;
use rollouts_expr::Value;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Secret in the controller's namespace of metrics that name none.
const SECRET: &str = "newrelic";
/// Seconds that a query may run unless the metric says otherwise.
const TIMEOUT: i64 = 5;
/// What an answer may take longer than its query.
const TIMEOUT_MARGIN: Duration = Duration::from_secs(5);
/// Asks for the rows of an NRQL query.
const GRAPHQL: &str = "query($accountId: Int!, $query: Nrql!, $timeout: Seconds) { actor { account(id: $accountId) \
                       { nrql(query: $query, timeout: $timeout) { results } } } }";

/// Queries New Relic. What is wrong with the metric or its credentials is told without its metadata.
pub(crate) async fn measure(context: &Context<'_>, new_relic: &NewRelicMetric) -> Outcome {
    let asked = async {
        let seconds = u64::try_from(new_relic.timeout.unwrap_or(TIMEOUT))
            .map_err(|_| Failure::new("timeout value needs to be a positive value"))?;
        let account = Account::find(context, &new_relic.profile).await?;
        Ok((request(&account, &new_relic.query, seconds), account))
    };
    let (request, account) = match asked.await {
        Ok(asked) => asked,
        Err(failure) => return Outcome::of(judged(context, Err(failure))),
    };
    let mut metadata = BTreeMap::new();
    if !new_relic.query.is_empty() {
        metadata.insert("ResolvedNewRelicQuery".to_owned(), new_relic.query.clone());
    }
    let read = match context.send(request).await {
        Ok(response) => hidden(context, &[&account.key], parse(&response)),
        Err(e) => Err(e.into()),
    };
    Outcome { measurement: judged(context, read), metadata }
}

/// Who to be, and where.
struct Account {
    id: i64,
    key: String,
    url: String,
}

impl Account {
    async fn find(context: &Context<'_>, profile: &str) -> Result<Self> {
        let profile = if profile.is_empty() { SECRET } else { profile };
        let keys = Keys::of_controller(context, profile).await?;
        let (Some(key), Some(id)) = (keys.get("personal-api-key"), keys.get("account-id")) else {
            return Err(Failure::new("account ID or personal API key not found"));
        };
        let id = id.parse().map_err(|_| {
            let quoted = rollouts_api::field::quote(&id);
            Failure::new(format!("could not parse account ID: strconv.Atoi: parsing {quoted}: invalid syntax"))
        })?;
        let url = match keys.get("base-url-nerdgraph") {
            Some(url) => url,
            None => endpoint(keys.get("region").as_deref().unwrap_or("us"))?.to_owned(),
        };
        Ok(Account { id, key, url })
    }
}

fn endpoint(region: &str) -> Result<&'static str> {
    match region.to_ascii_lowercase().as_str() {
        "us" => Ok("https://api.newrelic.com/graphql"),
        "eu" => Ok("https://api.eu.newrelic.com/graphql"),
        "staging" => Ok("https://staging-api.newrelic.com/graphql"),
        _ => Err(Failure::new(format!("unknown region: {region}"))),
    }
}

#[derive(Serialize)]
struct Question<'a> {
    query: &'static str,
    variables: Variables<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Variables<'a> {
    account_id: i64,
    query: &'a str,
    /// Seconds.
    timeout: u64,
}

fn request(account: &Account, query: &str, seconds: u64) -> Request {
    let question =
        Question { query: GRAPHQL, variables: Variables { account_id: account.id, query, timeout: seconds } };
    let timeout = Duration::from_secs(seconds).saturating_add(TIMEOUT_MARGIN);
    Request::new("POST", &account.url, timeout)
        .header("Content-Type", "application/json")
        .header("Api-Key", account.key.as_str())
        .body(text::marshal(&question))
}

/// One row is an object, several are a list of them.
fn parse(response: &Response) -> Result {
    if !response.is_success() {
        let (code, body) = (response.status, response.text());
        return Err(Failure::new(format!("received non 2xx response code: {code} {body}")));
    }
    let mut answer: Answer =
        serde_json::from_slice(&response.body).map_err(|e| Failure::new(format!("could not parse JSON body: {e}")))?;
    let problems: Vec<&str> = answer.problems().collect();
    if !problems.is_empty() {
        return Err(Failure::new(problems.join(", ")));
    }
    let rows = answer.data.pointer_mut("/actor/account/nrql/results").map(serde_json::Value::take);
    let result = match rows {
        Some(serde_json::Value::Array(mut rows)) if rows.len() == 1 => rows.pop(),
        Some(serde_json::Value::Array(rows)) if !rows.is_empty() => Some(serde_json::Value::Array(rows)),
        _ => None,
    };
    let empty = |result: &serde_json::Value| result.is_null() || result.as_object().is_some_and(|row| row.is_empty());
    let result = result.filter(|r| !empty(r)).ok_or_else(|| Failure::new("no results returned from NRQL query"))?;
    let value = Value::from(result);
    let text = text::json(&value);
    Ok(Reading::new(value, text))
}

#[cfg(test)]
mod tests;
