//! Taking a measurement.

use crate::conditions::{cut_short, failed, judged};
use crate::context::{Context, Tools};
use crate::reading::{Failure, Reading, Result};
use crate::redaction::Redactor;
use crate::{
    cloud_watch, datadog, graphite, influxdb, job, kayenta, new_relic, prometheus, secrets, skywalking, wavefront, web,
};
use rollouts_api::analysis::{AnalysisRun, AnalysisRunStatus, Measurement, Metric, MetricProvider};
use rollouts_core::analysis::Phase;
use rollouts_core::analysis::args::{self, Arguments, SECRET_PLACEHOLDER};
use rollouts_core::analysis::run::{Answer, Ask, Task};
use rollouts_kube::RequestError;
use std::collections::BTreeMap;

/// All providers.
#[derive(Debug, Clone)]
pub struct Providers {
    tools: Tools,
}

/// What came of measuring.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// The measurement; unfinished if it has no `finishedAt`.
    pub measurement: Measurement,
    /// What the provider says of the metric.
    pub metadata: BTreeMap<String, String>,
}

impl Outcome {
    /// An error with that message and no times.
    pub fn failed(message: &str) -> Self {
        let (phase, message) = (Phase::Error.as_str().to_owned(), message.to_owned());
        let measurement = Measurement { phase, message, ..Measurement::default() };
        Outcome { measurement, metadata: BTreeMap::new() }
    }

    /// A measurement alone.
    pub fn of(measurement: Measurement) -> Self {
        Outcome { measurement, metadata: BTreeMap::new() }
    }
}

impl Providers {
    /// Providers with those tools.
    pub fn new(tools: Tools) -> Self {
        Providers { tools }
    }

    /// What all measurements share.
    pub fn tools(&self) -> &Tools {
        &self.tools
    }

    /// Does `task` of `run` from end to end: reads the secrets that the run's arguments need, fills the arguments in,
    /// measures, and hides the secrets in what comes of it. May be dropped at any time.
    pub async fn answer(&self, run: &AnalysisRun, task: &Task) -> Answer {
        let Some(metric) = run.spec.metrics.get(task.index) else {
            return Answer::Unresolved(format!("the run has no metric '{}'", task.metric));
        };
        let needed = args::secrets(&run.spec.args);
        let (mut found, missing) = secrets::values(self.tools.secrets.as_ref(), &run.metadata.namespace, &needed).await;
        if let Some(missing) = missing {
            if task.ask == Ask::Run {
                return Answer::Unresolved(args::unresolved(missing));
            }
            // What has begun is gone on with as well as can be.
            for reference in needed {
                found.entry(reference.clone()).or_insert_with(|| SECRET_PLACEHOLDER.to_owned());
            }
        }
        let arguments = Arguments::with_secrets(&run.spec.args, &found);
        let mut resolved = match arguments.and_then(|arguments| arguments.resolve(metric)) {
            Ok(resolved) => resolved,
            Err(e) => {
                let hide = Redactor::new(found.values().map(String::as_str), metric);
                return Answer::Unresolved(hide.redact(args::unresolved(e)));
            }
        };
        // What stands in names and labels is no secret.
        if resolved.name != task.metric {
            resolved.to_mut().name.clone_from(&task.metric);
        }
        let outcome = self.measure(run, &resolved, task.ask, task.measurement.clone()).await;
        // A placeholder is no secret.
        let secrets = found.values().map(String::as_str).filter(|value| *value != SECRET_PLACEHOLDER);
        let hide = Redactor::new(secrets, &resolved);
        Answer::Measured {
            measurement: hide.redact_measurement(outcome.measurement),
            metadata: hide.redact_metadata(outcome.metadata),
        }
    }

    /// Measures `metric`, whose arguments are filled in. `previous` is the unfinished measurement to go on with.
    pub async fn measure(
        &self,
        run: &AnalysisRun,
        metric: &Metric,
        ask: Ask,
        previous: Option<Measurement>,
    ) -> Outcome {
        let context = Context { run, metric, now: self.tools.clock.now(), tools: &self.tools };
        match (ask, previous) {
            (Ask::Run, _) | (_, None) => begin(&context).await,
            (ask, Some(previous)) => go_on(&context, ask, previous).await,
        }
    }
}

/// What a run leaves behind outside of itself: Jobs. Without a cluster to run them in there are none.
impl Providers {
    /// Carries out [`RunEffect::CollectGarbage`](rollouts_core::analysis::run::RunEffect::CollectGarbage).
    ///
    /// # Errors
    /// Not all could be deleted; trying again is safe.
    pub async fn collect_garbage(
        &self,
        run: &AnalysisRun,
        metric: &str,
        limit: usize,
    ) -> std::result::Result<(), RequestError> {
        match &self.tools.jobs {
            Some(jobs) => jobs.collect_garbage(run, metric, limit).await,
            None => Ok(()),
        }
    }

    /// Carries out [`RunEffect::EndJobs`](rollouts_core::analysis::run::RunEffect::EndJobs) of a run that ends with
    /// `status`, the one that the same plan writes.
    ///
    /// # Errors
    /// Not all could be deleted; trying again is safe.
    pub async fn end_jobs(
        &self,
        run: &AnalysisRun,
        status: &AnalysisRunStatus,
    ) -> std::result::Result<(), RequestError> {
        match &self.tools.jobs {
            Some(jobs) => jobs.end(run, status).await,
            None => Ok(()),
        }
    }
}

