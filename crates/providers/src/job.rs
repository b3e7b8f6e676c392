//! The provider `job` (analysis.md §4.6): a Job is created, and how it ends is the measurement.
//!
//! Nothing here is cached: a Job is looked at where it is, seldom ([`measure`]), so that no copy that lags behind can
//! take it for lost. Only how those ended that are gone is remembered ([`gone`]).

mod cleanup;
mod gone;
mod measure;
mod name;
mod object;
mod pods;

pub use object::{Job, JobOf, JobStatus};

pub(crate) use measure::{resume, run, terminate};

use gone::Gone;
use rollouts_api::analysis::AnalysisRun;
use rollouts_kube::backoff::Backoff;
use rollouts_kube::{ConnectError, ConnectOptions, RequestError, Rest, connect, connect_in_cluster};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Label on a Job and its pods: uid of the AnalysisRun. No others need to be watched.
pub const RUN_UID: &str = "analysisrun.argoproj.io/uid";
/// Annotation on a Job: name of the AnalysisRun.
pub const RUN_NAME: &str = "analysisrun.argoproj.io/name";
/// Annotation on a Job: namespace of the AnalysisRun.
pub const RUN_NAMESPACE: &str = "analysisrun.argoproj.io/namespace";
/// Annotation on a Job: name of the metric.
pub const METRIC_NAME: &str = "analysisrun.argoproj.io/metric-name";
/// Metadata of a measurement: the Job's name.
pub use rollouts_core::analysis::run::JOB_NAME;
/// Metadata of a measurement: the Job's namespace.
pub const JOB_NAMESPACE: &str = "job-namespace";

/// Environment variable with the namespace in which all Jobs run, wherever the AnalysisRun is.
const NAMESPACE_VARIABLE: &str = "ARGO_ROLLOUTS_ANALYSIS_JOB_NAMESPACE";
/// Environment variable with the kubeconfig file of the cluster in which Jobs run, or [`IN_CLUSTER`].
const KUBECONFIG_VARIABLE: &str = "ARGO_ROLLOUTS_ANALYSIS_JOB_KUBECONFIG";
/// The cluster whose pod this is, although the AnalysisRuns are in another one.
const IN_CLUSTER: &str = "in-cluster";

/// How often a request is made that may have failed only for now.
const TRIES_MAX: u32 = 5;

/// Where Jobs run.
#[derive(Clone)]
pub struct Jobs {
    rest: Rest,
    /// Of all Jobs; `None` for that of their AnalysisRun.
    namespace: Option<String>,
    /// The AnalysisRuns are in another cluster, as far as is known.
    elsewhere: bool,
    gone: Gone,
}

impl fmt::Debug for Jobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Jobs { rest: _, namespace, elsewhere, gone: _ } = self;
        f.debug_struct("Jobs").field("namespace", namespace).field("elsewhere", elsewhere).finish()
    }
}

impl Jobs {
    /// Beside the AnalysisRuns, which are where `rest` leads to.
    pub fn new(rest: Rest) -> Self {
        Jobs { rest, namespace: None, elsewhere: false, gone: Gone::default() }
    }

    /// All in one namespace.
    #[must_use]
    pub fn in_namespace(self, namespace: &str) -> Self {
        Jobs { namespace: Some(namespace.to_owned()), ..self }
    }

    /// In a cluster that is not that of the AnalysisRuns.
    #[must_use]
    pub fn in_cluster_of(self, rest: Rest) -> Self {
        Jobs { rest, elsewhere: true, ..self }
    }

    /// Where the controller's environment says; without a word of it, beside the AnalysisRuns, which are where `rest`
    /// leads to. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// A kubeconfig file that cannot be used, or a pod's credentials that are not there.
    pub fn from_variables(rest: Rest, variables: &BTreeMap<String, String>) -> Result<Self, ConnectError> {
        let variable = |name: &str| variables.get(name).map(String::as_str).filter(|value| !value.is_empty());
        let mut jobs = Jobs::new(rest);
        if let Some(namespace) = variable(NAMESPACE_VARIABLE) {
            jobs = jobs.in_namespace(namespace);
        }
        let options = ConnectOptions { user_agent: Some("rollouts-controller".to_owned()), ..Default::default() };
        let client = match variable(KUBECONFIG_VARIABLE) {
            None => return Ok(jobs),
            Some(IN_CLUSTER) => connect_in_cluster(&options)?,
            Some(path) => connect(&ConnectOptions { kubeconfig: Some(path.into()), ..options })?,
        };
        Ok(jobs.in_cluster_of(Rest::new(client.0)))
    }

    /// The way to the Jobs, for those who want to watch them: all that have the label [`RUN_UID`].
    pub fn rest(&self) -> &Rest {
        &self.rest
    }

    /// The namespace of all Jobs, if they have one.
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    fn namespace_for<'a>(&'a self, run: &'a AnalysisRun) -> &'a str {
        self.namespace.as_deref().unwrap_or(&run.metadata.namespace)
    }

    /// Whether Jobs of this run can have it as their owner: only what is in the same namespace can be one.
    pub fn can_be_owned(&self, run: &AnalysisRun) -> bool {
        !self.elsewhere && self.namespace_for(run) == run.metadata.namespace
    }
}

/// Makes a request again while it fails for reasons that may pass. It must be one that can be made twice.
async fn patiently<T, F>(mut request: impl FnMut() -> F) -> Result<T, RequestError>
where
    F: Future<Output = Result<T, RequestError>> + Send,
{
    let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(8));
    for _ in 1..TRIES_MAX {
        match request().await {
            Err(e) if e.is_transient() => {
                let wait = backoff.failed();
                tracing::warn!("a request on a Job failed, trying again in {wait:?}: {e}");
                tokio::time::sleep(wait).await;
            }
            done => return done,
        }
    }
    request().await
}
