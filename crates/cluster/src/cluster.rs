//! Starting and stopping.

mod arguments;
mod directory;

use crate::binaries::{Binaries, last_lines};
use crate::certificates::Certificates;
use crate::process::Process;
use arguments::Ports;
use directory::Directory;
use http::{Method, Request};
use rollouts_kube::rest::send;
use rollouts_kube::{ConnectError, ConnectOptions, RequestError, Resource, Rest, resource, system_clock};
use serde_json::{Value, json};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long each part may take to come up. It is a few seconds unless the machine is busy with something else.
const READY_SECONDS_MAX: u64 = 180;
/// How often we look.
const LOOK: Duration = Duration::from_millis(50);
/// How often the start is tried when somebody takes our ports meanwhile.
const STARTS_MAX: usize = 3;
/// How much of a program's log is shown when it ends early.
const LOG_LINES_MAX: usize = 15;

/// ServiceAccounts.
const SERVICE_ACCOUNTS: Resource = Resource::fixed("", "v1", "ServiceAccount", "serviceaccounts", true);
/// Nodes.
const NODES: Resource = Resource::fixed("", "v1", "Node", "nodes", false);

/// What a cluster consists of.
#[derive(Debug, Clone)]
pub struct Options {
    /// Simulated nodes, `node-1` and up.
    pub nodes: usize,
    /// Pods that a node takes.
    pub pods_per_node: usize,
    /// Whether scheduler and kubelet write events.
    pub node_events: bool,
}

impl Default for Options {
    /// Three nodes with room for many small applications, and no events from them.
    fn default() -> Self {
        Options { nodes: 3, pods_per_node: 5_000, node_events: false }
    }
}

/// Why a cluster did not come up.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Files or processes.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was to be done.
        what: String,
        /// Why it could not be done.
        source: io::Error,
    },
    /// No randomness for keys.
    #[error("cannot make certificates: {0}")]
    Certificates(#[from] rcgen::Error),
    /// A program ended.
    #[error("{program} ended with {status}:\n{log}")]
    Ended {
        /// Its name.
        program: &'static str,
        /// How it ended.
        status: String,
        /// The end of what it printed.
        log: String,
    },
    /// It takes too long.
    #[error("{what} after {READY_SECONDS_MAX} s: {last}")]
    Late {
        /// What did not come.
        what: &'static str,
        /// What was seen instead.
        last: String,
    },
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The API server refused what it must not refuse.
    #[error("{what}: {source}")]
    Request {
        /// What was asked.
        what: String,
        /// The answer.
        source: RequestError,
    },
}

/// A running cluster. Ends when it is dropped, and when the process ends in whatever way.
pub struct Cluster {
    client: kube::Client,
    stop: CancellationToken,
    nodes: JoinHandle<()>,
    // In the order in which they are to be stopped: whoever needs another goes first, and the directory last.
    processes: Vec<Process>,
    directory: Directory,
}

impl Cluster {
    /// Starts a cluster, empty but for its nodes, and waits until it works. Needs a tokio runtime, on which the nodes
    /// run as long as it does.
    ///
    /// # Errors
    /// When it does not come up; see [`StartError`].
    pub async fn start(binaries: &Binaries, options: &Options) -> Result<Cluster, StartError> {
        let mut starts = 1;
        loop {
            match Cluster::start_once(binaries, options).await {
                Err(StartError::Ended { log, .. }) if starts < STARTS_MAX && log.contains("address already in use") => {
                    tracing::debug!(log, "a port is taken");
                    starts += 1;
                }
                result => return result,
            }
        }
    }

    async fn start_once(binaries: &Binaries, options: &Options) -> Result<Cluster, StartError> {
        let directory = Directory::new().map_err(|e| io_error("make a temporary directory", e))?;
        let ports = Ports::free().map_err(|e| io_error("find free ports", e))?;
        let certificates = Certificates::new()?;
        directory.write(&certificates, ports.api_server()).map_err(|e| io_error("write certificates", e))?;
        let path = directory.path();
        let start = |name, program: PathBuf, arguments: &[String]| {
            Process::start(name, &program, arguments, path).map_err(|e| io_error(&format!("start {name}"), e))
        };
        let etcd = start("etcd", binaries.etcd(), &arguments::etcd(path, &ports))?;
        let server = start("kube-apiserver", binaries.kube_apiserver(), &arguments::kube_apiserver(path, &ports))?;
        let mut processes = vec![server, etcd];

        let connect = ConnectOptions { kubeconfig: Some(path.join(directory::KUBECONFIG)), ..Default::default() };
        let (client, _) = rollouts_kube::client::connect(&connect)?;
        until("the API server is not ready", &mut processes, async || is_ready(&client).await).await?;
        let manager = arguments::kube_controller_manager(path);
        processes.insert(0, start("kube-controller-manager", binaries.kube_controller_manager(), &manager)?);

        let stop = CancellationToken::new();
        let nodes = start_nodes(client.clone(), options, stop.clone());
        let mut cluster = Cluster { client, stop, nodes, processes, directory };
        let client = cluster.client.clone();
        let is_complete = async || has_account(&client, "default").await.and(has_nodes(&client, options.nodes).await);
        until("the cluster is not complete", &mut cluster.processes, is_complete).await?;
        Ok(cluster)
    }

    /// A client of the administrator.
    pub fn client(&self) -> kube::Client {
        self.client.clone()
    }

