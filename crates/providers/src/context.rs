//! What a provider may use.

use crate::http::{Http, HttpError, Problem, Request, Response};
use crate::secrets::ReadSecrets;
use jiff::Timestamp;
use rollouts_api::Clock;
use rollouts_api::analysis::{AnalysisRun, Metric};
use rollouts_expr::Expr;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What all measurements share. Handed in, so that tests and simulations have their own.
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
    /// Tools of a controller in `namespace`, with no environment variables.
    pub fn new(http: Arc<dyn Http>, secrets: Arc<dyn ReadSecrets>, clock: Clock, namespace: &str) -> Self {
        let expr = Expr::new(clock.clone());
        Tools { http, secrets, expr, clock, variables: BTreeMap::new(), namespace: namespace.to_owned() }
    }
}

impl Context<'_> {
    /// An environment variable of the controller; an empty one is none.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.tools.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Sends a request, bounded by its timeout whatever the sender does. A timeout of zero is over at once.
    pub async fn send(&self, request: Request) -> Result<Response, HttpError> {
        let late = request.failed(Problem::Timeout);
        if request.timeout.is_zero() {
            return Err(late);
        }
        match tokio::time::timeout(request.timeout, self.tools.http.send(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(late),
        }
    }
}
