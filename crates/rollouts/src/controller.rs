//! `rollouts controller`: the controller against a cluster.

use crate::{logging, signals};
use anyhow::{Context, Result, bail};
use rollouts_cli::cobra::Matches;
use rollouts_kube::client::{ConnectOptions, connect};
use rollouts_kube::system_clock;
use tokio_util::sync::CancellationToken;

/// Runs until the process is told to stop.
pub async fn run(matches: &Matches) -> Result<()> {
    let level = match matches.text("loglevel") {
        level @ ("debug" | "info" | "warn" | "error") => level,
        other => bail!("--loglevel {other}: use one of debug, info, warn, error"),
    };
    let json = match matches.text("logformat") {
        "json" => true,
        "text" => false,
        other => bail!("--logformat {other}: use one of text, json"),
    };
    logging::start(level, json);
    let workers = usize::try_from(matches.int("rollout-threads")).ok().filter(|n| *n > 0);
    let workers = workers.context("--rollout-threads: must be at least 1")?;
    let given = |flag: &str| Some(matches.text(flag).to_string()).filter(|text| !text.is_empty());
    let connection = ConnectOptions {
        kubeconfig: given("kubeconfig").map(Into::into),
        context: given("context"),
        ..Default::default()
    };
    let (client, _) = connect(&connection).context("cannot connect to the cluster")?;
    let mut options = rollouts_controller::Options::new(system_clock());
    options.namespace = given("namespace");
    options.instance_id = given("instance-id");
    options.workers = workers;
    let stop = CancellationToken::new();
    let ended = stop.clone();
    tokio::spawn(async move {
        signals::interrupted().await;
        ended.cancel();
        tracing::info!("Told to stop: work in progress ends, then the process");
    });
    rollouts_controller::run(client, options, stop).await;
    Ok(())
}
