//! What a controller is told at its start.

use crate::Monitor;
use futures::FutureExt;
use futures::future::BoxFuture;
use rollouts_api::{Clock, names};
use rollouts_kube::Rest;
use rollouts_kube::lease::LeaseOptions;
use rollouts_providers::http::Problem;
use rollouts_providers::job::Jobs;
use rollouts_providers::secrets::ClusterSecrets;
use rollouts_providers::{Http, HttpError, Providers, Request, Response, Tools};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What a controller looks after.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Controllers {
    /// Everything.
    #[default]
    All,
    /// AnalysisRuns alone: for those who make them without Rollouts.
    Analysis,
}

/// Options of [`crate::run`].
#[derive(Debug, Clone)]
pub struct Options {
    /// The present.
    pub clock: Clock,
    /// What to look after; nothing else is watched either.
    pub controllers: Controllers,
    /// Watch only this namespace.
    pub namespace: Option<String>,
    /// Handle only Rollouts with this value of the instance-id label; without it only those that lack the label.
    pub instance_id: Option<String>,
    /// How many Rollouts are reconciled at once.
    pub workers: usize,
    /// How many Experiments are reconciled at once.
    pub experiment_workers: usize,
    /// How many AnalysisRuns are reconciled at once.
    pub analysis_workers: usize,
    /// How many Services are cleaned up at once.
    pub service_workers: usize,
    /// To how many pods of one Rollout the metadata of their role is written at once.
    pub pod_writes: usize,
    /// How often that is tried with each pod before the whole Rollout is tried again.
    pub pod_write_tries: usize,
    /// Look at everything this often, whether or not anything changed. Nothing depends on it, and without it a lost
    /// wake-up would show; it is for what nobody thought of.
    pub resync: Option<Duration>,
    /// What is to be known about traffic routers.
    pub router_settings: Arc<rollouts_traffic::Settings>,
    /// The primary cluster of an Istio mesh, if its objects are not in the controller's own (traffic.md §2.1).
    pub istio_primary: Option<IstioPrimary>,
    /// How metrics are measured.
    pub measuring: MeasuringOptions,
    /// A window to look at the controller through.
    pub monitor: Monitor,
    /// Stand for election, and work only while the lease is held; without it there must be no other controller.
    pub election: Option<Election>,
}

/// How metrics are measured.
#[derive(Debug, Clone, Default)]
pub struct MeasuringOptions {
    /// Sends requests to the sources of metrics. Without it every measurement that needs one is an Error that says so.
    pub http: Option<Arc<dyn Http>>,
    /// Environment variables of the controller, where some providers look for addresses and credentials.
    pub variables: BTreeMap<String, String>,
    /// Namespace of the controller, where the credentials of some providers are.
    pub namespace: String,
    /// As in Argo Rollouts, a metric beyond both of its limits is Inconclusive and not Failed.
    pub inconclusive_over_failed: bool,
}

impl MeasuringOptions {
    pub(crate) fn providers(&self, rest: &Rest, clock: &Clock) -> Providers {
        let http = self.http.clone().unwrap_or_else(|| Arc::new(NoHttp));
        let secrets = Arc::new(ClusterSecrets::new(rest.clone()));
        let tools = Tools::new(http, secrets, clock.clone(), &self.namespace);
        let jobs = Jobs::from_variables(rest.clone(), &self.variables);
        let jobs = jobs.inspect_err(|error| tracing::error!("No metric can be measured by Jobs: {error}")).ok();
        Providers::new(Tools { variables: self.variables.clone(), jobs, ..tools })
    }
}

/// The way to the primary cluster of an Istio mesh.
#[derive(Clone)]
pub struct IstioPrimary(pub kube::Client);

impl fmt::Debug for IstioPrimary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IstioPrimary")
    }
}

/// No way to any source of metrics.
#[derive(Debug)]
struct NoHttp;

impl Http for NoHttp {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, HttpError>> {
        let problem = Problem::Other("this controller cannot send requests to sources of metrics".into());
        futures::future::ready(Err(request.failed(problem))).boxed()
    }
}

/// An election among controllers.
#[derive(Clone)]
pub struct Election {
    /// Which lease, as whom, and how patiently.
    pub lease: LeaseOptions,
    /// A way to the API server for the lease alone, so that a queue of other requests does not delay its renewal.
    pub client: kube::Client,
}

impl Election {
    /// The lease of the controllers with this instance id, in the namespace that they run in, with the times of
    /// Kubernetes' own components. `identity` must be unique among all candidates.
    pub fn new(client: kube::Client, namespace: &str, instance_id: Option<&str>, identity: &str) -> Self {
        let name = instance_id.map_or(LEASE.into(), |id| format!("{LEASE}-{id}"));
        Election { lease: LeaseOptions::new(namespace, name, identity), client }
    }

    /// The same among controllers of AnalysisRuns alone. Their lease is another one: with the same one, a controller of
    /// Rollouts beside them might wait for ever, and nobody would move Rollouts.
    #[must_use]
    pub fn of_analysis_alone(mut self) -> Self {
        self.lease.name.push_str("-analysis");
        self
    }
}

/// Name of the lease, without the instance id; the same as the Go controller's, so that both never work at once.
const LEASE: &str = "argo-rollouts-controller-lock";

impl fmt::Debug for Election {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Election").field("lease", &self.lease).finish_non_exhaustive()
    }
}

impl Options {
    /// The defaults of the Go controller, but for what depends on where it runs: without election and resync.
    pub fn new(clock: Clock) -> Self {
        Options {
            clock,
            controllers: Controllers::All,
            namespace: None,
            instance_id: None,
            workers: 10,
            experiment_workers: 10,
            analysis_workers: 30,
            service_workers: 10,
            pod_writes: 10,
            pod_write_tries: 3,
            resync: None,
            router_settings: Arc::default(),
            istio_primary: None,
            measuring: MeasuringOptions::default(),
            monitor: Monitor::default(),
            election: None,
        }
    }

    /// Selects the objects of this instance.
    pub(crate) fn instance_selector(&self) -> String {
        match &self.instance_id {
            Some(id) => format!("{}={id}", names::INSTANCE_ID),
            None => format!("!{}", names::INSTANCE_ID),
        }
    }
}
