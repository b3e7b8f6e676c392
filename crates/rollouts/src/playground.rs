//! `rollouts playground`: a Kubernetes API server, its actors, the controller, sample applications and what measures
//! them in one process.

mod files;
mod metrics;
mod progress;
mod samples;
mod traffic;

use anyhow::{Context, Result};
use futures::FutureExt;
use rollouts_actors::foreign;
use rollouts_kube::{Rest, resource, system_clock};
use rollouts_providers::client::NetworkHttp;
use std::future::Future;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What the command line asked for.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the API server listens; port 0 means any.
    pub listen: SocketAddr,
    /// Where the kubeconfig goes; `None` means the playground's own directory.
    pub kubeconfig: Option<PathBuf>,
    /// Whether to apply the sample applications.
    pub samples: bool,
    /// Whether to run the controller.
    pub controller: bool,
    /// Whether to end once the samples are Healthy.
    pub until_healthy: bool,
}

/// Runs until `interrupted` resolves, or until the samples are Healthy if that was asked for.
pub async fn run(options: Options, out: &mut dyn Write, interrupted: impl Future<Output = ()>) -> Result<()> {
    let listener = TcpListener::bind(options.listen).await.with_context(|| {
        format!(
            "cannot listen on {}: choose another address with --listen, such as 127.0.0.1:0 for any port",
            options.listen
        )
    })?;
    let address = listener.local_addr().context("cannot read the address of the listening socket")?;
    let clock = system_clock();
    let server = rollouts_memkube::Server::new(rollouts_memkube::Config::new(clock.clone()));
    let tls = rollouts_memkube::Tls::self_signed(&[address.ip()]).context("cannot make a certificate")?;
    let files = files::write(&options, &server.kubeconfig(address, &tls))?;
    let client = |who| rollouts_kube::client::from_service_as(server.service(), who);
    let rest = Rest::new(client("playground"));
    for crd in rollouts_api::crd::manifests().into_iter().chain(foreign::definitions()) {
        let _: serde_json::Value = rest
            .create(&resource::CUSTOM_RESOURCE_DEFINITIONS, "", &crd)
            .await
            .with_context(|| format!("cannot install the CRD {}", crd["metadata"]["name"]))?;
    }
    writeln!(out, "Kubernetes API server  https://{address}  (in memory, gone when this ends)")?;
    let source = metrics::Source::bind().await.context("cannot listen for queries of metrics")?;
    let prometheus = source.address;
    writeln!(out, "Prometheus             http://{prometheus}  (http_errors_ratio of the pods)")?;

    // Beside the API server's port, so that one can remember it.
    let port = options.listen.port().checked_add(1).filter(|_| options.listen.port() > 0).unwrap_or(0);
    let painter = traffic::Painter::bind(port).await.context("cannot listen for questions about traffic")?;
    let pictures = painter.address;
    let of = if options.samples { "traffic-demo" } else { "NAME" };
    writeln!(out, "Where requests go      http://{pictures}/{of}")?;

    let stop = CancellationToken::new();
    let mut tasks = tokio::task::JoinSet::new();
    let closing = stop.clone();
    let serving = server.clone();
    tasks.spawn(async move {
        if let Err(error) = serving.serve_https(listener, tls, closing.cancelled_owned()).await {
            tracing::error!("The API server ended: {error}");
        }
    });
    tasks.spawn(stop.clone().run_until_cancelled_owned(source.serve(rest.clone(), clock.clone())).map(drop));
    tasks.spawn(stop.clone().run_until_cancelled_owned(painter.serve(rest.clone())).map(drop));
    let actors = rollouts_actors::Options::new(clock.clone());
    let (closing, actors_client) = (stop.clone(), client("kube-controller-manager"));
    tasks.spawn(async move {
        if let Err(error) = rollouts_actors::run(actors_client, actors, closing.cancelled_owned()).await {
            tracing::error!("The simulated nodes ended: {error}");
        }
    });
    if options.controller {
        let mut controller = rollouts_controller::Options::new(clock.clone());
        controller.measuring.http = Some(Arc::new(NetworkHttp::new()));
        tasks.spawn(rollouts_controller::run(client("rollouts-controller"), controller, stop.clone()));
        writeln!(out, "Argo Rollouts          running")?;
    } else {
        writeln!(out, "Argo Rollouts          not started (--no-controller)")?;
    }
    out.flush()?;

    let session = async {
        if options.samples {
            samples::apply(&rest, prometheus, out).await?;
            if options.controller {
                progress::until_healthy(&rest, out).await?;
            }
        }
        if options.until_healthy {
            return Ok(());
        }
        let samples = (options.samples && options.controller).then_some(pictures);
        files.print_next_steps(samples, out)?;
        std::future::pending().await
    };
    let result: Result<()> = tokio::select! {
        biased;
        () = interrupted => {
            Ok(())
        }
        result = session => result,
    };
    stop.cancel();
    while tasks.join_next().await.is_some() {}
    files.remove();
    result
}