/// A provider by what it can be asked, in the order in which they are looked for (analysis.md §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Prometheus,
    Job,
    Kayenta,
    Web,
    Datadog,
    Wavefront,
    NewRelic,
    CloudWatch,
    Graphite,
    Influxdb,
    SkyWalking,
    Plugin,
}

impl Kind {
    fn of(provider: &MetricProvider) -> Option<Self> {
        let table = [
            (provider.prometheus.is_some(), Kind::Prometheus),
            (provider.job.is_some(), Kind::Job),
            (provider.kayenta.is_some(), Kind::Kayenta),
            (provider.web.is_some(), Kind::Web),
            (provider.datadog.is_some(), Kind::Datadog),
            (provider.wavefront.is_some(), Kind::Wavefront),
            (provider.new_relic.is_some(), Kind::NewRelic),
            (provider.cloud_watch.is_some(), Kind::CloudWatch),
            (provider.graphite.is_some(), Kind::Graphite),
            (provider.influxdb.is_some(), Kind::Influxdb),
            (provider.skywalking.is_some(), Kind::SkyWalking),
            (!provider.plugin.is_empty(), Kind::Plugin),
        ];
        table.into_iter().find(|(there, _)| *there).map(|(_, kind)| kind)
    }

    fn name(self) -> &'static str {
        match self {
            Kind::Prometheus => "Prometheus",
            Kind::Job => "Job",
            Kind::Kayenta => "Kayenta",
            Kind::Web => "Web",
            Kind::Datadog => "Datadog",
            Kind::Wavefront => "Wavefront",
            Kind::NewRelic => "NewRelic",
            Kind::CloudWatch => "CloudWatch",
            Kind::Graphite => "Graphite",
            Kind::Influxdb => "Influxdb",
            Kind::SkyWalking => "skywalking",
            Kind::Plugin => "RPCPlugin",
        }
    }
}

/// Name of a metric's provider as metrics of the controller label it; empty when it has none.
pub fn provider_name(metric: &Metric) -> &'static str {
    Kind::of(&metric.provider).map_or("", Kind::name)
}

/// A new measurement.
async fn begin(context: &Context<'_>) -> Outcome {
    // Providers that answer at once are judged here; those that need time, or say something of the metric, make their
    // own outcome.
    let provider = &context.metric.provider;
    let read: Result<Reading> = match Kind::of(provider) {
        None => Err(no_provider(context.metric)),
        Some(kind) => match (kind, provider) {
            (Kind::Prometheus, MetricProvider { prometheus: Some(prometheus), .. }) => {
                return prometheus::measure(context, prometheus).await;
            }
            (Kind::Job, MetricProvider { job: Some(job), .. }) => return job::run(context, job).await,
            (Kind::Web, MetricProvider { web: Some(web), .. }) => web::read(context, web).await,
            (Kind::Datadog, MetricProvider { datadog: Some(datadog), .. }) => datadog::read(context, datadog).await,
            (Kind::Graphite, MetricProvider { graphite: Some(graphite), .. }) => {
                graphite::read(context, graphite).await
            }
            (Kind::Kayenta, MetricProvider { kayenta: Some(kayenta), .. }) => {
                return kayenta::begin(context, kayenta).await;
            }
            (Kind::NewRelic, MetricProvider { new_relic: Some(new_relic), .. }) => {
                return new_relic::measure(context, new_relic).await;
            }
            (Kind::Wavefront, MetricProvider { wavefront: Some(wavefront), .. }) => {
                wavefront::read(context, wavefront).await
            }
            (Kind::Influxdb, MetricProvider { influxdb: Some(influxdb), .. }) => {
                influxdb::read(context, influxdb).await
            }
            (Kind::SkyWalking, MetricProvider { skywalking: Some(skywalking), .. }) => {
                skywalking::read(context, skywalking).await
            }
            (Kind::CloudWatch, MetricProvider { cloud_watch: Some(cloud_watch), .. }) => {
                cloud_watch::read(context, cloud_watch).await
            }
            (kind, _) => Err(not_supported(kind)),
        },
    };
    Outcome::of(judged(context, read))
}

/// An unfinished measurement, looked at again or to be ended.
async fn go_on(context: &Context<'_>, ask: Ask, previous: Measurement) -> Outcome {
    let provider = &context.metric.provider;
    if let (Some(kayenta), Some(Kind::Kayenta)) = (&provider.kayenta, Kind::of(provider)) {
        return match ask {
            Ask::Run | Ask::Resume => kayenta::resume(context, kayenta, previous).await,
            Ask::Terminate => kayenta::terminate(context, kayenta, previous).await,
        };
    }
    match (Kind::of(provider), ask) {
        (None, _) => {
            let failed = failed(context, no_provider(context.metric).to_string());
            Outcome::of(Measurement { started_at: previous.started_at, metadata: previous.metadata, ..failed })
        }
        (Some(Kind::Job), Ask::Run | Ask::Resume) => job::resume(context, previous).await,
        (Some(Kind::Job), Ask::Terminate) => job::terminate(context, previous).await,
        // All others have finished what they began; if one stands there nevertheless, it comes to no end by itself.
        (Some(_), Ask::Terminate) => Outcome::of(cut_short(context, previous)),
        (Some(_), Ask::Run | Ask::Resume) => begin(context).await,
    }
}

fn no_provider(metric: &Metric) -> Failure {
    Failure::new(format!("no valid provider in metric '{}'", metric.name))
}

fn not_supported(kind: Kind) -> Failure {
    Failure::new(format!("metric provider {} is not supported yet", kind.name()))
}
