//! Doubles of what providers use, for tests.

mod load_balancers;

pub use load_balancers::LoadBalancers;

use crate::context::Tools;
use crate::http::{BODY_MAX, Http, HttpError, Problem, Request, Response};
use crate::providers::{Outcome, Providers};
use crate::secrets::{ReadSecrets, SecretData, SecretError};
use futures::future::BoxFuture;
use rollouts_api::analysis::{AnalysisRun, Metric};
use rollouts_api::{Clock, ObjectMeta};
use rollouts_core::analysis::run::Ask;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What a [`FakeHttp`] does with a request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Answers.
    Answer(Response),
    /// Fails with that text behind `Get "<url>": `.
    Error(String),
    /// Answers after that long, in tokio's time.
    Slow(Duration, Response),
}

impl Reply {
    /// An answer with that status and body.
    pub fn status(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Reply::Answer(Response { status, headers: Vec::new(), body: body.into() })
    }

    /// Status 200.
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Reply::status(200, body)
    }

    /// Status 200 with JSON.
    pub fn json(body: &Value) -> Self {
        Reply::ok(body.to_string())
    }
}

/// Answers from memory: the replies in their order, and remembers what was sent.
#[derive(Debug, Clone, Default)]
pub struct FakeHttp {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    replies: VecDeque<Reply>,
    sent: Vec<Request>,
}

impl FakeHttp {
    /// One that gives those replies, one a request; then it refuses connections.
    pub fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        let state = State { replies: replies.into_iter().collect(), sent: Vec::new() };
        FakeHttp { state: Arc::new(Mutex::new(state)) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a reply.
    pub fn push(&self, reply: Reply) {
        self.state().replies.push_back(reply);
    }

    /// What was sent so far.
    pub fn sent(&self) -> Vec<Request> {
        self.state().sent.clone()
    }

    /// What was sent so far, each as it goes over the wire (`Debug` of [`Request`]).
    pub fn wire(&self) -> Vec<String> {
        self.state().sent.iter().map(|request| format!("{request:?}")).collect()
    }
}

impl Http for FakeHttp {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, HttpError>> {
        let mut state = self.state();
        let reply = state.replies.pop_front().unwrap_or_else(|| Reply::Error("connection refused".to_owned()));
        state.sent.push(request.clone());
        Box::pin(async move {
            let response = match reply {
                Reply::Answer(response) => response,
                Reply::Error(text) => return Err(request.failed(Problem::Other(text))),
                Reply::Slow(wait, response) => {
                    tokio::time::sleep(wait).await;
                    response
                }
            };
            if response.body.len() > BODY_MAX {
                return Err(request.failed(Problem::TooLong));
            }
            Ok(response)
        })
    }
}

/// Secrets by namespace and name. Failures in front of them pass, one a read.
#[derive(Debug, Clone, Default)]
pub struct FakeSecrets {
    secrets: BTreeMap<(String, String), SecretData>,
    failures: Arc<Mutex<u32>>,
}

impl FakeSecrets {
    /// With one more Secret.
    #[must_use]
    pub fn with(mut self, namespace: &str, name: &str, data: &[(&str, &str)]) -> Self {
        let data = data.iter().map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec())).collect();
        self.secrets.insert((namespace.to_owned(), name.to_owned()), data);
        self
    }

    /// The next `n` reads fail, and would not if they were repeated later.
    #[must_use]
    pub fn failing(self, n: u32) -> Self {
        *self.failures.lock().unwrap_or_else(PoisonError::into_inner) = n;
        self
    }
}

impl ReadSecrets for FakeSecrets {
    fn read<'a>(&'a self, namespace: &'a str, name: &'a str) -> BoxFuture<'a, Result<SecretData, SecretError>> {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let read = if *failures > 0 {
            *failures -= 1;
            Err(SecretError::Passing("etcdserver: request timed out".to_owned()))
        } else {
            let found = self.secrets.get(&(namespace.to_owned(), name.to_owned())).cloned();
            found.ok_or_else(|| SecretError::not_found(name))
        };
        Box::pin(async move { read })
    }
}

/// A bench on which providers are tried: run `run` (uid `uid-1`) in namespace `default` of a controller in namespace
/// `argo-rollouts`, at `2026-01-02T03:04:05Z`, where time stands still.
#[derive(Debug)]
pub struct Bench {
    /// The source of the metrics.
    pub http: FakeHttp,
    /// The run; its arguments are those of [`Bench::answer`](Providers::answer).
    pub run: AnalysisRun,
    /// What is tried.
    pub providers: Providers,
}

impl Bench {
    /// A bench whose source of metrics gives those replies.
    pub fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::with_secrets(replies, FakeSecrets::default())
    }

    /// A bench with those Secrets.
    pub fn with_secrets(replies: impl IntoIterator<Item = Reply>, secrets: FakeSecrets) -> Self {
        let http = FakeHttp::new(replies);
        let clock = Clock::new(|| "2026-01-02T03:04:05Z".parse().unwrap_or_default());
        let tools = Tools::new(Arc::new(http.clone()), Arc::new(secrets), clock, "argo-rollouts");
        let metadata = ObjectMeta {
            name: "run".to_owned(),
            namespace: "default".to_owned(),
            uid: "uid-1".to_owned(),
            ..ObjectMeta::default()
        };
        let run = AnalysisRun { metadata, ..AnalysisRun::default() };
        Bench { http, run, providers: Providers::new(tools) }
    }

    /// With an environment variable of the controller.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        let mut tools = self.providers.tools().clone();
        tools.variables.insert(name.to_owned(), value.to_owned());
        self.providers = Providers::new(tools);
        self
    }

    /// A new measurement of the metric in that JSON.
    pub async fn measure(&self, metric: Value) -> Outcome {
        let metric: Metric = match serde_json::from_value(metric) {
            Ok(metric) => metric,
            Err(e) => return Outcome::failed(&format!("not a metric: {e}")),
        };
        self.providers.measure(&self.run, &metric, Ask::Run, None).await
    }
}

/// Phase and value or message of a new measurement of `metric` that gets this reply.
pub async fn said(reply: Reply, metric: Value) -> String {
    let measurement = Bench::new([reply]).measure(metric).await.measurement;
    format!("{} {}{}", measurement.phase, measurement.value, measurement.message)
}
