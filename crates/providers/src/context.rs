//! What a provider may use.

use crate::http::{Http, HttpError, Problem, Request, Response};
use crate::job::Jobs;
use crate::oauth2::Tokens;
use crate::reading;
use crate::secrets::ReadSecrets;
use crate::sigv4;
use jiff::{SignedDuration, Timestamp};
use rollouts_api::analysis::{AnalysisRun, Metric};
use rollouts_api::{Clock, GoDuration};
use rollouts_expr::Expr;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What all measurements, and other questions to services outside, share. Handed in, so that tests and simulations have their own.
#[derive(Debug, Clone)]
pub struct Tools {
    /// Sends requests.
    pub http: Arc<dyn Http>,
    /// Reads Secrets.
    pub secrets: Arc<dyn ReadSecrets>,
    /// Evaluates conditions.
    pub expr: Expr,
    /// The present.
    pub clock: Clock,
    /// Environment variables of the controller.
    pub variables: BTreeMap<String, String>,
    /// Namespace of the controller, where the credentials of some providers are.
    pub namespace: String,
    /// OAuth 2 tokens that still hold.
    pub tokens: Tokens,
    /// Credentials of AWS that still hold.
    pub aws: sigv4::Cache,
    /// Where Jobs run. Without it a metric that needs one is an Error that says so.
    pub jobs: Option<Jobs>,
}

/// One measurement's view of the world.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The run.
    pub run: &'a AnalysisRun,
    /// The metric with its arguments and secrets filled in.
    pub metric: &'a Metric,
    /// When the measurement began.
    pub now: Timestamp,
    /// What all share.
    pub tools: &'a Tools,
}

impl Tools {
    /// Tools of a controller in `namespace`, with no environment variables and no Jobs.
    pub fn new(http: Arc<dyn Http>, secrets: Arc<dyn ReadSecrets>, clock: Clock, namespace: &str) -> Self {
        let expr = Expr::new(clock.clone());
        Tools {
            http,
            secrets,
            expr,
            clock,
            variables: BTreeMap::new(),
            namespace: namespace.to_owned(),
            tokens: Tokens::default(),
            aws: sigv4::Cache::default(),
            jobs: None,
        }
    }

    /// An environment variable of the controller; an empty one is none.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Sends a request, bounded by its timeout whatever the sender does. A timeout of zero is over at once.
    pub async fn send(&self, request: Request) -> Result<Response, HttpError> {
        if let Some(problem) = misaddressed(&request.url) {
            return Err(request.failed(problem));
        }
        let late = request.failed(Problem::Timeout);
        if request.timeout.is_zero() {
            return Err(late);
        }
        match tokio::time::timeout(request.timeout, self.http.send(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(late),
        }
    }
}

impl Context<'_> {
    /// An environment variable of the controller; an empty one is none.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.tools.variable(name)
    }

    /// The time a Go duration before the measurement; saturates.
    pub fn before(&self, window: &str) -> reading::Result<Timestamp> {
        let parsed = GoDuration::parse(window).map_err(|e| reading::Failure::new(e.to_string()))?;
        let window = SignedDuration::from_nanos(parsed.nanos());
        let limit = if window.is_negative() { Timestamp::MAX } else { Timestamp::MIN };
        Ok(self.now.checked_sub(window).unwrap_or(limit))
    }

    /// See [`Tools::send`].
    pub async fn send(&self, request: Request) -> Result<Response, HttpError> {
        self.tools.send(request).await
    }

    /// Several requests for the sake of one, all together within its timeout.
    pub async fn within<T>(
        &self,
        request: &Request,
        work: impl Future<Output = reading::Result<T>>,
    ) -> reading::Result<T> {
        match tokio::time::timeout(request.timeout, work).await {
            Ok(done) => done,
            Err(_) => Err(request.failed(Problem::Timeout).into()),
        }
    }
}

/// What Go's client says of a URL that it cannot call.
fn misaddressed(url: &str) -> Option<Problem> {
    let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
    if !["http", "https"].contains(&scheme.to_ascii_lowercase().as_str()) {
        return Some(Problem::Other(format!("unsupported protocol scheme {}", rollouts_api::field::quote(scheme))));
    }
    let no_host = || Problem::Other("http: no Host in request URL".to_owned());
    crate::url::Url::parse(url).is_none().then(no_host)
}
