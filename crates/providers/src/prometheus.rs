//! The provider `prometheus` (analysis.md §4.1).

mod answer;

use crate::conditions::judged;
use crate::context::Context;
use crate::http::{Request, Response};
use crate::oauth2;
use crate::providers::Outcome;
use crate::reading::{Failure, Result};
use crate::sigv4::{self, Identity, Scope};
use crate::text;
use crate::url::{Url, form};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rollouts_api::GoDuration;
use rollouts_api::analysis::{OAuth2, PrometheusMetric, PrometheusRangeQuery, Sigv4};
use rollouts_expr::Evaluator as _;
use std::collections::BTreeMap;
use std::time::Duration;

/// Environment variable with the address of metrics that name none.
const ADDRESS_VARIABLE: &str = "ARGO_ROLLOUTS_PROMETHEUS_ADDRESS";
/// What addresses of AWS's managed Prometheus have in them: no others are signed for.
const AWS_WORKSPACES: &str = "aps-workspaces";
/// Seconds that an answer may take unless the metric says otherwise.
const TIMEOUT: i64 = 30;

/// Queries the server. What is wrong with the metric itself is told without its metadata.
pub(crate) async fn measure(context: &Context<'_>, prometheus: &PrometheusMetric) -> Outcome {
    let server = match Server::of(context, prometheus) {
        Ok(server) => server,
        Err(failure) => return Outcome::of(judged(context, Err(failure))),
    };
    let mut metadata = BTreeMap::new();
    if !prometheus.query.is_empty() {
        metadata.insert("ResolvedPrometheusQuery".to_owned(), prometheus.query.clone());
    }
    let read = match query(context, prometheus) {
        Ok(query) => server.ask(context, &query).await.and_then(|response| answer::parse(&response)),
        Err(failure) => Err(failure),
    };
    Outcome { measurement: judged(context, read), metadata }
}

/// A server and who to be there.
struct Server<'a> {
    url: Url<'a>,
    timeout: Duration,
    insecure: bool,
    headers: Vec<(&'a str, String)>,
    oauth2: Option<&'a OAuth2>,
    sigv4: Option<Identity<'a>>,
}

/// What to ask for.
struct Query {
    endpoint: &'static str,
    form: String,
}

impl<'a> Server<'a> {
    fn of(context: &'a Context<'_>, prometheus: &'a PrometheusMetric) -> Result<Self> {
        let address = match prometheus.address.as_str() {
            "" => context
                .variable(ADDRESS_VARIABLE)
                .ok_or_else(|| Failure::new("prometheus address is not configured"))?,
            address => address,
        };
        let url = Url::parse(address).ok_or_else(|| Failure::new("prometheus address is not is url format"))?;
        let auth = &prometheus.authentication;
        let mut headers: Vec<(&str, String)> =
            prometheus.headers.iter().map(|header| (header.key.as_str(), header.value.clone())).collect();
        let basic = auth.basic_auth.as_ref().filter(|b| !b.username.is_empty() || !b.password.is_empty());
        if let Some(basic) = basic {
            for (part, value) in [("username", &basic.username), ("password", &basic.password)] {
                if value.is_empty() {
                    let said = format!("missing mandatory parameter in metric for basic auth setup: {part}");
                    return Err(Failure::new(said));
                }
            }
            let pair = STANDARD.encode(format!("{}:{}", basic.username, basic.password));
            headers.push(("Authorization", format!("Basic {pair}")));
        }
        let sigv4 = auth.sigv4.as_ref().filter(|s| **s != Sigv4::default() && address.contains(AWS_WORKSPACES));
        let sigv4 = sigv4.map(|Sigv4 { region, profile, role_arn }| Identity { region, profile, role_arn });
        let oauth2 = oauth2::checked(auth.oauth2.as_ref())?;
        let timeout = u64::try_from(prometheus.timeout.unwrap_or(TIMEOUT))
            .map_err(|_| Failure::new("prometheus timeout should not be negative"))?;
        let timeout = Duration::from_secs(timeout);
        Ok(Server { url, timeout, insecure: prometheus.insecure, headers, oauth2, sigv4 })
    }

    /// The request; what cannot POST is asked by GET.
    fn request(&self, query: &Query, method: &str) -> Request {
        let path = format!("{}{}", self.url.path.trim_end_matches('/'), query.endpoint);
        let in_url = if method == "GET" { query.form.as_str() } else { "" };
        let mut request = Request::new(method, self.url.with(&path, in_url), self.timeout);
        request.insecure = self.insecure;
        if method != "GET" {
            request.set_header("Content-Type", "application/x-www-form-urlencoded");
            request = request.body(query.form.as_str());
        }
        for (name, value) in &self.headers {
            request.set_header(name, value.as_str());
        }
        request
    }

    async fn ask(&self, context: &Context<'_>, query: &Query) -> Result<Response> {
        let post = self.request(query, "POST");
        context
            .within(&post, async {
                let response = self.send(context, post.clone()).await?;
                // Gateways that let only reading through refuse a POST.
                match response.status {
                    403 | 405 | 501 => self.send(context, self.request(query, "GET")).await,
                    _ => Ok(response),
                }
            })
            .await
    }

    async fn send(&self, context: &Context<'_>, mut request: Request) -> Result<Response> {
        if let Some(credentials) = self.oauth2 {
            oauth2::authorize(context, credentials, &mut request, true).await?;
        }
        // Last: what is signed must stay as it is.
        if let Some(identity) = self.sigv4 {
            let (region, credentials) =
                (sigv4::region(context.tools, identity)?, sigv4::credentials(context.tools, identity).await?);
            let scope = Scope { service: "aps", region: &region };
            sigv4::sign(&mut request, &credentials, scope, context.tools.clock.now());
        }
        let response = context.send(request).await?;
        if let Some(credentials) = self.oauth2 {
            oauth2::learn(context, credentials, self.insecure, &response);
        }
        Ok(response)
    }
}

fn query(context: &Context<'_>, prometheus: &PrometheusMetric) -> Result<Query> {
    let Some(range) = &prometheus.range_query else {
        let time = seconds(context.now);
        let form = form([("query", prometheus.query.as_str()), ("time", &time)]);
        return Ok(Query { endpoint: "/api/v1/query", form });
    };
    let PrometheusRangeQuery { start, end, step } = range;
    let time = |name: &str, source: &str| {
        let time = context.tools.expr.time(source, context.now);
        time.map(seconds).map_err(|e| Failure::new(format!("failed to parse rangeQuery.{name} as time: {e}")))
    };
    let (start, end) = (time("start", start)?, time("end", end)?);
    let step = GoDuration::parse(step)
        .map_err(|e| Failure::new(format!("failed to parse rangeQuery.step as duration: {e}")))?;
    let step = text::float(step.nanos() as f64 / 1e9);
    let pairs = [("end", end.as_str()), ("query", &prometheus.query), ("start", &start), ("step", &step)];
    Ok(Query { endpoint: "/api/v1/query_range", form: form(pairs) })
}

/// Unix time with its fraction.
fn seconds(time: Timestamp) -> String {
    text::float(time.as_second() as f64 + f64::from(time.subsec_nanosecond()) / 1e9)
}

#[cfg(test)]
mod tests;
