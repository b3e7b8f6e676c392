//! N AnalysisRuns that measure without end: what they cost, and whether they measure in time.

mod prometheus;
mod source;

use crate::count::{is_write, since, writes};
use crate::options::Options;
use crate::process::Process;
use crate::round::Server;
use crate::serve::LOAD;
use anyhow::{Context, Result};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::SignedDuration;
use rollouts_api::analysis::AnalysisRun;
use rollouts_kube::cache::Change;
use rollouts_kube::client::{ConnectOptions, connect};
use rollouts_kube::{Cache, Rest, resource};
use serde_json::{Value, json};
use source::{QUERY, Source};
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

const NAMESPACE: &str = "bench";
/// Requests of the load at once.
const CONCURRENCY: usize = 16;
/// Until everything that comes with the beginning is over.
const WARM_UP: Duration = Duration::from_secs(30);
const MINUTE: Duration = Duration::from_secs(60);

pub const HEADER: &str = "\
| minute | CPU, s | RSS, MiB | peak | requests/s | connections opened | late p50, ms | p99 | max | writes |
|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|";

/// Prints a row a minute.
pub async fn run(options: &Options, runs: usize) -> Result<()> {
    let tier = options.tier.name();
    let (server, kubeconfig) = Process::start_role(&["serve", tier])?;
    let mut server = Server(server);
    let prometheus = if options.prometheus { Some(prometheus::start().await?) } else { None };
    let source = Source::start(prometheus.as_ref().map(|server| server.address)).await?;
    let connection = ConnectOptions {
        kubeconfig: Some(kubeconfig.clone().into()),
        user_agent: Some(LOAD.into()),
        ..Default::default()
    };
    let (client, _) = connect(&connection)?;
    let rest = Rest::new(client.clone());
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
    let _: Value = rest.create(&resource::NAMESPACES, "", &namespace).await.context("the namespace")?;
    let stop = CancellationToken::new();
    let _stops = stop.clone().drop_guard();
    let _watched = watch(client, &source, options.interval_seconds, &stop);

    let controller = start(options, &kubeconfig)?;
    sleep(Duration::from_secs(3)).await;
    let requests = (0..runs).map(|i| {
        let (rest, run) = (rest.clone(), analysis(i, &source, options.interval_seconds));
        async move { rest.create::<Value>(&resource::ANALYSIS_RUNS, NAMESPACE, &run).await.map(drop) }
    });
    stream::iter(requests).buffer_unordered(CONCURRENCY).try_collect::<()>().await?;
    sleep(WARM_UP).await;
    let begun = source.take();
    println!("the first {} requests opened {} connections", begun.requests, begun.connections);
    println!("{HEADER}");
    for minute in 1..=options.minutes {
        let (cpu, before, started) = (controller.cpu()?, server.requests()?, Instant::now());
        sleep(MINUTE).await;
        let minutes = started.elapsed().as_secs_f64() / MINUTE.as_secs_f64();
        let (cpu, made) = (controller.cpu()? - cpu, since(&before, &server.requests()?));
        let (rss, peak) = controller.memory()?;
        let counted = source.take();
        let millis = |at: Duration| at.as_secs_f64() * 1000.0;
        println!(
            "| {minute} | {:.2} | {:.1} | {:.1} | {:.1} | {} | {:.1} | {:.1} | {:.1} | {:.0} |",
            cpu.as_secs_f64() / minutes,
            mib(rss),
            mib(peak),
            counted.requests as f64 / minutes / 60.0,
            counted.connections,
            millis(counted.late_at(500)),
            millis(counted.late_at(990)),
            millis(counted.late_at(1000)),
            writes(&made) as f64 / minutes,
        );
        if options.details {
            made.iter()
                .for_each(|(name, n)| println!("    {n:>8} {name}{}", if is_write(name) { "" } else { " (read)" }));
        }
    }
    Ok(())
}

fn start(options: &Options, kubeconfig: &str) -> Result<Process> {
    let mut flags: Vec<String> =
        ["controller", "--leader-elect=false", "--kubeconfig", kubeconfig].map(Into::into).into();
    flags.extend(options.controller_flags.iter().cloned());
    Process::start(Path::new(&options.controller), &flags)
}

/// Tells the source when each run is due: an interval after the end of its last measurement, as its status has it.
fn watch(client: kube::Client, source: &Source, interval_seconds: u64, stop: &CancellationToken) -> Cache<AnalysisRun> {
    let source = source.clone();
    let interval = SignedDuration::from_secs(i64::try_from(interval_seconds).unwrap_or(i64::MAX));
    Cache::builder(client, resource::ANALYSIS_RUNS)
        .namespace(Some(NAMESPACE))
        .on_change(move |change: &Change<AnalysisRun>| {
            let Change::Updated { new: run, .. } = change else { return };
            let last = run.status.metric_results.first().and_then(|result| result.measurements.last());
            let due = last.and_then(|m| m.finished_at).and_then(|at| at.timestamp().checked_add(interval).ok());
            if let Some(due) = due {
                source.expect(run.metadata.name.clone(), due);
            }
        })
        .start(stop)
}

fn analysis(i: usize, source: &Source, interval_seconds: u64) -> Value {
    let name = format!("run-{i:05}");
    let prometheus = json!({"address": format!("http://{}", source.address), "query": format!("{QUERY}{name}\"}}")});
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisRun",
        "metadata": {"name": name},
        "spec": {"metrics": [{
            "name": "up",
            "interval": format!("{interval_seconds}s"),
            "successCondition": "result[0] == 1",
            "provider": {"prometheus": prometheus},
        }]},
    })
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
