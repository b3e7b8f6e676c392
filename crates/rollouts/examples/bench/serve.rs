//! The process that is the cluster: memkube with its actors, or a real API server with simulated nodes. Its first line of
//! output is the path of a kubeconfig; each line of input is answered with the controller's requests so far.

use crate::count::{self, AuditLog, Requests};
use anyhow::{Context, Result};
use rollouts_kube::client;
use rollouts_kube::{Rest, resource, system_clock};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How the load calls itself.
pub const LOAD: &str = "bench-load";
/// How the controller calls itself: its requests are counted.
pub const CONTROLLER: &str = "rollouts-controller";

/// Room for all pods on the three nodes.
const PODS_PER_NODE: usize = 5_000;

/// Serves memkube over HTTPS, with its actors.
pub async fn memkube() -> Result<()> {
    let server = rollouts_memkube::Server::new(rollouts_memkube::Config::new(system_clock()));
    let rest = Rest::new(client::from_service(server.service()));
    for crd in rollouts_api::crd::manifests() {
        let _: serde_json::Value = rest.create(&resource::CUSTOM_RESOURCE_DEFINITIONS, "", &crd).await?;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let tls = rollouts_memkube::Tls::self_signed(&[address.ip()])?;
    let kubeconfig = std::env::temp_dir().join(format!("rollouts-bench-{}.kubeconfig", std::process::id()));
    std::fs::write(&kubeconfig, server.kubeconfig(address, &tls))?;

    let requests = Arc::new(Mutex::new(Requests::new()));
    let counted = Arc::clone(&requests);
    let seen = move |request: &http::request::Parts| {
        let agent = request.headers.get(http::header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        if agent.is_some_and(|agent| agent.starts_with(CONTROLLER)) {
            let name = count::name(&request.method, &request.uri);
            *counted.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default() += 1;
        }
    };
    let stop = CancellationToken::new();
    let (serving, closing) = (server.clone(), stop.clone());
    let https = async move { serving.serve_https_seen(listener, tls, seen, closing.cancelled_owned()).await };
    let mut actors = rollouts_actors::Options::new(system_clock());
    actors.pods_per_node = PODS_PER_NODE;
    let actors = rollouts_actors::run(rest.client().clone(), actors, stop.clone().cancelled_owned());
    let answers = async {
        println!("{}", kubeconfig.display());
        answer(|| Ok(requests.lock().unwrap_or_else(PoisonError::into_inner).clone())).await?;
        stop.cancel();
        Ok(())
    };
    tokio::try_join!(
        async { https.await.context("the API server") },
        async { actors.await.context("the actors") },
        answers
    )?;
    std::fs::remove_file(&kubeconfig)?;
    Ok(())
}

/// Serves a real API server.
pub async fn real() -> Result<()> {
    let binaries = rollouts_cluster::Binaries::get(|line| eprintln!("{line}"))?;
    let options = rollouts_cluster::Options { audit: true, ..Default::default() };
    let mut cluster = rollouts_cluster::Cluster::start(&binaries, &options).await?;
    cluster.install_crds().await?;
    println!("{}", cluster.kubeconfig().display());
    let mut audit = AuditLog::new(cluster.audit_log());
    answer(move || audit.requests()).await?;
    cluster.stop();
    Ok(())
}

async fn answer(mut requests: impl FnMut() -> Result<Requests>) -> Result<()> {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while lines.next_line().await?.is_some() {
        println!("{}", serde_json::to_string(&requests()?)?);
    }
    Ok(())
}
