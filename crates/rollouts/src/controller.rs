//! `rollouts controller`: the controller against a cluster.

pub mod flags;
mod identity;
mod istio;
mod metrics;
mod probes;
mod settings;

use crate::logging::{self, Level};
use crate::signals::Signals;
use anyhow::{Context, Result, anyhow, ensure};
use rollouts_cli::cobra::Matches;
use rollouts_controller::{Controllers, Election, IstioPrimary, MeasuringOptions, Monitor, Options};
use rollouts_kube::client::connect;
use rollouts_kube::{ConnectOptions, system_clock};
use rollouts_providers::client::NetworkHttp;
use settings::{ElectionTimes, Settings};
use std::io::Write;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Runs until the process is told to stop or loses its lease.
pub async fn run(matches: &Matches) -> Result<()> {
    let version = version();
    if matches.bool("version") {
        return Ok(writeln!(std::io::stdout(), "{version}")?);
    }
    let mut signals = Signals::catch();
    let level = matches.text("loglevel");
    let level = Level::parse(level).ok_or_else(|| anyhow!("not a valid logrus Level: {level:?}"))?;
    let format = matches.text("logformat").to_lowercase();
    logging::start(level, format == "json", matches.int("kloglevel"));
    if !matches!(&*format, "" | "text" | "json") {
        tracing::info!("Unknown format: {format}. Using text logformat");
    }
    let settings = Settings::read(matches, &version)?;
    let (client, context_namespace) = connect(&settings.connection).context("cannot connect to the cluster")?;
    let namespace = identity::controller_namespace();

    let mut options = Options::new(system_clock());
    options.controllers = settings.controllers;
    options.namespace = settings.namespaced.then_some(context_namespace);
    options.instance_id = settings.instance_id;
    options.workers = settings.rollout_workers;
    options.experiment_workers = settings.experiment_workers;
    options.analysis_workers = settings.analysis_workers;
    options.measuring = MeasuringOptions {
        http: Some(Arc::new(NetworkHttp::new())),
        // What is no text is no address and no credential either.
        variables: std::env::vars_os()
            .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
            .collect(),
        namespace: namespace.clone(),
        inconclusive_over_failed: settings.inconclusive_over_failed,
    };
    options.service_workers = settings.service_workers;
    options.pod_writes = settings.pod_writes;
    options.pod_write_tries = settings.pod_write_tries;
    options.resync = settings.resync;
    options.router_settings = Arc::new(settings.routers);
    let in_namespace = options.namespace.is_some().then_some(namespace.as_str());
    options.istio_primary = istio::primary(&client, in_namespace, &settings.connection).await.map(IstioPrimary);
    options.monitor = Monitor::default();
    if let Some(times) = settings.election {
        let election = election(&settings.connection, &namespace, options.instance_id.as_deref(), times)?;
        options.election = Some(match options.controllers {
            Controllers::All => election,
            Controllers::Analysis => election.of_analysis_alone(),
        });
    }
    tracing::info!(
        version,
        namespace,
        instanceID = options.instance_id.as_deref().unwrap_or(""),
        metricsPort = settings.metrics_port,
        healthzPort = settings.healthz_port,
        "Argo Rollouts controller starting"
    );
    if !settings.without_effect.is_empty() {
        let flags = settings.without_effect.join(", ");
        tracing::warn!("No effect in this version, which lacks what they are about: {flags}");
    }
    tokio::spawn(probes::serve(settings.healthz_port, options.monitor.clone()));
    tokio::spawn(metrics::serve(settings.metrics_port, options.monitor.clone(), version));

    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        signals.next().await;
        tracing::info!("Told to stop: work in progress ends, then the process");
        told.cancel();
        signals.next().await;
        std::process::exit(1);
    });
    rollouts_controller::run(client, options, stop).await;
    Ok(())
}

fn election(
    connection: &ConnectOptions,
    namespace: &str,
    instance_id: Option<&str>,
    times: ElectionTimes,
) -> Result<Election> {
    ensure!(!namespace.is_empty(), "Error LeaderElectionNamespace is empty");
    // Its own connection and no limit: renewals wait for nobody.
    let (client, _) = connect(&ConnectOptions { throttle: None, ..connection.clone() })?;
    let mut election = Election::new(client, namespace, instance_id, &identity::identity());
    election.lease.duration = times.duration;
    election.lease.renew_deadline = times.renew_deadline;
    election.lease.retry_period = times.retry_period;
    Ok(election)
}

/// Which build this is: `v1.2.3` of a release, `v1.2.3+abcdef0` in between.
fn version() -> String {
    const VERSION: &str = concat!("v", env!("CARGO_PKG_VERSION"));
    let commit = option_env!("ROLLOUTS_GIT_COMMIT").and_then(|commit| commit.get(..7));
    let dirty = if option_env!("ROLLOUTS_GIT_TREE_STATE") == Some("dirty") { ".dirty" } else { "" };
    commit.map_or(VERSION.into(), |commit| format!("{VERSION}+{commit}{dirty}"))
}