    /// A kubeconfig file of the administrator. Gone with the cluster.
    pub fn kubeconfig(&self) -> PathBuf {
        self.directory.path().join(directory::KUBECONFIG)
    }

    /// Where the logs are, one a program. Gone with the cluster.
    pub fn logs(&self) -> &Path {
        self.directory.path()
    }

    /// Installs our custom resources, and waits until they are served.
    ///
    /// # Errors
    /// When the API server refuses one, or does not serve it in time.
    pub async fn install_crds(&mut self) -> Result<(), StartError> {
        let rest = Rest::new(self.client.clone());
        let definitions = &resource::CUSTOM_RESOURCE_DEFINITIONS;
        for definition in rollouts_api::crd::manifests() {
            let what = || format!("installing {}", definition["metadata"]["name"]);
            let created: Result<Value, _> = rest.create(definitions, "", &definition).await;
            created.map_err(|source| StartError::Request { what: what(), source })?;
        }
        let client = self.client.clone();
        until("the custom resources are not served", &mut self.processes, async || are_served(&client).await).await
    }

    /// Creates a namespace, and waits until pods may be created in it.
    ///
    /// # Errors
    /// When the API server refuses it, or it does not become usable in time.
    pub async fn create_namespace(&mut self, name: &str) -> Result<(), StartError> {
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        let created: Result<Value, _> = Rest::new(self.client.clone()).create(&resource::NAMESPACES, "", &object).await;
        created.map_err(|source| StartError::Request { what: format!("creating the namespace {name}"), source })?;
        let client = self.client.clone();
        until("a namespace has no ServiceAccount", &mut self.processes, async || has_account(&client, name).await).await
    }

    /// The program that has ended although nobody stopped it, in words.
    pub fn broken(&mut self) -> Option<String> {
        check(&mut self.processes).err().map(|e| e.to_string())
    }

    /// Ends everything and removes all of its files. Dropping does the same; this says so.
    pub fn stop(self) {}
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("directory", &self.directory).finish_non_exhaustive()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop.cancel();
        self.nodes.abort();
    }
}

fn io_error(what: &str, source: io::Error) -> StartError {
    StartError::Io { what: what.to_owned(), source }
}

/// The nodes live in this process.
fn start_nodes(client: kube::Client, options: &Options, stop: CancellationToken) -> JoinHandle<()> {
    let which = rollouts_actors::Which { pods: true, ..rollouts_actors::Which::none() };
    let options = rollouts_actors::Options {
        which,
        nodes: options.nodes,
        pods_per_node: options.pods_per_node,
        node_events: options.node_events,
        ..rollouts_actors::Options::new(system_clock())
    };
    tokio::spawn(async move {
        if let Err(error) = rollouts_actors::run(client, options, stop.cancelled_owned()).await {
            tracing::error!("The simulated nodes ended: {error}");
        }
    })
}

/// Waits until `look` finds no fault, or a program ends.
async fn until(
    what: &'static str,
    processes: &mut [Process],
    look: impl AsyncFn() -> Result<(), String>,
) -> Result<(), StartError> {
    let end = Instant::now() + Duration::from_secs(READY_SECONDS_MAX);
    loop {
        let Err(last) = look().await else { return Ok(()) };
        check(processes)?;
        if Instant::now() >= end {
            return Err(StartError::Late { what, last });
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn check(processes: &mut [Process]) -> Result<(), StartError> {
    for process in processes {
        if let Some(status) = process.ended().map_err(|e| io_error(&format!("watch {}", process.name()), e))? {
            let log = last_lines(&process.log(), LOG_LINES_MAX);
            return Err(StartError::Ended { program: process.name(), status: status.to_string(), log });
        }
    }
    Ok(())
}

async fn is_ready(client: &kube::Client) -> Result<(), String> {
    let request = Request::get("/readyz").body(kube::client::Body::empty()).map_err(|e| e.to_string())?;
    let answer = client.send(request).await.map_err(|e| e.to_string())?;
    if answer.status().is_success() { Ok(()) } else { Err(format!("/readyz answers {}", answer.status())) }
}

/// kube-controller-manager gives every namespace one; without it no pod is admitted.
async fn has_account(client: &kube::Client, namespace: &str) -> Result<(), String> {
    let path = SERVICE_ACCOUNTS.object(namespace, "default", None);
    let answer: Result<Value, _> = send(client, Method::GET, &path, None).await;
    answer.map(|_| ()).map_err(|e| e.to_string())
}

/// New nodes are tainted until kube-controller-manager has seen that they are ready.
async fn has_nodes(client: &kube::Client, count: usize) -> Result<(), String> {
    let list: Value =
        send(client, Method::GET, &NODES.collection(None), None).await.map_err(|e: RequestError| e.to_string())?;
    let untainted = |node: &&Value| node["spec"]["taints"].is_null();
    let usable = list["items"].as_array().into_iter().flatten().filter(untainted).count();
    if usable >= count { Ok(()) } else { Err(format!("{usable} of {count} nodes are usable")) }
}

async fn are_served(client: &kube::Client) -> Result<(), String> {
    for resource in [
        resource::ROLLOUTS,
        resource::ANALYSIS_RUNS,
        resource::ANALYSIS_TEMPLATES,
        resource::CLUSTER_ANALYSIS_TEMPLATES,
        resource::EXPERIMENTS,
    ] {
        let answer: Result<Value, RequestError> = send(client, Method::GET, &resource.collection(None), None).await;
        answer.map_err(|e| format!("{resource}: {e}"))?;
    }
    Ok(())
}
